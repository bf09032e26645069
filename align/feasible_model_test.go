package align

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// bentDomain returns a domain whose estimate runs through some offsets, ten seconds apart.
func bentDomain(name string, status Status, slack int64, offsets ...int64) Domain {
	d := Domain{Name: name, Status: status, Reference: "ref", Segments: []Segment{{}}}
	for i, v := range offsets {
		wide := Interval{v - slack, v + slack}
		d.Segments[0].Points = append(d.Segments[0].Points, Point{
			At: Instant(1e18 + int64(i)*1e10), Offset: v, Hard: Unbounded, Assumed: wide, Likely: wide,
		})
	}
	return d
}

// Requests that the estimates contradict are kept afterwards, inside the bounds, and the reference stays.
func TestSettleModel(t *testing.T) {
	stat := NewStatistic(StatOptions{})
	e := stat.Edge(EdgeKey{Caller: "ref", Callee: "b", Class: ClassRequest})
	for i := range int64(400) {
		sent := int64(1e18) + i*5e7
		e.Add(Call{Sent: sent, Received: sent + 40_000, Replied: sent + 50_000, Answered: sent + 200_000, Quantum: 1,
			Later: SpanID{Span: uint64(i + 1)}})
	}
	for _, c := range []struct {
		slack int64
		after int
	}{{100_000, 0}, {1000, 1}} {
		// The estimate of b says that requests take 40 µs less than 60 in the middle: they arrive too early.
		m := &Model{Trust: TrustAssumed, MaxDriftPPM: DefaultMaxDriftPPM, Pairs: []Pair{{Caller: "ref", Callee: "b"}}, Domains: []Domain{
			bentDomain("b", StatusAligned, c.slack, 30_000, 60_000, 30_000), bentDomain("ref", StatusReference, 0, 0, 0, 0),
		}}
		settleModel(m, stat)
		if got := m.Pairs[0].After; (got > 0) != (c.after > 0) {
			t.Errorf("slack %d: %d requests are not kept, want %d", c.slack, got, c.after)
		}
		for _, p := range m.Domains[0].Segments[0].Points {
			if !p.Assumed.Contains(p.Offset) || !p.Likely.Contains(p.Offset) {
				t.Errorf("slack %d: the estimate %d is outside of %v", c.slack, p.Offset, p.Assumed)
			}
		}
		for _, p := range m.Domains[1].Segments[0].Points {
			if p.Offset != 0 {
				t.Errorf("the reference was moved by %d", p.Offset)
			}
		}
		if c.after > 0 {
			continue
		}
		// Calls that the envelope does not hold are kept too.
		for i := range int64(400) {
			sent := int64(1e18) + i*5e7
			p, _ := m.Domains[0].At(sent+40_000, m.MaxDriftPPM)
			if p.Offset > 40_000 {
				t.Fatalf("call %d arrives %d ns early", i, p.Offset-40_000)
			}
		}
	}
}

// The estimate of a step is put before a request that only the side behind allows, and behind one that only the
// side before does. The bracket stays: it is a claim, and rests on no estimate.
func TestPlaceJumps(t *testing.T) {
	for _, size := range []float64{-4e6, 4e6} {
		e := newEdge(false)
		e.quantum = 1
		at := 0.5 - math.Copysign(0.1, -size) // nearer to the side that it cannot be on
		l := link{edge: e, a: 0, b: 1, q: []spot{{xa: at, xb: at, w: 1e5}}}
		steady := clock{knots: []float64{-10, 10}, off: []float64{0, 0}, perKnot: 1.0 / 20}
		stepping := steady
		stepping.jumps = []jump{{x: 0.5, lo: 0, hi: 1, size: size}}
		if size < 0 { // on 0 behind the step
			stepping.off = []float64{-size, -size}
		}
		p := &problem{clocks: []clock{steady, stepping}, links: []link{l}, cov: mat.NewSymDense(2, nil)}
		p.placeJumps()
		j := p.clocks[1].jumps[0]
		if behind := at >= j.x; behind != (size < 0) {
			t.Errorf("size %v: the request at %v and the step at %v", size, at, j.x)
		}
		if j.lo != 0 || j.hi != 1 || j.x < j.lo || j.x > j.hi || math.IsNaN(j.x) {
			t.Errorf("size %v: %v, the bracket was 0..1", size, j)
		}
	}
}

// A request on the wrong side of a jump that nobody knows better is not obeyed: neither the fit nor the projection
// has it.
func TestDropOpen(t *testing.T) {
	at := []float64{-1, -0.2, 0.2, 0.8, 1.2, 2} // the clock was set back by half a second, to a bracket of 0..1
	l := link{edge: newEdge(false), a: 0, b: 1}
	for _, x := range at {
		l.q = append(l.q, spot{xa: x, xb: x})
	}
	l.qc = []cell{{size: 4}, {size: 2}}
	p := &problem{clocks: []clock{{}, {jumps: []jump{{x: 0.5, lo: 0, hi: 1, size: -5e8}}}}, links: []link{l}}
	if !p.dropOpen() {
		t.Error("no clock jumped")
	}
	if q, c := p.links[0].q, p.links[0].qc; len(q) != 2 || q[0].xb != -1 || q[1].xb != 2 || len(c) != 2 || c[0].size != 1 || c[1].size != 1 {
		t.Errorf("left: %v, by cells %v", q, c)
	}
}
