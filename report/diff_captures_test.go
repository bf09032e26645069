package report

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/all"
	"github.com/witnessmark/witnessmark/evidence"
)

// resampler draws captures out of a real one: traces as a whole, and CPU samples one by one, both with
// replacement.
type resampler struct {
	resources []string           // each as JSON
	traces    []map[int][]string // spans by resource, as JSON, with their trace id as traceMark
	profiles  []*profile.Profile // of which the first CPU profile is drawn
	r         *rand.Rand
}

const traceMark = "@trace@"

func newResampler(t *testing.T, scenario string) *resampler {
	t.Helper()
	const captures = "../../shared/captures"
	f, err := os.Open(filepath.Join(captures, scenario, "otlp", "traces.jsonl.gz"))
	if err != nil {
		t.Skipf("no captures at %s: nothing to draw from", captures)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var batch struct {
		ResourceSpans []struct {
			Resource   json.RawMessage
			ScopeSpans []struct{ Spans []json.RawMessage }
		}
	}
	s := &resampler{r: rand.New(rand.NewPCG(4, 4))}
	byTrace := map[string]int{}
	for dec := json.NewDecoder(z); dec.More(); {
		if err := dec.Decode(&batch); err != nil {
			t.Fatal(err)
		}
		for _, rs := range batch.ResourceSpans {
			r := slices.Index(s.resources, string(rs.Resource))
			if r < 0 {
				r, s.resources = len(s.resources), append(s.resources, string(rs.Resource))
			}
			for _, scope := range rs.ScopeSpans {
				for _, span := range scope.Spans {
					s.add(t, byTrace, r, span)
				}
			}
		}
	}
	cpu, err := filepath.Glob(filepath.Join(captures, scenario, "profiles", "*", "cpu.pb.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range cpu {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		p, err := profile.ParseData(data)
		if err != nil {
			t.Fatal(err)
		}
		s.profiles = append(s.profiles, p)
	}
	return s
}

func (s *resampler) add(t *testing.T, byTrace map[string]int, resource int, span json.RawMessage) {
	t.Helper()
	var id struct{ TraceID string }
	if err := json.Unmarshal(span, &id); err != nil {
		t.Fatal(err)
	}
	i, ok := byTrace[id.TraceID]
	if !ok {
		i = len(s.traces)
		byTrace[id.TraceID], s.traces = i, append(s.traces, map[int][]string{})
	}
	s.traces[i][resource] = append(s.traces[i][resource], strings.Replace(string(span), `"traceId":"`+id.TraceID+`"`, `"traceId":"`+traceMark+`"`, 1))
}

// draw makes one capture.
func (s *resampler) draw(t *testing.T) *Side {
	t.Helper()
	spans := make([][]string, len(s.resources))
	for range s.traces {
		id := fmt.Sprintf("%016x%016x", s.r.Uint64()|1, s.r.Uint64())
		for r, of := range s.traces[s.r.IntN(len(s.traces))] {
			for _, span := range of {
				spans[r] = append(spans[r], strings.Replace(span, traceMark, id, 1))
			}
		}
	}
	dir := t.TempDir()
	var out strings.Builder
	for r, resource := range s.resources {
		if len(spans[r]) > 0 {
			fmt.Fprintf(&out, `{"resourceSpans":[{"resource":%s,"scopeSpans":[{"spans":[%s]}]}]}`+"\n", resource, strings.Join(spans[r], ","))
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "traces.jsonl"), []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	for i, p := range s.profiles {
		var gz bytes.Buffer
		if err := s.drawProfile(p).Write(&gz); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("cpu%d.pb.gz", i)), gz.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := evidence.Load([]string{dir}, evidence.Options{})
	if err != nil {
		t.Fatal(err)
	}
	// The checks on the model of the clocks are left out for their time: their measures have bounds and no
	// direction, and fail no run.
	disabled := map[string]bool{}
	for _, d := range all.Detectors() {
		disabled[d.ID] = d.ID >= "WM5003" && d.ID < "WM6" || d.ID >= "WM7"
	}
	return &Side{Input: "capture", Bundle: b, Document: New(analyze.Run(b, all.Detectors(), analyze.Options{Disabled: disabled}), Request{Command: "examine"})}
}

func (s *resampler) drawProfile(p *profile.Profile) *profile.Profile {
	out := p.Copy()
	var rows []int
	for i, sample := range p.Sample {
		for range sample.Value[0] {
			rows = append(rows, i)
		}
		clear(out.Sample[i].Value)
	}
	for range rows {
		i := rows[s.r.IntN(len(rows))]
		out.Sample[i].Value[0]++
		out.Sample[i].Value[1] += p.Period
	}
	out.Sample = slices.DeleteFunc(out.Sample, func(s *profile.Sample) bool { return s.Value[0] == 0 })
	return out
}

// TestDiffOfResampledCaptures: captures drawn from a real one that has every fault of links, and from one that has
// CPU profiles of every service, do not fail a build.
func TestDiffOfResampledCaptures(t *testing.T) {
	if testing.Short() {
		t.Skip("compares 200 pairs")
	}
	const pairs, most = 100, 5 // of each
	for _, scenario := range []string{"links", "labels"} {
		s := newResampler(t, scenario)
		failed := 0
		for range pairs {
			if d := Diff(s.draw(t), s.draw(t), DiffOptions{FailOn: "note"}); d.Run.ExitCode == ExitFindings {
				failed++
				t.Logf("false alarm: %+v", d.Regressions)
			}
		}
		t.Logf("%s: %d of %d comparisons of resampled captures failed, %.1f %% (at most 5 %%)", scenario, failed, pairs, 100*float64(failed)/pairs)
		if failed > most {
			t.Errorf("%s: %d of %d failed, want %d at most", scenario, failed, pairs, most)
		}
	}
}
