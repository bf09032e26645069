package analyze

import (
	"cmp"
	"fmt"
	"math"
	"path"
	"runtime"
	"slices"
	"strconv"
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

	res := &Result{Bundle: b, Checks: checks, run: r, options: o}
	for i, p := range passes {
		if p == nil || checks[i].Outcome == Failed {
			continue
		}
		res.Findings = append(res.Findings, p.findings...)
		res.Measures = append(res.Measures, p.measures...)
	}
	sortFindings(res.Findings)
	sortMeasures(res.Measures)
	return res
}

// located is a panic value with the place that raised it.
type located struct {
	value any
	site  string
}

// panicSite names the function, file and line that panicked; it is called by a deferred function. A
// whole stack would not do: its addresses and goroutine ids differ from run to run, and its paths from
// machine to machine.
func panicSite() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for below := false; ; {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			below = true
		case below && !strings.HasPrefix(f.Function, "runtime."):
			return fmt.Sprintf("%s, %s:%d", f.Function, path.Base(f.File), f.Line)
		}
		if !more {
			return "place unknown"
		}
	}
}

func runOne(p *Pass, c Check) (out Check) {
	out = c
	defer func() {
		if e := recover(); e != nil {
			out.Outcome = Failed
			at, ok := e.(located)
			if !ok {
				at = located{e, panicSite()}
			}
			out.Reason = fmt.Sprintf("panic: %v (%s)", at.value, at.site)
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
	if m := notFinite(p.measures); m != nil {
		out.Outcome, out.Reason = Failed, fmt.Sprintf("measure %s is %v", m.Name, m.Value)
		return out
	}
	out.Findings = len(p.findings)
	switch {
	case out.Findings > 0:
		out.Outcome, out.Reason = Found, p.unseen
	case p.reason != "":
		out.Outcome, out.Reason = Inapplicable, p.reason
	default:
		out.Outcome, out.Reason = Clean, p.unseen
	}
	return out
}

var lineBreaks = strings.NewReplacer("\n", " ", "\r", " ")

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
	// Captured names may hold line breaks, and must not make a finding that Validate refuses.
	f.Message = lineBreaks.Replace(f.Message)
	for i := range f.Exhibits {
		f.Exhibits[i].Text = lineBreaks.Replace(f.Exhibits[i].Text)
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
	if m := notFinite(f.Measures); m != nil {
		return fmt.Errorf("finding %s: measure %s is %v", f.ID, m.Name, m.Value)
	}
	for _, e := range f.Exhibits {
		if int(e.Ref.Artifact) >= len(b.Artifacts) {
			return fmt.Errorf("finding %s: exhibit of artifact %d of %d", f.ID, e.Ref.Artifact, len(b.Artifacts))
		}
		a := b.Artifacts[e.Ref.Artifact]
		if size := max(a.DecodedBytes, a.SizeBytes); e.Ref.Off < 0 || e.Ref.Len < 0 || e.Ref.Off > size || e.Ref.Len > size-e.Ref.Off {
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
		case a.Clock != nil && a.Clock.Rows() > 0:
			n |= NeedClocks
		}
	}
	return n
}

func (n Needs) missing() string {
	var kinds []string
	for _, k := range []struct {
		need Needs
		name string
	}{{NeedArtifacts, "artifact"}, {NeedSpans, "span"}, {NeedProfiles, "profile"}, {NeedDumps, "goroutine dump"}, {NeedClocks, "statement about a clock"}} {
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

func sortFindings(fs []Finding) {
	slices.SortStableFunc(fs, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(rank(a.Severity), rank(b.Severity)),
			strings.Compare(a.ID, b.ID),
			strings.Compare(SubjectKey(a.Subject), SubjectKey(b.Subject)),
			strings.Compare(a.Message, b.Message),
		)
	})
}

// notFinite returns the first measure that holds a number which JSON cannot, nil for none.
func notFinite(ms []Measure) *Measure {
	bad := func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }
	for i, m := range ms {
		if bad(m.Value) || m.Low != nil && bad(*m.Low) || m.High != nil && bad(*m.High) {
			return &ms[i]
		}
	}
	return nil
}

// sortMeasures renders each subject once: a run over ten thousand artifacts has many measures.
func sortMeasures(ms []Measure) {
	type keyed struct {
		m   Measure
		key string
	}
	ks := make([]keyed, len(ms))
	for i, m := range ms {
		ks[i] = keyed{m, SubjectKey(m.Subject)}
	}
	slices.SortStableFunc(ks, func(a, b keyed) int {
		return cmp.Or(strings.Compare(a.m.Name, b.m.Name), strings.Compare(a.key, b.key))
	})
	for i, k := range ks {
		ms[i] = k.m
	}
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
		sb.WriteString(strconv.Quote(k))
		sb.WriteByte('=')
		sb.WriteString(strconv.Quote(s[k]))
		sb.WriteByte(',')
	}
	return sb.String()
}
