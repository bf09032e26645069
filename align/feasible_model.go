package align

import (
	"math"
	"sort"
)

// Estimates are fitted before bounds are known, and put into them point by point; both can leave a call where
// it arrives before it was sent. So in the end the model's own numbers are moved, by as little as their
// intervals suggest and inside the bounds, until every request that the statistic holds is kept. Calls that
// it does not hold lie above a line between two that it does (see envelope.go), so that line is kept as well
// wherever an estimate is bent below it, as far as that is possible. Where it is not, all calls are read again
// and held against the estimates; those that are not kept are witnesses, which are kept as well from then on.

const (
	// heldRounds is how often all calls are held against the estimates.
	heldRounds = 6
	// tieScans is how often all requests are looked at, and tieWalks how often those that were not kept are
	// walked each time.
	tieScans, tieWalks = 12, 200
	// tieMargin, in nanoseconds, is what is kept from a request, so that rounding does not cross it.
	tieMargin = 2
)

// pin is a place on the estimate of a domain: share of the way from point i of a segment to the next.
type pin struct {
	points []Point
	i      int
	share  float64
	fixed  bool // of the reference, which is where it is
	trust  Trust
}

// tie says that the offset of one clock at a place is at most that of another and most.
type tie struct {
	late, early pin
	most        int64
}

// settling moves the estimates of a model.
type settling struct {
	model *Model
	index map[string]int
	hints [][2]int // by domain: segment and point that were looked at last
	bends bool     // look at the lines between vertices too
	lined bool     // all of those are kept
	ties  []tie    // that were not kept
	found int

	witnesses *Statistic // of calls that were found not to be kept
}

// settleModel moves estimates to where no request of the statistic or among the witnesses arrives before it was
// sent. It counts what is left and returns it: of all calls, or of those that the statistic holds and nil where
// refine gives none, or none is left beyond doubt.
func settleModel(m *Model, s, witnesses *Statistic, refine func(StatOptions) *Statistic) (left *Statistic) {
	t := &settling{model: m, index: map[string]int{}, hints: make([][2]int, len(m.Domains)), witnesses: witnesses}
	for i := range m.Domains {
		t.index[m.Domains[i].Name] = i
	}
	for scan := range tieScans {
		t.found, t.bends = 0, scan < tieScans/2
		if scan == tieScans/2 {
			t.ties = t.ties[:0] // no more lines, which need not be kept where nothing lies on them
		}
		t.scan(s)
		if t.found == 0 {
			t.lined = t.bends
			break
		}
		for range tieWalks {
			if !t.walk() {
				break
			}
		}
	}
	doubts := t.doubts(s)
	if len(doubts.coarse) == 0 {
		t.counted(nil)
	} else if left = refine(StatOptions{against: doubts}); left != nil {
		t.countAll(left)
	} else {
		t.count(s)
	}
	return left
}

// edges calls f for every edge between two clocks that have estimates against the same.
func (t *settling) edges(s *Statistic, f func(k EdgeKey, e *Edge, caller, callee int)) {
	m := t.model
	for _, k := range s.Keys() {
		a, ok1 := t.index[k.Caller]
		b, ok2 := t.index[k.Callee]
		if ok1 && ok2 && len(m.Domains[a].Segments) > 0 && len(m.Domains[b].Segments) > 0 &&
			m.Domains[a].Component == m.Domains[b].Component && m.Domains[a].Reference == m.Domains[b].Reference {
			f(k, s.edges[k], a, b)
		}
	}
}

// scan finds the requests that are not kept.
func (t *settling) scan(s *Statistic) {
	t.edges(s, func(k EdgeKey, e *Edge, caller, callee int) {
		t.scanEdge(e, caller, callee)
		if w := t.witnesses.edges[k]; w != nil {
			for i := range w.request.pts {
				p := &w.request.pts[i]
				t.look(caller, callee, p.t, p.v, e.quantum-1)
			}
		}
	})
}

func (t *settling) scanEdge(e *Edge, caller, callee int) {
	v, at := &e.request, 0
	for _, c := range v.cells {
		pts := v.pts[at : at+int(c.size)]
		at += int(c.size)
		for i := range pts {
			t.look(caller, callee, pts[i].t, pts[i].v, e.quantum-1)
			if i > 0 && t.bends {
				t.between(caller, callee, &pts[i-1], &pts[i], e.quantum-1)
			}
		}
	}
}

// between looks at the line between two vertices, at the points of both estimates.
func (t *settling) between(caller, callee int, q, p *point, coarse int64) {
	slope := float64(p.v-q.v) / float64(p.t-q.t)
	line := func(at int64) int64 { return q.v + int64(math.Floor(slope*float64(at-q.t))) }
	for _, at := range t.points(caller, q.t, p.t) {
		t.look(caller, callee, at, line(at), coarse)
	}
	for _, at := range t.points(callee, q.t+q.v, p.t+p.v) {
		v := line(at - q.v)
		t.look(caller, callee, at-v, v, coarse)
	}
}

// points returns the readings of a domain's points between two, within a segment.
func (t *settling) points(domain int, from, to int64) []int64 {
	var out []int64
	p := t.pin(domain, from)
	for i := p.i + 1; i < len(p.points) && int64(p.points[i].At) < to; i++ {
		if at := int64(p.points[i].At); at > from {
			out = append(out, at)
		}
	}
	return out
}

// look notes a request sent at a reading and received v later, if it is not kept.
func (t *settling) look(caller, callee int, sent, v, coarse int64) {
	x := tie{late: t.pin(callee, sent+v), early: t.pin(caller, sent), most: addBound(v, coarse)}
	if x.rest() < 1 {
		t.found++
		if x.possible() {
			t.ties = append(t.ties, x)
		}
	}
}

// pin returns the place that Domain.At looks at.
func (t *settling) pin(domain int, reading int64) pin {
	d := &t.model.Domains[domain]
	h := &t.hints[domain]
	p := pin{fixed: d.Status == StatusReference, trust: t.model.Trust}
	k := h[0]
	if in := int64(d.Segments[k].first().At) <= reading && (k+1 == len(d.Segments) || reading < int64(d.Segments[k+1].first().At)); !in {
		k = max(sort.Search(len(d.Segments), func(i int) bool { return int64(d.Segments[i].first().At) > reading })-1, 0)
	}
	s := &d.Segments[k]
	if last := int64(s.last().At); reading > last && k+1 < len(d.Segments) {
		if next := int64(d.Segments[k+1].first().At); reading-last > next-reading {
			p.points = d.Segments[k+1].Points
			return p
		}
	}
	p.points = s.Points
	i := h[1]
	if h[0] != k || i >= len(s.Points) || int64(s.Points[i].At) > reading || i+1 < len(s.Points) && int64(s.Points[i+1].At) <= reading {
		i = max(sort.Search(len(s.Points), func(i int) bool { return int64(s.Points[i].At) > reading })-1, 0)
		*h = [2]int{k, i}
	}
	if p.i = i; i+1 < len(s.Points) && reading > int64(s.Points[i].At) {
		p.share = float64(reading-int64(s.Points[i].At)) / float64(s.Points[i+1].At-s.Points[i].At)
	}
	return p
}

func (p *pin) offset() int64 {
	a := p.points[p.i].Offset
	if p.share == 0 {
		return a
	}
	return a + int64(math.Round(float64(p.points[p.i+1].Offset-a)*p.share))
}

// variance is that of the 95 % interval, about.
func (p *pin) variance() float64 {
	if p.fixed {
		return 0
	}
	w := 1e9
	if l := p.points[p.i].Likely; !l.Open() {
		w = math.Min(w, float64(l.Width()))
	}
	return w*w + 1e6
}

// rest returns what is left until a request arrives before it was sent.
func (t *tie) rest() int64 { return addBound(addBound(t.most, t.early.offset()), -t.late.offset()) }

// possible reports whether the bounds let a tie be kept. One that they do not would only drag estimates to them: the
// request lies within the bracket of a step, on the other side of where the estimate has it.
func (x *tie) possible() bool {
	_, high := x.early.bounds()
	low, _ := x.late.bounds()
	return float64(x.most)+high-low >= 0
}

// bounds returns those of the offset at a pin.
func (p *pin) bounds() (low, high float64) {
	at := func(i int) (low, high float64) {
		b := p.points[i].bounds(p.trust)
		switch {
		case p.fixed:
			b = Interval{p.points[i].Offset, p.points[i].Offset}
		case b.Low > b.High:
			b = Unbounded
		}
		return float64(b.Low), float64(b.High)
	}
	low, high = at(p.i)
	if p.share > 0 {
		l, h := at(p.i + 1)
		low, high = low+(l-low)*p.share, high+(h-high)*p.share
	}
	return low, high
}

// walk moves both sides of every tie that is not kept, and reports whether there was any that could be.
func (t *settling) walk() (moved bool) {
	for i := range t.ties {
		x := &t.ties[i]
		need := tieMargin - x.rest()
		if need < tieMargin {
			continue
		}
		late, early := x.late.variance(), x.early.variance()
		if late+early == 0 {
			continue
		}
		before := x.rest()
		part := int64(math.Ceil(float64(need) * late / (late + early)))
		if early > 0 {
			part = min(part, need-1) // both move, however little: else two ties could push one clock to and fro
		}
		x.late.move(-part)
		x.early.move(max(tieMargin-x.rest(), 0))
		x.late.move(min(x.rest()-tieMargin, 0)) // where the other could not
		moved = moved || x.rest() > before
	}
	return moved
}

// move changes the offset at a pin by v, by the least change of the two points around, within their bounds.
func (p *pin) move(v int64) {
	if v == 0 || p.fixed {
		return
	}
	n := (1-p.share)*(1-p.share) + p.share*p.share
	away := func(x float64) int64 { return int64(math.Copysign(math.Ceil(math.Abs(x)), x)) }
	p.points[p.i].shift(away(float64(v)*(1-p.share)/n), p.trust)
	if p.share > 0 {
		p.points[p.i+1].shift(away(float64(v)*p.share/n), p.trust)
	}
}

func (p *Point) bounds(trust Trust) Interval {
	if trust == TrustHard {
		return p.Hard
	}
	return p.Assumed
}

// shift changes an estimate within its bounds.
func (p *Point) shift(v int64, trust Trust) {
	bounds := p.bounds(trust)
	p.Offset += v
	if bounds.Low <= bounds.High {
		p.Offset = min(max(p.Offset, bounds.Low), bounds.High)
	}
	p.Likely = Interval{min(p.Likely.Low, p.Offset), max(p.Likely.High, p.Offset)}
}

// count counts by pair the requests among those that the statistic holds that are not kept.
func (t *settling) count(s *Statistic) {
	after := map[[2]string]int{}
	t.edges(s, func(k EdgeKey, e *Edge, caller, callee int) {
		for j := range e.request.pts {
			p := &e.request.pts[j]
			x := tie{late: t.pin(callee, p.t+p.v), early: t.pin(caller, p.t), most: addBound(p.v, e.quantum-1)}
			if x.rest() < 0 {
				after[[2]string{k.Caller, k.Callee}]++
			}
		}
	})
	t.counted(after)
}

// countAll counts by pair the calls of a statistic of those that are not kept.
func (t *settling) countAll(left *Statistic) {
	after := map[[2]string]int{}
	for k, e := range left.edges {
		after[[2]string{k.Caller, k.Callee}] += int(e.calls)
	}
	t.counted(after)
}

func (t *settling) counted(after map[[2]string]int) {
	for i := range t.model.Pairs {
		p := &t.model.Pairs[i]
		p.After = after[[2]string{p.Caller, p.Callee}]
	}
}
