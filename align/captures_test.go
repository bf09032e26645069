package align

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/witnessmark/witnessmark/evidence"
)

// trueClock is what a host's clock showed: true + Offset + DriftPPB * (true - Base) / 1e9, and Step more
// from StepAt on.
type trueClock struct {
	Base     int64 `json:"base_unix_ns"`
	Offset   int64 `json:"offset_ns"`
	DriftPPB int64 `json:"drift_ppb"`
	Step     int64 `json:"step_ns"`
	StepAt   int64 `json:"step_at_unix_ns"`
	Host     string
}

// at returns how far the clock was ahead at a true time.
func (c trueClock) at(now int64) int64 {
	e := c.Offset + int64(float64(c.DriftPPB)*float64(now-c.Base)/1e9)
	if c.StepAt != 0 && now >= c.StepAt {
		e += c.Step
	}
	return e
}

func loadCapture(t *testing.T, scenario, parts string) (*Model, map[string]trueClock) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(captures(t), scenario, parts))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no %s: %v", scenario, parts, err)
	}
	b, err := evidence.Load(paths, evidence.Options{})
	if err != nil {
		t.Fatal(err)
	}
	j := evidence.JoinSpans(b)
	refine := func(o StatOptions) *Statistic { return Collect(b, j, o) }
	m, clocks := Solve(refine(StatOptions{}), refine, Options{}), truth(t, scenario)
	if m.Reference == UTC {
		return m, clocks
	}
	// Some processes do not say what host they are on, so that nobody knows their clocks' truth: the
	// reference must not be one of them.
	reference, most := "", 0
	for _, d := range m.Domains {
		calls := 0
		for _, n := range d.Evidence {
			calls += n
		}
		if c, ok := clocks[d.Host]; ok && calls > most && c.Step == 0 {
			reference, most = d.Name, calls
		}
	}
	return Solve(refine(StatOptions{}), refine, Options{Reference: reference}), clocks
}

// truth reads the clocks by host; hotrod's file has another form than the others.
func truth(t *testing.T, scenario string) map[string]trueClock {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(captures(t), scenario, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Clocks json.RawMessage }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	clocks := map[string]trueClock{}
	var list []struct {
		Host  string
		Clock trueClock
	}
	var named map[string]trueClock
	if json.Unmarshal(file.Clocks, &list) == nil {
		for _, c := range list {
			clocks[c.Host] = c.Clock
		}
	} else if err := json.Unmarshal(file.Clocks, &named); err != nil {
		t.Fatal(err)
	}
	for _, c := range named {
		clocks[c.Host] = c
	}
	return clocks
}

// judged is what a capture's model was worth.
type judged struct{ domains, open, hard, assumed, near, instants int }

// judge holds every domain against its true clock at many readings.
func judge(t *testing.T, m *Model, clocks map[string]trueClock) (j judged) {
	t.Helper()
	for i := range m.Domains {
		d := &m.Domains[i]
		c, ok := clocks[d.Host]
		ref, against := trueClock{}, m.Domain(d.Reference)
		if against != nil {
			ref = clocks[against.Host]
		}
		if !ok || len(d.Segments) == 0 || d == against {
			t.Logf("%s (%s): %s %s", d.Name, d.Host, d.Status, d.Why)
			continue
		}
		j.domains++
		first, last := d.Segments[0].first().At, d.Segments[len(d.Segments)-1].last().At
		near, worst, widest, open := 0, int64(0), int64(0), false
		const samples = 200
		for k := range int64(samples + 1) {
			reading := int64(first) + int64(last-first)/samples*k
			now := reading
			for range 4 {
				now = reading - c.at(now)
			}
			want := c.at(now) - ref.at(now)
			p, _ := d.At(reading, m.MaxDriftPPM)
			j.instants++
			if p.Hard.Contains(want) {
				j.hard++
			}
			if p.Assumed.Contains(want) {
				j.assumed++
			}
			open = open || p.Assumed.Open()
			off := p.Offset - want
			if math.Abs(float64(off)) <= 0.15*float64(p.Assumed.Width()) {
				near++
			}
			worst, widest = max(worst, off, -off), max(widest, p.Assumed.Width())
		}
		switch {
		case open:
			j.open++
		case near > samples*9/10:
			j.near++
		}
		t.Logf("%s: %s, off by %d ns at most, assumed bounds up to %d ns wide, steps %v", d.Host, d.Status, worst, widest, d.Steps)
	}
	return j
}

// The clocks of captures whose truth is known stand within their bounds, and near the estimate.
func TestCaptureClocks(t *testing.T) {
	for _, c := range []struct {
		name, parts string
		open        int
	}{
		// Only links tie one host of healthy to others.
		{"skew", "otlp/traces*", 0}, {"skew", "*", 0}, {"hotrod", "otlp/*", 0}, {"healthy", "otlp/traces*", 1}, {"healthy", "*", 0},
	} {
		t.Run(c.name+" "+c.parts, func(t *testing.T) {
			m, clocks := loadCapture(t, c.name, c.parts)
			j := judge(t, m, clocks)
			t.Logf("%+v, reference %s, assumptions %+v, async %d", j, m.Reference, m.Assumptions, len(m.Async))
			if j.hard < j.instants {
				t.Errorf("hard bounds held at %d of %d instants", j.hard, j.instants)
			}
			if j.domains == 0 || j.assumed < j.instants*999/1000 {
				t.Errorf("assumed bounds held at %d of %d instants of %d domains", j.assumed, j.instants, j.domains)
			}
			if bounded := j.domains - j.open; j.open > c.open || 100*j.near < 90*bounded {
				t.Errorf("%d of %d domains within 15 %% of the bounds' width, %d without bounds", j.near, bounded, j.open)
			}
			steps := 0
			for _, d := range m.Domains {
				steps += len(d.Steps)
				for _, s := range d.Steps {
					truth := clocks[d.Host]
					// What the clock showed last before the step.
					shown := Instant(truth.StepAt - 1 + truth.at(truth.StepAt-1))
					if truth.Step == 0 || shown < s.After || shown > s.Before || !s.Bounds.Contains(truth.Step) {
						t.Errorf("%s: step %+v, truth %+v", d.Host, s, truth)
					}
				}
			}
			if want := strings.Count(c.name, "skew"); steps != want {
				t.Errorf("%d steps, want %d", steps, want)
			}
			if len(m.Conflicts) > 0 {
				t.Errorf("conflicts: %+v", m.Conflicts)
			}
		})
	}
}
