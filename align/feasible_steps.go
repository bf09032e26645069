package align

import "math"

// A request tells on which side of a step it was where it contradicts the other side by more than
// sideSigmas of what is known of the two clocks and sideLeast, in ns.
const sideSigmas, sideLeast = 5, 20e3

// placeJumps puts the estimates of when clocks stepped between the requests that can only be from before and
// those that can only be from behind: on the other side, they would arrive before they were sent. The
// brackets, which are claims, stay: these requests rest on the fit, and what looks like a step can be a slew
// of a second, which was under way.
func (p *problem) placeJumps() {
	type limits struct{ lo, hi float64 }
	room := make([][]limits, len(p.clocks))
	for i := range p.clocks {
		for _, j := range p.clocks[i].jumps {
			room[i] = append(room[i], limits{j.lo, j.hi})
		}
	}
	for i := range p.links {
		l := &p.links[i]
		if !p.usable(l) {
			continue
		}
		limit := math.Max(sideSigmas*p.pairSD(l.a, l.b), sideLeast)
		for k := range l.q {
			s := &l.q[k]
			for end, clock := range [2]int{l.a, l.b} {
				x := [2]float64{s.xa, s.xb}[end]
				for n := range room[clock] {
					r := &room[clock][n]
					switch p.sideOf(clock, n, l, s, x, limit) {
					case -1:
						r.lo = max(r.lo, x)
					case 1:
						r.hi = min(r.hi, x)
					}
				}
			}
		}
	}
	for i := range p.clocks {
		for n := range p.clocks[i].jumps {
			if r := room[i][n]; r.lo < r.hi { // else readings that were shown twice, or no step
				j := &p.clocks[i].jumps[n]
				j.x = min(max(j.x, r.lo+min(jumpSlack, (r.hi-r.lo)/2)), r.hi)
			}
		}
	}
}

// jumpSlack, in seconds, is kept from the reading of a request from before a step.
const jumpSlack = 4e-9

// sideOf returns on which side of a jump of a clock a request at x is, -1 before, 1 behind, 0 where that is open.
func (p *problem) sideOf(clock, n int, l *link, s *spot, x, limit float64) int {
	j := &p.clocks[clock].jumps[n]
	if x <= j.lo || x >= j.hi {
		return 0
	}
	was := j.x
	delay := func(at float64) float64 { // of the request, had the clock stepped then
		var ha, hb int
		j.x = at
		return p.requestDelay(l, s, &ha, &hb) + float64(l.edge.quantum-1)
	}
	before, behind := delay(j.hi), delay(j.lo)
	j.x = was
	switch {
	case before < -limit && behind > before/2:
		return 1
	case behind < -limit && before > behind/2:
		return -1
	}
	return 0
}
