package stacks

import (
	"os"
	"strings"
	"testing"

	"github.com/witnessmark/witnessmark/analyze"
)

// captures are real captures with known contents, beside the tree where they exist.
const captures = "../../../shared/captures/"

// TestCapturesHaveTheCutStacksOfTheirTruth names every capture with stacks deeper than a limit; truth.json
// there gives the depths (go-releases: depths; leaks: recursion_depth; labels and leaks: stacks_at_limit).
func TestCapturesHaveTheCutStacksOfTheirTruth(t *testing.T) {
	if _, err := os.Stat(captures); err != nil {
		t.Skip("no captures beside the tree")
	}
	cut := map[string]float64{ // stacks: rows of a profile, goroutines of a dump
		"leaks/profiles/members-0/cpu.pb.gz":                   17,
		"leaks/profiles/shelves-0/goroutine.after.pb.gz":       4,
		"leaks/profiles/shelves-0/goroutine.during.pb.gz":      2,
		"leaks/profiles/shelves-0/goroutineleak.pb.gz":         4,
		"leaks/profiles/shelves-0/goroutine.after.debug2.txt":  7,
		"leaks/profiles/shelves-0/goroutine.during.debug2.txt": 4,
		"leaks/profiles/shelves-0/goroutineleak.debug2.txt":    7,
		"labels/profiles/shelves-0/cpu.pb.gz":                  26,
	}
	healthy := []string{"healthy", "skew", "upgrade", "status", "formats", "links"}
	b := load(t, captures+"leaks/profiles", captures+"labels/profiles")
	res := analyze.Run(b, Detectors, analyze.Options{})
	seen := 0
	for _, m := range res.Measures {
		if m.Name != "stacks.truncated" {
			continue
		}
		path := strings.TrimSuffix(strings.TrimPrefix(m.Subject["artifact"], captures), ".gz")
		want, ok := cut[path]
		if !ok {
			want, ok = cut[path+".gz"]
		}
		if ok {
			seen++
		}
		if !strings.Contains(path, "debug1") && m.Value != want {
			t.Errorf("%s: %v stacks cut, want %v", path, m.Value, want)
		}
	}
	if seen != len(cut) {
		t.Errorf("%d of %d captures with cut stacks seen", seen, len(cut))
	}
	for _, name := range healthy {
		res := analyze.Run(load(t, captures+name), Detectors, analyze.Options{})
		for _, f := range res.Findings {
			t.Errorf("%s: %s", name, f.Message)
		}
	}
}

// TestCapturesByRelease has recursion 64, 60, 161, 245 and 85 calls deep in allocations, contention, CPU
// and parked goroutines (go-releases/*/truth.json, depths).
func TestCapturesByRelease(t *testing.T) {
	if _, err := os.Stat(captures); err != nil {
		t.Skip("no captures beside the tree")
	}
	cut := map[string]map[string]bool{
		"go1.20.14": {"allocs.pb": true, "allocs.debug1": true, "block.pb": true, "block.debug1": true, "mutex.pb": true, "mutex.debug1": true,
			"heap.pb": true, "goroutine.pb": true, "goroutine.debug1": true, "goroutine.debug2": true, "goroutine.debug2.tracebacklabels": true,
			"cpu.pb": true, "panic": true},
		"go1.27.3": {"goroutine.pb": true, "goroutine.debug1": true, "goroutine.debug2": true, "goroutine.debug2.tracebacklabels": true,
			"cpu.pb": true, "panic": true, "goroutineleak.pb": true, "sigquit": true},
	}
	cut["go1.22.12"] = cut["go1.20.14"]
	for release, want := range cut {
		res := analyze.Run(load(t, captures+"go-releases/"+release), Detectors, analyze.Options{})
		for _, m := range res.Measures {
			if m.Name != "stacks.truncated" {
				continue
			}
			_, file, _ := strings.Cut(m.Subject["artifact"], release+"/")
			name := strings.TrimSuffix(strings.TrimSuffix(file, ".gz"), ".txt")
			if (m.Value > 0) != want[name] {
				t.Errorf("%s/%s: %v stacks cut, want any: %v", release, file, m.Value, want[name])
			}
		}
	}
}
