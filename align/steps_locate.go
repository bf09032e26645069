package align

import (
	"cmp"
	"math"
	"slices"
)

// moment is one call near an event: how far its midpoint, or its one delay, lies from where the clock
// was before.
type moment struct {
	x     float64 // on the clock's own face
	y     float64 // what the jump adds to
	scale float64
	link  int
}

// shift is what calls around an event say of a clock.
type shift struct {
	clock   int
	size    float64
	edges   int // that show it
	calls   int // outside the middle, on the side with fewer, of those edges
	all     int // and of all edges
	moments []moment
}

// around returns what the calls say in the bins around an event: in as many as it takes for some calls on both sides.
// Clocks that are called seldom have none in most.
func (p *problem) around(ev event, bins int) (c shift) {
	for reach := 3; ; reach *= 2 {
		lo, hi := p.binStart(ev.bin-reach, bins), p.binStart(ev.bin+reach+1, bins)
		c = p.changeOf(ev.clock, lo, hi, p.binStart(ev.bin-1, bins), p.binStart(ev.bin+2, bins))
		if c.all >= eventCalls || reach >= bins {
			return c
		}
	}
}

// blame returns the change of the clock that made an event: of one at the other end of an edge, if that shows the
// opposite on more edges.
func (p *problem) blame(ev event, c shift, bins int) shift {
	best := c
	looked := map[int]bool{}
	for _, m := range c.moments {
		l := &p.links[m.link]
		other := l.a + l.b - ev.clock
		if looked[other] {
			continue
		}
		looked[other] = true
		o := p.around(event{clock: other, bin: ev.bin}, bins)
		opposite := o.size*c.size < 0 && math.Abs(o.size+c.size) <= min(max(math.Abs(c.size)/8, eventCap*l.scale()), math.Abs(c.size)/2)
		if opposite && o.edges > best.edges && 2*o.calls > o.all {
			best = o
		}
	}
	return best
}

// locate searches for the time of a jump over the calls around it. It adds the jump if that explains the calls.
func (p *problem) locate(of shift) bool {
	clock, moments, size := of.clock, of.moments, of.size
	if len(moments) < 6 || len(p.clocks[clock].jumps) >= maxEvents {
		return false
	}
	none := 0.0
	all, best, at := bestSplit(moments, size)
	for _, m := range moments {
		none += callCost(m.y, m.scale)
	}
	without := min(none, all)
	if at == 0 || at == len(moments) || without-best < eventGain*without || without-best < eventUnits ||
		best > eventFit*float64(len(moments)) || stray(moments, size) {
		return false
	}
	x := (moments[at-1].x + moments[at].x) / 2
	lo, hi := bracketAround(moments, all, best, at, size)
	c := &p.clocks[clock]
	c.jumps = append(c.jumps, jump{x: x, lo: lo, hi: hi, size: size})
	sortJumps(c)
	return true
}

// callCost is what a call costs that is that far off.
func callCost(v, scale float64) float64 { return min(math.Abs(v)/scale, eventCap) }

// bestSplit sorts moments and returns how many lie before a jump of that size where they cost least, what they cost then,
// and what they would if all lay behind it.
func bestSplit(moments []moment, size float64) (all, best float64, at int) {
	slices.SortFunc(moments, func(a, b moment) int {
		return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.link, b.link), cmp.Compare(a.y, b.y))
	})
	for _, m := range moments {
		all += callCost(m.y-size, m.scale)
	}
	best = all
	behind := all
	for k, m := range moments {
		if behind += callCost(m.y, m.scale) - callCost(m.y-size, m.scale); behind < best {
			best, at = behind, k+1
		}
	}
	return all, best, at
}

// stray reports whether many calls fit neither before nor behind a jump, as while a clock is slewed. They do
// on all of its edges then; those on one may be of a jump of the clock at its other end.
func stray(moments []moment, size float64) bool {
	type tally struct{ stray, of int }
	byLink := map[int]tally{}
	for _, m := range moments {
		t := byLink[m.link]
		t.of++
		if min(math.Abs(m.y), math.Abs(m.y-size)) > min(eventCap*m.scale, math.Abs(size)/4) {
			t.stray++
		}
		byLink[m.link] = t
	}
	bad := 0
	for _, t := range byLink {
		if t.stray > 2+t.of/eventStray {
			bad++
		}
	}
	return float64(bad) > (1-eventAgree)*float64(len(byLink))
}

// bracketAround returns the calls between which the jump is: those around all splits that explain the calls
// about as well as the best.
func bracketAround(moments []moment, all, best float64, at int, size float64) (lo, hi float64) {
	lo, hi = moments[at-1].x, moments[at].x
	behind := all
	for k, m := range moments {
		behind += callCost(m.y, m.scale) - callCost(m.y-size, m.scale)
		if behind < best+eventCap && k+1 < len(moments) {
			lo, hi = min(lo, m.x), max(hi, moments[k+1].x)
		}
	}
	return lo, hi
}

// twoWayEdges calls f with the number of each link of a clock that goes both ways, and 1 where the clock is the callee, -1
// where it is the caller.
func (p *problem) twoWayEdges(clock int, f func(link int, sign float64)) {
	for i := range p.links {
		l := &p.links[i]
		switch {
		case !p.usable(l) || !l.twoWay:
		case l.a == clock:
			f(i, -1)
		case l.b == clock:
			f(i, 1)
		}
	}
}

// levels returns where the calls before an event lie, and how much further those behind it, with the number of those on
// the side with fewer; ok is false where that is too few.
func levels(before, behind []float64) (level float64, change weighted, ok bool) {
	if len(before) < 2 || len(behind) < 2 {
		return 0, weighted{}, false
	}
	level = median(before)
	return level, weighted{median(behind) - level, float64(min(len(before), len(behind)))}, true
}

// changeOf collects a clock's calls between lo and hi and estimates a jump from those outside the middle. Edges that show
// another jump are left out: the clock at their other end does something too.
func (p *problem) changeOf(clock int, lo, hi, mid0, mid1 float64) shift {
	type side struct {
		weighted
		scale   float64
		moments []moment
	}
	out := shift{clock: clock}
	var edges []side
	var sizes []weighted
	p.twoWayEdges(clock, func(i int, sign float64) {
		l := &p.links[i]
		list := p.edgeMoments(l, i, sign, lo, hi)
		var before, behind []float64
		for _, m := range list {
			switch {
			case m.x < mid0:
				before = append(before, m.y)
			case m.x > mid1:
				behind = append(behind, m.y)
			}
		}
		level, change, ok := levels(before, behind)
		if !ok {
			return
		}
		for k := range list {
			list[k].y -= level
		}
		edges, sizes = append(edges, side{change, l.scale(), list}), append(sizes, change)
	})
	if len(edges) == 0 {
		return out
	}
	out.size = weightedMedian(sizes)
	for _, e := range edges {
		out.all += int(e.w)
		if math.Abs(e.v-out.size) <= max(math.Abs(out.size)/8, eventCap*e.scale) {
			out.moments = append(out.moments, e.moments...)
			out.edges++
			out.calls += int(e.w)
		}
	}
	return out
}

// edgeMoments returns the midpoints of sampled calls and, of vertices, pairs of neighbours as if they were
// one call: the least delays tell most.
func (p *problem) edgeMoments(l *link, index int, sign, lo, hi float64) []moment {
	out := p.sampleMoments(l, index, sign, lo, hi)
	if l.late {
		return out
	}
	for k := range l.wins {
		w := &l.wins[k]
		if x := w.q.on(sign); x >= lo && x <= hi {
			out = append(out, moment{(x + w.s.on(sign)) / 2, sign * w.y, l.scale() / min(w.nq, w.ns, 4), index})
		}
	}
	return out
}

// on returns the reading of the clock that is the callee, if sign is positive, or the caller.
func (s *spot) on(sign float64) float64 {
	if sign > 0 {
		return s.xb
	}
	return s.xa
}

// scale is by how much the midpoint of one call is off, about; more where few calls tell how much delays spread.
func (l *link) scale() float64 {
	spread := (l.mq + l.ms) / 2 * (1 + 10/float64(max(1, len(l.samples))))
	return max(spread, 1000, float64(l.edge.quantum)/2)
}

// sampleMoments returns the midpoints of sampled calls.
func (p *problem) sampleMoments(l *link, index int, sign, lo, hi float64) (out []moment) {
	scale := l.scale()
	var h [4]int
	for _, s := range l.samples {
		if s.t4 == 0 {
			continue
		}
		ca, cb := p.clocks[l.a].coarse, p.clocks[l.b].coarse
		q := spot{p.seconds(s.t1, ca), p.seconds(s.t1+s.u, cb), float64(s.u - (cb - ca))}
		if x := q.on(sign); x < lo || x > hi {
			continue
		}
		r := spot{p.seconds(s.t4, ca), p.seconds(s.t4+s.l, cb), float64(cb - ca - s.l)}
		y := (p.requestDelay(l, &q, &h[0], &h[1]) - p.responseDelay(l, &r, &h[2], &h[3])) / 2
		out = append(out, moment{q.on(sign), sign * y, scale, index})
	}
	return out
}
