package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/all"
	"github.com/witnessmark/witnessmark/report"
)

// comparison is the command diff.
type comparison struct {
	examine
	thresholds        []string
	alpha, dispersion float64
	minShare          float64
	normalize, by     string
	top               int
	all               bool
}

const diffLong = `diff compares two captures, each a file, a folder, an archive or a saved JSON report: findings, measures, link
completeness by hop, profiles by function and stack, goroutines by group.

A difference is a change only where an exact test tells it from chance. Chance is that of sampling, which spans and samples
happened to be captured; two runs of one program differ by more, for which there is --threshold. What one side could not
have seen is unknown, never fixed.

Exit code 1: a new finding at or above --fail-on, a measure or function that got worse beyond chance, or a threshold
exceeded. --fail-on never switches all of them off. Goroutines that grew are shown, and fail a run by --threshold alone: how
many there should be depends on the load. Exit code 3: no regression, but something could not be compared.`

func diffCommand(a *app, code *int) *cobra.Command {
	o := &comparison{examine: *newExamine(a, code)}
	o.out.names = nil
	for _, r := range report.DiffRenderers {
		o.out.names = append(o.out.names, r.Name)
	}
	cmd := &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "Compare two captures: what is new, fixed or worse, and what may be chance",
		Long:  diffLong,
		Example: `  witnessmark diff before/ after/
  witnessmark diff saved.json after/
  witnessmark diff --threshold 'orphan_ratio>0.01' --threshold 'share(main.work)>+2%' before/ after/
  witnessmark diff --group-by label:tenant --format json before.txt after.txt | jq '.goroutines'
  witnessmark diff --format markdown before/ after/ >> "$GITHUB_STEP_SUMMARY"`,
		Args: exactly(2),
		RunE: o.run,
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&o.thresholds, "threshold", nil, "`LIMIT` such as 'orphan_ratio>0.01' or 'share(pkg.Func)>+2%'; repeatable")
	f.Float64Var(&o.alpha, "alpha", 0.01, "chance of any false alarm among the measures, and again among the functions")
	f.Float64Var(&o.dispersion, "dispersion", 2, "divide counts of spans by this before a test: spans of one trace share their fate")
	f.Float64Var(&o.minShare, "min-share", 0.01, "least growth of a function's own share that fails, 0 to 1")
	f.StringVar(&o.normalize, "normalize", "total", "normalise profiles by their total or their duration")
	f.StringVar(&o.by, "group-by", "stack", "group goroutines by `WHAT`: stack, creator or label:KEY")
	f.IntVar(&o.top, "top", 100, "functions, stacks and groups that the document lists of one artifact")
	f.BoolVar(&o.all, "all", false, "list what is the same, too")
	return cmd
}

func (o *comparison) run(cmd *cobra.Command, args []string) error {
	if err := o.configure(cmd, all.Detectors()); err != nil {
		return err
	}
	options, err := o.options()
	if err != nil {
		return err
	}
	if err := o.out.check(args); err != nil {
		return err
	}
	before, err := o.side(cmd, args[0])
	if err != nil {
		return err
	}
	after, err := o.side(cmd, args[1])
	if err != nil {
		return err
	}
	o.app.unmatched(before.Bundle, after.Bundle)
	d := report.Diff(before, after, options)
	*o.code = d.Run.ExitCode
	return o.out.render(func(w io.Writer, format string, t report.TerminalOptions) error {
		i := slices.IndexFunc(report.DiffRenderers, func(r report.DiffRenderer) bool { return r.Name == format })
		return report.DiffRenderers[i].Render(w, d, t)
	})
}

func (o *comparison) options() (report.DiffOptions, error) {
	options := report.DiffOptions{
		Args: o.app.args, Version: version(), FailOn: o.failOn, Alpha: o.alpha, Dispersion: o.dispersion, MinShare: o.minShare,
		ByDuration: o.normalize == "duration", GroupBy: o.by, Top: o.top, All: o.all, AllowIncomplete: o.allowIncomplete,
	}
	key, isLabel := strings.CutPrefix(o.by, "label:")
	switch {
	case !slices.Contains([]string{"error", "warning", "note", report.Never}, o.failOn):
		return options, fmt.Errorf("--fail-on %q: want error, warning, note or never", o.failOn)
	case !(o.alpha > 0 && o.alpha < 1):
		return options, fmt.Errorf("--alpha %g: want more than 0 and less than 1", o.alpha)
	case !(o.dispersion >= 1):
		return options, fmt.Errorf("--dispersion %g: want 1 or more", o.dispersion)
	case !(o.minShare > 0 && o.minShare <= 1):
		return options, fmt.Errorf("--min-share %g: want more than 0 and at most 1", o.minShare)
	case o.normalize != "total" && o.normalize != "duration":
		return options, fmt.Errorf("--normalize %q: want total or duration", o.normalize)
	case o.by != "stack" && o.by != "creator" && (!isLabel || key == ""):
		return options, fmt.Errorf("--group-by %q: want stack, creator or label:KEY", o.by)
	case o.top < 1:
		return options, fmt.Errorf("--top %d: want 1 or more", o.top)
	}
	for _, s := range o.thresholds {
		t, err := report.ParseThreshold(s)
		if err != nil {
			return options, fmt.Errorf("--%w", err)
		}
		options.Thresholds = append(options.Thresholds, t)
	}
	return options, nil
}

// side makes one side of the comparison.
func (o *examine) side(cmd *cobra.Command, input string) (*report.Side, error) {
	if d, err := savedReport(input); d != nil || err != nil {
		return &report.Side{Input: input, Document: d}, err
	}
	return o.sideOf(cmd, []string{input}, nil)
}

// sideOf examines inputs for a command that goes on with the document, with a baseline or nil.
func (o *examine) sideOf(cmd *cobra.Command, inputs []string, known *report.Baseline) (*report.Side, error) {
	detectors := all.Detectors()
	if err := o.configure(cmd, detectors); err != nil {
		return nil, err
	}
	disabled, err := choose(detectors, o.only, o.skip)
	if err != nil {
		return nil, err
	}
	accept, err := o.acceptance()
	if err != nil {
		return nil, err
	}
	if known != nil {
		accept.Baseline = known
	}
	b, unmet, err := o.load(inputs)
	if err != nil {
		return nil, err
	}
	if err := o.out.checkArtifacts(b); err != nil {
		return nil, err
	}
	options := analyze.Options{RequireLabels: o.requireLabels, Disabled: disabled, Jobs: o.jobs}
	o.tune(&options, detectors)
	d := report.New(analyze.Run(b, detectors, options), report.Request{
		Command: "examine", Version: version(), FailOn: report.Never, Unmet: unmet, Accept: accept,
	})
	return &report.Side{Input: strings.Join(inputs, " "), Document: d, Bundle: b}, nil
}

// savedReport reads a saved report; nil for a file that is something else.
func savedReport(path string) (*report.Document, error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil // the loader says why
	}
	defer f.Close()
	head := make([]byte, 256)
	n, _ := io.ReadFull(f, head)
	head = head[:n]
	if !bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("{")) || !bytes.Contains(head, []byte(`"`+report.Schema+`"`)) {
		return nil, nil
	}
	d, err := report.Read(io.MultiReader(bytes.NewReader(head), f))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}
