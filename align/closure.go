package align

import (
	"math"
	"math/bits"
	"slices"
)

// A system is the graph of the constraints of one component. Its vertices are events: a node, which is a
// clock between two steps, at a reading that some constraint names. Its edges are the constraints, and
// between any two events of one node what the clock can move from the one to the other. The shortest path
// from the reference to an event is the tightest upper bound on the clock's offset there that the
// constraints imply, the shortest path back is the lower one, and no clock can satisfy a system with a
// cycle of negative length.
type system struct {
	rate   []int64     // by node, in parts per billion, against the trend
	trends []trend     // by node; what distances are measured from
	anchor []int64     // by node; where climb is 0
	slews  [][]bracket // by node; where the clock may run off by slewPPB more
	first  []int32     // events of node n are first[n]..first[n+1]
	at     []int64     // by event, ascending within a node, distinct
	links  []arc       // constraints, grouped by the node that they leave
	leave  []int32     // links[leave[n]:leave[n+1]] leave node n
	back   []int32     // indexes of links, grouped by the node that they enter
	enter  []int32
	owner  []int32 // node of an event
	spare  *[]*distances
}

// arc is a constraint between two events.
type arc struct {
	from, to   int32 // events
	weight     int64 // of the distances from the trends
	constraint int32 // number
}

// newFrame returns a system without events, at rates of 0.
func newFrame(nodes int) *system {
	return &system{
		rate: make([]int64, nodes), trends: make([]trend, nodes), anchor: make([]int64, nodes), slews: make([][]bracket, nodes), spare: new([]*distances),
	}
}

// distances are the shortest paths from a source, or back to it if reverse is set.
type distances struct {
	*system
	reverse bool
	// base is the distance of an event by a path that ends with a constraint, which is arc via; whole is
	// that by any path: it comes from the base of event origin of the same node.
	base, whole []int64
	via, origin []int32
	// climb is that of the events; left and right are the events at or before, and at or behind, an event
	// from which most is known on that side.
	climb       []int64
	left, right []int32
}

// Sources of search.
const (
	everywhere = -2 // all events at distance 0: only cycles matter
)

// search finds the shortest paths, as Bellman and Ford do, with a queue of nodes rather than of events:
// two sweeps in the order of readings find what a clock carries from any event to any other. It returns
// a cycle of negative length instead if it meets one, as links in the order of the path.
func (s *system) search(source int, reverse bool) (d *distances, cycle []int32) {
	d = s.room()
	d.system, d.reverse = s, reverse
	n := len(s.at)
	queued := make([]bool, s.nodes())
	var queue []int32
	for e := range n {
		d.base[e], d.via[e], d.origin[e] = unreached, -1, -1
		if source == everywhere || int(s.owner[e]) == source {
			d.base[e] = 0
		}
		d.whole[e] = unreached
		d.left[e], d.right[e] = -1, -1
		d.climb[e] = s.climb(s.owner[e], s.at[e])
	}
	for u := range s.nodes() {
		if source == everywhere || u == source {
			queue, queued[u] = append(queue, int32(u)), true
		}
	}
	// With a cycle in the predecessor graph the search would not end. To look for one takes as long as some
	// pops, so it is done after twice as many each time.
	check := max(s.nodes(), 64)
	for pops := 1; len(queue) > 0; pops++ {
		u := queue[0]
		queue = queue[1:]
		queued[u] = false
		d.sweep(u)
		d.relax(u, func(v int32) {
			if !queued[v] {
				queue, queued[v] = append(queue, v), true
			}
		})
		if pops == check {
			check *= 2
			if cycle := d.cycle(); cycle != nil {
				d.release()
				return nil, cycle
			}
		}
	}
	return d, nil
}

// constraints returns the numbers of the links' constraints, sorted.
func (s *system) constraints() []int32 {
	out := make([]int32, len(s.links))
	for i := range s.links {
		out[i] = s.links[i].constraint
	}
	slices.Sort(out)
	return out
}

// room returns distances with room for all events, released ones where there are any: a search takes less
// time than fresh memory for it does.
func (s *system) room() *distances {
	n := len(s.at)
	if k := len(*s.spare); k > 0 {
		d := (*s.spare)[k-1]
		*s.spare = (*s.spare)[:k-1]
		if n <= cap(d.base) {
			d.base, d.whole, d.climb = d.base[:n], d.whole[:n], d.climb[:n]
			d.via, d.origin, d.left, d.right = d.via[:n], d.origin[:n], d.left[:n], d.right[:n]
			return d
		}
	}
	return &distances{
		base: make([]int64, n), whole: make([]int64, n), climb: make([]int64, n),
		via: make([]int32, n), origin: make([]int32, n), left: make([]int32, n), right: make([]int32, n),
	}
}

// release gives distances up, of which nothing may be used any more.
func (d *distances) release() {
	if d != nil {
		s := *d // what its user holds is of no use
		*s.spare = append(*s.spare, &s)
		*d = distances{}
	}
}

// climb returns how far a clock can move from the anchor of its node to a reading, rounded down. Between
// two readings it can move by the difference of their climbs and 1. Unlike what is rounded for each two
// readings, climbs add up, so that it does not matter over which readings in between a path leads.
func (s *system) climb(node int32, at int64) int64 {
	anchor := s.anchor[node]
	v := climbed(s.rate[node], anchor, at)
	for _, b := range s.slews[node] {
		v += climbed(slewPPB, anchor, min(max(at, b.lo), b.hi)) - climbed(slewPPB, anchor, b.lo)
	}
	return min(max(v, -math.MaxInt64/2), math.MaxInt64/2)
}

// climbed returns what a clock of that rate moves from one reading to another, rounded down.
func climbed(ppb, from, to int64) int64 {
	hi, lo := bits.Mul64(diff(from, to), uint64(ppb))
	if hi >= billion {
		return cutOff(to < from)
	}
	q, r := bits.Div64(hi, lo, billion)
	if to < from && r > 0 {
		q++
	}
	switch {
	case q > math.MaxInt64/8:
		return cutOff(to < from)
	case to < from:
		return -int64(q)
	}
	return int64(q)
}

// rounding is what moving from one reading to another costs beside the difference of climbs.
func (s *system) rounding(node int32) int64 {
	n := int64(0)
	if s.rate[node] > 0 {
		n = 1
	}
	if len(s.trends[node]) > 1 {
		n++ // the trend is rounded down at both ends
	}
	if s.rate[node] > 0 {
		n += 2 * int64(len(s.slews[node])) // as is each border of a slew
	}
	return n
}

// carry returns what a distance at one reading of a node is at another.
func (s *system) carry(node int32, distance, from, at int64) int64 {
	if from == at {
		return distance
	}
	a, b := s.climb(node, from), s.climb(node, at)
	return addBound(distance, addBound(int64(min(diff(a, b), math.MaxInt64)), s.rounding(node)))
}

// sweep brings whole up to date within a node.
func (d *distances) sweep(u int32) {
	lo, hi := d.first[u], d.first[u+1]
	rounding := d.rounding(u)
	o := int32(-1)
	for e := lo; e < hi; e++ {
		o = d.pass(e, o, rounding, 1)
		d.left[e] = o
	}
	o = -1
	for e := hi - 1; e >= lo; e-- {
		o = d.pass(e, o, rounding, -1)
		d.right[e] = o
	}
}

// pass settles event e, given from which event o most is known so far, and returns that event for what
// follows. Readings rise where sign is 1 and fall where it is -1.
func (d *distances) pass(e, o int32, rounding, sign int64) int32 {
	if o < 0 {
		if d.base[e] == unreached {
			return -1
		}
		d.settle(e, d.base[e], e)
		return e
	}
	move := sign * (d.climb[e] - d.climb[o]) // no overflow: both are at most half of the range
	carried := addBound(d.base[o], addBound(move, rounding))
	if d.base[e] <= carried {
		d.settle(e, d.base[e], e)
	} else {
		d.settle(e, carried, o)
	}
	if d.base[e] < addBound(d.base[o], move) {
		return e
	}
	return o
}

// settle keeps the origin of a distance that did not change: taking another of the same distance could
// close a circle of predecessors.
func (d *distances) settle(e int32, distance int64, origin int32) {
	if distance < d.whole[e] {
		d.whole[e], d.origin[e] = distance, origin
	}
}

// relax goes over the constraints that leave a node, or enter it on the way back.
func (d *distances) relax(u int32, changed func(node int32)) {
	step := func(i int32) {
		l := &d.links[i]
		from, to := l.from, l.to
		if d.reverse {
			from, to = to, from
		}
		if w := addBound(d.whole[from], l.weight); w < d.base[to] {
			d.base[to], d.via[to] = w, i
			changed(d.owner[to])
		}
	}
	if d.reverse {
		for _, i := range d.back[d.enter[u]:d.enter[u+1]] {
			step(i)
		}
		return
	}
	for i := d.leave[u]; i < d.leave[u+1]; i++ {
		step(i)
	}
}

// before returns the event whose base the path to the base of e goes through, -1 at its start.
func (d *distances) before(e int32) int32 {
	i := d.via[e]
	if i < 0 {
		return -1
	}
	from := d.links[i].from
	if d.reverse {
		from = d.links[i].to
	}
	return d.origin[from]
}

// cycle returns the links of a cycle of predecessors, in the order of the constraints' direction, nil if
// there is none. Such a cycle has a negative length.
func (d *distances) cycle() []int32 {
	state := make([]int32, len(d.at)) // the walk that met an event, from 1
	for start := range d.at {
		e := int32(start)
		for e >= 0 && state[e] == 0 {
			state[e] = int32(start) + 1
			e = d.before(e)
		}
		if e < 0 || state[e] != int32(start)+1 {
			continue
		}
		var links []int32
		for x := e; ; {
			links = append(links, d.via[x])
			if x = d.before(x); x == e {
				break
			}
		}
		if !d.reverse {
			slices.Reverse(links)
		}
		return links
	}
	return nil
}

// nearest returns the distance at any reading of a node, and the event it comes from, -1 for none.
func (d *distances) nearest(node int32, at int64) (distance int64, origin int32) {
	e := d.first[node+1]
	return d.nearestFrom(node, at, &e)
}

// nearestFrom is nearest, where hint is the event at or behind the reading that was asked for last.
func (d *distances) nearestFrom(node int32, at int64, hint *int32) (distance int64, origin int32) {
	lo, hi := d.first[node], d.first[node+1]
	e := *hint
	if e < lo || e >= hi || e > lo && d.at[e-1] >= at {
		e = lo
	}
	for step := int32(1); e < hi && d.at[e] < at; step *= 2 { // most are not far, and what is near is in a cache
		if e++; hi-e <= step || d.at[e+step] >= at {
			i, _ := slices.BinarySearch(d.at[e:min(hi, e+step)], at)
			e += int32(i)
			break
		}
		e += step
	}
	if *hint = e; e < hi && d.at[e] == at {
		return d.whole[e], d.origin[e]
	}
	distance, origin = unreached, -1
	climb, rounding := d.system.climb(node, at), d.rounding(node)
	carry := func(o int32) int64 {
		return addBound(d.base[o], addBound(int64(min(diff(d.climb[o], climb), math.MaxInt64)), rounding))
	}
	if e > lo && d.left[e-1] >= 0 {
		origin = d.left[e-1]
		distance = carry(origin)
	}
	if e < hi && d.right[e] >= 0 {
		o := d.right[e]
		if v := carry(o); v < distance {
			distance, origin = v, o
		}
	}
	return distance, origin
}
