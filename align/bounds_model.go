package align

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// bounded returns the model with bounds, and all that follows from them: proofs, contradictions, answers
// that are none, statuses.
func (p *problem) bounded(s *Statistic, refine func(StatOptions) *Statistic) *Model {
	m, r := p.bind(s)
	witnesses := NewStatistic(StatOptions{})
	for before, round := int64(math.MaxInt64), 0; round < heldRounds; round++ {
		left := settleModel(m, s, witnesses, refine)
		n := left.calls()
		if n == 0 {
			break
		}
		witnesses = MergeStatistics(witnesses, left)
		moved := p.jumpsAgain(witnesses)
		if !moved && n >= before || round+1 == heldRounds {
			break
		}
		if before = n; moved {
			m, r = p.bind(s)
		}
	}
	for i := range m.Pairs {
		placePair(m, &m.Pairs[i], &r.pairs[i])
	}
	m.Conflicts = append(m.Conflicts, p.refused(m, s, r)...)
	return m
}

// bind returns the model with bounds.
func (p *problem) bind(s *Statistic) (*Model, *boundResult) {
	m := p.model(s)
	return m, boundModel(m, s, p.opt, p.smoothSegments(), p.distrusted())
}

// smoothSegments returns the segments as they were before the estimate was moved to where constraints
// hold: the bounds of a clock that is bent at every constraint would not hold in between.
func (p *problem) smoothSegments() [][]Segment {
	swap := func() {
		for i := range p.clocks {
			if c := &p.clocks[i]; len(c.smooth) == len(c.off) {
				c.off, c.smooth = c.smooth, c.off
			}
		}
	}
	swap()
	defer swap()
	out := make([][]Segment, len(p.clocks))
	for i := range p.clocks {
		if !p.clocks[i].out {
			out[i], _ = p.segments(i, func(float64) float64 { return unknownHalf })
		}
	}
	return out
}

// distrusted returns the domains whose readings the fit found to lie far from those of many others. Bounds
// do without them: that is never wrong, and bounds that rest on a lie are.
func (p *problem) distrusted() map[string]bool {
	out := map[string]bool{}
	for i := range p.gauges {
		for _, name := range p.gauges[i].liars {
			out[name] = true
		}
	}
	return out
}

// boundModel fills in bounds. smooth, by domain, are the trends; where they are missing, the estimates are.
// Readings of distrusted domains are left out.
func boundModel(m *Model, s *Statistic, o Options, smooth [][]Segment, distrusted map[string]bool) *boundResult {
	p := newBoundProblem(m, s, o, distrusted)
	for i, segments := range smooth {
		for k := range segments {
			if k < len(p.clocks[i].trends) && !p.clocks[i].isOut {
				p.clocks[i].trends[k] = trendOf(&segments[k])
			}
		}
	}
	r := solveBounds(p)
	m.Proof = r.proof
	m.Conflicts = append(m.Conflicts, r.conflicts...)
	m.Assumptions = append(m.Assumptions, driftAssumption(p, r))
	m.Assumptions = append(m.Assumptions, r.tests...)
	m.Async = append(m.Async, groupAsync(p, r)...)
	for i := range m.Domains {
		place(&m.Domains[i], &r.domains[i], m, o)
	}
	return r
}

// newBoundProblem turns estimates into trends, steps into brackets and statistics into constraints.
func newBoundProblem(m *Model, s *Statistic, o Options, distrusted map[string]bool) *boundProblem {
	p := &boundProblem{driftPPB: driftPPB(m.MaxDriftPPM)}
	index := map[string]int{}
	for i := range m.Domains {
		index[m.Domains[i].Name] = i
	}
	for i := range m.Domains {
		p.clocks = append(p.clocks, newBoundClock(&m.Domains[i], index))
	}
	requests, responses := 2*len(s.Readings()), 0
	for _, e := range s.edges {
		requests += len(e.request.pts)
		responses += len(e.response.pts) + len(e.sample)
	}
	p.hard, p.responses = make([]constraint, 0, requests), make([]constraint, 0, responses)
	for _, k := range s.Keys() {
		e := s.edges[k]
		caller, ok1 := index[k.Caller]
		callee, ok2 := index[k.Callee]
		if !ok1 || !ok2 {
			continue
		}
		delay := o.minDelay(m.Domains[caller].AZ, m.Domains[callee].AZ)
		from := &origin{from: caller, to: callee, minDelay: delay, quantum: e.quantum, class: k.Class, points: e.request.pts}
		if k.Class != ClassRequest { // a request's readings are both beginnings
			from.longest.callee = e.longest.callee
		}
		for j := range e.request.pts {
			pt := &e.request.pts[j]
			p.hard = append(p.hard, constraint{fromAt: pt.t, toAt: pt.t + pt.v, weight: pt.v - delay, origin: from, n: int32(j)})
		}
		if k.Class == ClassRequest {
			p.addResponses(e, caller, callee, delay, k.Service)
		}
	}
	for i := range m.Pairs {
		p.pairs = append(p.pairs, [2]int{index[m.Pairs[i].Caller], index[m.Pairs[i].Callee]})
	}
	for _, r := range s.Readings() {
		if d, ok := index[r.Domain]; ok && !distrusted[r.Domain] {
			p.hard = append(p.hard, readingConstraints(d, r)...)
		}
	}
	return p
}

// addResponses adds the responses of an edge: the vertices of the envelope, and behind them what else was drawn. Most of
// what was drawn is a vertex too where calls are few, and is not added twice, unless a clock stepped: what one
// call lasted tells more of which side of a step it was on than what the longest of all did.
func (p *boundProblem) addResponses(e *Edge, caller, callee int, delay int64, service string) {
	from := &origin{
		from: callee, to: caller, minDelay: delay, quantum: e.quantum, class: ClassResponse, service: service, points: e.response.pts,
		longest: e.longest,
	}
	vertices := len(p.responses)
	for j := range e.response.pts {
		pt := &e.response.pts[j]
		p.responses = append(p.responses, constraint{fromAt: pt.t - pt.v, toAt: pt.t, weight: pt.v - delay, origin: from, n: int32(j)})
	}
	chance := *from
	chance.points, chance.samples = nil, e.sample
	first := len(p.responses)
	stepped := len(p.clocks[caller].brackets)+len(p.clocks[callee].brackets) > 0
	for j := range e.sample {
		x := &e.sample[j]
		if x.t4 == 0 || x.callee == 0 {
			continue
		}
		if k, ok := e.response.vertex(x.t4); ok && !stepped && e.response.pts[k].v == -x.l && !p.responses[vertices+k].drawn {
			p.responses[vertices+k].drawn = true
			continue
		}
		p.responses = append(p.responses, constraint{fromAt: x.t4 + x.l, toAt: x.t4, weight: -x.l - delay, origin: &chance, n: int32(j), drawn: true})
	}
	slices.SortFunc(p.responses[first:], func(a, b constraint) int {
		if a.fromAt != b.fromAt {
			return cmp.Compare(a.fromAt, b.fromAt)
		}
		return e.sample[a.n].compare(&e.sample[b.n])
	})
}

// minDelay returns the delay declared between two zones.
func (o *Options) minDelay(a, b string) int64 {
	return max(o.MinDelay[[2]string{min(a, b), max(a, b)}], 0)
}

// newBoundClock takes over what a domain's estimate says. Without one, it takes no part.
func newBoundClock(d *Domain, index map[string]int) boundClock {
	c := boundClock{name: d.Name, host: d.Host, reference: utcClock, isOut: len(d.Segments) == 0}
	if i, ok := index[d.Reference]; ok && d.Reference != UTC {
		c.reference = i
	}
	for _, s := range d.Steps {
		if s.Slew {
			c.slews = append(c.slews, bracket{int64(min(s.After, s.Before)), int64(max(s.After, s.Before))})
		}
	}
	c.brackets, c.slews = d.brackets(), joinBrackets(c.slews)
	for _, s := range d.Segments {
		var grid []int64
		for _, pt := range s.Points {
			grid = append(grid, int64(pt.At))
		}
		c.lines, c.grids = append(c.lines, trendOf(&s)), append(c.grids, grid)
	}
	c.trends = slices.Clone(c.lines)
	if len(c.grids) != len(c.brackets)+1 {
		c.isOut, c.brackets, c.trends, c.lines, c.grids = true, nil, nil, nil, [][]int64{{0}}
	}
	return c
}

func trendOf(s *Segment) trend {
	var t trend
	for _, pt := range s.Points {
		t = append(t, knot{int64(pt.At), pt.Offset})
	}
	return t
}

// joinBrackets sorts brackets and joins those that overlap.
func joinBrackets(all []bracket) []bracket {
	slices.SortFunc(all, func(a, b bracket) int {
		switch {
		case a.lo < b.lo:
			return -1
		case a.lo > b.lo:
			return 1
		}
		return 0
	})
	var out []bracket
	for _, x := range all {
		if n := len(out); n > 0 && x.lo < out[n-1].hi {
			out[n-1].hi = max(out[n-1].hi, x.hi)
		} else {
			out = append(out, x)
		}
	}
	return out
}

// place writes bounds into a domain, clamps its estimate into them, and settles its status.
func place(d *Domain, b *domainBounds, m *Model, o Options) {
	d.Component = b.component
	if d.Status == StatusConflict {
		return
	}
	if b.inConflict {
		d.Status, d.Why, d.Segments = StatusConflict, "its evidence contradicts itself: see the certificates", []Segment{}
		return
	}
	if len(d.Segments) == 0 || len(d.Segments) != len(b.segments) {
		return
	}
	if b.foreign {
		d.Reference, d.DriftPPM = nameOf(m, b.reference), 0
		if d.Status == StatusReference {
			d.Status, d.Why = StatusAligned, ""
		}
	}
	widest, open := int64(0), false
	brackets := d.brackets()
	for i := range d.Segments {
		// Between two steps whose brackets meet no reading is known to be, and nothing bounds the clock.
		nowhere := i > 0 && i < len(brackets) && brackets[i-1].hi >= brackets[i].lo
		for k := range d.Segments[i].Points {
			pt := &d.Segments[i].Points[k]
			pt.Hard, pt.Assumed = b.segments[i].hard[k], b.segments[i].assumed[k]
			trusted := pt.bounds(m.Trust)
			switch {
			case trusted.Low > trusted.High:
			case b.foreign:
				pt.Offset, pt.Likely = trusted.middle(), trusted
			default:
				pt.Offset = min(max(pt.Offset, trusted.Low), trusted.High)
				pt.Likely = Interval{min(max(pt.Likely.Low, trusted.Low), pt.Offset), max(min(pt.Likely.High, trusted.High), pt.Offset)}
			}
			if !nowhere {
				widest, open = max(widest, trusted.Width()), open || trusted.Open()
			}
		}
	}
	switch {
	case d.Status != StatusAligned:
	case b.noPath:
		d.Status, d.Why = StatusNoPath, "nothing that bounds need ties it to the reference"
	case open && b.foreign:
		d.Status, d.Why = StatusUnbounded, fmt.Sprintf("only links tie it to others: its %s bounds are open, and nothing estimates it", m.Trust)
	case open:
		d.Status, d.Why = StatusUnbounded, fmt.Sprintf("its %s bounds are open", m.Trust)
	case b.foreign:
		d.Why = "only links tie it to others: the estimate is the middle of its bounds"
	case o.MaxWidth > 0 && widest > o.MaxWidth:
		d.Status, d.Why = StatusWide, fmt.Sprintf("its %s bounds are up to %d ns wide", m.Trust, widest)
	}
}

// nameOf returns the name of a reference.
func nameOf(m *Model, reference int) string {
	if reference == utcClock {
		return UTC
	}
	return m.Domains[reference].Name
}

// middle returns the value that is least far from any other within the bounds; a bound where the other is
// missing, 0 where both are.
func (i Interval) middle() int64 {
	switch {
	case i.Low == math.MinInt64 && i.High == math.MaxInt64:
		return 0
	case i.Low == math.MinInt64:
		return i.High
	case i.High == math.MaxInt64:
		return i.Low
	}
	return i.Low + (i.High-i.Low)/2
}

// placePair writes the bounds of a pair, and its offset as the estimates of both clocks have it.
func placePair(m *Model, pair *Pair, b *pairBounds) {
	if !b.found {
		return
	}
	pair.At, pair.Hard, pair.Assumed = Instant(b.at), b.hard, b.assumed
	caller, callee := m.Domain(pair.Caller), m.Domain(pair.Callee)
	pb, ok1 := callee.At(b.at, m.MaxDriftPPM)
	pa, ok2 := caller.At(b.at-pb.Offset, m.MaxDriftPPM)
	if !ok1 || !ok2 {
		return
	}
	pa, _ = caller.At(b.at-pb.Offset+pa.Offset, m.MaxDriftPPM)
	pair.Offset = pb.Offset - pa.Offset
	trusted := pair.Hard
	if m.Trust == TrustAssumed {
		trusted = pair.Assumed
	}
	if trusted.Low <= trusted.High {
		pair.Offset = min(max(pair.Offset, trusted.Low), trusted.High)
	}
}

// driftAssumption says what hard bounds rest on, and how the evidence was held against it.
func driftAssumption(p *boundProblem, r *boundResult) Assumption {
	a := Assumption{
		Text: fmt.Sprintf("no clock runs off true time by more than %s ppm, and none steps but where steps are listed; while "+
			"a clock is slewed, by no more than %s ppm", ppm(p.driftPPB), ppm(p.driftPPB+slewPPB)),
		Tested:    "all hard constraints hold together with it",
		Falsified: len(r.conflicts) > 0,
	}
	if a.Falsified {
		a.Tested = fmt.Sprintf("%d contradictions, of which this may be a cause: see the certificates", len(r.conflicts))
	}
	return a
}

// groupAsync sums up refuted responses by caller, callee and service.
func groupAsync(p *boundProblem, r *boundResult) []Async {
	var out []Async
	index := map[[3]string]int{}
	b := boundSolver{boundProblem: p}
	for _, x := range r.async {
		c := &p.responses[x.response]
		if c.sampled() {
			continue // it stands in the envelope too, or lies behind one that does
		}
		k := [3]string{p.clocks[c.to].name, p.clocks[c.from].name, c.service}
		i, ok := index[k]
		if !ok {
			i = len(out)
			index[k] = i
			out = append(out, Async{Caller: k[0], Callee: k[1], Service: k[2], By: Interval{x.by, x.by}, Example: b.certEdge(c)})
		}
		g := &out[i]
		g.Calls++
		if x.by > g.By.High {
			g.Example = b.certEdge(c)
		}
		g.By = Interval{min(g.By.Low, x.by), max(g.By.High, x.by)}
	}
	slices.SortFunc(out, func(a, b Async) int {
		return cmp.Or(cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Callee, b.Callee), cmp.Compare(a.Service, b.Service))
	})
	return out
}
