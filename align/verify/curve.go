package verify

import (
	"fmt"
	"math/big"
)

// plot is one bound of one segment on its way to be checked.
type plot struct {
	*tracer
	clock  *clock
	curve  *curve
	trend  []knot
	rate   int64
	tilted bool // samples are of the offset, and the trend only tilts what is looked at
}

// curve checks one bound at all points of its segment and returns how many there are. The value at a point
// must be the least that lies, with those at its neighbours, above all that the samples allow the clock in
// between.
func (t *tracer) curve(d *clock, v *curve) (int, error) {
	p := &plot{tracer: t, clock: d, curve: v, trend: d.trends[v.Segment], tilted: !t.assumed || !t.c.m.Proof.Scopes[t.scope].Trended}
	if err := p.prepare(); err != nil {
		return 0, err
	}
	points := d.Segments[v.Segment].Points
	rounding := intOf(1)
	if len(p.trend) > 1 {
		rounding = intOf(2)
	}
	last, err := p.sample(0, points[0].At.big())
	if err != nil {
		return 0, err
	}
	before := last
	for k := range points {
		peak := before
		if k+1 < len(points) {
			if peak, last, err = p.cell(k, last); err != nil {
				return 0, err
			}
		}
		want := add(p.signed(trendAt(p.trend, points[k].At.big())), add(larger(before, peak), rounding))
		before = peak
		if got := stated(&points[k], t); got == nil || p.signed(intOf(*got)).Cmp(want) != 0 {
			return 0, fmt.Errorf("at point %d the proof gives %s ns, the model says %s", k, p.signed(want), text(got))
		}
	}
	return len(points), nil
}

// prepare checks the shape of a curve and finds its rate.
func (p *plot) prepare() error {
	points, v := p.clock.Segments[p.curve.Segment].Points, p.curve
	if len(points) == 0 || v.Steps < 1 || v.Steps > 1<<20 || len(v.Samples) != 1+(len(points)-1)*v.Steps {
		return fmt.Errorf("%d samples do not fit %d points", len(v.Samples), len(points))
	}
	if p.isSource(v.Domain, v.Segment) {
		return fmt.Errorf("the reference has no bounds")
	}
	for i := 1; i < len(points); i++ {
		if points[i].At <= points[i-1].At {
			return fmt.Errorf("its points are not in order")
		}
	}
	if err := fits(p.trend, points); err != nil {
		return err
	}
	p.rate = p.tracer.rate(v.Domain, v.Segment)
	if p.tilted {
		p.rate += slope(p.trend)
	}
	return nil
}

// signed gives what is known of the offset the sign of the bound, and the other way round.
func (p *plot) signed(v *big.Int) *big.Int {
	if p.low {
		return new(big.Int).Neg(v)
	}
	return v
}

// sample returns the bound that the path of a sample gives at a reading, less the trend.
func (p *plot) sample(i int, at *big.Int) (*big.Int, error) {
	end, err := p.path(p.curve.Samples[i])
	if err != nil {
		return nil, err
	}
	if end.domain != p.curve.Domain || end.segment != p.curve.Segment {
		return nil, fmt.Errorf("path %d leads to %s, segment %d", p.curve.Samples[i], end.domain, end.segment)
	}
	bound := p.carry(end.place, end.bound, at)
	if p.tilted {
		bound = sub(bound, p.signed(trendAt(p.trend, at)))
	}
	return bound, nil
}

// cell returns the highest that the clock can reach between point k and the next, and the bound there.
func (p *plot) cell(k int, last *big.Int) (peak, next *big.Int, err error) {
	points := p.clock.Segments[p.curve.Segment].Points
	a, b := points[k].At.big(), points[k+1].At.big()
	from := a
	for j := 1; j <= p.curve.Steps; j++ {
		to := fraction(a, b, j, p.curve.Steps)
		if next, err = p.sample(k*p.curve.Steps+j, to); err != nil {
			return nil, nil, err
		}
		if h := highest(last, next, p.clock.between(from, to, p.rate)); peak == nil || h.Cmp(peak) > 0 {
			peak = h
		}
		from, last = to, next
	}
	return peak, next, nil
}
