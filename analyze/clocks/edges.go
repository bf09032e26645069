package clocks

import (
	"math"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/spans"
	"github.com/witnessmark/witnessmark/evidence"
)

// edgeIndex compares every span with its parent once in a run, for all detectors of the family.
var edgeIndex = analyze.NewDerivedIndex(compareEdges)

// Scopes of an edge, as they stand in subjects.
const (
	sameDomain  = "same-domain"
	crossDomain = "cross-domain"
)

// edgeKey groups the edges from parent to child.
type edgeKey struct {
	client, server uint32 // services of parent and child, by spans.Services
	cross          bool   // two clocks
}

// edges is what was found on the edges of one group.
type edges struct {
	edgeKey
	starts int // edges whose two starts are known
	calls  int // edges from CLIENT to SERVER, whose four times are known and in order
	others int // all other edges on one clock, with the same condition

	before   tally // the child starts before its parent
	outlived tally // of calls: the server's span ends after the client's, whatever the clocks
	late     tally // of calls over two clocks: it ends after the client's, though it is no longer
	local    tally // of others: the child ends after its parent
	failed   int   // of outlived, those whose client span has the status error
	waited   int   // consumers that start before their message is sent, which may or may not be fine
	unclear  int   // ends after the parent by two clocks, in a way that tells nothing
}

// after counts the edges whose child ends after its parent.
func (e *edges) after() int { return e.outlived.n() + e.late.n() + e.local.n() + e.unclear }

// pairKey tells edges apart before services and clocks are looked up.
type pairKey struct {
	parent, child uint32 // origins
	local         evidence.Locality
}

// comparer walks the edges.
type comparer struct {
	bundle   *evidence.Bundle
	services *spans.Services
	keep     int // violations remembered of a tally
	groups   map[edgeKey]*edges
	// cache maps pairs to groups, directly: a file has few pairs, and they come in runs.
	cache [1024]struct {
		key   pairKey
		edges *edges
	}
}

func compareEdges(p *analyze.Pass) map[edgeKey]*edges {
	t := spans.Index.Of(p)
	w := &comparer{
		bundle: p.Bundle, services: spans.ServiceIndex.Of(p),
		keep: max(1, p.Options.Exhibits()/2), groups: map[edgeKey]*edges{},
	}
	for c := range p.Bundle.Spans.Chunks() {
		for i := range c.ID {
			row := uint32(c.Base + i)
			parent := t.Parent[row]
			if parent >= evidence.UnusableParent || t.Marks[row]&evidence.RepeatedSpan != 0 {
				continue
			}
			pc, pe := p.Bundle.Spans.Chunk(int(parent))
			w.compare(c, i, row, pc, pe, parent)
		}
	}
	return w.groups
}

func (w *comparer) compare(c *evidence.SpanChunk, i int, row uint32, pc *evidence.SpanChunk, pe int, parent uint32) {
	kind, flags := c.Kind[i], c.Flags[i]
	e := w.group(pairKey{pc.Origin[pe], c.Origin[i], evidence.LocalityOf(kind, flags)})
	start, end, pstart, pend := c.Start[i], c.End[i], pc.Start[pe], pc.End[pe]
	if start != 0 && pstart != 0 {
		e.starts++
		// A consumer's span may cover the wait for its message and so begin before the message was sent,
		// but it cannot have ended by then.
		first := start
		if kind == evidence.KindConsumer {
			first = end
			e.waited += before(start, pstart)
		}
		if first < pstart && first != 0 {
			e.before.add(excess(pstart, first), start, row, parent, w.keep)
		}
	}
	if start == 0 || pstart == 0 || end < start || pend < pstart {
		return
	}
	isCall := kind == evidence.KindServer && pc.Kind[pe] == evidence.KindClient
	// Nobody waits for the other side of a queue, nor for work that was linked rather than called: the
	// follows-from of Jaeger's clients, which write no flags, becomes a parent and a link to it.
	follows := !isCall && flags&evidence.LinkedSpan != 0 && flags&evidence.FlagHasRemote == 0
	if follows || kind == evidence.KindConsumer || pc.Kind[pe] == evidence.KindProducer {
		return
	}
	switch {
	case isCall:
		e.calls++
	case !e.cross:
		e.others++
	}
	failed := pc.Status[pe].Code() == statusError
	if isCall && e.cross && end-start > pend-pstart {
		// Durations are differences of one clock each, so this holds whatever the clocks show.
		longer := saturate((end-start)-(pend-pstart)) - resolution(end) - resolution(pend)
		if e.outlived.add(longer, start, row, parent, w.keep); failed && longer > 0 {
			e.failed++
		}
		return
	}
	if end <= pend {
		return
	}
	switch late := excess(end, pend); {
	case late <= 0:
	case isCall && !e.cross:
		if e.outlived.add(late, start, row, parent, w.keep); failed {
			e.failed++
		}
	case isCall && !failed:
		e.late.add(late, start, row, parent, w.keep)
	case !e.cross:
		e.local.add(late, start, row, parent, w.keep)
	default:
		e.unclear++
	}
}

// before counts 1 where a is less than b.
func before(a, b uint64) int {
	if a < b {
		return 1
	}
	return 0
}

// statusError is OTLP's STATUS_CODE_ERROR.
const statusError evidence.StatusCode = 2

// excess returns by how many nanoseconds a is greater than b for certain: coarse clocks cut or round
// their readings, so the resolution of both is taken off. It is 0 or less where a is not greater.
func excess(a, b uint64) int64 {
	if a <= b {
		return 0
	}
	return saturate(a-b) - resolution(a) - resolution(b)
}

// saturate turns a difference of instants into the largest that has a sign.
func saturate(d uint64) int64 { return int64(min(d, math.MaxInt64)) }

// resolution guesses the resolution of the clock that gave a reading: a multiple of 100 ns (.NET),
// 1 µs (Zipkin, Python), 1 ms (browsers) or 1 s is taken to be one of a clock no finer. A fine clock
// gives such a reading rarely, and then the guess makes the excess smaller, which is sound.
func resolution(t uint64) int64 {
	for _, r := range [...]uint64{1e9, 1e6, 1e3, 100} {
		if t%r == 0 {
			return int64(r)
		}
	}
	return 0
}

func (w *comparer) group(k pairKey) *edges {
	slot := &w.cache[(k.parent*31+k.child*4+uint32(k.local))%uint32(len(w.cache))]
	if slot.edges != nil && slot.key == k {
		return slot.edges
	}
	key := edgeKey{
		client: w.services.ByOrigin[k.parent], server: w.services.ByOrigin[k.child],
		cross: !evidence.OneClock(w.bundle.Resource(k.parent), w.bundle.Resource(k.child), k.local),
	}
	e := w.groups[key]
	if e == nil {
		e = &edges{edgeKey: key}
		w.groups[key] = e
	}
	slot.key, slot.edges = k, e
	return e
}
