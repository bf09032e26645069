package clockeval

import (
	"slices"
	"testing"
	"time"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/internal/clocksim"
)

// Two machines under one name are told from all that a single clock can do, and no bound is given that
// calls of the other machine spoiled.
func TestNamesakes(t *testing.T) {
	for name, change := range map[string]func(*clocksim.Params){
		"alone": func(*clocksim.Params) {},
		"two":   func(p *clocksim.Params) { p.Duplicates = 2 },
		"steps": func(p *clocksim.Params) { p.Clocks.Steps = scenario("steps").Clocks.Steps },
		"slews": func(p *clocksim.Params) { p.Clocks.Slews = scenario("slew").Clocks.Slews },
		"late": func(p *clocksim.Params) {
			l := scenario("late-all")
			p.LateServices, p.LateShare, p.LateMedian, p.LateSigma, p.Timeouts = l.LateServices, l.LateShare, l.LateMedian, l.LateSigma, l.Timeouts
		},
		"blunt": func(p *clocksim.Params) { p.Quantum = time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			for _, seed := range []uint64{4, 6, 18} {
				p := scenario("dup-host")
				p.Duration, p.CallsPerMinute = 10*time.Minute, 15
				change(&p)
				s := clocksim.Generate(p, seed)
				m, _ := Align(s)
				checkNamesakes(t, s, m)
			}
		})
	}
}

// Instances of one service share their edges as well, so that the calls of an edge need two offsets.
func TestNamesakesOfOneService(t *testing.T) {
	for _, host := range []int{0, 5, 9} {
		s := reduced("base", 7)
		s.Machines[host+s.Params.Services].Name = s.Machines[host].Name
		m, _ := Align(s)
		checkNamesakes(t, s, m)
	}
}

// A clock that steps or is slewed is one clock.
func TestNamesakesAccuseNobody(t *testing.T) {
	for name, seeds := range map[string][]uint64{"slew": {2, 1003}, "slew-chrony": {1000}, "steps": {1}} {
		for _, seed := range seeds {
			s := reduced(name, seed)
			m, _ := Align(s)
			checkNamesakes(t, s, m)
		}
	}
}

func scenario(name string) clocksim.Params {
	p, _ := clocksim.Scenario(name)
	return p
}

func checkNamesakes(t *testing.T, s *clocksim.Scene, m *align.Model) {
	t.Helper()
	var want, got []string
	for i := range m.Domains {
		d := &m.Domains[i]
		if s.Duplicated(d.Name) {
			want = append(want, d.Name)
		}
		if d.Status == align.StatusConflict {
			got = append(got, d.Name)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s, seed %d: refused %v, want %v", s.Params.Name, s.Seed, got, want)
	}
	for _, name := range want {
		if !slices.ContainsFunc(m.Conflicts, func(c align.Certificate) bool {
			return slices.Contains(c.Domains, name) && c.Sum < 0 && c.Retraction == name+" is two clocks"
		}) {
			t.Errorf("%s, seed %d: no certificate says why %s is refused", s.Params.Name, s.Seed, name)
		}
	}
	if r := Judge(s, m); r.Hard.Value() != 1 || r.Assumed.Value() < 0.999 {
		t.Errorf("%s, seed %d: of %d samples hard bounds hold %d, assumed ones %d", s.Params.Name, s.Seed, r.Hard.Of, r.Hard.Held, r.Assumed.Held)
	}
}

// Readings that are not believed come with a contradiction that they are part of, and others with none.
func TestLiesAreCertified(t *testing.T) {
	for name, seeds := range map[string][]uint64{"ntp-bad": {1, 4}, "ntp-good": {1, 4}} {
		for _, seed := range seeds {
			s := reduced(name, seed)
			m, _ := Align(s)
			var got []string
			for _, c := range m.Conflicts {
				got = append(got, c.Retraction)
			}
			var want []string
			for _, l := range s.Liars {
				want = append(want, "what clocksim states about the clock of "+l+" is false")
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, seed %d: contradictions %q, want %q", name, seed, got, want)
			}
		}
	}
}

// Of two clocks that contradict each other either may be the one that was told wrong.
func TestEitherReadingIsFalse(t *testing.T) {
	s := reduced("ntp-good", 1)
	a, b := s.Machines[0].Name, s.Machines[1].Name
	s.Readings = slices.DeleteFunc(s.Readings, func(r align.Reading) bool { return r.Domain != a && r.Domain != b })
	for i := range s.Readings {
		if r := &s.Readings[i]; r.Domain == a {
			r.Offset += int64(time.Second)
		}
	}
	m, _ := Align(s)
	want := "what clocksim states about the clock of " + a + " is false, or what clocksim states about the clock of " + b + " is false"
	if len(m.Conflicts) != 1 || !m.Conflicts[0].Assumed || m.Conflicts[0].Retraction != want {
		t.Errorf("contradictions %+v, want one of answers, explained by %q", m.Conflicts, want)
	}
}
