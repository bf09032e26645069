package align

import (
	"cmp"
	"slices"
)

// A contradiction is a cycle of negative length in the system of the hard constraints. Rates are those
// against true time here, which is a reference that no evidence has to name.

// settleConflicts finds what contradicts itself, certifies it, and takes clocks out until the rest holds
// together: of a pair, the clock that contradicts more others; where that tells nothing, all of the cycle.
func (b *boundSolver) settleConflicts() {
	parts, numbers := b.components()
	for i, members := range parts {
		k, _ := slices.BinarySearch(numbers[i], int32(len(b.hard)))
		if b.witness(members, numbers[i][:k]) {
			continue
		}
		c := b.newConflict(members, numbers[i])
		if g := c.scope.system(c.scope.hard, c.scope.drift); c.cycleIn(g) != nil {
			c.settle()
		} else if c.scope == c.scope.callsOnly() {
			b.calls[members[0]] = g
		}
	}
}

// conflict works on one component.
type conflict struct {
	scope  *scope
	pairs  []conflictPair
	blamed []int // domains that the explanation of the last certificate is about
}

// conflictPair is two nodes whose constraints on each other contradict themselves.
type conflictPair struct {
	nodes [2]int // of the solver
	links []int32
}

func (b *boundSolver) newConflict(members []int, numbers []int32) *conflict {
	return &conflict{scope: b.newScope(members, numbers, utcClock)}
}

// cycle returns the constraints of a cycle of negative length among some, nil if there is none.
func (c *conflict) cycle(numbers []int32) []int32 {
	return c.cycleIn(c.scope.system(numbers, c.scope.drift))
}

func (c *conflict) cycleIn(g *system) []int32 {
	d, links := g.search(everywhere, false)
	d.release()
	var out []int32
	for _, i := range links {
		out = append(out, g.links[i].constraint)
	}
	return out
}

func (c *conflict) settle() {
	c.findPairs()
	for {
		cycle := c.next()
		if cycle == nil {
			return
		}
		r := c.scope.result
		r.conflicts = append(r.conflicts, c.certify(cycle))
		for _, d := range c.suspects(cycle) {
			c.scope.leaveOut(d, true)
		}
	}
}

// findPairs looks for contradictions of two clocks, or of a clock and UTC: nothing shorter can exist.
func (c *conflict) findPairs() {
	s := c.scope
	groups := map[[2]int][]int32{}
	var keys [][2]int
	for _, i := range s.hard {
		from, to, ok := s.boundSolver.ends(s.constraint(i))
		if !ok {
			continue
		}
		k := [2]int{min(from, to), max(from, to)}
		if groups[k] == nil {
			keys = append(keys, k)
		}
		groups[k] = append(groups[k], i)
	}
	slices.SortFunc(keys, func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
	for _, k := range keys {
		if cycle := c.cycleOf(k, groups[k]); cycle != nil {
			c.pairs = append(c.pairs, conflictPair{k, cycle})
		}
	}
}

// cycleOf is cycle for the constraints between two nodes alone.
func (c *conflict) cycleOf(k [2]int, numbers []int32) []int32 {
	s := c.scope
	ends := func(x *constraint) (from, to int, ok bool) {
		f, t, ok := s.boundSolver.ends(x)
		at := func(n int) int {
			if n == k[0] {
				return 0
			}
			return 1
		}
		return at(f), at(t), ok
	}
	g := newFrame(2)
	for i, n := range k {
		g.anchor[i], g.slews[i] = s.anchor(n), s.slewsOf(n)
		if n != s.utc() {
			g.rate[i] = s.drift
		}
	}
	g = g.of(g.source(numbers, s.constraint, s.coarseRate, ends).all())
	d, links := g.search(everywhere, false)
	d.release()
	var out []int32
	for _, i := range links {
		out = append(out, g.links[i].constraint)
	}
	return out
}

// next returns a cycle with as few constraints as can be found: one of two clocks if there is any, else
// one from which no clock can be left out.
func (c *conflict) next() []int32 {
	count := c.count()
	var best []int32
	most := 0
	for _, p := range c.pairs {
		if n := max(count[c.scope.domain[p.nodes[0]]], count[c.scope.domain[p.nodes[1]]]); c.live(p) && n > most {
			best, most = p.links, n
		}
	}
	if best != nil {
		return best
	}
	cycle := c.cycle(c.scope.hard)
	for cycle != nil {
		shorter := c.shrink(cycle)
		if shorter == nil {
			break
		}
		cycle = shorter
	}
	return cycle
}

// shrink returns a cycle over fewer clocks than those of a cycle, nil if there is none.
func (c *conflict) shrink(cycle []int32) []int32 {
	domains := c.domains(cycle, true)
	for _, leave := range domains {
		var rest []int32
		for _, i := range c.scope.hard {
			x := c.scope.constraint(i)
			if x.from != leave && x.to != leave && slices.Contains(domains, x.from) && slices.Contains(domains, x.to) {
				rest = append(rest, i)
			}
		}
		if found := c.cycle(rest); found != nil {
			return found
		}
	}
	return nil
}

// live reports whether both clocks of a pair still take part.
func (c *conflict) live(p conflictPair) bool {
	for _, n := range p.nodes {
		if d := c.scope.domain[n]; d != utcClock && c.scope.out[d] {
			return false
		}
	}
	return true
}

// count tells how many others each domain contradicts.
func (c *conflict) count() map[int]int {
	n := map[int]int{}
	for _, p := range c.pairs {
		if c.live(p) {
			n[c.scope.domain[p.nodes[0]]]++
			n[c.scope.domain[p.nodes[1]]]++
		}
	}
	return n
}

// domains returns the domains of a cycle, in order, with UTC if it is asked for.
func (c *conflict) domains(cycle []int32, utc bool) []int {
	var out []int
	for _, i := range cycle {
		x := c.scope.constraint(i)
		out = append(out, x.from, x.to)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if !utc && out[0] == utcClock {
		out = out[1:]
	}
	return out
}

// suspects returns the domains of the last certified cycle to which no offset can be given: those that what
// explains it is about; else the one of two that contradicts more others; else all of them.
func (c *conflict) suspects(cycle []int32) []int {
	domains := c.domains(cycle, false)
	if len(c.blamed) > 0 {
		return c.blamed
	}
	if len(domains) == 2 {
		n := c.count()
		switch cmp.Compare(n[domains[0]], n[domains[1]]) {
		case 1:
			return domains[:1]
		case -1:
			return domains[1:]
		}
	}
	return domains
}
