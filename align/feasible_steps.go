package align

import "math"

const (
	// A request tells on which side of a step it was where it contradicts the other side by more than
	// sideSigmas of what is known of the two clocks and sideLeast, in ns.
	sideSigmas, sideLeast = 5, 20e3
	// sideSlack, in seconds, keeps the middle of a bracket from being where rounding decides.
	sideSlack = 4e-9
	// sideRounds is how often all requests are looked at: what one moves can be another's middle.
	sideRounds = 4
)

// narrow draws the brackets of steps together until every request that can only be on one side is nearer to
// that side: on the other, it would arrive before it was sent. No further, because what looks like a step can
// be a slew of a second, which was under way.
func (p *problem) narrow() {
	for moved, round := true, 0; moved && round < sideRounds; round++ {
		moved = p.narrowOnce()
	}
}

func (p *problem) narrowOnce() (moved bool) {
	for i := range p.links {
		l := &p.links[i]
		if !p.usable(l) {
			continue
		}
		limit := math.Max(sideSigmas*p.pairSD(l.a, l.b), sideLeast)
		for k := range l.q {
			s := &l.q[k]
			a, b := p.narrowBy(&p.clocks[l.a], l, s, s.xa, limit), p.narrowBy(&p.clocks[l.b], l, s, s.xb, limit)
			moved = moved || a || b
		}
	}
	return moved
}

// narrowBy draws the bracket of c that x lies in together.
func (p *problem) narrowBy(c *clock, l *link, s *spot, x, limit float64) (moved bool) {
	for k := range c.jumps {
		j := &c.jumps[k]
		if x <= j.lo || x >= j.hi {
			continue
		}
		was := *j
		delay := func(at float64) float64 { // of the request, had the clock stepped then
			var ha, hb int
			j.x = at
			return p.requestDelay(l, s, &ha, &hb) + float64(l.edge.quantum-1)
		}
		before, behind := delay(j.hi), delay(j.lo)
		*j = was
		switch {
		case before < -limit && behind > before/2:
			j.hi = min(j.hi, 2*x-j.lo-sideSlack)
		case behind < -limit && before > behind/2:
			j.lo = max(j.lo, 2*x-j.hi+sideSlack)
		}
		j.x = min(max(j.x, j.lo), j.hi)
		moved = moved || *j != was
	}
	return moved
}
