package spans

import (
	"fmt"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// Duplicate is WM4002.
var Duplicate = analyze.Detector{
	ID: "WM4002", Name: "duplicate-span-id",
	Doc: analyze.Doc{
		Title: "One trace holds the same span id twice",
		Text: "A span id names one span of its trace. Records that repeat it are told apart. Equal records are a " +
			"batch that was sent again (re-export), or artifacts that overlap (overlap). A record without an end " +
			"beside one with an end is a span exported while it ran and again when it had ended (in-flight). A CLIENT " +
			"and a SERVER record with the same parent are the two halves of a call by a Zipkin client, which share " +
			"an id on purpose (shared-id): no fault. Records that disagree otherwise (conflict) " +
			"are a retry that writes a new span under an old id, or a generator that repeats ids: joins on the id " +
			"then find the wrong span. Counts of spans other than spans.total count each span once.",
		Proof: "Two records have one trace id and one span id. They are called equal if parent id, kind, name, route, " +
			"start, end, status code and service are the same. A conflict is proven by any of these that differs.",
		Blind: "Attributes, events, links and the status message are not compared: two records called equal may " +
			"differ there, as they do where one collector adds attributes and another does not. The same span id in " +
			"two traces is no duplicate. A third record is compared with the one that stands for the span only.",
		Fix: classReExport + ": " + fixReExport + " " + classOverlap + ": " + fixOverlap + " " + classInFlight + ": " + fixInFlight + " " +
			classConflict + ": " + fixConflict + " " + classShared + ": " + fixShared,
		Since:    "0.1.0",
		Severity: analyze.Error,
	},
	Needs: analyze.NeedSpans,
	Run:   runDuplicate,
}

// Classes of repeated ids, as they stand in the subject.
const (
	classReExport = "re-export"
	classOverlap  = "overlap"
	classInFlight = "in-flight"
	classConflict = "conflict"
	classShared   = "shared-id"
)

// What to do about each class.
const (
	fixReExport = "Make the exporter's retry idempotent or remove duplicates behind it."
	fixOverlap  = "Give each file once."
	fixInFlight = "Nothing here is to be repaired: the record with the end is the one that is read."
	fixConflict = "Find the producer by the exhibits and repair its id generator or its retry."
	fixShared   = "Nothing here is to be repaired: the halves are read as caller and callee. A backend that keys spans by id alone loses one."
)

// duplicateKey is the subject of a finding. Only conflicts are grouped by service: the other classes say
// something about the export and not about a program.
type duplicateKey struct{ class, service string }

func runDuplicate(p *analyze.Pass) error {
	t, s := Index.Of(p), ServiceIndex.Of(p)
	groups := analyze.NewGroups[duplicateKey](p.Options.Exhibits())
	for _, d := range t.Repeats {
		row, of := p.Bundle.Span(int(d.Row)), p.Bundle.Span(int(d.Of))
		k := duplicateKey{class: classify(p.Bundle, s, row, of)}
		if k.class == classConflict {
			k.service = s.Names[s.ByOrigin[row.Origin]]
		}
		groups.Add(k, d.Of, d.Row)
	}
	for _, d := range t.SharedIDs {
		groups.Add(duplicateKey{class: classShared}, d.Of, d.Row)
	}
	p.Measure("spans.duplicate", "spans", float64(len(t.Repeats)))
	p.Measure("spans.shared_id", "spans", float64(len(t.SharedIDs)))
	for _, g := range groups.Sorted(p.Options.Subjects(), duplicateKey{classConflict, otherSubjects}) {
		p.Report(duplicateFinding(p, g))
	}
	return nil
}

func classify(b *evidence.Bundle, s *Services, row, of evidence.Span) string {
	sameStart := row.Parent == of.Parent && row.Kind == of.Kind && row.Start == of.Start &&
		s.ByOrigin[row.Origin] == s.ByOrigin[of.Origin]
	switch {
	case sameStart && (row.End == 0) != (of.End == 0):
		return classInFlight
	case !sameStart, row.End != of.End, row.Name != of.Name, row.Route != of.Route, row.Status != of.Status:
		return classConflict
	case row.Ref.Artifact != of.Ref.Artifact:
		return classOverlap
	}
	return classReExport
}

func duplicateFinding(p *analyze.Pass, g *analyze.Group[duplicateKey]) analyze.Finding {
	f := analyze.Finding{Severity: analyze.Note, Basis: analyze.Proven, Subject: analyze.Subject("class", g.Key.class)}
	f.Measures = []analyze.Measure{analyze.M("spans.duplicate", "spans", float64(g.N))}
	count := analyze.Count(g.N, "record")
	switch g.Key.class {
	case classReExport:
		f.Fix = fixReExport
		f.Message = count + " with the ids and contents of another in the same artifact; the first are of " + artifactsOf(p.Bundle, g.Rows)
	case classOverlap:
		f.Fix = fixOverlap
		f.Message = count + " with the ids and contents of one in another artifact; the first are of " + artifactsOf(p.Bundle, g.Rows)
	case classInFlight:
		f.Fix = fixInFlight
		f.Message = count + " exported before the span had ended, beside one with its end"
	case classShared:
		f.Fix = fixShared
		f.Message = analyze.Count(g.N, "call") + " with one span id for the client and the server half, as Zipkin's clients write them"
		f.Measures = []analyze.Measure{analyze.M("spans.shared_id", "spans", float64(g.N))}
	default:
		f.Severity = "" // that of the detector
		f.Fix = fixConflict
		f.Subject["service"] = g.Key.service
		f.Message = fmt.Sprintf("%s of %s with the ids of another span and other contents", count, g.Key.service)
	}
	first, second := "first", "repeat"
	if g.Key.class == classShared {
		first, second = "client half", "server half"
	}
	for i, row := range g.Rows {
		role := first
		if i%2 == 1 {
			role = second
		}
		f.Exhibits = append(f.Exhibits, Exhibit(p.Bundle, row, role))
	}
	return f
}

// artifactsOf names the artifacts of the rows that a group remembers, the first of all.
func artifactsOf(b *evidence.Bundle, rows []uint32) string {
	var names []string
	for _, row := range rows {
		if name := b.Artifacts[b.Span(int(row)).Ref.Artifact].Path; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, " and ")
}
