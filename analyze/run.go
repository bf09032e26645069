package analyze

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/witnessmark/witnessmark/evidence"
)

// run is the state that the passes of one Run share.
type run struct {
	bundle  *evidence.Bundle
	mu      sync.Mutex
	indexes map[any]*indexCell
}

// Run runs the detectors over the bundle, several at once, and returns what they found in an order that
// depends only on the evidence. A detector that panics or returns an error has the outcome Failed and
// its findings are dropped: half an analysis is no finding.
func Run(b *evidence.Bundle, detectors []Detector, o Options) *Result {
	r := &run{bundle: b, indexes: map[any]*indexCell{}}
	have := available(b)
	passes := make([]*Pass, len(detectors))
	checks := make([]Check, len(detectors))
	limit := make(chan struct{}, max(1, o.Jobs))
	var wg sync.WaitGroup
	for i := range detectors {
		d := &detectors[i]
		checks[i] = Check{ID: d.ID, Name: d.Name}
		switch {
		case o.Disabled[d.ID]:
			checks[i].Outcome = Disabled
			continue
		case have&d.Needs == 0:
			checks[i].Outcome, checks[i].Reason = Inapplicable, d.Needs.missing()
			continue
		}
		passes[i] = &Pass{Bundle: b, Options: &o, detector: d, run: r}
		wg.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			checks[i] = runOne(passes[i], checks[i])
		})
	}
	wg.Wait()

	res := &Result{Bundle: b, Checks: checks}
	for i, p := range passes {
		if p == nil || checks[i].Outcome == Failed {
			continue
		}
		res.Findings = append(res.Findings, p.findings...)
		res.Measures = append(res.Measures, p.measures...)
	}
	slices.SortStableFunc(res.Findings, compareFindings)
	slices.SortStableFunc(res.Measures, compareMeasures)
	return res
}

func runOne(p *Pass, c Check) (out Check) {
	out = c
	defer func() {
		if e := recover(); e != nil {
			out.Outcome = Failed
			out.Reason = fmt.Sprintf("panic: %v\n%s", e, debug.Stack())
			out.Findings = 0
		}
	}()
	if err := p.detector.Run(p); err != nil {
		out.Outcome, out.Reason = Failed, err.Error()
		return out
	}
	for i := range p.findings {
		complete(&p.findings[i], p)
		if err := Validate(&p.findings[i], p.Bundle); err != nil {
			out.Outcome, out.Reason = Failed, err.Error()
			return out
		}
	}
	out.Findings = len(p.findings)
	switch {
	case out.Findings > 0:
		out.Outcome = Found
	case p.reason != "":
		out.Outcome, out.Reason = Inapplicable, p.reason
	default:
		out.Outcome = Clean
	}
	return out
}

// complete fills in what a finding takes from its detector.
func complete(f *Finding, p *Pass) {
	d := p.detector
	f.ID, f.Name = d.ID, d.Name
	if f.Severity == "" {
		f.Severity = d.Doc.Severity
	}
	if s, ok := p.Options.Severity[d.ID]; ok {
		f.Severity = s
	}
	if f.Fix == "" {
		f.Fix = d.Doc.Fix
	}
}

// Validate refuses a finding that does not keep the contract: a known severity and basis, a subject, a
// one-line message, and exhibits that lie inside their artifacts.
func Validate(f *Finding, b *evidence.Bundle) error {
	switch {
	case rank(f.Severity) < 0:
		return fmt.Errorf("finding %s: severity %q", f.ID, f.Severity)
	case f.Basis != Proven && f.Basis != Bounded && f.Basis != Heuristic:
		return fmt.Errorf("finding %s: basis %q", f.ID, f.Basis)
	case len(f.Subject) == 0:
		return fmt.Errorf("finding %s has no subject", f.ID)
	case f.Message == "" || strings.ContainsAny(f.Message, "\n\r"):
		return fmt.Errorf("finding %s: message %q is not one line", f.ID, f.Message)
	case len(f.Exhibits) == 0:
		return fmt.Errorf("finding %s has no exhibit", f.ID)
	}
	for _, e := range f.Exhibits {
		if int(e.Ref.Artifact) >= len(b.Artifacts) {
			return fmt.Errorf("finding %s: exhibit of artifact %d of %d", f.ID, e.Ref.Artifact, len(b.Artifacts))
		}
		a := b.Artifacts[e.Ref.Artifact]
		if e.Ref.Off < 0 || e.Ref.Len < 0 || e.Ref.Off+e.Ref.Len > max(a.DecodedBytes, a.SizeBytes) {
			return fmt.Errorf("finding %s: exhibit %s%s lies outside the artifact's %d bytes", f.ID, a.Path, e.Ref, a.DecodedBytes)
		}
	}
	return nil
}

// available returns the kinds of evidence that the bundle holds.
func available(b *evidence.Bundle) Needs {
	var n Needs
	for _, a := range b.Artifacts {
		n |= NeedArtifacts
		switch {
		case a.Profile != nil:
			n |= NeedProfiles
		case a.Dump != nil:
			n |= NeedDumps
		case a.Traces != nil && a.Traces.Spans > 0:
			n |= NeedSpans
		}
	}
	return n
}

func (n Needs) missing() string {
	var kinds []string
	for _, k := range []struct {
		need Needs
		name string
	}{{NeedArtifacts, "artifact"}, {NeedSpans, "span"}, {NeedProfiles, "profile"}, {NeedDumps, "goroutine dump"}} {
		if n&k.need != 0 {
			kinds = append(kinds, k.name)
		}
	}
	return "no " + strings.Join(kinds, " and no ") + " in the input"
}

// rank orders severities, worst first; -1 for an unknown one.
func rank(s Severity) int {
	return slices.Index([]Severity{Error, Warning, Note}, s)
}

// AtLeast reports whether s is as bad as other, or worse.
func (s Severity) AtLeast(other Severity) bool { return rank(s) <= rank(other) }

func compareFindings(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(rank(a.Severity), rank(b.Severity)),
		strings.Compare(a.ID, b.ID),
		strings.Compare(SubjectKey(a.Subject), SubjectKey(b.Subject)),
		strings.Compare(a.Message, b.Message),
	)
}

func compareMeasures(a, b Measure) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(SubjectKey(a.Subject), SubjectKey(b.Subject)))
}

// SubjectKey renders a subject as one string, equal for equal subjects.
func SubjectKey(s map[string]string) string {
	keys := make([]string, 0, len(s))
	for k := range s {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var sb strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&sb, "%q=%q,", k, s[k])
	}
	return sb.String()
}
