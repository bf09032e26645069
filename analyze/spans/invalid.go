package spans

import (
	"fmt"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// Invalid is WM4003.
var Invalid = analyze.Detector{
	ID: "WM4003", Name: "invalid-id",
	Doc: analyze.Doc{
		Title: "A span has an id that is none",
		Text: "A trace id is 16 bytes and a span id 8, neither all zero, and no span is its own parent. A span with an " +
			"invalid trace id belongs to no trace, one with an invalid span id can be nobody's parent, one with an " +
			"invalid parent id is neither a root nor joined to anything. Backends drop such spans or mend them " +
			"silently, each in its own way.",
		Proof: "The record's id is absent (of a trace or span), all zero (likewise), of another length, or the parent " +
			"id equals the span id. A span with several invalid ids is counted under each.",
		Blind: "An id of the right length may still be wrong. Which of the three faults a trace id has is not told. " +
			"Every record is counted, also one that was exported twice.",
		Fix: "Repair the encoder that the exhibits lead to. Span ids of 12 bytes (and trace ids of 24) are " +
			"hexadecimal digits that were read as base64, which protojson does to the OTLP/JSON of every collector: decode " +
			"it with a reader of OTLP/JSON.",
		Since:    "0.1.0",
		Severity: analyze.Error,
	},
	Needs: analyze.NeedSpans,
	Run:   runInvalid,
}

// invalidKey is the subject of a finding: whose ids, which id, and what is wrong with it.
type invalidKey struct{ service, id, fault string }

func runInvalid(p *analyze.Pass) error {
	s := ServiceIndex.Of(p)
	groups := analyze.NewGroups[invalidKey](p.Options.Exhibits())
	var total int
	const bad = evidence.BadTraceID | evidence.BadSpanID | evidence.BadParentID
	for c := range p.Bundle.Spans.Chunks() {
		for i, flags := range c.Flags {
			own := c.Parent[i] == c.ID[i] && c.ID[i] != 0 && flags&(evidence.BadSpanID|evidence.BadParentID) == 0
			if flags&bad == 0 && !own {
				continue
			}
			total++
			service := s.Names[s.ByOrigin[c.Origin[i]]]
			add := func(id, fault string) {
				groups.Add(invalidKey{service, id, fault}, uint32(c.Base+i)).When.See(c.Start[i])
			}
			if flags&evidence.BadTraceID != 0 {
				add("trace", faultAny)
			}
			if flags&evidence.BadSpanID != 0 {
				add("span", spanFault(c.ID[i]))
			}
			if flags&evidence.BadParentID != 0 {
				add("parent", spanFault(c.Parent[i]))
			}
			if own {
				add("parent", faultOwn)
			}
		}
	}
	p.Measure("spans.invalid_id", "spans", float64(total))
	for _, g := range groups.Sorted(p.Options.Subjects(), invalidKey{otherSubjects, "any", otherSubjects}) {
		p.Report(invalidFinding(p, g))
	}
	return nil
}

// Faults of an id, as they stand in the subject.
const (
	faultAny    = "absent, all zero or not 16 bytes"
	faultAbsent = "absent"
	faultZero   = "all zero"
	faultOwn    = "own span id"
)

// spanFault says what is wrong with a span or parent id of n bytes: one of 8 is wrong by being zero.
func spanFault(n uint64) string {
	switch n {
	case 0:
		return faultAbsent
	case 8:
		return faultZero
	case 1:
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

// base64OfHex is the length of a span id whose 16 hexadecimal digits were read as base64.
const base64OfHex = "12 bytes"

func invalidFinding(p *analyze.Pass, g *analyze.Group[invalidKey]) analyze.Finding {
	k := g.Key
	f := analyze.Finding{
		Basis:    analyze.Proven,
		Subject:  analyze.Subject("service", k.service, "id", k.id, "fault", k.fault),
		Message:  fmt.Sprintf("%s of %s: the %s id is %s%s", analyze.Count(g.N, "span"), k.service, k.id, explain(k.fault), g.When),
		Measures: []analyze.Measure{analyze.M("spans.invalid_id", "spans", float64(g.N))},
	}
	if g.Merged > 0 {
		f.Message = fmt.Sprintf("%s with %s of services and faults beyond those listed have an invalid id",
			analyze.Count(g.N, "span"), analyze.Count(g.Merged, "combination"))
	}
	for _, row := range g.Rows {
		f.Exhibits = append(f.Exhibits, Exhibit(p.Bundle, row, "span"))
	}
	return f
}

func explain(fault string) string {
	switch fault {
	case faultOwn:
		return "the span's " + fault
	case faultAny, faultAbsent, faultZero:
		return fault
	case base64OfHex:
		return fault + " long, want 8: hexadecimal digits read as base64 have this length"
	}
	return fault + " long, want 8"
}
