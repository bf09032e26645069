package evidence

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBeside: what lies beside a copy is no evidence, however the copy was found, but is read where it is all that is named.
func TestBeside(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.json", "a.json.witnessmark.json", "a.json.witnessmark.original", "b.witnessmark.undo"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	copyPath := filepath.Join(dir, "a.json")
	const note = "2 files that align apply wrote beside its copies: passed over"
	for _, c := range []struct {
		name  string
		paths []string
		want  []string
		notes []string
	}{
		{"folder", []string{dir}, []string{"a.json", "b.witnessmark.undo"}, []string{note}},
		{"glob", []string{filepath.Join(dir, "*")}, []string{"a.json", "b.witnessmark.undo"}, []string{note}},
		{"names, as of a shell", []string{copyPath, copyPath + SidecarSuffix, copyPath + OriginalSuffix}, []string{"a.json"}, []string{note}},
		{"alone", []string{copyPath + OriginalSuffix}, []string{"a.json.witnessmark.original"}, nil},
	} {
		b, err := Load(c.paths, Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		var got []string
		for _, a := range b.Artifacts {
			got = append(got, filepath.Base(a.Path))
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: artifacts (-want +got):\n%s", c.name, d)
		}
		if d := cmp.Diff(c.notes, b.Notes); d != "" {
			t.Errorf("%s: notes (-want +got):\n%s", c.name, d)
		}
	}
}

// TestRecordedClock: the clock's name in a copy is that which align apply recorded, and one by digest stays one.
func TestRecordedClock(t *testing.T) {
	for name, want := range map[string]Attr{
		"host-7":       {"host-7", "resource witnessmark.clock.domain"},
		"resource-a1f": {"resource-a1f", DomainByDigest},
	} {
		text := `{"attributes":[{"key":"host.name","value":{"stringValue":"other"}},{"key":"witnessmark.clock.domain","value":{"stringValue":"` + name + `"}}]}`
		r := ResourceOf([]byte(text), true)
		if r.Identity.Domain != want {
			t.Errorf("domain %v, want %v", r.Identity.Domain, want)
		}
	}
}
