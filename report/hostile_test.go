package report

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/internal/attacks"
)

// hostile texts, each with what must not come out raw.
var hostile = attacks.Texts

// TestHostileText puts every text into every captured field of a result, and renders it in every format.
func TestHostileText(t *testing.T) {
	for name, s := range hostile {
		d := New(poisoned(s), Request{Command: "examine", Args: []string{s}, Version: "v1"})
		for _, command := range []string{"examine", "inspect"} {
			d.Run.Command = command
			for _, r := range Renderers {
				for _, o := range []TerminalOptions{{}, {Width: 80}} {
					checkHarmless(t, name+" as "+r.Name, render(t, r.Name, d, o))
				}
			}
			checkFormulas(t, name, d)
			// A newline in captured text must not make a line.
			table := render(t, "table", d, TerminalOptions{})
			if n, want := bytes.Count(table, []byte("\nFINDINGS\n")), map[string]int{"examine": 1, "inspect": 0}[command]; n != want {
				t.Errorf("%s: %d headings FINDINGS, want %d:\n%s", name, n, want, table)
			}
		}
		back, err := Read(bytes.NewReader(render(t, "json", d, TerminalOptions{})))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(d, back); diff != "" {
			t.Errorf("%s: JSON changed the text (-want +got):\n%s", name, diff)
		}
		if utf8.ValidString(s) && back.Artifacts[0].Path != s {
			t.Errorf("%s: path is %q, want %q", name, back.Artifacts[0].Path, s)
		}
	}
}

// TestHostileDocument puts every text into every string of documents, also where only the program writes: a saved
// report is whatever somebody sent.
func TestHostileDocument(t *testing.T) {
	for name, s := range hostile {
		for of, d := range specimens() {
			command := d.Run.Command
			attacks.Plant(d, func(string) string { return text(s) })
			d.Run.Command = command
			for _, r := range Renderers {
				out := render(t, r.Name, d, TerminalOptions{Width: 80})
				checkHarmless(t, name+" in "+of+" as "+r.Name, out)
				if !wellFormed(r.Name, out) {
					t.Errorf("%s in %s as %s is not well formed:\n%s", name, of, r.Name, out)
				}
			}
		}
	}
}

func checkHarmless(t *testing.T, what string, out []byte) {
	t.Helper()
	if !utf8.Valid(out) {
		t.Errorf("%s: not UTF-8", what)
	}
	for line := range strings.Lines(string(out)) {
		if _, ok := parseCommand(line); ok && !strings.Contains(what, " as github") || legacyCommand(line) {
			t.Errorf("%s: a CI system obeys %s", what, line)
		}
	}
	for _, r := range string(out) {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%s: raw %U comes out", what, r)
			return
		}
	}
}

// checkFormulas: a table that is pasted into a spreadsheet holds no formula.
func checkFormulas(t *testing.T, name string, d *Document) {
	t.Helper()
	// The first block is the table of artifacts; prose is not pasted into cells.
	table, _, _ := strings.Cut(string(render(t, "table", d, TerminalOptions{})), "\n\n")
	cells := strings.FieldsFunc(table, func(r rune) bool { return r == '\n' })
	for i, c := range cells {
		cells[i] = strings.TrimSpace(c)
	}
	for line := range strings.Lines(string(render(t, "markdown", d, TerminalOptions{}))) {
		if strings.HasPrefix(line, "| ") {
			cells = append(cells, strings.Split(line, " | ")...)
		}
	}
	for _, c := range cells {
		if strings.HasPrefix(c, "=") || strings.HasPrefix(c, "@") || strings.HasPrefix(c, "+") {
			t.Errorf("%s: a cell begins with %q", name, c)
		}
	}
}

// poisoned returns a result with s in every captured text.
func poisoned(s string) *analyze.Result {
	attr := evidence.Attr{Value: s, From: s}
	id := evidence.Identity{Service: attr, Instance: attr, Host: attr, AZ: attr, Domain: attr}
	window := evidence.Window{Start: 1, End: 2, Rule: s}
	b := &evidence.Bundle{
		Artifacts: []*evidence.Artifact{
			{Path: s, Format: "pprof/custom", Identity: id, Window: window, Go: evidence.GoVersion{Min: 20, Why: s}, Status: evidence.StatusDamaged,
				Losses:  []evidence.Loss{{Origin: evidence.InReading, What: s}},
				Profile: &evidence.Profile{Comments: []string{s}, SampleTypes: []evidence.ValueType{{Type: s, Unit: s}}}},
			{Path: s, Format: "goroutine/panic", Identity: id, Status: evidence.StatusOK, Dump: &evidence.Dump{Dumps: 1, Reason: s}},
			{Path: s, Format: evidence.FormatOTLPTraces, Status: evidence.StatusOK, Traces: &evidence.TraceStats{Other: map[string]int{s: 1}}},
			{Path: s, Format: evidence.FormatUnknown, Status: evidence.StatusUnknown},
		},
		Resources: []evidence.Resource{{Identity: id, Region: evidence.Attr{Value: s, From: s}, AZRecorded: s, Keys: evidence.PlaceKeys{Account: s}, SDK: s, RuntimeVersion: s}},
		Origins:   []evidence.Origin{{Artifact: 2}},
		Notes:     []string{s},
	}
	return &analyze.Result{
		Bundle: b,
		Checks: []analyze.Check{{ID: "WM1001", Name: "artifact-damaged", Outcome: analyze.Failed, Reason: s}},
		Findings: []analyze.Finding{{ID: "WM1001", Name: "artifact-damaged", Severity: analyze.Error, Basis: analyze.Proven,
			Subject: map[string]string{"artifact": s, s: "x"}, Message: s, Fix: s, Exhibits: []analyze.Exhibit{{Role: "record", Text: s}},
			Measures: []analyze.Measure{analyze.M("m", s, 1, s, s)}}},
		Measures: []analyze.Measure{analyze.M("m", s, 1, s, s)},
	}
}
