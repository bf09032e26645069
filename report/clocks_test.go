package report

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// clockModel uses every field of a model that the document shows.
func clockModel() *align.Model {
	const at, second = align.Instant(1760000000000000001), align.Instant(1e9)
	point := func(at align.Instant, offset int64, hard, assumed align.Interval) align.Point {
		return align.Point{At: at, Offset: offset, Hard: hard, Assumed: assumed, Likely: align.Interval{Low: offset - 20_000, High: offset + 20_000}}
	}
	zero := align.Point{At: at}
	half := align.Interval{Low: -43_127_456, High: math.MaxInt64}
	behind := align.Interval{Low: -43_127_456, High: -42_012_345}
	edge := func(class, from, to string, weight int64) align.CertEdge {
		return align.CertEdge{Class: class, From: from, To: to, FromAt: at, ToAt: at + second, Weight: weight,
			Trace: strings.Repeat("0a", 16), Earlier: "00000000000000b1", Later: "00000000000000b2"}
	}
	reading := align.CertEdge{Class: "N1", From: align.UTC, To: "host-e", FromAt: at, ToAt: at, Weight: -9_000_000, Source: "chronyc tracking"}
	return &align.Model{
		Schema: align.ModelSchema, Reference: "host-a", Trust: align.TrustAssumed, MaxDriftPPM: 500,
		Domains: []align.Domain{
			{Name: "0f3c", From: evidence.DomainByDigest, Services: []string{"cart"}, Component: 1, Reference: "0f3c", Status: align.StatusReference,
				Segments: []align.Segment{{Points: []align.Point{zero}}}},
			{Name: "host-a", From: "resource host.id", Host: "app-2\x1b[31m", AZ: "us-east-1b", Services: []string{"checkout", "frontend"},
				Reference: "host-a", Status: align.StatusReference, Evidence: map[string]int{"H1": 40},
				Segments: []align.Segment{{Points: []align.Point{zero, {At: at + 10*second}}}}},
			{Name: "host-b", From: "resource host.id", Host: "db-3", AZ: "us-east-1c", Services: []string{"inventory"}, Reference: "host-a",
				Status: align.StatusAligned, DriftPPM: -12.345, Evidence: map[string]int{"A1": 40, "H1": 40},
				Segments: []align.Segment{
					{Points: []align.Point{point(at, -42_500_000, half, behind), point(at+6*second, -42_500_000, half, behind)}},
					{Points: []align.Point{point(at+7*second, 1_500_000, half, align.Interval{Low: 1_000_000, High: 2_000_000})}},
				},
				Steps: []align.Step{{After: at + 6*second, Before: at + 7*second, Size: 44_000_000, Bounds: align.Interval{Low: 43_000_000, High: 45_000_000}, Source: "calls"},
					{After: at + 8*second, Before: at + 9*second, Size: -900, Bounds: align.Unbounded, Slew: true, Source: "calls"}}},
			{Name: "host-c", Host: "queue-1", Component: 2, Reference: "host-c", Status: align.StatusNoPath, Why: "no call and no reading"},
			{Name: "host-d", Host: "edge-1", Reference: "host-a", Status: align.StatusUnbounded, Why: "requests one way only",
				Segments: []align.Segment{{Points: []align.Point{point(at, 90, align.Interval{Low: math.MinInt64, High: 5_000}, align.Interval{Low: math.MinInt64, High: 5_000})}}}},
			{Name: "host-e", Host: "edge-2", Reference: "host-a", Status: align.StatusConflict, Why: "the readings and the calls disagree"},
		},
		Pairs: []align.Pair{{Caller: "host-a", Callee: "host-b", Calls: 12_345, RTTFloor: 1_115_111, Offset: -42_500_000, Hard: half, Assumed: behind,
			LateEnds: 0.0123, Before: 12_000, After: 1}},
		ZonePairs: []align.ZonePair{{From: "us-east-1b", To: "us-east-1c", Pairs: 1, RTTFloor: 1_115_111, Asymmetry: align.Interval{Low: -1_115_111, High: 1_115_111}}},
		Conflicts: []align.Certificate{{Edges: []align.CertEdge{edge("H1", "host-a", "host-e", 2_000_000), reading}, Sum: -7_000_000,
			Domains: []string{"host-a", "host-e"}, Retraction: "the reading of chronyc tracking is wrong"}},
		Async: []align.Async{{Caller: "host-a", Callee: "host-b", Service: "inventory", Calls: 3, By: align.Interval{Low: 1000, High: 2000},
			Example: edge("A1", "host-b", "host-a", 5)}},
		Assumptions: []align.Assumption{{Text: "answers leave before their spans end", Tested: "held by 12,345 round trips"},
			{Text: "no clock gains more than 500 ppm", Falsified: true}},
		Dropped: map[string]int{"negative duration": 2},
	}
}

// clocksDocument is what the command clocks makes.
func clocksDocument() *Document {
	c := NewClocks(clockModel(), 1760000003000000001)
	uncertain := int64(1_115_111)
	c.Hops = []ClockHop{{Client: "checkout", Server: "inventory", Calls: 12_345, Unplaced: 2, P50NS: 42_500_000, P95NS: 42_600_000, P99NS: 42_700_000,
		UncertainNS: &uncertain, ViolationsBefore: 12_000, ViolationsAfter: 1}, {Client: "cart", Server: "queue", Calls: 1}}
	r := result()
	r.Findings = r.Findings[:1]
	return New(r, Request{Command: "clocks", Args: []string{"clocks", "x"}, Version: "v1.2.3", Clocks: c})
}

func TestExamineShowsClocks(t *testing.T) {
	d := New(cleanResult(), Request{Command: "examine", Clocks: NewClocks(clockModel(), 1760000003000000001)})
	if out := string(render(t, "table", d, TerminalOptions{})); !strings.Contains(out, "\nCLOCKS\n") || !strings.Contains(out, "-42.5ms") || strings.Contains(out, "PAIRS") {
		t.Errorf("examine prints\n%s", out)
	}
	m := clockModel()
	m.Domains = m.Domains[:1]
	d = New(cleanResult(), Request{Command: "examine", Clocks: NewClocks(m, 1)})
	if out := string(render(t, "table", d, TerminalOptions{})); strings.Contains(out, "CLOCKS") {
		t.Errorf("a clock that nothing ties to another is shown\n%s", out)
	}
	d = New(&analyze.Result{Bundle: bundle()}, Request{Command: "clocks"})
	if out := string(render(t, "table", d, TerminalOptions{})); !strings.Contains(out, "nothing ties two clocks") {
		t.Errorf("without a model, clocks prints\n%s", out)
	}
}

func TestWriteClocks(t *testing.T) {
	var buf bytes.Buffer
	o := TerminalOptions{Width: 100}
	if err := WriteClocks(NewProse(&buf, o), NewClocks(clockModel(), 1760000003000000001), o); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"CLOCKS", "LEFT ALONE", "STEPS", "CONTRADICTIONS", "a process of cart"} {
		if !strings.Contains(buf.String(), want) {
			t.Errorf("no %q in\n%s", want, buf.String())
		}
	}
}

// TestClockOrder: clocks stand in the order of what is shown for them; where not all are shown, those that are furthest off are.
func TestClockOrder(t *testing.T) {
	c := NewClocks(clockModel(), 1760000003000000001)
	var shown []string
	for i := range c.Domains {
		shown = append(shown, clockLabel(&c.Domains[i]))
	}
	if !slices.IsSorted(shown) {
		t.Errorf("in this order: %q", shown)
	}
	var buf bytes.Buffer
	o := TerminalOptions{Width: 100, Limit: 1}
	if err := WriteClocks(NewProse(&buf, o), c, o); err != nil {
		t.Fatal(err)
	}
	if table, _, _ := strings.Cut(buf.String(), "LEFT ALONE"); !strings.Contains(table, "\ndb-3 ") || !strings.Contains(table, "5 more") {
		t.Errorf("of which db-3 is furthest off:\n%s", table)
	}
}

func TestBoundsAreRoundedOutwards(t *testing.T) {
	at := func(v int64) *int64 { return &v }
	for _, c := range []struct {
		bounds Bounds
		want   string
	}{
		{Bounds{at(-43_127_456), at(-42_012_345)}, "-43.13ms … -42.01ms"},
		{Bounds{at(42_012_345), at(43_127_456)}, "+42.01ms … +43.13ms"},
		{Bounds{at(-1), at(0)}, "-1ns … 0ns"},
		{Bounds{nil, at(12_345)}, "≤ +12.35µs"},
		{Bounds{at(12_345), nil}, "≥ +12.34µs"},
		{Bounds{}, "open"},
		{Bounds{at(math.MinInt64 + 1), at(math.MaxInt64 - 1)}, "-9223372036s … +9223372036s"},
	} {
		if got := boundsText(c.bounds); got != c.want {
			t.Errorf("%v prints as %s, want %s", c.bounds, got, c.want)
		}
	}
}

func TestDriftText(t *testing.T) {
	at := func(v int64) *int64 { return &v }
	point := func(at string, low, high *int64) ClockPoint {
		return ClockPoint{AtUnixNano: at, Assumed: Bounds{low, high}}
	}
	for _, c := range []struct {
		name string
		a, b ClockPoint
		want string
	}{
		{"a second", point("1000000000", at(-1000), at(1000)), point("2000000000", at(500), at(4049)), "-0.5 … +5.1 ppm"},
		{"wide", point("1000000000", at(-100_000), at(100_000)), point("2000000000", at(-200_001), at(50_001)), "-301 … +151 ppm"},
		{"beyond what may be", point("1000000000", at(-1e6), at(1e6)), point("2000000000", at(-1e6), at(1e6)), "open"},
		{"one side", point("1000000000", nil, at(1000)), point("2000000000", at(0), nil), "-1 … +500 ppm"},
		{"nothing", point("1000000000", nil, nil), point("2000000000", nil, nil), "open"},
	} {
		d := &ClockDomain{Segments: []ClockSegment{{Points: []ClockPoint{c.a, c.b}}}}
		if got := driftText(&Clocks{MaxDriftPPM: 500}, d); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
