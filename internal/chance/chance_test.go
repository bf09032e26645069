package chance

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(t *testing.T, what string, got, want, by float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > by {
		t.Errorf("%s is %.8g, want %.8g", what, got, want)
	}
}

// brute is Shares by the definition, term by term.
func brute(x1, n1, x2, n2 int) float64 {
	total := x1 + x2
	h := hypergeometric{n1, n2, total}
	var below, above float64
	for k := max(0, total-n2); k <= min(n1, total); k++ {
		if k <= x1 {
			below += h.mass(k)
		}
		if k >= x1 {
			above += h.mass(k)
		}
	}
	return min(1, 2*min(below, above))
}

func TestSharesByDefinition(t *testing.T) {
	for n1 := 1; n1 < 9; n1++ {
		for n2 := 1; n2 < 9; n2++ {
			for x1 := 0; x1 <= n1; x1++ {
				for x2 := 0; x2 <= n2; x2++ {
					got, want := Shares(x1, n1, x2, n2), brute(x1, n1, x2, n2)
					if math.Abs(got.P-want) > 1e-9 || got.P < got.Least-1e-12 {
						t.Fatalf("%d of %d and %d of %d: %+v, want %v", x1, n1, x2, n2, got, want)
					}
					if back := Shares(x2, n2, x1, n1); back != got {
						t.Fatalf("%d of %d and %d of %d is %+v, swapped %+v", x1, n1, x2, n2, got, back)
					}
				}
			}
		}
	}
}

// Values of R 4: fisher.test doubles no tail, so its one-sided p is doubled; poisson.test(c(3, 12)).
func TestKnownValues(t *testing.T) {
	near(t, "Fisher's tea", Shares(1, 4, 3, 4).P, 2*17.0/70, 1e-12)
	near(t, "3 against 12", Counts(3, 12, 1, 1).P, 0.03515625, 1e-9)
	low, high := Wilson(10, 100, 0.95)
	near(t, "Wilson low", low, 0.0552, 5e-5)
	near(t, "Wilson high", high, 0.1744, 5e-5)
	// Newcombe (1998), table II, case (a): 56/70 − 48/80.
	low, high = ShareChange(48, 80, 56, 70, 0.95)
	near(t, "Newcombe low", low, 0.0524, 5e-5)
	near(t, "Newcombe high", high, 0.3339, 5e-5)
	low, high = poisson(10, 0.95)
	near(t, "Garwood low", low, 4.7954, 1e-4)
	near(t, "Garwood high", high, 18.3904, 1e-4)
	near(t, "t of 3 degrees", studentT(0.95, 3), 3.182446, 1e-5)
	if l, h, ok := Median(10, 0.95); !ok || l != 1 || h != 8 {
		t.Errorf("median of 10 lies between ranks %d and %d, %v, want 1 and 8", l, h, ok)
	}
	if _, _, ok := Median(5, 0.95); ok {
		t.Error("five values bound no median")
	}
}

func TestSwappedCounts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		x1, x2, t1, t2 := r.IntN(40), r.IntN(40), 1+r.Float64(), 1+r.Float64()
		if a, b := Counts(x1, x2, t1, t2), Counts(x2, x1, t2, t1); a != b {
			t.Fatalf("%d and %d: %+v, swapped %+v", x1, x2, a, b)
		}
	}
}

func TestLevel(t *testing.T) {
	for _, c := range []struct {
		least []float64
		level float64
		tests int
	}{
		{nil, 0.05, 0},
		{[]float64{0.001}, 0.05, 1},
		{[]float64{0.001, 0.001}, 0.025, 2},
		{[]float64{0.001, 0.5, 0.5, 0.5}, 0.05, 1},
		{[]float64{0.001, 0.03, 0.5}, 0.05 / 2, 2},
	} {
		level, tests := Level(c.least, 0.05)
		if level != c.level || tests != c.tests {
			t.Errorf("%v: level %v of %d tests, want %v of %d", c.least, level, tests, c.level, c.tests)
		}
	}
}

func TestDetectable(t *testing.T) {
	d, ok := Detectable(100, 1000, 1000, 0.01)
	if !ok || d < 0.03 || d > 0.05 {
		t.Errorf("detectable growth of 10 %% in 1000 is %v, %v", d, ok)
	}
	x2 := int(math.Round((0.1 + d) * 1000))
	if Shares(100, 1000, x2, 1000).P > 0.01 || Shares(100, 1000, x2-1, 1000).P <= 0.01 {
		t.Errorf("%d of 1000 is not the least that tells", x2)
	}
	if _, ok := Detectable(1, 3, 3, 0.01); ok {
		t.Error("three trials tell nothing")
	}
}

func TestLine(t *testing.T) {
	s := Line([]float64{0, 1, 2, 3}, []float64{1, 3, 5, 7}, 0.95)
	if s.Rate != 2 || s.Low != 2 || s.High != 2 || s.Level != 4 || !s.Known {
		t.Errorf("a straight line is %+v", s)
	}
	if s := Line([]float64{0, 1}, []float64{1, 3}, 0.95); s.Known || s.Rate != 2 {
		t.Errorf("two points are %+v", s)
	}
	if s := Line([]float64{1, 1, 1}, []float64{1, 3, 5}, 0.95); s.Known || s.Rate != 0 {
		t.Errorf("one moment is %+v", s)
	}
}
