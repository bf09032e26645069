package evidence

import (
	"os"
	"path/filepath"
	"testing"
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
