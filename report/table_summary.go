package report

import (
	"fmt"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// A lead of the summary is as wide as the widest, "not seen".
const leadWidth = 10

func lead(s string) string { return fmt.Sprintf("%-*s", leadWidth, s) }

// summary says what was looked at, what was not, and how the run ends.
func (t *tableReport) summary() {
	d := t.d
	t.Line("")
	t.Heading("SUMMARY")
	if d.Run.Command != "inspect" {
		t.Para(lead("findings"), bySeverity(d.Findings))
	}
	if accepted := acceptedText(d); accepted != "" {
		t.Para(lead("accepted"), accepted)
	}
	t.Para(lead("read"), t.read())
	if clean := t.clean(); clean != "" {
		t.Para(lead("clean"), clean)
	}
	first := "not seen"
	for _, line := range t.notSeen() {
		t.Para(lead(first), line)
		first = ""
	}
	for i, n := range d.Run.Notes {
		if t.o.Limit > 0 && i >= t.o.Limit {
			t.Para(lead(""), fmt.Sprintf("… %s more", thousands(len(d.Run.Notes)-i)))
			break
		}
		t.Para(lead(first), n)
		first = ""
	}
	t.Para(lead(fmt.Sprintf("exit %d", d.Run.ExitCode)), t.why())
}

// bySeverity counts findings and names the checks behind them, worst first: the end of the output is what a
// terminal shows.
func bySeverity(fs []Finding) string {
	var parts []string
	for _, s := range []analyze.Severity{analyze.Error, analyze.Warning, analyze.Note} {
		n := 0
		var names []string
		times := map[string]int{}
		for i := range fs {
			if fs[i].Severity != string(s) {
				continue
			}
			n++
			name := fs[i].ID + " " + fs[i].Name
			if times[name]++; times[name] == 1 {
				names = append(names, name)
			}
		}
		if n == 0 {
			continue
		}
		for i, name := range names {
			if k := times[name]; k > 1 {
				names[i] += " ×" + thousands(k)
			}
		}
		parts = append(parts, count(n, string(s))+" ("+strings.Join(names, ", ")+")")
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// acceptedText counts what a baseline and the configuration say of findings, "" where they say nothing.
func acceptedText(d *Document) string {
	suppressed, worse := 0, 0
	for i := range d.Accepted {
		if d.Accepted[i].State == "suppressed" {
			suppressed++
		}
	}
	for i := range d.Findings {
		if d.Findings[i].SeverityBefore != "" {
			worse++
		}
	}
	var parts []string
	for _, p := range []struct {
		n    int
		text string
	}{
		{suppressed, "suppressed by the configuration"}, {len(d.Accepted) - suppressed, "known to the baseline"},
		{worse, "known and worse than in the baseline, so not accepted"}, {len(d.Fixed), "of the baseline fixed"},
	} {
		if p.n > 0 {
			parts = append(parts, thousands(p.n)+" "+p.text)
		}
	}
	return strings.Join(parts, ", ")
}

// read says how much was read.
func (t *tableReport) read() string {
	var spans, goroutines, samples, located int
	for i := range t.d.Artifacts {
		a := &t.d.Artifacts[i]
		switch {
		case a.Spans != nil:
			spans += *a.Spans
		case a.Goroutines != nil:
			goroutines += *a.Goroutines
		case a.Samples != nil:
			samples += *a.Samples
		case a.Places != nil:
			located += a.Places.Nodes + a.Places.Pods + a.Places.Hosts
		}
	}
	s := t.d.Summary
	out := count(s.Artifacts, "artifact") + ", " + size(s.Bytes)
	if s.DecodedBytes != s.Bytes {
		out += " (" + size(s.DecodedBytes) + " decoded)"
	}
	for _, k := range []struct {
		n    int
		noun string
	}{{spans, "span"}, {goroutines, "goroutine"}, {samples, "sample"}, {located, "place"}} {
		if k.n > 0 {
			out += ", " + count(k.n, k.noun)
		}
	}
	return out
}

// clean names the checks that looked and found nothing.
func (t *tableReport) clean() string {
	var names []string
	for _, c := range t.d.Checks {
		if c.Outcome == string(analyze.Clean) {
			names = append(names, c.ID+" "+c.Name)
		}
	}
	return strings.Join(names, ", ")
}

// notSeen lists what a reader could believe was looked at and was not.
func (t *tableReport) notSeen() []string {
	var out []string
	byStatus := map[evidence.Status][]string{}
	more := 0
	for i := range t.d.Artifacts {
		a := &t.d.Artifacts[i]
		byStatus[evidence.Status(a.Status)] = append(byStatus[evidence.Status(a.Status)], a.Path)
		more += a.MoreLosses
	}
	for _, k := range []struct {
		status evidence.Status
		text   string
	}{
		{evidence.StatusUnreadable, "could not be read"},
		{evidence.StatusDamaged, "read, with data missing"},
		{evidence.StatusUnknown, "of a kind that is not known"},
	} {
		if paths := byStatus[k.status]; len(paths) > 0 {
			out = append(out, count(len(paths), "artifact")+" "+k.text+": "+some(paths, 3))
		}
	}
	if more > 0 {
		out = append(out, count(more, "place")+" with data missing beyond the first 100 of an artifact")
	}
	if len(t.d.Summary.NotRead) > 0 {
		var kinds []string
		n := 0
		for _, k := range t.d.Summary.NotRead {
			kinds = append(kinds, fmt.Sprintf("%s (%d)", k.Format, k.Artifacts))
			n += k.Artifacts
		}
		out = append(out, count(n, "artifact")+" recognised and not examined by this version: "+strings.Join(kinds, ", "))
	}
	out = append(out, t.checksWithout()...)
	if n := t.d.Summary.Checks.Disabled; n > 0 {
		out = append(out, count(n, "check")+" switched off by --only or --skip")
	}
	return out
}

// checksWithout lists the checks that could not look, or not at all, those with the same reason together, and those
// that broke.
func (t *tableReport) checksWithout() []string {
	var reasons, broke []string
	checks := map[string][]string{}
	for _, c := range t.d.Checks {
		switch analyze.Outcome(c.Outcome) {
		case analyze.Inapplicable, analyze.Clean, analyze.Found:
			if c.Reason == "" {
				continue
			}
			if checks[c.Reason] == nil {
				reasons = append(reasons, c.Reason)
			}
			checks[c.Reason] = append(checks[c.Reason], c.ID+" "+c.Name)
		case analyze.Failed:
			reason, _, _ := strings.Cut(c.Reason, "\n")
			broke = append(broke, c.ID+" "+c.Name+" broke: "+reason)
		}
	}
	var out []string
	for _, r := range reasons {
		out = append(out, strings.Join(checks[r], ", ")+": "+r)
	}
	return append(out, broke...)
}

// some names at most n of the paths.
func some(paths []string, n int) string {
	if len(paths) <= n {
		return strings.Join(paths, ", ")
	}
	return strings.Join(paths[:n], ", ") + fmt.Sprintf(" and %s more", thousands(len(paths)-n))
}

// why gives the reason of the exit code.
func (t *tableReport) why() string {
	r := t.d.Run
	gap := ""
	if !r.Complete {
		gap = "incomplete: " + strings.Join(r.Incomplete, "; ")
	}
	if r.ExitCode == ExitFailure {
		found := severities(t.d.Findings)
		if found == "" {
			found = "no finding"
		}
		return gap + "; " + found + " in what was examined"
	}
	if r.ExitCode == ExitFindings {
		n := 0
		for _, f := range t.d.Findings {
			if analyze.Severity(f.Severity).AtLeast(analyze.Severity(r.FailOn)) {
				n++
			}
		}
		return join("; ", count(n, "finding")+" at or above "+r.FailOn, gap)
	}
	if r.Command == "inspect" {
		return join("; ", gap, map[bool]string{true: "no artifact is damaged or unreadable"}[gap == ""])
	}
	if r.FailOn == Never {
		return join("; ", "findings do not fail this run (--fail-on never)", gap)
	}
	return join("; ", "nothing at or above "+r.FailOn, gap)
}

// join joins the strings that are not empty.
func join(sep string, parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, sep)
}
