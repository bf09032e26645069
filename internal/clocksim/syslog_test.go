package clocksim

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/align/verify"
	"github.com/witnessmark/witnessmark/evidence"
)

// solveFiles solves what the files of a folder say.
func solveFiles(t *testing.T, dir string) *align.Model {
	t.Helper()
	b, err := evidence.Load([]string{dir}, evidence.Options{})
	if err != nil {
		t.Fatal(err)
	}
	j := evidence.JoinSpans(b)
	refine := func(o align.StatOptions) *align.Statistic { return align.Collect(b, j, o) }
	return align.Solve(refine(align.StatOptions{}), refine, align.Options{})
}

// write writes the spans of a scene, and its logs where asked for.
func write(t *testing.T, s *Scene, logs func(machine int) []byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for i := range s.Machines {
		spans, err := s.OTLP(i)
		if err != nil {
			t.Fatal(err)
		}
		files := map[string][]byte{fmt.Sprintf("%03d.pb", i): spans}
		if logs != nil {
			files[fmt.Sprintf("%03d.log", i)] = logs(i)
		}
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// stepsOf counts the jumps that a model has with the right sign and time, those that are no jumps of the scene, and
// those of which a report is named. It fails where a bracket or bound is wrong.
func stepsOf(t *testing.T, s *Scene, m *align.Model) (right, wrong, named int) {
	t.Helper()
	for i := range s.Machines {
		c := s.Machines[i].Clock
		d := m.Domain(s.Machines[i].Name)
		if d == nil || d.Status == align.StatusReference {
			continue
		}
		if len(d.Steps) < len(c.Events()) {
			t.Logf("%s (%s): %d steps of %+v", d.Name, d.Status, len(d.Steps), c.Events())
		}
		for _, st := range d.Steps {
			if st.Slew {
				continue
			}
			found := false
			for _, e := range c.Events() {
				before, behind := align.Instant(c.Reading(e.Start-1)), align.Instant(c.Reading(e.Start))
				lo, hi := min(st.After, st.Before), max(st.After, st.Before)
				if back := align.Instant(st.Size); back < 0 {
					lo, hi = lo+back, hi-back // readings that the clock showed twice
				}
				if e.Start == e.End && (e.Size > 0) == (st.Size > 0) && lo <= min(before, behind)+1 && max(before, behind) <= hi+1 {
					found = true
					if !st.Bounds.Contains(e.Size) {
						t.Errorf("%s: %+v does not hold the true size %d", d.Name, st, e.Size)
					}
				}
			}
			if found {
				right++
			} else {
				wrong++
				t.Logf("%s: %+v is none of %+v", d.Name, st, c.Events())
			}
			for _, e := range st.Evidence {
				if e.Source == "chronyd log" {
					named++
					break
				}
			}
		}
	}
	return right, wrong, named
}

// covered fails where a clock is outside of its hard bounds.
func covered(t *testing.T, s *Scene, m *align.Model) {
	t.Helper()
	for i := range s.Machines {
		c, d := s.Machines[i].Clock, m.Domain(s.Machines[i].Name)
		ref := s.Clock(d.Reference)
		if ref == nil || ref == c || len(d.Segments) == 0 {
			continue
		}
		for at := int64(0); at < int64(s.Params.Duration); at += int64(time.Second) {
			p, ok := d.At(c.Reading(at), m.MaxDriftPPM)
			if want := c.Offset(at) - ref.Offset(at); ok && !p.Hard.Contains(want) {
				t.Errorf("%s at %d: %d is not in %+v; events %+v, steps %+v", d.Name, at, want, p.Hard, c.Events(), d.Steps)
				break
			}
		}
	}
}

// verified fails unless the model follows from the files, and a model that names another step for a log does not.
func verified(t *testing.T, dir string, m *align.Model) {
	t.Helper()
	b, err := evidence.Load([]string{dir}, evidence.Options{})
	if err != nil {
		t.Fatal(err)
	}
	check := func() *verify.Result {
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		r, err := verify.Check(text, b, evidence.JoinSpans(b))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := check(); !r.OK() {
		t.Errorf("not verified: %v", r.Problems[:min(3, len(r.Problems))])
	}
	v := firstEvidence(m)
	if v == nil {
		return // no clock but the reference was set; TestSyslogSteps counts the others
	}
	*v.Size++
	if check().OK() {
		t.Errorf("verified with a size that no log tells: %+v", v)
	}
	*v.Size--
	v.Where += "0"
	if check().OK() {
		t.Errorf("verified with a log that is not there: %+v", v)
	}
}

// firstEvidence returns what tells of a step, nil if nothing does.
func firstEvidence(m *align.Model) *align.StepEvidence {
	for i := range m.Domains {
		for k := range m.Domains[i].Steps {
			if of := m.Domains[i].Steps[k].Evidence; len(of) > 0 {
				return &of[0]
			}
		}
	}
	return nil
}

// jumpy is a scene in which every third clock jumps and few calls tell of it.
func jumpy(t *testing.T, calls float64, seed uint64) *Scene {
	t.Helper()
	p, _ := Scenario("steps")
	p.Hosts, p.Services, p.Duration, p.CallsPerMinute = 9, 6, 10*time.Minute, calls
	p.Clocks.Steps = EventParams{Share: 0.34, Min: 5 * time.Millisecond, Max: 400 * time.Millisecond}
	return Generate(p, seed)
}

// TestSyslogSteps: what chronyd says of a step stands in the model, whether calls show it or not.
func TestSyslogSteps(t *testing.T) {
	made, alone, both, named := 0, 0, 0, 0
	for seed := range uint64(6) {
		for _, calls := range []float64{0.4, 60} {
			s := jumpy(t, calls, seed+1)
			dir := write(t, s, s.Syslog)
			with := solveFiles(t, dir)
			right, wrong, told := stepsOf(t, s, with)
			if wrong > 0 {
				t.Errorf("seed %d, %g calls a minute: %d steps that are none", seed+1, calls, wrong)
			}
			covered(t, s, with)
			verified(t, dir, with)
			for i := range s.Machines {
				if d := with.Domain(s.Machines[i].Name); d != nil && d.Status != align.StatusReference {
					made += len(s.Machines[i].Clock.Events())
				}
			}
			both, named = both+right, named+told
			right, _, _ = stepsOf(t, s, solveFiles(t, write(t, s, nil)))
			alone += right
		}
	}
	t.Logf("%d steps made, %d found by calls alone, %d with logs, of which %d name the log", made, alone, both, named)
	if made < 10 || both != made || named != made || alone >= made {
		t.Errorf("%d steps made, %d found by calls alone, %d with logs, of which %d name the log", made, alone, both, named)
	}
}

// TestSyslogStepsMeet: logs tell of two steps so near each other that no reading is known to be from between them.
func TestSyslogStepsMeet(t *testing.T) {
	met := 0
	for seed := range uint64(4) {
		p := jumpy(t, 60, seed+1).Params
		p.Clocks.Steps.Again = 300 * time.Millisecond
		s := Generate(p, seed+1)
		dir := write(t, s, s.Syslog)
		m := solveFiles(t, dir)
		covered(t, s, m)
		verified(t, dir, m)
		for i := range s.Machines {
			d, events := m.Domain(s.Machines[i].Name), s.Machines[i].Clock.Events()
			if d.Status == align.StatusConflict {
				t.Errorf("seed %d: %s: %s: events %+v, steps %+v", seed+1, d.Name, d.Why, events, d.Steps)
			}
			if len(events) == 2 && len(d.Steps) == 2 && d.Steps[1].After < d.Steps[0].Before {
				met++
			}
		}
	}
	if met < 3 {
		t.Errorf("brackets of %d clocks overlap", met)
	}
}

// TestSyslogLies: a step that a log tells of and no call shows is not believed where there are calls enough.
func TestSyslogLies(t *testing.T) {
	p, _ := Scenario("base")
	p.Hosts, p.Services, p.Duration, p.CallsPerMinute = 6, 4, 5*time.Minute, 60
	s := Generate(p, 3)
	lie := func(machine int) []byte {
		if machine != 2 {
			return s.Syslog(machine)
		}
		stamp := time.Unix(0, s.Machines[2].Clock.Reading(int64(150*time.Second))).UTC().Format(time.RFC3339Nano)
		return append(s.Syslog(machine), stamp+" host-002 chronyd[7]: System clock was stepped by 0.250000 seconds\n"...)
	}
	m := solveFiles(t, write(t, s, lie))
	covered(t, s, m)
	for _, d := range m.Domains {
		if len(d.Steps) > 0 {
			t.Errorf("%s: %+v", d.Name, d.Steps)
		}
	}
	told := false
	for _, a := range m.Assumptions {
		told = told || strings.Contains(a.Text, "host-002") && a.Falsified
	}
	if !told {
		t.Errorf("nobody is told of the log that is wrong: %+v", m.Assumptions)
	}
}
