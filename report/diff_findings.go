package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/internal/chance"
)

// ran reports whether a check could look.
func ran(doc *Document, id string) bool {
	for i := range doc.Checks {
		if doc.Checks[i].ID == id {
			return doc.Checks[i].Outcome == string(analyze.Clean) || doc.Checks[i].Outcome == string(analyze.Found)
		}
	}
	return false
}

// byKey returns the findings of a side by their key, those that a baseline or the configuration accepts among
// them: to accept a finding is not to fix it.
func (d *diff) byKey(side int) map[string]*Finding {
	doc := d.sides[side].Document
	out := make(map[string]*Finding, len(doc.Findings))
	for i := range doc.Accepted {
		out[doc.Accepted[i].Key] = &doc.Accepted[i]
	}
	for i := range doc.Findings {
		out[doc.Findings[i].Key] = &doc.Findings[i]
	}
	return out
}

// findings compares the findings by their keys.
func (d *diff) findings() []FindingChange {
	out := []FindingChange{}
	before, after := d.byKey(0), d.byKey(1)
	s := &d.delta.Summary
	for _, key := range sortedKeys(before, after) {
		c := d.compareFinding(before[key], after[key])
		switch c.State {
		case "new":
			s.New++
		case "fixed":
			s.Fixed++
		case "still":
			s.Still++
			if !d.o.All {
				continue
			}
		case "changed":
			s.Changed++
		default:
			s.Unknown++
		}
		out = append(out, c)
	}
	rank := func(severity string) int { return slices.Index([]string{"error", "warning", "note"}, severity) }
	slices.SortStableFunc(out, func(a, b FindingChange) int {
		return cmp.Or(cmp.Compare(rank(a.Severity), rank(b.Severity)), strings.Compare(a.ID, b.ID),
			strings.Compare(subjectKey(a.Subject), subjectKey(b.Subject)))
	})
	return out
}

// compareFinding compares a finding of both sides, or of one where the other is nil.
func (d *diff) compareFinding(a, b *Finding) FindingChange {
	f, side := b, 1
	if f == nil {
		f, side = a, 0
	}
	c := FindingChange{
		ID: f.ID, Name: f.Name, Severity: f.Severity, Basis: f.Basis, Key: f.Key, Subject: f.Subject,
		Measures: d.findingMeasures(a, b), Verdict: verdictUntested,
	}
	if a != nil {
		c.Before = a.Message
	}
	if b != nil {
		c.After = b.Message
	}
	c.Verdict = together(c.Measures)
	if a != nil && b != nil {
		c.State = "still"
		if a.Severity != b.Severity {
			c.State, c.SeverityBefore = "changed", a.Severity
		}
		if a.Basis != b.Basis || slices.ContainsFunc(c.Measures, func(m MeasureChange) bool {
			return m.Verdict == verdictChanged || m.Verdict == verdictUntested
		}) {
			c.State = "changed"
		}
		return c
	}
	c.State = []string{"fixed", "new"}[side]
	if why := d.blind(side, f); why != "" {
		c.State, c.Reason = "unknown", why
		return c
	}
	switch c.Verdict {
	case verdictChance:
		c.Reason = "the difference may be chance"
	case verdictTooFew:
		c.Reason = "too few to tell from chance"
	}
	return c
}

// blind says why the other side could not have had a finding of this one, "" where it could: the check did not
// look, or no artifact that the finding shows has a counterpart that was read as a whole.
func (d *diff) blind(side int, f *Finding) string {
	other := d.sides[1-side].Document
	for i := range other.Checks {
		if k := &other.Checks[i]; k.ID == f.ID && !ran(other, f.ID) {
			return strings.TrimSuffix(fmt.Sprintf("the check was %s there: %s", k.Outcome, k.Reason), ": ")
		}
	}
	if !ran(other, f.ID) {
		return "the check did not run there"
	}
	alone := ""
	for _, e := range f.Exhibits {
		for i := range d.sides[side].Document.Artifacts {
			if d.sides[side].Document.Artifacts[i].ID != e.Artifact {
				continue
			}
			why := d.pairs.usable(side, i)
			if why == "" {
				return ""
			}
			alone = why
		}
	}
	return alone
}

// findingMeasures compares the numbers of a finding. A side without the finding has none of what it counts, if
// it could look.
func (d *diff) findingMeasures(a, b *Finding) []MeasureChange {
	out := []MeasureChange{}
	present := b
	if present == nil {
		present = a
	}
	for _, m := range present.Measures {
		ma, mb := d.findingMeasure(0, a, present, m), d.findingMeasure(1, b, present, m)
		if !tested(m.Unit) && m.Unit != "ratio" && (a == nil || b == nil) {
			continue
		}
		ofA, ofB := d.out(0, a, present, ma), d.out(1, b, present, mb)
		c, test := d.compareMeasure(ma, mb, ofA, ofB)
		if c.Test == "counts" && m.Unit == "goroutines" && (a == nil || b == nil) {
			// That something is there at all is a fact, whatever its number.
			c.Test, c.P, c.Low, c.High = "", nil, nil, nil
		}
		d.judge(&c, test, d.level)
		c.Direction = direction(&c, map[string]bool{m.Name: true})
		c.Subject = m.Subject
		out = append(out, c)
	}
	return out
}

// findingMeasure returns a number of a finding by name. Where there is no finding it is none, but for what the side's own measure
// of that name and subject leaves open.
func (d *diff) findingMeasure(side int, f, present *Finding, like Measure) *Measure {
	if f == nil {
		like.Value, like.Low, like.High = 0, nil, nil
		if own := d.keyed[side].all[measureKey(like.Name, present.Subject)]; own != nil && own.Value == 0 {
			like.Low, like.High = own.Low, own.High
		}
		return &like
	}
	for i := range f.Measures {
		if f.Measures[i].Name == like.Name && subjectKey(f.Measures[i].Subject) == subjectKey(like.Subject) {
			return &f.Measures[i]
		}
	}
	return nil
}

// out finds what a number of a finding is out of: of what the number is about, else of what the finding is about and the artifact
// of its first exhibit.
func (d *diff) out(side int, f, present *Finding, m *Measure) *float64 {
	if m == nil {
		return nil
	}
	with := *m
	with.Subject = maps.Clone(present.Subject)
	maps.Copy(with.Subject, m.Subject)
	if with.Subject["artifact"] == "" {
		with.Subject["artifact"] = d.artifactOf(side, f, present)
	}
	return denominator(&with, d.keyed[side].byName)
}

// artifactOf names the artifact of a finding's first exhibit, by its counterpart for a side that lacks it.
func (d *diff) artifactOf(side int, f, present *Finding) string {
	from := side
	if f == nil {
		f, from = present, 1-side
	}
	if len(f.Exhibits) == 0 {
		return ""
	}
	for i := range d.sides[from].Document.Artifacts {
		if d.sides[from].Document.Artifacts[i].ID == f.Exhibits[0].Artifact {
			return d.pairs.names[from][i]
		}
	}
	return ""
}

// together sums up the verdicts of a finding's numbers; those that were not tested do not count where others
// were.
func together(ms []MeasureChange) string {
	verdict := verdictUntested
	for i := range ms {
		switch v := ms[i].Verdict; {
		case ms[i].P == nil:
		case v == verdictChanged, verdict == verdictUntested:
			verdict = v
		case v == verdictChance && verdict == verdictTooFew:
			verdict = v
		}
	}
	return verdict
}

// links makes the page of link completeness out of the measures hop.calls and hop.coverage.
func (d *diff) links() []LinkChange {
	type tally struct{ calls, linked [2]float64 }
	hops := map[string]*tally{}
	add := func(key string, side int, calls, linked float64) {
		t := hops[key]
		if t == nil {
			t = &tally{}
			hops[key] = t
		}
		t.calls[side] += calls
		t.linked[side] += linked
	}
	for side := range d.sides {
		for _, m := range d.keyed[side].byName["hop.coverage"] {
			calls := d.keyed[side].all[measureKey("hop.calls", m.Subject)]
			if calls == nil || calls.Value <= 0 {
				continue
			}
			client, server := m.Subject["client"], m.Subject["server"]
			for _, key := range []string{"1\x00" + client + "\x00" + server, "2\x00\x00" + server, "3\x00\x00"} {
				add(key, side, calls.Value, m.Value*calls.Value)
			}
		}
	}
	out := []LinkChange{}
	differs := false
	for _, key := range sortedKeys(hops, nil) {
		t := hops[key]
		parts := strings.Split(key, "\x00")
		l := LinkChange{
			Scope: map[string]string{"1": "hop", "2": "service", "3": "all"}[parts[0]], Client: parts[1], Server: parts[2],
			BeforeCalls: int(t.calls[0]), AfterCalls: int(t.calls[1]), Verdict: verdictUnknown,
		}
		l.Before, l.After = quotient(t.linked[0], t.calls[0]), quotient(t.linked[1], t.calls[1])
		if l.Before != nil && l.After != nil {
			d.judgeLink(&l)
		}
		differs = differs || l.Verdict != verdictSame
		out = append(out, l)
	}
	if !differs && !d.o.All {
		return []LinkChange{}
	}
	return out
}

func quotient(a, b float64) *float64 {
	if b <= 0 {
		return nil
	}
	q := a / b
	return &q
}

func (d *diff) judgeLink(l *LinkChange) {
	n1, n2 := float64(l.BeforeCalls)/d.o.Dispersion, float64(l.AfterCalls)/d.o.Dispersion
	low, high := chance.ShareChange(*l.Before*n1, n1, *l.After*n2, n2, confidence)
	l.Low, l.High = &low, &high
	i1, i2 := int(n1+0.5), int(n2+0.5)
	test := chance.Shares(int(*l.Before*float64(i1)+0.5), i1, int(*l.After*float64(i2)+0.5), i2)
	l.Verdict = verdictOf(test, d.level)
	if *l.Before == *l.After && l.BeforeCalls == l.AfterCalls {
		l.Verdict = verdictSame
	}
}
