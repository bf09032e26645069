package evidence_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/witnessmark/witnessmark/evidence"
)

// captures is the folder of captures with known contents. Tests that need it skip without it.
const captures = "../../shared/captures"

func needCaptures(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(captures); err != nil {
		t.Skipf("no captures at %s: nothing to compare with", captures)
	}
}

// truth is what the programs that made a scenario say of it.
type truth struct {
	Files []struct{ Path, What string }
	Spans struct {
		DistinctTraces    int            `json:"distinct_traces"`
		ExportedByKind    map[string]int `json:"exported_by_kind"`
		ExportedByService map[string]int `json:"exported_by_service"`
		Links             int
		Totals            struct {
			ExportedRecords  int `json:"exported_records"`
			ExportedDistinct int `json:"exported_distinct"`
		}
	}
	CPU []struct {
		File     string
		Measured struct{ Samples, Unlabelled int64 }
	}
	Measured struct {
		Goroutines map[string]json.RawMessage
	}
	Counted *struct {
		Spans, Traces, Links, Events int
		ByService                    map[string]int `json:"by_service"`
		ByKind                       map[string]int `json:"by_kind"`
	}
	Goroutines int
}

func readTruth(t *testing.T, scenario string) truth {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(captures, scenario, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tr truth
	if err := json.Unmarshal(data, &tr); err != nil {
		t.Fatalf("%s: %v", scenario, err)
	}
	return tr
}

func load(t *testing.T, path string) *evidence.Bundle {
	t.Helper()
	b, err := evidence.Load([]string{path}, evidence.Options{Jobs: 2})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// formatOf translates truth.json's word for a file into our format.
var formatOf = map[string]evidence.Format{
	"allocs":                             "pprof/allocs",
	"block":                              "pprof/block",
	"cpu":                                "pprof/cpu",
	"goroutine":                          "pprof/goroutine",
	"goroutineleak":                      "pprof/goroutineleak",
	"heap":                               "pprof/heap",
	"heap, the difference over a second": "pprof/heap",
	"mutex":                              "pprof/mutex",
	"threadcreate":                       "pprof/threadcreate",
	"goroutine debug=1":                  "goroutine/debug1",
	"goroutineleak debug=1":              "goroutineleak/debug1",
	"heap debug=1":                       "heap/debug1",
	"mutex debug=1":                      "mutex/debug1",
	"goroutine debug=2":                  evidence.FormatGoroutineDebug2,
	"goroutineleak debug=2":              evidence.FormatGoroutineDebug2,
	"stderr with goroutine dump":         evidence.FormatGoroutineQuit,
	"the same log, cri prefix put on by the lab":  evidence.FormatGoroutineQuit,
	"the same log, klog prefix put on by the lab": evidence.FormatGoroutineQuit,
	"execution trace":     "go-trace",
	"flight recorder":     "go-trace",
	"metrics text":        "prometheus/text",
	"metrics openmetrics": "openmetrics/text",
	"chronyc tracking":    "chrony/tracking",
	"chronyc tracking-c":  "chrony/tracking",
	"chronyc sources-v":   "chrony/sources",
	"chronyc sources-c":   "chrony/sources",
}

var scenarios = []string{"formats", "healthy", "labels", "leaks", "links", "native", "skew", "status", "upgrade"}

// TestCapturesFormats compares the format of every file that truth.json names.
func TestCapturesFormats(t *testing.T) {
	needCaptures(t)
	for _, s := range scenarios {
		t.Run(s, func(t *testing.T) {
			b := load(t, filepath.Join(captures, s))
			got := map[string]*evidence.Artifact{}
			for _, a := range b.Artifacts {
				rel, err := filepath.Rel(filepath.Join(captures, s), filepath.FromSlash(a.Path))
				if err != nil {
					t.Fatal(err)
				}
				got[filepath.ToSlash(rel)] = a
			}
			for _, f := range readTruth(t, s).Files {
				want, ok := formatOf[f.What]
				if !ok {
					continue // kubectl and cloud documents: named by the recognisers' own tests
				}
				a := got[f.Path]
				if a == nil {
					continue // truth.json names some files that were left out of the folder
				}
				if a.Profile != nil && a.Profile.Len() == 0 && a.Format == "pprof/contention" {
					continue // mutex and block profiles differ in their stacks only: an empty one is neither
				}
				if a.Format != want {
					t.Errorf("%s (%s): format %s, want %s", f.Path, f.What, a.Format, want)
				}
				if delta := strings.Contains(f.What, "difference"); a.Profile != nil && a.Profile.Delta != delta {
					t.Errorf("%s (%s): delta %v, want %v", f.Path, f.What, a.Profile.Delta, delta)
				}
				if a.Status != evidence.StatusOK {
					t.Errorf("%s: status %s %v", f.Path, a.Status, a.Losses)
				}
			}
		})
	}
}

// TestCapturesGoroutines compares goroutine and elision counts of debug=2 dumps.
func TestCapturesGoroutines(t *testing.T) {
	needCaptures(t)
	compared := 0
	for _, s := range scenarios {
		for name, raw := range readTruth(t, s).Measured.Goroutines {
			var want struct{ Goroutines, Elided int }
			if json.Unmarshal(raw, &want) != nil {
				continue // a figure of another kind
			}
			path := filepath.Join(captures, s, filepath.FromSlash(name))
			if _, err := os.Stat(path); err != nil {
				path += ".gz"
			}
			if _, err := os.Stat(path); err != nil {
				continue
			}
			d := load(t, path).Artifacts[0].Dump
			if d == nil {
				t.Errorf("%s/%s: no dump was read", s, name)
				continue
			}
			elided := 0
			for _, g := range d.Goroutines {
				if g.Elided != 0 {
					elided++
				}
			}
			if len(d.Goroutines) != want.Goroutines || elided != want.Elided {
				t.Errorf("%s/%s: %d goroutines, %d elided; want %d, %d", s, name, len(d.Goroutines), elided, want.Goroutines, want.Elided)
			}
			compared++
		}
	}
	if compared < 50 {
		t.Errorf("compared only %d dumps", compared)
	}
	for _, release := range []string{"go1.20.14", "go1.22.12", "go1.27.3"} {
		want := readTruth(t, "go-releases/"+release).Goroutines
		dir := filepath.Join(captures, "go-releases", release)
		for _, pattern := range []string{"goroutine.debug2.txt*", "goroutine.debug2.tracebacklabels.txt*"} {
			files, _ := filepath.Glob(filepath.Join(dir, pattern))
			for _, f := range files {
				if got := len(load(t, f).Artifacts[0].Dump.Goroutines); got != want {
					t.Errorf("%s: %d goroutines, want %d", f, got, want)
				}
			}
		}
		for _, pattern := range []string{"goroutine.pb.gz", "goroutine.debug1.txt*"} {
			files, _ := filepath.Glob(filepath.Join(dir, pattern))
			for _, f := range files {
				var got int64
				for s := range load(t, f).Artifacts[0].Profile.Samples() {
					got += s.Values[0]
				}
				if got != int64(want) {
					t.Errorf("%s: %d goroutines, want %d", f, got, want)
				}
			}
		}
	}
}

// TestCapturesCPU compares sample counts of CPU profiles and how many samples carry no label.
func TestCapturesCPU(t *testing.T) {
	needCaptures(t)
	compared := 0
	for _, s := range scenarios {
		for _, c := range readTruth(t, s).CPU {
			path := filepath.Join(captures, s, filepath.FromSlash(c.File))
			if _, err := os.Stat(path); err != nil || c.Measured.Samples == 0 {
				continue
			}
			p := load(t, path).Artifacts[0].Profile
			if p == nil {
				t.Errorf("%s/%s: no profile was read", s, c.File)
				continue
			}
			var samples, unlabelled int64
			for sample := range p.Samples() {
				samples += sample.Values[0]
				if len(sample.Labels) == 0 {
					unlabelled += sample.Values[0]
				}
			}
			if samples != c.Measured.Samples || unlabelled != c.Measured.Unlabelled {
				t.Errorf("%s/%s: %d samples, %d unlabelled; want %d, %d", s, c.File, samples, unlabelled, c.Measured.Samples, c.Measured.Unlabelled)
			}
			compared++
		}
	}
	if compared < 10 {
		t.Errorf("compared only %d profiles", compared)
	}
}

// exports are the files of a scenario that together hold its export once.
var exports = map[string][][]string{
	"formats": {
		{"otlp/traces.jsonl.gz"}, {"otlp/traces.binpb.gz"}, {"otlp/traces.binpb.zstd-framed"},
		{"otlp/traces.json.zstd-framed"}, {"otlp/mixed.jsonl.gz"}, {"otlp/by-service"},
		{"otlp/rotated-2026-11-20T10-50-20.554-size.jsonl.gz", "otlp/rotated.jsonl.gz"},
	},
	"native":  {{"otlp/traces.binpb.gz"}, {"otlp/traces.binpb.zst"}, {"otlp/traces.jsonl.gz"}, {"otlp/traces.jsonl.zst"}},
	"legacy":  {{"otlp/traces.binpb.gz"}, {"otlp/traces.jsonl.gz"}},
	"hotrod":  {{"otlp/traces.jsonl.gz"}},
	"healthy": {{"otlp/traces.jsonl.gz"}}, "labels": {{"otlp/traces.jsonl.gz"}}, "leaks": {{"otlp/traces.jsonl.gz"}},
	"links": {{"otlp/traces.jsonl.gz"}}, "skew": {{"otlp/traces.jsonl.gz"}}, "status": {{"otlp/traces.jsonl.gz"}},
	"upgrade": {{"otlp/traces.jsonl.gz"}},
}

// TestCapturesSpans compares span, trace, link and event counts, by kind and by service.
func TestCapturesSpans(t *testing.T) {
	needCaptures(t)
	kinds := []string{"unspecified", "internal", "server", "client", "producer", "consumer"}
	for s, forms := range exports {
		tr := readTruth(t, s)
		records, traces, links := tr.Spans.Totals.ExportedRecords, tr.Spans.DistinctTraces, tr.Spans.Links
		byKind, byService, events := tr.Spans.ExportedByKind, tr.Spans.ExportedByService, -1
		if c := tr.Counted; c != nil {
			records, traces, links, events, byKind, byService = c.Spans, c.Traces, c.Links, c.Events, c.ByKind, c.ByService
		}
		for _, form := range forms {
			t.Run(s+"/"+form[0], func(t *testing.T) {
				var paths []string
				for _, f := range form {
					paths = append(paths, filepath.Join(captures, s, filepath.FromSlash(f)))
				}
				b, err := evidence.Load(paths, evidence.Options{})
				if err != nil {
					t.Fatal(err)
				}
				var sum evidence.TraceStats
				for _, a := range b.Artifacts {
					if a.Format != evidence.FormatOTLPTraces || a.Status != evidence.StatusOK {
						t.Fatalf("%s: format %s, status %s %v", a.Path, a.Format, a.Status, a.Losses)
					}
					sum.Spans += a.Traces.Spans
					sum.Links += a.Traces.Links
					sum.Events += a.Traces.Events
				}
				// Resent batches are records but not distinct spans: the breakdowns count distinct ones.
				seen := map[[2]uint64]bool{}
				gotKind, gotService := map[string]int{}, map[string]int{}
				for i := range b.Spans.Len() {
					sp := b.Span(i)
					if tr.Counted == nil {
						k := [2]uint64{uint64(sp.Trace), sp.ID}
						if seen[k] {
							continue
						}
						seen[k] = true
					}
					gotKind[kinds[sp.Kind]]++
					gotService[b.Resource(sp.Origin).Identity.Service.Value]++
				}
				if sum.Spans != records || b.Spans.Len() != records {
					t.Errorf("%d spans counted, %d rows, want %d", sum.Spans, b.Spans.Len(), records)
				}
				if len(b.Traces) != traces {
					t.Errorf("%d traces, want %d", len(b.Traces), traces)
				}
				if tr.Counted != nil && sum.Links != links {
					t.Errorf("%d links, want %d", sum.Links, links)
				}
				if events >= 0 && sum.Events != events {
					t.Errorf("%d events, want %d", sum.Events, events)
				}
				compareCounts(t, "kind", gotKind, byKind)
				compareCounts(t, "service", gotService, byService)
			})
		}
	}
}

func compareCounts(t *testing.T, what string, got, want map[string]int) {
	t.Helper()
	for k, n := range want {
		if got[k] != n {
			t.Errorf("%s %s: %d spans, want %d", what, k, got[k], n)
		}
	}
	for k, n := range got {
		if _, ok := want[k]; !ok {
			t.Errorf("%s %s: %d spans, want none", what, k, n)
		}
	}
}
