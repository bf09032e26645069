package report

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/all"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/internal/chance"
)

// lab draws captures of one program: traces as a whole, as a sampler does, and CPU samples one by one. Spans of
// one trace share their fate: where context is lost, all that the call led to is orphaned.
type lab struct {
	r *rand.Rand
	// lost is the share of traces in which context is lost.
	lost float64
	// hot is the share of CPU samples in main.hot.
	hot float64
}

const (
	labTraces  = 400
	labSamples = 4000
)

func (l *lab) capture(t *testing.T, name string) *Side {
	t.Helper()
	b := evidence.LoadReader(name+"/traces.jsonl", strings.NewReader(l.traces()), evidence.Options{})
	p := evidence.LoadReader(name+"/cpu.pb.gz", bytes.NewReader(l.profile(t)), evidence.Options{})
	side := &Side{Input: name, Bundle: b}
	traces := New(analyze.Run(b, all.Detectors(), analyze.Options{}), Request{Command: "examine"})
	cpu := New(analyze.Run(p, all.Detectors(), analyze.Options{}), Request{Command: "examine"})
	// One bundle of both, as a folder would give.
	b.Artifacts = append(b.Artifacts, p.Artifacts...)
	cpu.Artifacts[0].ID = "a2"
	traces.Artifacts = append(traces.Artifacts, cpu.Artifacts...)
	for _, m := range cpu.Measures {
		if m.Subject["artifact"] != "" {
			traces.Measures = append(traces.Measures, m)
		}
	}
	side.Document = traces
	return side
}

func (l *lab) traces() string {
	var spans [3]strings.Builder
	n := 0
	span := func(service int, trace, parent uint64, kind int, name string) uint64 {
		n++
		id := l.r.Uint64() | 1
		if spans[service].Len() > 0 {
			spans[service].WriteByte(',')
		}
		start := 1700000000000000000 + uint64(n)*1000
		fmt.Fprintf(&spans[service], `{"traceId":"%016x%016x","spanId":"%016x","parentSpanId":"%s","kind":%d,"name":%q,"flags":256,"startTimeUnixNano":"%d","endTimeUnixNano":"%d"}`,
			trace, trace, id, map[bool]string{true: "", false: fmt.Sprintf("%016x", parent)}[parent == 0], kind, name, start, start+500)
		return id
	}
	for range labTraces {
		trace := l.r.Uint64() | 1
		root := span(0, trace, 0, 2, "GET /")
		call := span(0, trace, root, 3, "GET /order")
		if l.r.Float64() < l.lost {
			call = l.r.Uint64() | 1 // of a span that nobody exported
		}
		for range 1 + l.r.IntN(3) {
			order := span(1, trace, call, 2, "GET /order")
			for range l.r.IntN(4) {
				span(1, trace, order, 1, "work")
			}
		}
	}
	var out strings.Builder
	for i, service := range []string{"web", "orders", "stock"} {
		fmt.Fprintf(&out, `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":%q}}]},"scopeSpans":[{"spans":[%s]}]}]}`+"\n", service, spans[i].String())
	}
	return out.String()
}

func (l *lab) profile(t *testing.T) []byte {
	t.Helper()
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		PeriodType: &profile.ValueType{Type: "cpu", Unit: "nanoseconds"}, Period: 10_000_000,
		TimeNanos: 1700000000000000000, DurationNanos: 40e9,
	}
	names := []string{"main.hot", "main.main"}
	for i := range 80 {
		names = append(names, fmt.Sprintf("main.f%d", i))
	}
	for i, name := range names {
		f := &profile.Function{ID: uint64(i + 1), Name: name}
		p.Function = append(p.Function, f)
		p.Location = append(p.Location, &profile.Location{ID: uint64(i + 1), Address: uint64(i + 1), Line: []profile.Line{{Function: f}}})
	}
	counts := make([]int64, len(names))
	for range labSamples {
		if l.r.Float64() < l.hot {
			counts[0]++
			continue
		}
		// Few functions take much, many take little.
		counts[2+int(80*l.r.Float64()*l.r.Float64())]++
	}
	for i, n := range counts {
		if n > 0 {
			p.Sample = append(p.Sample, &profile.Sample{Location: []*profile.Location{p.Location[i], p.Location[1]}, Value: []int64{n, n * 10_000_000}})
		}
	}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestDiffOfTheSame: two captures of one program do not fail a build, with the defaults and the most severe gate.
func TestDiffOfTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("compares 200 pairs")
	}
	const pairs, most = 200, 10
	failed := map[string]int{}
	l := &lab{r: rand.New(rand.NewPCG(4, 1)), lost: 0.05, hot: 0.05}
	for range pairs {
		a, b := l.capture(t, "a"), l.capture(t, "b")
		for _, failOn := range []string{"error", "note"} {
			if d := Diff(a, b, DiffOptions{FailOn: failOn}); d.Run.ExitCode == ExitFindings {
				failed[failOn]++
				t.Logf("false alarm: %+v", d.Regressions)
			}
		}
	}
	for _, failOn := range []string{"error", "note"} {
		n := failed[failOn]
		t.Logf("--fail-on %s: %d of %d comparisons of a program with itself failed, %.1f %% (at most 5 %%)", failOn, n, pairs, 100*float64(n)/pairs)
		if n > most {
			t.Errorf("--fail-on %s: %d of %d failed, want %d at most", failOn, n, pairs, most)
		}
	}
}

// TestDiffOfTheWorse: regressions of twice the size that a comparison calls detectable are found.
func TestDiffOfTheWorse(t *testing.T) {
	if testing.Short() {
		t.Skip("compares 200 pairs")
	}
	const pairs, least = 100, 95
	plain := lab{r: rand.New(rand.NewPCG(4, 2)), lost: 0.05, hot: 0.05}
	same := Diff(plain.capture(t, "a"), plain.capture(t, "b"), DiffOptions{All: true})
	var orphans *MeasureChange
	for i := range same.Measures {
		if same.Measures[i].Name == "spans.orphan" {
			orphans = &same.Measures[i]
		}
	}
	if orphans == nil || orphans.Detectable == nil {
		t.Fatalf("no detectable size of spans.orphan: %+v", orphans)
	}
	hot, ok := chance.Detectable(labSamples/20, labSamples, labSamples, same.Profiles[0].Level)
	if !ok {
		t.Fatal("no detectable size of a function")
	}
	share := orphans.Before.Value / *orphans.Before.Of
	for _, c := range []struct {
		name    string
		size    float64
		planted lab
		found   func(Regression) bool
	}{
		{"orphans", 2 * *orphans.Detectable, lab{lost: 0.05 * (1 + 2**orphans.Detectable/share), hot: 0.05},
			func(r Regression) bool { return r.Name == "spans.orphan" }},
		{"main.hot", 2 * hot, lab{lost: 0.05, hot: 0.05 + 2*hot}, func(r Regression) bool { return r.Name == "main.hot" }},
	} {
		c.planted.r = plain.r
		found := 0
		for range pairs {
			d := Diff(plain.capture(t, "a"), c.planted.capture(t, "b"), DiffOptions{})
			for _, r := range d.Regressions {
				if c.found(r) {
					found++
					break
				}
			}
		}
		t.Logf("%s: %d of %d planted regressions of %.2f percentage points found (at least 95 %%)", c.name, found, pairs, 100*c.size)
		if found < least {
			t.Errorf("%s: %d of %d found, want %d at least", c.name, found, pairs, least)
		}
	}
}
