package clocks

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze"
)

// Async is WM5008.
var Async = analyze.Detector{
	ID: "WM5008", Name: "async-proven",
	Doc: analyze.Doc{
		Title: "A server works on when its caller has gone on",
		Text: "Where the clocks may stand by all that needs no assumption, these server spans end after the caller's span " +
			"for the same call did. So the end of the server's span is not the sending of its answer: the caller gave up, " +
			"or the server works behind the answer. WM5002 sees such calls where the server's span is longer than " +
			"the client's; this check sees them also where it is shorter, which needs bounds of both clocks.",
		Proof: "bounded: for every offset within the hard bounds of both clocks, the server's recorded end lies behind " +
			"the client's. The message says by how much at least and at most. These answers take no part in bounds.",
		Blind: "It needs hard bounds in the direction of the answer, so calls both ways, a chain of them, or readings against " +
			"UTC. Streams and subscriptions end as they please and are no fault.",
		Fix: "Pass the caller's context down and stop when it is done, or start a linked span for the work behind " +
			"the answer.",
		Since:    "0.2.0",
		Severity: analyze.Note,
	},
	Needs: analyze.NeedSpans,
	Run: func(p *analyze.Pass) error {
		return withSolution(p, reportAsync)
	},
}

func reportAsync(p *analyze.Pass, s *Solution) {
	groups := slices.Clone(s.Model.Async)
	slices.SortStableFunc(groups, func(a, b align.Async) int { return cmp.Compare(b.Calls, a.Calls) })
	if len(groups) == 0 {
		return
	}
	find := newFinder(p)
	var found []analyze.Finding
	for i := range groups {
		a := &groups[i]
		exhibits := find.edge(&a.Example)
		if len(exhibits) == 0 {
			continue
		}
		by := ""
		if beyond(a.By) > 0 {
			by = ", by " + Amounts(a.By)
		}
		found = append(found, analyze.Finding{
			Basis:   analyze.Bounded,
			Subject: analyze.Subject("client", a.Caller, "server", a.Callee, "service", a.Service),
			Message: fmt.Sprintf("%s from %s to %s on %s go on there when the caller has gone on%s",
				analyze.Count(a.Calls, "call"), s.name(a.Caller), a.Service, s.name(a.Callee), by),
			Measures: []analyze.Measure{analyze.M("calls.async", "calls", float64(a.Calls))},
			Exhibits: exhibits[:min(len(exhibits), p.Options.Exhibits())],
		})
	}
	reportMost(p, found, "hop")
}
