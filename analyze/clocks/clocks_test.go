package clocks

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/tiny"
)

// at is a reading of a clock of full resolution.
const at uint64 = 1_700_000_000_123_456_789

func run(t testing.TB, b *evidence.Bundle, o analyze.Options) *analyze.Result {
	t.Helper()
	r := analyze.Run(b, Detectors, o)
	for _, c := range r.Checks {
		if c.Outcome == analyze.Failed {
			t.Fatalf("%s failed: %s", c.ID, c.Reason)
		}
	}
	return r
}

func read(spans ...tiny.Span) *evidence.Bundle {
	return evidence.LoadReader("x.json", bytes.NewReader(tiny.JSON(spans...)), evidence.Options{})
}

// lines writes the findings of one detector for comparison.
func lines(r *analyze.Result, id string) []string {
	var out []string
	for _, f := range r.Findings {
		if f.ID == id {
			out = append(out, fmt.Sprintf("%s %s %s %s", f.Severity, f.Basis, analyze.SubjectKey(f.Subject), f.Message))
		}
	}
	return out
}

func value(t testing.TB, r *analyze.Result, name, scope string) int {
	t.Helper()
	for _, m := range r.Measures {
		if m.Name == name && m.Subject["scope"] == scope {
			return int(m.Value)
		}
	}
	t.Fatalf("no measure %s of %s", name, scope)
	return 0
}

type specimen struct {
	name  string
	spans []tiny.Span
	want  []string
}

func testSpecimens(t *testing.T, id string, specimens []specimen) {
	for _, s := range specimens {
		t.Run(s.name, func(t *testing.T) {
			if diff := cmp.Diff(s.want, lines(run(t, read(s.spans...), analyze.Options{}), id)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// call is a client span of a on host h1 and the server span of b on host h2 that it caused.
func call(client, server func(*tiny.Span)) []tiny.Span {
	c := tiny.Span{Service: "a", Host: "h1", ID: 1, Kind: tiny.Client, Start: at, End: at + 100e6}
	s := tiny.Span{Service: "b", Host: "h2", ID: 2, Parent: 1, Kind: tiny.Server, Flags: tiny.Remote, Start: at + 10e6, End: at + 90e6}
	if client != nil {
		client(&c)
	}
	if server != nil {
		server(&s)
	}
	return []tiny.Span{s, c}
}

func TestChildBefore(t *testing.T) {
	testSpecimens(t, "WM5001", []specimen{
		{name: "fires: two clocks", spans: call(nil, func(s *tiny.Span) { s.Start = at - 5e6 }), want: []string{
			`warning proven "client"="a","scope"="cross-domain","server"="b", 1 of 1 span of b start before their parent in a, by up to 5ms (median 5ms), at 2023-11-14 22:13:20.118Z; the clock of h1 shows at least 5ms more than that of h2`,
		}},
		{name: "fires: one host", spans: call(nil, func(s *tiny.Span) { s.Start, s.Host = at-5e6, "h1" }), want: []string{
			`error proven "client"="a","scope"="same-domain","server"="b", 1 of 1 span of b start before their parent in a, by up to 5ms (median 5ms), at 2023-11-14 22:13:20.118Z; both are of one clock`,
		}},
		{name: "fires: one process by flags", spans: call(nil, func(s *tiny.Span) {
			s.Start, s.Flags, s.Kind = at-1, tiny.Local, tiny.Internal
		}), want: []string{
			`error proven "client"="a","scope"="same-domain","server"="b", 1 of 1 span of b start before their parent in a, by up to 1ns (median 1ns), at 2023-11-14 22:13:20.123Z; both are of one clock`,
		}},
		{name: "fires: replicas without identity have two clocks", spans: call(
			func(c *tiny.Span) { c.Host = "" },
			func(s *tiny.Span) { s.Start, s.Host, s.Service = at-5e6, "", "a" },
		), want: []string{
			`warning proven "client"="a","scope"="cross-domain","server"="a", 1 of 1 span of a start before their parent in a, by up to 5ms (median 5ms), at 2023-11-14 22:13:20.118Z; the clock of a process of a shows at least 5ms more than that of a process of a`,
		}},
		{name: "fires: a consumer that ends before its message is sent", spans: call(
			func(c *tiny.Span) { c.Kind = tiny.Producer },
			func(s *tiny.Span) { s.Kind, s.Start, s.End = tiny.Consumer, at-9e6, at-2e6 },
		), want: []string{
			`warning proven "client"="a","scope"="cross-domain","server"="b", 1 of 1 span of b start before their parent in a, by up to 2ms (median 2ms), at 2023-11-14 22:13:20.114Z; the clock of h1 shows at least 2ms more than that of h2`,
		}},
		{name: "fires: shared id", spans: call(nil, func(s *tiny.Span) { s.ID, s.Parent, s.Start = 1, 0, at-5e6 }), want: []string{
			`warning proven "client"="a","scope"="cross-domain","server"="b", 1 of 1 span of b start before their parent in a, by up to 5ms (median 5ms), at 2023-11-14 22:13:20.118Z; the clock of h1 shows at least 5ms more than that of h2`,
		}},
		{name: "fires: sent twice, counted once", spans: func() []tiny.Span {
			c := call(nil, func(s *tiny.Span) { s.Start = at - 5e6 })
			return append(c, c...)
		}(), want: []string{
			`warning proven "client"="a","scope"="cross-domain","server"="b", 1 of 1 span of b start before their parent in a, by up to 5ms (median 5ms), at 2023-11-14 22:13:20.118Z; the clock of h1 shows at least 5ms more than that of h2`,
		}},
		{name: "near miss: a consumer that waits before its message is sent", spans: call(
			func(c *tiny.Span) { c.Kind = tiny.Producer },
			func(s *tiny.Span) { s.Kind, s.Start = tiny.Consumer, at-9e6 },
		)},
		{name: "near miss: within the resolution of a coarse clock", spans: call(
			func(c *tiny.Span) { c.Start = at },
			func(s *tiny.Span) { s.Start = at - at%1e6 },
		)},
		{name: "near miss: no start", spans: call(nil, func(s *tiny.Span) { s.Start = 0 })},
		{name: "silent: equal starts", spans: call(nil, func(s *tiny.Span) { s.Start = at })},
		{name: "silent", spans: call(nil, nil)},
	})
}

func TestChildAfter(t *testing.T) {
	testSpecimens(t, "WM5002", []specimen{
		{name: "fires: the server goes on, whatever the clocks", spans: many(call(
			func(c *tiny.Span) { c.Failed = true },
			func(s *tiny.Span) { s.Start, s.End = at+10e6, at+10e6+150e6 },
		)), want: []string{
			`warning proven "class"="outlived-call","client"="a","scope"="cross-domain","server"="b", 2 of 2 calls from a go on in b when the caller has stopped waiting: the server's span is longer than the client's, by up to 50ms (median 50ms), at 2023-11-14 22:13:20.133Z; 2 of the client spans are errors`,
		}},
		{name: "fires: longer, though its clock is behind", spans: many(call(nil, func(s *tiny.Span) { s.Start, s.End = at-200e6, at-50e6 })), want: []string{
			`note proven "class"="outlived-call","client"="a","scope"="cross-domain","server"="b", 2 of 2 calls from a go on in b when the caller has stopped waiting: the server's span is longer than the client's, by up to 50ms (median 50ms), at 2023-11-14 22:13:19.923Z; 0 of the client spans are errors`,
		}},
		{name: "fires: on one host, by the ends", spans: many(call(nil, func(s *tiny.Span) { s.Host, s.End = "h1", at+101e6 })), want: []string{
			`note proven "class"="outlived-call","client"="a","scope"="same-domain","server"="b", 2 of 2 calls from a go on in b when the caller has stopped waiting: on one clock, the server's span ends after the client's, by up to 1ms (median 1ms), at 2023-11-14 22:13:20.133Z; 0 of the client spans are errors`,
		}},
		{name: "fires: late over two clocks", spans: many(call(nil, func(s *tiny.Span) { s.Start, s.End = at+30e6, at+120e6 })), want: []string{
			`warning heuristic "class"="late-end","client"="a","scope"="cross-domain","server"="b", 2 of 2 calls from a end later in b than at the caller, by up to 20ms (median 20ms), at 2023-11-14 22:13:20.153Z, though the server's span is no longer: its clock is ahead, or it ends its span after the answer`,
		}},
		{name: "fires: work that goes on in the process", spans: call(nil, func(s *tiny.Span) {
			s.Service, s.Kind, s.Flags, s.End = "a", tiny.Internal, tiny.Local, at+100e6+7
		}), want: []string{
			`note proven "class"="local-work","client"="a","scope"="same-domain","server"="a", 1 of 1 span of a end after their parent in a on one clock, by up to 7ns (median 7ns), at 2023-11-14 22:13:20.133Z`,
		}},
		{name: "near miss: late, and the client failed: neither clock nor server is to be told from it", spans: many(call(
			func(c *tiny.Span) { c.Failed = true },
			func(s *tiny.Span) { s.Start, s.End = at+30e6, at+120e6 },
		))},
		{name: "near miss: one late call of many is what gRPC does", spans: append(
			call(nil, func(s *tiny.Span) { s.Start, s.End = at+30e6, at+100e6+9 }), calls(199)...,
		)},
		{name: "near miss: a consumer", spans: call(
			func(c *tiny.Span) { c.Kind = tiny.Producer },
			func(s *tiny.Span) { s.Kind, s.End = tiny.Consumer, at+500e6 },
		)},
		{name: "near miss: work for a message that was sent", spans: call(
			func(c *tiny.Span) { c.Kind = tiny.Producer },
			func(s *tiny.Span) { s.Kind, s.Flags, s.End = tiny.Internal, tiny.Local, at+500e6 },
		)},
		{name: "near miss: linked, as follows-from is", spans: call(nil, func(s *tiny.Span) {
			s.Kind, s.Flags, s.Host, s.End, s.Linked = tiny.Internal, 0x1, "h1", at+500e6, true
		})},
		{name: "near miss: a negative duration says nothing", spans: call(func(c *tiny.Span) { c.End = at - 1 }, nil)},
		{name: "near miss: an end that is not there", spans: call(func(c *tiny.Span) { c.End = 0 }, nil)},
		{name: "near miss: within the resolution of a coarse clock", spans: many(call(
			func(c *tiny.Span) { c.Start, c.End = at-at%1e6, at-at%1e6+100e6 },
			func(s *tiny.Span) { s.Host, s.End = "h1", at+100e6 },
		))},
		{name: "silent", spans: many(call(nil, nil))},
	})
}

// many is the same call in two traces.
func many(spans []tiny.Span) []tiny.Span {
	again := append([]tiny.Span{}, spans...)
	for i := range again {
		again[i].Trace = 2
	}
	return append(again, spans...)
}

// calls are n calls in which nothing is wrong, from trace 10 on.
func calls(n uint64) []tiny.Span {
	var out []tiny.Span
	for i := range n {
		for _, s := range call(nil, nil) {
			s.Trace = 10 + i
			out = append(out, s)
		}
	}
	return out
}

func TestLateShare(t *testing.T) {
	spans := append(call(nil, func(s *tiny.Span) { s.Start, s.End = at+30e6, at+100e6+9 }), calls(199)...)
	if got := lines(run(t, read(spans...), analyze.Options{LateShare: 0.0005}), "WM5002"); len(got) != 1 {
		t.Errorf("findings %q, want one at a share of 1 in 200 where 1 in 2000 is normal", got)
	}
}

func TestAmounts(t *testing.T) {
	var spans []tiny.Span
	for i := range uint64(20) {
		for _, s := range call(nil, func(s *tiny.Span) { s.Start = at - (1+i)*1e6 }) {
			s.Trace = 1 + i
			spans = append(spans, s)
		}
	}
	f := run(t, read(spans...), analyze.Options{MaxExhibits: 4}).Findings[0]
	got := map[string]float64{}
	for _, m := range f.Measures {
		got[m.Name] = m.Value
	}
	want := map[string]float64{
		"spans.child_before_parent": 20, "spans.child_before_parent.max_ns": 20e6,
		"spans.child_before_parent.median_ns": 10e6, "spans.child_before_parent.p95_ns": 19e6,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("measures (-want +got):\n%s", diff)
	}
	var exhibits []string
	for _, e := range f.Exhibits {
		// The last two digits of the trace id, and the span id.
		exhibits = append(exhibits, e.Role+" "+e.Text[36:60])
	}
	wantExhibits := []string{
		"child 14 span=0000000000000002", "parent 14 span=0000000000000001",
		"child 13 span=0000000000000002", "parent 13 span=0000000000000001",
	}
	if diff := cmp.Diff(wantExhibits, exhibits); diff != "" {
		t.Errorf("the worst first (-want +got):\n%s", diff)
	}
}

func TestBounds(t *testing.T) {
	var spans []tiny.Span
	for i := range uint64(5) {
		for _, s := range call(nil, func(s *tiny.Span) { s.Start = at - 1e6; s.Service = string(rune('b' + i)) }) {
			s.Trace = 1 + i
			spans = append(spans, s)
		}
	}
	got := lines(run(t, read(spans...), analyze.Options{MaxSubjects: 2}), "WM5001")
	if len(got) != 3 || got[0] != `warning proven "client"="(other)","scope"="(other)","server"="(other)", 3 spans between 3 more pairs of services are like those listed` {
		t.Errorf("findings %q, want two and one for the rest", got)
	}
}

// TestGenerated compares the measures of generated exports with what the generator says of them.
func TestGenerated(t *testing.T) {
	for name, faults := range map[string]gen.Faults{
		"none":      {},
		"early":     {Early: 30},
		"outlive":   {Outlive: 30},
		"consumers": {Consumers: 30},
		"skewed":    {SkewedHost: -30e6},
		"ahead":     {SkewedHost: 30e6},
	} {
		t.Run(name, func(t *testing.T) {
			doc, truth := gen.JSONLines(gen.Options{Seed: 3, Spans: 5_000, Faults: faults})
			r := run(t, evidence.LoadReader("x.jsonl", bytes.NewReader(doc), evidence.Options{}), analyze.Options{})
			want := []int{truth.EarlySame, truth.EarlyCross, truth.LateSame, truth.LateCross}
			got := []int{
				value(t, r, "spans.child_before_parent", sameDomain), value(t, r, "spans.child_before_parent", crossDomain),
				value(t, r, "spans.child_after_parent", sameDomain), value(t, r, "spans.child_after_parent", crossDomain),
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("early same, early cross, late same, late cross (-truth +got):\n%s", diff)
			}
			if name == "none" || name == "consumers" {
				if got := append(lines(r, "WM5001"), lines(r, "WM5002")...); got != nil {
					t.Errorf("findings where nothing is wrong: %q", got)
				}
			}
		})
	}
}

func BenchmarkDetectors(b *testing.B) {
	doc, _ := gen.JSONLines(gen.Options{Seed: 1, Spans: 100_000, Faults: gen.Faults{SkewedHost: -50e6, Outlive: 500}})
	bundle := evidence.LoadReader("x.jsonl", bytes.NewReader(doc), evidence.Options{})
	b.ReportAllocs()
	for b.Loop() {
		analyze.Run(bundle, Detectors, analyze.Options{})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(bundle.Spans.Len()), "ns/span")
}
