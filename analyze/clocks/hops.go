package clocks

import (
	"cmp"
	"math"
	"slices"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/spans"
	"github.com/witnessmark/witnessmark/evidence"
)

// Hop says how far the spans of one hop are displaced by their clocks.
//
// The misalignment of a call is |offset of the callee's clock when it began - offset of the caller's clock when
// it sent|, by the model's estimates: as much is the recorded distance of the two starts wrong.
type Hop struct {
	Client, Server string // services
	// Calls between two clocks that the model places; Unplaced those it does not.
	Calls, Unplaced int
	// P50, P95 and P99 are quantiles of the misalignment, in nanoseconds: the least amount that such a
	// share of the calls does not exceed.
	P50, P95, P99 int64
	// Uncertain is the 95th percentile of the width of the trusted bounds of the misalignment, -1 where it is
	// open.
	Uncertain int64
	// Before and After count the calls whose child begins before its parent, by recorded and by aligned
	// times.
	Before, After int
}

// HopIndex holds the hops of a run between services on different clocks, in the order of their names. It is
// empty without a model. Only a view asks for it: it costs two lookups of clocks for each call.
var HopIndex = analyze.NewDerivedIndex(func(p *analyze.Pass) []Hop {
	s := ModelIndex.Of(p)
	if s == nil {
		return nil
	}
	services := spans.ServiceIndex.Of(p)
	groups := map[[2]uint32]*hopTally{}
	eachCrossing(p, func(x *crossing) {
		key := [2]uint32{services.ByOrigin[x.up.Origin], services.ByOrigin[x.span.Origin]}
		h := groups[key]
		if h == nil {
			h = &hopTally{hop: Hop{Client: services.Names[key[0]], Server: services.Names[key[1]]}}
			groups[key] = h
		}
		h.add(s, x)
	})
	var out []Hop
	for _, h := range groups {
		out = append(out, h.sum())
	}
	slices.SortFunc(out, func(a, b Hop) int {
		return cmp.Or(cmp.Compare(a.Client, b.Client), cmp.Compare(a.Server, b.Server))
	})
	return out
})

type hopTally struct {
	hop    Hop
	shifts []int64
	widths []int64
}

func (h *hopTally) add(s *Solution, x *crossing) {
	from, to := s.Model.Domain(x.from.Identity.Domain.Value), s.Model.Domain(x.to.Identity.Domain.Value)
	if from == nil || to == nil || from.Component != to.Component || x.up.Start > math.MaxInt64 || x.span.Start > math.MaxInt64 {
		h.hop.Unplaced++
		return
	}
	sent, received := int64(x.up.Start), int64(x.span.Start)
	p, ok1 := s.At(from, sent)
	q, ok2 := s.At(to, received)
	shift, ok3 := minus(q.Offset, p.Offset)
	if !ok1 || !ok2 || !ok3 {
		h.hop.Unplaced++
		return
	}
	h.hop.Calls++
	h.shifts = append(h.shifts, magnitude(shift))
	choose := s.trusted()
	h.widths = append(h.widths, difference(choose(&q), choose(&p), 0).Width())
	if x.span.Kind == evidence.KindConsumer {
		return // it may begin before its message is sent
	}
	if received < sent {
		h.hop.Before++
	}
	if received-q.Offset < sent-p.Offset {
		h.hop.After++
	}
}

func (h *hopTally) sum() Hop {
	out := h.hop
	if len(h.shifts) == 0 {
		out.Uncertain = -1
		return out
	}
	slices.Sort(h.shifts)
	slices.Sort(h.widths)
	out.P50, out.P95, out.P99 = quantile(h.shifts, 0.50), quantile(h.shifts, 0.95), quantile(h.shifts, 0.99)
	if out.Uncertain = quantile(h.widths, 0.95); out.Uncertain == align.Unbounded.Width() {
		out.Uncertain = -1
	}
	return out
}

// quantile returns the least of the sorted values that a share of them does not exceed.
func quantile(sorted []int64, share float64) int64 {
	return sorted[max(0, int(math.Ceil(share*float64(len(sorted))))-1)]
}
