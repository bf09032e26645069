package align

import "math"

// window is a time in which the calls of an edge give one observation: half the difference of the least
// delays of both ways, which is the error of the offset where the two floors are equal.
type window struct {
	q0, q1, s0, s1 int // vertices
	nq, ns         float64
	held           bool // left out of the fit, to test it

	y, v   float64 // residual against the current clocks, and its variance
	x      float64 // when, about
	q, s   spot    // the two calls that give it
	rq, rs float64 // their apparent delays
	weight float64 // robust
}

const (
	// A window has windowCalls, fewer where edges have so few calls that no windowsWanted would result. Once
	// it is known how much clocks wander, it may have up to mostCalls, as long as windowsKept are left.
	windowCalls, fewestCalls = 8, 2
	windowsWanted            = 24
	mostCalls, windowsKept   = 24, 6
	// modelNoise is the standard deviation, in ns, that is added for what no model holds.
	modelNoise = 250
)

// cut divides the calls of every edge into windows.
func (p *problem) cut() {
	var calls []float64
	for i := range p.links {
		if l := &p.links[i]; p.usable(l) {
			calls = append(calls, float64(l.edge.calls))
		}
	}
	p.perWindow = min(max(math.Floor(median(calls)/windowsWanted), fewestCalls), windowCalls)
	p.cutAll()
}

// lengthen makes windows longer where clocks run straight enough. The least of n calls is off by 1/n of
// their scatter, so that few windows of many calls tell more than many of few: as many as what wander does
// in a window stays below half of that.
func (p *problem) lengthen() {
	var calls, scatter []float64
	for i := range p.links {
		if l := &p.links[i]; p.usable(l) && l.bothWays() && !l.blunt {
			calls = append(calls, float64(l.edge.calls))
			scatter = append(scatter, (l.mq+l.ms)/2)
		}
	}
	if len(calls) == 0 {
		return
	}
	all, noise := median(calls), median(scatter)
	apart := (p.x1 - p.x0) / all // seconds
	n := p.perWindow
	for n < min(mostCalls, all/windowsKept) && p.wander*math.Pow(apart*(n+1), 1.5)/math.Sqrt(12) < noise/(n+1)/2 {
		n++
	}
	if n > p.perWindow {
		p.perWindow = n
		p.cutAll()
		p.rescale()
	}
}

func (p *problem) cutAll() {
	for i := range p.links {
		l := &p.links[i]
		l.wins = l.wins[:0]
		switch {
		case p.usable(l) && l.blunt:
			p.cutCalls(l)
		case p.usable(l):
			p.cutCells(l)
		}
		for k := range l.wins {
			w := &l.wins[k]
			w.weight = 1
			w.held = holdOut(i, k)
		}
	}
}

// holdOut picks a fifth of all windows, the same every time.
func holdOut(link, window int) bool {
	h := uint64(link)*0x9e3779b97f4a7c15 + uint64(window)*0xbf58476d1ce4e5b9
	h = (h ^ h>>31) * 0x94d049bb133111eb
	return (h^h>>29)%5 == 0
}

func (p *problem) cutCells(l *link) {
	level := max(l.edge.request.level, l.edge.response.level)
	qShift, sShift := level-l.edge.request.level, level-l.edge.response.level
	both := l.bothWays()
	var w window
	qi, si := 0, 0
	flush := func() {
		if w.q1 > w.q0 && (!both || w.s1 > w.s0) {
			l.wins = append(l.wins, w)
			w = window{q0: w.q1, q1: w.q1, s0: w.s1, s1: w.s1}
		}
	}
	for qi < len(l.qc) || both && si < len(l.sc) {
		index := int64(math.MaxInt64)
		if qi < len(l.qc) {
			index = l.qc[qi].index >> qShift
		}
		if both && si < len(l.sc) {
			index = min(index, l.sc[si].index>>sShift)
		}
		for ; qi < len(l.qc) && l.qc[qi].index>>qShift == index; qi++ {
			w.q1 += int(l.qc[qi].size)
			w.nq += float64(l.qc[qi].n)
		}
		for ; both && si < len(l.sc) && l.sc[si].index>>sShift == index; si++ {
			w.s1 += int(l.sc[si].size)
			w.ns += float64(l.sc[si].n)
		}
		need := p.perWindow
		if w.q1 > w.q0 && p.inSlew(l, l.q[w.q0].xa) {
			need = 1
		}
		if w.nq >= need && (!both || w.ns >= need) {
			flush()
		}
	}
	if n := len(l.wins); n > 0 { // the rest joins the last one
		last := &l.wins[n-1]
		last.q1, last.s1 = w.q1, w.s1
		last.nq, last.ns = last.nq+w.nq, last.ns+w.ns
		return
	}
	flush()
}

func (p *problem) inSlew(l *link, x float64) bool {
	for _, c := range []*clock{&p.clocks[l.a], &p.clocks[l.b]} {
		for _, s := range c.slews {
			if x >= s.lo && x <= s.hi {
				return true
			}
		}
	}
	return false
}

// rescale finds the scales of delays anew, and then measures.
func (p *problem) rescale() {
	p.scaleDelays()
	p.measure()
}

// scaleDelays finds the scales of delays anew.
func (p *problem) scaleDelays() {
	var room delayRoom
	for i := range p.links {
		switch l := &p.links[i]; {
		case p.usable(l) && l.blunt:
			p.bluntScales(l)
		case p.usable(l):
			p.delayScales(l, &room)
		}
	}
	p.workBefore()
}

// measure finds the residual of every window against the current clocks.
func (p *problem) measure() {
	for i := range p.links {
		l := &p.links[i]
		if !p.usable(l) {
			continue
		}
		for k := range l.wins {
			if l.blunt {
				p.measureBlunt(l, &l.wins[k])
			} else {
				p.measureWindow(l, &l.wins[k])
			}
		}
	}
}

// observe is measure where only the scales have changed since, and not the clocks.
func (p *problem) observe() {
	for i := range p.links {
		if l := &p.links[i]; p.usable(l) {
			for k := range l.wins {
				l.observe(&l.wins[k])
			}
		}
	}
}

// lift is measure where every clock has only been moved as a whole since.
func (p *problem) lift(by []float64) {
	for i := range p.links {
		l := &p.links[i]
		if !p.usable(l) {
			continue
		}
		more := by[l.b] - by[l.a]
		for k := range l.wins {
			w := &l.wins[k]
			w.rq, w.rs = w.rq-more, w.rs+more
			l.observe(w)
		}
	}
}

func (p *problem) measureWindow(l *link, w *window) {
	w.rq, w.rs = math.Inf(1), math.Inf(1)
	if r, i := p.leastDelay(l, l.q[w.q0:w.q1], -1); i >= 0 {
		w.rq, w.q = r, l.q[w.q0+i]
	}
	w.s = w.q
	if l.bothWays() {
		if r, i := p.leastDelay(l, l.s[w.s0:w.s1], 1); i >= 0 {
			w.rs, w.s = r, l.s[w.s0+i]
		}
	}
	l.observe(w)
}

// observe makes the observation of a window from its apparent delays and the edge's scales.
func (l *link) observe(w *window) {
	quantum := float64(l.edge.quantum)
	mq, ms := l.mq/w.nq, l.ms/w.ns
	switch {
	case l.blunt:
		w.y, w.v = (w.rq-w.rs)/2, l.mq*l.mq/w.nq+modelNoise*modelNoise
	case !l.bothWays():
		w.y = w.rq - mq - l.floor
		w.v = mq*mq + modelNoise*modelNoise + quantum*quantum/6
	default:
		w.y = (w.rq-w.rs)/2 - (mq-ms)/2
		w.v = (mq*mq+ms*ms)/4 + modelNoise*modelNoise + quantum*quantum/12
	}
	w.x = (w.q.xa + w.s.xa) / 2
}

// bothWays reports whether the least delays of both ways give the edge's observations. Where ends are late,
// requests give them, against a floor that the pooled sample of both ways gives.
func (l *link) bothWays() bool { return l.twoWay && !l.late }

// halves finds half the least round trip of every two-way edge; a one-way edge is given the median of
// those between the same zones.
func (p *problem) halves() {
	byPair := map[int][]float64{}
	var all []float64
	zones := func(l *link) int {
		if l.pair >= 0 {
			return l.pair
		}
		return -1
	}
	for i := range p.links {
		l := &p.links[i]
		if l.twoWay && p.usable(l) {
			l.half = float64(l.edge.minRTT) / 2
			switch {
			case l.late:
				l.half = float64(l.edge.rttQuantile(0.25)) / 2
			case l.blunt:
				l.half = l.bluntHalf()
			}
			// Coarse stamps make round trips of nothing: what is below their resolution is not known.
			if !l.blunt || l.half <= 0 {
				l.half = max(l.half, float64(l.edge.quantum)/2)
			}
			byPair[zones(l)] = append(byPair[zones(l)], l.half)
			all = append(all, l.half)
		}
	}
	p.medHalf = 200e3 // a guess for networks that no call crossed both ways
	if len(all) > 0 {
		p.medHalf = median(all)
	}
	for i := range p.links {
		if l := &p.links[i]; !l.twoWay {
			if l.half = p.medHalf; len(byPair[zones(l)]) > 0 {
				l.half = median(byPair[zones(l)])
			}
		}
	}
}
