package align

import (
	"math"
	"math/bits"
)

// constraint is one inequality: offset of clock to when it showed toAt, minus offset of clock from when it
// showed fromAt, is at most weight, and what the resolution of the readings adds to it. A request has the
// caller in from with T1 and the callee in to with T2, and a weight of T2-T1; a response has the callee in
// from with T3 and the caller in to with T4. A reading against UTC is two: from UTC to the clock with
// offset+error, and from the clock to UTC with error-offset.
type constraint struct {
	from, to             int // domains; utcClock
	fromAt, toAt, weight int64
	// quantum is the resolution of the coarser of the two readings: each may have been up to that much
	// later than it says. 0 for constraints that are not from spans.
	quantum int64
	// blur is by how much fromAt and toAt may be off as places in time, without a change of weight.
	blur int64
	// minDelay was taken off the weight because the user declared it.
	minDelay int64
	class    Class
	sampled  bool // a response from the unbiased sample rather than from the envelope
	// earlier is the span that from's reading is of, later that of to's: of a response, the callee is
	// earlier.
	earlier, later SpanID
	source         string // of a reading
}

// utcClock stands for UTC where a domain is meant.
const utcClock = -1

// The two limits of distances: unreached is none, deepest keeps negative sums from wrapping around, on
// the loose side.
const (
	unreached = math.MaxInt64
	deepest   = math.MinInt64 + 1
)

// addBound adds two upper bounds. What is too large is unbounded, what is too small is cut off, which is
// the looser bound.
func addBound(a, b int64) int64 {
	if a == unreached || b == unreached {
		return unreached
	}
	s := a + b
	switch {
	case a > 0 && b > 0 && s < 0:
		return unreached
	case a < 0 && b < 0 && s >= 0, s == math.MinInt64:
		return deepest
	}
	return s
}

const billion = 1_000_000_000

// slewPPB is by how much more a clock may run off while it is slewed: the kernel takes a tick that is 10 %
// off, no more (adjtimex(2): tick from 900000/HZ to 1100000/HZ), and chronyd slews by up to 83,333 ppm
// (chrony.conf(5), maxslewrate).
const slewPPB = 100_000_000

// slack returns how far a clock of that rate in parts per billion can move between two readings, rounded
// up.
func slack(ppb, a, b int64) int64 {
	if ppb <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(diff(a, b), uint64(ppb))
	lo, carry := bits.Add64(lo, billion-1, 0)
	if hi += carry; hi >= billion {
		return unreached
	}
	q, _ := bits.Div64(hi, lo, billion)
	if q > math.MaxInt64 {
		return unreached
	}
	return int64(q)
}

// relativeRate returns by how many parts per billion of its own reading the offset of a clock can change,
// if no clock runs off true time by more than ppb. If the offset is against UTC, a clock that gains at
// rate p moves by p for every 1+p that it shows, at most p/(1-p); if it is against another clock, whose
// rate is off as well, by 1-(1-p)/(1+p) or (1+p)/(1-p)-1, at most 2p/(1-p).
func relativeRate(ppb int64, utc bool) int64 {
	ppb = min(max(ppb, 1), billion/4)
	n := uint64(ppb)
	if !utc {
		n *= 2
	}
	hi, lo := bits.Mul64(n, billion)
	q, r := bits.Div64(hi, lo, uint64(billion-ppb))
	if r > 0 {
		q++
	}
	return int64(q)
}

// driftPPB turns a rate in parts per million into one in parts per billion, rounded up.
func driftPPB(ppm float64) int64 {
	if !(ppm > 0) {
		return 1
	}
	return int64(math.Ceil(min(ppm*1000, billion/4)))
}

// bound returns what the difference of the two offsets is at most, given the larger of the two clocks'
// rates. A reading that was cut to a multiple of the quantum stood for an instant of up to one quantum
// later: that adds a quantum to the weight, and what the clocks move in it on both sides.
func (c *constraint) bound(ppb int64) int64 {
	w := c.weight
	if c.quantum > 0 {
		w = addBound(w, addBound(c.quantum, 2*slack(ppb, 0, c.quantum)))
	}
	return addBound(w, slack(ppb, 0, c.blur))
}

// readingConstraints returns the two sides of a reading against UTC. The instant is the middle of [At,
// Until], and UTC then was what the clock showed less the offset.
func readingConstraints(domain int, r Reading) []constraint {
	if r.Until < r.At || r.Error < 0 || r.Error > math.MaxInt64/4 || r.Offset > math.MaxInt64/4 || r.Offset < -math.MaxInt64/4 {
		return nil
	}
	at := r.At + (r.Until-r.At)/2
	c := constraint{
		from: utcClock, to: domain, fromAt: at - r.Offset, toAt: at, weight: r.Offset + r.Error,
		blur: addBound(r.Until-at, r.Error), class: ClassReading, source: r.Source,
	}
	back := c
	back.from, back.to, back.fromAt, back.toAt, back.weight = domain, utcClock, c.toAt, c.fromAt, r.Error-r.Offset
	return []constraint{c, back}
}

// knot is a point of a trend.
type knot struct{ at, offset int64 }

// trend is a line through knots in the order of time, straight on beyond the outer ones: what a clock is
// expected to do. No knots are an offset of 0.
type trend []knot

// offset returns the trend at a reading, rounded down. It is exact at a knot, and moves with its knots:
// rounding does not depend on where 0 is. What leaves the range of 64 bits is cut off.
func (t trend) offset(at int64) int64 {
	switch len(t) {
	case 0:
		return 0
	case 1:
		return t[0].offset
	}
	i := t.piece(at)
	a, b := t[i], t[i+1]
	dv, neg := diff(a.offset, b.offset), b.offset < a.offset
	if at < a.at {
		neg = !neg
	}
	den := diff(a.at, b.at)
	if den == 0 {
		return a.offset
	}
	hi, lo := bits.Mul64(dv, diff(a.at, at))
	if hi >= den {
		return cutOff(neg)
	}
	q, r := bits.Div64(hi, lo, den)
	if neg && r > 0 {
		q++
	}
	if q > math.MaxInt64/8 {
		return cutOff(neg)
	}
	v := int64(q)
	if neg {
		v = -v
	}
	if s := a.offset + v; (s > a.offset) == (v > 0) || v == 0 {
		return s
	}
	return cutOff(neg)
}

func cutOff(negative bool) int64 {
	if negative {
		return -math.MaxInt64 / 8
	}
	return math.MaxInt64 / 8
}

// piece returns the index of the knot before at, such that another follows it.
func (t trend) piece(at int64) int {
	lo, hi := 0, len(t)-2
	for lo < hi {
		m := int(uint(lo+hi+1) >> 1)
		if t[m].at <= at {
			lo = m
		} else {
			hi = m - 1
		}
	}
	return lo
}

// slope returns the largest rate of the trend in parts per billion, rounded up.
func (t trend) slope() int64 {
	var most int64
	for i := 1; i < len(t); i++ {
		den := diff(t[i].at, t[i-1].at)
		if den == 0 {
			continue
		}
		hi, lo := bits.Mul64(diff(t[i].offset, t[i-1].offset), billion)
		if hi >= den {
			return billion
		}
		q, _ := bits.Div64(hi, lo, den)
		most = max(most, int64(min(q, billion-1))+1)
	}
	return most
}
