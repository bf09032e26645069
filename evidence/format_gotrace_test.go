package evidence

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestGoTraceCaptures(t *testing.T) {
	for _, c := range []struct {
		file      string
		snapshots bool
	}{
		{"go-releases/go1.20.14/exec.trace", false},
		{"go-releases/go1.22.12/exec.trace", false},
		{"go-releases/go1.27.3/exec.trace", true},
		{"labels/profiles/circulation-0/exec.trace.gz", true},
		{"labels/profiles/circulation-0/flight.trace.gz", true},
		{"skew/profiles/shelves-0/exec.trace.gz", true},
	} {
		path := filepath.Join(sharedCaptures, c.file)
		if _, err := os.Stat(path); err != nil {
			t.Skip("no captures to read")
		}
		b, err := Load([]string{path}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		a := b.Artifacts[0]
		if a.Status != StatusOK || len(a.Losses) > 0 || a.Window.Known() != c.snapshots || a.Window.Rule == "" || (len(b.Clocks) > 0) != c.snapshots {
			t.Errorf("%s: %s %v %+v", c.file, a.Status, a.Losses, b.Clocks)
		}
	}
}

const goTraceDir = "../testdata/specimens/gotrace"

// TestGoTraceSpecimens reads traces of several releases (testdata/programs/gotrace): since go1.25 they hold
// a snapshot for each generation, and wall less monotonic time is constant.
func TestGoTraceSpecimens(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(goTraceDir, "*.trace"))
	if err != nil || len(files) == 0 {
		t.Fatal("no specimens")
	}
	for _, file := range files {
		b, err := Load([]string{file}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		a := b.Artifacts[0]
		old := strings.Contains(file, "go1.20") || strings.Contains(file, "go1.24")
		if a.Status != StatusOK || !a.Read() || !a.Go.Known() {
			t.Errorf("%s: %s, %v, %+v", file, a.Status, a.Losses, a.Go)
		}
		if old {
			if len(b.Clocks) != 0 || a.Window.Known() || !strings.Contains(a.Window.Rule, "no wall clock") {
				t.Errorf("%s: %+v %+v", file, a.Window, b.Clocks)
			}
			continue
		}
		if len(b.Clocks) < 2 {
			t.Errorf("%s: %d snapshots", file, len(b.Clocks))
			continue
		}
		if d := time.Duration(a.Window.End - a.Window.Start); d < 2*time.Second || d > 4*time.Second {
			t.Errorf("%s: a window of %s, and the program slept 2.2 s", file, d)
		}
		first := b.Clocks[0].Wall - b.Clocks[0].Mono
		for _, r := range b.Clocks {
			if d := r.Wall - r.Mono - first; r.Kind != ClockSnapshot || d > 1e6 || d < -1e6 {
				t.Errorf("%s: wall less monotonic time moved by %d ns: %+v", file, d, r)
			}
		}
	}
}

// TestGoTraceCut cuts a trace at every byte: the snapshots before the cut stay, and there is one Loss.
func TestGoTraceCut(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(goTraceDir, "go1.26.8.trace"))
	if err != nil {
		t.Fatal(err)
	}
	whole, _ := loadText(t, "x", string(text))
	for n := 17; n < len(text); n++ {
		b, a := loadText(t, "x", string(text[:n]))
		for i, r := range b.Clocks {
			if r != whole.Clocks[i] {
				t.Fatalf("cut at %d: %+v, want %+v", n, r, whole.Clocks[i])
			}
			if end := r.Ref.Off + r.Ref.Len; end > int64(n) {
				t.Fatalf("cut at %d: a snapshot that ends at %d", n, end)
			}
		}
		for _, w := range whole.Clocks[len(b.Clocks):] {
			if w.Ref.Off+w.Ref.Len <= int64(n) {
				t.Fatalf("cut at %d: the snapshot at %v is lost", n, w.Ref)
			}
		}
		if len(a.Losses) > 1 {
			t.Fatalf("cut at %d: %v", n, a.Losses)
		}
	}
}

// FuzzGoTrace reads damaged traces.
func FuzzGoTrace(f *testing.F) {
	for _, name := range []string{"go1.24.13.trace", "go1.26.8.trace", "go1.27.1.trace"} {
		text, err := os.ReadFile(filepath.Join(goTraceDir, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, x []byte) {
		b := LoadReader("x", strings.NewReader(string(x)), Options{MaxDecoded: 1 << 20})
		for i := range b.Clocks {
			r := &b.Clocks[i]
			if a := b.Artifacts[r.Ref.Artifact]; r.Ref.Off < 0 || r.Ref.Off+r.Ref.Len > a.DecodedBytes {
				t.Errorf("%v is outside of %d bytes", r.Ref, a.DecodedBytes)
			}
		}
	})
}
