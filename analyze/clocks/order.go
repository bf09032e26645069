package clocks

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/spans"
	"github.com/witnessmark/witnessmark/evidence"
)

// Order is WM5009.
var Order = analyze.Detector{
	ID: "WM5009", Name: "order-undecidable",
	Doc: analyze.Doc{
		Title: "An order that the timestamps suggest cannot be known",
		Text: "Two calls that one span started and that were under way at once reached different hosts, and by the " +
			"recorded times one began well before the other. What is known of the two clocks leaves both orders open: the " +
			"interval in which one began, on the other's clock, holds the other's beginning. A timeline of the trace " +
			"still draws one first. No conclusion about which came first, or which waited for which, stands on that.",
		Proof: "Siblings in one trace whose spans were stamped by two clocks, adjacent by recorded start, further apart " +
			"than the parameter clock_slack_ns (1 ms), whose callers' spans overlap where they have some; and neither " +
			"the hard nor the assumed bounds of the two offsets, nor even the intervals that hold with a chance of " +
			"95 %, decide which start came first. bounded: both orders agree with all that the model holds.",
		Blind: "Only adjacent siblings are compared, and only those whose callers do not order them already. The bounds of " +
			"two clocks against the reference are subtracted, which can be wider than what calls between the two would " +
			"give. Explicit start times look like a clock.",
		Fix: "Read no order out of these spans. Readings of chrony or ptp4l from both hosts, or spans of calls between " +
			"them, make the bounds narrow: capture them with the traces and run again.",
		Since:    "0.2.0",
		Severity: analyze.Note,
	},
	Needs: analyze.NeedSpans,
	Run: func(p *analyze.Pass) error {
		if ModelIndex.Of(p) == nil && tieOf(p) == quiet {
			p.Inapplicable(allQuiet)
			return nil
		}
		return withSolution(p, reportOrder)
	},
}

// orderKey is a pair of services, in the order of their names.
type orderKey struct{ a, b string }

// orders is what was seen of one pair.
type orders struct {
	orderKey
	compared, reversed int // reversed: decided, and the recorded order is the wrong one
	undecided          int
	gap                int64 // the largest that is undecided
	room               align.Interval
	first, second      uint32 // rows of it, by recorded start
}

type orderer struct {
	p        *analyze.Pass
	s        *Solution
	services *spans.Services
	slack    int64
	groups   map[orderKey]*orders
	kin      []sibling
}

// sibling is a span on its way from one clock to another, below the span that started it.
type sibling struct {
	origin   uint32 // row of the span that started it
	row      uint32
	start    int64
	from, to int64 // of the caller's span; 0 where there is none
}

func reportOrder(p *analyze.Pass, s *Solution) {
	slack := p.Options.OffBy()
	if !s.wide(slack) {
		return
	}
	o := &orderer{p: p, s: s, services: spans.ServiceIndex.Of(p), slack: slack, groups: map[orderKey]*orders{}}
	join := spans.Index.Of(p)
	for trace := range p.Bundle.Traces {
		o.trace(join, join.Rows(trace))
	}
	var all []*orders
	for _, g := range o.groups {
		if g.undecided > 0 {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(x, y *orders) int {
		return cmp.Or(cmp.Compare(y.undecided, x.undecided), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b))
	})
	var found []analyze.Finding
	for _, g := range all {
		found = append(found, o.finding(g))
	}
	reportMost(p, found, "pair of services")
}

// wide reports whether the bounds of any clock leave an order open over more than slack: where all are
// narrow there is nothing to look for.
func (s *Solution) wide(slack int64) bool {
	for i := range s.Model.Domains {
		d := &s.Model.Domains[i]
		if d.Status == align.StatusNoPath || d.Status == align.StatusConflict {
			return true
		}
		for _, seg := range d.Segments {
			for _, pt := range seg.Points {
				if min(pt.Hard.Width(), pt.Assumed.Width()) > slack/2 {
					return true
				}
			}
		}
	}
	return false
}

// trace compares the siblings of one trace.
func (o *orderer) trace(join *evidence.SpanJoin, rows []uint32) {
	o.kin = o.kin[:0]
	for _, row := range rows {
		parent := join.Parent[row]
		if parent >= evidence.UnusableParent || join.Marks[row]&evidence.RepeatedSpan != 0 {
			continue
		}
		c, i := o.p.Bundle.Spans.Chunk(int(row))
		pc, pi := o.p.Bundle.Spans.Chunk(int(parent))
		if c.Kind[i] == evidence.KindConsumer || c.Start[i] == 0 || c.Start[i] > math.MaxInt64 || o.domain(c.Origin[i]) == o.domain(pc.Origin[pi]) {
			continue
		}
		k := sibling{origin: parent, row: row, start: int64(c.Start[i])}
		if up := join.Parent[parent]; pc.Kind[pi] == evidence.KindClient && up < evidence.UnusableParent {
			k.origin, k.from, k.to = up, int64(min(pc.Start[pi], math.MaxInt64)), int64(min(pc.End[pi], math.MaxInt64))
		}
		o.kin = append(o.kin, k)
	}
	slices.SortFunc(o.kin, func(x, y sibling) int {
		return cmp.Or(cmp.Compare(x.origin, y.origin), cmp.Compare(x.start, y.start), cmp.Compare(x.row, y.row))
	})
	for i := 1; i < len(o.kin); i++ {
		x, y := &o.kin[i-1], &o.kin[i]
		overlap := x.to == 0 || y.to == 0 || x.from < y.to && y.from < x.to
		if x.origin == y.origin && overlap && y.start-x.start > o.slack {
			o.compare(x, y)
		}
	}
}

func (o *orderer) domain(origin uint32) string {
	return o.p.Bundle.Resource(origin).Identity.Domain.Value
}

// compare takes two siblings, x first by recorded start.
func (o *orderer) compare(x, y *sibling) {
	ox, oy := o.p.Bundle.Span(int(x.row)).Origin, o.p.Bundle.Span(int(y.row)).Origin
	dx, dy := o.domain(ox), o.domain(oy)
	if dx == dy || dx == "" || dy == "" {
		return
	}
	key := orderKey{o.services.Names[o.services.ByOrigin[ox]], o.services.Names[o.services.ByOrigin[oy]]}
	if key.b < key.a {
		key.a, key.b = key.b, key.a
	}
	g := o.groups[key]
	if g == nil {
		g = &orders{orderKey: key}
		o.groups[key] = g
	}
	g.compared++
	room, known := align.Unbounded, false
	px, okx := o.point(dx, x.start)
	py, oky := o.point(dy, y.start)
	gap := y.start - x.start
	if okx && oky {
		for _, choose := range []func(*align.Point) align.Interval{hard, assumed, likely} {
			// By how much y's clock is ahead of x's: the part of the gap that may not be there.
			i := difference(choose(&py), choose(&px), 0)
			room, known = i, true
			if i.High < gap {
				return
			}
			if i.Low > gap {
				g.reversed++
				return
			}
		}
	}
	if g.undecided++; gap > g.gap || !known && g.gap == 0 {
		g.gap, g.room, g.first, g.second = gap, room, x.row, y.row
	}
}

func (o *orderer) point(domain string, reading int64) (align.Point, bool) {
	d := o.s.Model.Domain(domain)
	if d == nil {
		return align.Point{}, false
	}
	return o.s.At(d, reading)
}

func (o *orderer) finding(g *orders) analyze.Finding {
	room := "nothing bounds how the two clocks differ"
	switch {
	case g.room.Open() && g.room.Low != math.MinInt64:
		room = "the second's clock may be ahead by any amount from " + signed(g.room.Low) + " on"
	case !g.room.Open():
		room = fmt.Sprintf("the second's clock is ahead by %s to %s", signed(g.room.Low), signed(g.room.High))
	}
	f := analyze.Finding{
		Basis:   analyze.Bounded,
		Subject: analyze.Subject("first", g.a, "second", g.b),
		Message: fmt.Sprintf("which of two concurrent calls to %s and %s came first is open for %d of %d recorded more than %s apart, by up to %s: %s",
			g.a, g.b, g.undecided, g.compared, show(o.slack), show(g.gap), room),
		Measures: []analyze.Measure{
			analyze.M("orders.undecidable", "pairs", float64(g.undecided)), analyze.M("orders.compared", "pairs", float64(g.compared)),
		},
		Exhibits: []analyze.Exhibit{spans.Exhibit(o.p.Bundle, g.first, "first"), spans.Exhibit(o.p.Bundle, g.second, "second")},
	}
	if g.reversed > 0 {
		f.Message += fmt.Sprintf("; of %d more the recorded order is the wrong one", g.reversed)
	}
	return f
}
