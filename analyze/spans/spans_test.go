package spans_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/spans"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/tiny"
)

// load reads documents as the files 1.json, 2.json and so on of one run.
func load(t testing.TB, documents ...[]byte) *evidence.Bundle {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for i, d := range documents {
		path := filepath.Join(dir, fmt.Sprintf("%d.json", i+1))
		if err := os.WriteFile(path, d, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	b, err := evidence.Load(paths, evidence.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func run(t testing.TB, b *evidence.Bundle, o analyze.Options) *analyze.Result {
	t.Helper()
	r := analyze.Run(b, spans.Detectors, o)
	for _, c := range r.Checks {
		if c.Outcome == analyze.Failed {
			t.Fatalf("%s failed: %s", c.ID, c.Reason)
		}
	}
	return r
}

// folders is what names the temporary folder of a test before a file of load.
var folders = regexp.MustCompile(`/[^ ]*/(\d+\.json)`)

// lines writes the findings of one detector for comparison.
func lines(r *analyze.Result, id string) []string {
	var out []string
	for _, f := range r.Findings {
		if f.ID == id {
			message := folders.ReplaceAllString(f.Message, "$1")
			out = append(out, fmt.Sprintf("%s %s %s %s", f.Severity, f.Basis, analyze.SubjectKey(f.Subject), message))
		}
	}
	return out
}

// measured returns a measure, by its name and the values of its subject.
func measured(t testing.TB, r *analyze.Result, name string, subject ...string) analyze.Measure {
	t.Helper()
	want := analyze.SubjectKey(analyze.Subject(subject...))
	for _, m := range r.Measures {
		if m.Name == name && analyze.SubjectKey(m.Subject) == want {
			return m
		}
	}
	t.Fatalf("no measure %s %s", name, want)
	return analyze.Measure{}
}

// specimen is a small export and what a detector says about it.
type specimen struct {
	name  string
	spans []tiny.Span
	want  []string
}

func testSpecimens(t *testing.T, id string, specimens []specimen) {
	for _, s := range specimens {
		t.Run(s.name, func(t *testing.T) {
			r := run(t, load(t, tiny.JSON(s.spans...)), analyze.Options{})
			if diff := cmp.Diff(s.want, lines(r, id)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			for _, f := range r.Findings {
				for _, e := range f.Exhibits {
					if !strings.Contains(e.Text, "span=") {
						t.Errorf("exhibit %q names no span", e.Text)
					}
				}
			}
		})
	}
}

func TestExhibitBytes(t *testing.T) {
	doc := tiny.JSON(tiny.Span{Service: "a", ID: 1, Parent: 7, Name: "two\nlines", Kind: tiny.Internal, Start: 10, End: 20})
	r := run(t, load(t, doc), analyze.Options{})
	if len(r.Findings) != 1 {
		t.Fatalf("%d findings, want 1", len(r.Findings))
	}
	e := r.Findings[0].Exhibits[0]
	want := "trace=00000000000000000000000000000001 span=0000000000000001 parent=0000000000000007 a two lines"
	if e.Text != want {
		t.Errorf("text %q, want %q", e.Text, want)
	}
	record := doc[e.Ref.Off : e.Ref.Off+e.Ref.Len]
	if !bytes.HasPrefix(record, []byte("{")) || !bytes.Contains(record, []byte(`"0000000000000007"`)) {
		t.Errorf("the exhibit shows %q, want the span's record", record)
	}
}

func TestExhibitsAreBounded(t *testing.T) {
	var list []tiny.Span
	for i := range uint64(9) {
		list = append(list, tiny.Span{Service: "a", ID: 1 + i, Parent: 100 + i, Name: "x", Kind: tiny.Internal})
	}
	r := run(t, load(t, tiny.JSON(list...)), analyze.Options{MaxExhibits: 3})
	if n := len(r.Findings[0].Exhibits); n != 3 {
		t.Errorf("%d exhibits, want 3", n)
	}
}
