package stacks

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// Made by testdata/programs/stacks, one folder for each release.
const specimens = "../../testdata/specimens/stacks"

// stacksTruth is what the program knows: see its types truth and parked.
type stacksTruth struct {
	Limit  int `json:"limit"`
	Parked []struct {
		Entry  string `json:"entry"`
		Frames int    `json:"frames"`
		State  string `json:"state"`
		Hidden int    `json:"hidden"`
	} `json:"parked"`
	DumpOnly int `json:"dump_only"`
}

func truthOf(t *testing.T, release string) stacksTruth {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(specimens, release, "stacks.truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var truth stacksTruth
	if err := json.Unmarshal(b, &truth); err != nil {
		t.Fatal(err)
	}
	return truth
}

func load(t *testing.T, paths ...string) *evidence.Bundle {
	t.Helper()
	b, err := evidence.Load(paths, evidence.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var classNames = map[class]string{complete: "complete", goexitOnly: "goexit only", certain: "certain",
	likely: "likely", ambiguous: "ambiguous", rootless: "rootless"}

// fullStacks returns the classes of the stacks that fill the limit, by outermost function and frames.
func fullStacks(t *testing.T, path string, limitWant int) map[string]string {
	t.Helper()
	a := load(t, path).Artifacts[0]
	s := collect(a.Profile)
	lim, ok := limitOf(a, s)
	if !ok || lim.frames != limitWant {
		t.Fatalf("limit %d (%s), %v, want %d", lim.frames, lim.why, ok, limitWant)
	}
	called := s.called()
	got := map[string]string{}
	for i := range s.deep {
		if d := &s.deep[i]; d.depth >= int32(lim.frames) && !d.bare {
			got[a.Profile.Functions[d.root].Name] = classNames[s.classOf(d, lim, called)]
		}
	}
	return got
}

var releases = []string{"go1.20.14", "go1.22.12", "go1.26.8", "go1.27.1"}

// TestStacksAtTheLimit looks at goroutines whose stacks are one frame shorter than the limit, as long, and
// longer. Those of main.enter at the limit, main.lone and main.enterFlat are whole.
func TestStacksAtTheLimit(t *testing.T) {
	want := map[string]string{
		"main.enter":     "goexit only", // shorter stacks show it to be an entry
		"main.dive":      "certain",     // main.enter called it, one frame beyond the limit and more
		"main.turn":      "certain",     // the same, with inlined callers added beyond the limit
		"main.recurse":   "ambiguous",   // an entry that calls itself
		"main.lone":      "likely",      // an entry without shorter stack: nothing tells
		"main.enterFlat": "likely",      // the same, deeper than the limit by its inlined call
	}
	// The text form ends at the inlined call itself.
	wantText := maps.Clone(want)
	wantText["main.twice"], wantText["main.flat"] = want["main.turn"], want["main.enterFlat"]
	delete(wantText, "main.turn")
	delete(wantText, "main.enterFlat")
	for _, release := range releases {
		for file, want := range map[string]map[string]string{"goroutine.pb.gz": want, "goroutine.debug1.txt.gz": wantText} {
			t.Run(release+"/"+file, func(t *testing.T) {
				got := fullStacks(t, filepath.Join(specimens, release, file), truthOf(t, release).Limit)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("classes of stacks at the limit (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestShorterStacksAreWhole has stacks of limit-1 frames: a full place is left for runtime.goexit.
func TestShorterStacksAreWhole(t *testing.T) {
	for _, release := range releases {
		limit := truthOf(t, release).Limit
		a := load(t, filepath.Join(specimens, release, "goroutine.pb.gz")).Artifacts[0]
		s := collect(a.Profile)
		lim, _ := limitOf(a, s)
		called, looked := s.called(), 0
		for i := range s.deep {
			if d := &s.deep[i]; d.depth == int32(limit-1) {
				looked++
				if c := s.classOf(d, lim, called); c != complete {
					t.Errorf("%s: a stack of %d frames is %s", release, d.depth, classNames[c])
				}
			}
		}
		if limit > 32 && looked != 2 {
			t.Errorf("%s: %d stacks of %d frames, want 2", release, looked, limit-1)
		}
	}
}

func TestLimitsOfKinds(t *testing.T) {
	tests := []struct {
		file     string
		old, new int
		cut      string // outermost function of every cut stack
	}{
		{"custom.pb.gz", 32, 32, "main.addTo"},
		{"mutex.pb.gz", 32, 128, "main.contend"},
		{"mutex.debug1.txt.gz", 32, 128, "main.contend"},
		{"block.pb.gz", 32, 128, "main.contend"},
		{"heap.pb.gz", 32, 130, "main.diveKeep"}, // maps that grew show fewer frames than the limit
		{"heap.debug1.txt.gz", 32, 130, "main.diveKeep"},
	}
	for _, release := range releases {
		for _, tt := range tests {
			t.Run(release+"/"+tt.file, func(t *testing.T) {
				a := load(t, filepath.Join(specimens, release, tt.file)).Artifacts[0]
				v, want := judge(a), tt.new
				if truthOf(t, release).Limit == 32 {
					want = tt.old
				}
				if v.limit.frames != want || strings.Contains(v.limit.why, "GODEBUG") {
					t.Errorf("limit %d (%s), want %d", v.limit.frames, v.limit.why, want)
				}
				if v.truncated() == 0 {
					t.Errorf("no stack cut of %d", v.total)
				}
				for _, d := range slices.Concat(v.shown[certain], v.shown[likely]) {
					if root := a.Profile.Functions[d.root].Name; root != tt.cut {
						t.Errorf("a stack of %d frames under %s is called cut", d.depth, root)
					}
				}
			})
		}
	}
}

// TestCPUByDepth compares with the depth at which main.burn ran, which its samples carry as a label.
func TestCPUByDepth(t *testing.T) {
	for _, release := range releases {
		a := load(t, filepath.Join(specimens, release, "cpu.pb.gz")).Artifacts[0]
		s := collect(a.Profile)
		lim, ok := limitOf(a, s)
		if !ok || lim.frames != 64 {
			t.Fatalf("%s: limit %d, %v", release, lim.frames, ok)
		}
		depths, seen := map[evidence.Ref]string{}, map[string]map[string]bool{}
		for sample := range a.Profile.Samples() {
			if fn, ok := leafOf(a.Profile, sample); ok && fn == "main.burn" && len(sample.Labels) > 0 {
				depths[sample.Ref] = sample.Labels[0].Value
			}
		}
		called := s.called()
		for i := range s.deep {
			if depth := depths[s.deep[i].ref]; depth != "" {
				if seen[depth] == nil {
					seen[depth] = map[string]bool{}
				}
				seen[depth][classNames[s.classOf(&s.deep[i], lim, called)]] = true
			}
		}
		want := map[string]map[string]bool{"64": {"goexit only": true}, "65": {"certain": true}, "100": {"certain": true}}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Errorf("%s: classes of main.burn by its depth (-want +got):\n%s", release, diff)
		}
	}
}

func leafOf(p *evidence.Profile, s *evidence.Sample) (string, bool) {
	for fn := range p.Frames(s) {
		if fn != nil {
			return fn.Name, true
		}
	}
	return "", false
}

func TestRaisedLimit(t *testing.T) {
	a := load(t, filepath.Join(specimens, "go1.27.1", "depth200.pb.gz")).Artifacts[0]
	v := judge(a)
	if v.limit.frames != 200 || !strings.Contains(v.limit.why, "profstackdepth") {
		t.Errorf("limit %d (%s), want 200 by GODEBUG=profstackdepth", v.limit.frames, v.limit.why)
	}
	if v.stacks[certain] != 0 || v.stacks[likely] != 1 || v.stacks[ambiguous] != 1 {
		t.Errorf("classes %v, want main.dive likely and main.recurse ambiguous: the limit is inferred", v.stacks)
	}
}

// TestDumpsAgainstTruth holds the text against what each goroutine's stack was. In the states compared
// the text shows the program's frames only.
func TestDumpsAgainstTruth(t *testing.T) {
	states := []string{"chan receive", "chan send", "select", "select (no cases)", "chan receive (nil chan)"}
	for _, release := range releases {
		t.Run(release, func(t *testing.T) {
			want := map[string][classes]int{}
			for _, p := range truthOf(t, release).Parked {
				n := want[p.State]
				switch old := release == "go1.20.14"; {
				case !slices.Contains(states, p.State):
					continue
				case old && p.Frames+p.Hidden == 100:
					n[goexitOnly]++
				case old && p.Frames+p.Hidden > 100, p.Frames > 100:
					n[certain]++
				default:
					n[complete]++
				}
				want[p.State] = n
			}
			a := load(t, filepath.Join(specimens, release, "goroutine.debug2.txt.gz")).Artifacts[0]
			var old *oldDump
			if a.Go.Min <= 20 {
				old = newOldDump(a.Dump)
			}
			got := map[string][classes]int{}
			for i := range a.Dump.Goroutines {
				g := &a.Dump.Goroutines[i]
				if state := a.Dump.States[g.State]; slices.Contains(states, state) && len(a.Dump.Stacks[g.Stack]) > 3 {
					n := got[state]
					n[old.classOf(g)]++
					got[state] = n
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("goroutines by state and class (-want +got):\n%s", diff)
			}
		})
	}
}

// TestEveryStateIsCutAt150 has a goroutine of 150 frames in each of ten states; those that spin may have
// hidden frames or not, so nothing is certain of them in old text.
func TestEveryStateIsCutAt150(t *testing.T) {
	for _, release := range releases {
		b := load(t, filepath.Join(specimens, release, "goroutine.debug2.txt.gz"))
		v := judge(b.Artifacts[0])
		if n := v.truncated(); n < 10 {
			t.Errorf("%s: %d stacks cut, want at least 10", release, n)
		}
		if release == "go1.20.14" && v.stacks[likely] == 0 {
			t.Errorf("%s: no runnable goroutine is likely cut", release)
		}
	}
}

// TestSilentWithoutDeepStacks has a healthy server and goroutines with labels: nothing is cut.
func TestSilentWithoutDeepStacks(t *testing.T) {
	for _, release := range releases {
		dir := filepath.Join(specimens, release)
		b := load(t, filepath.Join(dir, "healthy.cpu.pb.gz"), filepath.Join(dir, "healthy.goroutine.pb.gz"),
			filepath.Join(dir, "healthy.goroutine.debug2.txt.gz"), filepath.Join(dir, "labels.goroutine.debug1.txt.gz"),
			filepath.Join(dir, "threadcreate.pb.gz"))
		res := analyze.Run(b, Detectors, analyze.Options{})
		if len(res.Findings) != 0 || res.Checks[0].Outcome != analyze.Clean {
			t.Errorf("%s: outcome %s, findings %+v", release, res.Checks[0].Outcome, res.Findings)
		}
		for _, m := range res.Measures {
			if m.Name == "stacks.truncated" && m.Value != 0 {
				t.Errorf("%s: %v = %v", release, m.Subject, m.Value)
			}
		}
	}
}

func TestFindingStatesWhatIsCertain(t *testing.T) {
	b := load(t, filepath.Join(specimens, "go1.27.1", "goroutine.pb.gz"))
	res := analyze.Run(b, Detectors, analyze.Options{MaxExhibits: 2})
	if len(res.Findings) != 1 {
		t.Fatalf("%d findings, checks %+v", len(res.Findings), res.Checks)
	}
	f := res.Findings[0]
	if f.Basis != analyze.Proven || f.Severity != analyze.Warning || len(f.Exhibits) != 2 {
		t.Errorf("basis %s, severity %s, %d exhibits", f.Basis, f.Severity, len(f.Exhibits))
	}
	want := regexp.MustCompile(`^2 of 14 stacks in .*goroutine\.pb\.gz, with 17\.6 % of the goroutine count, fill the limit of 128 frames ` +
		`\(runtime.gopark starts at line 457 .*\) and end in a function that others call: its callers are missing; ` +
		`of 2 more they likely are; 1 cannot be told$`)
	if !want.MatchString(f.Message) {
		t.Errorf("message %q", f.Message)
	}
	if diff := cmp.Diff(map[string]string{"format": "pprof/goroutine"}, f.Subject); diff != "" {
		t.Error(diff)
	}
}
