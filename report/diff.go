package report

import (
	"fmt"
	"slices"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// Rules of a comparison:
//   - What one side could not have seen is unknown, never new and never fixed.
//   - A difference is called a change where an exact test tells it from chance, at a level that keeps the chance
//     of any false alarm among all tests below Alpha. Only changes to the worse, and findings, fail a run.
//   - Chance means that of sampling: which spans, samples and goroutines happened to be captured. Two runs of one
//     program differ by more than that; whoever knows by how much sets a threshold.
//   - Swapped sides give the mirror image, to the bit.

// Side is one side of a comparison.
type Side struct {
	Input    string
	Document *Document
	// Bundle is what the document was made of, nil for a saved report. Stacks are only there.
	Bundle *evidence.Bundle
}

// DiffOptions parametrise Diff. The zero value of a field means its default.
type DiffOptions struct {
	Args    []string // as typed, without the program's name
	Version string   // of the program
	// FailOn is the severity from which new findings fail; "" is analyze.Error. Never switches every reason off.
	FailOn     string
	Thresholds []Threshold
	// Alpha is the chance of any false alarm among the measures, and again among the functions; default 0.01.
	Alpha float64
	// Dispersion divides counts of spans before a test, because spans of one trace share their fate; default 2.
	Dispersion float64
	// MinShare is the least growth of a function's own share that fails a run; default 0.01.
	MinShare float64
	// ByDuration normalises profiles by their duration, not by their total.
	ByDuration bool
	// GroupBy is "stack", "creator" or "label:KEY"; "" is stack.
	GroupBy string
	// Top bounds the functions, stacks and groups of one list; default 100.
	Top int
	// All lists findings and measures that are the same, too.
	All bool
	// AllowIncomplete makes an incomplete comparison end with 0 where nothing else is wrong.
	AllowIncomplete bool
}

// confidence of the intervals that are shown.
const confidence = 0.95

func (o DiffOptions) withDefaults() DiffOptions {
	if o.FailOn == "" {
		o.FailOn = string(analyze.Error)
	}
	if o.Alpha <= 0 {
		o.Alpha = 0.01
	}
	if o.Dispersion < 1 {
		o.Dispersion = 2
	}
	if o.MinShare <= 0 {
		o.MinShare = 0.01
	}
	if o.GroupBy == "" {
		o.GroupBy = "stack"
	}
	if o.Top <= 0 {
		o.Top = 100
	}
	return o
}

// Verdicts of a difference.
const (
	verdictChanged  = "changed"
	verdictChance   = "chance"
	verdictTooFew   = "too-few"
	verdictUntested = "untested"
	verdictSame     = "same"
	verdictUnknown  = "unknown"
)

// diff is the state of one comparison.
type diff struct {
	o         DiffOptions
	sides     [2]*Side
	pairs     *pairing
	delta     *Delta
	measures  []MeasureChange // all, also those that are the same
	level     float64         // of one test of a measure
	keyed     [2]keyed
	functions []functionTable
	groups    []groupTable
}

// Diff compares two documents, and what they were made of where it is there.
func Diff(before, after *Side, o DiffOptions) *Delta {
	d := &diff{o: o.withDefaults(), sides: [2]*Side{before, after}}
	d.delta = &Delta{
		Schema: DiffSchema, Tool: Tool{Name: "witnessmark", Version: o.Version},
		Run: DiffRun{
			Args: texts(o.Args), Incomplete: []string{}, Notes: []string{}, FailOn: d.o.FailOn, Alpha: d.o.Alpha, Confidence: confidence,
			Dispersion: d.o.Dispersion, Normalize: "total", GroupBy: text(d.o.GroupBy),
		},
		Before: newDiffSide(before), After: newDiffSide(after),
		Regressions: []Regression{}, Thresholds: []ThresholdResult{}, Artifacts: []ArtifactPair{},
	}
	if d.o.ByDuration {
		d.delta.Run.Normalize = "duration"
	}
	d.pairs = pairArtifacts(before.Document, after.Document)
	d.delta.Artifacts = d.pairs.unlike()
	d.compareMeasures()
	d.delta.Links = d.links()
	d.delta.Findings = d.findings()
	d.profiles()
	d.goroutines()
	d.listMeasures()
	d.thresholds()
	d.gate()
	return d.delta
}

func newDiffSide(s *Side) DiffSide {
	return DiffSide{
		Input: text(s.Input), Saved: s.Bundle == nil, Artifacts: len(s.Document.Artifacts), Complete: s.Document.Run.Complete,
		Findings: s.Document.Summary.Findings,
	}
}

// gate decides how the comparison ends.
func (d *diff) gate() {
	run := &d.delta.Run
	for i, name := range []string{"BEFORE", "AFTER"} {
		for _, s := range d.sides[i].Document.Run.Incomplete {
			run.Incomplete = append(run.Incomplete, fmt.Sprintf("%s: %s", name, s))
		}
	}
	if n := d.delta.Summary.Unknown; n > 0 {
		run.Incomplete = append(run.Incomplete, count(n, "finding")+" of one side could not have been seen on the other")
	}
	if n := absent(d.delta.Thresholds); n > 0 {
		run.Incomplete = append(run.Incomplete, fmt.Sprintf("thresholds on numbers that are not there: %d", n))
	}
	if d.sides[0].Bundle == nil || d.sides[1].Bundle == nil {
		run.Notes = append(run.Notes, "a saved report holds no stacks: profiles and groups of goroutines were not compared")
	}
	run.Complete = len(run.Incomplete) == 0
	if d.o.FailOn != Never {
		d.delta.Regressions = d.regressions()
	}
	switch {
	case len(d.delta.Regressions) > 0:
		run.ExitCode = ExitFindings
	case !run.Complete && !d.o.AllowIncomplete:
		run.ExitCode = ExitIncomplete
	}
}

func absent(ts []ThresholdResult) (n int) {
	for _, t := range ts {
		if t.Outcome == thresholdAbsent {
			n++
		}
	}
	return n
}

// regressions lists the reasons to fail.
func (d *diff) regressions() []Regression {
	out := []Regression{}
	for i := range d.delta.Findings {
		f := &d.delta.Findings[i]
		if why := d.fails(f); why != "" {
			out = append(out, Regression{Kind: "finding", Name: f.ID, Subject: f.Subject, Text: why + f.After})
		}
	}
	for i := range d.delta.Measures {
		if m := &d.delta.Measures[i]; m.Verdict == verdictChanged && m.Direction == "worse" {
			out = append(out, Regression{Kind: "measure", Name: m.Name, Subject: m.Subject, Text: measureSentence(m)})
		}
	}
	for i := range d.delta.Profiles {
		p := &d.delta.Profiles[i]
		for j := range p.Functions {
			f := &p.Functions[j]
			if f.Flat.Verdict == verdictChanged && f.Flat.After-f.Flat.Before >= d.o.MinShare && !d.o.ByDuration {
				out = append(out, Regression{Kind: "function", Name: f.Name, Subject: map[string]string{"artifact": p.Artifact}, Text: shareText(f.Name, &f.Flat)})
			}
		}
	}
	for _, t := range d.delta.Thresholds {
		if t.Outcome == thresholdExceeded {
			out = append(out, Regression{Kind: "threshold", Name: t.Threshold, Subject: t.Subject, Text: t.Text})
		}
	}
	return out
}

// fails says why a finding fails the run, "" if it does not. One whose numbers could be chance does not.
func (d *diff) fails(f *FindingChange) string {
	limit := analyze.Severity(d.o.FailOn)
	switch {
	case !analyze.Severity(f.Severity).AtLeast(limit):
	case f.State == "new" && (f.Verdict == verdictUntested || f.Verdict == verdictChanged):
		return "new: "
	case f.State == "changed" && f.SeverityBefore != "" && !analyze.Severity(f.SeverityBefore).AtLeast(limit) &&
		(f.Verdict == verdictUntested || f.Verdict == verdictChanged):
		return "was " + f.SeverityBefore + ": "
	}
	return ""
}

// sortedKeys returns the union of the keys of two maps, sorted.
func sortedKeys[V any](a, b map[string]V) []string {
	keys := make([]string, 0, len(a)+len(b))
	for k := range a {
		keys = append(keys, k)
	}
	for k := range b {
		if _, both := a[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}
