package analyze

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/witnessmark/witnessmark/evidence"
)

// bundle has two artifacts of 100 bytes, the second with spans.
func bundle() *evidence.Bundle {
	return &evidence.Bundle{Artifacts: []*evidence.Artifact{
		{Path: "a", DecodedBytes: 100},
		{Path: "b", DecodedBytes: 100, Traces: &evidence.TraceStats{Spans: 1}},
	}}
}

// finding is one that Validate accepts.
func finding(subject string) Finding {
	return Finding{
		Basis: Proven, Subject: Subject("service", subject), Message: "1 of 2 spans",
		Exhibits: []Exhibit{{Ref: evidence.Ref{Artifact: 1, Off: 90, Len: 10}}},
	}
}

// detector makes one from its Run.
func detector(id string, run func(*Pass) error) Detector {
	return Detector{
		ID: id, Name: strings.ToLower(id), Needs: NeedArtifacts, Run: run,
		Doc: Doc{Fix: "fix " + id, Severity: Warning},
	}
}

func TestRunFillsIn(t *testing.T) {
	own := finding("own")
	own.Severity, own.Fix = Error, "own fix"
	own.Message, own.Exhibits[0].Text = "two\nlines", "of\r\ntext"
	d := []Detector{detector("WM0001", func(p *Pass) error {
		p.Report(finding("plain"))
		p.Report(own)
		return nil
	})}
	got := Run(bundle(), d, Options{})
	exhibit := func(text string) []Exhibit {
		return []Exhibit{{Ref: evidence.Ref{Artifact: 1, Off: 90, Len: 10}, Text: text}}
	}
	want := []Finding{
		{ID: "WM0001", Name: "wm0001", Severity: Error, Basis: Proven, Subject: Subject("service", "own"),
			Message: "two lines", Exhibits: exhibit("of  text"), Fix: "own fix"},
		{ID: "WM0001", Name: "wm0001", Severity: Warning, Basis: Proven, Subject: Subject("service", "plain"),
			Message: "1 of 2 spans", Exhibits: exhibit(""), Fix: "fix WM0001"},
	}
	if diff := cmp.Diff(want, got.Findings); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	overridden := Run(bundle(), d, Options{Severity: map[string]Severity{"WM0001": Note}})
	for _, f := range overridden.Findings {
		if f.Severity != Note || f.Basis != Proven {
			t.Errorf("severity %s, basis %s after the user's override, want note and proven", f.Severity, f.Basis)
		}
	}
}

func TestRunOutcomes(t *testing.T) {
	broken := NewIndex(func(*evidence.Bundle) int { panic("index broke") })
	report := func(p *Pass) { p.Report(finding("x")); p.Measure("m", "u", 1) }
	needsDumps := detector("WM0007", func(*Pass) error { return nil })
	needsDumps.Needs = NeedDumps | NeedProfiles
	detectors := []Detector{
		detector("WM0001", func(p *Pass) error { return nil }),
		detector("WM0002", func(p *Pass) error { report(p); return nil }),
		detector("WM0003", func(p *Pass) error { report(p); return errors.New("no luck") }),
		detector("WM0004", func(p *Pass) error { report(p); panic("at the disco") }),
		detector("WM0005", func(p *Pass) error { report(p); broken.Of(p); return nil }),
		detector("WM0006", func(p *Pass) error { p.Report(Finding{}); return nil }),
		needsDumps,
		detector("WM0008", func(p *Pass) error { p.Inapplicable("nothing to look at"); return nil }),
		detector("WM0009", func(p *Pass) error { p.Inapplicable("but"); report(p); return nil }),
		detector("WM0010", func(p *Pass) error { panic("must not run") }),
		detector("WM0011", func(p *Pass) error { broken.Of(p); return nil }),
		detector("WM0012", func(p *Pass) error { var list []int; _ = list[len(p.Bundle.Artifacts)]; return nil }),
		detector("WM0013", func(p *Pass) error { p.Measure("m", "ratio", math.Inf(1)); return nil }),
	}
	r := Run(bundle(), detectors, Options{Disabled: map[string]bool{"WM0010": true}})
	var got []string
	for _, c := range r.Checks {
		got = append(got, fmt.Sprintf("%s %s %d %s", c.ID, c.Outcome, c.Findings, place.ReplaceAllString(c.Reason, "(here)")))
	}
	want := []string{
		"WM0001 clean 0 ",
		"WM0002 found 1 ",
		"WM0003 failed 0 no luck",
		"WM0004 failed 0 panic: at the disco (here)",
		"WM0005 failed 0 panic: index broke (here)",
		`WM0006 failed 0 finding WM0006: basis ""`,
		"WM0007 inapplicable 0 no profile and no goroutine dump in the input",
		"WM0008 inapplicable 0 nothing to look at",
		"WM0009 found 1 ",
		"WM0010 disabled 0 ",
		"WM0011 failed 0 panic: index broke (here)",
		"WM0012 failed 0 panic: runtime error: index out of range [2] with length 0 (here)",
		"WM0013 failed 0 measure m is +Inf",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	if len(r.Findings) != 2 || len(r.Measures) != 2 {
		t.Errorf("%d findings and %d measures, want 2 and 2: half an analysis is none", len(r.Findings), len(r.Measures))
	}
}

// place is where this file panics: the numbers of its closures and lines change when it does.
var place = regexp.MustCompile(`\(\S*TestRunOutcomes\S*, run_test.go:[0-9]+\)`)

func TestRunIsDeterministic(t *testing.T) {
	index := NewIndex(func(*evidence.Bundle) int { return 7 })
	derived := NewDerivedIndex(func(p *Pass) int { return 2 * index.Of(p) })
	var detectors []Detector
	for i := range 20 {
		detectors = append(detectors, detector(fmt.Sprintf("WM%04d", 20-i), func(p *Pass) error {
			for k := range 30 {
				f := finding(fmt.Sprint((k * 7) % 30))
				f.Severity = []Severity{Note, Error, Warning}[(i+k)%3]
				p.Report(f)
				p.Measure(fmt.Sprint("m", k%4), "u", float64(derived.Of(p)+k), "k", fmt.Sprint(k))
			}
			return nil
		}))
	}
	one := Run(bundle(), detectors, Options{Jobs: 1})
	many := Run(bundle(), detectors, Options{Jobs: 8})
	if diff := cmp.Diff(one, many, cmpopts.IgnoreFields(Result{}, "Bundle"), cmpopts.IgnoreUnexported(Result{})); diff != "" {
		t.Errorf("one job and eight differ (-one +eight):\n%s", diff)
	}
	for i := 1; i < len(one.Findings); i++ {
		a, b := one.Findings[i-1], one.Findings[i]
		if rank(a.Severity) > rank(b.Severity) || a.Severity == b.Severity && a.ID > b.ID {
			t.Fatalf("finding %d (%s %s) stands before %s %s", i-1, a.Severity, a.ID, b.Severity, b.ID)
		}
	}
	for i := 1; i < len(one.Measures); i++ {
		a, b := one.Measures[i-1], one.Measures[i]
		if a.Name > b.Name || a.Name == b.Name && SubjectKey(a.Subject) > SubjectKey(b.Subject) {
			t.Fatalf("measure %d (%s) stands before %s", i-1, a.Name, b.Name)
		}
	}
}

func TestRunKeepsToJobs(t *testing.T) {
	for _, jobs := range []int{0, 1, 3} {
		var now, most atomic.Int32
		var mu sync.Mutex
		var detectors []Detector
		for i := range 12 {
			detectors = append(detectors, detector(fmt.Sprintf("WM%04d", i), func(*Pass) error {
				n := now.Add(1)
				mu.Lock()
				most.Store(max(most.Load(), n))
				mu.Unlock()
				time.Sleep(time.Millisecond)
				now.Add(-1)
				return nil
			}))
		}
		Run(bundle(), detectors, Options{Jobs: jobs})
		if got, limit := most.Load(), int32(max(1, jobs)); got > limit {
			t.Errorf("%d detectors ran at once, want at most %d", got, limit)
		}
	}
}

func TestIndexIsBuiltOnce(t *testing.T) {
	var built atomic.Int32
	index := NewIndex(func(*evidence.Bundle) *int { built.Add(1); return new(int) })
	var detectors []Detector
	for i := range 8 {
		detectors = append(detectors, detector(fmt.Sprint("WM000", i), func(p *Pass) error { index.Of(p); return nil }))
	}
	Run(bundle(), detectors, Options{Jobs: 8})
	if n := built.Load(); n != 1 {
		t.Errorf("built %d times in a run, want once", n)
	}
	Run(bundle(), detectors, Options{})
	if n := built.Load(); n != 2 {
		t.Errorf("built %d times in two runs, want twice: no state may survive a run", n)
	}
}

func TestValidate(t *testing.T) {
	ref := func(artifact uint32, off, n int64) func(*Finding) {
		return func(f *Finding) { f.Exhibits[0].Ref = evidence.Ref{Artifact: artifact, Off: off, Len: n} }
	}
	for _, c := range []struct {
		name, want string
		edit       func(*Finding)
	}{
		{"good", "", func(*Finding) {}},
		{"no severity", "severity", func(f *Finding) { f.Severity = "" }},
		{"unknown severity", "severity", func(f *Finding) { f.Severity = "fatal" }},
		{"no basis", "basis", func(f *Finding) { f.Basis = "" }},
		{"unknown basis", "basis", func(f *Finding) { f.Basis = "certain" }},
		{"no subject", "no subject", func(f *Finding) { f.Subject = nil }},
		{"no message", "not one line", func(f *Finding) { f.Message = "" }},
		{"two lines", "not one line", func(f *Finding) { f.Message = "a\nb" }},
		{"no exhibit", "no exhibit", func(f *Finding) { f.Exhibits = nil }},
		{"measure that is no number", "measure x is NaN", func(f *Finding) { f.Measures = []Measure{M("x", "ratio", math.NaN())} }},
		{"bound that is no number", "measure x is 1", func(f *Finding) {
			inf := math.Inf(1)
			f.Measures = []Measure{{Name: "x", Value: 1, High: &inf}}
		}},
		{"exhibit of no artifact", "artifact 2 of 2", ref(2, 0, 0)},
		{"exhibit before the artifact", "outside", ref(1, -1, 1)},
		{"exhibit of negative length", "outside", ref(1, 1, -1)},
		{"exhibit beyond the artifact", "outside", ref(1, 91, 10)},
		{"exhibit whose end overflows", "outside", ref(1, 1, math.MaxInt64)},
		{"exhibit at the end", "", ref(1, 100, 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := finding("x")
			f.ID, f.Severity = "WM0001", Note
			c.edit(&f)
			err := Validate(&f, bundle())
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestSeverityAtLeast(t *testing.T) {
	if !Error.AtLeast(Warning) || !Warning.AtLeast(Warning) || Note.AtLeast(Warning) {
		t.Error("the order of severities is wrong")
	}
}

func TestSubjectKey(t *testing.T) {
	for _, c := range [][2]map[string]string{
		{{"a": "b"}, {"a": "c"}},
		{{"a": "b", "c": "d"}, {"a": `b","c"="d`}},
		{{"a": ""}, {}},
	} {
		if SubjectKey(c[0]) == SubjectKey(c[1]) {
			t.Errorf("%v and %v have one key", c[0], c[1])
		}
	}
	if a, b := SubjectKey(Subject("a", "1", "b", "2")), SubjectKey(Subject("b", "2", "a", "1")); a != b {
		t.Errorf("keys %s and %s of one subject", a, b)
	}
}

func TestGroups(t *testing.T) {
	type key struct{ a, b string }
	gs := NewGroups[key](3)
	for i := range uint32(6) {
		gs.Add(key{"x", "1"}, i, i+10)
	}
	gs.Add(key{"b", ""}, 1)
	gs.Add(key{"a", "z"}, 2)
	gs.Add(key{"a", "y"}, 3)
	want := []*Group[key]{
		{Key: key{"x", "1"}, N: 6, Rows: []uint32{0, 10, 1}},
		{Key: key{"a", "y"}, N: 1, Rows: []uint32{3}},
		{Key: key{"a", "z"}, N: 1, Rows: []uint32{2}},
		{Key: key{"b", ""}, N: 1, Rows: []uint32{1}},
	}
	opts := cmp.AllowUnexported(key{})
	if diff := cmp.Diff(want, gs.Sorted(4, key{}), opts); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	bounded := append(want[:2:2], &Group[key]{Key: key{"rest", ""}, N: 2, Rows: []uint32{2, 1}, Merged: 2})
	if diff := cmp.Diff(bounded, gs.Sorted(2, key{"rest", ""}), opts); diff != "" {
		t.Errorf("bounded groups (-want +got):\n%s", diff)
	}
}

func TestWilsonLow(t *testing.T) {
	// Computed apart from this code, from the formula.
	for _, c := range []struct {
		k, n int
		want float64
	}{{0, 10, 0}, {1, 65, 0.0027209}, {2, 65, 0.0084790}, {5, 10, 0.2365931}, {0, 0, 0}} {
		if got := WilsonLow(c.k, c.n); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("WilsonLow(%d, %d) = %.7f, want %.7f", c.k, c.n, got, c.want)
		}
	}
}

func TestIndexAfterRun(t *testing.T) {
	built := 0
	asked := NewIndex(func(b *evidence.Bundle) int { built++; return len(b.Artifacts) })
	broken := NewIndex(func(*evidence.Bundle) int { panic("index broke") })
	r := Run(bundle(), []Detector{
		detector("WM0001", func(p *Pass) error { asked.Of(p); return nil }),
		detector("WM0002", func(p *Pass) error { broken.Of(p); return nil }),
	}, Options{})
	if v, ok := asked.Computed(r); v != 2 || !ok {
		t.Errorf("an index that a detector asked for: %d, %v", v, ok)
	}
	if v, ok := broken.Computed(r); ok {
		t.Errorf("an index that broke: %d, computed", v)
	}
	later := NewDerivedIndex(func(p *Pass) int { return asked.Of(p) + int(p.Options.OffBy()) })
	if _, ok := later.Computed(r); ok {
		t.Error("an index that nobody asked for is computed")
	}
	if v := later.In(r); v != 1_000_002 || built != 1 {
		t.Errorf("an index asked for after the run: %d, built %d times", v, built)
	}
	if v := asked.In(&Result{Bundle: bundle()}); v != 2 {
		t.Errorf("an index of a result by hand: %d", v)
	}
}
