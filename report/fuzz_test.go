package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

// FuzzText puts a text into every captured field and renders it in every format: no text that a terminal or the log of
// a CI system obeys, JSON and XML that parse, a Markdown page of the same elements as for plain text, one
// command a line for GitHub, and a saved report that reads back.
func FuzzText(f *testing.F) {
	for _, s := range hostile {
		if len(s) < 1000 {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.TrimSpace(Clean(s)) == "" { // an empty text leaves parts of a page away
			return
		}
		d := New(poisoned(s), Request{Command: "examine", Args: []string{s}})
		for _, r := range Renderers {
			out := render(t, r.Name, d, TerminalOptions{Width: 80})
			checkHarmless(t, "fuzzed as "+r.Name, out)
			if !wellFormed(r.Name, out) {
				t.Errorf("%s is not well formed:\n%s", r.Name, out)
			}
		}
		plain := New(poisoned("plain"), Request{Command: "examine"})
		if len(s) < 4096 { // longer ones leave findings out
			page := func(d *Document) []string {
				return skeleton(toHTML(t, string(render(t, "markdown", d, TerminalOptions{}))), 0)
			}
			if diff := cmp.Diff(page(plain), page(d)); diff != "" {
				t.Errorf("%q changes the page (-plain +hostile):\n%s", s, diff)
			}
		}
		saved := render(t, "json", d, TerminalOptions{})
		back, err := Read(bytes.NewReader(saved))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(saved, render(t, "json", back, TerminalOptions{})) {
			t.Error("JSON that is read and written again differs")
		}
	})
}

// FuzzSaved renders whatever reads as a saved report in every format: no panic.
func FuzzSaved(f *testing.F) {
	for _, name := range []string{"empty", "findings"} {
		var buf bytes.Buffer
		if err := WriteJSON(&buf, specimens()[name], ""); err != nil {
			f.Fatal(err)
		}
		f.Add(buf.Bytes())
	}
	f.Add([]byte(`{"schema":"witnessmark.report/1","artifacts":[{"container":null,"bytes":-1,"end_unix_nano":"1","start_unix_nano":"x"}],
		"checks":[{"id":"x","outcome":"later"}],"findings":[{"exhibits":[{"offset":-1,"length":-9223372036854775808}]},{"id":"x","exhibits":null}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, r := range Renderers {
			if out := render(t, r.Name, d, TerminalOptions{Width: 80, Limit: 3}); !wellFormed(r.Name, out) {
				t.Errorf("%s is not well formed:\n%s", r.Name, out)
			}
		}
	})
}

func wellFormed(format string, out []byte) bool {
	switch format {
	case "json", "sarif":
		return json.Valid(out)
	case "junit":
		dec := xml.NewDecoder(bytes.NewReader(out))
		for {
			if _, err := dec.Token(); err != nil {
				return err == io.EOF
			}
		}
	case "markdown":
		return goldmark.New(goldmark.WithExtensions(extension.GFM)).Convert(out, io.Discard) == nil
	}
	return utf8.Valid(out)
}
