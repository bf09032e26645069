package evidence

import (
	"cmp"
	"slices"
)

// bootDrift, in parts per billion, is by how much the distance of a wall clock to the monotonic clock may change by
// itself, and bootJitter, in nanoseconds, how far apart the two were read at most but for a thread that slept.
const (
	bootDrift  = 500_000
	bootJitter = 1_000_000
)

// dateByBoot dates the rows that only tell the monotonic clock, such as those of ptp4l: one snapshot of both clocks
// anchors all that the same boot of the same machine counted. The monotonic clock begins anew with a boot, so where
// the snapshots of a clock are of two, nothing tells which of them a row is of, and it stays undated; that a log is of
// the boot of the only snapshots is an assumption.
func dateByBoot(b *Bundle) {
	snapshots := map[string][]*ClockReading{}
	waiting := false
	for i := range b.Clocks {
		r := &b.Clocks[i]
		waiting = waiting || r.Kind != ClockSnapshot && r.Mono > 0 && r.At == 0
		if r.Kind == ClockSnapshot && r.Domain != "" {
			snapshots[r.Domain] = append(snapshots[r.Domain], r)
		}
	}
	if !waiting {
		return
	}
	for domain, list := range snapshots {
		slices.SortFunc(list, func(a, b *ClockReading) int { return cmp.Compare(a.Wall, b.Wall) })
		for i := 1; i < len(list); i++ {
			if list[i].Mono < list[i-1].Mono { // as after a reboot; a clock that was set back is rare
				delete(snapshots, domain)
				break
			}
		}
	}
	for i := range b.Clocks {
		if r := &b.Clocks[i]; r.Kind != ClockSnapshot && r.Mono > 0 && r.At == 0 {
			r.dateBy(snapshots[r.Domain])
		}
	}
}

// dateBy dates a row by the nearest snapshot.
func (r *ClockReading) dateBy(snapshots []*ClockReading) {
	var near *ClockReading
	apart := func(s *ClockReading) int64 { return absNanos(r.Mono - s.Mono) }
	for _, s := range snapshots {
		if near == nil || apart(s) < apart(near) {
			near = s
		}
	}
	if near == nil {
		return
	}
	room := apart(near)/1e9*bootDrift + bootDrift + bootJitter
	if r.Kind == ClockStep {
		room += absNanos(r.Offset) // which of the two clocks the snapshot is of is open
	}
	at, fits := addNanos(near.Wall, r.Mono-near.Mono)
	if from, ok1 := addNanos(at, -room); fits && ok1 && from > 0 {
		if to, ok2 := addNanos(at, room); ok2 {
			r.At, r.Until = from, to
		}
	}
}
