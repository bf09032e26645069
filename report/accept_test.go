package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/all"
	"github.com/witnessmark/witnessmark/evidence"
)

// accepted examines a dump that is cut, captured on that day, with an acceptance.
func accepted(t *testing.T, content, day string, a Acceptance) *Document {
	t.Helper()
	b := evidence.LoadReader("g.txt", strings.NewReader(content), evidence.Options{})
	if day != "" {
		when, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		b.Artifacts[0].Window = evidence.Window{Start: uint64(when.UnixNano()), End: uint64(when.UnixNano())}
	}
	return New(analyze.Run(b, all.Detectors(), analyze.Options{}), Request{Command: "examine", Accept: a})
}

// acceptedDocument has a finding of every state: suppressed, known, known and worse, new, and fixed.
func acceptedDocument() *Document {
	r := cleanResult()
	r.Checks = nil
	known := &Baseline{Schema: BaselineSchema}
	source := Source{}
	for _, c := range []struct {
		id, name string
		severity analyze.Severity
		before   analyze.Severity // in the baseline
		gone     bool
	}{
		{id: "WM2001", name: "label-missing", severity: analyze.Error},
		{id: "WM3001", name: "stack-truncated", severity: analyze.Warning, before: analyze.Warning},
		{id: "WM4001", name: "orphan-span", severity: analyze.Error, before: analyze.Note},
		{id: "WM4002", name: "duplicate-span-id", severity: analyze.Note},
		{id: "WM4003", name: "invalid-id", severity: analyze.Error, before: analyze.Error, gone: true},
	} {
		f := analyze.Finding{
			ID: c.id, Name: c.name, Severity: c.severity, Basis: analyze.Proven, Subject: analyze.Subject("service", "shop", "of", c.name),
			Message: "what " + c.name + " found", Fix: "look",
			Exhibits: []analyze.Exhibit{{Ref: evidence.Ref{Off: 5, Len: 7}, Role: "sample", Text: "a sample"}},
		}
		check := analyze.Check{ID: c.id, Name: c.name, Outcome: analyze.Clean}
		if !c.gone {
			r.Findings = append(r.Findings, f)
			check.Outcome, check.Findings = analyze.Found, 1
		}
		r.Checks = append(r.Checks, check)
		if c.before != "" {
			known.Findings = append(known.Findings, Known{
				Key: Key(&f), ID: c.id, Name: c.name, Severity: string(c.before), Subject: f.Subject, Message: f.Message, Sources: []Source{source},
			})
		}
	}
	d := New(r, Request{Command: "examine", Args: []string{"x"}, Version: "v1.2.3"})
	source = Source{d.Artifacts[0].Format, d.Artifacts[0].Identity.Service}
	for i := range known.Findings {
		known.Findings[i].Sources[0] = source
	}
	return New(r, Request{Command: "examine", Args: []string{"x"}, Version: "v1.2.3", Accept: Acceptance{
		Suppressions: []Suppression{{ID: "WM2001", Reason: "OPS-1: no labels | <b>yet</b>", Origin: "witnessmark.yaml:3"}}, Baseline: known,
	}})
}

func TestSuppress(t *testing.T) {
	s := Suppression{ID: "WM1003", Match: map[string]string{"artifact": "g.*"}, Reason: "OPS-1", Expires: "2026-06-01", Origin: "witnessmark.yaml:3"}
	for _, c := range []struct {
		name, day, now string
		match          string
		exit           int
		expired        bool
	}{
		{"holds", "2026-05-01", "", "g.*", ExitIncomplete, false},
		{"its last day", "2026-06-01", "", "g.*", ExitIncomplete, false},
		{"expired", "2026-06-02", "", "g.*", ExitFindings, true},
		{"expired by --now", "2026-05-01", "2027-01-01", "g.*", ExitFindings, true},
		{"no day is known", "", "", "g.*", ExitIncomplete, false},
		{"another subject", "2026-05-01", "", "h.*", ExitFindings, false},
	} {
		s.Match = map[string]string{"artifact": c.match}
		d := accepted(t, cutDump, c.day, Acceptance{Suppressions: []Suppression{s}, Now: c.now})
		expired := slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.ID == "WM0001" && len(f.Exhibits) > 0 })
		if d.Run.ExitCode != c.exit || expired != c.expired || (d.Summary.Suppressed == 1) != (c.exit == ExitIncomplete) {
			t.Errorf("%s: exit %d, want %d; %d suppressed; %+v", c.name, d.Run.ExitCode, c.exit, d.Summary.Suppressed, d.Findings)
		}
		outcome := map[bool]string{true: "found", false: "clean"}[c.expired]
		if check := d.Checks[0]; check.ID != "WM0001" || check.Outcome != outcome || (check.Findings == 1) != c.expired {
			t.Errorf("%s: check %+v, want %s", c.name, check, outcome)
		}
		// Every format has the finding, junit as a suite of its check.
		for _, format := range []string{"table", "json", "jsonl", "markdown", "sarif", "github", "junit", "html"} {
			if text := string(render(t, format, d, TerminalOptions{})); c.expired && !strings.Contains(text, "WM0001") {
				t.Errorf("%s: %s does not have the expired suppression", c.name, format)
			}
		}
	}
}

func TestBaseline(t *testing.T) {
	first := accepted(t, cutDump, "", Acceptance{})
	if first.Run.ExitCode != ExitFindings {
		t.Fatalf("exit %d", first.Run.ExitCode)
	}
	var saved bytes.Buffer
	if err := WriteJSON(&saved, NewBaseline(first), "  "); err != nil {
		t.Fatal(err)
	}
	b, err := ReadBaseline(&saved)
	if err != nil {
		t.Fatal(err)
	}
	again := accepted(t, cutDump, "", Acceptance{Baseline: b})
	if s := again.Summary; s.New != 0 || s.Suppressed != len(first.Findings) || s.Fixed != 0 || again.Run.ExitCode != ExitIncomplete || again.Accepted[0].State != "known" {
		t.Errorf("again: %+v, exit %d", s, again.Run.ExitCode)
	}
	fixed := accepted(t, wholeDump, "", Acceptance{Baseline: b})
	if s := fixed.Summary; s.Fixed != len(b.Findings) || s.New != 0 {
		t.Errorf("fixed: %+v", s)
	}
	if pruned, n := b.Prune(fixed); n != len(b.Findings) || len(pruned.Findings) != 0 {
		t.Errorf("pruned %d of %d", n, len(b.Findings))
	}
	// Another kind of file, or none of it: not fixed.
	if gone := accepted(t, "nothing known", "", Acceptance{Baseline: b}); gone.Summary.Fixed != 0 {
		t.Errorf("gone: %+v", gone.Summary)
	}
	// What got worse is new.
	for i := range b.Findings {
		b.Findings[i].Severity = "note"
	}
	if worse := accepted(t, cutDump, "", Acceptance{Baseline: b}); worse.Run.ExitCode != ExitFindings {
		t.Errorf("a note that became an error: exit %d", worse.Run.ExitCode)
	}
	for _, bad := range []string{"", "{", `{"schema":"witnessmark.report/1"}`} {
		if _, err := ReadBaseline(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is a baseline", bad)
		}
	}
}

func TestLike(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"a", "a", true}, {"a", "b", false}, {"*", "", true}, {"a*", "abc", true}, {"*c", "abc", true}, {"a*c", "ac", true}, {"ab*bc", "abc", false},
		{"a*b*c", "axbyc", true}, {"a*b*c", "axc", false}, {"", "", true}, {"", "x", false},
	} {
		if got := like(c.pattern, c.s); got != c.want {
			t.Errorf("like(%q, %q) is %v", c.pattern, c.s, got)
		}
	}
}
