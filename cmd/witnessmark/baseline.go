package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/report"
)

func baselineCommand(a *app, code *int) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "baseline",
		Short: "Make and shorten files of known findings",
		Long: `A baseline is a file of the findings that are known. With --baseline FILE only others fail a run: new ones, and known ones
whose severity rose. Findings are known by check and subject, which stay the same in the next capture.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(baselineCreate(a, code), baselinePrune(a, code))
	return cmd
}

// known is the commands of baseline.
type known struct {
	examine
	file string
}

func (o *known) baselineFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&o.only, "only", nil, "run only these `CHECKS`: IDs or names, comma separated")
	f.StringSliceVar(&o.skip, "skip", nil, "do not run these `CHECKS`")
	f.StringSliceVar(&o.requireLabels, "require-label", nil, "`KEYS` of pprof labels, comma separated, that all work must carry which could (witnessmark explain label)")
	f.StringVar(&o.settings.now, "now", "", "`DAY` by which suppressions expire, as 2027-03-01 (default: the day of the capture)")
	o.settings.configFlags(f)
	o.inputFlags(cmd)
}

func baselineCreate(a *app, code *int) *cobra.Command {
	o := &known{examine: *newExamine(a, code)}
	cmd := &cobra.Command{
		Use:   "create PATH…",
		Short: "Write the findings of captures, or of a saved report, as a baseline",
		Example: `  witnessmark baseline create -o baseline.json dumps/
  witnessmark examine --baseline baseline.json dumps/`,
		Args: atLeast(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := o.document(cmd, args, nil)
			if err != nil {
				return err
			}
			return o.save(report.NewBaseline(d))
		},
	}
	o.baselineFlags(cmd)
	cmd.Flags().StringVarP(&o.file, "output", "o", "", "`FILE` to write (default: standard output)")
	return cmd
}

func baselinePrune(a *app, code *int) *cobra.Command {
	o := &known{examine: *newExamine(a, code)}
	cmd := &cobra.Command{
		Use:   "prune BASELINE PATH…",
		Short: "Take out of a baseline what is fixed in captures",
		Long: `prune takes out of a baseline the findings that captures no longer have, and writes it back. A finding stays where the
captures could not have shown it: its check did not run, some evidence could not be read, or no file is of the kind it was found in.`,
		Example: `  witnessmark baseline prune baseline.json dumps/`,
		Args:    atLeast(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := readBaseline(args[0])
			if err != nil {
				return err
			}
			d, err := o.document(cmd, args[1:], b)
			if err != nil {
				return err
			}
			pruned, n := b.Prune(d)
			o.file = args[0]
			if n > 0 {
				if err := o.save(pruned); err != nil {
					return err
				}
			}
			_, err = fmt.Fprintf(a.stdout, "%d fixed, %d left\n", n, len(pruned.Findings))
			return err
		},
	}
	o.baselineFlags(cmd)
	return cmd
}

// document examines paths, or reads the one saved report that they are.
func (o *known) document(cmd *cobra.Command, args []string, b *report.Baseline) (*report.Document, error) {
	if len(args) == 1 {
		if d, err := savedReport(args[0]); d != nil || err != nil {
			return d, err
		}
	}
	o.failOn = report.Never
	side, err := o.sideOf(cmd, args, b)
	if err != nil {
		return nil, err
	}
	o.app.unmatched(side.Bundle)
	return side.Document, nil
}

func (o *known) save(b *report.Baseline) error {
	write := func(w io.Writer) error { return report.WriteJSON(w, b, "  ") }
	if o.file == "" {
		return write(o.app.stdout)
	}
	if err := replaceFile(o.file, write); err != nil {
		return fmt.Errorf("write %s: %w", o.file, err)
	}
	return nil
}
