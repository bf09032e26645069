package align

import (
	"cmp"
	"math"
	"slices"
)

// model writes down what was solved. Bounds are open; see bound.
func (p *problem) model(s *Statistic) *Model {
	m := &Model{
		Schema: ModelSchema, Trust: p.opt.Trust, MaxDriftPPM: p.opt.MaxDriftPPM,
		Domains: []Domain{}, Pairs: p.pairsOf(), ZonePairs: []ZonePair{}, Conflicts: []Certificate{}, Async: []Async{},
		Assumptions: []Assumption{}, Dropped: map[string]int{},
	}
	for why, n := range s.Dropped {
		m.Dropped[why] += n
	}
	for _, k := range s.Keys() {
		for why, n := range s.edges[k].drops {
			if n > 0 {
				m.Dropped[dropNames[why]] += int(n)
			}
		}
	}
	size := make([]int, p.parts)
	for i := range p.clocks {
		size[p.clocks[i].part]++
	}
	largest := 0
	for part, n := range size {
		if n > size[largest] {
			largest = part
		}
	}
	for part := range p.gauges {
		if a, ok := p.gauges[part].assumption(); ok {
			m.Assumptions = append(m.Assumptions, a)
		}
	}
	m.Assumptions = append(m.Assumptions, p.stepAssumptions()...)
	m.Assumptions = append(m.Assumptions, p.priors()...)
	for i := range p.clocks {
		m.Domains = append(m.Domains, p.domain(i, s))
	}
	if p.parts > 0 {
		m.Reference = p.gauges[largest].name(p)
	}
	m.ZonePairs = p.zonePairs()
	return m
}

func (p *problem) domain(i int, s *Statistic) Domain {
	c := &p.clocks[i]
	g := &p.gauges[c.part]
	info := s.Domains[p.names[i]]
	d := Domain{
		Name: p.names[i], From: info.From, Host: info.Host, AZ: cmp.Or(p.opt.Zones[p.names[i]], info.AZ),
		Services: append([]string{}, info.Services...), Component: c.part, Reference: g.name(p),
		Evidence: map[string]int{}, Segments: []Segment{}, Steps: []Step{},
	}
	calls := 0
	for k := range p.links {
		if l := &p.links[k]; l.a == i || l.b == i {
			d.Evidence[l.key.Class.String()] += int(l.edge.calls)
			if l.edge.answered > 0 {
				d.Evidence[ClassResponse.String()] += int(l.edge.answered)
			}
			calls++
		}
	}
	for _, r := range p.reads {
		if r.Domain == d.Name {
			d.Evidence[ClassReading.String()]++
		}
	}
	switch {
	case c.out:
		d.Status, d.Why = StatusConflict, p.whyRefused(i)
		return d
	case g.ref == i:
		d.Status, d.Why = StatusReference, "the best connected clock, and nothing was read against UTC"
		if p.opt.Reference == d.Name {
			d.Why = "chosen as the reference"
		}
	case calls == 0 && g.ref >= 0:
		d.Status, d.Why = StatusNoPath, "no call or reading ties it to another clock"
		return d
	default:
		d.Status = StatusAligned
	}
	if d.Segments, d.Steps = p.segments(i, p.likelyHalf(i)); len(d.Segments) == 0 {
		d.Status, d.Why = StatusNoPath, "its equations have no solution"
		return d
	}
	p.credit(i, d.Steps)
	d.DriftPPM = p.drift(d.Segments)
	return d
}

// drift is the rate from the first to the last point, steps left out.
func (p *problem) drift(segments []Segment) float64 {
	change, time := 0.0, 0.0
	for k := range segments {
		a, b := segments[k].first(), segments[k].last()
		change += float64(b.Offset - a.Offset)
		time += float64(b.At - a.At)
	}
	if time <= 0 {
		return 0
	}
	return math.Round(change/time*1e9) / 1e3 // to the ppb
}

// unknownHalf is the half width in nanoseconds from which an interval says nothing: a century.
const unknownHalf = 100 * 365 * 86400 * 1e9

// leastPieces is how many pieces bounds have at least: they run straight, and widen within.
const leastPieces = 128

// split returns knots, and between them others so that there are at least that many pieces.
func split(knots []float64, pieces int) (out []float64) {
	if len(knots) < 2 {
		return knots
	}
	parts := (pieces + len(knots) - 2) / (len(knots) - 1)
	for k := range len(knots) - 1 {
		for j := range parts {
			out = append(out, knots[k]+(knots[k+1]-knots[k])*float64(j)/float64(parts))
		}
	}
	return append(out, knots[len(knots)-1])
}

// segments samples a clock at its knots and in between, from jump to jump; nothing where the fit gave no numbers. half is that of
// the width of the 95 % interval, by time.
func (p *problem) segments(i int, half func(x float64) float64) ([]Segment, []Step) {
	c := &p.clocks[i]
	solved := true
	reading := func(x float64) int64 { return int64(math.Round(x*1e9)) + p.epoch + c.coarse }
	point := func(x float64, jumps []jump) Point {
		at := reading(x)
		// The offset belongs to the rounded reading.
		all, hint := c.jumps, 0
		c.jumps = jumps
		x = p.seconds(at, c.coarse)
		offset := p.against(i, x, &hint)
		solved = solved && math.Abs(offset) < mostWeight
		v := Point{At: Instant(at), Offset: int64(math.Round(offset)), Hard: Unbounded, Assumed: Unbounded, Likely: Unbounded}
		c.jumps = all
		if h := half(x); h < unknownHalf {
			v.Likely = Interval{v.Offset - int64(h), v.Offset + int64(h)}
		}
		return v
	}
	var steps []Step
	segments := []Segment{}
	readings := split(c.knots, leastPieces)
	if len(readings) == 0 {
		readings = []float64{p.x0, p.x1}
	}
	from := math.Inf(-1)
	for k := 0; k <= len(c.jumps); k++ {
		to := math.Inf(1)
		if k < len(c.jumps) {
			to = c.jumps[k].x - 1e-9
		}
		passed := slices.Clone(c.jumps[:k])
		for j := range passed {
			passed[j].x = math.Inf(-1)
		}
		var seg Segment
		add := func(x float64) {
			v := point(x, passed)
			if n := len(seg.Points); n == 0 || seg.Points[n-1].At < v.At {
				seg.Points = append(seg.Points, v)
			}
		}
		if k > 0 {
			add(from)
		}
		for _, x := range readings {
			if x > from && x < to {
				add(x)
			}
		}
		if k < len(c.jumps) {
			add(to)
			steps = append(steps, p.step(i, c.jumps[k], reading))
			from = c.jumps[k].x
		}
		if len(seg.Points) > 0 {
			segments = append(segments, seg)
		}
	}
	inOrder(steps)
	for _, s := range c.slews {
		size := p.slewSize(i, s)
		if max(math.Abs(float64(size)), p.bulge(i, s)) < eventLeast {
			continue // the clock ran on as it did: what looked like a slew were calls that were taken away since
		}
		steps = append(steps, Step{
			After: Instant(reading(max(s.lo, p.x0))), Before: Instant(reading(min(s.hi, p.x1))), Size: size, Slew: true,
			Bounds: Unbounded, Source: sourceCalls,
		})
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return cmp.Compare(a.After, b.After) })
	if !solved {
		return []Segment{}, []Step{}
	}
	return segments, append([]Step{}, steps...)
}

// inOrder extends the brackets of jumps so that both their ends ascend with the jumps.
func inOrder(steps []Step) {
	for i := 1; i < len(steps); i++ {
		steps[i].Before = max(steps[i].Before, steps[i-1].Before)
	}
	for i := len(steps) - 2; i >= 0; i-- {
		steps[i].After = min(steps[i].After, steps[i+1].After)
	}
}

func (p *problem) step(i int, j jump, reading func(float64) int64) Step {
	// Before and behind the jump the difference to a peer is known to within a round trip.
	known := int64(math.MaxInt64)
	for k := range p.links {
		if l := &p.links[k]; (l.a == i || l.b == i) && l.twoWay && p.usable(l) {
			known = min(known, l.edge.minRTT+2*l.edge.quantum)
		}
	}
	size := int64(math.Round(j.size))
	s := Step{After: Instant(reading(j.lo)), Before: Instant(reading(j.hi)), Size: size, Bounds: Unbounded, Source: sourceCalls}
	if j.told > 0 && p.told[j.told-1].verdict == believed {
		s.Source = ""
		return s
	}
	if known < math.MaxInt64/2 {
		s.Bounds = Interval{size - known, size + known}
	}
	return s
}

// slewSize is how far a slew took the clock from where its rate outside would have.
func (p *problem) slewSize(i int, s stretch) int64 {
	c := &p.clocks[i]
	var h int
	lo, hi := max(s.lo, p.x0), min(s.hi, p.x1)
	const beside = 5.0 // seconds
	before := (c.at(lo, &h) - c.at(lo-beside, &h)) / beside
	behind := (c.at(hi+beside, &h) - c.at(hi, &h)) / beside
	return int64(math.Round(c.at(hi, &h) - c.at(lo, &h) - (before+behind)/2*(hi-lo)))
}

// bulge is how far a clock was at most, within a stretch, from the straight line between its ends.
func (p *problem) bulge(i int, s stretch) (most float64) {
	c := &p.clocks[i]
	var h int
	lo, hi := max(s.lo, p.x0), min(s.hi, p.x1)
	from, to := c.at(lo, &h), c.at(hi, &h)
	for x := lo; x < hi; x += slewKnot / 2 {
		most = max(most, math.Abs(c.at(x, &h)-from-(to-from)*(x-lo)/(hi-lo)))
	}
	return most
}

// likelyHalf returns half the width of the 95 % interval, by time: what is not known of the levels of a
// clock and of its reference, and of the shapes of both.
func (p *problem) likelyHalf(i int) func(x float64) float64 {
	g := &p.gauges[p.clocks[i].part]
	if g.ref == i {
		return func(float64) float64 { return 0 }
	}
	ref, rest := g.ref, 0.0
	if ref < 0 {
		ref, rest = p.hub(p.clocks[i].part), g.sd
	}
	level := math.Hypot(p.levelHalf(i, ref), normal95*rest)
	return func(x float64) float64 {
		shapes := p.clocks[i].shapeVariance(x)
		if ref != i {
			shapes += p.clocks[ref].shapeVariance(x)
		}
		return math.Ceil(math.Sqrt(level*level + normal95*normal95*shapes))
	}
}

// pairsOf sums up the edges of each ordered pair of clocks.
func (p *problem) pairsOf() []Pair {
	out := []Pair{}
	for i := range p.links {
		l := &p.links[i]
		if n := len(out); n == 0 || out[n-1].Caller != l.key.Caller || out[n-1].Callee != l.key.Callee {
			out = append(out, Pair{Caller: l.key.Caller, Callee: l.key.Callee, Hard: Unbounded, Assumed: Unbounded})
		}
		pair := &out[len(out)-1]
		e := l.edge
		if e.answered > 0 && (pair.RTTFloor == 0 || e.minRTT < pair.RTTFloor) {
			pair.RTTFloor = e.minRTT
		}
		late := pair.LateEnds*float64(pair.Calls) + l.lateRatio*float64(e.calls)
		pair.Calls += int(e.calls)
		pair.LateEnds = late / float64(pair.Calls)
		pair.Before += int(e.before)
		pair.After += p.violations(l)
		if p.usable(l) && l.edge.calls > 0 {
			mid := (p.x0 + p.x1) / 2
			var ha, hb int
			a, b := &p.clocks[l.a], &p.clocks[l.b]
			pair.Offset = b.coarse - a.coarse + int64(math.Round(b.at(mid, &hb)-a.at(mid, &ha)))
		}
	}
	return out
}

// violations counts the requests among the vertices that still arrive before they were sent.
func (p *problem) violations(l *link) (n int) {
	var ha, hb int
	for k := range l.q {
		if p.usable(l) && p.requestDelay(l, &l.q[k], &ha, &hb)+float64(l.edge.quantum-1) < -0.5 {
			n++
		}
	}
	return n
}

func (p *problem) zonePairs() []ZonePair {
	out := make([]ZonePair, len(p.pairs))
	for i, z := range p.pairs {
		out[i] = ZonePair{From: z[0], To: z[1], Asymmetry: Unbounded}
	}
	for i := range p.links {
		l := &p.links[i]
		if l.pair < 0 || l.edge.answered == 0 {
			continue
		}
		z := &out[l.pair]
		z.Pairs++
		if f := l.edge.minRTT; z.Pairs == 1 || f < z.RTTFloor {
			z.RTTFloor = f
		}
		// Both least delays are positive and sum to it.
		z.Asymmetry = Interval{-z.RTTFloor, z.RTTFloor}
	}
	out = slices.DeleteFunc(out, func(z ZonePair) bool { return z.Pairs == 0 || z.From == "" })
	slices.SortFunc(out, func(a, b ZonePair) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return out
}
