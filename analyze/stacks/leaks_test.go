package stacks_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/stacks"
	"github.com/witnessmark/witnessmark/evidence"
)

// Made by testdata/programs/leaks, one folder for each release.
const leakSpecimens = "../../testdata/specimens/leaks"

// leaksOf writes the findings about goroutines that never end as "ID function number".
func leaksOf(t *testing.T, paths ...string) ([]string, *analyze.Result) {
	t.Helper()
	b, err := evidence.Load(paths, evidence.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := analyze.Run(b, stacks.Detectors, analyze.Options{})
	var out []string
	for _, c := range r.Checks {
		if c.Outcome == analyze.Failed {
			t.Fatalf("%s failed: %s", c.ID, c.Reason)
		}
	}
	for _, f := range r.Findings {
		if f.ID == "WM3002" || f.ID == "WM3003" {
			at := f.Subject["at"]
			out = append(out, strings.Join([]string{f.ID, f.Subject["process"], at[strings.LastIndexByte(at, '.')+1:], stateOf(f.Message)}, " "))
		}
	}
	slices.Sort(out)
	return out, r
}

// stateOf is the state that a message names.
func stateOf(message string) string {
	_, rest, _ := strings.Cut(message, ":")
	_, rest, _ = strings.Cut(rest, ", ")
	state, _, _ := strings.Cut(rest, ")")
	return state
}

func TestGrowingAndLeaked(t *testing.T) {
	for name, want := range map[string][]string{
		"go1.22.12/leaking": {"WM3003 leaking receive chan receive", "WM3003 leaking tick chan receive", "WM3003 leaking visit sync.Mutex.Lock"},
		"go1.22.12/healthy": nil,
		"go1.27.1/leaking":  {"WM3002 leaking receive chan receive", "WM3003 leaking tick chan receive", "WM3003 leaking visit sync.Mutex.Lock"},
		"go1.27.1/healthy":  nil,
	} {
		t.Run(name, func(t *testing.T) {
			got, r := leaksOf(t, filepath.Join(leakSpecimens, name))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			growth := map[string]float64{}
			for _, m := range r.Measures {
				if m.Name == "goroutines.growth" {
					growth[m.Subject["created_by"]] = m.Value
				}
			}
			var measured map[string]float64
			if want != nil {
				measured = map[string]float64{"main.main": 24, "main.wait": 12}
			}
			if len(measured)+len(growth) > 0 && !cmp.Equal(measured, growth) {
				t.Errorf("goroutines.growth %v, want %v", growth, measured)
			}
		})
	}
}

// TestGrowthNeedsSeveral finds nothing where a single form or moment does not prove it.
func TestGrowthNeedsSeveral(t *testing.T) {
	in := func(names ...string) (out []string) {
		for _, n := range names {
			out = append(out, filepath.Join(leakSpecimens, "go1.22.12/leaking", n))
		}
		return out
	}
	for name, c := range map[string]struct {
		paths []string
		want  int
	}{
		"one dump":                          {in("goroutine.3.debug2.txt"), 0},
		"the same dump twice":               {in("goroutine.3.debug2.txt", "goroutine.3.debug2.txt"), 0},
		"two dumps, which chance may bring": {in("goroutine.2.debug2.txt", "goroutine.3.debug2.txt"), 0},
		"three dumps, without their time":   {in("goroutine.1.debug2.txt", "goroutine.2.debug2.txt", "goroutine.3.debug2.txt"), 3},
		"three profiles, without their ids": {in("goroutine.1.pb.gz", "goroutine.2.pb.gz", "goroutine.3.pb.gz"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got, _ := leaksOf(t, c.paths...); len(got) != c.want {
				t.Errorf("findings %q, want %d", got, c.want)
			}
		})
	}
}

// TestUnseenProcesses: what is not there to be seen is not clean, also where other processes have it.
func TestUnseenProcesses(t *testing.T) {
	const captures = "../../../shared/captures/go-releases/"
	if _, err := os.Stat(captures); err != nil {
		t.Skip("no captures beside the tree")
	}
	for _, c := range []struct {
		paths          []string
		leaked, growth string
	}{
		{[]string{captures + "go1.20.14"}, "inapplicable no goroutineleak profile", "inapplicable no process has two snapshots"},
		{[]string{captures + "go1.20.14", captures + "go1.22.12", captures + "go1.27.3"}, "found 2 of 3 processes: no goroutineleak profile", "inapplicable no process has two snapshots"},
		{[]string{captures + "go1.27.3"}, "found ", "inapplicable no process has"},
		{[]string{captures + "go1.20.14", filepath.Join(leakSpecimens, "go1.27.1/healthy")}, "clean 1 of 2 processes", "clean 1 of 2 processes: without two snapshots"},
		{[]string{filepath.Join(leakSpecimens, "go1.27.1/healthy")}, "clean ", "clean "},
	} {
		_, r := leaksOf(t, c.paths...)
		for _, k := range r.Checks {
			want, got := map[string]string{"WM3002": c.leaked, "WM3003": c.growth}[k.ID], string(k.Outcome)+" "+k.Reason
			if !strings.HasPrefix(got, want) || strings.HasSuffix(want, " ") && got != want {
				t.Errorf("%s of %v: %q, want %q", k.ID, c.paths, got, want)
			}
		}
	}
}

// TestCapturedLeaks compares with what the programs of a capture leaked, by the kinds that its truth names.
func TestCapturedLeaks(t *testing.T) {
	const captures = "../../../shared/captures"
	for scenario, want := range map[string][]string{
		"leaks": {
			"WM3002 circulation-0 callOn chan send", "WM3002 circulation-0 keepOn select", "WM3002 portal-0 readOn chan receive",
			"WM3002 shelves-0 func1 chan receive", "WM3003 fines-0 clockOn chan receive", "WM3003 shelves-0 visitOn sync.Mutex.Lock",
		},
		"healthy": nil, "labels": nil, "upgrade": nil, "status": nil, "skew": nil,
	} {
		t.Run(scenario, func(t *testing.T) {
			paths, _ := filepath.Glob(filepath.Join(captures, scenario, "profiles", "*", "goroutine*"))
			dumps, _ := filepath.Glob(filepath.Join(captures, scenario, "dumps", "*"))
			if len(paths) == 0 {
				t.Skipf("no captures at %s: nothing to compare with", captures)
			}
			got, _ := leaksOf(t, append(paths, dumps...)...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("findings (-truth +got):\n%s", diff)
			}
		})
	}
}
