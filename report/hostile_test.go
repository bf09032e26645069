package report

import (
	"bytes"
	"reflect"
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

	"command after blanks": "   ::stop-commands::token",
	"command after text":   "x ::add-mask::y",
	"command by percent":   "x%0A::error::y%0D%25",
	"legacy command":       "x ##[add-mask]y",
	"pipelines command":    "##vso[task.setvariable variable=x]y",
	"four of them":         "####[group]x",
	"formula with plus":    "+SUM(A1)",
	"formula with minus":   "-2+3+cmd|' /C calc'!A0",
	"formula with at":      "@SUM(1+1)*cmd|' /C calc'!A0",
	"formula after blanks": "  =HYPERLINK(\"http://evil.example\")",
	"image":                "![x](http://evil.example/x.png)",
	"reference link":       "[a]: http://evil.example \"x\"",
	"bare links":           "https://evil.example www.evil.example mailto:a@evil.example a@b.example",
	"mention":              "@octocat @org/team fixes #1 org/repo#2",
	"emphasis":             "***a*** __b__ ~~c~~ *d* _e_",
	"code":                 "`` ` ``` `a",
	"backslash before":     "\\`a\\` \\[b](c) \\",
	"table row":            "a | b |",
	"list":                 "- a",
	"heading":              "# a",
	"rule":                 "---",
	"numbered":             "1. a",
	"quote":                "> a",
	"math":                 "$\\unicode{x}$ $$x$$",
	"end of details":       "</details></summary><img src=x onerror=alert(1)>",
	"comment":              "<!-- a",
	"entity":               "&lt;b&gt; &#x1b;[31m &copy;",
	"attribute":            "\" onmouseover=\"alert(1)",
	"CDATA":                "]]><!DOCTYPE a [<!ENTITY b \"c\">]>&b;<![CDATA[",
	"noncharacters":        "a\ufffeb\uffffc\U0001ffff",
	"placeholder":          "{0} {{1}} %s %!d(x)",
	"embedded link":        "[x](javascript:alert(1)) [y](0)",
	"path":                 "../../etc/passwd",
	"URI":                  "file:///etc/passwd?a#b",
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
			poison(reflect.ValueOf(d).Elem(), s)
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

// poison sets every string below v, also keys of maps, to s.
func poison(v reflect.Value, s string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text(s))
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem(), s)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			poison(v.Field(i), s)
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), s)
		}
	case reflect.Map:
		poisoned := reflect.MakeMap(v.Type())
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			poison(value, s)
			poisoned.SetMapIndex(reflect.ValueOf(text(s)), value)
		}
		v.Set(poisoned)
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
