package align

import (
	"math"
	"slices"
)

// Whether ends of callee spans are the answers they are taken for can be told without any clock: a round
// trip, the caller's duration less the callee's, holds no offset.

const (
	// lateImpossible is the share of answered calls that may last longer at the callee than at the caller.
	// Above it, others will hide among the possible round trips. gRPC shows 0.0002 to 0.002 where nothing is
	// wrong, and then a robust fit passes over the few that hide.
	lateImpossible = 0.005
	// lateFloor: a least round trip below this share of the one that 5 % are below is no floor.
	lateFloor = 0.35
	// lateShare is the share of sampled round trips that may lie left of where they begin in numbers, by more
	// than they spread.
	lateShare = 0.02
)

// testLate marks the edges with late ends, and those whose stamps could not show them.
func (p *problem) testLate() {
	for i := range p.links {
		l := &p.links[i]
		var late bool
		if late, l.lateRatio = l.edge.lateEnds(); l.twoWay {
			l.late, l.blunt = late, !late && l.edge.blunt()
		}
	}
}

// lateEnds reports whether callee spans often end after the answer left, and returns the share of answered calls
// that ended late for certain or, where they often do, lie before the leading edge.
func (e *Edge) lateEnds() (late bool, ratio float64) {
	total := e.answered + e.impossible
	of := float64(max(1, total))
	ratio = float64(e.impossible) / of
	late = float64(e.impossible) > lateImpossible*float64(total) && e.impossible > 1
	if !late && (e.answered < 40 || e.blunt()) {
		return false, ratio
	}
	n, sampled := e.stragglers()
	share := float64(n) / float64(max(1, sampled))
	late = late || float64(e.minRTT) < lateFloor*float64(e.rttQuantile(0.05)) || n > 2 && share > lateShare
	if late {
		ratio += float64(e.answered) * share / of
	}
	return late, ratio
}

// rttQuantile returns the least round trip of the bin in which the quantile of the possible ones lies.
func (e *Edge) rttQuantile(q float64) int64 {
	sum, stop := int64(0), int64(q*float64(e.answered))
	for bin := 1; bin < len(e.rtt); bin++ {
		if sum += e.rtt[bin]; sum > stop {
			return rttOf(bin)
		}
	}
	return 0
}

// stragglers counts the sampled round trips before the leading edge of their distribution. Delays have a
// floor and a tail above it, so that they rise at once; late ends put a slope before the rise. How far they
// spread is told by the longer half, which late ends leave alone.
func (e *Edge) stragglers() (n, of int) {
	var rtts []float64
	for _, s := range e.sample {
		if s.t4 != 0 {
			rtts = append(rtts, float64(s.u-s.l))
		}
	}
	if len(rtts) < 20 {
		return 0, len(rtts)
	}
	slices.Sort(rtts)
	scale := max((quantile(rtts, 0.75)-quantile(rtts, 0.5))/math.Ln2, 2*float64(e.quantum))
	n, _ = slices.BinarySearch(rtts, floorOf(rtts, scale)-scale)
	return n, len(rtts)
}
