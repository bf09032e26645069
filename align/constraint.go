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
//
// There are millions, so each holds only what is its own.
type constraint struct {
	fromAt, toAt, weight int64
	*origin
	n     int32 // of the points or samples of the origin
	drawn bool  // it is of the unbiased sample of responses
}

// origin is what constraints from the same calls have in common.
type origin struct {
	from, to int // domains; utcClock
	// quantum is the resolution of the coarser of the two readings: each may have been up to that much
	// later than it says. 0 for constraints that are not from spans.
	quantum int64
	// blur is by how much fromAt and toAt may be off as places in time, without a change of weight.
	blur int64
	// minDelay was taken off the weight because the user declared it.
	minDelay int64
	class    Class
	source   string // of a reading
	service  string // that was called
	// What the spans are named by: vertices of an envelope, or the unbiased sample of responses.
	points  []point
	samples []sampled
	// longest are the lengths of the longest spans among the points whose ends the readings are.
	longest spanLengths
}

// sampled reports whether the constraint is a response from the sample rather than from the envelope.
func (o *origin) sampled() bool { return o.samples != nil }

// lasted returns how long the span had lasted at most whose end the reading of from is, and that of to; 0 where
// a reading is no end.
func (c *constraint) lasted() (from, to int64) {
	l := c.longest
	if c.samples != nil {
		l = c.samples[c.n].lengths()
	}
	if c.class == ClassResponse {
		return l.callee, l.caller
	}
	return l.caller, l.callee
}

// spans returns the span that from's reading is of, and that of to's: of a response, the callee is earlier.
func (c *constraint) spans() (earlier, later SpanID) {
	switch {
	case c.samples != nil:
		x := &c.samples[c.n]
		return SpanID{x.trace, x.callee}, SpanID{x.trace, x.caller}
	case c.points == nil:
		return SpanID{}, SpanID{}
	}
	p := &c.points[c.n]
	if c.class == ClassResponse {
		return p.laterID(), p.earlierID()
	}
	return p.earlierID(), p.laterID()
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
// rates.
func (c *constraint) bound(ppb int64) int64 { return addBound(c.weight, c.loose(ppb)) }

// loose returns what resolution adds to weights. A reading that was cut to a multiple of the quantum stood
// for an instant of up to one quantum later: that adds a quantum to the weight, and what the clocks move in
// it on both sides.
func (o *origin) loose(ppb int64) int64 {
	w := slack(ppb, 0, o.blur)
	if o.quantum > 0 {
		w = addBound(w, addBound(o.quantum, 2*slack(ppb, 0, o.quantum)))
	}
	return w
}

// looseness remembers what resolution adds to the weights of the constraints of one origin.
type looseness struct {
	origin *origin
	added  int64
}

func (n *looseness) of(c *constraint, coarse func(*constraint) int64) int64 {
	if c.origin != n.origin {
		*n = looseness{c.origin, c.loose(coarse(c))}
	}
	return n.added
}

// readingConstraints returns the two sides of a reading against UTC. The instant is the middle of [At,
// Until], and UTC then was what the clock showed less the offset.
func readingConstraints(domain int, r Reading) []constraint {
	if r.Until < r.At || r.Error < 0 || r.Error > math.MaxInt64/4 || r.Offset > math.MaxInt64/4 || r.Offset < -math.MaxInt64/4 {
		return nil
	}
	at := r.At + (r.Until-r.At)/2
	o := origin{from: utcClock, to: domain, blur: addBound(r.Until-at, r.Error), class: ClassReading, source: r.Source}
	back := o
	back.from, back.to = domain, utcClock
	return []constraint{
		{fromAt: at - r.Offset, toAt: at, weight: r.Offset + r.Error, origin: &o},
		{fromAt: at, toAt: at - r.Offset, weight: r.Error - r.Offset, origin: &back},
	}
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
	return t.along(t.piece(at), at)
}

// offsetNear is offset, where hint is the piece that was looked at last.
func (t trend) offsetNear(at int64, hint *int) int64 {
	if len(t) < 2 {
		return t.offset(at)
	}
	// The same pieces as of piece: the first and the last go on beyond the knots.
	if i := *hint; i > 0 && at < t[i].at || i < len(t)-2 && at >= t[i+1].at {
		if i++; i > len(t)-2 || at < t[i].at || i < len(t)-2 && at >= t[i+1].at {
			i = t.piece(at)
		}
		*hint = i
	}
	return t.along(*hint, at)
}

// along returns the offset of a piece, or of what it is in line with.
func (t trend) along(i int, at int64) int64 {
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
