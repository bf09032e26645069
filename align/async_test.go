package align

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// response returns the constraint of an answer from b back to a that takes a delay, or, where late is
// positive, of one that b's span outlasts.
func (f *fleet) response(a, b int, t, delay, late int64) constraint {
	from, to := f.shows(b, t+late), f.shows(a, t+delay)
	return constraint{fromAt: from, toAt: to, weight: to - from, origin: &origin{from: b, to: a, quantum: 1, class: ClassResponse}}
}

// A response that the closure of requests refutes is reported and not used; others are used only where
// no request goes the same way: a bound over other clocks adds up their delays.
func TestResponses(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 12))
	f := newFleet(r, 4, 10_000_000_000, 20_000, 1e8)
	p := f.problem(r, 0, 5)
	for i := range int64(80) {
		at := 100_000_000 * (i + 1)
		// Clocks 0 to 2 call each other in a circle; 3 is only called.
		for c := range 3 {
			p.hard = append(p.hard, f.request(c, (c+1)%3, at+r.Int64N(1e6), 100_000+r.Int64N(50_000)))
		}
		p.hard = append(p.hard, f.request(0, 3, at, 100_000+r.Int64N(50_000)))
		p.responses = append(p.responses, f.response(0, 3, at+5_000_000, 100_000+r.Int64N(50_000), 0))
		p.responses = append(p.responses, f.response(0, 1, at+5_000_000, 100_000+r.Int64N(50_000), 0))
		p.responses = append(p.responses, f.response(0, 2, at+5_000_000, 100_000+r.Int64N(50_000), 0))
	}
	lie := len(p.responses)
	p.responses = append(p.responses, f.response(0, 2, 4_000_000_000, 100_000, 60_000_000))
	for d := range p.clocks {
		p.clocks[d].reference = 0
	}
	res := solveBounds(p)
	if len(res.async) != 1 || res.async[0].response != lie || res.async[0].by < 50_000_000 {
		t.Fatalf("got %+v, want response %d by some 60 ms", res.async, lie)
	}
	if len(res.conflicts) != 0 {
		t.Fatalf("a response contradicts: %+v", res.conflicts)
	}
	for d, usesAnswers := range []bool{false, false, false, true} {
		s := &res.domains[d].segments[0]
		if open := s.hard[2].Open(); open != usesAnswers {
			t.Errorf("clock %d: hard bounds %v", d, s.hard[2])
		}
		if s.assumed[2].Open() {
			t.Errorf("clock %d: assumed bounds %v are open", d, s.assumed[2])
		}
	}
	if w := res.domains[1].segments[0].assumed[2].Width(); w > 350_000 {
		t.Errorf("bounds of clock 1, %d ns wide, lead over clock 2", w)
	}
	for _, e := range res.proof.Constraints {
		if e.Class == "A1" && e.From == "host-002" {
			t.Errorf("an answer is used where requests bound: %+v", e)
		}
	}
}

// Of many answers, a thin tail of false ones is ignored.
func TestThinTailOfLateEnds(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 13))
	var pool []timedValue
	for range 2000 {
		pool = append(pool, timedValue{0, 500_000 + int64(r.ExpFloat64()*80_000)})
	}
	for range 4 {
		pool = append(pool, timedValue{0, -2_000_000 - r.Int64N(1_000_000)})
	}
	if got := densityEdge(pool); got < 500_000 || got > 510_000 {
		t.Errorf("the leading edge is %d, want 500,000 and little more", got)
	}
}

// Two readings against UTC that cannot both be right are a contradiction with a name.
func TestFalseReading(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 14))
	f := newFleet(r, 2, 10_000_000_000, 20_000, 1e6)
	p := f.problem(r, 100, 3)
	read := func(d int, source string, off int64) {
		at := f.shows(d, 5_000_000_000)
		truth := int64(f.truth(d, utcClock, at))
		p.hard = append(p.hard, readingConstraints(d, Reading{At: at, Until: at, Offset: truth + off, Error: 1_000_000, Source: source})...)
	}
	read(0, "honest", 0)
	read(1, "honest", 0)
	read(1, "liar", 400_000_000)
	res := solveBounds(p)
	if len(res.conflicts) != 1 {
		t.Fatalf("got %d contradictions, want 1", len(res.conflicts))
	}
	c := res.conflicts[0]
	if len(c.Edges) != 2 || c.Sum > -300_000_000 || !strings.Contains(c.Retraction, "states about the clock of host-001 is false") {
		t.Errorf("got %+v", c)
	}
	if res.domains[0].inConflict || !res.domains[1].inConflict {
		t.Error("the wrong clock is in conflict")
	}
}
