package clocks

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/spans"
)

// Refuted is WM5007.
var Refuted = analyze.Detector{
	ID: "WM5007", Name: "merge-refuted",
	Doc: analyze.Doc{
		Title: "Two clocks go by the name of one",
		Text: "Processes that name one host, and so one clock, call each other, and what one did began before the other " +
			"caused it. One clock that runs on cannot show that. Cloned machines that share a machine id, containers " +
			"with a fixed host name and a host.id that is a constant in a manifest are the usual causes. Everything that is " +
			"computed for this host, its offset above all, is then of a mixture.",
		Proof: "proven: in calls between two processes whose resources give the same clock domain, the recorded start of " +
			"the child is less than its parent's by more than the resolution of both readings. That no single clock " +
			"that was never set back gives such readings follows from the bytes. Domains with a step back of that size " +
			"in the model, which explains it, are left out.",
		Blind: "A clock that was set back between the two starts and that the model has no step for looks the same, and so " +
			"does a start time that the program passed itself. Two clocks that agree to within the way between the " +
			"processes cannot be told from one.",
		Fix: "Look at what host.id, k8s.node.name and host.name hold on both processes. Give each machine its own, or " +
			"pass --identity GLOB:domain=NAME for the files of one of them.",
		Since:    "0.2.0",
		Severity: analyze.Warning,
	},
	Needs: analyze.NeedSpans,
	Run: func(p *analyze.Pass) error {
		return withSolution(p, reportRefuted)
	},
}

func reportRefuted(p *analyze.Pass, s *Solution) {
	var found []analyze.Finding
	find := newFinder(p)
	for _, domain := range slices.Sorted(maps.Keys(s.Refuted)) {
		r := s.Refuted[domain]
		d := s.Model.Domain(domain)
		if d != nil && explained(d, r.Worst) {
			continue
		}
		later, ok := find.of(r.Later)
		earlier, ok2 := find.of(r.Earlier)
		if !ok || !ok2 {
			continue
		}
		found = append(found, analyze.Finding{
			Basis:   analyze.Proven,
			Subject: analyze.Subject("domain", domain, "host", s.name(domain)),
			Message: fmt.Sprintf("%s between processes that name one clock, that of %s, begin before their cause, by up to %s: it is not one clock, or it was set back",
				analyze.Count(r.Calls, "call"), s.name(domain), show(r.Worst)),
			Measures: []analyze.Measure{analyze.M("clock.refuted", "calls", float64(r.Calls))},
			Exhibits: []analyze.Exhibit{spans.Exhibit(p.Bundle, later, "child"), spans.Exhibit(p.Bundle, earlier, "parent")},
		})
	}
	reportMost(p, found, "clock domain")
}

// explained reports whether a step back of the clock is large enough to show an effect so much before its
// cause.
func explained(d *align.Domain, by int64) bool {
	for _, st := range d.Steps {
		if low := st.Bounds.Low; st.Size < 0 && low != math.MinInt64 && magnitude(low) >= by {
			return true
		}
	}
	return false
}
