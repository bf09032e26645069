package clockeval

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/witnessmark/witnessmark/internal/clocksim"
)

func TestCompareProducts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	edges := []int64{0, 1, -1, math.MaxInt64, -math.MaxInt64, 1 << 40}
	pick := func() int64 {
		if i := rng.IntN(12); i < len(edges) {
			return edges[i]
		}
		return rng.Int64() - rng.Int64()
	}
	for range 20_000 {
		a, b, c, d := pick(), pick(), pick(), pick()
		want := new(big.Int).Mul(big.NewInt(a), big.NewInt(b)).Cmp(new(big.Int).Mul(big.NewInt(c), big.NewInt(d)))
		if got := compareProducts(a, b, c, d); got != want {
			t.Fatalf("%d*%d against %d*%d: got %d, want %d", a, b, c, d, got, want)
		}
	}
}

// The extreme lines must lie between all points, and none steeper may.
func TestExtremes(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		rate, off := rng.NormFloat64()*1e-5, rng.Float64()*1e6
		var upper, lower []point
		for range 200 {
			at := rng.Int64N(1e12)
			y := int64(off + rate*float64(at))
			upper = append(upper, point{at, y + 1e5 + int64(8e4*rng.ExpFloat64())})
			at = rng.Int64N(1e12)
			lower = append(lower, point{at, int64(off+rate*float64(at)) - 1e5 - int64(8e4*rng.ExpFloat64())})
		}
		b := newBounds(upper, lower)
		steep, flat, ok := b.extremes()
		if !ok {
			t.Fatal("no line")
		}
		most, least := float64(steep.num)/float64(steep.den), float64(flat.num)/float64(flat.den)
		if most < rate || least > rate {
			t.Fatalf("true rate %g outside [%g, %g]", rate, least, most)
		}
		for _, l := range []line{steep, flat} {
			for _, p := range upper {
				if l.at(float64(p.t)) > float64(p.y)+1 {
					t.Fatalf("line above an upper point by %g", l.at(float64(p.t))-float64(p.y))
				}
			}
			for _, p := range lower {
				if l.at(float64(p.t)) < float64(p.y)-1 {
					t.Fatalf("line below a lower point by %g", float64(p.y)-l.at(float64(p.t)))
				}
			}
		}
		offset, r, gap := b.widest()
		if gap < 2e5-1 || math.Abs(offset+r*5e11-off-rate*5e11) > 1e5 {
			t.Fatalf("widest line is %g off with gap %g", offset+r*5e11-off-rate*5e11, gap)
		}
	}
}

// Jaeger's table in clockskew_test.go at jaegertracing/jaeger: parent and child as start and duration.
func TestJaegerRule(t *testing.T) {
	for _, c := range []struct {
		name              string
		start, long, want int64
		sameHost          bool
	}{
		{"fits", 10, 50, 10, false},
		{"begins early: centred", -10, 50, 25, false},
		{"ends late: centred", 80, 50, 25, false},
		{"longer, early: to the parent's start", -10, 150, 0, false},
		{"longer, late: stays", 20, 150, 20, false},
		{"same host: stays", -10, 50, -10, true},
	} {
		s := &clocksim.Scene{
			Machines: []clocksim.Machine{{Name: "a"}, {Name: "b"}},
			Spans: []clocksim.Span{
				{Parent: -1, StartReading: 1000, EndRead: 1100, Role: clocksim.Client},
				{Parent: 0, Machine: 1, StartReading: 1000 + c.start, EndRead: 1000 + c.start + c.long},
			},
			Calls: []clocksim.Call{{Earlier: 0, Later: 1}},
		}
		if c.sameHost {
			s.Machines[1].Name = "a"
		}
		if got := Jaeger(s)[0]; got != c.want {
			t.Errorf("%s: child at %d, want %d", c.name, got, c.want)
		}
	}
}

// Zipkin's three cases of a clock that is behind, and one that is ahead.
func TestZipkinRule(t *testing.T) {
	for _, c := range []struct {
		name              string
		start, long, want int64
	}{
		{"behind: centred", -10_000, 50_000, 25_000},
		{"behind and longer: one microsecond after", -10_000, 150_000, 1_000},
		{"ahead: never moved", 80_000, 50_000, 80_000},
	} {
		s := &clocksim.Scene{
			Machines: []clocksim.Machine{{Name: "a"}, {Name: "b"}},
			Spans: []clocksim.Span{
				{Parent: -1, StartReading: 1_000_000, EndRead: 1_100_000, Role: clocksim.Client},
				{Parent: 0, Machine: 1, StartReading: 1_000_000 + c.start, EndRead: 1_000_000 + c.start + c.long},
			},
			Calls: []clocksim.Call{{Earlier: 0, Later: 1}},
		}
		if got := Zipkin(s)[0]; got != c.want {
			t.Errorf("%s: child at %d, want %d", c.name, got, c.want)
		}
	}
}

// The competitors must be as good as published where their assumptions hold, or beating them is nothing.
func TestCompetitorsAreSound(t *testing.T) {
	p, _ := clocksim.Scenario("ideal-sym")
	p.CallsPerMinute = 10
	p.Clocks.Wander = 0
	s := clocksim.Generate(p, 11)
	for name, most := range map[string]float64{"jaeger": 40e3, "midpoint": 40e3, "tc-hull": 20e3, "hull-mst": 4e3} {
		for _, m := range Methods() {
			if m.Name != name {
				continue
			}
			if got := Quantile(Errors(s, m.Place(s)), 0.5); got > most || got == 0 {
				t.Errorf("%s: median error %.0f ns, want at most %.0f", name, got, most)
			}
		}
	}
}
