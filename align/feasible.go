package align

import (
	"math"
	"slices"
)

const (
	// weakSD is the standard deviation, in ns, above which a clock is moved as a whole to where causes come
	// before their effects.
	weakSD = 40e3
	// An answer that a well known pair, below firmSD, contradicts by more than firmSigmas and firmLeast is
	// no answer, and not obeyed.
	firmSD, firmSigmas, firmLeast = 50e3, 5, 20e3
	// projections is how often all constraints are walked.
	projections = 60
	// margin, in ns, is what is kept from a bound so that rounding does not cross it.
	margin = 2
)

// pairSD is the standard deviation of the difference of two clocks' levels.
func (p *problem) pairSD(a, b int) float64 {
	if a == b {
		return 0
	}
	if p.cov == nil || p.clocks[a].part != p.clocks[b].part || p.clocks[a].out || p.clocks[b].out {
		return math.Inf(1)
	}
	v := p.cov.At(a, a) + p.cov.At(b, b) - 2*p.cov.At(a, b)
	return math.Sqrt(math.Max(0, v) + modelNoise*modelNoise)
}

// hub is the clock of a component with the most calls: the best connected one. Of clocks without jumps, if
// there are any.
func (p *problem) hub(part int) int {
	score := make([]float64, len(p.clocks))
	for i := range p.links {
		if l := &p.links[i]; p.usable(l) {
			n := math.Sqrt(float64(l.edge.calls))
			if !l.twoWay {
				n /= 100
			}
			score[l.a] += n
			score[l.b] += n
		}
	}
	best := -1
	for i := range p.clocks {
		c := &p.clocks[i]
		if c.part != part || c.out && best >= 0 {
			continue
		}
		if len(c.jumps)+len(c.slews) > 0 {
			score[i] /= 1000
		}
		if best < 0 || p.clocks[best].out || score[i] > score[best] {
			best = i
		}
	}
	return best
}

// project moves the clocks by as little as their uncertainty suggests to where no call arrives before it
// was sent: first weak clocks as a whole, then the rest at single knots.
func (p *problem) project() {
	for range projections {
		if !p.projectLevels() {
			break
		}
	}
	for range projections {
		if !p.projectKnots() {
			break
		}
	}
}

func (p *problem) share(l *link) (a, b float64) {
	va, vb := p.variance(l.a), p.variance(l.b)
	return va / (va + vb), vb / (va + vb)
}

func (p *problem) variance(i int) float64 {
	sd := p.clocks[i].sd
	if math.IsInf(sd, 1) {
		sd = 1e9
	}
	return sd*sd + 1e6
}

func (p *problem) projectLevels() (moved bool) {
	for i := range p.links {
		l := &p.links[i]
		if !p.usable(l) || max(p.clocks[l.a].sd, p.clocks[l.b].sd) < weakSD {
			continue
		}
		low, high := math.Inf(1), math.Inf(1)
		var ha, hb int
		for k := range l.q {
			low = min(low, p.requestDelay(l, &l.q[k], &ha, &hb)+float64(l.edge.quantum-1))
		}
		for k := range l.s {
			if !l.late && l.twoWay {
				high = min(high, p.responseDelay(l, &l.s[k], &ha, &hb)+float64(l.edge.quantum-1))
			}
		}
		// The difference of the two may change by -high to low; between them where that is nothing.
		move := (low - high) / 2
		if -high <= low {
			move = min(max(0, -high), low)
		}
		if math.Abs(move) < 1 {
			continue
		}
		wa, wb := p.share(l)
		p.clocks[l.b].lift(move * wb)
		p.clocks[l.a].lift(-move * wa)
		moved = true
	}
	return moved
}

func (p *problem) projectKnots() (moved bool) {
	for i := range p.links {
		l := &p.links[i]
		if !p.usable(l) {
			continue
		}
		var ha, hb int
		wa, wb := p.share(l)
		for k := range l.q {
			s := &l.q[k]
			if r := p.requestDelay(l, s, &ha, &hb) + float64(l.edge.quantum-1); r < margin {
				p.clocks[l.b].nudge(s.xb, (r-2*margin)*wb, &hb)
				p.clocks[l.a].nudge(s.xa, (2*margin-r)*wa, &ha)
				moved = true
			}
		}
		if l.late || !l.twoWay {
			continue
		}
		sd := p.pairSD(l.a, l.b)
		for k := range l.s {
			s := &l.s[k]
			r := p.responseDelay(l, s, &ha, &hb) + float64(l.edge.quantum-1)
			if r >= margin || sd < firmSD && -r > max(firmSigmas*sd, firmLeast) {
				continue
			}
			p.clocks[l.b].nudge(s.xb, (2*margin-r)*wb, &hb)
			p.clocks[l.a].nudge(s.xa, (r-2*margin)*wa, &ha)
			moved = true
		}
	}
	return moved
}

// nudge changes the offset at x by v, by the least change of the two knots around.
func (c *clock) nudge(x, v float64, hint *int) {
	i, f := c.segment(x, hint)
	n := (1-f)*(1-f) + f*f
	c.off[i] += v * (1 - f) / n
	c.off[i+1] += v * f / n
}

// keepTrend keeps the offsets before projection: bounds must be built on what is smooth.
func (p *problem) keepTrend() {
	for i := range p.clocks {
		p.clocks[i].smooth = slices.Clone(p.clocks[i].off)
	}
}
