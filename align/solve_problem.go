package align

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// The solver works in floating point, and only on small numbers: times in seconds since an epoch, and
// offsets in nanoseconds relative to an integer constant of each clock. Unix nanoseconds in a float64 have
// a grid of 256 ns. Everything is walked in the order of names, so that equal statistics give equal bytes.

// problem is one solve.
type problem struct {
	opt     Options
	names   []string
	clocks  []clock
	links   []link
	reads   []Reading
	reports []StepReport // of steps, from logs and the like
	told    []told       // the steps that they tell of
	epoch   int64
	x0, x1  float64 // seconds: when the calls were
	capture stretch // in which calls take part

	baseKnots []float64 // those that all clocks share

	perWindow float64 // calls of a window

	services []string
	pairs    [][2]string   // pairs of zones, each in order
	unzoned  int           // clocks whose zone is not known
	parts    int           // components
	refusals map[int][]int // of clocks that are out; those that it may be instead

	wander  float64 // random walk of frequencies, ppb per root second
	scales  scales
	static  *static
	cov     *mat.SymDense // of the clocks' levels, for these scales
	mix     *mixture      // for all scales
	gauges  []gauge       // per component
	medHalf float64       // median of half the least round trip, ns
}

// clock is the state of one clock. Its offset from common time at x, in ns, is coarse + at(x).
type clock struct {
	coarse     int64
	rate       float64   // ns per second
	knots, off []float64 // piecewise linear
	smooth     []float64 // off before projection
	shape      []float64 // variance of off, apart from the clock's level
	perKnot    float64   // 1 over the distance of knots at equal distances, else 0
	jumps      []jump
	slews      []stretch
	out        bool // two clocks under one name, so no part of the solve
	part       int  // component
	sd         float64
}

// jump is a step of a clock at x on its own face, known to lie between lo and hi.
type jump struct {
	x, lo, hi, size float64
	told            int // number of the told step from 1, 0 for one that calls found
}

type stretch struct{ lo, hi float64 }

func (s stretch) has(x float64) bool { return x >= s.lo && x <= s.hi }

// link is an edge of the statistic between two clocks.
type link struct {
	key       EdgeKey
	edge      *Edge
	a, b      int // caller, callee
	svc       int // of the callee
	pair      int // of zones, -1 inside one
	sign      float64
	twoWay    bool
	late      bool    // ends of callee spans are not answers
	lateRatio float64 // the share of ends that are none
	blunt     bool    // stamps are too coarse for its round trips

	q, s    []spot // vertices of the envelopes, requests and responses
	qc, sc  []cell
	samples []sampled
	sq, ss  []spot     // of the sample, while the clocks' constants are those of trips
	calls   []answered // of a blunt edge
	wins    []window
	mq, ms  float64 // scale of delays above their least, ns
	floor   float64 // what is taken off the least requests where answers give no observation, ns
	half    float64 // half the least round trip; of one-way edges the assumed delay
	site    site    // of headless edges
	work    float64 // of headless edges: what callers do before they call, about, ns
	trips   tripSpread
	z, stat float64 // robust mean of the windows' residuals, and its variance
	effect  float64 // asymmetry, ns: what is subtracted from every window
	eps     float64 // the part of it that is this edge's alone
	weight  float64 // of z, robust
}

// spot is a point of an envelope in the solver's terms: a delay is w minus (requests) or plus (responses)
// offset(callee at xb) - offset(caller at xa).
type spot struct{ xa, xb, w float64 }

func newProblem(s *Statistic, o Options) *problem {
	p := &problem{opt: o, wander: 1, scales: defaultScales, refusals: map[int][]int{}}
	keys := s.Keys()
	index := map[string]int{}
	for name := range s.Domains {
		p.names = append(p.names, name)
	}
	slices.Sort(p.names)
	for i, name := range p.names {
		index[name] = i
	}
	p.clocks = make([]clock, len(p.names))
	zone := func(name string) string {
		if z := o.Zones[name]; z != "" {
			return z
		}
		return s.Domains[name].AZ
	}
	for _, name := range p.names {
		if zone(name) == "" {
			p.unzoned++
		}
	}
	services, pairs := map[string]int{}, map[[2]string]int{}
	for _, k := range keys {
		e := s.edges[k]
		if e.calls == 0 || k.Caller == k.Callee {
			continue
		}
		l := link{key: k, edge: e, a: index[k.Caller], b: index[k.Callee], pair: -1, weight: 1, samples: e.samples()}
		l.twoWay = k.Class == ClassRequest && e.answered > 0 && 4*e.answered >= min(e.calls, 4*8)
		l.svc = indexOf(services, &p.services, k.Service)
		if za, zb := zone(k.Caller), zone(k.Callee); za != zb {
			l.sign = 1
			if za > zb {
				za, zb, l.sign = zb, za, -1
			}
			l.pair = indexOf(pairs, &p.pairs, [2]string{za, zb})
		}
		p.links = append(p.links, l)
	}
	p.findSites()
	p.reads = measurements(s.Readings())
	p.reports = append(s.StepReports(), p.readSteps()...)
	p.epoch = p.middle()
	p.components()
	return p
}

func indexOf[K comparable](m map[K]int, list *[]K, k K) int {
	i, ok := m[k]
	if !ok {
		i = len(*list)
		m[k] = i
		*list = append(*list, k)
	}
	return i
}

// middle returns a time in the middle of the calls.
func (p *problem) middle() int64 {
	var t []int64
	for i := range p.links {
		s := p.links[i].samples
		for k := 0; k < len(s); k += max(1, len(s)/8) {
			t = append(t, s[k].t1)
		}
	}
	for _, r := range p.reads {
		if len(p.links) == 0 {
			t = append(t, r.At)
		}
	}
	if len(t) == 0 {
		return 0
	}
	slices.Sort(t)
	return t[len(t)/2]
}

// components numbers the parts of the graph of calls, in the order of their first clock.
func (p *problem) components() {
	up := make([]int, len(p.names))
	for i := range up {
		up[i] = i
	}
	find := func(i int) int {
		for up[i] != i {
			up[i] = up[up[i]]
			i = up[i]
		}
		return i
	}
	for i := range p.links {
		if l := &p.links[i]; p.usable(l) {
			a, b := find(l.a), find(l.b)
			up[max(a, b)] = min(a, b)
		}
	}
	p.parts = 0
	number := make([]int, len(p.names))
	for i := range p.clocks {
		if r := find(i); r == i {
			number[i] = p.parts
			p.parts++
		} else {
			number[i] = number[r]
		}
		p.clocks[i].part = number[i]
	}
}

// usable reports whether an edge takes part in the estimate. A link bounds the end of a span, which may lie
// any time behind: it is evidence for bounds, and none for where the clocks are.
func (p *problem) usable(l *link) bool {
	return l.key.Class != ClassLink && !p.clocks[l.a].out && !p.clocks[l.b].out
}

// place expresses all points relative to the clocks' constants, and finds when the calls were. What lies
// far outside, such as a time of 0 or of the year 2262, takes no part.
func (p *problem) place() {
	n := 0
	for i := range p.links {
		n += len(p.links[i].samples)
	}
	if n == 0 {
		return
	}
	xs := make([]float64, 0, n)
	for i := range p.links {
		l := &p.links[i]
		ca := p.clocks[l.a].coarse
		for k := range l.samples {
			xs = append(xs, p.seconds(l.samples[k].t1, ca))
		}
	}
	lo, hi := nth(xs, n/1000), nth(xs, n-1-n/1000)
	margin := 0.2*(hi-lo) + 1
	p.capture = stretch{lo - margin, hi + margin}
	p.x0, p.x1 = hi, lo
	for i := range p.links {
		l := &p.links[i]
		p.placeLink(l)
		p.takeCalls(l, p.capture.has)
		for _, s := range l.q {
			p.x0, p.x1 = min(p.x0, s.xa, s.xb), max(p.x1, s.xa, s.xb)
		}
		for _, s := range l.s {
			p.x1 = max(p.x1, s.xa, s.xb)
		}
	}
	p.x1 = max(p.x1, p.x0+1e-3)
}

// placeAgain gives edges of clocks that jumped the calls back that dropOpen took.
func (p *problem) placeAgain() {
	for i := range p.links {
		if l := &p.links[i]; len(p.clocks[l.a].jumps)+len(p.clocks[l.b].jumps) > 0 {
			p.placeLink(l)
		}
	}
}

// placeLink is place for one edge.
func (p *problem) placeLink(l *link) {
	ca, cb := p.clocks[l.a].coarse, p.clocks[l.b].coarse
	l.q, l.qc = spots(l.q[:0], l.qc[:0], &l.edge.request, func(pt *point) spot {
		return spot{p.seconds(pt.t, ca), p.seconds(pt.t+pt.v, cb), float64(pt.v - (cb - ca))}
	}, p.capture)
	l.s, l.sc = spots(l.s[:0], l.sc[:0], &l.edge.response, func(pt *point) spot {
		return spot{p.seconds(pt.t, ca), p.seconds(pt.t-pt.v, cb), float64(pt.v + (cb - ca))}
	}, p.capture)
}

// spots appends the vertices of an envelope within a stretch, and the cells that hold them.
func spots(spots []spot, cells []cell, v *envelope, spotOf func(*point) spot, within stretch) ([]spot, []cell) {
	spots, cells = slices.Grow(spots, len(v.pts)), slices.Grow(cells, len(v.cells))
	at := 0
	for _, c := range v.cells {
		kept := c
		kept.size = 0
		for i := range int(c.size) {
			if s := spotOf(&v.pts[at+i]); within.has(s.xa) && within.has(s.xb) {
				spots = append(spots, s)
				kept.size++
			}
		}
		at += int(c.size)
		if kept.size > 0 {
			cells = append(cells, kept)
		}
	}
	return spots, cells
}

// seconds returns a reading of a clock in seconds of common time since the epoch.
func (p *problem) seconds(reading, coarse int64) float64 {
	return float64(reading-coarse-p.epoch) / 1e9
}

// at returns the offset at x without the coarse constant. hint is where the last search ended.
func (c *clock) at(x float64, hint *int) float64 {
	if c.isEven() {
		e := c.even()
		return e.at(x)
	}
	v := c.rate * x
	if len(c.knots) > 0 {
		i, f := c.segment(x, hint)
		v += c.off[i] + f*(c.off[i+1]-c.off[i])
	}
	for _, j := range c.jumps {
		if x >= j.x {
			v += j.size
		}
	}
	return v
}

// even is a clock without jumps whose knots are at equal distances: most are, and are asked most.
type even struct {
	x0, perKnot, rate float64
	off               []float64
}

func (c *clock) isEven() bool { return c.perKnot > 0 && len(c.jumps) == 0 }

func (c *clock) even() even { return even{c.knots[0], c.perKnot, c.rate, c.off} }

// at is that of the clock.
func (e *even) at(x float64) float64 {
	at := (x - e.x0) * e.perKnot
	i := min(max(int(at), 0), len(e.off)-2)
	v := e.off[i]
	return e.rate*x + (v + min(1, max(0, at-float64(i)))*(e.off[i+1]-v))
}

// segment returns the knots around x and how far it lies from the first to the second, 0 to 1.
func (c *clock) segment(x float64, hint *int) (i int, f float64) {
	if c.perKnot > 0 {
		at := (x - c.knots[0]) * c.perKnot
		i = min(max(int(at), 0), len(c.knots)-2)
		return i, min(1, max(0, at-float64(i)))
	}
	if i = min(*hint, len(c.knots)-2); x < c.knots[i] || x > c.knots[i+1] {
		n := len(c.knots)
		i, _ = slices.BinarySearchFunc(c.knots[1:n-1], x, func(k, x float64) int { return cmp.Compare(k, x) })
		*hint = i
	}
	f = (x - c.knots[i]) / (c.knots[i+1] - c.knots[i])
	return i, min(1, max(0, f))
}

// grid puts knots at equal distances, and more of them inside slews. The offsets are kept.
func (p *problem) grid(intervals int) {
	h := (p.x1 - p.x0) / float64(intervals)
	p.baseKnots = p.baseKnots[:0]
	for k := range intervals + 1 {
		p.baseKnots = append(p.baseKnots, p.x0+float64(k)*h)
	}
	for i := range p.clocks {
		c := &p.clocks[i]
		knots := slices.Clone(p.baseKnots)
		for _, s := range c.slews {
			step := max(slewKnot, (s.hi-s.lo)/400)
			for x := s.lo; x <= s.hi; x += step {
				knots = append(knots, x)
			}
		}
		slices.Sort(knots)
		least := min(h, slewKnot) / 10
		knots = slices.CompactFunc(knots, func(a, b float64) bool { return math.Abs(b-a) < least })
		off := make([]float64, len(knots))
		if len(c.knots) > 0 {
			hint := 0
			for k, x := range knots {
				j, f := c.segment(x, &hint)
				off[k] = c.off[j] + f*(c.off[j+1]-c.off[j])
			}
		}
		c.knots, c.off = knots, off
		if c.perKnot = 0; len(c.slews) == 0 {
			c.perKnot = 1 / h
		}
	}
}

// slewKnot is the distance of knots inside a slew, in seconds.
const slewKnot = 0.75
