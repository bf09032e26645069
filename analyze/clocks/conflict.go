package clocks

import (
	"fmt"
	"strings"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze"
)

// Conflict is WM5006.
var Conflict = analyze.Detector{
	ID: "WM5006", Name: "clock-conflict",
	Doc: analyze.Doc{
		Title: "The evidence about clocks contradicts itself",
		Text: "A row of events, each of which cannot come before the one ahead of it, comes back to its start before it " +
			"began, whatever the clocks show. So at least one of the statements is false: a wrong parent id, an " +
			"explicit time, a clock that was set in between, a time server that lies, or two clocks under one name. For " +
			"the clocks that the explanation is about witnessmark states no offset, or none that rests on what they " +
			"read against UTC. The message names the single statement whose falsity " +
			"would explain it at the least cost.",
		Proof: "bounded: the weights of the constraints around the cycle, with all that drift may add between their " +
			"moments, sum to less than zero. Offsets cancel in a cycle, so that no clock setting satisfies them. The " +
			"certificate in the model lists every constraint with its spans; witnessmark align check verifies it from the " +
			"files. heuristic: answers are among the constraints, which need that a server's span ends before its caller has " +
			"the answer. Nearly all calls of a name that two machines bear contradict each other so, and readings of a lying " +
			"time server contradict those of others over calls.",
		Blind: "It says that something is wrong, not which part: the cheapest retraction is a guess. A larger drift " +
			"than the model allows can make a cycle of true statements. Two machines under one name whose clocks differ by " +
			"less than may drift from one call to the next show no cycle: they are refused without a finding.",
		Fix: "Look at the spans of the cycle, above all those that it shares with others. If one domain is two " +
			"hosts, give each its own host.id or pass --identity. If a clock drifts more, raise --max-drift-ppm.",
		Since:    "0.2.0",
		Severity: analyze.Error,
	},
	Needs: analyze.NeedSpans | analyze.NeedClocks,
	Run: func(p *analyze.Pass) error {
		return withSolution(p, reportConflicts)
	},
}

func reportConflicts(p *analyze.Pass, s *Solution) {
	if len(s.Model.Conflicts) == 0 {
		return
	}
	find := newFinder(p)
	var found []analyze.Finding
	seen := map[string]bool{}
	for i := range s.Model.Conflicts {
		c := &s.Model.Conflicts[i]
		domains := strings.Join(c.Domains, ", ")
		f := conflictFinding(p, s, c, find)
		if len(f.Exhibits) == 0 || seen[domains] { // one for each set of clocks: the first is the shortest
			continue
		}
		seen[domains] = true
		found = append(found, f)
	}
	reportMost(p, found, "conflict")
}

func conflictFinding(p *analyze.Pass, s *Solution, c *align.Certificate, find *finder) analyze.Finding {
	var names, path []string
	for _, d := range c.Domains {
		names = append(names, s.name(d))
	}
	for i := range c.Edges {
		e := &c.Edges[i]
		path = append(path, fmt.Sprintf("%s to %s (%s) %s", s.name(e.From), s.name(e.To), e.Class, signed(e.Weight)))
	}
	const listed = 6
	if more := len(path) - listed; more > 0 {
		path = append(path[:listed], analyze.Count(more, "more constraint"))
	}
	f := analyze.Finding{
		Basis:   analyze.Bounded,
		Subject: analyze.Subject("domains", strings.Join(c.Domains, ", ")),
		Message: fmt.Sprintf("what is recorded of the clocks of %s cannot all be true: around %s it sums to %s", strings.Join(names, ", "),
			strings.Join(path, ", "), signed(c.Sum)),
		Measures: []analyze.Measure{analyze.M("clock.conflict_ns", "ns", float64(c.Sum))},
	}
	if c.Assumed {
		f.Basis, f.Message = analyze.Heuristic, ifAnswers+f.Message
	}
	if c.Retraction != "" {
		f.Message += "; cheapest explanation: " + c.Retraction
	}
	for i := range c.Edges {
		e := find.edge(&c.Edges[i])
		if room := p.Options.Exhibits() - len(f.Exhibits); room > 0 {
			f.Exhibits = append(f.Exhibits, e[:min(room, len(e))]...)
		}
	}
	return f
}
