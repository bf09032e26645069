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
	conflicts   int
	short       bool // runs with -short
}

func TestAlign(t *testing.T) {
	for name, f := range map[string]floors{
		"base":       {median: 3e3, p99: 20e3, gain: 2.5, width: 1.15, short: true},
		"ptp-synced": {median: 1e3, p99: 4e3, gain: 0.8, width: 1.15},
		"steps":      {median: 4e3, p99: 60e3, gain: 2.5, width: 1.15, short: true},
		"slew":       {median: 4e3, p99: 60e3, gain: 2.5, width: 1.15},
		"late":       {median: 5e3, p99: 30e3, gain: 2, width: 1.15},
		"ntp-bad":    {median: 4e3, p99: 40e3, gain: 2.5, width: 1.15, short: true},
		"role-asym":  {median: 4e3, p99: 30e3, gain: 10, width: 1.15},
		"chrony":     {median: 5e3, p99: 40e3, gain: 4, width: 1.2},
		"dup-host":   {median: 5e3, p99: 1e9, gain: 1.5, width: 1.15, conflicts: 1},
		// Clocks that hang on requests without client spans are placed to within what is done before those.
		"partial": {median: 15e3, p99: 3e6, gain: 0.5, width: 1.2},
		// Stamps cut to a millisecond are off by 0.29 ms in the median where clocks are not off at all; the
		// midpoint of each call is nearer, as it uses durations only.
		"quant-ms": {median: 305e3, p99: 920e3, gain: 0.5, short: true},
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
	if r.Likely.Value() < 0.95 {
		t.Errorf("95 %% intervals hold the truth in %d of %d samples", r.Likely.Held, r.Likely.Of)
	}
	if r.After > 0 || r.Before == 0 && r.Scenario != "ptp-synced" {
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

// A capture of 50 ms tells no rates: clocks are not said to be off by more than quartz is, nor are their
// intervals narrower than what so few calls allow.
func TestAlignShort(t *testing.T) {
	p, _ := clocksim.Scenario("base")
	p.Duration, p.CallsPerMinute = 50*time.Millisecond, 6e4
	s := clocksim.Generate(p, 1)
	m, _ := Align(s)
	for i := range m.Domains {
		if d := &m.Domains[i]; d.DriftPPM < -100 || d.DriftPPM > 100 {
			t.Errorf("%s drifts by %.0f ppm", d.Name, d.DriftPPM)
		}
	}
	r := Judge(s, m)
	if r.Ours.Median > 6e3 || r.Likely.Value() < 0.95 || r.LikelyWidth > 100e3 {
		t.Errorf("placement is off by %.0f ns, 95 %% intervals hold the truth in %d of %d samples, %.0f ns wide",
			r.Ours.Median, r.Likely.Held, r.Likely.Of, r.LikelyWidth)
	}
}

// Where a clock was slewed in a tenth of a second, and a step is what the model has, calls during it can need the clock
// on both sides at once. All that are left lie there, and are counted.
func TestAlignLeft(t *testing.T) {
	s := reduced("slew-chrony", 5)
	m, _ := Align(s)
	said := 0
	for i := range m.Pairs {
		said += m.Pairs[i].After
	}
	during := func(machine int32, reading int64) bool {
		for _, step := range m.Domain(s.Machines[machine].Name).Steps {
			if int64(step.After) < reading && reading < int64(step.Before) {
				return true
			}
		}
		return false
	}
	left := 0
	lags, _ := newFleet(s, m).place()
	for i, c := range s.Calls {
		if lags[i] >= 0 {
			continue
		}
		left++
		if a, b := &s.Spans[c.Earlier], &s.Spans[c.Later]; !during(a.Machine, a.StartReading) && !during(b.Machine, b.StartReading) {
			t.Errorf("call %d is placed %d ns before it was made", i, -lags[i])
		}
	}
	if left != said || left > 1 {
		t.Errorf("%d calls are placed before they were made, %d are said to be; 1 cannot be helped", left, said)
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
