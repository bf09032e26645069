package align

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Where two edges are all that tells, a clock that is far off is not explained by ways more unlike than any
// round trip has room for: estimates stay in the middle of what the calls say.
func TestSolveFewClocks(t *testing.T) {
	const behind = 43e6 // ns, of the third of three in a row
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 3))
		s := NewStatistic(StatOptions{})
		off := []float64{0, 0, -behind}
		for i := range 80 {
			a := i % 2
			at := 30 * r.Float64()
			show := func(h int, after float64) int64 { return base + int64(1e9*at+after+off[h]) }
			there := 260e3 + 40e3*r.ExpFloat64()
			work := 1e6 * r.ExpFloat64()
			back := 255e3 + 40e3*r.ExpFloat64()
			s.Edge(EdgeKey{fmt.Sprint("h", a), fmt.Sprint("h", a+1), fmt.Sprint("s", a), ClassRequest}).Add(Call{
				Sent: show(a, 0), Received: show(a+1, there), Replied: show(a+1, there+work), Answered: show(a, there+work+back), Quantum: 1,
				Earlier: SpanID{[16]byte{1}, r.Uint64()}, Later: SpanID{[16]byte{1}, r.Uint64()},
			})
		}
		m := Solve(s, nil, Options{Reference: "h0"})
		for i, d := range m.Domains {
			for _, g := range d.Segments {
				for _, p := range g.Points {
					if miss := math.Abs(float64(p.Offset) - off[i]); miss > 60e3 {
						t.Errorf("seed %d: %s is %.0f us from the truth", seed, d.Name, miss/1e3)
					}
				}
			}
		}
	}
}

// Steps of clocks that are called a few times a second, of one or of two at nearly the same moment, are found as what
// they are: of the clock that made them, and no slew. In one scene of 24 a clock and one that only it calls are set
// within a second of each other, and are taken for slewed.
func TestSolveFewSteps(t *testing.T) {
	type road struct{ a, b, calls int }
	roads := []road{{0, 1, 50}, {0, 2, 34}, {0, 3, 65}, {2, 4, 34}, {3, 4, 65}, {3, 5, 65}}
	const clocks, seconds = 6, 12.0
	missed := map[uint64]string{}
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 7))
		var off, at, size [clocks]float64 // ns, s, ns
		for h := range clocks {
			off[h], at[h] = 20e6*r.NormFloat64(), math.Inf(1)
		}
		stepped := r.Perm(clocks)[:1+seed%2]
		for _, h := range stepped {
			at[h], size[h] = 5+2*r.Float64(), 5e6*math.Exp(3*r.Float64())
			if r.IntN(2) == 0 {
				size[h] *= -1
			}
		}
		show := func(h int, x, after float64) int64 { // after, in ns, is told by a monotonic clock from x on
			v := off[h] + after
			if x >= at[h] {
				v += size[h]
			}
			return base + int64(1e9*x+v)
		}
		s := NewStatistic(StatOptions{})
		for _, road := range roads {
			for range road.calls {
				x := seconds * r.Float64()
				there, work, back := 1.1e6+3e5*r.ExpFloat64(), 5e6*r.ExpFloat64(), 1.1e6+3e5*r.ExpFloat64()
				s.Edge(EdgeKey{fmt.Sprint("h", road.a), fmt.Sprint("h", road.b), "s", ClassRequest}).Add(Call{
					Sent: show(road.a, x, 0), Received: show(road.b, x+there/1e9, 0), Replied: show(road.b, x+there/1e9, work),
					Answered: show(road.a, x, there+work+back), Quantum: 1,
					Earlier: SpanID{[16]byte{1}, r.Uint64()}, Later: SpanID{[16]byte{1}, r.Uint64()},
				})
			}
		}
		m := Solve(s, nil, Options{})
		for h := range clocks {
			steps := m.Domain(fmt.Sprint("h", h)).Steps
			switch {
			case size[h] == 0 && slices.ContainsFunc(steps, func(s Step) bool { return math.Abs(float64(s.Size)) > 1e5 }):
				missed[seed] = fmt.Sprintf("clock %d ran on, and is said to have been set: %+v", h, steps)
			case size[h] != 0 && (len(steps) != 1 || steps[0].Slew || math.Abs(float64(steps[0].Size)-size[h]) > 6e5):
				missed[seed] = fmt.Sprintf("clock %d was set by %.0f ns once: %+v", h, size[h], steps)
			}
		}
	}
	if len(missed) > 1 {
		t.Errorf("in %d of 24 scenes: %v", len(missed), missed)
	}
}
