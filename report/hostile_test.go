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
)

// hostile texts, each with what must not come out raw.
var hostile = map[string]string{
	"colour":            "\x1b[31mred\x1b[0m",
	"title":             "\x1b]0;owned\x07",
	"link":              "\x1b]8;;https://example.org\x1b\\click\x1b]8;;\x1b\\",
	"8-bit CSI":         "\u009b31mred",
	"carriage return":   "safe\rEVIL",
	"newline":           "one\nFINDINGS\nnone",
	"tab":               "a\tb",
	"backspace":         "abc\b\b\bxyz",
	"bidi override":     "user\u202etxt.exe",
	"bidi isolate":      "\u2066a\u2069",
	"zero width":        "a\u200bb\u200dc\ufeffd",
	"line separator":    "a\u2028b\u2029c",
	"invalid UTF-8":     "a\xff\xfeb\xc3",
	"surrogate":         "\xed\xa0\x80",
	"NUL and DEL":       "a\x00b\x7fc",
	"tag characters":    "a\U000e0041b",
	"HTML":              "<script>alert(1)</script>",
	"Markdown":          "a|b `c` [d](javascript:e)",
	"workflow command":  "::error::x",
	"formula":           "=cmd()",
	"very long":         strings.Repeat("w", 5000),
	"combining":         strings.Repeat("e\u0301", 10),
	"wide":              "支付网关",
	"JSON in a string":  `"}],"findings":[]`,
	"backslash":         `C:\new\table`,
	"shell in a path":   "a'b $(rm -rf) `x`;",
	"blanks":            "  two  blanks  ",
	"only control":      "\x1b",
	"replacement":       "\ufffd",
	"object separators": "\u001c\u001d\u001e\u001f",
}

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

func checkHarmless(t *testing.T, what string, out []byte) {
	t.Helper()
	if !utf8.Valid(out) {
		t.Errorf("%s: not UTF-8", what)
	}
	for _, r := range string(out) {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%s: raw %U comes out", what, r)
			return
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
