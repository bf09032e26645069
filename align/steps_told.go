package align

import (
	"cmp"
	"math"
	"slices"
)

// A step that something else than calls tells of is tried on the calls around it: they confirm it and say better
// when it was, or refute it, or there are too few of them and it is taken as told.

// toldWidth is how many bins of the capture around a told step are looked at on each side, toldCalls how many
// calls of an edge on each side at most, and toldFit the share of its size by which calls may see it otherwise.
const (
	toldWidth = 12
	toldCalls = 8
	toldFit   = 0.25
	// toldLarger times what the reports say at least is the most that they mean.
	toldLarger = 4
	// toldProcess spans that began before their parents, all around one instant, are no explicit times.
	toldProcess = 3
)

// told is a step as reports of it agree.
type told struct {
	clock int
	// The clock showed after before it was set, and before behind it.
	after, before int64
	sizes         Interval
	reports       []StepReport
	verdict       verdict
}

// verdict is what became of a told step.
type verdict uint8

const (
	noVerdict verdict = iota // it is too weak to begin a step
	confirmed                // by calls
	believed                 // no call tells
	refuted                  // by calls
)

// size is the best guess.
func (t *told) size() float64 {
	switch s := t.sizes; {
	case s.Low == math.MinInt64:
		return float64(s.High)
	case s.High == math.MaxInt64:
		return float64(s.Low)
	default:
		return float64(s.Low) + float64(s.High-s.Low)/2
	}
}

// takes adds a report if both can be of one step.
func (t *told) takes(r *StepReport) bool {
	s := r.sizes()
	both := Interval{max(t.sizes.Low, s.Low), min(t.sizes.High, s.High)}
	if both.Low > both.High || (both.Low < 0) != (both.High < 0) && both != Unbounded {
		return false
	}
	after, before := max(t.after, r.After), min(t.before, r.Before)
	// When it had been set it showed size more than after at least, and no more than before. A step that is far
	// larger than anybody says would explain any two.
	low := both.Low
	if low == math.MinInt64 && both.High < 0 {
		low = toldLarger * max(both.High, math.MinInt64/toldLarger)
	}
	if after > before && addBound(after, low) > before {
		return false
	}
	t.after, t.before, t.sizes, t.reports = after, before, both, append(t.reports, *r)
	return true
}

// begins reports whether the reports are enough for a step that no call shows.
func (t *told) begins() bool {
	of := 0
	for i := range t.reports {
		r := &t.reports[i]
		switch {
		case r.Slew:
		case r.sized() && !r.AtLeast:
			return true
		case r.Source == sourceProcess:
			of++
		}
	}
	return of >= toldProcess
}

// toldSteps joins the reports of each clock into steps.
func (p *problem) toldSteps() (out []told) {
	reports := slices.Clone(p.reports)
	slices.SortStableFunc(reports, func(a, b StepReport) int {
		// What states a size first: the others then join it.
		return cmp.Or(cmp.Compare(a.Domain, b.Domain), -cmp.Compare(b2u(a.sized()), b2u(b.sized())), cmp.Compare(a.Before, b.Before))
	})
next:
	for i := range reports {
		r := &reports[i]
		clock, ok := slices.BinarySearch(p.names, r.Domain)
		if !ok || r.Slew || r.Size == 0 {
			continue
		}
		for k := range out {
			if out[k].clock == clock && out[k].takes(r) {
				continue next
			}
		}
		out = append(out, told{clock, r.After, r.Before, r.sizes(), []StepReport{*r}, noVerdict})
	}
	return out
}

// tellSteps adds the steps that reports tell of, then tries each on the calls with all others in place, and takes
// back those that the calls refute. It returns whether there was any.
func (p *problem) tellSteps() bool {
	p.told = p.toldSteps()
	any := false
	for i := range p.told {
		t := &p.told[i]
		if c := &p.clocks[t.clock]; !c.out && t.begins() && len(c.jumps) < maxEvents {
			j := p.jumpOf(t)
			j.told, t.verdict, any = i+1, believed, true
			c.jumps = append(c.jumps, j)
			sortJumps(c)
		}
	}
	if !any || len(p.links) == 0 {
		return any
	}
	p.leaveOut()
	for i := range p.told {
		if t := &p.told[i]; t.verdict == believed {
			p.try(i)
		}
	}
	p.place()
	p.leaveOut()
	return true
}

// sortJumps puts jumps in the order of time, no two at once: a segment lies between them.
func sortJumps(c *clock) {
	slices.SortStableFunc(c.jumps, func(a, b jump) int { return cmp.Compare(a.x, b.x) })
	for k := 1; k < len(c.jumps); k++ {
		c.jumps[k].x = max(c.jumps[k].x, c.jumps[k-1].x+jumpSlack)
	}
}

// try holds a told step against the calls.
func (p *problem) try(i int) {
	t := &p.told[i]
	c := &p.clocks[t.clock]
	k := slices.IndexFunc(c.jumps, func(j jump) bool { return j.told == i+1 })
	j := c.jumps[k]
	c.jumps = slices.Delete(c.jumps, k, k+1)
	moments, size, gap, tried := p.momentsAround(t.clock, j)
	room := t.room(size)
	switch off := math.Abs(size - j.size); {
	case !tried:
	case off <= room:
		t.verdict = confirmed
		j = narrow(j, moments, size, t)
	case off > room+2e3*p.opt.MaxDriftPPM*gap:
		t.verdict = refuted
		return // findEvents may find what there is instead
	}
	c.jumps = append(c.jumps, j)
	sortJumps(c)
}

// leaveOut takes away the calls at readings that lie before a jump or behind it, nobody knows which, and fits
// the rates to the rest.
func (p *problem) leaveOut() {
	if p.dropOpen() {
		p.refit()
	}
}

// dropOpen takes away the calls at readings where it is open whether a clock had jumped: one of them on the wrong
// side is the least delay of its window, by as much as the jump. It reports whether any clock jumped.
func (p *problem) dropOpen() (any bool) {
	for i := range p.links {
		l := &p.links[i]
		if a, b := &p.clocks[l.a], &p.clocks[l.b]; len(a.jumps)+len(b.jumps) > 0 {
			open := func(s *spot) bool { return a.openAt(s.xa) || b.openAt(s.xb) }
			l.q, l.qc = without(l.q, l.qc, open)
			l.s, l.sc = without(l.s, l.sc, open)
			any = true
		}
	}
	return any
}

// openAt reports whether a jump leaves open on which side of it a reading lies.
func (c *clock) openAt(x float64) bool {
	for i := range c.jumps {
		j := &c.jumps[i]
		back := max(-j.size, 0) / 1e9 // readings that the clock showed twice
		if x > j.lo-back && x < j.hi+back {
			return true
		}
	}
	return false
}

func without(spots []spot, cells []cell, drop func(*spot) bool) ([]spot, []cell) {
	kept, left := spots[:0], cells[:0]
	at := 0
	for _, c := range cells {
		n := int(c.size)
		c.size = 0
		for k := range n {
			if s := spots[at+k]; !drop(&s) {
				kept = append(kept, s)
				c.size++
			}
		}
		if at += n; c.size > 0 {
			left = append(left, c)
		}
	}
	return kept, left
}

// room is how far the calls may see a step from the size that is told.
func (t *told) room(seen float64) float64 {
	s := t.sizes
	if s.Low == math.MinInt64 && seen < float64(s.High) || s.High == math.MaxInt64 && seen > float64(s.Low) {
		return math.Inf(1)
	}
	if s.Open() {
		return max(eventLeast, toldFit*math.Abs(t.size()))
	}
	return max(eventLeast, toldFit*math.Abs(t.size())) + float64(s.High-s.Low)/2
}

// jumpOf places a told step on the clock's face.
func (p *problem) jumpOf(t *told) jump {
	coarse := p.clocks[t.clock].coarse
	lo, hi := t.after, t.before
	if lo >= hi { // set back: both readings were shown twice, and a moment between them is as good as any
		lo += (hi - lo) / 2
		hi = lo + 1000
	}
	j := jump{lo: p.seconds(lo, coarse), hi: p.seconds(hi, coarse), size: t.size()}
	j.x = (j.lo + j.hi) / 2
	return j
}

// momentsAround collects the calls of a clock around a jump, and what they say of its size; ok is false where
// they are too few, and gap how many seconds lie between those before and those behind.
func (p *problem) momentsAround(clock int, j jump) (out []moment, size, gap float64, ok bool) {
	around := max(toldWidth*(p.x1-p.x0)/eventBins, 2*(j.hi-j.lo))
	var sizes []weighted
	p.twoWayEdges(clock, func(i int, sign float64) {
		back := math.Abs(j.size) / 1e9 // readings that a clock which was set back shows twice
		lo, hi := j.lo-back, j.hi+back
		list := p.sampleMoments(&p.links[i], i, sign, lo-around, hi+around)
		slices.SortFunc(list, func(a, b moment) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y)) })
		var before, behind []float64
		first, last := lo, hi
		for k := range list {
			if m := &list[len(list)-1-k]; m.x < lo && len(before) < toldCalls {
				before, first = append(before, m.y), m.x
			}
			if m := &list[k]; m.x > hi && len(behind) < toldCalls {
				behind, last = append(behind, m.y), m.x
			}
		}
		level, change, enough := levels(before, behind)
		if !enough {
			return
		}
		gap = max(gap, last-first)
		sizes = append(sizes, change)
		for _, m := range list {
			m.y -= level
			out = append(out, m)
		}
	})
	if len(sizes) == 0 {
		return nil, 0, 0, false
	}
	return out, weightedMedian(sizes), gap, true
}

// narrow says better when a told step was, from the calls between its two readings.
func narrow(j jump, moments []moment, size float64, t *told) jump {
	if t.sizes.Open() {
		j.size = size
	}
	moments = slices.DeleteFunc(slices.Clone(moments), func(m moment) bool { return m.x < j.lo-1 || m.x > j.hi+1 })
	all, best, at := bestSplit(moments, size)
	if at == 0 || at == len(moments) {
		return j
	}
	lo, hi := bracketAround(moments, all, best, at, size)
	if lo, hi = max(lo, j.lo), min(hi, j.hi); lo < hi {
		j.lo, j.hi, j.x = lo, hi, (lo+hi)/2
	}
	return j
}

// narrowFound takes for the jumps that calls found what reports say of when they were.
func (p *problem) narrowFound() {
	for i := range p.told {
		t := &p.told[i]
		c := &p.clocks[t.clock]
		for k := range c.jumps {
			j, told := &c.jumps[k], p.jumpOf(t)
			if !t.sizes.near(j.size) {
				continue
			}
			if lo, hi := max(j.lo, told.lo), min(j.hi, told.hi); lo < hi {
				j.lo, j.hi = lo, hi
				j.x = min(max(j.x, lo), hi)
			}
		}
	}
}

// near reports whether a size that calls found may be of the interval.
func (i Interval) near(size float64) bool {
	return size > float64(i.Low)-max(eventLeast, toldFit*math.Abs(size)) && size < float64(i.High)+max(eventLeast, toldFit*math.Abs(size))
}

// readRange sets when the capture was where there are no calls to tell: the time of the readings and steps.
func (p *problem) readRange() {
	p.x0, p.x1 = math.Inf(1), math.Inf(-1)
	take := func(clock int, at int64) {
		x := p.seconds(at, p.clocks[clock].coarse)
		p.x0, p.x1 = min(p.x0, x), max(p.x1, x)
	}
	for _, r := range p.reads {
		if i, ok := slices.BinarySearch(p.names, r.Domain); ok {
			take(i, r.At)
			take(i, max(r.At, r.Until))
		}
	}
	for i := range p.told {
		take(p.told[i].clock, min(p.told[i].after, p.told[i].before)-billion)
		take(p.told[i].clock, max(p.told[i].after, p.told[i].before)+billion)
	}
}
