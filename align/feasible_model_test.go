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

// Requests that the estimates contradict are kept afterwards, inside the bounds, and the reference stays. What cannot be
// kept is counted, also of calls that the statistic does not hold.
func TestSettleModel(t *testing.T) {
	const calls = 400
	collect := func(o StatOptions) *Statistic {
		stat := NewStatistic(o)
		e := stat.Edge(EdgeKey{Caller: "ref", Callee: "b", Class: ClassRequest})
		for i := range int64(calls) {
			sent := int64(1e18) + i*5e7
			e.Add(Call{Sent: sent, Received: sent + 40_000, Replied: sent + 50_000, Answered: sent + 200_000, Quantum: 1,
				Later: SpanID{Span: uint64(i + 1)}})
		}
		return stat
	}
	for _, slack := range []int64{100_000, 1000} {
		// The estimate of b says that requests take 40 µs less than 60 in the middle: they arrive too early.
		m := &Model{Trust: TrustAssumed, MaxDriftPPM: DefaultMaxDriftPPM, Pairs: []Pair{{Caller: "ref", Callee: "b"}}, Domains: []Domain{
			bentDomain("b", StatusAligned, slack, 30_000, 60_000, 30_000), bentDomain("ref", StatusReference, 0, 0, 0, 0),
		}}
		settleModel(m, collect(StatOptions{}), NewStatistic(StatOptions{}), collect)
		early := 0
		for i := range int64(calls) {
			if p, _ := m.Domains[0].At(1e18+i*5e7+40_000, m.MaxDriftPPM); p.Offset > 40_000 {
				early++
			}
		}
		if got := m.Pairs[0].After; got != early || (early > 0) != (slack == 1000) {
			t.Errorf("slack %d: %d requests are said not to be kept, %d are not", slack, got, early)
		}
		for _, p := range m.Domains[0].Segments[0].Points {
			if !p.Assumed.Contains(p.Offset) || !p.Likely.Contains(p.Offset) {
				t.Errorf("slack %d: the estimate %d is outside of %v", slack, p.Offset, p.Assumed)
			}
		}
		for _, p := range m.Domains[1].Segments[0].Points {
			if p.Offset != 0 {
				t.Errorf("the reference was moved by %d", p.Offset)
			}
		}
	}
}

// A clock between one that is known and one that is much better known moves both ways, until both ties are kept.
func TestWalkMovesBoth(t *testing.T) {
	at := func(offset, half int64) pin {
		p := Point{Offset: offset, Assumed: Unbounded, Likely: Interval{offset - half, offset + half}}
		return pin{points: []Point{p}, trust: TrustAssumed}
	}
	ref, x, y := at(0, 0), at(-3, 1e6), at(-3, 10)
	ref.fixed = true
	s := &settling{ties: []tie{{late: ref, early: x, most: 0}, {late: x, early: y, most: 0}}}
	for range tieWalks {
		s.walk()
	}
	for i := range s.ties {
		if rest := s.ties[i].rest(); rest < 0 {
			t.Errorf("tie %d is off by %d", i, rest)
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
		p.placeJumps(NewStatistic(StatOptions{}))
		j := p.clocks[1].jumps[0]
		if behind := at >= j.x; behind != (size < 0) {
			t.Errorf("size %v: the request at %v and the step at %v", size, at, j.x)
		}
		if j.lo != 0 || j.hi != 1 || j.x < j.lo || j.x > j.hi || math.IsNaN(j.x) {
			t.Errorf("size %v: %v, the bracket was 0..1", size, j)
		}
	}
}

// A jump goes to where it meets the most demands, and no further than it must.
func TestHeed(t *testing.T) {
	for _, c := range []struct {
		demands []demand
		lo, hi  float64
	}{
		{nil, 5, 5},
		{[]demand{{3, -1}, {7, 1}}, 5, 5},
		{[]demand{{4, 1}, {2, -1}}, 4, 4},
		{[]demand{{6, -1}, {8, 1}}, 6, 6.01},
		{[]demand{{4, 1}, {6, -1}, {6.5, -1}}, 6.5, 6.51},
		{[]demand{{3, 1}, {4, 1}, {6, -1}}, 3, 3},
	} {
		j := jump{x: 5, lo: 0, hi: 10}
		if j.heed(c.demands); j.x < c.lo || j.x > c.hi || j.lo != 0 || j.hi != 10 {
			t.Errorf("%v: at %v, want %v to %v", c.demands, j.x, c.lo, c.hi)
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
