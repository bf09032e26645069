package align

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

// More evidence leaves every hard bound or tightens it, at every instant and to the nanosecond.
func TestEvidenceNeverWidens(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 5))
		f := newFleet(r, 3+r.IntN(4), 10_000_000_000, 400_000, 1e9)
		p := f.problem(r, 300, 2+r.IntN(12))
		for d := range p.clocks {
			p.clocks[d].reference = 0
			g := p.clocks[d].grids[0]
			p.clocks[d].trends = []trend{{{g[0], r.Int64N(1e9)}, {g[len(g)-1], r.Int64N(1e9)}}}
		}
		all := p.hard
		var before *boundResult
		for n := 10; n <= len(all); n += 1 + r.IntN(len(all)/4) {
			p.hard = all[:n]
			now := solveBounds(p)
			for d := range p.clocks {
				for k := range p.clocks[d].grids[0] {
					iv := now.domains[d].segments[0].hard[k]
					if before == nil {
						continue
					}
					if was := before.domains[d].segments[0].hard[k]; iv.Low < was.Low || iv.High > was.High {
						t.Fatalf("seed %d: %d constraints widen the bounds of clock %d from %v to %v", seed, n, d, was, iv)
					}
				}
			}
			before = now
		}
	}
}

// A clock that shows c more has an offset that is c greater, and nothing else changes.
func TestShiftMovesOneClockOnly(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 6))
		f := newFleet(r, 4, 10_000_000_000, 100_000, 1e9)
		p := f.problem(r, 150, 9)
		for d := range p.clocks {
			p.clocks[d].reference = 0
			g := p.clocks[d].grids[0]
			if d > 0 {
				p.clocks[d].trends = []trend{{{g[0], -r.Int64N(1e9)}, {g[4], r.Int64N(1e9)}, {g[8], 7}}}
			}
		}
		by, who := r.Int64N(1e12)-5e11, 1+r.IntN(3)
		moved := *p
		moved.clocks = nil
		for d, c := range p.clocks {
			if d == who {
				var g []int64
				var tr trend
				for _, at := range c.grids[0] {
					g = append(g, at+by)
				}
				for _, k := range c.trends[0] {
					tr = append(tr, knot{k.at + by, k.offset + by})
				}
				c.grids, c.trends = [][]int64{g}, []trend{tr}
			}
			moved.clocks = append(moved.clocks, c)
		}
		moved.hard = nil
		for _, c := range p.hard {
			if c.from == who {
				c.fromAt, c.weight = c.fromAt+by, c.weight-by
			}
			if c.to == who {
				c.toAt, c.weight = c.toAt+by, c.weight+by
			}
			moved.hard = append(moved.hard, c)
		}
		a, b := solveBounds(p), solveBounds(&moved)
		for d := range p.clocks {
			for k, iv := range a.domains[d].segments[0].hard {
				if d == who {
					for _, v := range []*int64{&iv.Low, &iv.High} {
						if *v != math.MinInt64 && *v != math.MaxInt64 {
							*v += by
						}
					}
				}
				if got := b.domains[d].segments[0].hard[k]; got != iv {
					t.Fatalf("seed %d: clock %d at point %d: got %v, want %v", seed, d, k, got, iv)
				}
			}
		}
	}
}

// The order of constraints changes nothing.
func TestOrderOfConstraints(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	f := newFleet(r, 6, 10_000_000_000, 100_000, 1e9)
	p := f.problem(r, 400, 9)
	a := solveBounds(p)
	r.Shuffle(len(p.hard), func(i, j int) { p.hard[i], p.hard[j] = p.hard[j], p.hard[i] })
	b := solveBounds(p)
	if !reflect.DeepEqual(a.domains, b.domains) {
		t.Error("bounds depend on the order of constraints")
	}
}

// Where trends are the truth, assumed bounds hold it too, and are tighter than hard ones.
func TestAssumedBoundsHoldWhereTrendsDo(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 9))
		f := newFleet(r, 5, 20_000_000_000, 200_000, 1e9)
		p := f.problem(r, 400, 33)
		for d := range p.clocks {
			p.clocks[d].reference = 0
			var tr trend
			for _, at := range p.clocks[d].grids[0] {
				tr = append(tr, knot{at, int64(math.Floor(f.truth(d, 0, at)))})
			}
			p.clocks[d].trends = []trend{tr}
		}
		res := solveBounds(p)
		f.check(t, p, res, r, true)
		var hard, assumed float64
		for d := 1; d < len(p.clocks); d++ {
			for k := range res.domains[d].segments[0].hard {
				hard += float64(res.domains[d].segments[0].hard[k].Width())
				assumed += float64(res.domains[d].segments[0].assumed[k].Width())
			}
		}
		if assumed > hard {
			t.Errorf("seed %d: assumed bounds are %.2f times as wide as hard ones", seed, assumed/hard)
		}
	}
}

// A step is found out only if somebody reports it; the two sides then are bounded apart.
func TestStepsCutAClock(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 10))
	f := newFleet(r, 3, 10_000_000_000, 20_000, 1e6)
	p := f.problem(r, 600, 2)
	const jump, when = 700_000_000, 5_000_000_000
	cut := f.shows(1, when)
	for i := range p.hard {
		c := &p.hard[i]
		if c.from == 1 && c.fromAt > cut {
			c.fromAt, c.weight = c.fromAt+jump, c.weight-jump
		}
		if c.to == 1 && c.toAt > cut {
			c.toAt, c.weight = c.toAt+jump, c.weight+jump
		}
	}
	for d := range p.clocks {
		p.clocks[d].reference = 0
	}
	res := solveBounds(p)
	if len(res.conflicts) != 1 || res.conflicts[0].Sum >= 0 || !res.domains[1].inConflict {
		t.Fatalf("an unreported step: got conflicts %+v, domain %+v", res.conflicts, res.domains[1])
	}
	if res.domains[2].inConflict || res.domains[2].segments[0].hard[0].Open() {
		t.Error("the step of one clock took the bounds of another")
	}
	end := p.clocks[1].grids[0][1] + jump
	p.clocks[1].brackets = []bracket{{cut, cut + jump + 1}}
	p.clocks[1].grids = [][]int64{{p.clocks[1].grids[0][0], cut}, {cut + jump + 1, end}}
	res = solveBounds(p)
	if len(res.conflicts) != 0 {
		t.Fatalf("a reported step contradicts: %+v", res.conflicts)
	}
	before, behind := res.domains[1].segments[0].hard[1], res.domains[1].segments[1].hard[0]
	if truth := int64(f.truth(1, 0, cut)); !before.Contains(truth) || !behind.Contains(truth+jump) {
		t.Errorf("at the step of %d at %d: bounds %v and %v", jump, truth, before, behind)
	}
}

func BenchmarkBounds(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 11))
	f := newFleet(r, 1000, 600_000_000_000, 20_000, 1e9)
	p := f.problem(r, 0, 65)
	for range 10_000 {
		x, y := r.IntN(1000), r.IntN(1000)
		for range 50 {
			if x != y {
				p.hard = append(p.hard, f.request(x, y, r.Int64N(f.length-2_000_000), 100_000+r.Int64N(200_000)))
			}
		}
	}
	for b.Loop() {
		solveBounds(p)
	}
}

// An answer behind a step counts where the spans of its edge are too short to have begun before it. The verifier
// looks at when they began.
func TestEndsBehindAStep(t *testing.T) {
	b := newBoundSolver(&boundProblem{clocks: []boundClock{
		{name: "a", grids: [][]int64{{0}}},
		{name: "b", grids: [][]int64{{0}, {5000}}, brackets: []bracket{{1000, 2000}}},
	}}, &boundResult{proof: &Proof{}})
	answer := func(ended int64, longest spanLengths) *constraint {
		return &constraint{fromAt: ended, toAt: ended, origin: &origin{from: 1, to: 0, class: ClassResponse, longest: longest}}
	}
	for _, x := range []struct {
		name string
		c    *constraint
		node int
	}{
		{"before the step", answer(900, spanLengths{1 << 62, 1 << 62}), 1},
		{"within", answer(1500, spanLengths{}), -1},
		{"as long as ago as the step", answer(2300, spanLengths{500, 300}), 2},
		{"longer", answer(2299, spanLengths{500, 300}), -1},
		{"far longer", answer(2300, spanLengths{500, 1 << 62}), -1},
		{"by itself", &constraint{fromAt: 2300, origin: &origin{
			from: 1, class: ClassResponse, longest: spanLengths{1 << 62, 1 << 62}, samples: []sampled{{t1: 1990, u: 10, t4: 2310, l: -10}}}}, 2},
		{"by itself too long", &constraint{fromAt: 2300, origin: &origin{
			from: 1, class: ClassResponse, samples: []sampled{{t1: 1980, u: 10, t4: 2310, l: -10}}}}, -1},
	} {
		if from, _, _ := b.ends(x.c); from != x.node {
			t.Errorf("%s: node %d, want %d", x.name, from, x.node)
		}
	}
}
