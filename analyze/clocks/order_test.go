package clocks

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/tiny"
)

// fanOut is a span on h1 that calls b on h2 and c on h3, which begin gap apart; together says that the two
// calls overlap.
func fanOut(gap uint64, together bool) []tiny.Span {
	root := tiny.Span{Service: "a", Host: "h1", ID: 1, Kind: tiny.Server, Start: at, End: at + 200e6}
	c1 := tiny.Span{Service: "a", Host: "h1", ID: 2, Parent: 1, Kind: tiny.Client, Flags: tiny.Local, Start: at, End: at + 90e6}
	c2 := tiny.Span{Service: "a", Host: "h1", ID: 3, Parent: 1, Kind: tiny.Client, Flags: tiny.Local, Start: at + 1e6, End: at + 90e6}
	if !together {
		c2.Start, c2.End = at+100e6, at+190e6
	}
	s1 := tiny.Span{Service: "b", Host: "h2", ID: 4, Parent: 2, Kind: tiny.Server, Flags: tiny.Remote, Start: at + 10e6, End: at + 20e6}
	s2 := tiny.Span{Service: "c", Host: "h3", ID: 5, Parent: 3, Kind: tiny.Server, Flags: tiny.Remote, Start: at + 10e6 + gap, End: at + 30e6}
	return []tiny.Span{root, c1, c2, s1, s2}
}

func TestOrder(t *testing.T) {
	hosts := func(h2, h3 align.Interval) *align.Model {
		return model(reference("h1"), standing("h2", "h1", align.Unbounded, h2), standing("h3", "h1", align.Unbounded, h3))
	}
	for _, c := range []struct {
		name  string
		spans []tiny.Span
		model *align.Model
		want  []string
	}{
		{"fires", fanOut(3e6, true), hosts(within(-2, 2), within(-2, 2)), []string{
			`note bounded "first"="b","second"="c", which of two concurrent calls to b and c came first is open for 1 of 1 recorded more than 1ms apart, by up to 3ms: the second's clock is ahead by -4ms to +4ms`,
		}},
		{"fires: nothing is known of one", fanOut(3e6, true), hosts(within(-0.1, 0.1), align.Unbounded), []string{
			`note bounded "first"="b","second"="c", which of two concurrent calls to b and c came first is open for 1 of 1 recorded more than 1ms apart, by up to 3ms: nothing bounds how the two clocks differ`,
		}},
		{"near miss: closer than the slack", fanOut(1e6, true), hosts(within(-2, 2), within(-2, 2)), nil},
		{"near miss: the callers order them", fanOut(3e6, false), hosts(within(-2, 2), within(-2, 2)), nil},
		{"near miss: one clock", func() []tiny.Span {
			s := fanOut(3e6, true)
			s[4].Host = "h2"
			return s
		}(), hosts(within(-2, 2), within(-2, 2)), nil},
		{"near miss: decided, against the record", fanOut(3e6, true), hosts(within(-0.1, 0.1), within(4, 5)), nil},
		{"silent: decided", fanOut(3e6, true), hosts(within(-1, 1), within(-1, 1)), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			probe := analyze.Detector{ID: "WM5009", Name: "probe", Needs: analyze.NeedSpans, Doc: analyze.Doc{Severity: analyze.Note},
				Run: func(p *analyze.Pass) error { reportOrder(p, newSolution(c.model, nil)); return nil }}
			r := analyze.Run(read(c.spans...), []analyze.Detector{probe}, analyze.Options{})
			if r.Checks[0].Outcome == analyze.Failed {
				t.Fatal(r.Checks[0].Reason)
			}
			if diff := cmp.Diff(c.want, lines(r, "WM5009")); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestIntervals(t *testing.T) {
	for _, c := range []struct{ x, y, want align.Interval }{
		{within(1, 2), within(4, 8), within(-7, -2)},
		{within(none, 2), within(4, 8), within(none, -2)},
		{within(1, 2), within(none, 8), within(-7, none)},
		{align.Unbounded, align.Unbounded, align.Unbounded},
		{align.Interval{Low: -1 << 62, High: 1 << 62}, align.Interval{Low: -1<<62 - 5, High: 1<<62 + 5}, align.Unbounded},
	} {
		if got := difference(c.x, c.y, 0); got != c.want {
			t.Errorf("%v - %v is %v, want %v", c.x, c.y, got, c.want)
		}
	}
	for nanos, want := range map[int64][2]string{
		1_000_000_001: {"1s", "1.001s"}, 1_500_000: {"1.5ms", "1.5ms"}, 1_500_001: {"1.5ms", "1.501ms"}, 999: {"999ns", "999ns"},
	} {
		if show(nanos) != want[0] || showUp(nanos) != want[1] {
			t.Errorf("%d prints as %s and %s, want %v", nanos, show(nanos), showUp(nanos), want)
		}
	}
	if got := rate(-400_000, 10e9); got != -40 {
		t.Errorf("400 µs lost in 10 s are %g ppm", got)
	}
}

func TestHops(t *testing.T) {
	m := model(reference("h1"), standing("h2", "h1", within(39, 41), within(39, 41)))
	h := hopTally{hop: Hop{Client: "a", Server: "b"}}
	b := read(many(call(nil, func(s *tiny.Span) { s.Start += 30e6 }))...)
	probe := analyze.Detector{ID: "WM9999", Name: "probe", Needs: analyze.NeedSpans, Run: func(p *analyze.Pass) error {
		eachCrossing(p, func(x *crossing) { h.add(newSolution(m, nil), x) })
		return nil
	}}
	analyze.Run(b, []analyze.Detector{probe}, analyze.Options{})
	want := Hop{Client: "a", Server: "b", Calls: 2, P50: 40 * ms, P95: 40 * ms, P99: 40 * ms, Uncertain: 2 * ms, After: 0}
	if diff := cmp.Diff(want, h.sum()); diff != "" {
		t.Errorf("hop (-want +got):\n%s", diff)
	}
}
