package align

import (
	"cmp"
	"math"
	"slices"
)

// slewing takes an event that no jump explains as a stretch in which the clock ran fast or slow.
func (p *problem) slewing(ev event, bins int, tracks []track) bool {
	var list []int
	for i := range tracks {
		switch ev.clock {
		case tracks[i].link.b:
			list = append(list, i)
		case tracks[i].link.a:
			list = append(list, ^i)
		}
	}
	jumps, agree := p.changes(bins, tracks, list)
	from, to := ev.bin, ev.bin
	goes := func(b int) bool {
		return b >= 0 && b < bins && jumps[b]*ev.size > 0 && math.Abs(jumps[b]) > max(math.Abs(ev.size)/10, eventLeast) && agree[b] >= eventAgree/2
	}
	for goes(from - 1) {
		from--
	}
	for goes(to + 1) {
		to++
	}
	c := &p.clocks[ev.clock]
	s := stretch{p.binStart(from-1, bins), p.binStart(to+2, bins)}
	for _, have := range c.slews {
		if s.lo >= have.lo && s.hi <= have.hi {
			return false
		}
	}
	c.slews = append(c.slews, s)
	slices.SortFunc(c.slews, func(a, b stretch) int { return cmp.Compare(a.lo, b.lo) })
	merged := c.slews[:1]
	for _, s := range c.slews[1:] {
		if last := &merged[len(merged)-1]; s.lo <= last.hi {
			last.hi = max(last.hi, s.hi)
		} else {
			merged = append(merged, s)
		}
	}
	c.slews = merged
	return true
}
