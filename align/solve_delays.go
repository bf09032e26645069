package align

import (
	"math"
	"slices"
)

// requestDelay and responseDelay return apparent delays: below zero they contradict the clocks.
func (p *problem) requestDelay(l *link, s *spot, ha, hb *int) float64 {
	return s.w - (p.clocks[l.b].at(s.xb, hb) - p.clocks[l.a].at(s.xa, ha))
}

func (p *problem) responseDelay(l *link, s *spot, ha, hb *int) float64 {
	return s.w + (p.clocks[l.b].at(s.xb, hb) - p.clocks[l.a].at(s.xa, ha))
}

// leastDelay returns the least delay of some requests, for a sign of -1, or responses, for 1, and which has it: -1
// of none.
func (p *problem) leastDelay(l *link, spots []spot, sign float64) (least float64, at int) {
	least, at = math.Inf(1), -1
	ca, cb := &p.clocks[l.a], &p.clocks[l.b]
	if ca.isEven() && cb.isEven() {
		a, b := ca.even(), cb.even()
		for i := range spots {
			s := &spots[i]
			if r := s.w + sign*(b.at(s.xb)-a.at(s.xa)); r < least {
				least, at = r, i
			}
		}
		return least, at
	}
	var ha, hb int
	for i := range spots {
		s := &spots[i]
		if r := s.w + sign*(cb.at(s.xb, &hb)-ca.at(s.xa, &ha)); r < least {
			least, at = r, i
		}
	}
	return least, at
}

// delays appends the delays of some requests or responses, by sign as of leastDelay.
func (p *problem) delays(out []float64, l *link, spots []spot, sign float64) []float64 {
	ca, cb := &p.clocks[l.a], &p.clocks[l.b]
	if ca.isEven() && cb.isEven() {
		a, b := ca.even(), cb.even()
		for i := range spots {
			s := &spots[i]
			out = append(out, s.w+sign*(b.at(s.xb)-a.at(s.xa)))
		}
		return out
	}
	var ha, hb int
	for i := range spots {
		s := &spots[i]
		out = append(out, s.w+sign*(cb.at(s.xb, &hb)-ca.at(s.xa, &ha)))
	}
	return out
}

// delayScales finds how far delays spread above their least. A wrong model of the clocks would make
// them look larger, and itself right, so round trips, which hold no clock, bound them.
func (p *problem) delayScales(l *link, room *delayRoom) {
	p.placeSample(l, room)
	rq, rs := p.delays(room.rq[:0], l, l.sq, -1), p.delays(room.rs[:0], l, l.ss, 1)
	room.rq, room.rs = rq, rs
	l.mq, l.ms = spreadOf(rq), spreadOf(rs)
	if bound := l.trips.spread; l.twoWay {
		l.mq, l.ms = min(l.mq, bound), min(l.ms, bound)
	}
	fallback := max(20e3, p.medHalf/4)
	if math.IsInf(l.mq, 1) {
		l.mq = fallback
	}
	if math.IsInf(l.ms, 1) {
		l.ms = fallback
	}
	l.mq, l.ms = max(l.mq, 100), max(l.ms, 100)
	switch {
	case !l.twoWay:
		l.floor = l.half
	case l.late && len(rs) > 0:
		slices.Sort(rs)
		l.floor = (slices.Min(rq) - l.mq/float64(len(rq)) + floorOf(rs, min(l.mq, l.ms))) / 2
	}
}

// placeSample expresses the sample of an edge relative to the clocks' constants, and finds how far its round trips
// spread, unless that is known.
func (p *problem) placeSample(l *link, room *delayRoom) {
	ca, cb := p.clocks[l.a].coarse, p.clocks[l.b].coarse
	trips := tripSpread{isKnown: true, coarse: [2]int64{ca, cb}, x0: p.x0, x1: p.x1, spread: l.trips.spread}
	if trips == l.trips {
		return
	}
	l.sq, l.ss, room.rtt = l.sq[:0], l.ss[:0], room.rtt[:0]
	// The samples are in the order of their hashes, so that the first are as good as any.
	samples := l.samples[:min(len(l.samples), sampleSize)]
	l.sq, l.ss = slices.Grow(l.sq, len(samples)), slices.Grow(l.ss, len(samples))
	for i := range samples {
		s := &samples[i]
		q := spot{p.seconds(s.t1, ca), p.seconds(s.t1+s.u, cb), float64(s.u - (cb - ca))}
		if q.xa < p.x0 || q.xa > p.x1 {
			continue
		}
		l.sq = append(l.sq, q)
		if s.t4 != 0 {
			l.ss = append(l.ss, spot{p.seconds(s.t4, ca), p.seconds(s.t4+s.l, cb), float64(cb - ca - s.l)})
			room.rtt = append(room.rtt, float64(s.u-s.l))
		}
	}
	trips.spread = spreadOf(room.rtt)
	l.trips = trips
}

// delayRoom is memory for the delays of one edge after the other.
type delayRoom struct{ rq, rs, rtt []float64 }

// tripSpread is how far the round trips of an edge spread that begin between x0 and x1. They hold no clock but
// in that, by the constants of caller and callee.
type tripSpread struct {
	isKnown        bool
	coarse         [2]int64
	x0, x1, spread float64
}

// spreadOf returns the scale of an exponential distribution: the distance of its median from its 2 % quantile
// is ln 2 times that, about. It changes the order of the delays.
func spreadOf(v []float64) float64 {
	if len(v) < 4 {
		return math.Inf(1)
	}
	mid := nth(v, len(v)/2)
	low := nth(v[:len(v)/2+1], int(0.02*float64(len(v))))
	return (mid - low) / math.Ln2
}

// floorOf returns where a sorted sample of delays begins in numbers. Late ends put a thin tail before
// the floor of the answers, where the density of the true ones is highest.
func floorOf(sorted []float64, scale float64) float64 {
	if len(sorted) < 20 {
		return quantile(sorted, 0.25)
	}
	width := max(scale/4, 2000)
	count := func(i int) (n int) {
		n, _ = slices.BinarySearch(sorted, sorted[i]+width)
		return n - i
	}
	most := 0
	for i := range sorted {
		most = max(most, count(i))
	}
	for i := range sorted {
		if n := count(i); n >= 3 && 2*n >= most {
			return sorted[i]
		}
	}
	return sorted[0]
}
