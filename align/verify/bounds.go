package verify

import (
	"fmt"
	"math/big"
	"sort"
)

// place is a clock between two steps at a reading.
type place struct {
	domain  string
	segment int
	at      *big.Int
}

// pathEnd is where a path of constraints leads, and the bound that it gives there: of the offset, or of
// its negative, less the trend where the basis uses one.
type pathEnd struct {
	place
	bound *big.Int
}

// tracer follows the paths of one scope, basis and side.
type tracer struct {
	c       *checker
	scope   int // index into proof.Scopes
	assumed bool
	low     bool
	ends    map[int32]*pathEnd
	broken  map[int32]error
}

type tracerKey struct {
	scope        int
	assumed, low bool
}

// bounds checks every bound of the model.
func (c *checker) bounds() {
	for i := range c.m.Proof.Clocks {
		k := &c.m.Proof.Clocks[i]
		if d := c.domains[k.Domain]; d != nil {
			d.trends[k.Segment] = k.Trend
		}
	}
	scopes := c.scopes()
	proved := map[string]bool{} // by curveName
	tracers := map[tracerKey]*tracer{}
	for i := range c.m.Proof.Curves {
		v := &c.m.Proof.Curves[i]
		where := fmt.Sprintf("%s bound (%s) of %s, segment %d", v.Side, v.Basis, v.Domain, v.Segment)
		d, scope, err := c.subject(v, scopes)
		if err != nil {
			c.result.problem(where, "%v", err)
			continue
		}
		k := tracerKey{scope, v.Basis == "assumed", v.Side == "low"}
		t := tracers[k]
		if t == nil {
			t = &tracer{c, scope, k.assumed, k.low, map[int32]*pathEnd{}, map[int32]error{}}
			tracers[k] = t
		}
		n, err := t.curve(d, v)
		if err != nil {
			c.result.problem(where, "%v", err)
			continue
		}
		c.result.Bounds += n
		proved[curveName(v.Domain, v.Segment, v.Basis, v.Side)] = true
	}
	c.unproved(scopes, proved)
	c.pairs(scopes)
}

// scopes returns the index of each component's rates, where they follow from the largest drift.
func (c *checker) scopes() map[int]int {
	scopes := map[int]int{}
	ppb := driftOf(c.m.MaxDriftPPM)
	for i := range c.m.Proof.Scopes {
		s := &c.m.Proof.Scopes[i]
		if s.HardPPB != relative(ppb, s.Reference == utc) || s.AssumedPPB <= 0 || s.AssumedPPB > 1_000_000_000 {
			c.result.problem(fmt.Sprintf("scope %d", i), "rates of %d and %d ppb do not follow from a drift of %g ppm", s.HardPPB, s.AssumedPPB, c.m.MaxDriftPPM)
			continue
		}
		scopes[s.Component] = i
	}
	return scopes
}

// subject returns the clock that a curve is about, and its scope.
func (c *checker) subject(v *curve, scopes map[int]int) (*clock, int, error) {
	d := c.domains[v.Domain]
	if d == nil || v.Segment < 0 || v.Segment >= len(d.Segments) {
		return nil, 0, fmt.Errorf("there is no such segment")
	}
	scope, ok := scopes[d.Component]
	switch {
	case !ok || c.m.Proof.Scopes[scope].Reference != d.Reference:
		return nil, 0, fmt.Errorf("the proof has no rates for its component and reference")
	case v.Basis != "hard" && v.Basis != "assumed" || v.Side != "low" && v.Side != "high":
		return nil, 0, fmt.Errorf("no bounds are called that")
	}
	return d, scope, nil
}

func curveName(domain string, segment int, basis, side string) string {
	return fmt.Sprintf("%q %d %s %s", domain, segment, basis, side)
}

// driftOf turns a rate in parts per million into parts per billion, rounded up.
func driftOf(ppm float64) int64 {
	if !(ppm > 0) {
		return 1
	}
	p := min(ppm*1000, 250_000_000)
	if n := int64(p); float64(n) < p {
		return n + 1
	}
	return int64(p)
}

// unproved reports the bounds that no curve proves, and estimates outside of their bounds.
func (c *checker) unproved(scopes map[int]int, proved map[string]bool) {
	for i := range c.m.Domains {
		d := &c.m.Domains[i]
		for k := range d.Segments {
			isSource := false
			if s, ok := scopes[d.Component]; ok {
				scope := &c.m.Proof.Scopes[s]
				isSource = scope.Reference == d.Name && scope.Segment == k && d.Reference == d.Name
			}
			for j := range d.Segments[k].Points {
				pt := &d.Segments[k].Points[j]
				for _, x := range []struct {
					basis, side string
					v           *int64
				}{{"hard", "low", pt.Hard.Low}, {"hard", "high", pt.Hard.High}, {"assumed", "low", pt.Assumed.Low}, {"assumed", "high", pt.Assumed.High}} {
					switch {
					case x.v == nil, proved[curveName(d.Name, k, x.basis, x.side)]:
					case isSource && *x.v == 0:
						c.result.Bounds++
					default:
						c.result.problem(fmt.Sprintf("%s bound (%s) of %s, segment %d, point %d", x.side, x.basis, d.Name, k, j), "nothing proves it")
					}
				}
				trusted := pt.Hard
				if c.m.Trust == "assumed" {
					trusted = pt.Assumed
				}
				if trusted.Low != nil && pt.Offset < *trusted.Low || trusted.High != nil && pt.Offset > *trusted.High {
					c.result.problem(fmt.Sprintf("estimate of %s, segment %d, point %d", d.Name, k, j), "it lies outside of its bounds")
				}
			}
		}
	}
}

// trend returns the trend of a segment that the basis uses, nil for none.
func (t *tracer) trend(domain string, segment int) []knot {
	s := &t.c.m.Proof.Scopes[t.scope]
	if !t.assumed || !s.Trended || domain == s.Reference && segment == s.Segment {
		return nil
	}
	if d := t.c.domains[domain]; d != nil {
		return d.trends[segment]
	}
	return nil
}

// rate returns how fast a clock can stray from its trend, in parts per billion.
func (t *tracer) rate(domain string, segment int) int64 {
	s := &t.c.m.Proof.Scopes[t.scope]
	switch {
	case t.isSource(domain, segment):
		return 0
	case t.assumed:
		return s.AssumedPPB
	}
	return s.HardPPB
}

func (t *tracer) isSource(domain string, segment int) bool {
	s := &t.c.m.Proof.Scopes[t.scope]
	return domain == s.Reference && segment == s.Segment
}

// trendAt returns a trend at a reading: straight on beyond the outer knots.
func trendAt(t []knot, at *big.Int) *big.Int {
	switch len(t) {
	case 0:
		return new(big.Int)
	case 1:
		return intOf(t[0].Offset)
	}
	i := sort.Search(len(t)-2, func(i int) bool { return t[i+1].At.big().Cmp(at) > 0 })
	return line(t[i], t[i+1], at)
}

// carry returns what a bound at a place is at another reading of the same clock.
func (t *tracer) carry(p place, bound, at *big.Int) *big.Int {
	if p.at.Cmp(at) == 0 {
		return bound
	}
	rate := t.rate(p.domain, p.segment)
	move, rounding := new(big.Int), int64(0)
	if rate > 0 {
		rounding = 1
		d := t.c.domains[p.domain]
		if d == nil { // UTC where it is not the reference
			move = sub(drifted(at, rate), drifted(p.at, rate))
		} else {
			anchor := d.anchor(p.segment)
			move = sub(d.climb(anchor, at, rate), d.climb(anchor, p.at, rate))
			rounding += 2 * int64(len(d.slews))
		}
	}
	if len(t.trend(p.domain, p.segment)) > 1 {
		rounding++
	}
	return add(bound, add(move.Abs(move), intOf(rounding)))
}

// anchor returns the first reading of a segment.
func (c *clock) anchor(segment int) *big.Int {
	if segment < len(c.Segments) && len(c.Segments[segment].Points) > 0 {
		return c.Segments[segment].Points[0].At.big()
	}
	return new(big.Int)
}

// stated returns the bound of a point that a tracer is about.
func stated(p *point, t *tracer) *int64 {
	v := p.Hard
	if t.assumed {
		v = p.Assumed
	}
	if t.low {
		return v.Low
	}
	return v.High
}

func text(v *int64) string {
	if v == nil {
		return "none"
	}
	return fmt.Sprint(*v)
}

// fits returns an error unless a trend is in order and bends only at points.
func fits(trend []knot, points []point) error {
	k := 0
	for i, x := range trend {
		if i > 0 && x.At <= trend[i-1].At {
			return fmt.Errorf("its trend is not in order")
		}
		if x.At <= points[0].At || x.At >= points[len(points)-1].At || i == 0 || i == len(trend)-1 {
			continue
		}
		for k < len(points) && points[k].At < x.At {
			k++
		}
		if points[k].At != x.At {
			return fmt.Errorf("its trend bends between two points")
		}
	}
	return nil
}

// slope returns the largest rate of a trend in parts per billion, rounded down and 1 more.
func slope(trend []knot) int64 {
	most := int64(0)
	for i := 1; i < len(trend); i++ {
		v := sub(intOf(trend[i].Offset), intOf(trend[i-1].Offset))
		v.Mul(v.Abs(v), giga).Div(v, sub(trend[i].At.big(), trend[i-1].At.big()))
		if !v.IsInt64() || v.Int64() >= 1_000_000_000 {
			return 1_000_000_000
		}
		most = max(most, v.Int64()+1)
	}
	return most
}

// fraction returns the j-th of n equal parts of the way from a to b, rounded down.
func fraction(a, b *big.Int, j, n int) *big.Int {
	v := sub(b, a)
	v.Mul(v, intOf(int64(j))).Div(v, intOf(int64(n)))
	return v.Add(v, a)
}

// highest returns how far a quantity can rise between two places where it is at most a and b, if it can
// move by s on the way: both slopes meet in the middle, unless one hides the other.
func highest(a, b, s *big.Int) *big.Int {
	low, high := smaller(a, b), larger(a, b)
	free := sub(s, sub(high, low))
	if free.Sign() <= 0 {
		return add(low, s)
	}
	return add(high, free.Rsh(free.Add(free, one), 1))
}
