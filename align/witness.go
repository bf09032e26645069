package align

// What constraints imply takes searches over all of them. That they hold together, and that they imply nothing
// against an answer, is shown by one world in which they and the answer hold, and the estimates nearly always
// are one: a look at each constraint then replaces a search for each clock.
//
// A world gives every clock a line, so that a reading is of an instant, and is possible where no line is
// steeper than clocks run. Seen from any clock that is not slewed it is still one: what is sent first is, and
// no other clock runs off by more than relativeRate. Distances in a system are therefore no less than the
// world's, and prove nothing that it contradicts.

// lineOf returns the estimate of a node, nil for UTC.
func (b *boundSolver) lineOf(node int) trend {
	if b.domain[node] == utcClock {
		return nil
	}
	return b.clocks[b.domain[node]].lines[b.segmentOf(node)]
}

// isPossible reports whether a clock can run as its estimate does.
func (c *boundClock) isPossible(ppb int64) bool {
	if len(c.lines) != len(c.brackets)+1 {
		return false
	}
	// A clock that gains ppb moves by ppb for every 1+ppb that it shows; see relativeRate.
	most := ppb - (ppb*ppb+billion-1)/billion
	for _, t := range c.lines {
		if len(t) == 0 {
			return false
		}
		for k := 0; k+1 < len(t); k++ {
			limit := most
			if k > 0 && k+2 < len(t) && c.slewsAllOf(t[k].at, t[k+1].at) {
				limit += slewPPB - slewPPB/100 // rates multiply, seen from another clock
			}
			if t[k:k+2].slope() > limit {
				return false
			}
		}
	}
	return true
}

// slewsAllOf reports whether a clock may be slewed all of the time between two readings.
func (c *boundClock) slewsAllOf(from, to int64) bool {
	for _, s := range c.slews {
		if s.lo <= from && to <= s.hi {
			return true
		}
	}
	return false
}

// witness reports whether the estimates are a world in which some constraints hold.
func (b *boundSolver) witness(members []int, numbers []int32) bool {
	for _, d := range members {
		if !b.out[d] && !b.clocks[d].isPossible(min(b.driftPPB, billion/4)) {
			return false
		}
	}
	var k keeper
	for _, i := range numbers {
		c := b.constraint(i)
		if from, to, ok := b.ends(c); ok && !k.keeps(b, c, from, to) {
			return false
		}
	}
	return true
}

// keeper looks at one constraint after the other. Most are between the nodes of the one before.
type keeper struct{ from, to, fromHint, toHint int }

// keeps reports whether a constraint holds in the world of the estimates. Lines are rounded down.
func (k *keeper) keeps(b *boundSolver, c *constraint, from, to int) bool {
	if k.from != from || k.to != to {
		*k = keeper{from: from, to: to}
	}
	// A delay is of true time, and of less on a clock that is slow.
	most := addBound(addBound(c.weight, c.quantum), -1-slack(relativeRate(b.driftPPB, false), 0, c.minDelay))
	return addBound(b.lineOf(to).offsetNear(c.toAt, &k.toHint), -b.lineOf(from).offsetNear(c.fromAt, &k.fromHint)) <= most
}

// suspects returns the responses of a scope that its calls may refute: those that do not hold in the world of
// the estimates, and all that are looked at from a clock that is slewed.
func (s *scope) suspects(calls *scope) []int32 {
	slewed := func(node int) bool { d := s.domain[node]; return d != utcClock && len(s.clocks[d].slews) > 0 }
	if slewed(calls.nodes[calls.source]) || !s.witness(s.members, calls.hard) {
		return s.responses
	}
	var out []int32
	var k keeper
	for _, i := range s.responses {
		c := s.constraint(i)
		if from, to, ok := s.boundSolver.ends(c); ok && (slewed(to) || !k.keeps(s.boundSolver, c, from, to)) {
			out = append(out, i)
		}
	}
	return out
}
