package clocks

import (
	"fmt"

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
// where nothing ties two clocks, and, unless the options say Always, where no constraint says that two clocks
// differ.
var ModelIndex = analyze.NewDerivedIndex(solve)

// alignOptions says to package align what the options of a run say.
func alignOptions(o *analyze.ClockOptions) align.Options {
	return align.Options{
		Trust: align.Trust(o.Trust), Reference: o.Reference, MaxDriftPPM: o.MaxDriftPPM,
		MinDelay: o.MinDelay, MaxWidth: o.MaxWidth, Zones: o.AZ,
	}
}

func solve(p *analyze.Pass) *Solution {
	if is := tieOf(p); is == untied || is == quiet && !p.Options.Clocks.Always {
		return nil
	}
	b, join := p.Bundle, spans.Index.Of(p)
	collect := func(o align.StatOptions) *align.Statistic { return align.Collect(b, join, o) }
	stat := collect(align.StatOptions{})
	return newSolution(align.Solve(stat, collect, alignOptions(&p.Options.Clocks)), stat.Refuted)
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

// tie says what the evidence says about two clocks.
type tie uint8

const (
	untied  tie = iota // nothing
	quiet              // calls, all of which agree with clocks that show the same
	telling            // calls that do not, or comparisons with UTC
)

// tieOf tells. If no child begins before its parent and no server ends behind its client, offsets of zero
// satisfy every constraint of the calls. Then no bounds can exclude them, and with them no step, no drift, and no
// contradiction is to be found: a solution would only say where, within the delays, clocks stood.
func tieOf(p *analyze.Pass) tie {
	for i := range p.Bundle.Clocks {
		if r := &p.Bundle.Clocks[i]; r.Bounded() && r.Domain != "" {
			return telling
		}
	}
	if p.Bundle.Spans.Len() == 0 {
		return untied
	}
	is := untied
	for _, e := range edgeIndex.Of(p) {
		switch {
		case e.before.n() > 0, e.cross && e.late.n()+e.waited > 0:
			// Also on one clock: it may be two.
			return telling
		case e.cross && e.starts > 0:
			is = quiet
		}
	}
	return is
}

// Reasons why a check that needs a model is inapplicable.
const (
	notTied  = "no call leaves its clock, and nothing compares a clock with UTC"
	allQuiet = "no recorded time contradicts another, so no model of the clocks was made; witnessmark clocks makes one"
)

// untiedWhy says why no clock is tied to another, and of statements that would if their host were known.
func untiedWhy(b *evidence.Bundle) string {
	hostless, largest := 0, int64(0)
	for i := range b.Clocks {
		if r := &b.Clocks[i]; r.Bounded() && r.Kind == evidence.ClockOffset && r.Domain == "" {
			hostless++
			if magnitude(r.Offset) > magnitude(largest) {
				largest = r.Offset
			}
		}
	}
	if hostless == 0 {
		return notTied
	}
	return fmt.Sprintf("no call leaves its clock, and %s with the offset of a clock, the largest %s, name no host: say it with --identity 'GLOB:host=HOST'",
		analyze.Count(hostless, "reading"), show(largest))
}

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
