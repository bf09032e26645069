package align

import (
	"cmp"
	"math"
	"slices"
)

// A request tells on which side of a step it was where it contradicts the other side by more than
// sideSigmas of what is known of the two clocks and sideLeast, in ns.
const sideSigmas, sideLeast = 5, 20e3

// jumpsAgain places jumps with all requests of the statistic, and more.
func (p *problem) jumpsAgain(more *Statistic) (moved bool) {
	p.placeAgain()
	defer p.dropOpen()
	return p.placeJumps(more)
}

// placeJumps puts the estimates of when clocks stepped between the requests that can only be from before and
// those that can only be from behind: on the other side, they would arrive before they were sent. Where none lies
// between all of them, as few as can be are on the wrong side. The brackets, which are claims, stay: these requests
// rest on the fit, and what looks like a step can be a slew of a second, which was under way. It reports whether
// a jump was moved. more holds requests beside those of the statistic.
func (p *problem) placeJumps(more *Statistic) (moved bool) {
	room := make([][][]demand, len(p.clocks))
	for i := range p.clocks {
		room[i] = make([][]demand, len(p.clocks[i].jumps))
	}
	for i := range p.links {
		l := &p.links[i]
		if !p.usable(l) || len(room[l.a])+len(room[l.b]) == 0 {
			continue
		}
		limit := math.Max(sideSigmas*p.pairSD(l.a, l.b), sideLeast)
		for _, list := range [2][]spot{l.q, p.requestsOf(l, more)} {
			for k := range list {
				s := &list[k]
				for end, clock := range [2]int{l.a, l.b} {
					x := [2]float64{s.xa, s.xb}[end]
					for n := range room[clock] {
						if side := p.sideOf(clock, n, l, s, x, limit); side != 0 {
							room[clock][n] = append(room[clock][n], demand{x, side})
						}
					}
				}
			}
		}
	}
	for i := range p.clocks {
		for n := range p.clocks[i].jumps {
			j := &p.clocks[i].jumps[n]
			was := j.x
			j.heed(room[i][n])
			moved = moved || j.x != was
		}
		sortJumps(&p.clocks[i])
	}
	return moved
}

// requestsOf returns the requests of an edge in a statistic.
func (p *problem) requestsOf(l *link, s *Statistic) []spot {
	e := s.edges[l.key]
	if e == nil {
		return nil
	}
	other := link{a: l.a, b: l.b, edge: e}
	p.placeLink(&other)
	return other.q
}

// demand is a request at x that can only be from one side of a jump: -1 before, 1 behind.
type demand struct {
	x    float64
	side int
}

// heed moves a jump to where as few demands as can be are not met: between the last one from before and the first
// one from behind, and no further than needed.
func (j *jump) heed(all []demand) {
	slices.SortFunc(all, func(a, b demand) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.side, b.side)) })
	unmet := 0 // were the jump before all of them
	for _, d := range all {
		if d.side < 0 {
			unmet++
		}
	}
	best, away, at := math.MaxInt, 0.0, j.x
	for k := 0; k <= len(all); k++ {
		lo, hi := j.lo, j.hi
		if k > 0 {
			unmet += all[k-1].side
			lo = all[k-1].x
		}
		if k < len(all) {
			hi = all[k].x
		}
		if lo >= hi {
			continue
		}
		x := min(max(j.x, lo+min(jumpSlack, (hi-lo)/2)), hi)
		if d := math.Abs(x - j.x); unmet < best || unmet == best && d < away {
			best, away, at = unmet, d, x
		}
	}
	j.x = at
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
