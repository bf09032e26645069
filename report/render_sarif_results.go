package report

import (
	"fmt"
	"slices"
	"strings"
)

// Rules of the results of a SARIF log:
//   - Findings come first, then those that are accepted, then those of the baseline that are gone, up to the most
//     that GitHub keeps of a run.
//   - With a baseline, every result that it was compared with has a baselineState. What the configuration suppresses
//     has none, as a baseline holds nothing of it.
//   - A finding that is gone has the place of an artifact in which it would be if it were not.

func (s *sarif) results() []sarifResult {
	d := s.d
	out := make([]sarifResult, 0, min(len(d.Findings)+len(d.Accepted)+len(d.Fixed), sarifMaxResults))
	for i := range d.Findings[:min(len(d.Findings), sarifMaxResults)] {
		out = append(out, s.result(&d.Findings[i]))
	}
	for i := range d.Accepted[:min(len(d.Accepted), sarifMaxResults-len(out))] {
		out = append(out, s.result(&d.Accepted[i]))
	}
	for i := range d.Fixed[:min(len(d.Fixed), sarifMaxResults-len(out))] {
		out = append(out, s.absent(&d.Fixed[i]))
	}
	return out
}

// leftOut says what the log has no room for, "" for nothing.
func (s *sarif) leftOut() string {
	d, room := s.d, sarifMaxResults
	var what []string
	if n := len(d.Findings) - room; n > 0 {
		what = append(what, count(n, "finding")+" left out ("+severities(d.Findings[room:])+")")
	}
	room = max(0, room-len(d.Findings))
	if n := len(d.Accepted) - room; n > 0 {
		what = append(what, count(n, "accepted finding")+" left out")
	}
	room = max(0, room-len(d.Accepted))
	if n := len(d.Fixed) - room; n > 0 {
		what = append(what, count(n, "fixed finding")+" left out")
	}
	if len(what) == 0 {
		return ""
	}
	return fmt.Sprintf("%s: this log holds the worst %s", strings.Join(what, ", "), thousands(sarifMaxResults))
}

func (s *sarif) result(f *Finding) sarifResult {
	r := s.newResult(f.ID, f.Severity, f.Message, f.Key)
	r.Properties = map[string]any{"basis": Clean(f.Basis), "state": Clean(f.State), "subject": cleanSubject(f.Subject), "measures": cleanMeasures(f.Measures), "fix": Clean(f.Fix)}
	r.compare(s.d, f)
	for i, e := range f.Exhibits {
		l := s.exhibit(&e)
		if i > 0 {
			l.ID = i
			r.Related = append(r.Related, l)
			continue
		}
		if name := subjectText(f.Subject); name != "" {
			l.Logical = []sarifLogical{{FullName: name, Kind: "subject"}}
		}
		r.Locations = append(r.Locations, l)
	}
	return r
}

// compare sets what the baseline and the configuration say of a finding.
func (r *sarifResult) compare(d *Document, f *Finding) {
	switch {
	case f.State == "suppressed":
		r.Suppressions = append(r.Suppressions, sarifSuppression{Kind: "external", Status: "accepted", Justification: Clean(f.Reason)})
	case !d.Run.Baseline:
	case f.State == "known":
		r.Baseline = "unchanged"
	case f.SeverityBefore != "":
		r.Baseline = "updated"
		r.Properties["severityBefore"] = Clean(f.SeverityBefore)
	default:
		r.Baseline = "new"
	}
}

// absent is the result of a finding that the baseline has and the run has not.
func (s *sarif) absent(k *Known) sarifResult {
	r := s.newResult(k.ID, k.Severity, k.Message, k.Key)
	r.Baseline = "absent"
	r.Properties = map[string]any{"state": "fixed", "subject": cleanSubject(k.Subject)}
	i := slices.IndexFunc(s.d.Artifacts, func(a Artifact) bool {
		return a.Read && slices.Contains(k.Sources, Source{a.Format, a.Identity.Service})
	})
	if i < 0 {
		return r
	}
	l := sarifLocation{Physical: sarifWhole(&s.d.Artifacts[i], i)}
	if name := subjectText(k.Subject); name != "" {
		l.Logical = []sarifLogical{{FullName: name, Kind: "subject"}}
	}
	r.Locations = append(r.Locations, l)
	return r
}

// newResult is what every result has.
func (s *sarif) newResult(id, severity, message, key string) sarifResult {
	index, ok := s.rules[id]
	if !ok {
		index = -1
	}
	return sarifResult{
		RuleID: Clean(id), RuleIndex: index, Level: sarifLevel(severity), Message: sarifText(message),
		// GitHub tracks an alert by primaryLocationLineHash and by nothing else.
		Fingerprints: map[string]string{"witnessmark/v1": Clean(key), "primaryLocationLineHash": Clean(key)},
		Locations:    []sarifLocation{}, Suppressions: []sarifSuppression{},
	}
}
