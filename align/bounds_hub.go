package align

import (
	"math"
	"slices"
)

// hubArc holds the constraints between two nodes that say most: cost with both sides carried to the hubs,
// and with that of the clock that does not move left out.
type hubArc struct {
	from, to                 int32
	both, fromStill, toStill int64
	byBoth, byFrom, byTo     int32 // numbers of constraints
}

// snapshot is a graph of hubs.
type snapshot struct {
	*system // rates, trends and slews only
	coarse  func(*constraint) int64
	hub     []int64
	arcs    []hubArc
	out, in [][]int32 // arcs by node
}

// weight returns what a constraint says of distances from the trends.
func (g *snapshot) weight(c *constraint, from, to int32) int64 {
	return addBound(c.bound(g.coarse(c)), addBound(-g.trends[to].offset(c.toAt), g.trends[from].offset(c.fromAt)))
}

// fill finds the best constraints between hubs.
func (g *snapshot) fill(s *scope, numbers []int32) {
	index := map[[2]int32]int32{}
	last, at := [2]int32{-1, -1}, int32(0) // most constraints have the nodes of the one before
	climbs := make([]int64, len(g.hub))
	for n := range climbs {
		climbs[n] = g.climb(int32(n), g.hub[n])
	}
	// carry is what a clock can move between its hub and a reading.
	carry := func(n int32, at int64) int64 {
		if at == g.hub[n] {
			return 0
		}
		return addBound(int64(min(diff(climbs[n], g.climb(n, at)), math.MaxInt64)), g.rounding(n))
	}
	var loose looseness
	var fromHint, toHint int
	for _, i := range numbers {
		c := s.constraint(i)
		x, y, ok := s.ends(c)
		if !ok {
			continue
		}
		k := [2]int32{int32(x), int32(y)}
		if k != last {
			known := false
			if at, known = index[k]; !known {
				at = int32(len(g.arcs))
				index[k] = at
				g.arcs = append(g.arcs, hubArc{from: k[0], to: k[1], both: unreached, fromStill: unreached, toStill: unreached})
			}
			last, fromHint, toHint = k, 0, 0
		}
		a := &g.arcs[at]
		w := addBound(addBound(c.weight, loose.of(c, g.coarse)),
			addBound(-g.trends[a.to].offsetNear(c.toAt, &toHint), g.trends[a.from].offsetNear(c.fromAt, &fromHint)))
		from, to := carry(a.from, c.fromAt), carry(a.to, c.toAt)
		if v := addBound(addBound(w, from), to); v < a.both {
			a.both, a.byBoth = v, i
		}
		if v := addBound(w, to); v < a.fromStill {
			a.fromStill, a.byFrom = v, i
		}
		if v := addBound(w, from); v < a.toStill {
			a.toStill, a.byTo = v, i
		}
	}
	g.out, g.in = make([][]int32, len(g.hub)), make([][]int32, len(g.hub))
	for i, a := range g.arcs {
		g.out[a.from] = append(g.out[a.from], int32(i))
		g.in[a.to] = append(g.in[a.to], int32(i))
	}
}

// hubPaths are the shortest paths over hubs from a source, or back to it where low is set. still says that
// the source's clock does not move.
type hubPaths struct {
	*snapshot
	source     int
	low, still bool
	distance   []int64
	via        []int32 // arc
	written    []int32 // index of the path in the proof, -1 for none yet
}

func (g *snapshot) search(source int, low, still bool) *hubPaths {
	n := len(g.hub)
	p := &hubPaths{snapshot: g, source: source, low: low, still: still,
		distance: make([]int64, n), via: make([]int32, n), written: make([]int32, n)}
	for i := range n {
		p.distance[i], p.via[i], p.written[i] = unreached, -1, -1
	}
	p.distance[source] = 0
	queued, queue, next := make([]bool, n), []int32{int32(source)}, g.out
	if low {
		next = g.in
	}
	// The constraints hold together, so that no path gets shorter by a circle; the limit is for what rounds.
	for round := 0; len(queue) > 0 && round <= n; round++ {
		var later []int32
		for _, u := range queue {
			queued[u] = false
			for _, i := range next[u] {
				v, cost := p.step(i)
				if d := addBound(p.distance[u], cost); int(v) != source && d < p.distance[v] {
					p.distance[v], p.via[v] = d, i
					if !queued[v] {
						queued[v], later = true, append(later, v)
					}
				}
			}
		}
		queue = later
	}
	return p
}

// step returns where an arc leads and what it costs.
func (p *hubPaths) step(i int32) (to int32, cost int64) {
	a := &p.arcs[i]
	switch {
	case p.low && p.still && int(a.to) == p.source:
		return a.from, a.toStill
	case p.low:
		return a.from, a.both
	case p.still && int(a.from) == p.source:
		return a.to, a.fromStill
	}
	return a.to, a.both
}

// constraintOf returns the number of the constraint that an arc stands for on a path.
func (p *hubPaths) constraintOf(i int32) int32 {
	a := &p.arcs[i]
	switch {
	case p.low && p.still && int(a.to) == p.source:
		return a.byTo
	case !p.low && p.still && int(a.from) == p.source:
		return a.byFrom
	}
	return a.byBoth
}

// follow returns the constraints of the path to a node, ok false where there is none.
func (p *hubPaths) follow(node int) (arcs []int32, ok bool) {
	for v := node; v != p.source; {
		i := p.via[v]
		if i < 0 || len(arcs) > len(p.hub) {
			return nil, false
		}
		arcs = append(arcs, i)
		if v = int(p.arcs[i].from); p.low {
			v = int(p.arcs[i].to)
		}
	}
	slices.Reverse(arcs)
	return arcs, len(arcs) > 0
}

// sum returns the distance of a node's hub along the constraints of a path.
func (p *hubPaths) sum(s *scope, arcs []int32, node int) int64 {
	at, d := p.hub[p.source], int64(0)
	for _, i := range arcs {
		a, c := &p.arcs[i], s.constraint(p.constraintOf(i))
		leave, leaveAt, arriveAt := a.from, c.fromAt, c.toAt
		if p.low {
			leave, leaveAt, arriveAt = a.to, c.toAt, c.fromAt
		}
		if !p.still || int(leave) != p.source {
			d = p.carry(leave, d, at, leaveAt)
		}
		d = addBound(d, p.weight(c, a.from, a.to))
		at = arriveAt
	}
	return p.carry(int32(node), d, at, p.hub[node])
}
