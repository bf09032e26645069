package align

import (
	"fmt"
	"math"
	"math/rand/v2"
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
