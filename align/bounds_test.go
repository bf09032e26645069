package align

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// fleet is a set of clocks whose truth is known: each runs, between knots of true time, at a constant rate.
type fleet struct {
	start, length int64
	times         []int64     // knots of true time
	read          [][]float64 // offset of clock d at knot k
}

func newFleet(r *rand.Rand, clocks int, length int64, maxPPB int64, spread float64) *fleet {
	f := &fleet{start: base, length: length}
	const pieces = 8
	for k := range pieces + 1 {
		f.times = append(f.times, int64(k)*length/pieces)
	}
	for range clocks {
		off := []float64{math.Round((r.Float64()*2 - 1) * spread)}
		for range pieces {
			rate := (r.Float64()*2 - 1) * float64(maxPPB) / 1e9
			off = append(off, off[len(off)-1]+rate*float64(length/pieces))
		}
		f.read = append(f.read, off)
	}
	return f
}

// offset returns how far clock d is ahead at a true time after the start.
func (f *fleet) offset(d int, t float64) float64 {
	k := 0
	for k < len(f.times)-2 && float64(f.times[k+1]) <= t {
		k++
	}
	a, b := float64(f.times[k]), float64(f.times[k+1])
	return f.read[d][k] + (f.read[d][k+1]-f.read[d][k])*(t-a)/(b-a)
}

// shows returns the reading of clock d, cut to whole nanoseconds.
func (f *fleet) shows(d int, t int64) int64 {
	return f.start + t + int64(math.Floor(f.offset(d, float64(t))))
}

// truth returns the offset of clock d against another (utcClock for true time) when d shows a reading.
func (f *fleet) truth(d, against int, reading int64) float64 {
	t := float64(reading - f.start)
	for range 40 {
		t = float64(reading-f.start) - f.offset(d, t)
	}
	if against == utcClock {
		return f.offset(d, t)
	}
	return f.offset(d, t) - f.offset(against, t)
}

// request returns the constraint of a message from a at true time t that takes a delay.
func (f *fleet) request(a, b int, t, delay int64) constraint {
	from, to := f.shows(a, t), f.shows(b, t+delay)
	return constraint{fromAt: from, toAt: to, weight: to - from, origin: &origin{from: a, to: b, quantum: 1, class: ClassRequest}}
}

func (f *fleet) problem(r *rand.Rand, calls, points int) *boundProblem {
	p := &boundProblem{driftPPB: 500_000}
	n := len(f.read)
	for d := range n {
		c := boundClock{name: fmt.Sprintf("host-%03d", d), reference: anyReference}
		grid := make([]int64, points)
		for k := range grid {
			grid[k] = f.shows(d, int64(k)*f.length/int64(points-1))
		}
		c.grids = [][]int64{grid}
		p.clocks = append(p.clocks, c)
	}
	for range calls {
		a, b := r.IntN(n), r.IntN(n)
		if a != b {
			t := r.Int64N(f.length - 2_000_000)
			p.hard = append(p.hard, f.request(a, b, t, 100_000+int64(r.ExpFloat64()*80_000)))
		}
	}
	return p
}

// check fails where a bound does not hold at instants between the points of the grid.
func (f *fleet) check(t *testing.T, p *boundProblem, res *boundResult, r *rand.Rand, trendsHold bool) (bounded int) {
	t.Helper()
	for d := range p.clocks {
		db := &res.domains[d]
		m := Domain{Reference: p.nameOf(db.reference)}
		for _, s := range db.segments {
			var seg Segment
			for k := range s.at {
				seg.Points = append(seg.Points, Point{At: Instant(s.at[k]), Hard: s.hard[k], Assumed: s.assumed[k]})
			}
			m.Segments = append(m.Segments, seg)
		}
		for range 200 {
			at := f.shows(d, r.Int64N(f.length))
			got, _ := m.At(at, float64(p.driftPPB)/1000)
			truth := f.truth(d, db.reference, at)
			if iv := got.Hard; float64(iv.Low) > truth+1 || float64(iv.High) < truth-1 {
				t.Fatalf("hard bounds %v of clock %d at %d do not hold the truth %.1f", iv, d, at-f.start, truth)
			}
			if iv := got.Assumed; trendsHold && (float64(iv.Low) > truth+1 || float64(iv.High) < truth-1) {
				t.Fatalf("assumed bounds %v of clock %d at %d do not hold the truth %.1f", iv, d, at-f.start, truth)
			}
			if !got.Hard.Open() {
				bounded++
			}
		}
	}
	return bounded
}

func (p *boundProblem) nameOf(domain int) string {
	if domain == utcClock {
		return UTC
	}
	return p.clocks[domain].name
}

// Bounds hold at every instant, for clocks that wander by what the drift allows, whatever the reference.
func TestBoundsHoldTheTruth(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		f := newFleet(r, 2+r.IntN(6), 20_000_000_000, 500_000, 5e9)
		p := f.problem(r, 20+r.IntN(300), 2+r.IntN(30))
		for d := range p.clocks {
			if seed%2 == 0 || len(p.clocks[d].grids) == 0 {
				continue
			}
			// A trend that is near the truth, and one that is nowhere near it: both only tilt hard bounds.
			tr := trend{}
			for k, at := range p.clocks[d].grids[0] {
				if k%3 == 0 {
					tr = append(tr, knot{at, int64(f.truth(d, 0, at)) + int64(seed%3)*r.Int64N(1000)})
				}
			}
			p.clocks[d].trends = []trend{tr}
		}
		if seed%3 == 0 {
			for range 5 {
				d, at := r.IntN(len(p.clocks)), r.Int64N(f.length)
				reading := f.shows(d, at)
				err := r.Int64N(2_000_000)
				off := int64(f.truth(d, utcClock, reading)) + int64((r.Float64()*2-1)*float64(err))
				p.hard = append(p.hard, readingConstraints(d, Reading{At: reading - 1000, Until: reading + 500, Offset: off, Error: err + 2})...)
			}
		}
		res := solveBounds(p)
		if len(res.conflicts) > 0 {
			t.Fatalf("seed %d: honest clocks in conflict: %+v", seed, res.conflicts)
		}
		if f.check(t, p, res, r, false) == 0 {
			t.Errorf("seed %d: nothing is bounded", seed)
		}
	}
}
