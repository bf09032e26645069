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

// lineSource makes lines of constraints, those between the same two nodes at a time: all of them together
// take more memory than a processor's caches have.
type lineSource struct {
	system       *system
	numbers      []int32
	constraintOf func(int32) *constraint
	coarse       func(*constraint) int64
	runs         []run // by nodes
	spare        []line
}

// run is numbers that follow each other, of constraints between the same two nodes.
type run struct{ from, to, lo, hi int32 }

// source returns the lines of those constraints whose two sides have a node: ends returns these, or false.
func (s *system) source(numbers []int32, constraintOf func(int32) *constraint, coarse func(*constraint) int64,
	ends func(*constraint) (from, to int, ok bool)) *lineSource {
	return &lineSource{system: s, numbers: numbers, constraintOf: constraintOf, coarse: coarse, runs: runsOf(numbers, constraintOf, ends)}
}

// runsOf returns the runs of some constraints, in the order of nodes.
func runsOf(numbers []int32, constraintOf func(int32) *constraint, ends func(*constraint) (from, to int, ok bool)) []run {
	var runs []run
	var last *run
	for k, i := range numbers {
		from, to, ok := ends(constraintOf(i))
		switch {
		case !ok:
			last = nil
			continue
		case last == nil || int(last.from) != from || int(last.to) != to:
			runs = append(runs, run{from: int32(from), to: int32(to), lo: int32(k)})
			last = &runs[len(runs)-1]
		}
		last.hi = int32(k + 1)
	}
	slices.SortFunc(runs, func(a, b run) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.lo, b.lo))
	})
	return runs
}

// group returns how many of some runs are between the same two nodes as the first.
func group(runs []run) int {
	n := 0
	for n < len(runs) && runs[n].from == runs[0].from && runs[n].to == runs[0].to {
		n++
	}
	return n
}

// each calls f with the lines of every two nodes, in the order of time. What it gives is overwritten.
func (l *lineSource) each(f func([]line)) {
	var buffer []line
	for runs := l.runs; len(runs) > 0; {
		buffer, runs = l.next(buffer[:0], runs)
		f(buffer)
	}
}

// next appends the lines of the first two nodes of some runs, in the order of time and of numbers, and returns the
// runs of others.
func (l *lineSource) next(out []line, runs []run) ([]line, []run) {
	first, n := len(out), group(runs)
	for k := range n {
		out = l.append(out, &runs[k])
	}
	l.spare = sortRuns(out[first:], l.spare, func(a, b *line) bool { return a.fromAt < b.fromAt })
	return out, runs[n:]
}

func (l *lineSource) append(out []line, r *run) []line {
	var loose looseness
	from, to := l.system.trends[r.from], l.system.trends[r.to]
	var fromHint, toHint int
	for _, i := range l.numbers[r.lo:r.hi] {
		c := l.constraintOf(i)
		w := addBound(addBound(c.weight, loose.of(c, l.coarse)), addBound(-to.offsetNear(c.toAt, &toHint), from.offsetNear(c.fromAt, &fromHint)))
		if w < -mostWeight || w > mostWeight {
			continue // sums of such would not be exact, and a search over them need not end
		}
		out = append(out, line{number: i, from: r.from, to: r.to, fromAt: c.fromAt, toAt: c.toAt, weight: w})
	}
	return out
}

// all returns all lines, grouped by nodes, and each group in the order of time.
func (l *lineSource) all() []line {
	out := make([]line, 0, len(l.numbers))
	for runs := l.runs; len(runs) > 0; {
		out, runs = l.next(out, runs)
	}
	return out
}

// thin returns the lines that are left by system.thin.
func (l *lineSource) thin() []line {
	out := make([]line, 0, len(l.numbers)/4) // about what is left
	var t thinner
	l.each(func(group []line) { out = t.thin(l.system, out, group) })
	return out
}

// thin leaves out the lines that others imply at the rates of the system: those between the same two nodes,
// carried to the same readings. Bounds and contradictions stay what they are, because what is carried over
// a reading in between costs no less. Between trends few are left, as clocks hardly stray from them.
func (s *system) thin(all []line) []line {
	out := make([]line, 0, len(all))
	var t thinner
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].from == all[0].from && all[n].to == all[0].to {
			n++
		}
		out, all = t.thin(s, out, all[:n]), all[n:]
	}
	return out
}

// thinner holds what thinning one group after the other needs.
type thinner struct{ kept []thinned }

// thin appends those of the lines between two nodes that no other implies.
func (t *thinner) thin(s *system, out, group []line) []line {
	kept := t.kept[:0]
	best := 0
	for i := range group {
		l := &group[i]
		x := thinned{line: l, fromClimb: s.climb(l.from, l.fromAt), toClimb: s.climb(l.to, l.toAt)}
		if len(kept) > 0 {
			if s.implies(&kept[best], &x) {
				continue
			}
			if x.height(-1) <= kept[best].height(-1) {
				best = len(kept)
			}
		}
		kept = append(kept, x)
	}
	t.kept = kept
	// What is left is looked at once more from behind.
	for k := len(kept) - 1; k >= 0; k-- {
		x := &kept[k]
		if k < len(kept)-1 {
			if s.implies(&kept[best], x) {
				x.implied = true
				continue
			}
			if x.height(1) > kept[best].height(1) {
				continue
			}
		}
		best = k
	}
	for k := range kept {
		if !kept[k].implied {
			out = append(out, *kept[k].line)
		}
	}
	return out
}

// thinned is a line with the climbs at its readings.
type thinned struct {
	*line
	fromClimb, toClimb int64
	implied            bool
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
