package clocks

import (
	"fmt"
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
		Proof: "bounded: the offsets before and after cannot be joined by any drift that the model allows, and the " +
			"bounds of the jump exclude zero. heuristic: the estimate sees a jump of more than the option ClockSlack " +
			"(1 ms), and bounds that would exclude zero are missing. The two readings name the last " +
			"moment that is before the jump for certain, and the first that is behind it.",
		Blind: "A jump while the host has no calls shows only by what comes after it, and its moment is as uncertain as " +
			"the calls are far apart. Jumps of less than some 40 µs pass for wander. Durations of Go spans are " +
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
		if f := stepFinding(p, d); f != nil {
			found = append(found, *f)
		}
	}
	reportMost(p, found, "clock")
}

// certain reports whether the bounds of a step exclude zero.
func certain(st *align.Step) bool { return beyond(st.Bounds) != 0 }

// stepFinding reports the steps of one clock: those that are certain, or else larger than the slack.
func stepFinding(p *analyze.Pass, d *align.Domain) *analyze.Finding {
	var steps []align.Step
	basis, severity := analyze.Bounded, analyze.Note
	for _, st := range d.Steps {
		if magnitude(st.Size) <= p.Options.OffBy() {
			continue
		}
		if !certain(&st) {
			basis = analyze.Heuristic
		}
		if !st.Slew {
			severity = "" // the default
		}
		steps = append(steps, st)
	}
	if len(steps) == 0 {
		return nil
	}
	const listed = 3
	var parts []string
	for _, st := range steps[:min(listed, len(steps))] {
		parts = append(parts, stepText(&st))
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
	for _, st := range steps {
		if room := p.Options.Exhibits() - len(f.Exhibits); room > 0 {
			e := stepExhibits(p, d.Name, &st)
			f.Exhibits = append(f.Exhibits, e[:min(room, len(e))]...)
		}
	}
	if len(f.Exhibits) == 0 {
		return nil
	}
	return f
}

// stepText says by how much a clock jumped and when.
func stepText(st *align.Step) string {
	side := "forward"
	if st.Size < 0 {
		side = "back"
	}
	how := side + " by " + show(magnitude(st.Size))
	if st.Slew {
		how = "slewed " + how
	}
	if certain(st) {
		how += " (" + Amounts(st.Bounds) + ")"
	}
	when := fmt.Sprintf(" between %s and %s on its own face", clockTime(st.After), clockTime(st.Before))
	if st.Source != "" {
		when += ", by " + st.Source
	}
	return how + when
}

// stepExhibits points at the last span of the clock before the step and the first behind it, and at what a
// log says of it.
func stepExhibits(p *analyze.Pass, domain string, st *align.Step) []analyze.Exhibit {
	var out []analyze.Exhibit
	for i := range p.Bundle.Clocks {
		r := &p.Bundle.Clocks[i]
		if r.Kind == evidence.ClockStep && r.Domain == domain && r.At <= int64(st.Before) && r.Until >= int64(st.After) {
			out = append(out, readingExhibit(r))
			break
		}
	}
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
