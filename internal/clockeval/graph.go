package clockeval

import (
	"math"
	"slices"
	"sort"

	"github.com/witnessmark/witnessmark/internal/clocksim"
)

// pair collects what the answered calls between two hosts say of the second clock's offset against the
// first, by the first's time; the first has the lesser name.
type pair struct {
	a, b         int // indices of names
	t0, y0       int64
	upper, lower []point
}

func (p *pair) add(upper bool, t, y int64) {
	if len(p.upper)+len(p.lower) == 0 {
		p.t0, p.y0 = t, y
	}
	if upper {
		p.upper = append(p.upper, point{t - p.t0, y - p.y0})
	} else {
		p.lower = append(p.lower, point{t - p.t0, y - p.y0})
	}
}

// pairsOf returns the names of the hosts in order and their pairs, also in order.
func pairsOf(s *clocksim.Scene) (names []string, pairs []*pair) {
	for _, m := range s.Machines {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	index := map[string]int{}
	for i, n := range names {
		index[n] = i
	}
	byKey := map[[2]int]*pair{}
	for _, c := range s.Calls {
		if c.Kind != clocksim.Unary {
			continue
		}
		client, server := &s.Spans[c.Earlier], &s.Spans[c.Later]
		a, b := index[s.Machines[client.Machine].Name], index[s.Machines[server.Machine].Name]
		key := [2]int{min(a, b), max(a, b)}
		p := byKey[key]
		if p == nil {
			p = &pair{a: key[0], b: key[1]}
			byKey[key] = p
			pairs = append(pairs, p)
		}
		t1, t2, t3, t4 := client.StartReading, server.StartReading, server.EndRead, client.EndRead
		coarse := max(0, int64(s.Params.Quantum)-1) // a coarse stamp is early by as much
		if a < b {
			p.add(true, t1, t2-t1+coarse)
			p.add(false, t4, t3-t4-coarse)
		} else {
			p.add(false, t2, t1-t2-coarse)
			p.add(true, t3, t4-t3+coarse)
		}
	}
	sort.Slice(pairs, func(i, j int) bool {
		return pairs[i].a < pairs[j].a || pairs[i].a == pairs[j].a && pairs[i].b < pairs[j].b
	})
	return names, pairs
}

// fit is the second clock's offset against the first: offset at the first's time t0, and rate.
type fit struct {
	a, b   int
	t0     int64
	whole  int64   // of the offset, apart from what float64 holds exactly
	offset float64 // at t0
	rate   float64
	cost   float64
	ok     bool
}

// TraceCompass places calls as Trace Compass's fully incremental hull does
// (org.eclipse.tracecompass.tmf.core: SyncAlgorithmFullyIncremental.java, graph/SyncSpanningTree.java):
// per pair the mean of the steepest and the flattest line between the hulls; once no line fits, the last
// one stays; hosts are chained by fewest hops from the one whose name comes first. Unlike the original it
// is exact in 128 bits, takes messages in any order, treats each connected part by itself, allows for
// coarse stamps, and takes HullTree's line where the last one that fits is no better than 1,000 ppm.
func TraceCompass(s *clocksim.Scene) Placement {
	names, pairs := pairsOf(s)
	fits := make([]fit, len(pairs))
	for i, p := range pairs {
		fits[i] = p.incremental()
	}
	return place(s, names, chain(len(names), fits))
}

// incremental fits as many messages, in order of time, as a line fits.
func (p *pair) incremental() fit {
	f := fit{a: p.a, b: p.b, t0: p.t0, whole: p.y0}
	byTime := func(a, b point) int { return int(min(max(a.t-b.t, -1), 1)) }
	slices.SortStableFunc(p.upper, byTime)
	slices.SortStableFunc(p.lower, byTime)
	var times []int64
	for _, list := range [][]point{p.upper, p.lower} {
		for _, q := range list {
			times = append(times, q.t)
		}
	}
	slices.Sort(times)
	until := func(n int) bounds { // what the first n messages say
		t := times[n-1]
		end := func(list []point) int { return sort.Search(len(list), func(i int) bool { return list[i].t > t }) }
		return newBounds(p.upper[:end(p.upper)], p.lower[:end(p.lower)])
	}
	broken := func(n int) bool {
		b := until(n)
		if len(b.upper) == 0 || len(b.lowerNeg) == 0 {
			return false
		}
		_, _, feasible := b.steepest()
		return !feasible
	}
	n := len(times)
	if broken(n) {
		n = sort.Search(n, func(i int) bool { return broken(i + 1) })
	}
	if n == 0 {
		return f
	}
	steep, flat, ok := until(n).extremes()
	most, least := float64(steep.num)/float64(steep.den), float64(flat.num)/float64(flat.den)
	if n < len(times) && (!ok || most-least > 1e-3) {
		return p.whole()
	}
	f.ok = ok
	f.rate = (most + least) / 2
	f.offset = (steep.at(0) + flat.at(0)) / 2
	return f
}

// whole fits the line that keeps the largest distance from all messages.
func (p *pair) whole() fit {
	b := newBounds(p.upper, p.lower)
	f := fit{a: p.a, b: p.b, t0: p.t0, whole: p.y0, ok: len(b.upper) > 1 && len(b.lowerNeg) > 1}
	if f.ok {
		f.offset, f.rate, f.cost = b.widest()
	}
	return f
}

// HullTree places calls by the line that keeps the largest distance from both hulls of each pair, chained
// along the spanning tree of the pairs with the least room between the hulls: what a careful
// implementation of the hull method does.
func HullTree(s *clocksim.Scene) Placement {
	names, pairs := pairsOf(s)
	fits := make([]fit, len(pairs))
	for i, p := range pairs {
		fits[i] = p.whole()
	}
	return place(s, names, chain(len(names), spanning(len(names), fits)))
}

// spanning keeps the fits of a minimum spanning tree.
func spanning(n int, fits []fit) []fit {
	order := slices.Clone(fits)
	slices.SortStableFunc(order, func(a, b fit) int { return int(math.Copysign(1, math.Abs(a.cost)-math.Abs(b.cost))) })
	root := make([]int, n)
	for i := range root {
		root[i] = i
	}
	find := func(i int) int {
		for root[i] != i {
			i = root[i]
		}
		return i
	}
	var kept []fit
	for _, f := range order {
		if a, b := find(f.a), find(f.b); f.ok && a != b {
			root[a] = b
			kept = append(kept, f)
		}
	}
	return kept
}

// affine takes a host's readings, relative to Base, to the time of the first host of its part.
type affine struct {
	part         int
	whole        int64 // subtracted first
	offset, rate float64
	ok           bool
}

func (c affine) corrected(reading int64) float64 {
	local := float64(reading - clocksim.Base - c.whole)
	return local - c.offset - c.rate*local
}

// chain walks each part breadth first from the host whose name comes first.
func chain(n int, fits []fit) []affine {
	next := make([][]fit, n)
	for _, f := range fits {
		if f.ok {
			next[f.a] = append(next[f.a], f)
			next[f.b] = append(next[f.b], f)
		}
	}
	clocks := make([]affine, n)
	for root := range clocks {
		if clocks[root].ok || len(next[root]) == 0 {
			continue
		}
		clocks[root] = affine{part: root, ok: true}
		for queue := []int{root}; len(queue) > 0; queue = queue[1:] {
			at := queue[0]
			for _, f := range next[at] {
				if other := f.a + f.b - at; !clocks[other].ok {
					clocks[other] = clocks[at].step(f, at == f.a)
					queue = append(queue, other)
				}
			}
		}
	}
	return clocks
}

// step continues from the clock of one end of a fit to that of the other.
func (c affine) step(f fit, forward bool) affine {
	// On a's clock, in x = reading - Base: b shows x + whole + offset + rate (x - s), s = t0 - Base.
	s := float64(f.t0 - clocksim.Base)
	level := f.offset - f.rate*s
	next := affine{part: c.part, ok: true}
	if forward {
		// y on b is y' = y - whole; x = (y' - level)/(1 + rate)
		shrink := 1 / (1 + f.rate)
		// reference = (x - c.whole) - c.offset - c.rate (x - c.whole), and x = y' shrunk
		next.whole = c.whole + f.whole
		// z = y - next.whole = y' - c.whole
		cw := float64(c.whole)
		// x - c.whole = (z + cw - level) shrink - cw = z shrink + (cw - level) shrink - cw
		k := (cw-level)*shrink - cw
		next.rate = 1 - (1-c.rate)*shrink
		next.offset = c.offset - (1-c.rate)*k
		return next
	}
	next.whole = c.whole - f.whole
	// y on b = x + f.whole + level + rate x; z = x - next.whole; y - c.whole = z + level + rate (z + next.whole)
	nw := float64(next.whole)
	k := level + f.rate*nw
	next.rate = 1 - (1-c.rate)*(1+f.rate)
	next.offset = c.offset - (1-c.rate)*k
	return next
}

// place applies the clocks to the calls whose hosts are in one part.
func place(s *clocksim.Scene, names []string, clocks []affine) Placement {
	index := map[string]int{}
	for i, n := range names {
		index[n] = i
	}
	byMachine := make([]int, len(s.Machines))
	for i, m := range s.Machines {
		byMachine[i] = index[m.Name]
	}
	out := make(Placement, len(s.Calls))
	for i, c := range s.Calls {
		out[i] = raw(s, i)
		a, b := &s.Spans[c.Earlier], &s.Spans[c.Later]
		ca, cb := clocks[byMachine[a.Machine]], clocks[byMachine[b.Machine]]
		if ca.ok && cb.ok && ca.part == cb.part {
			out[i] = int64(math.Round(cb.corrected(b.StartReading) - ca.corrected(a.StartReading)))
		}
	}
	return out
}
