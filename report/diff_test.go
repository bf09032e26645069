package report

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/all"
	"github.com/witnessmark/witnessmark/evidence"
)

// sideOf examines one text as a file of that name.
func sideOf(t *testing.T, name, content string) *Side {
	t.Helper()
	b := evidence.LoadReader(name, strings.NewReader(content), evidence.Options{})
	return &Side{Input: name, Bundle: b, Document: New(analyze.Run(b, all.Detectors(), analyze.Options{}), Request{Command: "examine"})}
}

func TestDiffWithItself(t *testing.T) {
	l := &lab{r: rand.New(rand.NewPCG(1, 1)), lost: 0.1, hot: 0.1}
	s := l.capture(t, "a")
	d := Diff(s, s, DiffOptions{})
	if n := len(d.Findings) + len(d.Measures) + len(d.Profiles) + len(d.Goroutines) + len(d.Links) + len(d.Artifacts) + len(d.Regressions); n != 0 || d.Run.ExitCode != ExitClean {
		t.Errorf("a capture differs from itself: exit %d, %+v", d.Run.ExitCode, d)
	}
	if d.Summary.Still == 0 {
		t.Error("no finding is still there: the test shows nothing")
	}
}

// mirrored is the delta that swapped sides must give. What has a direction of its own is left out: the reasons to
// fail, the smallest growth that could be told, and the order of lists.
func mirrored(d *Delta) *Delta {
	m := *d
	m.Before, m.After = d.After, d.Before
	m.Regressions, m.Run.Incomplete, m.Run.ExitCode = nil, nil, 0
	m.Summary.New, m.Summary.Fixed = d.Summary.Fixed, d.Summary.New
	negate := func(v *float64) *float64 {
		if v == nil {
			return nil
		}
		n := 0 - *v
		return &n
	}
	turn := map[string]string{"new": "fixed", "fixed": "new", "worse": "better", "better": "worse"}
	measure := func(c MeasureChange) MeasureChange {
		c.Before, c.After, c.Low, c.High, c.Change, c.Detectable = c.After, c.Before, negate(c.High), negate(c.Low), negate(c.Change), nil
		c.Direction = turn[c.Direction]
		return c
	}
	share := func(s Share) Share {
		s.Before, s.After, s.Low, s.High = s.After, s.Before, 0-s.High, 0-s.Low
		return s
	}
	m.Measures, m.Findings, m.Links, m.Profiles = nil, nil, nil, nil
	for _, c := range d.Measures {
		m.Measures = append(m.Measures, measure(c))
	}
	for _, f := range d.Findings {
		f.Before, f.After = f.After, f.Before
		if s := turn[f.State]; s != "" {
			f.State = s
		}
		f.Measures = slices.Clone(f.Measures)
		for i := range f.Measures {
			f.Measures[i] = measure(f.Measures[i])
		}
		m.Findings = append(m.Findings, f)
	}
	for _, l := range d.Links {
		l.Before, l.After, l.BeforeCalls, l.AfterCalls, l.Low, l.High = l.After, l.Before, l.AfterCalls, l.BeforeCalls, negate(l.High), negate(l.Low)
		m.Links = append(m.Links, l)
	}
	for _, p := range d.Profiles {
		p.BeforeTotal, p.AfterTotal, p.BeforeSamples, p.AfterSamples = p.AfterTotal, p.BeforeTotal, p.AfterSamples, p.BeforeSamples
		p.BeforeDurationNS, p.AfterDurationNS = p.AfterDurationNS, p.BeforeDurationNS
		for _, list := range []*[]ShareChange{&p.Functions, &p.Stacks} {
			*list = slices.Clone(*list)
			for i := range *list {
				f := &(*list)[i]
				f.Flat = share(f.Flat)
				if f.Cum != nil {
					c := share(*f.Cum)
					f.Cum = &c
				}
			}
		}
		m.Profiles = append(m.Profiles, p)
	}
	return &m
}

func TestDiffMirrors(t *testing.T) {
	l := &lab{r: rand.New(rand.NewPCG(1, 2)), lost: 0.02, hot: 0.02}
	a := l.capture(t, "a")
	l.lost, l.hot = 0.2, 0.2
	b := l.capture(t, "b")
	there, back := Diff(a, b, DiffOptions{}), Diff(b, a, DiffOptions{})
	if there.Run.ExitCode != ExitFindings || len(there.Measures) < 5 || len(there.Profiles) != 1 {
		t.Fatalf("exit %d there; %d measures", there.Run.ExitCode, len(there.Measures))
	}
	for i := range back.Measures {
		back.Measures[i].Detectable = nil
	}
	for i := range back.Findings {
		for j := range back.Findings[i].Measures {
			back.Findings[i].Measures[j].Detectable = nil
		}
	}
	back.Regressions, back.Run.Incomplete, back.Run.ExitCode = nil, nil, 0
	if diff := cmp.Diff(mirrored(there), back); diff != "" {
		t.Errorf("there and back (-mirrored +back):\n%s", diff)
	}
}

const (
	wholeDump = "goroutine 1 [running]:\nmain.main()\n\t/x/main.go:1 +0x1\n\ngoroutine 7 [chan receive]:\nmain.f()\n\t/x/main.go:9 +0x1\ncreated by main.start in goroutine 1\n\t/x/main.go:20 +0x1\n"
	cutDump   = "goroutine 1 [running]:\nmain.main()\n\t/x/main.go:1 +0x1\n\ngoroutine 7 [chan rec"
)

// TestDiffUnknown: what is lost never looks like a fix, and a fact needs no statistics.
func TestDiffUnknown(t *testing.T) {
	cut, whole, other := sideOf(t, "g.txt", cutDump), sideOf(t, "g.txt", wholeDump), sideOf(t, "notes.txt", "nothing")
	if len(cut.Document.Findings) == 0 {
		t.Fatal("the cut dump has no finding")
	}
	for _, c := range []struct {
		name          string
		before, after *Side
		state         string
		exit          int
	}{
		{"new", whole, cut, "new", ExitFindings},
		{"fixed", cut, whole, "fixed", ExitIncomplete}, // BEFORE could be read only in part
		{"lost", cut, other, "unknown", ExitIncomplete},
		{"came", other, cut, "unknown", ExitIncomplete},
	} {
		d := Diff(c.before, c.after, DiffOptions{})
		i := slices.IndexFunc(d.Findings, func(f FindingChange) bool { return f.ID == "WM1003" })
		if i < 0 || d.Findings[i].State != c.state || d.Run.ExitCode != c.exit {
			t.Errorf("%s: exit %d, want %d with state %s: %+v", c.name, d.Run.ExitCode, c.exit, c.state, d.Findings)
		}
		if i >= 0 && c.state == "unknown" && d.Findings[i].Reason == "" {
			t.Errorf("%s: no reason", c.name)
		}
	}
	// A check that was switched off cannot have fixed anything.
	off := *whole
	doc := *whole.Document
	doc.Checks = slices.Clone(doc.Checks)
	for i := range doc.Checks {
		doc.Checks[i].Outcome = string(analyze.Disabled)
	}
	off.Document = &doc
	if d := Diff(cut, &off, DiffOptions{}); d.Summary.Fixed != 0 || d.Summary.Unknown == 0 {
		t.Errorf("a disabled check: %+v", d.Summary)
	}
	// Accepted is not fixed.
	accepted := *cut
	doc2 := *cut.Document
	doc2.Accepted, doc2.Findings = doc2.Findings, nil
	accepted.Document = &doc2
	if d := Diff(cut, &accepted, DiffOptions{}); d.Summary.Fixed != 0 || d.Summary.Still == 0 {
		t.Errorf("accepted findings: %+v", d.Summary)
	}
}

func TestDiffGoroutines(t *testing.T) {
	dump := func(workers, first int) string {
		var sb strings.Builder
		sb.WriteString("goroutine 1 [running]:\nmain.main()\n\t/x/main.go:1 +0x1\n")
		for i := range workers {
			sb.WriteString("\ngoroutine " + thousandsFree(first+i) + " [chan receive]:\nmain.work()\n\t/x/main.go:9 +0x1\ncreated by main.start in goroutine 1\n\t/x/main.go:20 +0x1\n")
		}
		return sb.String()
	}
	same := Diff(sideOf(t, "a.txt", dump(40, 10)), sideOf(t, "b.txt", dump(40, 9000)), DiffOptions{})
	if len(same.Goroutines) != 0 {
		t.Errorf("other ids are a difference: %+v", same.Goroutines)
	}
	for by, name := range map[string]string{"stack": "main.work", "creator": "main.start", "label:tenant": "(no label)"} {
		threshold, err := ParseThreshold("group(" + name + ")>+50")
		if err != nil {
			t.Fatal(err)
		}
		d := Diff(sideOf(t, "a.txt", dump(40, 10)), sideOf(t, "b.txt", dump(140, 10)), DiffOptions{GroupBy: by, Thresholds: []Threshold{threshold}})
		if len(d.Goroutines) != 1 || d.Goroutines[0].Groups[0].Name != name || d.Goroutines[0].Groups[0].Verdict != verdictChanged {
			t.Errorf("by %s: %+v", by, d.Goroutines)
		}
		if d.Run.ExitCode != ExitFindings || d.Thresholds[0].Outcome != thresholdExceeded {
			t.Errorf("by %s: exit %d, %+v", by, d.Run.ExitCode, d.Thresholds)
		}
	}
}

func thousandsFree(n int) string { return strings.ReplaceAll(thousands(n), ",", "") }

func TestThresholds(t *testing.T) {
	l := &lab{r: rand.New(rand.NewPCG(1, 3)), lost: 0.1, hot: 0.05}
	a := l.capture(t, "a")
	l.hot = 0.15
	b := l.capture(t, "b")
	for text, want := range map[string]string{
		"orphan_ratio>0.001":              thresholdExceeded,
		"spans.orphan_ratio > 0.5":        thresholdWithin,
		"share(main.hot)>+2%":             thresholdExceeded,
		"share(main.hot) > +50%":          thresholdWithin,
		"cum(main.main)<0.5":              thresholdWithin,
		"share(main.nobody)>0.5":          thresholdAbsent,
		"hop.coverage{server=orders}<0.1": thresholdWithin,
		"hop.coverage{server=nobody}<0.1": thresholdAbsent,
		"share(main.f0)>+0.001%":          thresholdChance,
		"spans.total>1":                   thresholdExceeded,
	} {
		threshold, err := ParseThreshold(text)
		if err != nil {
			if want != "" {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		d := Diff(a, b, DiffOptions{Thresholds: []Threshold{threshold}})
		if got := d.Thresholds[0].Outcome; want != "" && got != want && !(want == thresholdChance && got == thresholdWithin) {
			t.Errorf("%s: %s, want %s (%s)", text, got, want, d.Thresholds[0].Text)
		}
	}
}

func TestThresholdErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "threshold: want the name of a measure, or share(FUNC), cum(FUNC) or group(NAME) here\n  \n  ^",
		"orphans":              "threshold: want >, >=, < or <= here\n  orphans\n         ^",
		"orphans > x":          "threshold: want a number here, such as 0.01, +2% or -5\n  orphans > x\n            ^",
		"orphans>NaN":          "threshold: want a number here, such as 0.01, +2% or -5\n  orphans>NaN\n          ^",
		"share(a.(*b).c>1":     "threshold: this parenthesis is not closed\n  share(a.(*b).c>1\n       ^",
		"part(f)>1":            "threshold: part is no function; there are share, cum and group\n  part(f)>1\n  ^",
		"share()>1":            "threshold: want a name here\n  share()>1\n        ^",
		"hop.coverage{a=1,b}>": "threshold: want key=value here\n  hop.coverage{a=1,b}>\n                   ^",
		"hop.coverage{a=1":     "threshold: this brace is not closed\n  hop.coverage{a=1\n              ^",
	} {
		_, err := ParseThreshold(text)
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
	if th, err := ParseThreshold(" share( net/http.(*conn).serve ) >= +2.5% "); err != nil || th.name != "net/http.(*conn).serve" || th.op != ">=" || th.value != 2.5 || !th.percent || !th.change {
		t.Errorf("%+v, %v", th, err)
	}
}

// TestDiffRenders: every format holds the regressions, and hostile names are neutralised.
func TestDiffRenders(t *testing.T) {
	l := &lab{r: rand.New(rand.NewPCG(1, 2)), lost: 0.02, hot: 0.02}
	a := l.capture(t, "a")
	l.lost, l.hot = 0.2, 0.2
	d := Diff(a, l.capture(t, "b"), DiffOptions{})
	d.Regressions[0].Subject = map[string]string{"server": "\x1b[2J<script>|`x`\u202e"}
	for _, r := range DiffRenderers {
		var out bytes.Buffer
		if err := r.Render(&out, d, TerminalOptions{}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "spans.orphan") || strings.ContainsAny(out.String(), "\x1b\u202e") {
			t.Errorf("%s: %s", r.Name, out.String())
		}
		if r.Name == "markdown" && strings.Contains(out.String(), "<script") {
			t.Errorf("markdown: %s", out.String())
		}
	}
}
