package align

import "slices"

// Whether ends of callee spans are the answers they are taken for can be told without any clock: a round
// trip, the caller's duration less the callee's, holds no offset.

const (
	// lateImpossible is the share of answered calls that may last longer at the callee than at the caller.
	// Above it, others will hide among the possible round trips. gRPC shows 0.0002 to 0.002 where nothing is
	// wrong, and then a robust fit passes over the few that hide.
	lateImpossible = 0.005
	// lateFloor: a least round trip below this share of the one that 5 % are below is no floor.
	lateFloor = 0.35
	// lateShare is the share of calls left of the leading edge of the round trips' histogram.
	lateShare = 0.01
)

// testLate marks the edges with late ends.
func (p *problem) testLate() {
	for i := range p.links {
		l := &p.links[i]
		if l.twoWay {
			l.late = l.edge.lateEnds()
		}
	}
}

// lateEnds reports whether callee spans often end after the answer left.
func (e *Edge) lateEnds() bool {
	total := e.answered + e.impossible
	if float64(e.impossible) > lateImpossible*float64(total) && e.impossible > 1 {
		return true
	}
	if e.answered < 40 {
		return false
	}
	if low := e.rttQuantile(0.05); float64(e.minRTT) < lateFloor*float64(low) {
		return true
	}
	edge := e.leadingEdge()
	if edge == 0 {
		return false
	}
	before := int64(0)
	for bin := 1; bin < edge-1; bin++ { // the bin before the edge may hold the edge itself
		before += e.rtt[bin]
	}
	return before > 2 && float64(before) > lateShare*float64(e.answered)
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

// leadingEdge returns the bin in which round trips begin in numbers: the first that holds a third of what
// the fullest holds. Delays have a floor and a tail above it, so that their histogram rises at once; late
// ends put a slope before the rise.
func (e *Edge) leadingEdge() int {
	most := slices.Max(e.rtt[1:])
	for bin := 1; bin < len(e.rtt); bin++ {
		if 3*e.rtt[bin] >= most {
			return bin
		}
	}
	return 0
}

// lateRatio is the share of answered calls that ended late for certain or lie before the leading edge.
func (e *Edge) lateRatio() float64 {
	n := e.impossible
	if edge := e.leadingEdge(); e.lateEnds() && edge > 0 {
		for bin := 1; bin < edge-1; bin++ {
			n += e.rtt[bin]
		}
	}
	return float64(n) / float64(max(1, e.answered+e.impossible))
}
