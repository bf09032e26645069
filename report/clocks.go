package report

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/witnessmark/witnessmark/align"
)

// NewClocks makes the section of a model. middle is the reading at which each clock's Middle is taken; 0
// leaves it out.
func NewClocks(m *align.Model, middle int64) *Clocks {
	c := &Clocks{
		Reference: text(m.Reference), Trust: string(m.Trust), MaxDriftPPM: m.MaxDriftPPM,
		Domains: make([]ClockDomain, 0, len(m.Domains)), Pairs: make([]ClockPair, 0, len(m.Pairs)),
		ZonePairs: make([]ZonePair, 0, len(m.ZonePairs)), Conflicts: make([]ClockConflict, 0, len(m.Conflicts)),
		Async: make([]ClockAsync, 0, len(m.Async)), Assumptions: make([]ClockAssumption, 0, len(m.Assumptions)),
		Dropped: counts(m.Dropped),
	}
	for i := range m.Domains {
		c.Domains = append(c.Domains, newClockDomain(&m.Domains[i], middle, m.MaxDriftPPM))
	}
	// By what is shown: the keys of clocks are ids of machines, mostly.
	slices.SortStableFunc(c.Domains, func(a, b ClockDomain) int { return strings.Compare(clockLabel(&a), clockLabel(&b)) })
	for _, p := range m.Pairs {
		c.Pairs = append(c.Pairs, ClockPair{
			Caller: text(p.Caller), Callee: text(p.Callee), Calls: p.Calls, RTTFloorNS: p.RTTFloor, OffsetNS: p.Offset,
			Hard: newBounds(p.Hard), Assumed: newBounds(p.Assumed), LateEnds: p.LateEnds,
			ViolationsBefore: p.Before, ViolationsAfter: p.After,
		})
	}
	for _, z := range m.ZonePairs {
		c.ZonePairs = append(c.ZonePairs, ZonePair{
			From: text(z.From), To: text(z.To), Pairs: z.Pairs, RTTFloorNS: z.RTTFloor, Asymmetry: newBounds(z.Asymmetry),
		})
	}
	for i := range m.Conflicts {
		x := &m.Conflicts[i]
		d := ClockConflict{Domains: texts(x.Domains), SumNS: x.Sum, Retraction: text(x.Retraction), Assumed: x.Assumed, Edges: make([]ClockEdge, 0, len(x.Edges))}
		for j := range x.Edges {
			d.Edges = append(d.Edges, newClockEdge(&x.Edges[j]))
		}
		c.Conflicts = append(c.Conflicts, d)
	}
	for i := range m.Async {
		a := &m.Async[i]
		c.Async = append(c.Async, ClockAsync{
			Caller: text(a.Caller), Callee: text(a.Callee), Service: text(a.Service), Calls: a.Calls,
			By: newBounds(a.By), Example: newClockEdge(&a.Example),
		})
	}
	for _, a := range m.Assumptions {
		c.Assumptions = append(c.Assumptions, ClockAssumption{Text: text(a.Text), Tested: text(a.Tested), Falsified: a.Falsified})
	}
	return c
}

func newClockDomain(d *align.Domain, middle int64, maxDriftPPM float64) ClockDomain {
	c := ClockDomain{
		Domain: text(d.Name), From: text(d.From), Host: text(d.Host), AZ: text(d.AZ), Services: texts(d.Services),
		Component: d.Component, Reference: text(d.Reference), Status: string(d.Status), Why: text(d.Why),
		DriftPPM: d.DriftPPM, Segments: make([]ClockSegment, 0, len(d.Segments)), Steps: make([]ClockStep, 0, len(d.Steps)),
		Evidence: counts(d.Evidence),
	}
	for _, s := range d.Segments {
		seg := ClockSegment{Points: make([]ClockPoint, 0, len(s.Points))}
		for _, p := range s.Points {
			seg.Points = append(seg.Points, newClockPoint(p))
		}
		c.Segments = append(c.Segments, seg)
	}
	for _, s := range d.Steps {
		c.Steps = append(c.Steps, ClockStep{
			AfterUnixNano: nanos(s.After), BeforeUnixNano: nanos(s.Before), SizeNS: s.Size, Bounds: newBounds(s.Bounds),
			Slew: s.Slew, Source: text(s.Source),
		})
	}
	switch p, ok := d.At(middle, maxDriftPPM); {
	case middle == 0 || d.Status == align.StatusNoPath || d.Status == align.StatusConflict:
	case d.Status == align.StatusReference && d.Name == d.Reference:
		// It stands at 0 by definition.
		point := newClockPoint(align.Point{At: align.Instant(middle)})
		c.Middle = &point
	case ok:
		point := newClockPoint(p)
		c.Middle = &point
	}
	return c
}

func newClockPoint(p align.Point) ClockPoint {
	return ClockPoint{
		AtUnixNano: nanos(p.At), OffsetNS: p.Offset, Hard: newBounds(p.Hard), Assumed: newBounds(p.Assumed), Likely: newBounds(p.Likely),
	}
}

func newClockEdge(e *align.CertEdge) ClockEdge {
	return ClockEdge{
		Class: text(e.Class), From: text(e.From), To: text(e.To), FromAtUnixNano: nanos(e.FromAt), ToAtUnixNano: nanos(e.ToAt),
		WeightNS: e.Weight, TraceID: text(e.Trace), EarlierSpanID: text(e.Earlier), LaterSpanID: text(e.Later), Source: text(e.Source),
	}
}

func newBounds(i align.Interval) Bounds {
	var b Bounds
	if i.Low != math.MinInt64 {
		b.LowNS = &i.Low
	}
	if i.High != math.MaxInt64 {
		b.HighNS = &i.High
	}
	return b
}

func nanos(t align.Instant) string { return strconv.FormatInt(int64(t), 10) }

func counts(m map[string]int) map[string]int {
	out := make(map[string]int, len(m))
	for k, n := range m {
		out[text(k)] += n
	}
	return out
}
