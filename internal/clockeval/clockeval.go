// Package clockeval measures how well clocks are put back together. In goes a scene of clocksim, whose
// truth is known; out come the errors of align and of other methods on the very same calls. The other
// methods are written anew from their sources and published descriptions.
//
// Nothing of it is linked into witnessmark. Its figures hold for what clocksim simulates and are no
// promise about other networks.
package clockeval

import (
	"math"
	"slices"

	"github.com/witnessmark/witnessmark/internal/clocksim"
)

// Placement is what a method says of every call of a scene: how long after the start of the earlier span
// the later span began, in nanoseconds. Where a method says nothing it is the difference of the readings.
type Placement []int64

// Method is another way to correct clocks.
type Method struct {
	Name  string
	Place func(*clocksim.Scene) Placement
}

// Methods lists the competitors.
func Methods() []Method {
	return []Method{
		{Name: "jaeger", Place: Jaeger},
		{Name: "zipkin", Place: Zipkin},
		{Name: "midpoint", Place: Midpoint},
		{Name: "tc-hull", Place: TraceCompass},
		{Name: "hull-mst", Place: HullTree},
	}
}

// raw is the difference of the readings of a call's starts.
func raw(s *clocksim.Scene, i int) int64 {
	c := s.Calls[i]
	return s.Spans[c.Later].StartReading - s.Spans[c.Earlier].StartReading
}

// Errors returns |placed - true| of every call, sorted.
func Errors(s *clocksim.Scene, p Placement) []float64 {
	out := make([]float64, len(p))
	for i := range p {
		out[i] = math.Abs(float64(p[i] - s.Lag(i)))
	}
	slices.Sort(out)
	return out
}

// Quantile of sorted values, 0 of none.
func Quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// Violations returns the share of calls that are placed to begin before they were made.
func Violations(p Placement) float64 {
	n := 0
	for _, lag := range p {
		if lag < 0 {
			n++
		}
	}
	return float64(n) / math.Max(1, float64(len(p)))
}
