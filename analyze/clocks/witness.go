package clocks

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/spans"
	"github.com/witnessmark/witnessmark/evidence"
)

// witness is the call that says most about two clocks in one direction: the one with the least time from
// an event to its effect.
type witness struct {
	nanos         int64 // from the event to its effect, by the two raw clocks
	answer        bool  // of the answer, else of the request
	parent, child uint32
}

// domainPair names two clocks by the numbers of their resources' domains.
type domainPair struct {
	parent, child string
	answer        bool
}

// witnessIndex holds the witnesses of every pair of clocks. It costs a pass over the spans, and only a
// finding asks for it.
var witnessIndex = analyze.NewDerivedIndex(func(p *analyze.Pass) map[domainPair]witness {
	w := witnesses{bundle: p.Bundle, best: map[domainPair]witness{}}
	eachCrossing(p, w.add)
	return w.best
})

type witnesses struct {
	bundle *evidence.Bundle
	best   map[domainPair]witness
}

// crossing is a span and its parent, stamped by two clocks.
type crossing struct {
	row, parent uint32
	from, to    *evidence.Resource
	span, up    evidence.Span // the span and its parent
}

// call reports whether the parent waits for the span, as a client for its server.
func (x *crossing) call() bool {
	follows := x.span.Flags&evidence.LinkedSpan != 0 && x.span.Flags&evidence.FlagHasRemote == 0
	return x.span.Kind == evidence.KindServer && x.up.Kind == evidence.KindClient && x.up.Status.Code() != statusError && !follows
}

// eachCrossing calls f for every span whose parent was stamped by another clock and whose start and whose
// parent's start are known.
func eachCrossing(p *analyze.Pass, f func(*crossing)) {
	b, join := p.Bundle, spans.Index.Of(p)
	var x crossing
	for c := range b.Spans.Chunks() {
		for i, origin := range c.Origin {
			row := uint32(c.Base + i)
			parent := join.Parent[row]
			if parent >= evidence.UnusableParent || join.Marks[row]&evidence.RepeatedSpan != 0 {
				continue
			}
			pc, pe := b.Spans.Chunk(int(parent))
			from, to := b.Resource(pc.Origin[pe]), b.Resource(origin)
			if from.Identity.Domain.Value == to.Identity.Domain.Value || c.Start[i] == 0 || pc.Start[pe] == 0 ||
				evidence.OneClock(from, to, evidence.LocalityOf(c.Kind[i], c.Flags[i])) {
				continue
			}
			x = crossing{row: row, parent: parent, from: from, to: to, span: b.Span(int(row)), up: b.Span(int(parent))}
			f(&x)
		}
	}
}

func (w *witnesses) add(x *crossing) {
	key := domainPair{x.from.Identity.Domain.Value, x.to.Identity.Domain.Value, false}
	received := x.span.Start
	if x.span.Kind == evidence.KindConsumer { // it may begin before its message is sent
		received = x.span.End
	}
	w.keep(key, witness{nanos: int64(received - x.up.Start), parent: x.parent, child: x.row})
	if !x.call() || x.span.End < x.span.Start || x.up.End < x.up.Start || x.span.End-x.span.Start > x.up.End-x.up.Start {
		return
	}
	key.answer = true
	w.keep(key, witness{nanos: int64(x.up.End - x.span.End), answer: true, parent: x.parent, child: x.row})
}

func (w *witnesses) keep(k domainPair, v witness) {
	if have, ok := w.best[k]; !ok || v.nanos < have.nanos {
		w.best[k] = v
	}
}

// exhibits points at what says most about a clock: comparisons with UTC, and the calls with the least
// delay. hardOnly leaves answers out; comparisons from the other side of a step than the reading at are of another
// offset, and left out as well.
func (s *Solution) exhibits(p *analyze.Pass, d *align.Domain, hardOnly bool, at align.Instant) []analyze.Exhibit {
	limit := p.Options.Exhibits()
	var out []analyze.Exhibit
	for i := range p.Bundle.Clocks {
		if r := &p.Bundle.Clocks[i]; r.Bounded() && r.Domain == d.Name && len(out) < max(1, limit/2) && !setBetween(d, r, at) {
			out = append(out, readingExhibit(r))
		}
	}
	type named struct {
		domainPair
		witness
	}
	var calls []named
	for k, w := range witnessIndex.Of(p) {
		if (k.parent == d.Name || k.child == d.Name) && !(hardOnly && k.answer) {
			calls = append(calls, named{k, w})
		}
	}
	slices.SortFunc(calls, func(a, b named) int {
		return cmp.Or(cmp.Compare(a.nanos, b.nanos), cmp.Compare(a.domainPair.parent, b.domainPair.parent),
			cmp.Compare(a.domainPair.child, b.domainPair.child))
	})
	for _, w := range calls {
		if len(out) > 0 && len(out)+2 > limit {
			break
		}
		out = append(out, spans.Exhibit(p.Bundle, w.witness.child, "child"), spans.Exhibit(p.Bundle, w.witness.parent, "parent"))
	}
	return out
}

// setBetween reports whether a clock may have been set between a statement about it and one of its readings.
func setBetween(d *align.Domain, r *evidence.ClockReading, at align.Instant) bool {
	from, to := min(align.Instant(r.At), at), max(align.Instant(r.Until), at)
	return slices.ContainsFunc(d.Steps, func(st align.Step) bool { return !st.Slew && from < st.Before && st.After < to })
}

// readingExhibit points at a statement about a clock.
func readingExhibit(r *evidence.ClockReading) analyze.Exhibit {
	text := r.Source
	switch {
	case r.Kind == evidence.ClockOffset && r.Error != evidence.NoClockError:
		text += fmt.Sprintf(": %s, at most %s off", signed(r.Offset), showUp(r.Error))
	case r.Kind == evidence.ClockStep:
		text += ": set by " + signed(r.Offset)
	}
	if r.Text != "" {
		text += ": " + r.Text
	}
	return analyze.Exhibit{Ref: r.Ref, Role: "reading", Text: text}
}

// signed writes an offset with its sign, also a positive one.
func signed(nanos int64) string {
	if nanos > 0 {
		return "+" + show(nanos)
	}
	return show(nanos)
}

// finder finds the rows of spans that a model names.
type finder struct {
	bundle *evidence.Bundle
	join   *evidence.SpanJoin
	traces map[[16]byte]int
}

func newFinder(p *analyze.Pass) *finder {
	f := &finder{bundle: p.Bundle, join: spans.Index.Of(p), traces: make(map[[16]byte]int, len(p.Bundle.Traces))}
	for i, id := range p.Bundle.Traces {
		f.traces[id] = i
	}
	return f
}

// row returns the row of a span by its ids in hexadecimal.
func (f *finder) row(trace, span string) (uint32, bool) {
	var id [16]byte
	n, err := strconv.ParseUint(span, 16, 64)
	if _, bad := hex.Decode(id[:], []byte(trace)[:min(32, len(trace))]); err != nil || bad != nil || len(trace) != 32 {
		return 0, false
	}
	return f.of(align.SpanID{Trace: id, Span: n})
}

func (f *finder) of(id align.SpanID) (uint32, bool) {
	trace, ok := f.traces[id.Trace]
	if !ok {
		return 0, false
	}
	for _, row := range f.join.Rows(trace) {
		if c, i := f.bundle.Spans.Chunk(int(row)); c.ID[i] == id.Span && f.join.Marks[row]&evidence.RepeatedSpan == 0 {
			return row, true
		}
	}
	return 0, false
}

// edge shows the two spans of a constraint, or the readings of a clock that it rests on.
func (f *finder) edge(e *align.CertEdge) []analyze.Exhibit {
	var out []analyze.Exhibit
	if row, ok := f.row(e.Trace, e.Later); ok {
		out = append(out, spans.Exhibit(f.bundle, row, "later"))
	}
	if row, ok := f.row(e.Trace, e.Earlier); ok {
		out = append(out, spans.Exhibit(f.bundle, row, "earlier"))
	}
	if len(out) > 0 || e.Source == "" {
		return out
	}
	for i := range f.bundle.Clocks {
		r := &f.bundle.Clocks[i]
		at := e.ToAt
		if e.To == align.UTC {
			at = e.FromAt
		}
		if (r.Domain == e.From || r.Domain == e.To) && r.Bounded() && r.At <= int64(at) && int64(at) <= r.Until {
			return append(out, readingExhibit(r))
		}
	}
	return out
}
