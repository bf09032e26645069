package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/report"
)

// saved is the command report: a document that was written before, in another format.
type saved struct {
	app  *app
	code *int
	out  *output
}

func reportCommand(a *app, code *int) *cobra.Command {
	o := &saved{app: a, code: code, out: newOutput(a)}
	cmd := &cobra.Command{
		Use:   "report SAVED.json",
		Short: "Render a saved JSON report in another format",
		Long: `report reads what --format json wrote and renders it again: nothing is examined anew, and the captures need not
be there. It ends with the exit code of the run that was saved.`,
		Example: `  witnessmark report report.json
  witnessmark report --format markdown report.json >> "$GITHUB_STEP_SUMMARY"
  witnessmark report -q -o sarif=report.sarif -o junit=report.xml report.json
  ssh host witnessmark examine --format json /var/dumps | witnessmark report -`,
		Args: exactly(1),
		RunE: o.run,
	}
	o.out.flags(cmd)
	return cmd
}

func (o *saved) run(_ *cobra.Command, args []string) error {
	if err := o.out.check(args); err != nil {
		return err
	}
	data, err := o.read(args[0])
	if err != nil {
		return hint(fmt.Errorf("read report: %w", err), args, nil)
	}
	d, err := report.Read(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("%s: %w\nwant what witnessmark examine --format json writes", args[0], err)
	}
	if err := report.Unknown(data); err != nil {
		o.app.fail(fmt.Errorf("%s: %w\nwhat a later version added is left out", args[0], err))
	}
	*o.code = d.Run.ExitCode
	return o.out.write(d)
}

func (o *saved) read(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(o.app.stdin)
	}
	return os.ReadFile(path)
}
