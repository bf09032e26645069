package align

import "math"

// spreadShapes finds how uncertain the shape of every clock is at its knots: the posterior variance where
// the other clocks are known. It is what noise of windows leaves, more where calls are few or clocks wander.
func (p *problem) spreadShapes() {
	d := p.newDynamic(allWindows)
	bands := make([]band, len(p.clocks))
	for i := range p.clocks {
		bands[i] = newBand(len(p.clocks[i].knots))
		for k := range bands[i].d {
			bands[i].d[k] = d.ridge
		}
	}
	var hint int
	add := func(clock int, x, w float64) {
		b := &bands[clock]
		i, f := p.clocks[clock].segment(x, &hint)
		b.d[i] += w * (1 - f) * (1 - f)
		b.d[i+1] += w * f * f
		b.e[i+1] += w * f * (1 - f)
	}
	for i := range p.links {
		l := &p.links[i]
		for k := range l.wins {
			if w := &l.wins[k]; p.usable(l) {
				weight := min(w.weight, edgeInformation) / w.v
				add(l.a, (w.q.xa+w.s.xa)/2, weight)
				add(l.b, (w.q.xb+w.s.xb)/2, weight)
			}
		}
	}
	bend, tilt := 0, 0
	for i := range p.clocks {
		b, first, end := &bands[i], d.first[i], d.first[i+1]
		for ; bend < len(d.bends) && d.bends[bend].at < end; bend++ {
			x := &d.bends[bend]
			b.addBend(x.at-first, x, x.w*x.tw)
		}
		for ; tilt < len(d.tilts) && d.tilts[tilt].at < end; tilt++ {
			b.addTilt(d.tilts[tilt].at-first, d.tilts[tilt].w)
		}
		b.factor()
		p.clocks[i].shape = b.inverseDiagonal()
		p.clocks[i].spreadKinks()
	}
}

// spreadKinks adds what straight pieces leave out. Where the rate changes at once, as it does where a slew
// begins, and between two knots, the fit shares the change among both, and lies off by up to
// (change at one) (change at other) / (sum of both) times their distance.
func (c *clock) spreadKinks() {
	bends := make([]float64, len(c.off))
	for k := 1; k+1 < len(c.off); k++ {
		before, behind := c.knots[k]-c.knots[k-1], c.knots[k+1]-c.knots[k]
		bends[k] = math.Abs((c.off[k+1]-c.off[k])/behind - (c.off[k]-c.off[k-1])/before)
	}
	missed := func(k int) float64 {
		if k < 0 || k+1 >= len(bends) || bends[k] == 0 || bends[k+1] == 0 {
			return 0
		}
		return bends[k] * bends[k+1] / (bends[k] + bends[k+1]) * (c.knots[k+1] - c.knots[k])
	}
	for k := range c.shape {
		e := max(missed(k-1), missed(k)) / normal95
		c.shape[k] += e * e
	}
}

// shapeVariance is the variance of a clock's shape at x.
func (c *clock) shapeVariance(x float64) float64 {
	if len(c.shape) == 0 {
		return 0
	}
	hint := 0
	i, f := c.segment(x, &hint)
	return c.shape[i] + f*(c.shape[i+1]-c.shape[i])
}
