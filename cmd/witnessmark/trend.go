package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/report"
)

// trend is the command trend.
type trend struct {
	examine
	threshold float64
	by        string
}

func trendCommand(a *app, code *int) *cobra.Command {
	o := &trend{examine: *newExamine(a, code)}
	o.out.names = []string{"table", "json", "markdown", "html"}
	cmd := &cobra.Command{
		Use:   "trend CAPTURE CAPTURE…",
		Short: "Fit growth over several captures: rates with intervals, health of goroutines",
		Long: `trend puts captures in the order of their times and fits a line through every number: goroutines by group, and all measures.
Each capture is a file, a folder, an archive or a saved JSON report.

The health of goroutines is 1 − |rate|·window/level: the share of their number that did not come or go over the window.
Exit code 1: the whole 95 % interval of the health of some artifact is below --threshold.`,
		Example: `  witnessmark trend 10h.txt 11h.txt 12h.txt 13h.txt
  witnessmark trend --group-by creator --threshold 0.9 captures/*/
  witnessmark trend --format json a b c | jq '.series[] | select(.verdict == "grows") | {name, subject, rate}'`,
		Args: atLeast(2),
		RunE: o.run,
	}
	f := cmd.Flags()
	f.Float64Var(&o.threshold, "threshold", 0.95, "health of goroutines below which the exit code is 1, 0 to 1")
	f.StringVar(&o.by, "group-by", "stack", "group goroutines by `WHAT`: stack, creator or label:KEY")
	o.settings.configFlags(f)
	o.loadFlags(cmd)
	return cmd
}

func (o *trend) run(cmd *cobra.Command, args []string) error {
	key, isLabel := strings.CutPrefix(o.by, "label:")
	switch {
	case !(o.threshold > 0 && o.threshold <= 1):
		return fmt.Errorf("--threshold %g: want more than 0 and at most 1", o.threshold)
	case o.by != "stack" && o.by != "creator" && (!isLabel || key == ""):
		return fmt.Errorf("--group-by %q: want stack, creator or label:KEY", o.by)
	}
	if err := o.out.check(args); err != nil {
		return err
	}
	var sides []*report.Side
	var read []*evidence.Bundle
	for _, arg := range args {
		s, err := o.side(cmd, arg)
		if err != nil {
			return err
		}
		sides, read = append(sides, s), append(read, s.Bundle)
	}
	o.app.unmatched(read...)
	t := report.NewTrend(sides, report.TrendOptions{Args: o.app.args, Version: version(), Threshold: o.threshold, GroupBy: o.by})
	*o.code = t.Run.ExitCode
	return o.out.render(func(w io.Writer, format string, options report.TerminalOptions) error {
		return report.RenderTrend(w, format, t, options)
	})
}
