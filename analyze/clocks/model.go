package clocks

import (
	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/spans"
	"github.com/witnessmark/witnessmark/evidence"
)

// Solution is the model of a bundle's clocks.
type Solution struct {
	Model *align.Model
	// Refuted holds what contradicts that one clock stamped all that a domain names, by domain.
	Refuted map[string]align.Refuted
	// Middle of the capture: halfway between the first and the last reading that the model is about.
	Middle int64
}

// ModelIndex solves the clocks of the bundle, once in a run and only where there is something to solve: nil
// where no call leaves its clock and no artifact compares a clock with UTC.
var ModelIndex = analyze.NewDerivedIndex(solve)

// alignOptions says to package align what the options of a run say.
func alignOptions(o *analyze.ClockOptions) align.Options {
	return align.Options{
		Trust: align.Trust(o.Trust), Reference: o.Reference, MaxDriftPPM: o.MaxDriftPPM,
		MinDelay: o.MinDelay, MaxWidth: o.MaxWidth, Zones: o.AZ,
	}
}

func solve(p *analyze.Pass) *Solution {
	if !tied(p) {
		return nil
	}
	b, join := p.Bundle, spans.Index.Of(p)
	stat := align.Collect(b, join, align.StatOptions{})
	refine := func(domains map[string]bool) *align.Statistic {
		return align.Collect(b, join, align.StatOptions{Fine: domains})
	}
	return newSolution(align.Solve(stat, refine, alignOptions(&p.Options.Clocks)), stat.Refuted)
}

// newSolution wraps a model.
func newSolution(m *align.Model, refuted map[string]align.Refuted) *Solution {
	s := &Solution{Model: m, Refuted: refuted}
	first, last := int64(0), int64(0)
	for i := range m.Domains {
		for _, seg := range m.Domains[i].Segments {
			from, to := int64(seg.Points[0].At), int64(seg.Points[len(seg.Points)-1].At)
			if first == 0 || from < first {
				first = from
			}
			last = max(last, to)
		}
	}
	s.Middle = first + (last-first)/2
	return s
}

// tied reports whether the evidence says anything about two clocks: by a call from one to another, by a
// comparison with UTC, or by a contradiction on what is said to be one.
func tied(p *analyze.Pass) bool {
	for i := range p.Bundle.Clocks {
		if r := &p.Bundle.Clocks[i]; r.Bounded() && r.Domain != "" {
			return true
		}
	}
	if p.Bundle.Spans.Len() == 0 {
		return false
	}
	for _, e := range edgeIndex.Of(p) {
		// On one clock an effect before its cause says that it may be two.
		if e.cross && e.starts > 0 || !e.cross && e.before.n() > 0 {
			return true
		}
	}
	return false
}

// notTied is why the checks that need a model are inapplicable.
const notTied = "no call leaves its clock, and nothing compares a clock with UTC"

// NameOf names a clock for people: its host, else its domain.
func NameOf(d *align.Domain) string {
	switch {
	case d.Host != "":
		return d.Host
	case d.From == evidence.DomainByDigest && len(d.Services) > 0:
		return "a process of " + d.Services[0]
	}
	return d.Name
}

// name names the clock of a domain, or UTC.
func (s *Solution) name(domain string) string {
	if domain == align.UTC {
		return "UTC"
	}
	if d := s.Model.Domain(domain); d != nil {
		return NameOf(d)
	}
	return domain
}

// placed reports whether the model says where the clock stood.
func placed(d *align.Domain) bool {
	switch d.Status {
	case align.StatusNoPath, align.StatusConflict:
		return false
	}
	return len(d.Segments) > 0
}

// At returns where a clock stood, also that of a reference, which stands at 0 by definition. ok is false
// where the model does not say.
func (s *Solution) At(d *align.Domain, reading int64) (pt align.Point, ok bool) {
	if d.Status == align.StatusReference && d.Name == d.Reference {
		return align.Point{At: align.Instant(reading)}, true
	}
	if !placed(d) {
		return align.Point{}, false
	}
	return d.At(reading, s.Model.MaxDriftPPM)
}

// hard, assumed and likely choose the interval of a point.
func hard(p *align.Point) align.Interval    { return p.Hard }
func assumed(p *align.Point) align.Interval { return p.Assumed }
func likely(p *align.Point) align.Interval  { return p.Likely }

// trusted returns the choice that the model trusts.
func (s *Solution) trusted() func(*align.Point) align.Interval {
	if s.Model.Trust == align.TrustHard {
		return hard
	}
	return assumed
}
