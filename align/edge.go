package align

import (
	"bytes"
	"cmp"
	"math"
	"math/bits"
	"slices"
)

const (
	// envelopeLimit bounds the cost of one direction of an edge in units of eight bytes (see envelope.cellCost),
	// fineFactor times as many where a second pass looks at steps.
	envelopeLimit = 4100
	sampleSize    = 280
	fineFactor    = 8
	// rttBins are quarters of octaves from 256 ns on, after one for less.
	rttBins = 128
)

// Edge sums up the calls of one EdgeKey in less than 100 KB, whatever their number (eight times as much
// where it is fine): the envelopes of requests and answers, a sample, and counts.
type Edge struct {
	fine bool
	// calls were added, answered ones of them with a usable answer; before began before they were sent, by
	// the two raw clocks, and impossible ones lasted longer at the callee than at the caller, so that the
	// end of the callee's span says nothing of the answer.
	calls, answered, before, impossible int64
	drops                               [dropReasons]int64
	first, last                         int64 // T1 of the calls
	quantum                             int64 // the least: a fine clock gives a round reading by chance
	minRTT                              int64 // of answered calls; math.MaxInt64 if there are none
	longest                             spanLengths

	// request holds (T1, T2-T1), response (T4, T4-T3): offset(callee)-offset(caller) is at most the one
	// and at least the negative of the other.
	request, response envelope
	sample            []sampled // a heap, largest key first
	rtt               [1 + rttBins]int64

	test *test // of calls that are added; nil takes all
}

// spanLengths are of the longest spans whose ends are used, by the clocks that stamped them. Such an end is the
// start as the wall clock showed it plus a monotonic length, so a span that began before a step ends by the old
// clock (Go: time.Now, Time.Sub; also Java's AnchoredClock). One that ends longer behind the step than any lasted
// began behind it too.
type spanLengths struct{ caller, callee int64 }

func (l *spanLengths) extend(o spanLengths) {
	l.caller, l.callee = max(l.caller, o.caller), max(l.callee, o.callee)
}

// sampled is one call of the sample: those whose hash is least, which is as good as random and needs no
// order.
type sampled struct {
	key          uint64
	t1, u, t4, l int64 // u is T2-T1, l is T3-T4; t4 is 0 without an answer
	// The spans of an answered call within one trace; 0 of others.
	trace          [16]byte
	caller, callee uint64
}

// Reasons for which a call takes no part.
const (
	dropNoTime = iota
	dropNegative
	dropReasons
)

// dropNames are the keys of Model.Dropped.
var dropNames = [dropReasons]string{dropNoTime: "no usable time", dropNegative: "negative duration"}

func newEdge(fine bool) *Edge {
	e := &Edge{fine: fine, first: math.MaxInt64, last: math.MinInt64, quantum: math.MaxInt64, minRTT: math.MaxInt64}
	for _, v := range []*envelope{&e.request, &e.response} {
		v.limit, v.level = e.scale(envelopeLimit), firstLevel
	}
	return e
}

func (e *Edge) scale(n int) int {
	if e.fine {
		return fineFactor * n
	}
	return n
}

// Calls returns the number of calls added and not dropped.
func (e *Edge) Calls() int64 { return e.calls }

// Add adds a call. One with an impossible time or a negative duration is counted and left out; an answer
// that cannot be one leaves the request.
func (e *Edge) Add(c Call) {
	answered := c.Answered != 0
	switch {
	case c.Sent <= 0, c.Received <= 0, c.Answered < 0, answered && c.Replied <= 0:
		e.drops[dropNoTime]++
		return
	case answered && (c.Answered < c.Sent || c.Replied < c.Received), c.Lasted < 0:
		e.drops[dropNegative]++
		return
	}
	if e.test != nil && !e.test.refutes(&c) {
		return
	}
	u := c.Received - c.Sent
	e.calls++
	e.first, e.last = min(e.first, c.Sent), max(e.last, c.Sent)
	e.quantum = min(e.quantum, max(1, c.Quantum))
	if u < 0 {
		e.before++
	}
	if answered {
		// Durations are of one clock each, so the difference holds no offset.
		rtt := (c.Answered - c.Sent) - (c.Replied - c.Received)
		e.rtt[rttBin(rtt)]++
		if rtt < 0 && rtt <= -2*max(1, c.Quantum) { // each duration is off by less than a quantum
			e.impossible++
			answered = false
		} else {
			e.answered++
			e.minRTT = min(e.minRTT, rtt)
			e.longest.extend(spanLengths{c.Answered - c.Sent, c.Replied - c.Received})
		}
	}
	e.longest.callee = max(e.longest.callee, c.Lasted)
	p := point{t: c.Sent, v: u, trace: c.Later.Trace, earlier: c.Earlier.Span, later: c.Later.Span}
	if c.Earlier.Trace != c.Later.Trace {
		trace := c.Earlier.Trace
		p.far = &trace
	}
	e.request.add(&p)
	s := sampled{key: callHash(c.Later), t1: c.Sent, u: u}
	if answered {
		s.t4, s.l = c.Answered, c.Replied-c.Answered
		if p.far == nil {
			s.trace, s.caller, s.callee = p.trace, p.earlier, p.later
		}
		p.t, p.v = s.t4, -s.l
		e.response.add(&p)
	}
	e.keep(s)
}

// lengths returns those of the two spans of an answered call.
func (s *sampled) lengths() spanLengths { return spanLengths{s.t4 - s.t1, s.t4 + s.l - s.t1 - s.u} }

// callHash orders calls as if at random. Whoever chose span ids can choose the sample, and only spoils the
// estimate of his own calls.
func callHash(id SpanID) uint64 {
	h := id.Span ^ bits.RotateLeft64(be64(id.Trace[8:]), 17)
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9 // splitmix64, the finaliser of Java's SplittableRandom
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

func be64(b []byte) uint64 {
	_ = b[7]
	return uint64(b[0])<<56 | uint64(b[1])<<48 | uint64(b[2])<<40 | uint64(b[3])<<32 |
		uint64(b[4])<<24 | uint64(b[5])<<16 | uint64(b[6])<<8 | uint64(b[7])
}

func (s *sampled) compare(o *sampled) int {
	if s.key != o.key {
		return cmp.Compare(s.key, o.key)
	}
	return cmp.Or(cmp.Compare(s.t1, o.t1), cmp.Compare(s.u, o.u), cmp.Compare(s.t4, o.t4), cmp.Compare(s.l, o.l),
		bytes.Compare(s.trace[:], o.trace[:]), cmp.Compare(s.caller, o.caller), cmp.Compare(s.callee, o.callee))
}

// keep adds s to the sample if it is among the least.
func (e *Edge) keep(s sampled) {
	h := e.sample
	if most := e.scale(sampleSize); len(h) < most {
		if len(h) == cap(h) {
			h = slices.Grow(h, min(max(4, len(h)), most-len(h)))
		}
		if len(h) == cap(h) { // no more than is needed in the end: edges are many
			h = make([]sampled, len(h), min(2*len(h)+4, e.scale(sampleSize)))
			copy(h, e.sample)
		}
		e.sample = append(h, s)
		for h, i := e.sample, len(h); i > 0; {
			up := (i - 1) / 2
			if h[up].compare(&h[i]) >= 0 {
				break
			}
			h[up], h[i] = h[i], h[up]
			i = up
		}
		return
	}
	if s.key > h[0].key || s.compare(&h[0]) >= 0 {
		return
	}
	i := 0
	for {
		down := 2*i + 1
		if down >= len(h) {
			break
		}
		if down+1 < len(h) && h[down+1].compare(&h[down]) > 0 {
			down++
		}
		if h[down].compare(&s) <= 0 {
			break
		}
		h[i] = h[down]
		i = down
	}
	h[i] = s
}

// samples returns the sample in the order of its keys.
func (e *Edge) samples() []sampled {
	// Pointers are moved: samples are large, and a solve sorts those of all edges.
	order := make([]*sampled, len(e.sample))
	for i := range e.sample {
		order[i] = &e.sample[i]
	}
	slices.SortFunc(order, (*sampled).compare)
	out := make([]sampled, len(order))
	for i, s := range order {
		out[i] = *s
	}
	return out
}

// rttBin returns the bin of a round trip; bin 0 is for negative ones.
func rttBin(rtt int64) int {
	switch {
	case rtt < 0:
		return 0
	case rtt < 256:
		return 1
	}
	octave := bits.Len64(uint64(rtt)) - 1 // at least 8
	quarter := int(uint64(rtt)>>(octave-2)) & 3
	return min(2+4*(octave-8)+quarter, rttBins)
}

// rttOf returns the least round trip of a bin.
func rttOf(bin int) int64 {
	if bin < 2 {
		return 0
	}
	return int64(4+(bin-2)%4) << ((bin-2)/4 + 8 - 2)
}

func (e *Edge) merge(o *Edge) {
	if !o.fine && e.fine {
		e.fine = false
		kept := e.samples()
		e.sample = nil
		for _, s := range kept {
			e.keep(s)
		}
	}
	e.calls += o.calls
	e.answered += o.answered
	e.before += o.before
	e.impossible += o.impossible
	for i, n := range o.drops {
		e.drops[i] += n
	}
	for i, n := range o.rtt {
		e.rtt[i] += n
	}
	e.first, e.last = min(e.first, o.first), max(e.last, o.last)
	e.quantum, e.minRTT = min(e.quantum, o.quantum), min(e.minRTT, o.minRTT)
	e.longest.extend(o.longest)
	e.request.merge(&o.request)
	e.response.merge(&o.response)
	for _, s := range o.sample {
		e.keep(s)
	}
}

func (e *Edge) clone() *Edge {
	c := *e
	c.request, c.response = e.request.clone(), e.response.clone()
	c.sample = slices.Clone(e.sample)
	return &c
}
