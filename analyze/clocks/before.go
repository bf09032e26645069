package clocks

import (
	"fmt"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/spans"
)

// ChildBefore is WM5001.
var ChildBefore = analyze.Detector{
	ID: "WM5001", Name: "child-before-parent",
	Doc: analyze.Doc{
		Title: "A span starts before its parent",
		Text: "A span's parent exists before the span does: its id had to be made and handed on. Recorded times that " +
			"say otherwise are wrong. Over two clocks (cross-domain) the parent's clock is ahead of the child's by at " +
			"least the amount, so gaps between spans of the two are not what they seem. On one clock (same-domain) " +
			"the clock was stepped back between the two starts, or one of them was given an explicit time, or two " +
			"clocks are taken for one because their resources name one host.",
		Proof: "The child's recorded start is less than its parent's by more than the resolution of both readings; " +
			"the amount has the resolution taken off. Of a CONSUMER span, which may cover the wait for its message, " +
			"the end must be less. Same-domain means that the span's flags, or without flags its kind, put " +
			"the parent into the same process, or that both resources name one host. What is proven is that the " +
			"recorded times contradict causality; that the clocks differ follows where both starts were read from clocks.",
		Blind: "A start set by the program to another time than the clock's (a queue's entry, an imported log) looks " +
			"like a wrong clock. Clocks that are off by less than the way from parent to child show nothing, and " +
			"neither does a child's clock that is ahead. A wrong parent id joins spans that have nothing to do " +
			"with each other. The bound is for the moment of the spans shown; clocks drift.",
		Fix:      crossDomain + ": " + fixAcross + " " + sameDomain + ": " + fixWithin,
		Since:    "0.1.0",
		Severity: analyze.Error,
	},
	Needs: analyze.NeedSpans,
	Run:   runBefore,
}

// What to do about each scope.
const (
	fixAcross = "Look at the time daemon of both hosts, and put the timelines together (witnessmark align) before reading an order across them."
	fixWithin = "Look for a clock step in the host's log at that time, and for code that passes a start time."
)

func runBefore(p *analyze.Pass) error {
	s := spans.ServiceIndex.Of(p)
	groups := sortEdges(edgeIndex.Of(p), s)
	total := map[string]int{}
	for _, e := range groups {
		total[e.scope()] += e.before.n()
	}
	for _, scope := range []string{sameDomain, crossDomain} {
		p.Measure("spans.child_before_parent", "spans", float64(total[scope]), "scope", scope)
	}
	reportBounded(p, groups, func(e *edges) *tally { return &e.before }, func(e *edges) analyze.Finding {
		return beforeFinding(p, e, s)
	})
	return nil
}

func beforeFinding(p *analyze.Pass, e *edges, s *spans.Services) analyze.Finding {
	amounts := e.before.spread()
	f := analyze.Finding{
		Basis:    analyze.Proven,
		Subject:  analyze.Subject("scope", e.scope(), "client", s.Names[e.client], "server", s.Names[e.server]),
		Measures: amounts.measures("spans.child_before_parent", e.before.n()),
		Exhibits: e.before.exhibits(p),
		Fix:      fixAcross,
	}
	what := fmt.Sprintf("%d of %s of %s start before their parent in %s, by up to %s (median %s)%s",
		e.before.n(), analyze.Count(e.starts, "span"), s.Names[e.server], s.Names[e.client], show(amounts.max), show(amounts.median), e.before.when)
	if !e.cross {
		f.Message, f.Fix = what+"; both are of one clock", fixWithin
		return f
	}
	f.Severity = analyze.Warning
	worst := e.before.worst[0]
	f.Message = fmt.Sprintf("%s; the clock of %s shows at least %s more than that of %s", what,
		clockName(p.Bundle, worst.parent), show(worst.nanos), clockName(p.Bundle, worst.child))
	return f
}
