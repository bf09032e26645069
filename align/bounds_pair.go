package align

import (
	"cmp"
	"math"
	"slices"
)

// The bounds of two clocks against the reference, subtracted, hold the width of both ways to it. A pair is
// therefore bounded by the shortest path from the caller to the callee, and back. Of one instant, that
// needs no event but one of every clock, its hub: between two clocks the constraint counts that says most
// once both its readings are carried to the hubs. Paths over hubs are those of alignments at one instant;
// what is stated is the sum along the constraints of a path, which leaves the detours to hubs out.
//
// Hard bounds take the caller's clock as the reference, which then does not move. Assumed bounds are
// distances from the trends, which are against the reference of the component, so they run from one
// reading of the caller: see pairFinder.assumed.

// pairBounds is what was found of a pair.
type pairBounds struct {
	found         bool
	at            int64 // the callee's reading
	hard, assumed Interval
}

// pairParts are the parts of the capture, in eighths, at which a pair may be bounded: the first at which
// both clocks are between steps.
var pairParts = [...]int{4, 3, 5, 2, 6, 1, 7}

// pairFinder bounds the pairs of a component.
type pairFinder struct {
	*scope
	rate    int64 // of the assumed bounds
	trended bool
	assumed []int32 // the constraints that no others imply at that rate
	hubs    []int64
	within  []bool // the hub is between the same steps as the node's readings
}

// boundPairs bounds the pairs of the component whose assumed bounds have a rate, and follow from some constraints.
func (s *scope) boundPairs(rate int64, trended bool, assumed []int32) {
	var todo []int
	for i, p := range s.pairs {
		if !s.out[p[0]] && !s.out[p[1]] && s.local[s.firstSeg[p[0]]] >= 0 && s.local[s.firstSeg[p[1]]] >= 0 {
			todo = append(todo, i)
		}
	}
	first, last := s.span()
	f := &pairFinder{scope: s, rate: rate, trended: trended, assumed: assumed}
	for _, k := range pairParts {
		if len(todo) == 0 {
			return
		}
		f.place(part(first, last, k, 8))
		todo = f.bound(todo)
	}
}

// span returns the first and the last instant that points of the component are of.
func (s *scope) span() (first, last int64) {
	first, last = math.MaxInt64, math.MinInt64
	for _, n := range s.nodes {
		if d := s.domain[n]; d != utcClock {
			g := s.clocks[d].grids[s.segmentOf(n)]
			t := s.trendOf(n)
			first = min(first, addBound(g[0], -t.offset(g[0])))
			last = max(last, addBound(g[len(g)-1], -t.offset(g[len(g)-1])))
		}
	}
	return first, last
}

// place sets the hubs to an instant of the reference's time.
func (f *pairFinder) place(instant int64) {
	f.hubs, f.within = make([]int64, len(f.nodes)), make([]bool, len(f.nodes))
	for i, n := range f.nodes {
		f.hubs[i] = instant
		d := f.domain[n]
		if d == utcClock {
			continue
		}
		t := f.trendOf(n)
		if i == f.source {
			t = nil
		}
		at := instant
		for range 4 { // a clock moves by less than a thousandth of what it is off
			at = addBound(instant, t.offset(at))
		}
		lo, hi := int64(math.MinInt64), int64(math.MaxInt64)
		k, brackets := f.segmentOf(n), f.clocks[d].brackets
		if k > 0 {
			lo = brackets[k-1].hi
		}
		if k < len(brackets) {
			hi = brackets[k].lo
		}
		f.hubs[i] = min(max(at, lo), hi)
		f.within[i] = f.hubs[i] == at && lo <= hi
	}
}

// nodeOf returns the node whose hub a domain shows, -1 where that is open.
func (f *pairFinder) nodeOf(domain int) int {
	first := int(f.local[f.firstSeg[domain]])
	found := -1
	for i := first; i <= first+len(f.clocks[domain].brackets); i++ {
		if f.within[i] {
			if found >= 0 {
				return -1
			}
			found = i
		}
	}
	return found
}

// bound bounds the pairs that are between steps, and returns the others.
func (f *pairFinder) bound(pairs []int) (rest []int) {
	type ends struct{ pair, caller, callee int }
	var all []ends
	for _, i := range pairs {
		a, b := f.nodeOf(f.pairs[i][0]), f.nodeOf(f.pairs[i][1])
		if a < 0 || b < 0 {
			rest = append(rest, i)
			continue
		}
		all = append(all, ends{i, a, b})
	}
	if len(all) == 0 {
		return rest
	}
	slices.SortStableFunc(all, func(x, y ends) int { return cmp.Compare(x.caller, y.caller) })
	hard, assumed := f.hardSnapshot(), f.assumedSnapshot()
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].caller == all[0].caller {
			n++
		}
		caller := all[0].caller
		ways := [4]*hubPaths{
			hard.search(caller, true, true), hard.search(caller, false, true),
			assumed.search(caller, true, false), assumed.search(caller, false, false),
		}
		for _, x := range all[:n] {
			f.state(x.pair, caller, x.callee, ways)
		}
		all = all[n:]
	}
	return rest
}

func (f *pairFinder) empty(coarse func(*constraint) int64) *snapshot {
	g := &snapshot{system: newFrame(len(f.nodes)), coarse: coarse, hub: f.hubs}
	for i, n := range f.nodes {
		g.anchor[i], g.slews[i] = f.anchor(n), f.slewsOf(n)
	}
	return g
}

// hardSnapshot is of the hard constraints, all clocks moving against each other.
func (f *pairFinder) hardSnapshot() *snapshot {
	g := f.empty(func(c *constraint) int64 {
		rate := f.boundSolver.coarseRate(c)
		if c.class == ClassReading {
			rate *= 2 // UTC is not the reference
		}
		return rate
	})
	for i := range g.rate {
		g.rate[i] = relativeRate(f.driftPPB, false)
	}
	g.fill(f.scope, f.hard)
	return g
}

// assumedSnapshot is of the assumed constraints, clocks straying from their trends.
func (f *pairFinder) assumedSnapshot() *snapshot {
	g := f.empty(f.coarseRate)
	f.setRate(g.system, f.rate)
	g.slews[f.source] = nil
	if f.trended {
		for i, n := range f.nodes {
			if i != f.source {
				g.trends[i] = f.trendOf(n)
			}
		}
	}
	g.fill(f.scope, f.assumed)
	return g
}

// state writes down the bounds of a pair, and the paths that they follow from.
func (f *pairFinder) state(pair, caller, callee int, ways [4]*hubPaths) {
	r := &f.result.pairs[pair]
	*r = pairBounds{found: true, at: f.hubs[callee], hard: Unbounded, assumed: Unbounded}
	var sums [4]int64
	proof := ProofPair{
		Caller: f.clocks[f.pairs[pair][0]].name, Callee: f.clocks[f.pairs[pair][1]].name,
		At: Instant(f.hubs[callee]), CallerAt: Instant(f.hubs[caller]),
	}
	for k, p := range ways {
		sums[k] = unreached
		if arcs, ok := p.follow(callee); ok {
			sums[k] = p.sum(f.scope, arcs, callee)
			proof.Paths[k] = f.proof.hubPath(f.scope, p, arcs)
		} else {
			proof.Paths[k] = -1
		}
	}
	r.hard = intervalOf(addBound(sums[0], 1), addBound(sums[1], 1))
	r.assumed = f.assumedBounds(caller, callee, sums[2], sums[3])
	r.assumed = Interval{max(r.assumed.Low, r.hard.Low), min(r.assumed.High, r.hard.High)}
	f.result.proof.Pairs = append(f.result.proof.Pairs, proof)
}

// intervalOf turns bounds of a value's negative and of the value into an interval.
func intervalOf(low, high int64) Interval {
	out := Unbounded
	if low != unreached {
		out.Low = -low
	}
	if high != unreached {
		out.High = high
	}
	return out
}

// assumedBounds turns distances from the caller's hub to the callee's into bounds. They are of the offset
// of the callee at its hub less that of the caller at its own, and the two readings may be of two
// instants: how far apart follows from the same distances. So far the caller's clock may have moved, by
// its largest rate. Where it may have stepped, nothing follows.
func (f *pairFinder) assumedBounds(caller, callee int, low, high int64) Interval {
	if low == unreached || high == unreached {
		return Unbounded // the instants may be any time apart
	}
	trendOf := func(i int) int64 {
		if i == f.source || !f.trended {
			return 0
		}
		return f.trendOf(f.nodes[i]).offset(f.hubs[i])
	}
	between := addBound(trendOf(callee), -trendOf(caller))
	low, high = addBound(low, -between), addBound(high, between)
	apart := addBound(f.hubs[callee], -f.hubs[caller])
	n := max(addBound(high, -apart), addBound(low, apart), 0)
	domain := f.domain[f.nodes[caller]]
	rate := relativeRate(f.driftPPB, false)
	if len(f.clocks[domain].slews) > 0 {
		rate += slewPPB
	}
	if caller == f.source {
		rate = 0
	}
	n = addBound(n, slack(5*rate, 0, n)) // of its own readings; 1/(1-rate) is less than 1+5*rate
	at := constraint{fromAt: f.hubs[caller], origin: &origin{from: domain, blur: n}}
	if n > math.MaxInt64/4 || f.node(&at, domain, at.fromAt, 0) != f.nodes[caller] {
		return Unbounded
	}
	moved := addBound(slack(rate, 0, n), 1)
	return intervalOf(addBound(low, moved), addBound(high, moved))
}

// hubPath writes a path over hubs and returns its index. Those of one search share their beginnings.
func (w *proofWriter) hubPath(s *scope, p *hubPaths, arcs []int32) int32 {
	at := int32(-1)
	for _, i := range arcs {
		v := p.arcs[i].to
		if p.low {
			v = p.arcs[i].from
		}
		if p.written[v] < 0 {
			w.proof.Paths = append(w.proof.Paths, [2]int32{w.constraint(p.constraintOf(i)), at})
			p.written[v] = int32(len(w.proof.Paths) - 1)
		}
		at = p.written[v]
	}
	return at
}
