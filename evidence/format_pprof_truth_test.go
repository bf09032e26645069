package evidence

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// pprofTruth is what testdata/programs/profiles knows about the profiles of one folder.
type pprofTruth struct {
	Go         string         `json:"go"`
	Provenance string         `json:"provenance"`
	Profiles   []profileTruth `json:"profiles"`
}

type profileTruth struct {
	File     string            `json:"file"`
	Kind     Kind              `json:"kind"`
	Delta    bool              `json:"delta"`
	Empty    bool              `json:"empty"`
	StartMin string            `json:"start_min"`
	StartMax string            `json:"start_max"`
	EndMin   string            `json:"end_min"`
	EndMax   string            `json:"end_max"`
	Total    int64             `json:"total"`
	Samples  int               `json:"samples"`
	Function string            `json:"function"`
	Labels   map[string]string `json:"labels"`
	MinDepth int               `json:"min_depth"`
}

func TestPprofSpecimensAgainstTruth(t *testing.T) {
	paths, err := filepath.Glob("../testdata/specimens/pprof/*/truth.json")
	if err != nil || len(paths) < 8 {
		t.Fatalf("%d truths (%v): the test would look at too little", len(paths), err)
	}
	kinds := map[Kind]int{}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var truth pprofTruth
		if err := json.Unmarshal(b, &truth); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		dir := filepath.Dir(path)
		for _, want := range truth.Profiles {
			t.Run(filepath.Base(dir)+"/"+want.File, func(t *testing.T) {
				a := readPprofBytes(t, gunzip(t, filepath.Join(dir, want.File)))
				kinds[a.Profile.Kind]++
				checkPprofTruth(t, a, &truth, &want)
			})
		}
	}
	for _, k := range []Kind{KindCPU, KindHeap, KindAllocs, KindGoroutine, KindGoroutineLeak, KindMutex, KindBlock,
		KindThreadCreate, KindCustom, KindContention} {
		if kinds[k] == 0 {
			t.Errorf("no specimen is a %s profile", k)
		}
	}
}

// checkPprofTruth compares one profile with what the program that wrote it knows.
func checkPprofTruth(t *testing.T, a *Artifact, all *pprofTruth, want *profileTruth) {
	t.Helper()
	p := a.Profile
	if p.Kind != want.Kind || a.Format != Format("pprof/"+string(want.Kind)) {
		t.Errorf("kind %s, format %s, want %s", p.Kind, a.Format, want.Kind)
	}
	provenance := all.Provenance
	if want.Delta {
		provenance = "re-encoded"
		if len(p.Functions) == 0 {
			provenance = "" // nothing shows that a Go program made it
		}
	}
	if p.Provenance != provenance {
		t.Errorf("provenance %q, want %q", p.Provenance, provenance)
	}
	if p.Delta != want.Delta {
		t.Errorf("delta is %v, want %v", p.Delta, want.Delta)
	}
	if want.Empty && p.Len() > 0 {
		t.Errorf("%d samples, want none", p.Len())
	}
	if want.Samples > 0 && p.Len() != want.Samples {
		t.Errorf("%d samples, want %d", p.Len(), want.Samples)
	}
	inside(t, "start", a.Window.Start, want.StartMin, want.StartMax)
	inside(t, "end", a.Window.End, want.EndMin, want.EndMax)
	if a.Window.Rule == "" {
		t.Error("the window has no rule")
	}
	checkGoVersion(t, a.Go, all.Go)
	var total int64
	found := want.Function == ""
	for s := range p.Samples() {
		total += s.Values[0]
		found = found || s.Depth >= want.MinDepth && hasFunction(p, s, want.Function) && hasLabels(s, want.Labels)
	}
	if want.Total >= 0 && total != want.Total {
		t.Errorf("the first values sum to %d, want %d", total, want.Total)
	}
	if !found {
		t.Errorf("no sample has %s at depth %d and labels %v", want.Function, want.MinDepth, want.Labels)
	}
}

func inside(t *testing.T, what string, got uint64, low, high string) {
	t.Helper()
	lowest, err1 := strconv.ParseUint(low, 10, 64)
	highest, err2 := strconv.ParseUint(high, 10, 64)
	if err1 != nil || err2 != nil || got < lowest || got > highest {
		t.Errorf("%s %d, want %s to %s", what, got, low, high)
	}
}

func hasFunction(p *Profile, s *Sample, name string) bool {
	for fn := range p.Frames(s) {
		if fn != nil && fn.Name == name {
			return true
		}
	}
	return false
}

func hasLabels(s *Sample, want map[string]string) bool {
	n := 0
	for _, l := range s.Labels {
		if v, ok := want[l.Key]; ok && v == l.Value {
			n++
		}
	}
	return n == len(want)
}

// checkGoVersion checks that the range holds the release, and that evidence comes with it.
func checkGoVersion(t *testing.T, got GoVersion, release string) {
	t.Helper()
	if got.Known() != (got.Why != "") {
		t.Errorf("go version %+v: a range and its reason come together", got)
	}
	rest, ok := strings.CutPrefix(release, "go1.")
	if !ok {
		return
	}
	text, _, _ := strings.Cut(rest, ".")
	minor, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("release %q", release)
	}
	if got.Min > minor || got.Max != 0 && got.Max < minor {
		t.Errorf("go version %+v, written by %s", got, release)
	}
}

// TestGoVersionFromSpecimens names how much the profiles that hold enough must tell.
func TestGoVersionFromSpecimens(t *testing.T) {
	rows := []struct {
		file     string
		min, max int
		why      string
	}{
		{"go1.18.10/goroutine", 18, 18, "/toolchain@v0.0.1-go1.18.10"},
		{"go1.20.14/goroutine", 20, 20, "/toolchain@v0.0.1-go1.20.14"},
		{"go1.26.8/goroutine", 26, 26, "runtime.gopark starts at line 445"}, // built with -trimpath
		{"go1.26.8/goroutine.delta", 26, 26, "runtime.gopark starts at line 445"},
		{"go1.27.1/goroutineleak", 27, 27, "/toolchain@v0.0.1-go1.27.1"},
		{"merged/goroutine.merged", 22, 26, "evidence of more than one release"},
		{"go1.26.8/cpu-empty", 0, 0, ""},
	}
	all := pprofSpecimens(t)
	for _, r := range rows {
		raw, ok := all[r.file]
		if !ok {
			t.Errorf("no specimen %s", r.file)
			continue
		}
		got := readPprofBytes(t, raw).Go
		if got.Min != r.min || got.Max != r.max || !strings.Contains(got.Why, r.why) {
			t.Errorf("%s: go version %+v, want %d to %d because of %q", r.file, got, r.min, r.max, r.why)
		}
	}
}
