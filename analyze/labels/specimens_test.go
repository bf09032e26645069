package labels

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// Made by testdata/programs/stacks (labels.go), one folder for each release.
const specimens = "../../testdata/specimens/stacks"

var releases = []string{"go1.20.14", "go1.22.12", "go1.26.8", "go1.27.1"}

func load(t *testing.T, paths ...string) *evidence.Bundle {
	t.Helper()
	b, err := evidence.Load(paths, evidence.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func run(t *testing.T, keys []string, paths ...string) *analyze.Result {
	t.Helper()
	res := analyze.Run(load(t, paths...), Detectors, analyze.Options{RequireLabels: keys})
	if res.Checks[0].Outcome == analyze.Failed {
		t.Fatal(res.Checks[0].Reason)
	}
	return res
}

// wantCauses counts the goroutines of the label captures by cause, as their truth has them.
func wantCauses(t *testing.T, release string) (causes map[string]float64, labelled float64) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(specimens, release, "labels.truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var truth struct {
		Labels []struct {
			Tenant bool   `json:"tenant"`
			Cause  string `json:"cause"`
		} `json:"labels"`
	}
	if err := json.Unmarshal(b, &truth); err != nil {
		t.Fatal(err)
	}
	causes = map[string]float64{}
	for _, l := range truth.Labels {
		if l.Tenant {
			labelled++
		} else {
			causes[l.Cause]++
		}
	}
	return causes, labelled
}

// measured returns the values of a measure by the subject key by.
func measured(res *analyze.Result, name, by string) map[string]float64 {
	got := map[string]float64{}
	for _, m := range res.Measures {
		if m.Name == name {
			got[m.Subject[by]] += m.Value
		}
	}
	return got
}

// background is what of the program is not labelled and need not be: main and three idle workers.
const background = 4

func TestGoroutinesByCause(t *testing.T) {
	for _, release := range releases {
		for _, file := range []string{"goroutine.pb.gz", "goroutine.debug1.txt.gz", "goroutine.debug2.txt.gz"} {
			t.Run(release+"/"+file, func(t *testing.T) {
				text := strings.Contains(file, "debug2")
				res := run(t, []string{"tenant"}, filepath.Join(specimens, release, "labels."+file))
				if text && release < "go1.26" {
					if c := res.Checks[0]; c.Outcome != analyze.Inapplicable || !strings.Contains(c.Reason, "no goroutine shows a label") {
						t.Errorf("outcome %s (%s): text of this release shows no labels", c.Outcome, c.Reason)
					}
					return
				}
				want, labelled := wantCauses(t, release)
				want[string(entryUnlabelled)] = want["never-labelled"] + background
				want[string(partLabelled)] = want["mixed-entry"]
				if text { // "created by time.goFunc" is in text only
					want[string(timer)] = 1
					want[string(entryUnlabelled)]--
				}
				delete(want, "never-labelled")
				delete(want, "mixed-entry")
				got := measured(res, "label.unlabelled", "cause")
				var all float64
				for _, n := range want {
					all += n
				}
				// The goroutine that writes the capture is main: it is left out.
				want[string(entryUnlabelled)]--
				all--
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("unlabelled goroutines by cause (-want +got):\n%s", diff)
				}
				coverage := measured(res, "label.coverage", "key")["tenant"]
				if want := labelled / (labelled + all); math.Abs(coverage-want) > 1e-9 {
					t.Errorf("coverage %v, want %v", coverage, want)
				}
			})
		}
	}
}

// TestCPUFindings names the functions that the findings must name, and no others.
func TestCPUFindings(t *testing.T) {
	for _, release := range releases {
		res := run(t, []string{"tenant"}, filepath.Join(specimens, release, "labels.cpu.pb.gz"))
		got := map[string]string{}
		for _, f := range res.Findings {
			if f.Severity == analyze.Error {
				got[f.Subject["entry"]] = fmt.Sprintf("%s %s", f.Subject["cause"], f.Basis)
			}
			if f.Subject["of"] != "cpu" || f.Subject["key"] != "tenant" || len(f.Exhibits) == 0 {
				t.Errorf("%s: subject %v, %d exhibits", release, f.Subject, len(f.Exhibits))
			}
		}
		want := map[string]string{
			"main.captureLabels.func3.1":   "inside-do proven", // erased
			"main.captureLabels.func4.1":   "inside-do proven", // detached
			"main.worker":                  "entry-unlabelled heuristic",
			"main.captureLabels.func6.1.1": "entry-unlabelled heuristic", // timer
			"main.otherKey":                "other-labels proven",
			"main.sibling":                 "part-labelled heuristic",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: errors by entry function (-want +got):\n%s", release, diff)
		}
	}
}

// TestHealthyIsSilent has a server whose handler works under labels; the rest is the runtime and net/http.
func TestHealthyIsSilent(t *testing.T) {
	for _, release := range releases {
		dir := filepath.Join(specimens, release)
		res := run(t, []string{"tenant", "route"}, filepath.Join(dir, "healthy.cpu.pb.gz"),
			filepath.Join(dir, "healthy.goroutine.pb.gz"), filepath.Join(dir, "healthy.goroutine.debug2.txt.gz"))
		for _, f := range res.Findings {
			t.Errorf("%s: %s %s", release, f.Severity, f.Message)
		}
		if c := res.Checks[0]; c.Outcome != analyze.Clean {
			t.Errorf("%s: outcome %s (%s)", release, c.Outcome, c.Reason)
		}
		if labelled := measured(res, "profile.labelled", "artifact"); len(labelled) != 2 {
			t.Errorf("%s: profile.labelled of %v", release, labelled)
		}
	}
}

// TestKindsWithoutLabels has kinds that cannot carry labels: no label is missing from them.
func TestKindsWithoutLabels(t *testing.T) {
	dir := filepath.Join(specimens, "go1.27.1")
	res := run(t, []string{"tenant"}, filepath.Join(dir, "heap.pb.gz"), filepath.Join(dir, "mutex.pb.gz"),
		filepath.Join(dir, "block.pb.gz"), filepath.Join(dir, "threadcreate.pb.gz"))
	if c := res.Checks[0]; c.Outcome != analyze.Inapplicable || c.Reason == "" {
		t.Errorf("outcome %s (%s), want inapplicable", c.Outcome, c.Reason)
	}
	if got := measured(res, "label.coverage", "artifact"); len(got) != 0 {
		t.Errorf("coverage of kinds that cannot carry labels: %v", got)
	}
	if got := measured(res, "profile.samples", "artifact"); len(got) != 4 {
		t.Errorf("profile.samples of %d profiles, want 4", len(got))
	}
}

func TestNoKeyRequired(t *testing.T) {
	res := run(t, nil, filepath.Join(specimens, "go1.27.1", "labels.cpu.pb.gz"))
	if c := res.Checks[0]; c.Outcome != analyze.Inapplicable || !strings.Contains(c.Reason, "--require-label KEY; carried here: route, tenant, job") {
		t.Errorf("outcome %s (%s)", c.Outcome, c.Reason)
	}
	if got := measured(res, "profile.labelled", "artifact"); len(got) != 1 {
		t.Errorf("profile.labelled %v, want it also without a required key", got)
	}
}

// TestWorksInDo has the moments of pprof.Do when there are no labels although nothing replaced them.
func TestWorksInDo(t *testing.T) {
	for _, tt := range []struct {
		name  string
		stack []string // innermost first
		want  bool
	}{
		{"the function runs", []string{"main.work", "main.f.func1", "runtime/pprof.Do", "main.f"}, true},
		{"Do itself", []string{"runtime/pprof.Do", "main.f"}, false},
		{"labels are made", []string{"runtime.mallocgc", "runtime/pprof.WithLabels", "runtime/pprof.Do", "main.f"}, false},
		{"labels are restored", []string{"runtime/pprof.SetGoroutineLabels", "runtime/pprof.Do.deferwrap1", "runtime/pprof.Do"}, false},
		{"its stack grows", []string{"runtime.copystack", "runtime.newstack", "runtime.morestack", "runtime/pprof.Do"}, false},
		{"an inner Do makes labels", []string{"runtime/pprof.WithLabels", "runtime/pprof.Do", "main.g", "runtime/pprof.Do"}, true},
		{"no Do", []string{"main.work", "runtime.main"}, false},
	} {
		if got := worksInDo(slices.Values(tt.stack)); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// captures are real captures with known contents, beside the tree where they exist.
const captures = "../../../shared/captures/"

// cpuTruth is what the truth.json of a capture says of its CPU profiles.
type cpuTruth struct {
	CPU []struct {
		File     string `json:"file"`
		Measured struct {
			Samples    float64 `json:"samples"`
			Unlabelled float64 `json:"unlabelled"`
			ByCause    map[string]struct {
				Samples  float64 `json:"samples"`
				Labelled float64 `json:"labelled"`
			} `json:"by_cause"`
		} `json:"measured"`
	} `json:"cpu"`
}

// TestCapturesAgainstTruth compares with the counts that a separate program made of the CPU profiles.
func TestCapturesAgainstTruth(t *testing.T) {
	paths, _ := filepath.Glob(captures + "*/truth.json")
	if len(paths) == 0 {
		t.Skip("no captures beside the tree")
	}
	looked := 0
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var truth cpuTruth
		if err := json.Unmarshal(b, &truth); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, c := range truth.CPU {
			file := filepath.Join(filepath.Dir(path), c.File)
			res := run(t, []string{"tenant"}, file)
			looked++
			var samples, unlabelled float64
			for s := range load(t, file).Artifacts[0].Profile.Samples() {
				samples += float64(s.Values[0])
				if len(s.Labels) == 0 {
					unlabelled += float64(s.Values[0])
				}
			}
			if samples != c.Measured.Samples || unlabelled != c.Measured.Unlabelled {
				t.Errorf("%s: %v samples, %v unlabelled, want %+v", file, samples, unlabelled, c.Measured)
			}
			var lost float64 // the program's work without labels
			for _, cause := range c.Measured.ByCause {
				lost += cause.Samples - cause.Labelled
			}
			got := maps.Clone(measured(res, "label.unlabelled", "cause"))
			delete(got, string(otherLabels))
			var all float64
			for _, v := range got {
				all += v / 1e7 // 10 ms a sample
			}
			// Besides, a few samples of handlers around their labelled part.
			if all < lost || all > lost+3 {
				t.Errorf("%s: %v samples unlabelled by cause %v, want %v and at most 3 more", file, all, got, lost)
			}
		}
	}
	if looked < 10 {
		t.Errorf("%d profiles compared: the test looks at too little", looked)
	}
}

// TestCapturesRaiseWhatTheirTruthHas requires a label of every capture.
func TestCapturesRaiseWhatTheirTruthHas(t *testing.T) {
	if _, err := os.Stat(captures); err != nil {
		t.Skip("no captures beside the tree")
	}
	for _, name := range []string{"healthy", "skew", "upgrade", "status", "formats", "leaks", "links"} {
		for _, f := range run(t, []string{"tenant"}, captures+name+"/profiles").Findings {
			if f.Severity == analyze.Error {
				t.Errorf("%s: %s", name, f.Message)
			}
		}
	}
	got := map[string]string{}
	for _, f := range run(t, []string{"tenant"}, captures+"labels/profiles").Findings {
		if f.Severity == analyze.Error {
			n, _, _ := strings.Cut(f.Message, " ")
			got[f.Subject["service"]+" "+f.Subject["entry"]+" "+f.Subject["cause"]] = n
			if !strings.Contains(f.Message, captures+"labels/profiles/"+f.Subject["service"]) {
				t.Errorf("%q does not say where", f.Message)
			}
		}
	}
	want := map[string]string{
		"circulation-0 biblio/internal/bench.(*Desk).cartLoop entry-unlabelled":  "66", // handoff
		"fines-0 biblio/internal/bench.(*Desk).pageLoop entry-unlabelled":        "17", // pool
		"shelves-0 biblio/internal/bench.(*Desk).Burn.func5.1 entry-unlabelled":  "35", // timer
		"members-0 net/http.(*conn).serve entry-unlabelled":                      "38", // none, 37, and one sample beside it
		"portal-0 net/http.(*conn).serve inside-do":                              "33", // reset
		"portal-0 biblio/internal/bench.(*Desk).afterClose.func1.1 other-labels": "30", // afterfunc: the canceller's
		"fines-0 biblio/internal/bench.(*Desk).afterClose.func1.1 other-labels":  "16",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("errors of labels (-want +got):\n%s", diff)
	}
}
