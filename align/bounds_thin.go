package align

import (
	"cmp"
	"slices"
)

// line is a constraint between two nodes of a system.
type line struct {
	number, from, to     int32
	fromAt, toAt, weight int64 // of the distances from the trends
}

// mostWeight is the weight in nanoseconds, 36 years, beyond which a constraint is left out.
const mostWeight = 1 << 60

// lines returns those of some constraints whose two sides have a node: ends returns these, or false. They
// are grouped by nodes, and each group is in the order of time.
func (s *system) lines(numbers []int32, constraintOf func(int32) *constraint, coarse func(*constraint) int64,
	ends func(*constraint) (from, to int, ok bool)) []line {
	out := make([]line, 0, len(numbers))
	for _, i := range numbers {
		c := constraintOf(i)
		if from, to, ok := ends(c); ok {
			weight := addBound(c.bound(coarse(c)), addBound(-s.trends[to].offset(c.toAt), s.trends[from].offset(c.fromAt)))
			if weight < -mostWeight || weight > mostWeight {
				continue // sums of such would not be exact, and a search over them need not end
			}
			out = append(out, line{number: i, from: int32(from), to: int32(to), fromAt: c.fromAt, toAt: c.toAt, weight: weight})
		}
	}
	order := func(a, b line) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.fromAt, b.fromAt), cmp.Compare(a.number, b.number))
	}
	if !slices.IsSortedFunc(out, order) {
		slices.SortFunc(out, order)
	}
	return out
}

// thin leaves out the lines that others imply at the rates of the system: those between the same two nodes,
// carried to the same readings. Bounds and contradictions stay what they are, because what is carried over
// a reading in between costs no less. Between trends few are left, as clocks hardly stray from them.
func (s *system) thin(all []line) []line {
	kept := make([]thinned, 0, len(all)/2)
	best := 0
	for _, l := range all {
		x := thinned{line: l, fromClimb: s.climb(l.from, l.fromAt), toClimb: s.climb(l.to, l.toAt)}
		if n := len(kept); n == 0 || kept[best].from != x.from || kept[best].to != x.to {
			best = n
		} else if s.implies(&kept[best], &x) {
			continue
		} else if x.height(-1) <= kept[best].height(-1) {
			best = n
		}
		kept = append(kept, x)
	}
	// What is left is looked at once more from behind.
	out := make([]line, len(kept))
	n := len(out)
	for k := len(kept) - 1; k >= 0; k-- {
		x := &kept[k]
		if k == len(kept)-1 || kept[best].from != x.from || kept[best].to != x.to {
			best = k
		} else if s.implies(&kept[best], x) {
			continue
		} else if x.height(1) <= kept[best].height(1) {
			best = k
		}
		n--
		out[n] = x.line
	}
	return out[n:]
}

// thinned is a line with the climbs at its readings.
type thinned struct {
	line
	fromClimb, toClimb int64
}

// height orders lines by what they imply of a reading far behind them, or before them. It only chooses
// which to try, and halves keep it in range.
func (x *thinned) height(sign int64) int64 {
	return x.weight/2 + sign*(x.fromClimb/2+x.toClimb/2)
}

// implies reports whether a line is no tighter than what another gives at its readings.
func (s *system) implies(by, x *thinned) bool {
	w := by.weight
	if by.fromAt != x.fromAt {
		w = addBound(w, addBound(int64(diff(by.fromClimb, x.fromClimb)), s.rounding(x.from)))
	}
	if by.toAt != x.toAt {
		w = addBound(w, addBound(int64(diff(by.toClimb, x.toClimb)), s.rounding(x.to)))
	}
	return w <= x.weight
}
