package clocks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/spans"
	"github.com/witnessmark/witnessmark/evidence"
)

// Step is WM5005.
var Step = analyze.Detector{
	ID: "WM5005", Name: "clock-step",
	Doc: analyze.Doc{
		Title: "A host's clock was set during the capture",
		Text: "At one moment of the capture the clock jumped. Spans of that host from before and from after it are not on " +
			"one time line: an interval across the jump is wrong by its size, and spans may seem to run backwards. " +
			"Causes are a time daemon that steps instead of slewing (chrony's makestep), a virtual machine that was " +
			"moved or resumed, or somebody who set the clock. Where the clock ran fast or slow for a while to catch up, " +
			"the message says that it was slewed, and that alone is a note.",
		Proof: "bounded: the hard bounds of the offset before and after it are further apart than the parameter clock_slack_ns " +
			"(1 ms) and all that drift may add in between. heuristic: only the assumed bounds are, which need that a " +
			"server's span ends before the caller has its answer, or a log says that the clock was set. The two readings name " +
			"the last moment that is before the jump, and the first that is behind it.",
		Blind: "A jump while the host has no calls shows only by what comes after it, and its moment is as uncertain as " +
			"the calls are far apart, unless chronyd's or phc2sys' log, tracking.log or an execution trace tells of it. Jumps of less than some 40 µs pass for wander. Durations of Go spans are " +
			"monotonic: a span across the jump keeps its length.",
		Fix: "Look in the host's log for the time daemon and the hypervisor at that moment. Read spans of that host " +
			"across the jump only after witnessmark align.",
		Since:    "0.2.0",
		Severity: analyze.Warning,
	},
	Needs: analyze.NeedSpans | analyze.NeedClocks,
	Run: func(p *analyze.Pass) error {
		return withSolution(p, reportSteps)
	},
}

func reportSteps(p *analyze.Pass, s *Solution) {
	var found []analyze.Finding
	for i := range s.Model.Domains {
		d := &s.Model.Domains[i]
		if len(d.Segments) > 0 {
			p.Measures(zeroed(analyze.M("clock.steps", "steps", float64(len(d.Steps)), "domain", d.Name)))
		}
		if f := stepFinding(p, s, d); f != nil {
			found = append(found, *f)
		}
	}
	reportMost(p, found, "clock")
}

// jump is a step that is worth reporting, with what is known of its size.
type jump struct {
	align.Step
	basis analyze.Basis
	size  align.Interval // open where only a log tells
}

// jumpOf says how certain a step is. Nothing but bounds or a log makes one: the estimate alone is no evidence.
// ok is false where neither shows more than slack.
func (s *Solution) jumpOf(p *analyze.Pass, d *align.Domain, st *align.Step, slack int64) (j jump, ok bool) {
	j = jump{*st, analyze.Bounded, align.Unbounded}
	before, after, ok := s.around(d, st)
	drift := driftOver(int64(st.Before-st.After), s.Model.MaxDriftPPM)
	if st.Slew {
		drift = 0 // the change is the slew
	}
	for _, choose := range []func(*align.Point) align.Interval{hard, assumed} {
		if j.size = difference(choose(&after), choose(&before), drift); ok && magnitude(beyond(j.size)) > slack {
			return j, true
		}
		j.basis = analyze.Heuristic
	}
	if j.size = st.Bounds; beyond(j.size) != 0 && magnitude(st.Size) > slack {
		return j, true
	}
	j.size = align.Unbounded
	return j, magnitude(st.Size) > slack && len(logged(p, d.Name, st)) > 0
}

// around returns where the clock stood before a step and behind it.
func (s *Solution) around(d *align.Domain, st *align.Step) (before, after align.Point, ok bool) {
	if st.Slew || !placed(d) || d.Status == align.StatusReference && d.Name == d.Reference {
		before, ok = s.At(d, int64(st.After))
		after, _ = s.At(d, int64(st.Before))
		return before, after, ok
	}
	return d.Around(st, s.Model.MaxDriftPPM)
}

// stepFinding reports the steps of one clock that are larger than the slack, and certain or in a log.
func stepFinding(p *analyze.Pass, s *Solution, d *align.Domain) *analyze.Finding {
	var steps []jump
	basis, severity := analyze.Bounded, analyze.Note
	for _, st := range d.Steps {
		j, ok := s.jumpOf(p, d, &st, p.Options.OffBy())
		if !ok {
			continue
		}
		if j.basis != analyze.Bounded {
			basis = j.basis
		}
		if !st.Slew {
			severity = "" // the default
		}
		steps = append(steps, j)
	}
	if len(steps) == 0 {
		return nil
	}
	const listed = 3
	var parts []string
	for _, j := range steps[:min(listed, len(steps))] {
		parts = append(parts, j.String())
	}
	if more := len(steps) - listed; more > 0 {
		parts = append(parts, analyze.Count(more, "more time"))
	}
	f := &analyze.Finding{
		Severity: severity,
		Basis:    basis,
		Subject:  analyze.Subject("domain", d.Name, "host", NameOf(d)),
		Message:  fmt.Sprintf("the clock of %s was set: %s", NameOf(d), strings.Join(parts, "; ")),
		Measures: []analyze.Measure{analyze.M("clock.steps", "steps", float64(len(steps)))},
	}
	for _, j := range steps {
		if room := p.Options.Exhibits() - len(f.Exhibits); room > 0 {
			e := stepExhibits(p, d.Name, &j.Step)
			f.Exhibits = append(f.Exhibits, e[:min(room, len(e))]...)
		}
	}
	if len(f.Exhibits) == 0 {
		return nil
	}
	return f
}

// String says by how much a clock jumped and when.
func (j *jump) String() string {
	side := "forward"
	if j.Size < 0 {
		side = "back"
	}
	how := side + " by " + show(magnitude(j.Size))
	if j.Slew {
		how = "slewed " + how
	}
	if beyond(j.size) != 0 {
		how += " (" + Amounts(j.size)
		if j.basis == analyze.Heuristic && (j.Source == "" || strings.HasPrefix(j.Source, "calls")) {
			how += " if servers' spans end before their callers have the answer"
		}
		how += ")"
	}
	when := fmt.Sprintf(" between %s and %s by its own time", clockTime(j.After), clockTime(j.Before))
	if j.Source != "" {
		when += ", by " + j.Source
	}
	return how + when
}

// stepExhibits points at the last span of the clock before the step and the first behind it, and at what a
// log says of it.
func stepExhibits(p *analyze.Pass, domain string, st *align.Step) []analyze.Exhibit {
	out := logged(p, domain, st)
	before, after := int64(-1), int64(-1)
	var last, first int64
	for c := range p.Bundle.Spans.Chunks() {
		for i, origin := range c.Origin {
			if c.Start[i] == 0 || p.Bundle.Resource(origin).Identity.Domain.Value != domain {
				continue
			}
			start, row := int64(c.Start[i]), int64(c.Base+i)
			if start <= int64(st.After) && (before < 0 || start > last) {
				before, last = row, start
			}
			if start >= int64(st.Before) && (after < 0 || start < first) {
				after, first = row, start
			}
		}
	}
	if before >= 0 {
		out = append(out, spans.Exhibit(p.Bundle, uint32(before), "before"))
	}
	if after >= 0 {
		out = append(out, spans.Exhibit(p.Bundle, uint32(after), "after"))
	}
	return out
}

// logged points at the records which say that the clock was set during the step, and at those of other kinds that the
// step rests on: the snapshot or the row of a log behind it.
func logged(p *analyze.Pass, domain string, st *align.Step) []analyze.Exhibit {
	const most = 2
	var out []analyze.Exhibit
	for i := range p.Bundle.Clocks {
		r := &p.Bundle.Clocks[i]
		if r.Domain != domain || r.At > int64(st.Before) || r.Until < int64(st.After) || len(out) == most {
			continue
		}
		named := slices.ContainsFunc(st.Evidence, func(e align.StepEvidence) bool { return e.Source == r.Source })
		if r.Kind == evidence.ClockStep || named && (r.Kind == evidence.ClockSnapshot || r.Bounded()) {
			out = append(out, readingExhibit(r))
		}
	}
	return out
}
