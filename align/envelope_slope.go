package align

import (
	"math"
	"math/bits"
)

// slopeAbove returns the number of the first of the slopes that is not below that from p to q.
func slopeAbove(p, q *point) int64 {
	dt, dv := diff(p.t, q.t), diff(p.v, q.v)
	high, low := bits.Mul64(dv, 1<<thinShift)
	if high >= dt { // steeper than any, which no two vertices are
		high, low = 0, math.MaxInt64
		dt = 1
	}
	steps, rest := bits.Div64(high, low, dt)
	steps = min(steps, thinSlopes)
	switch {
	case q.v < p.v:
		return -int64(steps)
	case rest > 0:
		return int64(steps) + 1
	}
	return int64(steps)
}

// tooSteep reports whether q lies so far above p that no slope of a clock makes it the lower one.
func tooSteep(p, q *point) bool {
	dt, dv := diff(p.t, q.t), q.v-p.v
	if q.v < p.v {
		return false
	}
	return uint64(dv) > dt>>maxSlopeShift // dv << shift > dt, without overflow
}

func diff(a, b int64) uint64 {
	if a < b {
		return uint64(b) - uint64(a)
	}
	return uint64(a) - uint64(b)
}

// below reports whether q lies below the line from p to r; times ascend strictly.
func below(p, q, r *point) bool {
	// (q.v-p.v) * (r.t-p.t) < (r.v-p.v) * (q.t-p.t), in 128 bits.
	a, aneg := product(q.v, p.v, diff(p.t, r.t))
	b, bneg := product(r.v, p.v, diff(p.t, q.t))
	switch {
	case aneg != bneg:
		return aneg
	case aneg:
		a, b = b, a
	}
	return a[0] < b[0] || a[0] == b[0] && a[1] < b[1]
}

// product returns (v-w)*t as a magnitude, high word first, and a sign.
func product(v, w int64, t uint64) (m [2]uint64, negative bool) {
	m[0], m[1] = bits.Mul64(diff(v, w), t)
	return m, v < w && t != 0
}
