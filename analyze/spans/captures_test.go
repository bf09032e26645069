package spans_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// captures is the folder of captures with known contents. Tests that need it skip without it.
const captures = "../../../shared/captures"

type truth struct {
	Spans struct {
		DistinctTraces int `json:"distinct_traces"`
		Totals         struct {
			Records int `json:"exported_records"`
			Twice   int `json:"exported_twice"`
		}
	}
	Orphans struct {
		ByEdge map[string]int `json:"by_edge"`
		Total  int
	}
	Roots   map[string]int
	Counted *struct {
		Spans, Traces, Orphans int
		UsedTwice              int `json:"span_ids_used_twice"`
	}
}

// loadCapture reads the export of a scenario, and what its programs say of it.
func loadCapture(t *testing.T, scenario string) (*evidence.Bundle, truth) {
	t.Helper()
	if _, err := os.Stat(captures); err != nil {
		t.Skipf("no captures at %s: nothing to compare with", captures)
	}
	paths, err := filepath.Glob(filepath.Join(captures, scenario, "otlp", "traces.jsonl*"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("%s: exports %q, want one", scenario, paths)
	}
	b, err := evidence.Load(paths, evidence.Options{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(captures, scenario, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tr truth
	if err := json.Unmarshal(data, &tr); err != nil {
		t.Fatalf("%s: %v", scenario, err)
	}
	return b, tr
}

// TestCaptures compares counts with the truth of each scenario.
func TestCaptures(t *testing.T) {
	for _, scenario := range []string{"healthy", "skew", "links", "labels", "leaks", "upgrade", "status", "formats", "hotrod", "legacy"} {
		t.Run(scenario, func(t *testing.T) {
			b, tr := loadCapture(t, scenario)
			r := run(t, b, analyze.Options{})
			want := map[string]int{
				"spans.total": tr.Spans.Totals.Records, "spans.duplicate": tr.Spans.Totals.Twice, "spans.shared_id": 0,
				"spans.orphan": tr.Orphans.Total, "spans.invalid_id": 0, "traces.total": tr.Spans.DistinctTraces,
			}
			if c := tr.Counted; c != nil {
				want["spans.total"], want["spans.shared_id"] = c.Spans, c.UsedTwice
				want["spans.orphan"], want["traces.total"] = c.Orphans, c.Traces
			}
			got := map[string]int{}
			for k := range want {
				got[k] = int(measured(t, r, k).Value)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("measures (-truth +got):\n%s", diff)
			}
			if scenario == "healthy" && len(r.Findings) > 0 {
				t.Errorf("findings in a healthy capture: %v", r.Findings)
			}
			if scenario == "legacy" {
				for _, f := range r.Findings {
					if f.Severity != analyze.Note {
						t.Errorf("a healthy legacy capture is accused: %s", f.Message)
					}
				}
			}
		})
	}
}

// TestCapturedHops compares orphans by hop. The truth speaks of parents as the programs knew them, the
// check of what the bytes tell, and the two differ in both directions: a span that was sampled out "never
// existed" to the truth, while its children's flags say that it was of their own process; and a CLIENT
// span that was lost with its process has no witness but its remote child.
func TestCapturedHops(t *testing.T) {
	for scenario, differs := range map[string]map[string]string{
		"links":   {"?->members parent_sampled_out": "members->members"},
		"upgrade": {"circulation->fines parent_lost_on_kill": "?->fines", "circulation->shelves parent_lost_on_kill": "?->shelves"},
	} {
		t.Run(scenario, func(t *testing.T) {
			b, tr := loadCapture(t, scenario)
			want := map[string]int{}
			for edge, n := range tr.Orphans.ByEdge {
				hop, _, _ := strings.Cut(edge, " ")
				if d, ok := differs[edge]; ok {
					hop = d
				}
				want[hop] += n
			}
			got := map[string]int{}
			for _, m := range run(t, b, analyze.Options{}).Measures {
				if m.Name == "hop.orphan" {
					got[m.Subject["client"]+"->"+m.Subject["server"]] = int(m.Value)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("orphans by hop (-truth +got):\n%s", diff)
			}
		})
	}
}
