package align

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/witnessmark/witnessmark/evidence"
)

// syntheticModel gives every domain of a bundle an offset, a drift and a step within the capture.
func syntheticModel(b *evidence.Bundle) *Model {
	lo, hi := uint64(math.MaxUint64), uint64(0)
	for _, a := range b.Artifacts {
		if a.Window.Known() {
			lo, hi = min(lo, a.Window.Start), max(hi, a.Window.End)
		}
	}
	if lo > hi {
		lo, hi = base, base+60e9
	}
	from, to := int64(lo), int64(hi)
	mid := from + (to-from)/2
	names := map[string]bool{"ref": true}
	for _, r := range b.Resources {
		names[r.Identity.Domain.Value] = true
	}
	for _, a := range b.Artifacts {
		names[a.Identity.Domain.Value] = true
	}
	delete(names, "")
	m := &Model{Schema: ModelSchema, Reference: "ref", Trust: TrustAssumed, MaxDriftPPM: 100}
	for name := range names {
		m.Domains = append(m.Domains, Domain{Name: name})
	}
	slices.SortFunc(m.Domains, func(a, b Domain) int { return strings.Compare(a.Name, b.Name) })
	for i := range m.Domains {
		d := &m.Domains[i]
		d.Reference, d.Status, d.AZ = "ref", StatusAligned, fmt.Sprintf("zone-%d", i%3)
		off := int64(i-2) * 3_000_000
		p := func(at, offset int64) Point {
			iv := Interval{offset - 1000, offset + 1000}
			return Point{At: Instant(at), Offset: offset, Hard: iv, Assumed: iv, Likely: iv}
		}
		d.Segments = []Segment{
			{Points: []Point{p(from, off), p(mid-1000, off+int64(i)*700+13)}},
			{Points: []Point{p(mid+1000, off+2_000_000), p(to, off+2_000_000-int64(i)*900)}},
		}
	}
	return m
}

func loadAll(t testing.TB, paths ...string) (*evidence.Bundle, *evidence.SpanJoin) {
	t.Helper()
	b, err := evidence.Load(paths, evidence.Options{Identity: []evidence.IdentityRule{{Glob: "**/*.pb.gz", Host: "profile-host"}}})
	if err != nil {
		t.Fatal(err)
	}
	return b, evidence.JoinSpans(b)
}

func captures(t *testing.T) string {
	t.Helper()
	dir := "../../shared/captures"
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no captures")
	}
	return dir
}

// TestReverseCaptures applies a model to every capture, with and without attributes of spans, and goes back.
func TestReverseCaptures(t *testing.T) {
	if testing.Short() {
		t.Skip("reads hundreds of captures")
	}
	dir := captures(t)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() || e.Name() == "chrony-extra" { // which holds no capture of a process
			continue
		}
		t.Run(e.Name(), func(t *testing.T) {
			b, join := loadAll(t, filepath.Join(dir, e.Name()))
			m := syntheticModel(b)
			for _, o := range []ApplyOptions{{}, {KeepOriginals: true, Labels: []string{"az", "host"}}} {
				applied, reproduced := 0, 0
				p := NewPlan(b, join, m, o)
				out := t.TempDir()
				for i, a := range b.Artifacts {
					name := filepath.Join(out, fmt.Sprint(i))
					s, err := p.Apply(context.Background(), Job{Artifact: i, In: a.Path, Out: name, Digest: "crc32c"})
					if err != nil {
						if !strings.Contains(err.Error(), ErrFormat.Error()) {
							t.Errorf("%s: %v", a.Path, err)
						}
						continue
					}
					applied++
					if s.Undo.Kind == undoEdits {
						reproduced++
					}
					if s.Format == "otlp/traces" && s.Receipt.Times == 0 {
						t.Errorf("%s: no time was moved", a.Path)
					}
					reversed(t, a.Path, name)
					trial(t, b, i, p, name)
					if s.Undo.Kind == undoOriginal && slices.Equal(a.Containers, []string{"gzip"}) {
						plain(t, a.Path, o)
					}
				}
				t.Logf("%d files rewritten and reversed, %d by their edits", applied, reproduced)
				if applied == 0 {
					t.Error("nothing was rewritten")
				}
			}
		})
	}
}

// plain does the same with the content of a gzipped file, so that it is reversed by its edits.
func plain(t *testing.T, path string, o ApplyOptions) {
	t.Helper()
	u, err := evidence.OpenUnpacked(path, []string{"gzip"})
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	text, err := io.ReadAll(u)
	if err != nil {
		t.Fatal(err)
	}
	if _, s, _ := rewriteBytes(t, "plain", text, o, syntheticModel); s.Undo.Kind == undoOriginal {
		t.Errorf("%s: reversing needs the original", path)
	}
}

// reversed fails unless reversing gives the input, and no other file stays behind.
func reversed(t testing.TB, in, out string) {
	t.Helper()
	back := out + ".back"
	if _, err := Reverse(context.Background(), out, back); err != nil {
		t.Errorf("%s: reverse: %v", in, err)
		return
	}
	want, err1 := os.ReadFile(in)
	got, err2 := os.ReadFile(back)
	if err1 != nil || err2 != nil || !bytes.Equal(want, got) {
		t.Errorf("%s: reversing gives other bytes (%v, %v)", in, err1, err2)
	}
	filepath.WalkDir(filepath.Dir(out), func(path string, _ fs.DirEntry, _ error) error {
		if strings.HasPrefix(filepath.Base(path), ".") && filepath.Dir(path) == filepath.Dir(out) {
			t.Errorf("%s: %s stays behind", in, path)
		}
		return nil
	})
}
