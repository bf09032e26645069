package clockeval

import (
	"math/bits"
	"slices"
)

// point says that at time t of one clock the other's offset against it was at most (or least) y.
// Both are nanoseconds relative to the first of their pair.
type point struct{ t, y int64 }

// compareProducts returns the sign of a·b - c·d. The factors are times and offsets in nanoseconds, whose
// product leaves 64 bits after minutes.
func compareProducts(a, b, c, d int64) int {
	neg1, hi1, lo1 := product(a, b)
	neg2, hi2, lo2 := product(c, d)
	size := 0
	switch {
	case neg1 != neg2 && neg1:
		return -1
	case neg1 != neg2:
		return 1
	case hi1 != hi2:
		size = 1
		if hi1 < hi2 {
			size = -1
		}
	case lo1 != lo2:
		size = 1
		if lo1 < lo2 {
			size = -1
		}
	}
	if neg1 {
		return -size
	}
	return size
}

// product returns a·b as sign and magnitude; zero is not negative.
func product(a, b int64) (negative bool, hi, lo uint64) {
	hi, lo = bits.Mul64(magnitude(a), magnitude(b))
	return (a < 0) != (b < 0) && hi|lo != 0, hi, lo
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

// lowerHull returns the lower convex hull of points, which it sorts.
func lowerHull(points []point) []point {
	slices.SortFunc(points, func(a, b point) int {
		switch {
		case a.t != b.t && a.t < b.t, a.t == b.t && a.y < b.y:
			return -1
		case a == b:
			return 0
		}
		return 1
	})
	var hull []point
	for _, p := range points {
		if n := len(hull); n > 0 && hull[n-1].t == p.t {
			continue // it lies above
		}
		for n := len(hull); n >= 2; n = len(hull) {
			a, b := hull[n-2], hull[n-1]
			if compareProducts(b.y-a.y, p.t-a.t, p.y-a.y, b.t-a.t) < 0 {
				break
			}
			hull = hull[:n-1]
		}
		hull = append(hull, p)
	}
	return hull
}

// bounds are the hulls of what two clocks' messages say: the offset lies below the upper points and above
// the lower ones. Lower hulls are kept with their signs turned.
type bounds struct{ upper, lowerNeg []point }

func newBounds(upper, lower []point) bounds {
	neg := make([]point, len(lower))
	for i, p := range lower {
		neg[i] = point{p.t, -p.y}
	}
	return bounds{lowerHull(slices.Clone(upper)), lowerHull(neg)}
}

// line is a straight offset: through (t, y) at the rate num/den, den > 0.
type line struct {
	through  point
	num, den int64
}

func (l line) at(t float64) float64 {
	return float64(l.through.y) + float64(l.num)/float64(l.den)*(t-float64(l.through.t))
}

// tangent returns the hull's point that is lowest over a line of rate num/den.
func tangent(hull []point, num, den int64) point {
	best := hull[0]
	for _, p := range hull[1:] {
		if compareProducts(p.y-best.y, den, num, p.t-best.t) < 0 {
			best = p
		}
	}
	return best
}

// steepest returns the line of the largest rate between the hulls. feasible is false where no line lies
// between them, bounded where lines of any rate do.
//
// The gap between the hulls in the direction of a rate is a concave function of it. Newton's method from
// the right meets its zero after as many steps as it has corners, at most.
func (b bounds) steepest() (l line, bounded, feasible bool) {
	num, den := int64(1), int64(1) // a million ppm
	for {
		u, neg := tangent(b.upper, num, den), tangent(b.lowerNeg, -num, den)
		// gap = (u.y - low.y) - rate (u.t - low.t), with low.y = -neg.y
		gap := compareProducts(u.y+neg.y, den, num, u.t-neg.t)
		l = line{point{neg.t, -neg.y}, num, den}
		if gap >= 0 {
			return l, num != den, true
		}
		if u.t <= neg.t {
			return l, true, false
		}
		num, den = u.y+neg.y, u.t-neg.t
	}
}

func (b bounds) mirrored() bounds {
	turn := func(h []point) []point {
		out := make([]point, len(h))
		for i, p := range h {
			out[len(h)-1-i] = point{-p.t, p.y}
		}
		return out
	}
	return bounds{turn(b.upper), turn(b.lowerNeg)}
}

// extremes returns the steepest and the flattest line between the hulls.
func (b bounds) extremes() (steep, flat line, ok bool) {
	if len(b.upper) == 0 || len(b.lowerNeg) == 0 {
		return line{}, line{}, false
	}
	steep, bounded1, ok1 := b.steepest()
	flat, bounded2, ok2 := b.mirrored().steepest()
	flat.through.t, flat.num = -flat.through.t, -flat.num
	return steep, flat, bounded1 && bounded2 && ok1 && ok2
}

// widest returns the line that keeps the largest distance from both hulls, and twice the distance, which
// is negative where no line lies between them.
func (b bounds) widest() (offset, rate, gap float64) {
	lo, hi := -0.01, 0.01 // clocks are not further apart than 10,000 ppm
	support := func(h []point, rate float64) (best point, least float64) {
		for i, p := range h {
			if v := float64(p.y) - rate*float64(p.t); i == 0 || v < least {
				best, least = p, v
			}
		}
		return best, least
	}
	for range 60 {
		rate = (lo + hi) / 2
		u, _ := support(b.upper, rate)
		l, _ := support(b.lowerNeg, -rate)
		if l.t-u.t > 0 { // the gap grows with the rate
			lo = rate
		} else {
			hi = rate
		}
	}
	_, up := support(b.upper, rate)
	_, down := support(b.lowerNeg, -rate)
	return (up - down) / 2, rate, up + down
}
