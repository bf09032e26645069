package align

import (
	"math"
	"math/big"
	"sort"
)

// At returns where the clock stood when it showed reading. Between two segments, where the clock stepped
// at a reading unknown, the bounds are those of both sides together and the estimate is that of the side
// whose border is nearer. Before the first point and behind the last, bounds grow by the drift that
// maxDriftPPM, of both clocks where the reference is one, allows. ok is false for a domain without
// segments.
func (d *Domain) At(reading int64, maxDriftPPM float64) (p Point, ok bool) {
	ppb := relativeRate(driftPPB(maxDriftPPM), d.Reference == UTC)
	i := sort.Search(len(d.Segments), func(i int) bool { return int64(d.Segments[i].first().At) > reading }) - 1
	switch {
	case len(d.Segments) == 0:
		return Point{}, false
	case i < 0:
		return d.Segments[0].first().carry(reading, ppb), true
	case reading <= int64(d.Segments[i].last().At) || i == len(d.Segments)-1:
		return d.Segments[i].at(reading, ppb), true
	}
	before := d.Segments[i].last().carry(reading, ppb)
	after := d.Segments[i+1].first().carry(reading, ppb)
	near, far := before, after
	if Instant(reading)-d.Segments[i].last().At > d.Segments[i+1].first().At-Instant(reading) {
		near, far = after, before
	}
	near.Hard = near.Hard.join(far.Hard)
	near.Assumed = near.Assumed.join(far.Assumed)
	near.Likely = near.Likely.join(far.Likely)
	return near, true
}

func (s *Segment) first() Point { return s.Points[0] }
func (s *Segment) last() Point  { return s.Points[len(s.Points)-1] }

func (s *Segment) at(reading, ppb int64) Point {
	i := sort.Search(len(s.Points), func(i int) bool { return int64(s.Points[i].At) > reading })
	if i == len(s.Points) {
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

func (i Interval) join(o Interval) Interval { return Interval{min(i.Low, o.Low), max(i.High, o.High)} }
