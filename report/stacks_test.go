package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// byLabel classifies samples by whether they have labels; those of the runtime cannot.
func byLabel(p *evidence.Profile) func(*evidence.Sample) LabelClass {
	return func(s *evidence.Sample) LabelClass {
		fn, ok := p.Root(s)
		switch {
		case len(s.Labels) > 0:
			return LabelPresent
		case ok && strings.HasPrefix(fn.Name, "runtime."):
			return LabelImpossible
		}
		return LabelLost
	}
}

// stacksDocument is the report of the profiles of the demo's incident and of three dumps, with their stacks.
func stacksDocument(t *testing.T) *Document {
	t.Helper()
	b, err := evidence.Load([]string{"../cmd/witnessmark/demo/incident"}, evidence.Options{})
	if err != nil {
		t.Fatal(err)
	}
	keep := &evidence.Bundle{}
	for _, a := range b.Artifacts {
		if a.Profile != nil {
			keep.Artifacts = append(keep.Artifacts, a)
		}
	}
	for i, n := range []int{3, 9, 27} {
		keep.Artifacts = append(keep.Artifacts, workers(t, n, i).Bundle.Artifacts...)
	}
	return New(&analyze.Result{Bundle: keep, Measures: []analyze.Measure{analyze.M("artifacts.total", "artifacts", 1)}},
		Request{Command: "examine", Version: "v1", Stacks: &StackRequest{Keys: []string{"route"}, Classify: byLabel}})
}

// TestFlames compares the trees with sums over the samples.
func TestFlames(t *testing.T) {
	b, err := evidence.Load([]string{"../cmd/witnessmark/demo/incident"}, evidence.Options{})
	if err != nil {
		t.Fatal(err)
	}
	flames, nested := 0, 0
	for _, a := range b.Artifacts {
		p := a.Profile
		if p == nil || p.NamesLost {
			continue
		}
		flames++
		f := newFlame(p, byLabel(p), 100_000)
		var sums [labelClasses]int64
		cum := map[string]float64{}
		for s := range p.Samples() {
			v := s.Values[p.Primary]
			sums[byLabel(p)(s)] += v
			seen := map[string]bool{}
			for fn := range p.Frames(s) {
				if fn != nil && !seen[fn.Name] {
					seen[fn.Name] = true
					cum[fn.Name] += float64(v)
				}
			}
		}
		root := f.Nodes[0]
		if root.Labelled != sums[LabelPresent] || root.Lost != sums[LabelLost] || root.Unlabelable != sums[LabelImpossible] {
			t.Errorf("%s: the root is %+v, the samples sum to %v", a.Path, root, sums)
		}
		nested += checkFlame(t, a.Path, f)
		for _, s := range functionSums(f) {
			if got := s.labelled + s.lost + s.none; s.name != folded && f.Folded == 0 && math.Abs(got-cum[s.name]) > 0.5 {
				t.Errorf("%s: %s has %v with what it calls, want %v", a.Path, s.name, got, cum[s.name])
			}
		}
	}
	if flames < 3 || nested < 10 {
		t.Errorf("%d flames with %d nested nodes: the test looked at nothing", flames, nested)
	}
}

// checkFlame holds that no node is less than what it called, and counts the nodes below the first row.
func checkFlame(t *testing.T, name string, f *Flame) (nested int) {
	t.Helper()
	if !f.sound() {
		t.Errorf("%s: not sound", name)
	}
	called := make([]float64, len(f.Nodes))
	var path []int
	for i := range f.Nodes {
		n := &f.Nodes[i]
		path = append(path[:n.Depth], i)
		if n.Depth > 0 {
			called[path[n.Depth-1]] += n.value()
		}
		if n.Depth > 1 {
			nested++
		}
	}
	for i := range f.Nodes {
		if called[i] > f.Nodes[i].value() {
			t.Errorf("%s: node %d has %v and called %v", name, i, f.Nodes[i].value(), called[i])
		}
	}
	return nested
}

// TestFlamesAreBounded: what is folded keeps its value, whatever the bound.
func TestFlamesAreBounded(t *testing.T) {
	var rows strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&rows, "%d @ 0x%x 0x1\n#\t0x%x\tmain.leaf%d+0x1\t/x.go:1\n#\t0x1\tmain.root+0x1\t/x.go:2\n\n", i%7+1, i+2, i+2, i)
	}
	b := evidence.LoadReader("g.txt", strings.NewReader("goroutine profile: total 11996\n"+rows.String()), evidence.Options{})
	p := b.Artifacts[0].Profile
	if p == nil || p.Len() != 3000 {
		t.Fatalf("%+v", b.Artifacts[0])
	}
	whole := newFlame(p, byLabel(p), 100_000)
	for _, nodes := range []int{1, 10, 500, 2500} {
		f := newFlame(p, byLabel(p), nodes)
		checkFlame(t, fmt.Sprint(nodes), f)
		if len(f.Nodes) > 2*nodes+2 {
			t.Errorf("%d nodes for a bound of %d", len(f.Nodes), nodes)
		}
		if f.Total != whole.Total || f.Nodes[0] != whole.Nodes[0] {
			t.Errorf("%d nodes: the root is %+v of %d, want %+v of %d", nodes, f.Nodes[0], f.Total, whole.Nodes[0], whole.Total)
		}
		if kept := len(f.Nodes) - named(f.Nodes, f.Functions, folded); kept+f.Folded != 3002 {
			t.Errorf("%d nodes: %d kept and %d folded, want 3002 together", nodes, kept, f.Folded)
		}
	}
}

func named(nodes []FlameNode, functions []string, name string) (n int) {
	for i := range nodes {
		if functions[nodes[i].Function] == name {
			n++
		}
	}
	return n
}

// TestFlameOfOthers: a saved report holds what somebody sent, and draws nothing that is no tree.
func TestFlameOfOthers(t *testing.T) {
	good := func() *Flame {
		return &Flame{Total: 10, Functions: []string{"", "main.f"}, Nodes: []FlameNode{{Labelled: 4, Lost: 6}, {Depth: 1, Function: 1, Labelled: 4}}}
	}
	if !good().sound() {
		t.Fatal("a good tree is refused")
	}
	for name, spoil := range map[string]func(*Flame){
		"no nodes":        func(f *Flame) { f.Nodes = nil },
		"no total":        func(f *Flame) { f.Total = 0 },
		"function":        func(f *Flame) { f.Nodes[1].Function = 2 },
		"function below":  func(f *Flame) { f.Nodes[1].Function = -1 },
		"depth":           func(f *Flame) { f.Nodes[1].Depth = 2 },
		"second root":     func(f *Flame) { f.Nodes[1].Depth = 0 },
		"depth below":     func(f *Flame) { f.Nodes[1].Depth = -1 },
		"no root":         func(f *Flame) { f.Nodes[0].Depth = 1 },
		"negative":        func(f *Flame) { f.Nodes[1].Lost = -1 },
		"overflow":        func(f *Flame) { f.Nodes[1].Lost, f.Nodes[1].Labelled = math.MaxInt64, math.MaxInt64 },
		"more than whole": func(f *Flame) { f.Nodes[1].Lost = 11 },
	} {
		f := good()
		spoil(f)
		if f.sound() {
			t.Errorf("%s: %+v is drawn", name, f)
		}
		if s := htmlFlames(&Document{Flames: []Flame{*f}}); len(s.Flames) > 0 {
			t.Errorf("%s: a flame graph of %+v", name, f)
		}
	}
}

// TestGoroutineSeries: dumps of one process, in the order of their times, by groups that grow.
func TestGoroutineSeries(t *testing.T) {
	d := stacksDocument(t)
	var got *GoroutineSeries
	for i := range d.GoroutineSeries {
		if d.GoroutineSeries[i].Format == "goroutine/debug2" {
			got = &d.GoroutineSeries[i]
		}
	}
	if got == nil {
		t.Fatalf("no series of the dumps among %+v", d.GoroutineSeries)
	}
	n := len(d.Artifacts)
	want := &GoroutineSeries{Of: ".", Format: "goroutine/debug2", Timed: true, Artifacts: []string{artifactID(n - 3), artifactID(n - 2), artifactID(n - 1)}, Totals: []int{4, 10, 28},
		Groups: []GoroutineGroup{{Stack: "main.work", Counts: []int{3, 9, 27}}, {Stack: "main.main", Counts: []int{1, 1, 1}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	page := string(render(t, "html", d, TerminalOptions{}))
	if !strings.Contains(page, `<polyline class="line-0" points="0,268 500,204 1000,11"/>`) {
		t.Error("the line of the group that grows is not drawn")
	}
	// Lists that do not belong together are not drawn.
	got.Groups[0].Counts = []int{1}
	got.Artifacts = append(got.Artifacts, "a99")
	render(t, "html", d, TerminalOptions{})
}

// TestSeriesWithoutTime: dumps that do not tell when they were made have an order, and no growth.
func TestSeriesWithoutTime(t *testing.T) {
	s := newSeries(seriesKey{"x", "goroutine/debug2"}, []dumpGroups{
		{id: "a1", path: "b", groups: map[string]int{"f": 9}}, {id: "a2", path: "a", at: 5, groups: map[string]int{"f": 1, "g": 2}}})
	want := GoroutineSeries{Of: "x", Format: "goroutine/debug2", Artifacts: []string{"a2", "a1"}, Totals: []int{3, 9},
		Groups: []GoroutineGroup{{Stack: "f", Counts: []int{1, 9}}, {Stack: "g", Counts: []int{2, 0}}}}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	if s.growth([]int{1, 9}) != 0 {
		t.Error("what is not in the order of time grows")
	}
}

func TestShortStack(t *testing.T) {
	for stack, want := range map[string]string{
		"runtime.gopark;runtime.chanrecv1;example.org/a/b.(*Desk).visit;net/http.(*conn).serve": "b.(*Desk).visit ← http.(*conn).serve",
		"runtime.gopark;main.work":       "main.work",
		"main.work":                      "main.work",
		"(no stack)":                     "(no stack)",
		"runtime.gopark;runtime.bgsweep": "runtime.gopark ← runtime.bgsweep",
		"example.org/a.F[example.org/x/y.T];example.org/a/b.Go": "a.F[example.org/x/y.T] ← b.Go",
		"": "",
	} {
		if got := shortStack(stack); got != want {
			t.Errorf("%q is %q, want %q", stack, got, want)
		}
	}
}

func TestSpread(t *testing.T) {
	for of := range 30 {
		got := spread(of, 6)
		if len(got) != min(of, 6) || of > 0 && (got[0] != 0 || got[len(got)-1] != of-1) || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Errorf("%d of them: %v", of, got)
		}
	}
}
