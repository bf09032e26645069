package align

import (
	"cmp"
	"math"
	"slices"
)

// boundProblem is what bounds are computed from.
type boundProblem struct {
	clocks []boundClock
	// hard holds the constraints that need no assumption, responses those that may not be answers.
	hard, responses []constraint
	// driftPPB bounds the rate of every clock against true time outside its brackets.
	driftPPB int64
	// pairs of caller and callee are the clocks to bound against each other.
	pairs [][2]int
}

// boundClock is one domain.
type boundClock struct {
	name string
	host string // for people; may be ""
	// reference is what offsets are against in its component, a domain or utcClock. Where it is no part of
	// the component, or anyReference, that is UTC if the component has a reading against it, else the clock
	// with most neighbours.
	reference int
	// brackets cut the clock into one segment more than there are of them; both their ends ascend. Where two overlap,
	// no reading is of the segment between them.
	brackets []bracket
	// slews are the readings at which the clock may run off by slewPPB more than elsewhere.
	slews []bracket
	// isOut keeps a clock from taking part.
	isOut bool
	// trends, by segment, is what the clock is expected to do. It proves nothing: hard bounds only take
	// their shape from it. A missing one is an offset of 0.
	trends []trend
	// lines, by segment, are the estimates; see witness. None are needed.
	lines []trend
	// grids, by segment, are the readings that bounds are wanted at, ascending, at least one. They include
	// the knots of the trend that lie between them.
	grids [][]int64
}

// anyReference leaves the choice to solveBounds.
const anyReference = -2

// bracket is where a clock stepped or slewed: a reading strictly between lo and hi may be from before it
// or from behind it.
type bracket struct{ lo, hi int64 }

// bracketOf returns the readings that a step leaves open. A clock that was set back showed the readings
// before the step again.
func bracketOf(s Step) bracket {
	b := bracket{int64(min(s.After, s.Before)), int64(max(s.After, s.Before))}
	back := s.Bounds.Low
	if back == math.MinInt64 {
		back = 2 * min(max(s.Size, -1<<60), 0) // an estimate without bounds: leave room
	}
	if back = max(min(back, s.Size), -1<<60); back < 0 && !s.Slew {
		b.lo, b.hi = b.lo+back, b.hi-back
	}
	return b
}

// brackets returns what the steps leave open, in their order: a reading is of the segment behind a step only where it
// lies behind all brackets before, as a clock may have been set back by a later step.
func (d *Domain) brackets() (out []bracket) {
	for _, s := range d.Steps {
		if !s.Slew {
			out = append(out, bracketOf(s))
		}
	}
	for i := 1; i < len(out); i++ {
		out[i].hi = max(out[i].hi, out[i-1].hi)
	}
	for i := len(out) - 2; i >= 0; i-- {
		out[i].lo = min(out[i].lo, out[i+1].lo)
	}
	return out
}

// boundResult is what solveBounds found, by domain.
type boundResult struct {
	domains   []domainBounds
	pairs     []pairBounds // as in boundProblem
	conflicts []Certificate
	async     []asyncResponse
	tests     []Assumption
	doubted   []int // domains whose readings contradict those of others
	proof     *Proof
}

// domainBounds is what was found of one domain.
type domainBounds struct {
	component  int // from 0, in the order of the first domain
	reference  int // domain; utcClock
	inConflict bool
	noPath     bool // nothing ties it to any other
	foreign    bool // its estimate is against another clock than the bounds are
	segments   []segmentBounds
}

// segmentBounds holds bounds at the readings of the segment's grid. In between they run straight: see
// bounds_curve.go.
type segmentBounds struct {
	at            []int64
	hard, assumed []Interval
}

// asyncResponse is a response that the hard constraints refute.
type asyncResponse struct {
	response int   // index into boundProblem.responses
	by       int64 // at least this much of the work lies behind the answer
}

// solveBounds computes bounds of all clocks at all their readings. It takes time in proportion to the
// constraints for each of a few passes, not to the square of the domains.
func solveBounds(p *boundProblem) *boundResult {
	r := &boundResult{domains: make([]domainBounds, len(p.clocks)), pairs: make([]pairBounds, len(p.pairs)), proof: &Proof{DriftPPB: p.driftPPB}}
	for i := range r.domains {
		d := &r.domains[i]
		d.noPath, d.reference = true, i
		for _, grid := range p.clocks[i].grids {
			d.segments = append(d.segments, segmentBounds{at: grid, hard: open(len(grid)), assumed: open(len(grid))})
		}
	}
	b := newBoundSolver(p, r)
	b.settleConflicts()
	parts, numbers := b.components()
	for i, members := range parts {
		b.solve(i, members, numbers[i])
	}
	return r
}

func open(n int) []Interval {
	out := make([]Interval, n)
	for i := range out {
		out[i] = Unbounded
	}
	return out
}

// boundSolver holds the nodes of a problem: one for each segment of each domain, and the last for UTC.
type boundSolver struct {
	*boundProblem
	result   *boundResult
	proof    *proofWriter
	firstSeg []int // node of the first segment of a domain
	nodes    int
	domain   []int  // of a node; utcClock of the last
	out      []bool // domains that take no part because they are in conflict
	spare    []*distances
	steady   steadyEnds
	calls    map[int]*system // of the hard constraints that hold together without readings, by first member
}

func newBoundSolver(p *boundProblem, r *boundResult) *boundSolver {
	b := &boundSolver{boundProblem: p, result: r, out: make([]bool, len(p.clocks)), calls: map[int]*system{}}
	for i := range p.clocks {
		b.out[i] = p.clocks[i].isOut
		b.firstSeg = append(b.firstSeg, b.nodes)
		for range len(p.clocks[i].brackets) + 1 {
			b.domain = append(b.domain, i)
			b.nodes++
		}
	}
	b.domain = append(b.domain, utcClock)
	b.nodes++
	b.proof = newProofWriter(b)
	return b
}

func (b *boundSolver) utc() int { return b.nodes - 1 }

// coarseRate returns the rate that the resolution of a constraint's readings counts with: that of any two
// clocks against each other, and what slews add to it.
func (b *boundSolver) coarseRate(c *constraint) int64 {
	rate := relativeRate(b.driftPPB, false)
	for _, d := range []int{c.from, c.to} {
		if d != utcClock && len(b.clocks[d].slews) > 0 {
			return rate + slewPPB
		}
	}
	return rate
}

// node returns the node that a side of a constraint belongs to, -1 if that is open: an end of a span is from
// behind a step only where the span began there, having lasted no longer than it says.
func (b *boundSolver) node(c *constraint, domain int, at, lasted int64) int {
	if domain == utcClock {
		return b.utc()
	}
	if b.out[domain] {
		return -1
	}
	brackets := b.clocks[domain].brackets
	if len(brackets) == 0 {
		return b.firstSeg[domain]
	}
	from, to := at-min(c.blur, 1<<60), at+min(max(c.blur, c.quantum), 1<<60)
	i, _ := slices.BinarySearchFunc(brackets, from, func(x bracket, from int64) int {
		if x.hi <= from {
			return -1
		}
		return 1
	})
	if i < len(brackets) && to > brackets[i].lo || i > 0 && lasted > 0 && diff(at, brackets[i-1].hi) < uint64(lasted) {
		return -1
	}
	return b.firstSeg[domain] + i
}

func (b *boundSolver) stepped(domain int) bool {
	return domain != utcClock && len(b.clocks[domain].brackets) > 0
}

// steadyEnds are the nodes of all constraints of one origin between clocks without steps.
type steadyEnds struct {
	*origin
	nodes [2]int
	ok    bool
}

// ends returns the nodes of both sides of a constraint.
func (b *boundSolver) ends(c *constraint) (from, to int, ok bool) {
	if c.origin == b.steady.origin {
		return b.steady.nodes[0], b.steady.nodes[1], b.steady.ok
	}
	var sent, received int64
	stepped := b.stepped(c.from) || b.stepped(c.to)
	if stepped {
		sent, received = c.lasted()
	}
	from, to = b.node(c, c.from, c.fromAt, sent), b.node(c, c.to, c.toAt, received)
	ok = from >= 0 && to >= 0 && from != to
	if !stepped {
		b.steady = steadyEnds{c.origin, [2]int{from, to}, ok}
	}
	return from, to, ok
}

// leaveOut takes a domain out, or lets it take part again.
func (b *boundSolver) leaveOut(domain int, out bool) {
	b.out[domain], b.steady = out, steadyEnds{}
}

// trendOf returns the trend of a node.
func (b *boundSolver) trendOf(node int) trend {
	d := b.domain[node]
	if d == utcClock {
		return nil
	}
	if i := node - b.firstSeg[d]; i < len(b.clocks[d].trends) {
		return b.clocks[d].trends[i]
	}
	return nil
}

// components returns the domains that constraints tie to each other, UTC among them, in the order of their
// first domain, and the numbers of the constraints of each.
func (b *boundSolver) components() (parts [][]int, numbers [][]int32) {
	parent := make([]int, len(b.clocks)+1) // the last is UTC
	for i := range parent {
		parent[i] = i
	}
	root := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	total := int32(len(b.hard) + len(b.responses))
	usable := make([]int32, 0, total)
	for i := range total {
		if from, to, ok := b.ends(b.constraint(i)); ok {
			x, y := root(b.member(from)), root(b.member(to))
			parent[max(x, y)] = min(x, y)
			usable = append(usable, i)
		}
	}
	number := map[int]int{}
	for i := range b.clocks {
		k := root(i)
		if _, ok := number[k]; !ok {
			number[k] = len(parts)
			parts = append(parts, nil)
		}
		parts[number[k]] = append(parts[number[k]], i)
	}
	if len(parts) == 1 {
		return parts, [][]int32{usable}
	}
	numbers = make([][]int32, len(parts))
	for _, i := range usable {
		c := b.constraint(i)
		n := number[root(max(c.from, c.to))] // a domain: UTC is less than any
		numbers[n] = append(numbers[n], i)
	}
	return parts, numbers
}

// member returns the domain of a node, and the number behind the last for UTC.
func (b *boundSolver) member(node int) int {
	if d := b.domain[node]; d != utcClock {
		return d
	}
	return len(b.clocks)
}

// wantedReference returns what most estimates of a component are against: links, which are bounds and no
// observations, may tie clocks together that were estimated apart.
func (b *boundSolver) wantedReference(members []int) int {
	votes := map[int]int{}
	best := anyReference
	for _, d := range members {
		if r := b.clocks[d].reference; r != anyReference {
			votes[r]++
		}
	}
	for _, d := range members {
		if r := b.clocks[d].reference; votes[r] > votes[best] {
			best = r
		}
	}
	return best
}

// chooseReference returns the domain that offsets of a component are against: the wanted one, utcClock
// where it has a reading against UTC and the user named none of its domains.
func (b *boundSolver) chooseReference(wanted int, members []int, numbers []int32) int {
	if slices.Contains(members, wanted) {
		return wanted
	}
	type degree struct{ domain, neighbours, constraints int }
	of := map[int]*degree{}
	for _, d := range members {
		of[d] = &degree{domain: d}
	}
	seen := map[[2]int]bool{}
	for _, i := range numbers {
		c := b.constraint(i)
		if c.from == utcClock || c.to == utcClock {
			return utcClock
		}
		for _, x := range [][2]int{{c.from, c.to}, {c.to, c.from}} {
			of[x[0]].constraints++
			if !seen[x] {
				seen[x] = true
				of[x[0]].neighbours++
			}
		}
	}
	best := of[members[0]]
	for _, d := range members[1:] {
		// A clock that steps is a bad ruler.
		if g := of[d]; cmp.Or(
			cmp.Compare(len(b.clocks[best.domain].brackets), len(b.clocks[d].brackets)),
			cmp.Compare(g.neighbours, best.neighbours), cmp.Compare(g.constraints, best.constraints)) > 0 {
			best = g
		}
	}
	return best.domain
}
