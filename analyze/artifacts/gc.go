package artifacts

import (
	"slices"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/internal/chance"
)

// gcConfidence is that of the bounds of a median: captures are compared bound against bound, where 95 % would
// call one of 150 pairs different that are not.
const gcConfidence = 0.99

// measureGC reports the garbage collector's figures of a heap profile's text form.
func measureGC(p *analyze.Pass, a *evidence.Artifact) {
	m := a.Profile.Memory
	if m == nil || m.NumGC == 0 {
		return
	}
	measure := func(name, unit string, v float64) { p.Measure(name, unit, v, "artifact", a.Path) }
	measure("gc.cycles", "cycles", float64(m.NumGC))
	measure("gc.forced", "cycles", float64(m.NumForcedGC))
	measure("gc.cpu_ratio", "ratio", m.GCCPUFraction)
	measure("gc.heap_bytes", "bytes", float64(m.HeapAlloc))
	measure("gc.next_bytes", "bytes", float64(m.NextGC))
	p.Measures(median("gc.pause_ns", a.Path, m.Pauses)...)
	var between []uint64
	for i := 1; i < len(m.Ends); i++ {
		if m.Ends[i] >= m.Ends[i-1] { // the wall clock may have been set back
			between = append(between, m.Ends[i]-m.Ends[i-1])
		}
	}
	p.Measures(median("gc.interval_ns", a.Path, between)...)
}

// median makes a measure of the median, with bounds where there are enough values for any.
func median(name, path string, values []uint64) []analyze.Measure {
	if len(values) == 0 {
		return nil
	}
	s := slices.Sorted(slices.Values(values))
	m := analyze.M(name, "ns", float64(s[len(s)/2]), "artifact", path)
	if low, high, ok := chance.Median(len(s), gcConfidence); ok {
		l, h := float64(s[low]), float64(s[high])
		m.Low, m.High = &l, &h
	}
	return []analyze.Measure{m}
}
