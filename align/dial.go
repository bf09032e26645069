package align

import (
	"math"
	"sort"
)

// dial is a domain of the model made ready for many readings in nearly rising order. Its offset is
// that of Domain.At.
type dial struct {
	domain *Domain
	drift  float64 // Model.MaxDriftPPM
	trust  Trust
	holds  []hold

	// The offset between two points is the line through them, from reading from to reading to, both included.
	from, to int64
	a, b     Point
	flat     bool // the offset is that of a
}

// hold keeps what a clock shows from reading at on from being placed before place: see settle.
type hold struct{ at, place int64 }

// aligned reports whether readings of the clock may be corrected.
func (c *dial) aligned() bool {
	if c == nil || c.domain == nil {
		return false
	}
	switch c.domain.Status {
	case StatusReference:
		return true
	case StatusAligned:
		return len(c.domain.Segments) > 0
	}
	return false
}

// offset returns the estimate of the clock's offset where it showed reading.
func (c *dial) offset(reading int64) int64 {
	if reading < c.from || reading > c.to || c.from == 0 && c.to == 0 {
		c.locate(reading)
	}
	if c.flat {
		return c.a.Offset
	}
	return lineAt(c.a.Offset, c.b.Offset, reading-int64(c.a.At), int64(c.b.At-c.a.At))
}

// lineAt is between for offsets, which are never open, without arithmetic of many words where the product fits
// into one.
func lineAt(a, b, num, den int64) int64 {
	d := b - a
	if d == 0 {
		return a
	}
	if d > -1<<20 && d < 1<<20 && num < 1<<41 && den < 1<<41 {
		n, m := 2*d*num+den, 2*den
		q := n / m
		if n%m < 0 {
			q-- // round down, as between does
		}
		return a + q
	}
	return between(a, b, num, den, math.MaxInt64)
}

// locate finds the line that reading lies on, by the rules of Domain.At.
func (c *dial) locate(reading int64) {
	segs := c.domain.Segments
	if len(segs) == 0 {
		c.line(math.MinInt64, math.MaxInt64, Point{})
		return
	}
	i := sort.Search(len(segs), func(i int) bool { return int64(segs[i].first().At) > reading }) - 1
	if i < 0 {
		c.line(math.MinInt64, int64(segs[0].first().At)-1, segs[0].first())
		return
	}
	s := &segs[i]
	last := int64(s.last().At)
	switch {
	case reading > last && i == len(segs)-1:
		c.line(last+1, math.MaxInt64, s.last())
	case reading > last:
		// A step, at a reading unknown: the nearer side, the earlier one in the middle.
		next := int64(segs[i+1].first().At)
		half := last + (next-last)/2
		if reading-last > next-reading {
			c.line(half+1, next-1, segs[i+1].first())
		} else {
			c.line(last+1, half, s.last())
		}
	default:
		j := sort.Search(len(s.Points), func(j int) bool { return int64(s.Points[j].At) > reading })
		if j == len(s.Points) {
			c.line(last, last, s.last())
			return
		}
		c.a, c.b, c.flat = s.Points[j-1], s.Points[j], false
		c.from, c.to = int64(c.a.At), int64(c.b.At)-1
	}
}

func (c *dial) line(from, to int64, p Point) { c.from, c.to, c.a, c.flat = from, to, p, true }

// place returns where reading lies on the reference's time line. ok is false where that is not in the range of
// instants.
func (c *dial) place(reading int64) (placed int64, ok bool) {
	return c.hold(reading, c.offset(reading))
}

// hold places reading by an offset, not before the clock's holds.
func (c *dial) hold(reading, offset int64) (placed int64, ok bool) {
	placed = reading - offset
	if reading <= 0 || (offset < 0) != (placed > reading) && offset != 0 || placed <= 0 {
		return 0, false
	}
	if len(c.holds) > 0 {
		i := sort.Search(len(c.holds), func(i int) bool { return c.holds[i].at > reading }) - 1
		if i >= 0 {
			placed = max(placed, c.holds[i].place)
		}
	}
	return placed, true
}

// shift returns what to subtract from a recorded instant.
func (c *dial) shift(reading uint64) (shift int64, ok bool) {
	if reading > math.MaxInt64 {
		return 0, false
	}
	placed, ok := c.place(int64(reading))
	return int64(reading) - placed, ok
}

// bounds returns the trusted bounds of the offset at a reading.
func (c *dial) bounds(reading int64) Interval {
	if c.domain.Status == StatusReference && len(c.domain.Segments) == 0 {
		return Interval{}
	}
	p, _ := c.domain.At(reading, c.drift)
	if c.trust == TrustHard {
		return p.Hard
	}
	return p.Assumed
}
