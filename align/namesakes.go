package align

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Two machines under one name are a clock that stands at two offsets at once. Calls of one moment show it: each
// request bounds the difference of two clocks on one side and each answer on the other, and no clocks satisfy
// bounds that sum to less than nothing around a cycle. How long requests take against answers does not matter for
// that, so that asymmetry accuses nobody. A few such moments may be a step, or answers that are none; a double name
// makes them all the time. What is asked is therefore which clocks must be left out so that nearly all moments are
// free of contradictions.

const (
	// A capture is looked at in up to namesakeParts parts, with namesakeCalls of the median edge in each. A clock
	// must contradict in namesakeShare of them, and in namesakeLeast: a step is one change, which spoils the part
	// it is in and perhaps the two beside.
	namesakeParts = 32
	namesakeCalls = 6
	namesakeShare = 0.25
	namesakeLeast = 4
	// namesakeStray is the share of an edge's calls in a part that may be anything.
	namesakeStray = 0.25
	// namesakeRounds bounds the search: each finds a cycle in each part that the clocks left out so far do not
	// explain.
	namesakeRounds = 64
)

// bound says that offset(to) - offset(from), relative to where the clocks are thought to be, is at most most, in ns.
type bound struct {
	from, to int
	most     float64
}

// namesakes looks for clocks that are two.
type namesakes struct {
	clocks int
	parts  [][]bound
	need   int     // parts that a clock must spoil
	cycles [][]int // clocks around contradictions
}

// gate takes out clocks that are two under one name, which would spoil the whole solution. Where calls tell only
// that one of some clocks is, it takes out all of those. It reports whether there were any.
func (p *problem) gate() bool {
	n := p.newNamesakes()
	found := n.find()
	for i, c := range found {
		suspects := append(n.rivals(found, i), c)
		for k, s := range suspects {
			p.clocks[s].out = true
			p.refusals[s] = append(p.refusals[s], slices.Delete(slices.Clone(suspects), k, k+1)...)
		}
	}
	return len(found) > 0
}

// whyRefused says why a clock is out.
func (p *problem) whyRefused(clock int) string {
	var others []string
	for _, o := range p.refusals[clock] {
		others = append(others, p.names[o])
	}
	if len(others) > 0 {
		return fmt.Sprintf("its calls or those of %s need two clocks under one name", strings.Join(others, ", "))
	}
	return "its calls need two clocks under this name"
}

func (p *problem) newNamesakes() *namesakes {
	n := &namesakes{clocks: len(p.clocks)}
	var counts []float64
	for i := range p.links {
		if l := &p.links[i]; p.usable(l) {
			counts = append(counts, float64(len(l.samples)))
		}
	}
	n.parts = make([][]bound, min(namesakeParts, int(median(counts))/namesakeCalls))
	room := sightRoom{parts: make([][]sight, len(n.parts))}
	for i := range p.links {
		if l := &p.links[i]; p.usable(l) {
			p.bounds(l, n.parts, &room)
		}
	}
	n.need = max(namesakeLeast, int(math.Ceil(namesakeShare*float64(len(n.parts)))))
	return n
}

// sight is what one call shows: when, its apparent delays, of the answer's only where the edge goes both ways, and
// by how much the difference of the two clocks seems off.
type sight struct{ x, rq, rs, y float64 }

// sightRoom is memory for one edge after the other.
type sightRoom struct {
	parts [][]sight // as sights returns them
	a, b  []float64
}

// sights returns the sampled calls of an edge by parts. While a clock is slewed, two calls are of two moments.
func (p *problem) sights(l *link, room *sightRoom) [][]sight {
	out := room.parts
	for k := range out {
		out[k] = out[k][:0]
	}
	ca, cb := p.clocks[l.a].coarse, p.clocks[l.b].coarse
	var h [4]int
	for _, s := range l.samples {
		q := spot{p.seconds(s.t1, ca), p.seconds(s.t1+s.u, cb), float64(s.u - (cb - ca))}
		if q.xa < p.x0 || q.xa > p.x1 || l.twoWay && s.t4 == 0 || p.inSlew(l, q.xa) {
			continue
		}
		c := sight{x: q.xa, rq: p.requestDelay(l, &q, &h[0], &h[1])}
		if c.y = c.rq; l.twoWay {
			r := spot{p.seconds(s.t4, ca), p.seconds(s.t4+s.l, cb), float64(cb - ca - s.l)}
			c.rs = p.responseDelay(l, &r, &h[2], &h[3])
			c.y = (c.rq - c.rs) / 2
		}
		k := p.bin(q.xa, len(out))
		out[k] = append(out[k], c)
	}
	return out
}

// bounds adds what the calls of an edge say at the middle of each part.
func (p *problem) bounds(l *link, parts [][]bound, room *sightRoom) {
	if len(parts) == 0 {
		return
	}
	slop := eventLeast/2 + float64(l.edge.quantum-1)
	stray, late := namesakeStray, 0.0
	if l.late { // an answer that ended late, but not impossibly so, did by less than the round trip
		stray, late = 0.5, float64(l.edge.rttQuantile(0.5))
	}
	sights := p.sights(l, room)
	middles := room.middles()
	for k, list := range sights {
		if len(list) == 0 {
			continue
		}
		slope := slopeAt(middles, k)
		x := p.binStart(k, len(parts)) + (p.x1-p.x0)/float64(2*len(parts))
		rq, rs := room.a[:0], room.b[:0]
		for _, c := range list {
			moved := slope * (c.x - x)
			rq, rs = append(rq, c.rq-moved), append(rs, c.rs+moved)
		}
		room.a, room.b = rq, rs
		parts[k] = append(parts[k], bound{l.a, l.b, slop + nth(rq, int(namesakeStray*float64(len(rq))))})
		if l.twoWay {
			parts[k] = append(parts[k], bound{l.b, l.a, slop + late + nth(rs, int(stray*float64(len(rs))))})
		}
	}
}

// middles returns the median call of each part, NaN where there is none.
func (r *sightRoom) middles() (s series) {
	for _, list := range r.parts {
		x, y := r.a[:0], r.b[:0]
		for _, c := range list {
			x, y = append(x, c.x), append(y, c.y)
		}
		if len(list) == 0 {
			x, y = append(x, math.NaN()), append(y, math.NaN())
		}
		r.a, r.b = x, y
		s.x, s.y = append(s.x, median(x)), append(s.y, median(y))
	}
	return s
}

// slopeAt returns what the clocks move at k: the lesser of the slopes from the part before and to the part behind,
// which a step is not, and 0 where they differ in sign.
func slopeAt(s series, k int) float64 {
	slope := func(i, j int) float64 {
		if i < 0 || j >= len(s.x) {
			return math.NaN()
		}
		return (s.y[j] - s.y[i]) / (s.x[j] - s.x[i])
	}
	before, behind := slope(k-1, k), slope(k, k+1)
	switch {
	case math.IsNaN(before) && math.IsNaN(behind), before*behind < 0:
		return 0
	case math.IsNaN(before) || math.Abs(behind) < math.Abs(before):
		return behind
	}
	return before
}

// find returns the least set of clocks without which contradictions are rare, each of which causes many.
func (n *namesakes) find() []int {
	var out []int
	for range namesakeRounds {
		if n.contradictions(out, true) < n.need {
			break
		}
		out = n.hit()
	}
	return n.needed(out)
}

// contradictions counts the parts that contradict themselves without some clocks, and keeps a cycle of each.
func (n *namesakes) contradictions(without []int, keep bool) (count int) {
	for _, b := range n.parts {
		if cycle := n.cycle(b, without); cycle != nil {
			count++
			if keep {
				n.cycles = append(n.cycles, cycle)
			}
		}
	}
	return count
}

// hit returns clocks of which every cycle has one, those of most cycles first.
func (n *namesakes) hit() (out []int) {
	rest := slices.Clone(n.cycles)
	for len(rest) > 0 {
		count := n.count(rest)
		best := slices.Index(count, slices.Max(count))
		out = append(out, best)
		rest = slices.DeleteFunc(rest, func(c []int) bool { return slices.Contains(c, best) })
	}
	return out
}

// needed drops clocks whose return makes few contradictions, those that make fewest first.
func (n *namesakes) needed(out []int) []int {
	for len(out) > 0 {
		type returned struct{ at, count int }
		var all []returned
		for i := range out {
			all = append(all, returned{i, n.contradictions(slices.Delete(slices.Clone(out), i, i+1), false)})
		}
		least := slices.MinFunc(all, func(a, b returned) int { return cmp.Compare(a.count, b.count) })
		if least.count >= n.need {
			break
		}
		out = slices.Delete(out, least.at, least.at+1)
	}
	slices.Sort(out)
	return out
}

// rivals returns the clocks of which each explains as well what the i-th of those left out does.
func (n *namesakes) rivals(out []int, i int) (rivals []int) {
	trial := slices.Clone(out)
	for c, count := range n.count(n.cycles) {
		if trial[i] = c; count >= n.need && !slices.Contains(out, c) && n.contradictions(trial, false) < n.need {
			rivals = append(rivals, c)
		}
	}
	return rivals
}

// count tells on how many cycles each clock is.
func (n *namesakes) count(cycles [][]int) []int {
	count := make([]int, n.clocks)
	for _, c := range cycles {
		for _, i := range c {
			count[i]++
		}
	}
	return count
}

// cycle returns the clocks of a cycle of bounds whose sum is negative, nil if there is none: the algorithm of
// Bellman and Ford from everywhere at once.
func (n *namesakes) cycle(bounds []bound, without []int) []int {
	at, via := make([]float64, n.clocks), make([]int, n.clocks)
	for i := range via {
		via[i] = -1
	}
	for range n.clocks + 1 {
		changed := false
		for _, b := range bounds {
			if d := at[b.from] + b.most; d < at[b.to] && !slices.Contains(without, b.from) && !slices.Contains(without, b.to) {
				at[b.to], via[b.to], changed = d, b.from, true
			}
		}
		if !changed {
			return nil
		}
		if cycle := circle(via); cycle != nil {
			return cycle
		}
	}
	return nil
}

// circle returns a circle of predecessors.
func circle(via []int) []int {
	walk := make([]int, len(via))
	for start := range via {
		i := start
		for i >= 0 && walk[i] == 0 {
			walk[i] = start + 1
			i = via[i]
		}
		if i < 0 || walk[i] != start+1 {
			continue
		}
		out := []int{i}
		for k := via[i]; k != i; k = via[k] {
			out = append(out, k)
		}
		return out
	}
	return nil
}
