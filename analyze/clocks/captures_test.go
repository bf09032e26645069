package clocks

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/spans"
	"github.com/witnessmark/witnessmark/evidence"
)

// captures is the folder of captures with known contents. Tests that need it skip without it.
const captures = "../../../shared/captures"

// trueClock is what a host's clock showed: true + Offset + DriftPPB * (true - Base) / 1e9, and Step more
// from StepAt on.
type trueClock struct {
	Base     int64 `json:"base_unix_ns"`
	Offset   int64 `json:"offset_ns"`
	DriftPPB int64 `json:"drift_ppb"`
	Step     int64 `json:"step_ns"`
	StepAt   int64 `json:"step_at_unix_ns"`
}

// error returns how far the clock was ahead when it showed the instant.
func (c trueClock) error(shown uint64) int64 {
	err := func(now int64) int64 {
		e := c.Offset + int64(float64(c.DriftPPB)*float64(now-c.Base)/1e9)
		if c.StepAt != 0 && now >= c.StepAt {
			e += c.Step
		}
		return e
	}
	now := int64(shown)
	for range 3 {
		now = int64(shown) - err(now)
	}
	return err(now)
}

func loadCapture(t *testing.T, scenario string) (*evidence.Bundle, map[string]trueClock) {
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
	var truth struct {
		Clocks json.RawMessage
	}
	if err := json.Unmarshal(data, &truth); err != nil {
		t.Fatalf("%s: %v", scenario, err)
	}
	var list []struct {
		Host  string
		Clock trueClock
	}
	clocks := map[string]trueClock{}
	if json.Unmarshal(truth.Clocks, &list) == nil { // hotrod's has another form
		for _, c := range list {
			clocks[c.Host] = c.Clock
		}
	}
	return b, clocks
}

// TestCaptures says which hops of which scenarios have which finding, and that the others have none.
func TestCaptures(t *testing.T) {
	for scenario, want := range map[string][]string{
		"healthy": nil, "formats": nil, "links": nil, "labels": nil, "leaks": nil, "legacy": nil,
		"status":  {"WM5002 warning portal->members outlived-call"},
		"upgrade": {"WM5002 note portal->ranking late-end"},
		"skew": {
			"WM5001 warning circulation->fines", "WM5001 warning portal->circulation",
			"WM5002 warning circulation->fines late-end", "WM5002 warning circulation->shelves late-end",
			"WM5002 warning portal->members late-end", "WM5002 warning portal->ranking late-end",
			"WM5002 warning ranking->shelves late-end", "WM5002 note portal->circulation late-end",
		},
		"hotrod": {
			"WM5001 warning edge-proxy->frontend", "WM5002 warning frontend->customer late-end",
			"WM5002 warning frontend->driver late-end", "WM5002 warning frontend->route late-end",
		},
	} {
		t.Run(scenario, func(t *testing.T) {
			b, _ := loadCapture(t, scenario)
			var got []string
			for _, f := range run(t, b, analyze.Options{}).Findings {
				if f.ID > "WM5002" {
					continue
				}
				if f.Subject["scope"] != crossDomain {
					t.Errorf("%s on one clock: %s", f.ID, f.Message)
				}
				line := f.ID + " " + string(f.Severity) + " " + f.Subject["client"] + "->" + f.Subject["server"] + " " + f.Subject["class"]
				got = append(got, strings.TrimSpace(line))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestBoundsHold holds the bounds that WM5001 states, and the guess of late-end, against the clocks that
// the hosts really had.
func TestBoundsHold(t *testing.T) {
	for _, scenario := range []string{"skew", "upgrade"} {
		b, clocks := loadCapture(t, scenario)
		// A service without resource attributes does not say which host's clock it had.
		ahead := func(row uint32) (nanos int64, ok bool) {
			s := b.Span(int(row))
			c, ok := clocks[b.Resource(s.Origin).Identity.Host.Value]
			return c.error(s.Start), ok
		}
		differ := func(behind, before uint32) (nanos int64, ok bool) {
			x, okx := ahead(before)
			y, oky := ahead(behind)
			return x - y, okx && oky
		}
		var before, late int
		probe := analyze.Detector{ID: "WM9999", Name: "probe", Needs: analyze.NeedSpans, Run: func(p *analyze.Pass) error {
			s := spans.ServiceIndex.Of(p)
			for _, e := range edgeIndex.Of(p) {
				for _, v := range e.before.worst {
					real, ok := differ(v.child, v.parent)
					if !ok {
						continue
					}
					before++
					if real < v.nanos {
						t.Errorf("%s %s->%s: the clocks differ by %d ns, not by %d at least", scenario, s.Names[e.client], s.Names[e.server], real, v.nanos)
					}
				}
				for _, v := range e.late.worst {
					real, ok := differ(v.parent, v.child)
					if !ok {
						continue
					}
					late++
					if real < v.nanos {
						t.Errorf("%s %s->%s: the server's clock is %d ns ahead, not %d", scenario, s.Names[e.client], s.Names[e.server], real, v.nanos)
					}
				}
			}
			return nil
		}}
		if c := analyze.Run(b, []analyze.Detector{probe}, analyze.Options{MaxExhibits: 1000}).Checks[0]; c.Outcome != analyze.Clean {
			t.Fatalf("%s: %s %s", scenario, c.Outcome, c.Reason)
		}
		if scenario == "skew" && before == 0 || late == 0 {
			t.Errorf("%s: %d starts and %d ends looked at: the test tests nothing", scenario, before, late)
		}
	}
}

// TestUnsynchronisedByReason: what to do fits why a daemon follows nothing.
func TestUnsynchronisedByReason(t *testing.T) {
	paths, err := filepath.Glob(captures + "/chrony-extra/*")
	if err != nil || len(paths) == 0 {
		t.Skip("no captures beside the tree")
	}
	b, err := evidence.Load(paths, evidence.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"local-clock": fixLocalReference, "no-sources": fixSources, "noisy": fixContradicting, "unreachable": fixSilent}
	n := 0
	for _, f := range run(t, b, analyze.Options{}).Findings {
		if f.ID != "WM5010" {
			continue
		}
		n++
		stem, _, _ := strings.Cut(f.Subject["host"], ".")
		if f.Fix != want[stem]+fixAgain {
			t.Errorf("%s: to do %q, want %q", f.Subject["host"], f.Fix, want[stem])
		}
	}
	if n != 8 {
		t.Errorf("%d findings, want 8", n)
	}
}
