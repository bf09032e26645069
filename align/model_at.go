package align

import (
	"math"
	"math/big"
	"sort"
)

// At returns where the clock stood when it showed reading. Where a step leaves open on which side of it the
// reading lies, the bounds are those of both sides together and the estimate is that of the segment whose
// points are around the reading, or nearest. A clock that was set back showed some readings twice. Before the
// first point and behind the last, bounds grow by the drift that maxDriftPPM, of both clocks where the reference
// is one, allows. ok is false for a domain without segments.
func (d *Domain) At(reading int64, maxDriftPPM float64) (p Point, ok bool) {
	ppb := relativeRate(driftPPB(maxDriftPPM), d.Reference == UTC)
	i := sort.Search(len(d.Segments), func(i int) bool { return int64(d.Segments[i].first().At) > reading }) - 1
	switch {
	case len(d.Segments) == 0:
		return Point{}, false
	case i < 0:
		i = 0
	case i+1 < len(d.Segments) && Instant(reading)-d.Segments[i].last().At > d.Segments[i+1].first().At-Instant(reading):
		i++
	}
	p = d.Segments[i].at(reading, ppb)
	for k := i - 1; k >= 0 && d.mayBe(k, i, reading); k-- {
		p.join(d.Segments[k].at(reading, ppb))
	}
	for k := i + 1; k < len(d.Segments) && d.mayBe(k, i, reading); k++ {
		p.join(d.Segments[k].at(reading, ppb))
	}
	return p, true
}

// mayBe reports whether a reading that lies in segment i may as well be of segment k: no step between the two
// tells. A clock may have been set back by the steps beyond, which Domain.brackets counts in.
func (d *Domain) mayBe(k, i int, reading int64) bool {
	n, lo, hi := 0, int64(math.MaxInt64), int64(math.MinInt64)
	for j := range d.Steps {
		if d.Steps[j].Slew {
			continue
		}
		b := bracketOf(d.Steps[j])
		if n >= k-1 {
			lo = min(lo, b.lo)
		}
		if n <= k {
			hi = max(hi, b.hi)
		}
		n++
	}
	if n+1 != len(d.Segments) { // nothing says where the clock stepped
		lower, upper := &d.Segments[min(i, k)], &d.Segments[max(i, k)]
		return int64(lower.last().At) < reading && reading < int64(upper.first().At)
	}
	if k > i {
		return reading > lo
	}
	return reading < hi
}

// Around returns where the clock stood before a step that is no slew, when it showed After, and behind it, when
// it showed Before.
func (d *Domain) Around(s *Step, maxDriftPPM float64) (before, behind Point, ok bool) {
	n, at := 0, -1
	for j := range d.Steps {
		if d.Steps[j].Slew {
			continue
		}
		if d.Steps[j].After == s.After && d.Steps[j].Before == s.Before {
			at = n
		}
		n++
	}
	if at < 0 || n+1 != len(d.Segments) {
		return Point{}, Point{}, false
	}
	ppb := relativeRate(driftPPB(maxDriftPPM), d.Reference == UTC)
	return d.Segments[at].at(int64(s.After), ppb), d.Segments[at+1].at(int64(s.Before), ppb), true
}

func (s *Segment) first() Point { return s.Points[0] }
func (s *Segment) last() Point  { return s.Points[len(s.Points)-1] }

func (s *Segment) at(reading, ppb int64) Point {
	i := sort.Search(len(s.Points), func(i int) bool { return int64(s.Points[i].At) > reading })
	switch i {
	case 0:
		return s.first().carry(reading, ppb)
	case len(s.Points):
		return s.last().carry(reading, ppb)
	}
	a, b := s.Points[i-1], s.Points[i]
	num, den := reading-int64(a.At), int64(b.At-a.At)
	mix := func(x, y Interval) Interval {
		return Interval{between(x.Low, y.Low, num, den, math.MinInt64), between(x.High, y.High, num, den, math.MaxInt64)}
	}
	return Point{
		At: Instant(reading), Offset: between(a.Offset, b.Offset, num, den, math.MaxInt64),
		Hard: mix(a.Hard, b.Hard), Assumed: mix(a.Assumed, b.Assumed), Likely: mix(a.Likely, b.Likely),
	}
}

// between returns the value num/den of the way from a to b, rounded to the nearest and halves down; open
// where either is.
func between(a, b, num, den, open int64) int64 {
	if a == open || b == open {
		return open
	}
	// The product of an offset and a time needs more than 64 bits after hours.
	v := new(big.Int).Mul(new(big.Int).Sub(big.NewInt(b), big.NewInt(a)), big.NewInt(2*num))
	v.Add(v, big.NewInt(den))
	v.Div(v, big.NewInt(2*den)) // Euclidean: rounds down for a positive divisor
	return v.Add(v, big.NewInt(a)).Int64()
}

// carry returns p as it is known at another reading: nothing but the bound on drift ties the two.
func (p Point) carry(reading, ppb int64) Point {
	by := addBound(slack(ppb, reading, int64(p.At)), 1) // for rounding
	p.At = Instant(reading)
	for _, i := range []*Interval{&p.Hard, &p.Assumed, &p.Likely} {
		i.widen(by)
	}
	return p
}

// widen moves the bounds apart by slack on each side, at most to the ends of the range.
func (i *Interval) widen(slack int64) {
	if i.Low != math.MinInt64 {
		i.Low = max(i.Low, math.MinInt64+slack) - slack
	}
	if i.High != math.MaxInt64 {
		i.High = min(i.High, math.MaxInt64-slack) + slack
	}
}

// join takes the bounds of another point in.
func (p *Point) join(o Point) {
	p.Hard, p.Assumed, p.Likely = p.Hard.join(o.Hard), p.Assumed.join(o.Assumed), p.Likely.join(o.Likely)
}

func (i Interval) join(o Interval) Interval { return Interval{min(i.Low, o.Low), max(i.High, o.High)} }
