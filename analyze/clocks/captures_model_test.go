package clocks

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// loadWhole loads the export of a scenario with what chrony and Kubernetes said, and the true clocks by host.
func loadWhole(t *testing.T, scenario string, beside ...string) (*evidence.Bundle, map[string]trueClock) {
	t.Helper()
	_, clocks := loadCapture(t, scenario)
	paths, err := filepath.Glob(filepath.Join(captures, scenario, "otlp", "traces.jsonl*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range beside {
		paths = append(paths, filepath.Join(captures, scenario, dir))
	}
	b, err := evidence.Load(paths, evidence.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(clocks) == 0 { // hotrod's has another form
		data, err := os.ReadFile(filepath.Join(captures, scenario, "truth.json"))
		if err != nil {
			t.Fatal(err)
		}
		var truth struct {
			Clocks map[string]struct {
				trueClock
				Host string
			}
		}
		if err := json.Unmarshal(data, &truth); err != nil {
			t.Fatal(err)
		}
		for _, c := range truth.Clocks {
			clocks[c.Host] = c.trueClock
		}
	}
	return b, clocks
}

// TestHealthyIsNotAccused wants silence where every clock is right to within 60 µs.
func TestHealthyIsNotAccused(t *testing.T) {
	for _, beside := range [][]string{nil, {"chrony"}, {"chrony", "k8s", "profiles"}} {
		b, _ := loadWhole(t, "healthy", beside...)
		for _, always := range []bool{false, true} {
			for _, f := range run(t, b, analyze.Options{Clocks: analyze.ClockOptions{Always: always}}).Findings {
				t.Errorf("with %v, always %v: %s: %s", beside, always, f.ID, f.Message)
			}
		}
	}
}

// TestSkewIsTrue holds what WM5003 and the measures say against the clocks that the hosts really had, with and
// without readings against UTC.
func TestSkewIsTrue(t *testing.T) {
	for _, c := range []struct {
		scenario string
		beside   []string
	}{{"skew", nil}, {"skew", []string{"chrony"}}, {"skew", []string{"chrony", "k8s"}}, {"hotrod", nil}, {"upgrade", nil}} {
		b, clocks := loadWhole(t, c.scenario, c.beside...)
		r := run(t, b, analyze.Options{Clocks: analyze.ClockOptions{Always: true}})
		s, ok := ModelIndex.Computed(r)
		if !ok || s == nil {
			t.Fatalf("%s: no model", c.scenario)
		}
		// offset is the true offset of a domain against the model's reference.
		offset := func(domain string) (nanos int64, known bool) {
			d := s.Model.Domain(domain)
			own, ok := clocks[d.Host]
			if d.Reference == align.UTC {
				return own.error(uint64(s.Middle)), ok
			}
			ref, ok2 := clocks[s.Model.Domain(d.Reference).Host]
			return own.error(uint64(s.Middle)) - ref.error(uint64(s.Middle)), ok && ok2
		}
		tested := 0
		for _, m := range r.Measures {
			if m.Name != "clock.offset_ns" {
				continue
			}
			truth, known := offset(m.Subject["domain"])
			if !known {
				continue
			}
			tested++
			if m.Low != nil && float64(truth) < *m.Low || m.High != nil && float64(truth) > *m.High {
				t.Errorf("%s with %v: the clock of %s is off by %d ns, which is outside its bounds", c.scenario, c.beside, s.name(m.Subject["domain"]), truth)
			}
		}
		if tested < 3 {
			t.Errorf("%s with %v: %d clocks are known: the test tests nothing", c.scenario, c.beside, tested)
		}
		for _, f := range r.Findings {
			if f.ID != "WM5003" {
				continue
			}
			truth, known := offset(f.Subject["domain"])
			side := map[bool]string{true: " ahead of ", false: " behind "}[truth > 0]
			if known && (magnitude(truth) <= ms || !strings.Contains(f.Message, side)) {
				t.Errorf("%s with %v: off by %d ns, said to be: %s", c.scenario, c.beside, truth, f.Message)
			}
		}
		if want := map[bool]int{true: 5, false: 3}[c.beside == nil]; c.scenario == "skew" && len(lines(r, "WM5003")) < want {
			t.Errorf("skew with %v: only %d clocks are found to be off", c.beside, len(lines(r, "WM5003")))
		}
	}
}

// TestPlantedStep wants the one step that was planted, on its host, inside its bracket.
func TestPlantedStep(t *testing.T) {
	b, clocks := loadWhole(t, "skew")
	r := run(t, b, analyze.Options{})
	s, _ := ModelIndex.Computed(r)
	for host, c := range clocks {
		i := slices.IndexFunc(r.Findings, func(f analyze.Finding) bool { return f.ID == "WM5005" && f.Subject["host"] == host })
		if (i >= 0) != (c.StepAt != 0) {
			t.Errorf("%s: step found %v, planted %v", host, i >= 0, c.StepAt != 0)
		}
		if i < 0 {
			continue
		}
		st := s.Model.Domain(r.Findings[i].Subject["domain"]).Steps[0]
		before := c
		before.StepAt = 0
		shown := c.StepAt + before.error(uint64(c.StepAt)) // on the clock itself, when it was set
		if int64(st.After) > shown || int64(st.Before) < shown+c.Step {
			t.Errorf("%s was set at %d to %d, the bracket is %d to %d", host, shown, shown+c.Step, st.After, st.Before)
		}
		if st.Size > c.Step+3*ms || st.Size < c.Step-3*ms {
			t.Errorf("%s: set by %d ns, found %d", host, c.Step, st.Size)
		}
	}
}

// TestSkewNamesTheLikelier: in hotrod the reference is the host whose clock is wrong, and two others agree against it.
func TestSkewNamesTheLikelier(t *testing.T) {
	b, _ := loadWhole(t, "hotrod")
	want := map[string]string{"cars": "of www first", "roads": "of www first", "people": "of people and of www", "a process of edge-proxy": "of a process of edge-proxy and of www"}
	for _, f := range run(t, b, analyze.Options{}).Findings {
		host := f.Subject["host"]
		if f.ID != "WM5003" {
			continue
		}
		if want[host] == "" || !strings.Contains(f.Fix, want[host]) {
			t.Errorf("%s\nfix %s\nwant %q", f.Message, f.Fix, want[host])
		}
		delete(want, host)
	}
	if len(want) > 0 {
		t.Errorf("nothing is said of %v", want)
	}
}
