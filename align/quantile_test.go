package align

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestNth holds nth against sorting: what stands at n, and what is on either side of it.
func TestNth(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	values := []func() float64{
		r.ExpFloat64,
		func() float64 { return float64(r.IntN(4)) }, // few different ones
		func() float64 { return 1 },
		func() float64 {
			return []float64{math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), r.NormFloat64()}[r.IntN(5)]
		},
	}
	for range 2000 {
		v := make([]float64, 1+r.IntN(300))
		value := values[r.IntN(len(values))]
		for i := range v {
			v[i] = value()
		}
		sorted, n := slices.Sorted(slices.Values(v)), r.IntN(len(v))
		if got := nth(v, n); got != sorted[n] {
			t.Fatalf("nth of %d at %d: %v, want %v", len(v), n, got, sorted[n])
		}
		for i, x := range v {
			if i < n && x > v[n] || i > n && x < v[n] {
				t.Fatalf("nth of %d at %d: %v stands at %d, %v at %d", len(v), n, x, i, v[n], n)
			}
		}
		slices.Sort(v)
		if !slices.Equal(v, sorted) {
			t.Fatal("nth lost values")
		}
	}
	if v := []float64{2, math.NaN(), 1}; nth(v, 1) != 1 || !math.IsNaN(nth(v, 0)) {
		t.Errorf("NaN has no place: %v", v)
	}
}
