package clocksim

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/align"
)

func scene(t *testing.T, name string, seed uint64, change func(*Params)) *Scene {
	t.Helper()
	p, ok := Scenario(name)
	if !ok {
		t.Fatalf("no scenario %q", name)
	}
	p.CallsPerMinute = 2
	if change != nil {
		change(&p)
	}
	return Generate(p, seed)
}

func TestEqualSeedsGiveEqualScenes(t *testing.T) {
	a, b, c := scene(t, "late-all", 7, nil), scene(t, "late-all", 7, nil), scene(t, "late-all", 8, nil)
	if diff := cmp.Diff(a.Spans, b.Spans); diff != "" {
		t.Errorf("two scenes of one seed differ:\n%s", diff)
	}
	if slices.Equal(a.Spans, c.Spans) {
		t.Error("two seeds give one scene")
	}
}

// Every scenario must hold the calls and the trouble that its name promises, and no effect before its
// cause in true time.
func TestScenarios(t *testing.T) {
	for _, name := range Names() {
		s := scene(t, name, 3, func(p *Params) {
			if p.Duration < time.Minute {
				p.CallsPerMinute = 100
			}
		})
		if len(s.Calls) < 100 && name != "h3-short" {
			t.Errorf("%s: %d calls", name, len(s.Calls))
		}
		kinds, late, failed, violations := map[Kind]int{}, 0, 0, 0
		ids := map[uint64]bool{}
		for _, sp := range s.Spans {
			if ids[sp.ID] {
				t.Fatalf("%s: two spans with one id", name)
			}
			ids[sp.ID] = true
			if sp.EndRead < sp.StartReading || sp.End < sp.Start {
				t.Fatalf("%s: a span ends before it begins: %+v", name, sp)
			}
		}
		for i, c := range s.Calls {
			kinds[c.Kind]++
			if s.Lag(i) <= 0 {
				t.Fatalf("%s: call %d is received before it is sent", name, i)
			}
			if c.Late {
				late++
			}
			if c.Timeout {
				failed++
			}
			if raw := s.Spans[c.Later].StartReading - s.Spans[c.Earlier].StartReading; raw < 0 {
				violations++
			}
		}
		share := func(n int) float64 { return float64(n) / float64(len(s.Calls)) }
		if (kinds[Message] > 0) != (s.Params.Messages > 0) || (kinds[Headless] > 0) != (s.Params.Headless > 0) {
			t.Errorf("%s: kinds of calls are %v", name, kinds)
		}
		if (late > 0) != (s.Params.LateServices > 0) || (failed > 0) != (s.Params.Timeouts > 0) {
			t.Errorf("%s: %d late ends, %d timeouts", name, late, failed)
		}
		if apart := s.Params.Clocks.Offset >= time.Millisecond; apart && (share(violations) < 0.1 || share(violations) > 0.9) {
			t.Errorf("%s: %.2f of the calls violate causality in readings", name, share(violations))
		}
	}
}

func TestClock(t *testing.T) {
	for _, name := range []string{"base", "wander", "chrony", "steps", "slew", "slew-chrony", "hours"} {
		s := scene(t, name, 5, nil)
		events := 0
		for _, m := range s.Machines {
			c := m.Clock
			events += len(c.Events())
			for at := int64(0); at < int64(s.Params.Duration); at += int64(97 * time.Second) {
				times := c.Times(c.Reading(at))
				near := slices.ContainsFunc(times, func(x int64) bool { return x-at >= -2 && x-at <= 2 })
				if !near {
					t.Fatalf("%s: %s shows the reading of %d at %v", name, m.Name, at, times)
				}
				if drift := c.ticking(at+1e9) - c.ticking(at); math.Abs(float64(drift)) > 1e8 {
					t.Fatalf("%s: %s drifts %d ns in a second", name, m.Name, drift)
				}
			}
			for _, e := range c.Events() {
				if e.Start == e.End && c.Offset(e.Start)-c.Offset(e.Start-1) < min(e.Size, -e.Size)-1 {
					t.Errorf("%s: %s jumps by %d, want %d", name, m.Name, c.Offset(e.Start)-c.Offset(e.Start-1), e.Size)
				}
				if got := c.Offset(e.End) - c.Offset(e.Start-1); math.Abs(float64(got-e.Size)) > 0.1*math.Abs(float64(e.Size)) {
					t.Errorf("%s: %s moved by %d, want %d", name, m.Name, got, e.Size)
				}
			}
		}
		if wants := s.Params.Clocks.Steps.Share+s.Params.Clocks.Slews.Share > 0; wants != (events > 0) {
			t.Errorf("%s: %d events", name, events)
		}
	}
}

// A reading inside a jump ahead was never shown, one inside a jump back twice.
func TestClockAcrossJump(t *testing.T) {
	for _, size := range []int64{-1e6, 1e6} {
		c := &Clock{smooth: []float64{0, 0, 0}, events: []Event{{Start: 1e9, End: 1e9, Size: size}}}
		times := c.Times(Base + 1e9 + size/2)
		want := []int64(nil)
		if size < 0 {
			want = []int64{1e9 + size/2, 1e9 - size/2}
		}
		if diff := cmp.Diff(want, times); diff != "" {
			t.Errorf("jump of %d (-want +got):\n%s", size, diff)
		}
	}
}

// A jump inside a span moves its start or nothing: ends are elapsed time.
func TestDurationsSurviveJumps(t *testing.T) {
	s := scene(t, "steps", 2, func(p *Params) { p.CallsPerMinute = 20; p.Clocks.DriftPPM, p.Clocks.Wander = 0, 0 })
	for _, sp := range s.Spans {
		if d := (sp.EndRead - sp.StartReading) - (sp.End - sp.Start); d < -1 || d > 1 {
			t.Fatalf("a span of %d ns was recorded as %d", sp.End-sp.Start, sp.EndRead-sp.StartReading)
		}
	}
}

func TestReadings(t *testing.T) {
	s := scene(t, "ntp-bad", 4, nil)
	lies := map[string]bool{}
	for _, r := range s.Readings {
		truth := s.Clock(r.Domain).Offset(s.Clock(r.Domain).Times(r.At)[0])
		if d := r.Offset - truth; d < -r.Error || d > r.Error {
			lies[r.Domain] = true
		}
	}
	if len(lies) != 1 || !lies[s.Liars[0]] {
		t.Errorf("liars are %v, want %v", lies, s.Liars)
	}
}

func TestCallTellsOnlyWhatIsRecorded(t *testing.T) {
	s := scene(t, "async30", 4, nil)
	for i, c := range s.Calls {
		k, call := s.Call(i)
		if message := c.Kind == Message; (k.Class == align.ClassMessage) != message || (call.Answered == 0) != message {
			t.Fatalf("kind %d is class %v, answered at %d", c.Kind, k.Class, call.Answered)
		}
	}
	s = scene(t, "dup-host", 4, nil)
	for i := range s.Calls {
		if k, _ := s.Call(i); k.Caller == k.Callee {
			t.Fatal("a call between two machines of one name")
		}
	}
	if name := s.Machines[15].Name; !s.Duplicated(name) || s.Clock(name) != nil || s.Duplicated("host-001") {
		t.Errorf("%s is not known to be two machines", name)
	}
}
