package align

import "slices"

// scope is one component on its way to bounds.
type scope struct {
	*boundSolver
	members   []int
	reference int
	nodes     []int   // of the solver, by node of the scope
	local     []int32 // the other way; -1 for nodes of other components
	source    int     // node of the scope whose offset is 0
	drift     int64   // of every other clock against it, parts per billion
	hard      []int32 // numbers of constraints
	responses []int32
	admitted  []int32 // responses that the assumed bounds use
}

// constraint returns a constraint by number: hard ones first, then responses.
func (b *boundSolver) constraint(i int32) *constraint {
	if int(i) < len(b.boundProblem.hard) {
		return &b.boundProblem.hard[i]
	}
	return &b.boundProblem.responses[int(i)-len(b.boundProblem.hard)]
}

// newScope gathers the nodes and the constraints of a component, whose numbers ascend.
func (b *boundSolver) newScope(members []int, numbers []int32, reference int) *scope {
	s := &scope{boundSolver: b, members: members, reference: reference, local: make([]int32, b.nodes)}
	for i := range s.local {
		s.local[i] = -1
	}
	for _, d := range members {
		for i := range len(b.clocks[d].brackets) + 1 {
			s.nodes = append(s.nodes, b.firstSeg[d]+i)
		}
	}
	s.nodes = append(s.nodes, b.utc())
	for i, n := range s.nodes {
		s.local[n] = int32(i)
	}
	k, _ := slices.BinarySearch(numbers, int32(len(b.boundProblem.hard)))
	s.hard, s.responses = numbers[:k:k], numbers[k:]
	s.drift = relativeRate(b.driftPPB, reference == utcClock)
	s.source = int(s.local[b.sourceNode(reference)])
	return s
}

// sourceNode returns the node that offsets are against: of a domain, its longest segment.
func (b *boundSolver) sourceNode(reference int) int {
	if reference == utcClock {
		return b.utc()
	}
	best, longest := 0, int64(-1)
	for i, g := range b.clocks[reference].grids {
		if n := int64(min(diff(g[0], g[len(g)-1]), 1<<62)); n > longest {
			best, longest = i, n
		}
	}
	return b.firstSeg[reference] + best
}

// ends returns the nodes of a constraint in the scope.
func (s *scope) ends(c *constraint) (from, to int, ok bool) {
	from, to, ok = s.boundSolver.ends(c)
	if !ok || s.local[from] < 0 || s.local[to] < 0 {
		return 0, 0, false
	}
	return int(s.local[from]), int(s.local[to]), true
}

// system builds the graph of some constraints, without trends. At the rates of clocks that were not looked
// at, envelopes hold little that is implied.
func (s *scope) system(numbers []int32, rate int64) *system {
	f := s.frame(false, rate)
	return f.of(s.lines(f, numbers).all())
}

func (s *scope) lines(f *system, numbers []int32) *lineSource {
	return f.source(numbers, s.constraint, s.coarseRate, s.ends)
}

// frame returns a system without events.
func (s *scope) frame(withTrends bool, rate int64) *system {
	g := newFrame(len(s.nodes))
	g.spare = &s.boundSolver.spare
	for i, n := range s.nodes {
		g.anchor[i] = s.anchor(n)
		if i == s.source {
			continue
		}
		g.slews[i] = s.slewsOf(n)
		if withTrends {
			g.trends[i] = s.trendOf(n)
		}
	}
	s.setRate(g, rate)
	return g
}

// anchor returns the first reading of the grid of a node, which evidence does not move.
func (b *boundSolver) anchor(node int) int64 {
	if d := b.domain[node]; d != utcClock {
		return b.clocks[d].grids[b.segmentOf(node)][0]
	}
	return 0
}

func (b *boundSolver) slewsOf(node int) []bracket {
	if d := b.domain[node]; d != utcClock {
		return b.clocks[d].slews
	}
	return nil
}

// coarseRate is that of a clock against UTC for what is not known of the instant of a reading, if UTC is the
// reference. If it is not, the place on that clock moves as well, and both count.
func (s *scope) coarseRate(c *constraint) int64 {
	rate := s.boundSolver.coarseRate(c)
	switch {
	case c.class != ClassReading:
	case s.reference == utcClock:
		rate += s.drift - relativeRate(s.driftPPB, false)
	default:
		rate *= 2
	}
	return rate
}

func (s *scope) setRate(g *system, rate int64) {
	for i := range g.rate {
		g.rate[i] = rate
	}
	g.rate[s.source] = 0
}

// solve fills in the bounds of a component, whose hard constraints are known to hold together.
func (b *boundSolver) solve(number int, members []int, numbers []int32) {
	wanted := b.wantedReference(members)
	reference := b.chooseReference(wanted, members, numbers)
	lost := wanted != anyReference && wanted != reference // the estimates are against another clock
	for _, d := range members {
		r := &b.result.domains[d]
		r.component, r.reference, r.inConflict = number, reference, b.out[d]
		r.noPath = lost || len(members) == 1 && reference != utcClock
		own := b.clocks[d].reference
		r.foreign = !r.noPath && own != anyReference && own != reference
	}
	if lost || b.out[members[0]] {
		return
	}
	s := b.newScope(members, numbers, reference)
	calls := s.callsOnly()
	var hard *system
	var up, down *distances
	if suspects := s.suspects(calls); len(suspects) > 0 {
		if hard, up, down = calls.hardDistances(); up == nil || down == nil {
			return // cannot be: settleConflicts left no contradiction
		}
		s.refuteResponses(suspects, calls, hard, up, down)
	}
	s.admit()
	if calls != s {
		s.doubtReadings()
		up.release()
		down.release()
	}
	if calls != s || hard == nil {
		if _, up, down = s.hardDistances(); up == nil || down == nil {
			return // likewise
		}
	}
	b.proof.scope(s)
	b.curves(s, basisHard, true, up, down, s.drift)
	up.release()
	down.release()
	s.assume()
}

// hardDistances returns the system of the hard constraints, and the distances from the source and back.
func (s *scope) hardDistances() (hard *system, up, down *distances) {
	if g := s.boundSolver.calls[s.members[0]]; g != nil {
		// The weights of calls do not depend on what clocks are against, only the rates do.
		known := *g
		known.rate, known.slews = slices.Clone(g.rate), slices.Clone(g.slews)
		s.setRate(&known, s.drift)
		known.slews[s.source] = nil
		hard = &known
	} else {
		hard = s.system(s.hard, s.drift)
	}
	up, _ = hard.search(s.source, false)
	down, _ = hard.search(s.source, true)
	return hard, up, down
}

// assume computes the bounds that rest on answers, on trends, and on the rate that the ladder finds.
func (s *scope) assume() {
	rate, g := s.climb(slices.Concat(s.hard, s.admitted))
	if g == nil && len(s.admitted) > 0 {
		// Some answer is none, and which one nothing tells.
		s.admitted = nil
		rate, g = s.climb(s.hard)
	}
	trended := g != nil
	if !trended {
		s.admitted, rate = nil, s.drift
		g = s.system(s.hard, rate)
	}
	up, _ := g.search(s.source, false)
	down, _ := g.search(s.source, true)
	if up == nil || down == nil {
		return
	}
	s.proof.assumedRate(rate, trended)
	s.curves(s, basisAssumed, !trended, up, down, rate)
	s.boundPairs(rate, trended, g.constraints())
}
