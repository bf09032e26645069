package clocks

import (
	"fmt"
	"math"
	"strings"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze"
)

// Skew is WM5003.
var Skew = analyze.Detector{
	ID: "WM5003", Name: "clock-skew",
	Doc: analyze.Doc{
		Title: "A host's clock is off",
		Text: "The spans and the clock evidence leave no room for this clock to be right: wherever its true offset lies " +
			"within the bounds, it is further off than the parameter clock_slack_ns (1 ms) allows. Every order and every gap " +
			"that is read across this host and another is wrong by that much. The clock is held against UTC where " +
			"anything compares a clock of the component with UTC; else against the clock that more than half of the " +
			"others agree with; else against the best-connected one, and then the message says that either of the two " +
			"may be the wrong one, or which clocks agree with the one that is reported.",
		Proof: "bounded: the hard bounds of the offset, which follow from requests that cannot begin before they were " +
			"sent and from readings with their stated maximum error, exclude all of -clock_slack_ns to +clock_slack_ns at a " +
			"reading of the capture. heuristic: only the assumed bounds do, which need that a server's span ends before " +
			"the caller has its answer; calls whose own durations or the hard bounds say otherwise are left out. Both " +
			"rest on the largest drift that the model allows, which it states.",
		Blind: "Without UTC a group of clocks that are wrong alike goes unnoticed, and if it is the larger one the right " +
			"clocks are reported. Offsets smaller than the way between the hosts cannot be told from delay. Explicit " +
			"start times look like a wrong clock. A clock whose bounds are open towards zero is not reported.",
		Fix:      "Look at the time daemon of that host, and of the one that it is held against where either may be wrong. " + fixAlign,
		Since:    "0.2.0",
		Severity: analyze.Warning,
	},
	Needs: analyze.NeedSpans | analyze.NeedClocks,
	Run: func(p *analyze.Pass) error {
		return withSolution(p, reportSkew)
	},
}

const fixAlign = "To read this capture, put the clocks together with witnessmark align before comparing hosts."

// withSolution runs a check on the model. Where there is none because every call agrees with clocks that show
// the same, there is nothing to find.
func withSolution(p *analyze.Pass, check func(*analyze.Pass, *Solution)) error {
	s := ModelIndex.Of(p)
	switch {
	case s != nil:
		check(p, s)
	case tieOf(p) == untied:
		p.Inapplicable(untiedWhy(p.Bundle))
	}
	return nil
}

func reportSkew(p *analyze.Pass, s *Solution) {
	slack := p.Options.OffBy()
	against := s.baselines(slack)
	var off []*skewed
	with := map[*baseline]int{}
	for i := range s.Model.Domains {
		d := &s.Model.Domains[i]
		m, ok := s.offsetMeasure(d)
		if !ok {
			continue
		}
		p.Measures(m)
		b := against[d.Component]
		if b.domain == d {
			continue
		}
		if k := s.skewed(b, d, slack); k != nil {
			k.measure = m
			off = append(off, k)
		} else {
			with[b]++
		}
	}
	found := make([]analyze.Finding, 0, len(off))
	for _, k := range off {
		allies := s.allies(k, off)
		if len(allies) <= with[k.against] { // no more than may agree with the other
			allies = nil
		}
		f := k.finding(allies, slack)
		f.Exhibits = s.exhibits(p, k.domain, f.Basis == analyze.Bounded, k.at)
		found = append(found, f)
	}
	reportMost(p, found, "clock")
}

// offsetMeasure is where a clock stood in the middle of the capture, with the trusted bounds that there are.
func (s *Solution) offsetMeasure(d *align.Domain) (analyze.Measure, bool) {
	pt, ok := s.At(d, s.Middle)
	if !ok {
		return analyze.Measure{}, false
	}
	m := analyze.M("clock.offset_ns", "ns", float64(pt.Offset), "domain", d.Name)
	i := s.trusted()(&pt)
	if i.Low != math.MinInt64 {
		low := float64(i.Low)
		m.Low = &low
	}
	if i.High != math.MaxInt64 {
		high := float64(i.High)
		m.High = &high
	}
	return m, m.Low != nil || m.High != nil
}

// skewed is a clock that is off for certain.
type skewed struct {
	domain  *align.Domain
	against *baseline
	bounds  align.Interval
	at      align.Instant // what it shows there
	basis   analyze.Basis
	given   string // what the bounds need
	measure analyze.Measure
}

// ifAnswers is what messages that rest on answers begin with.
const ifAnswers = "if servers' spans end before their callers have the answer, "

// skewed returns how a clock is off by more than slack at a point of it; nil if none shows that.
func (s *Solution) skewed(b *baseline, d *align.Domain, slack int64) *skewed {
	for _, class := range []struct {
		choose func(*align.Point) align.Interval
		basis  analyze.Basis
		given  string
	}{
		{hard, analyze.Bounded, ""},
		{assumed, analyze.Heuristic, ifAnswers},
	} {
		if i, at := s.furthest(b, d, class.choose); magnitude(beyond(i)) > slack {
			return &skewed{domain: d, against: b, bounds: i, at: at, basis: class.basis, given: class.given}
		}
	}
	return nil
}

// allies names the clocks, also off, that agree with one that is held against a single other: their bounds against it are
// closer than that one is, and hold zero.
func (s *Solution) allies(k *skewed, off []*skewed) (names []string) {
	if !k.against.alone() {
		return nil
	}
	for _, o := range off {
		if o == k || o.against != k.against {
			continue
		}
		if by, _, ok := s.Between(o.domain, k.domain, int64(k.at)); ok && by.Contains(0) && by.Width() < magnitude(beyond(k.bounds)) {
			names = append(names, NameOf(o.domain))
		}
	}
	return names
}

func (k *skewed) finding(allies []string, slack int64) analyze.Finding {
	host, other := NameOf(k.domain), k.against.name
	f := analyze.Finding{
		Basis:    k.basis,
		Subject:  analyze.Subject("domain", k.domain.Name, "host", host),
		Message:  fmt.Sprintf("%sthe clock of %s is %s %s %s", k.given, host, Amounts(k.bounds), ahead(beyond(k.bounds)), k.against.what(slack)),
		Measures: []analyze.Measure{k.measure},
	}
	if len(k.domain.Segments) > 1 { // it was set, and stood elsewhere at other times
		f.Message += " when it shows " + clockTime(k.at)
	}
	const named = 3
	switch n := len(allies); {
	case !k.against.alone():
		f.Fix = "Look at the time daemon of that host. " + fixAlign
	case n == 0:
		f.Message += "; which of the two is wrong the evidence does not tell"
		f.Fix = fmt.Sprintf("Look at the time daemons of %s and of %s: either may be the one that is off, and what chronyc tracking says on both tells. %s", host, other, fixAlign)
	default:
		if n > named {
			allies = append(allies[:named:named], "others")
		}
		f.Message += fmt.Sprintf("; that of %s agrees with it within the bounds, so that of %s is the likelier to be wrong", strings.Join(allies, ", "), other)
		f.Fix = fmt.Sprintf("Look at the time daemon of %s first: clocks that agree with each other differ from it. %s", other, fixAlign)
	}
	return f
}

// furthest returns the bounds of the point at which the clock is the furthest from the baseline for certain, and
// what it shows there.
func (s *Solution) furthest(b *baseline, d *align.Domain, choose func(*align.Point) align.Interval) (worst align.Interval, at align.Instant) {
	worst = align.Unbounded
	look := func(pt align.Point) {
		if i := s.offset(b, &pt, choose); magnitude(beyond(i)) > magnitude(beyond(worst)) {
			worst, at = i, pt.At
		}
	}
	if len(d.Segments) == 0 {
		if pt, ok := s.At(d, s.Middle); ok {
			look(pt)
		}
	}
	for _, seg := range d.Segments {
		for _, pt := range seg.Points {
			if d.Status == align.StatusReference && d.Name == d.Reference {
				pt, _ = s.At(d, int64(pt.At))
			}
			look(pt)
		}
	}
	return worst, at
}

// reportMost reports findings, at most as many as the bound allows; the others share one.
func reportMost(p *analyze.Pass, found []analyze.Finding, noun string) {
	limit := p.Options.Subjects()
	for _, f := range found[:min(limit, len(found))] {
		p.Report(f)
	}
	if len(found) <= limit {
		return
	}
	rest := found[limit]
	for k := range rest.Subject {
		rest.Subject[k] = otherSubjects
	}
	for _, f := range found[limit:] {
		if f.Basis == analyze.Heuristic {
			rest.Basis = f.Basis
		}
	}
	rest.Measures = nil
	rest.Message = fmt.Sprintf("%s more are like those listed; the first: %s", analyze.Count(len(found)-limit, noun), rest.Message)
	p.Report(rest)
}
