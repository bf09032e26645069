package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// folder is a document of n sound profiles of one folder, one damaged among them, and of two files elsewhere.
func folder(n int) *Document {
	samples := 3
	d := &Document{Run: Run{Command: "examine"}}
	add := func(path, format, status, host string) {
		d.Artifacts = append(d.Artifacts, Artifact{
			ID: fmt.Sprint("a", len(d.Artifacts)+1), Path: path, Format: format, Status: status, Read: true, Bytes: 1024,
			Identity: Identity{Host: host}, Samples: &samples, GoVersion: &GoVersion{Min: "1.26", Max: "1.26"},
		})
	}
	add("d/a/cut.pb.gz", "pprof/heap", "damaged", "host-1")
	for i := range n {
		add(fmt.Sprintf("d/a/%03d.pb.gz", i), []string{"pprof/cpu", "pprof/heap"}[i%2], "ok", fmt.Sprint("host-", i%2))
	}
	d.Artifacts[1].GoVersion = &GoVersion{Min: "1.21"} // a bound beside files that tell
	add("d/b/x.pb.gz", "pprof/heap", "ok", "host-1")
	add("d/b/y.pb.gz", "pprof/heap", "ok", "host-1")
	return d
}

func TestArtifactsFold(t *testing.T) {
	table := func(n, limit int) string {
		var out bytes.Buffer
		if err := renderTable(&out, folder(n), TerminalOptions{Width: 200, Limit: limit}); err != nil {
			t.Fatal(err)
		}
		rows, _, _ := strings.Cut(out.String(), "\n\n")
		return rows
	}
	got := table(30, 50)
	var row string
	for line := range strings.Lines(got) {
		if strings.HasPrefix(line, "d/a/*") {
			row = strings.Join(strings.Fields(line), " ")
		}
	}
	if want := "d/a/* (30 files) 2 kinds 30.0 KiB 90 samples 2 hosts go1.26 ok"; row != want {
		t.Errorf("row of the folder:\n%s\nwant:\n%s", row, want)
	}
	for _, path := range []string{"d/a/cut.pb.gz", "d/b/x.pb.gz", "d/b/y.pb.gz"} {
		if !strings.Contains(got, path) {
			t.Errorf("%s has no row:\n%s", path, got)
		}
	}
	if strings.Contains(got, "more") {
		t.Errorf("rows are said to be missing:\n%s", got)
	}
	for name, got := range map[string]string{"no limit": table(30, 0), "few files": table(10, 50)} {
		if strings.Contains(got, "files)") || !strings.Contains(got, "d/a/004.pb.gz") {
			t.Errorf("%s: folded:\n%s", name, got)
		}
	}
	if got := table(30, 2); !strings.Contains(got, "d/a/cut.pb.gz") || !strings.Contains(got, "… 2 more (2 ok); --limit 0 lists all") {
		t.Errorf("at most two rows:\n%s", got)
	}
}
