package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/analyze/labels"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/report"
)

func (o *examine) stackFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.stacks, "stacks", false, "put flame graphs and goroutines over time into json, for html later; a run that writes html does")
}

// stackRequest asks for flame graphs where something will show them: they are larger than all the rest.
func (o *examine) stackRequest() *report.StackRequest {
	if !o.stacks && (o.clocks != nil || !o.out.writes("html")) {
		return nil
	}
	classes := map[labels.Class]report.LabelClass{
		labels.Labelled: report.LabelPresent, labels.Lost: report.LabelLost, labels.Unlabelable: report.LabelImpossible,
	}
	return &report.StackRequest{Keys: o.requireLabels, Classify: func(p *evidence.Profile) func(*evidence.Sample) report.LabelClass {
		class := labels.Classify(p, o.requireLabels)
		return func(s *evidence.Sample) report.LabelClass { return classes[class(s)] }
	}}
}

// writes reports whether a format is among those of the run.
func (o *output) writes(format string) bool {
	return o.format == format && !o.quiet || slices.ContainsFunc(o.files, func(f string) bool { return strings.HasPrefix(f, format+"=") })
}
