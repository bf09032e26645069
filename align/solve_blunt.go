package align

import (
	"cmp"
	"math"
	"slices"
)

// Stamps may be blunter than what they measure: whole milliseconds where round trips take half of one. The
// least of such delays says how lucky two roundings were, and nothing of the floor. But rounding is fair: what
// both stamps of a delay lose has the same mean, so that the mean of many calls' midpoints is off by the
// asymmetry of mean delays only. Blunt edges give such means of their sampled calls.

// answered is a sampled call with an answer: its request and its response.
type answered struct{ q, s spot }

// blunt reports whether an edge's stamps are too coarse for its round trips: half of them are below two
// quanta, the most that rounding can make of nothing.
func (e *Edge) blunt() bool {
	return e.answered > 0 && e.quantum > 1 && e.rttQuantile(0.5) < 2*e.quantum
}

// takeCalls places the sampled calls of a blunt edge.
func (p *problem) takeCalls(l *link, inside func(x float64) bool) {
	l.calls = l.calls[:0]
	if !l.blunt {
		return
	}
	ca, cb := p.clocks[l.a].coarse, p.clocks[l.b].coarse
	for _, s := range l.samples {
		q := spot{p.seconds(s.t1, ca), p.seconds(s.t1+s.u, cb), float64(s.u - (cb - ca))}
		if s.t4 != 0 && inside(q.xa) && inside(q.xb) {
			r := spot{p.seconds(s.t4, ca), p.seconds(s.t4+s.l, cb), float64(cb - ca - s.l)}
			l.calls = append(l.calls, answered{q, r})
		}
	}
	slices.SortStableFunc(l.calls, func(a, b answered) int { return cmp.Compare(a.q.xa, b.q.xa) })
}

// cutCalls divides the calls of a blunt edge into windows of about equal numbers.
func (p *problem) cutCalls(l *link) {
	n := len(l.calls)
	parts := min(windowsWanted, max(1, n/windowCalls))
	for k := range parts {
		if from, to := k*n/parts, (k+1)*n/parts; to > from {
			size := float64(to - from)
			l.wins = append(l.wins, window{q0: from, q1: to, s0: from, s1: to, nq: size, ns: size})
		}
	}
}

// midpoints returns how far the midpoints of calls of a blunt edge lie off, and sets their means as to when.
func (p *problem) midpoints(l *link, calls []answered, q, s *spot) []float64 {
	var ha, hb int
	v := make([]float64, len(calls))
	for i := range calls {
		c := &calls[i]
		v[i] = (p.requestDelay(l, &c.q, &ha, &hb) - p.responseDelay(l, &c.s, &ha, &hb)) / 2
		q.xa, q.xb, s.xa, s.xb = q.xa+c.q.xa, q.xb+c.q.xb, s.xa+c.s.xa, s.xb+c.s.xb
	}
	n := float64(len(calls))
	q.xa, q.xb, s.xa, s.xb = q.xa/n, q.xb/n, s.xa/n, s.xb/n
	return v
}

// fairMean is the mean without what lies further than limit from the median, which is put there, and the
// variance of one of them.
func fairMean(v []float64, limit float64) (mean, variance float64) {
	slices.Sort(v) // sums of floating point depend on the order
	mid := v[len(v)/2]
	for _, x := range v {
		e := min(max(x-mid, -limit), limit)
		mean += e / float64(len(v))
		variance += e * e / float64(len(v))
	}
	return mid + mean, variance - mean*mean
}

// measureBlunt is measureWindow for blunt edges. Their scale of delays is that of midpoints.
func (p *problem) measureBlunt(l *link, w *window) {
	w.q, w.s = spot{}, spot{}
	v := p.midpoints(l, l.calls[w.q0:w.q1], &w.q, &w.s)
	y, _ := fairMean(v, 2*float64(l.edge.quantum))
	w.rq, w.rs = y+l.half, l.half-y
	l.observe(w)
}

// bluntScales finds how far single midpoints scatter around those of their windows.
func (p *problem) bluntScales(l *link) {
	sum, n := 0.0, 0.0
	for k := range l.wins {
		w := &l.wins[k]
		var q, s spot
		if v := p.midpoints(l, l.calls[w.q0:w.q1], &q, &s); len(v) > 1 {
			_, one := fairMean(v, 2*float64(l.edge.quantum))
			sum, n = sum+one*float64(len(v)), n+float64(len(v)-1)
		}
	}
	// Both roundings of a midpoint's four stamps are uniform.
	q := float64(l.edge.quantum)
	l.mq = math.Sqrt((sum + 8*q*q/12) / (n + 8))
	l.ms = l.mq
}

// bluntHalf is half the mean round trip, which rounding leaves alone.
func (l *link) bluntHalf() float64 {
	var v []float64
	for _, s := range l.samples {
		if s.t4 != 0 {
			v = append(v, float64(s.u-s.l)/2)
		}
	}
	if len(v) == 0 {
		return 0
	}
	mean, _ := fairMean(v, 2*float64(l.edge.quantum))
	return mean
}
