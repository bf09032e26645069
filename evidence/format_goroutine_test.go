package evidence

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// readWith runs one reader over data, as Load does after the containers are peeled. It returns nil where
// the reader refuses the data.
func readWith(t testing.TB, f format, data []byte) *Artifact {
	t.Helper()
	return readStream(t, f, bytes.NewReader(data))
}

func readStream(t testing.TB, f format, r io.Reader) *Artifact {
	t.Helper()
	a := &Artifact{Format: FormatUnknown}
	in := newInput(r, a, 0)
	in.fill(sniffBytes)
	if !f.sniff(in.data(), in.eof) {
		return nil
	}
	if !f.read(in) {
		if a.Dump != nil || a.Profile != nil || len(a.Losses) > 0 || a.Format != FormatUnknown {
			t.Fatalf("the reader refused the data and changed the artifact: %+v", a)
		}
		return nil
	}
	in.close()
	return a
}

// capturesDir returns the folder of shared captures beside the repository, or skips the test.
func capturesDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join("..", "..", "shared", "captures")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no captures: %v", err)
	}
	return dir
}

// readFile reads a file, or its .gz, decompressed.
func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) && !strings.HasSuffix(path, ".gz") {
		path += ".gz"
		data, err = os.ReadFile(path)
	}
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if data, err = io.ReadAll(z); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	return data
}

// TestGoroutineCaptures compares every debug=2 file of the shared captures with what a separate program
// counted in it.
func TestGoroutineCaptures(t *testing.T) {
	dir := capturesDir(t)
	files := 0
	truths, err := filepath.Glob(filepath.Join(dir, "*", "truth.json"))
	if err != nil || len(truths) == 0 {
		t.Fatalf("truths: %v, %v", truths, err)
	}
	for _, truth := range truths {
		var want struct {
			Measured struct {
				Goroutines map[string]json.RawMessage
			}
		}
		if err := json.Unmarshal(readFile(t, truth), &want); err != nil {
			t.Fatalf("%s: %v", truth, err)
		}
		for name, raw := range want.Measured.Goroutines {
			var count struct{ Goroutines, Elided int }
			if !strings.HasSuffix(name, ".txt") || json.Unmarshal(raw, &count) != nil {
				continue
			}
			path := filepath.Join(filepath.Dir(truth), name)
			if found, _ := filepath.Glob(path + "*"); len(found) == 0 {
				continue // counted, and not kept
			}
			files++
			a := readWith(t, formatGoroutine, readFile(t, path))
			if a == nil {
				t.Errorf("%s: refused", path)
				continue
			}
			elided := 0
			for _, g := range a.Dump.Goroutines {
				if g.Elided != 0 {
					elided++
				}
			}
			if n := len(a.Dump.Goroutines); n != count.Goroutines || elided != count.Elided {
				t.Errorf("%s: %d goroutines, %d elided; want %d, %d", path, n, elided, count.Goroutines, count.Elided)
			}
			if a.Dump.Dumps != 1 || a.Dump.ForeignLines != 0 || len(a.Losses) != 0 || a.Format != FormatGoroutineDebug2 {
				t.Errorf("%s: %d dumps, %d foreign lines, losses %v, format %s", path, a.Dump.Dumps, a.Dump.ForeignLines, a.Losses, a.Format)
			}
		}
	}
	if files == 0 {
		t.Error("no debug=2 file compared")
	}
	t.Logf("%d files", files)
}
