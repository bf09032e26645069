package clocks

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/spans"
	"github.com/witnessmark/witnessmark/evidence"
)

// violation is one edge whose times contradict causality, and by how much.
type violation struct {
	nanos         int64
	child, parent uint32 // rows
}

// tally collects violations of one sort.
type tally struct {
	amounts []int64
	worst   []violation  // the largest first, of equal ones the first rows
	when    analyze.When // starts of the children, as recorded
}

func (t *tally) n() int { return len(t.amounts) }

// add counts the violation of a child that starts at start, if its amount is certain, and keeps it among the worst.
func (t *tally) add(nanos int64, start uint64, child, parent uint32, keep int) {
	if nanos <= 0 {
		return
	}
	t.when.See(start)
	t.amounts = append(t.amounts, nanos)
	if len(t.worst) == keep && t.worst[keep-1].nanos >= nanos {
		return
	}
	if len(t.worst) == keep {
		t.worst = t.worst[:keep-1]
	}
	at := len(t.worst)
	for at > 0 && t.worst[at-1].nanos < nanos {
		at--
	}
	t.worst = slices.Insert(t.worst, at, violation{nanos, child, parent})
}

// spread is the largest amount, the median and the 95th percentile, in nanoseconds.
type spread struct{ max, median, p95 int64 }

func (t *tally) spread() spread {
	sorted := slices.Sorted(slices.Values(t.amounts))
	rank := func(p float64) int64 {
		return sorted[max(0, int(math.Ceil(p*float64(len(sorted))))-1)]
	}
	return spread{sorted[len(sorted)-1], rank(0.5), rank(0.95)}
}

// measures reports the number and amounts of a finding under names that begin with name.
func (s spread) measures(name string, n int) []analyze.Measure {
	return []analyze.Measure{
		analyze.M(name, "spans", float64(n)),
		analyze.M(name+".max_ns", "ns", float64(s.max)),
		analyze.M(name+".median_ns", "ns", float64(s.median)),
		analyze.M(name+".p95_ns", "ns", float64(s.p95)),
	}
}

// exhibits shows the worst violations, each by its two spans.
func (t *tally) exhibits(p *analyze.Pass) []analyze.Exhibit {
	var out []analyze.Exhibit
	for _, v := range t.worst {
		out = append(out, spans.Exhibit(p.Bundle, v.child, "child"), spans.Exhibit(p.Bundle, v.parent, "parent"))
	}
	return out
}

// show writes an amount with the digits that matter, rounded down.
func show(nanos int64) string {
	d := time.Duration(nanos)
	switch {
	case d >= time.Second:
		d = d.Truncate(time.Millisecond)
	case d >= time.Millisecond:
		d = d.Truncate(time.Microsecond)
	}
	return d.String()
}

// sortEdges returns the groups in the order of their services, one clock before two.
func sortEdges(groups map[edgeKey]*edges, s *spans.Services) []*edges {
	out := make([]*edges, 0, len(groups))
	for _, e := range groups {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b *edges) int {
		return cmp.Or(
			cmp.Compare(s.Names[a.client], s.Names[b.client]),
			cmp.Compare(s.Names[a.server], s.Names[b.server]),
			cmp.Compare(a.scope(), b.scope()),
		)
	})
	return out
}

func (e *edges) scope() string {
	if e.cross {
		return crossDomain
	}
	return sameDomain
}

// clockName names the clock that stamped a span: its host, else its domain.
func clockName(b *evidence.Bundle, row uint32) string {
	id := &b.Resource(b.Span(int(row)).Origin).Identity
	switch {
	case id.Host.Value != "":
		return id.Host.Value
	case id.Domain.From != evidence.DomainByDigest:
		return id.Domain.Value
	}
	return "a process of " + id.Service.Value
}
