package evidence

import (
	"slices"
	"strconv"
	"strings"
)

// MemStats holds what the tail of a heap profile's text says about garbage collection (go1.18 to go1.27:
// runtime/pprof/pprof.go, writeHeapInternal). The protobuf form has none of it.
type MemStats struct {
	NumGC, NumForcedGC uint64
	// LastGC is when the last collection ended, in Unix nanoseconds; 0 if there was none.
	LastGC uint64
	// GCCPUFraction is the share of the CPU time since the start that collections took.
	GCCPUFraction float64
	// HeapAlloc is the size of the heap, NextGC the size at which the next collection ends.
	HeapAlloc, NextGC uint64
	// Pauses and Ends hold the length and the end (Unix nanoseconds) of the last pauses, oldest first: 256 at
	// most, as runtime.MemStats remembers no more.
	Pauses, Ends []uint64
}

// memStat reads one line of the tail. A line that is no number is left out: the runtime writes none.
func (r *debug1Reader) memStat(name, value string) {
	m := r.p.Memory
	if m == nil {
		m = new(MemStats)
		r.p.Memory = m
	}
	switch name {
	case "PauseNs":
		m.Pauses = numbers(value)
	case "PauseEnd":
		m.Ends = numbers(value)
	case "GCCPUFraction":
		if v, err := strconv.ParseFloat(value, 64); err == nil && v >= 0 && v <= 1 {
			m.GCCPUFraction = v
		}
	}
	for field, to := range map[string]*uint64{
		"NumGC": &m.NumGC, "NumForcedGC": &m.NumForcedGC, "LastGC": &m.LastGC, "HeapAlloc": &m.HeapAlloc, "NextGC": &m.NextGC,
	} {
		if v, err := strconv.ParseUint(value, 10, 64); field == name && err == nil {
			*to = v
		}
	}
}

// pauseRing is the length of runtime.MemStats.PauseNs.
const pauseRing = 256

// numbers reads "[1 2 3]"; nil for anything else.
func numbers(s string) []uint64 {
	s, ok1 := strings.CutPrefix(s, "[")
	s, ok2 := strings.CutSuffix(s, "]")
	fields := strings.Fields(s)
	if !ok1 || !ok2 || len(fields) != pauseRing {
		return nil
	}
	out := make([]uint64, 0, pauseRing)
	for _, f := range fields {
		v, err := strconv.ParseUint(f, 10, 64)
		if err != nil {
			return nil
		}
		out = append(out, v)
	}
	return out
}

// settle puts the rings in order: collection n, from 1, is at (n+255)%256 (runtime.MemStats.PauseNs).
func (m *MemStats) settle() {
	if len(m.Pauses) != pauseRing || len(m.Ends) != pauseRing {
		m.Pauses, m.Ends = nil, nil
		return
	}
	n := int(min(m.NumGC, pauseRing))
	first := 0
	if m.NumGC > pauseRing {
		first = int(m.NumGC % pauseRing)
	}
	for _, ring := range []*[]uint64{&m.Pauses, &m.Ends} {
		*ring = slices.Concat((*ring)[first:], (*ring)[:first])[:n]
	}
}
