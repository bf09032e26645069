package align

import (
	"cmp"
	"math/bits"
	"slices"
)

// An envelope keeps, of points (time, value), those that can be the least above a straight line in their
// cell of time: the lower convex hull, as far as its slopes are ones that clocks can have. A hull of a
// union is the hull of the hulls' union, and the cells' size follows from sums of counts alone, so an
// envelope does not depend on the order or the grouping of what was added.
//
// Delays that were made up can have all of their points on the hull. An envelope with more vertices than
// delays have keeps the least point above each of thinSlopes lines instead, which unite as hulls do. It
// still proves what it proved, of fewer calls. Whether it is thin depends on the order only where a part of
// the calls has too many vertices and all of them together do not.

const (
	// maxSlopeShift is the largest slope between two clocks that an envelope is exact for: 2^-10, or
	// 977 ppm. Clocks of two hosts that each run 488 ppm off cannot be mistaken.
	maxSlopeShift = 10
	// firstLevel is the least size of a cell, 2^24 ns or 17 ms.
	firstLevel = 24
	// lastLevel makes one cell of all of time.
	lastLevel = 63
	// thinShift makes the slopes that a thin envelope is exact for: multiples of 2^-15, or 31 ppm.
	thinShift = 15
	// thinSlopes is their number up to the largest, either sign.
	thinSlopes = 1 + 2<<(thinShift-maxSlopeShift)
)

// point is a value with the pair of spans that it comes from.
type point struct {
	t, v           int64
	trace          [16]byte // of the later span
	earlier, later uint64
	far            *[16]byte // trace of the earlier span if it is another
}

func (p *point) earlierID() SpanID {
	if p.far != nil {
		return SpanID{*p.far, p.earlier}
	}
	return SpanID{p.trace, p.earlier}
}

func (p *point) laterID() SpanID { return SpanID{p.trace, p.later} }

// compare orders points by time and value, and equal ones by their spans.
func (p *point) compare(o *point) int {
	if c := cmp.Or(cmp.Compare(p.t, o.t), cmp.Compare(p.v, o.v)); c != 0 {
		return c
	}
	return cmp.Or(compareIDs(p.laterID(), o.laterID()), compareIDs(p.earlierID(), o.earlierID()))
}

// cell is a stretch of time, [index<<level, (index+1)<<level), that holds at least one point.
type cell struct {
	index int64
	n     uint32 // points ever added; stays at its maximum
	size  uint32 // vertices
}

type envelope struct {
	limit int // of the sum of cellCost
	level uint8
	thin  bool    // keeps the extremes of thinSlopes slopes, not the whole hull
	cost  int     // sum of cellCost
	cells []cell  // by index
	pts   []point // vertices, by time: those of the first cell first

	lastCell, lastStart int // where the last point went
}

// cellCost is what a cell of n points takes, in units of eight bytes: two for itself and seven for each
// vertex that delays with an exponential tail lead one to expect. Only sums of it decide on the cells'
// size, because the true number of vertices can shrink when points are added, and then the size would
// depend on the order in which they were.
func (e *envelope) cellCost(n uint32) int {
	if e.thin {
		return 2 + 7*min(int(n), thinSlopes)
	}
	return 2 + 7*min(int(n), 1+bits.Len32(n))
}

func addCounts(a, b uint32) uint32 {
	if s := a + b; s >= a {
		return s
	}
	return ^uint32(0)
}

// add adds a point.
func (e *envelope) add(p *point) {
	i, start := e.locate(p.t >> e.level)
	c := &e.cells[i]
	if c.n > 0 {
		e.cost -= e.cellCost(c.n)
	}
	c.n = addCounts(c.n, 1)
	e.cost += e.cellCost(c.n)
	e.insert(c, start, p)
	e.lastCell, e.lastStart = i, start
	if e.cost > e.limit {
		e.coarsen(e.level)
	}
	e.restrain()
}

// restrain makes an envelope thin that has a sixteenth more vertices than its limit is for.
func (e *envelope) restrain() {
	if used := 2*len(e.cells) + 7*len(e.pts); !e.thin && used > e.limit+e.limit/16 {
		e.makeThin()
	}
}

func (e *envelope) makeThin() {
	if e.thin {
		return
	}
	e.thin, e.cost = true, 0
	pts := e.pts
	e.pts = pts[:0]
	for i, from := 0, 0; i < len(e.cells); i++ {
		c := &e.cells[i]
		size := int(c.size)
		kept := extremes(pts[from : from+size])
		e.pts = append(e.pts, kept...) // no further than it was read
		c.size = uint32(len(kept))
		e.cost += e.cellCost(c.n)
		from += size
	}
	clear(pts[len(e.pts):])
	e.lastCell = len(e.cells)
	e.coarsen(e.level)
}

// extremes keeps, in place, the vertices of a hull that are the least above a line of one of the slopes.
// Of two that are, the later one is.
func extremes(h []point) []point {
	kept, before := h[:0], int64(-thinSlopes/2)
	for i := range h {
		behind := int64(thinSlopes/2 + 1)
		if i+1 < len(h) {
			behind = slopeAbove(&h[i], &h[i+1])
		}
		if before < behind {
			kept = append(kept, h[i])
		}
		before = max(before, behind)
	}
	return kept
}

// locate returns the cell of that index, made if there is none, and where its vertices start.
func (e *envelope) locate(index int64) (i, start int) {
	if i = e.lastCell; i < len(e.cells) {
		switch c := e.cells[i]; {
		case c.index == index:
			return i, e.lastStart
		case c.index < index && i == len(e.cells)-1:
			e.cells = append(reserve(e.cells), cell{index: index})
			return i + 1, len(e.pts)
		case c.index < index && e.cells[i+1].index == index:
			return i + 1, e.lastStart + int(c.size)
		case c.index > index && i > 0 && e.cells[i-1].index == index:
			return i - 1, e.lastStart - int(e.cells[i-1].size)
		}
	}
	i, found := slices.BinarySearchFunc(e.cells, index, func(c cell, index int64) int { return cmp.Compare(c.index, index) })
	start = len(e.pts)
	if i < len(e.cells) {
		// The start is where the cell's time begins: a search by time, not a sum over cells.
		from := e.cells[i].index << e.level
		lo, hi := 0, len(e.pts)
		for lo < hi {
			if mid := (lo + hi) / 2; e.pts[mid].t < from {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		start = lo
	}
	if !found {
		e.cells = slices.Insert(reserve(e.cells), i, cell{index: index})
	}
	return i, start
}

// vertex returns the index of the vertex at a time.
func (e *envelope) vertex(t int64) (int, bool) {
	return slices.BinarySearchFunc(e.pts, t, func(p point, t int64) int { return cmp.Compare(p.t, t) })
}

// insert puts a point into the hull of its cell, whose vertices start at start, unless it lies above.
func (e *envelope) insert(c *cell, start int, p *point) {
	h := e.pts[start : start+int(c.size)]
	k := len(h) // the first vertex at or behind p
	for k > 0 && h[k-1].t >= p.t {
		k--
	}
	if k < len(h) && h[k].t == p.t && h[k].compare(p) <= 0 {
		return // the same time, and higher or the same
	}
	if k > 0 && k < len(h) && h[k].t != p.t && !below(&h[k-1], p, &h[k]) {
		return
	}
	if k > 0 && tooSteep(&h[k-1], p) || k < len(h) && h[k].t != p.t && tooSteep(&h[k], p) {
		return
	}
	// Take out what p hides on both sides.
	lo, hi := k, k
	if hi < len(h) && h[hi].t == p.t {
		hi++
	}
	for hi < len(h) && (tooSteep(p, &h[hi]) || hi+1 < len(h) && !below(p, &h[hi], &h[hi+1])) {
		hi++
	}
	for lo > 0 && (tooSteep(p, &h[lo-1]) || lo > 1 && !below(&h[lo-2], &h[lo-1], p)) {
		lo--
	}
	if hi == lo {
		e.pts = reserve(e.pts)
		e.pts = slices.Insert(e.pts, start+lo, *p)
	} else {
		e.pts[start+lo] = *p
		e.pts = slices.Delete(e.pts, start+lo+1, start+hi)
	}
	c.size = uint32(int(c.size) - (hi - lo) + 1)
	if e.thin {
		h = e.pts[start : start+int(c.size)]
		kept := len(extremes(h))
		e.pts = slices.Delete(e.pts, start+kept, start+len(h))
		c.size = uint32(kept)
	}
}

// reserve makes room for one more, without the doubling of append: edges are many.
func reserve[T any](s []T) []T {
	if len(s) < cap(s) {
		return s
	}
	grown := make([]T, len(s), len(s)+2+len(s)/16)
	copy(grown, s)
	return grown
}

// coarsen doubles the cells' size until the level is at least level and the cost within the limit.
func (e *envelope) coarsen(level uint8) {
	if level = e.target(level); level == e.level {
		return
	}
	// Vertices are written no further than they are read, so all of it happens in place.
	shift := level - e.level
	old, pts := e.cells, e.pts
	e.level, e.cells, e.pts, e.cost = level, old[:0], pts[:0], 0
	from := 0
	for i := 0; i < len(old); {
		c := cell{index: old[i].index >> shift}
		start := len(e.pts)
		for ; i < len(old) && old[i].index>>shift == c.index; i++ {
			size := int(old[i].size)
			c.n = addCounts(c.n, old[i].n)
			for k := range size {
				p := pts[from+k]
				e.insert(&c, start, &p)
			}
			from += size
		}
		e.cells = append(e.cells, c)
		e.cost += e.cellCost(c.n)
	}
	clear(pts[len(e.pts):])
	if cap(e.cells) > 2*len(e.cells) {
		e.cells = slices.Clone(e.cells)
	}
	e.lastCell = len(e.cells)
}

// target returns the first level, level or more, at which the cost is within the limit.
func (e *envelope) target(level uint8) uint8 {
	level = max(level, e.level)
	for ; level < lastLevel; level++ {
		shift := level - e.level
		cost, index, n := 0, int64(-1), uint32(0)
		for _, c := range e.cells {
			if c.index>>shift != index && n > 0 {
				cost += e.cellCost(n)
				n = 0
			}
			index, n = c.index>>shift, addCounts(n, c.n)
		}
		if n > 0 {
			cost += e.cellCost(n)
		}
		if cost <= e.limit {
			break
		}
	}
	return level
}

// merge adds all points of o.
func (e *envelope) merge(o *envelope) {
	e.limit = min(e.limit, o.limit)
	other := o.clone()
	other.limit = e.limit
	if e.thin || o.thin {
		e.makeThin()
		other.makeThin()
	}
	e.coarsen(o.level)
	other.coarsen(e.level)
	e.coarsen(other.level)
	a, b := *e, other
	e.cells, e.pts, e.cost = make([]cell, 0, max(len(a.cells), len(b.cells))), make([]point, 0, len(a.pts)+len(b.pts)), 0
	var i, j, ai, bj int
	for i < len(a.cells) || j < len(b.cells) {
		start := len(e.pts)
		var c cell
		first := i < len(a.cells) && (j == len(b.cells) || a.cells[i].index <= b.cells[j].index)
		second := j < len(b.cells) && (i == len(a.cells) || b.cells[j].index <= a.cells[i].index)
		if first {
			c = a.cells[i]
			e.pts = append(e.pts, a.pts[ai:ai+int(c.size)]...)
			ai += int(c.size)
			i++
		}
		if second {
			d := b.cells[j]
			c.index, c.n = d.index, addCounts(c.n, d.n)
			for _, p := range b.pts[bj : bj+int(d.size)] {
				e.insert(&c, start, &p)
			}
			bj += int(d.size)
			j++
		}
		e.cells = append(e.cells, c)
		e.cost += e.cellCost(c.n)
	}
	e.coarsen(e.level)
	e.restrain()
	e.lastCell = len(e.cells)
	e.pts = slices.Clip(e.pts)
}

func (e *envelope) clone() envelope {
	c := *e
	c.cells, c.pts = slices.Clone(e.cells), slices.Clone(e.pts)
	return c
}
