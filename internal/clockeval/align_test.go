package clockeval

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/witnessmark/witnessmark/internal/clocksim"
)

// floors are the limits of TestAlign: wide of what was measured on the same scenes when they were set, so
// that what fails is a regression. The claims themselves are judged by `make eval`, on whole scenes and
// more than one seed.
type floors struct {
	median, p99 float64 // ns
	gain        float64 // of the median against the best competitor's
	width       float64 // of bounds in round trips, 0 for no limit
	after       float64 // calls placed before they were made, as a share
	conflicts   int
	short       bool // runs with -short
}

func TestAlign(t *testing.T) {
	for name, f := range map[string]floors{
		"base":       {median: 5e3, p99: 20e3, gain: 2, width: 1.2, short: true},
		"ptp-synced": {median: 2e3, p99: 6e3, gain: 0.7, width: 1.2},
		"steps":      {median: 6e3, p99: 60e3, gain: 1.5, width: 1.2, after: 1e-3, short: true},
		"slew":       {median: 6e3, p99: 400e3, gain: 1.5, width: 1.2, after: 1e-2},
		"late":       {median: 10e3, p99: 50e3, gain: 1.5, width: 1.2},
		"ntp-bad":    {median: 6e3, p99: 40e3, gain: 1.5, width: 1.2, short: true},
		"role-asym":  {median: 8e3, p99: 30e3, gain: 6, width: 1.2},
		"chrony":     {median: 10e3, p99: 80e3, gain: 2, width: 1.2},
		"dup-host":   {median: 8e3, p99: 1e9, gain: 1, width: 1.2, conflicts: 1},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && !f.short {
				t.Skip("short")
			}
			f.check(t, reduced(name, 3))
		})
	}
}

// reduced scenes have fewer calls than the scenarios of `make eval`.
func reduced(name string, seed uint64) *clocksim.Scene {
	p, _ := clocksim.Scenario(name)
	p.Duration = 10 * time.Minute
	p.CallsPerMinute = 15
	return clocksim.Generate(p, seed)
}

func (f floors) check(t *testing.T, s *clocksim.Scene) {
	t.Helper()
	r := Evaluate(s, Methods())
	if r.Hard.Value() != 1 {
		t.Errorf("hard bounds hold the truth in %d of %d samples", r.Hard.Held, r.Hard.Of)
	}
	if r.Assumed.Value() < 0.999 {
		t.Errorf("assumed bounds hold the truth in %d of %d samples", r.Assumed.Held, r.Assumed.Of)
	}
	if r.Likely.Value() < 0.7 { // one scene, one reference: the samples share its error
		t.Errorf("95 %% intervals hold the truth in %d of %d samples", r.Likely.Held, r.Likely.Of)
	}
	if float64(r.After) > f.after*float64(r.Calls) || r.Before == 0 && r.Scenario != "ptp-synced" {
		t.Errorf("%d calls are placed before they were made, %d were read so", r.After, r.Before)
	}
	if r.Ours.Median > f.median || r.Ours.P99 > f.p99 {
		t.Errorf("placement is off by %.0f ns, p99 %.0f; limits are %.0f and %.0f", r.Ours.Median, r.Ours.P99, f.median, f.p99)
	}
	if gain := r.Best().Median / r.Ours.Median; gain < f.gain {
		t.Errorf("%.2f times better than %s, want %.2f", gain, r.Best().Method, f.gain)
	}
	if f.width > 0 && r.Width > f.width {
		t.Errorf("bounds are %.3f round trips wide, limit %.3f", r.Width, f.width)
	}
	if len(r.Conflicts) != f.conflicts || r.Accused > 0 {
		t.Errorf("clocks in conflict are %v", r.Conflicts)
	}
}

// Equal calls give equal models, whatever order they came in.
func TestAlignKnowsNoOrder(t *testing.T) {
	s := reduced("split", 5)
	first, _ := Align(s)
	for i, j := 0, len(s.Calls)-1; i < j; i, j = i+1, j-1 {
		s.Calls[i], s.Calls[j] = s.Calls[j], s.Calls[i]
	}
	second, _ := Align(s)
	a, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(second)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Errorf("models of %d and %d bytes differ", len(a), len(b))
	}
}
