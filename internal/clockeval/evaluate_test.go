package clockeval

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/internal/clocksim"
)

// truth is the model that knows everything, each offset with bounds ±half around it, wrong by off.
func truth(s *clocksim.Scene, half int64, off func(machine int) int64) *align.Model {
	m := &align.Model{Schema: align.ModelSchema, Reference: align.UTC, MaxDriftPPM: 500}
	for i, machine := range s.Machines {
		d := align.Domain{Name: machine.Name, Reference: align.UTC, Status: align.StatusAligned}
		cuts := []int64{0}
		for _, e := range machine.Clock.Events() {
			cuts = append(cuts, e.Start)
		}
		cuts = append(cuts, int64(s.Params.Duration))
		for j := range len(cuts) - 1 {
			var seg align.Segment
			for k := range int64(201) {
				t := cuts[j] + k*(cuts[j+1]-1-cuts[j])/200
				o := machine.Clock.Offset(t)
				iv := align.Interval{Low: o - half, High: o + half}
				seg.Points = append(seg.Points, align.Point{
					At: align.Instant(machine.Clock.Reading(t)), Offset: o + off(i), Hard: align.Unbounded, Assumed: iv, Likely: iv,
				})
			}
			d.Segments = append(d.Segments, seg)
		}
		m.Domains = append(m.Domains, d)
	}
	for i := range s.Machines[1:] {
		a, b := s.Machines[i], s.Machines[i+1]
		middle := int64(s.Params.Duration) / 2
		d := b.Clock.Offset(middle) - a.Clock.Offset(middle)
		m.Pairs = append(m.Pairs, align.Pair{
			Caller: a.Name, Callee: b.Name, At: align.Instant(b.Clock.Reading(middle)), RTTFloor: 400_000,
			Hard: align.Unbounded, Assumed: align.Interval{Low: d - half, High: d + half},
		})
	}
	return m
}

func small(t *testing.T, name string, perMinute float64, seed uint64) *clocksim.Scene {
	t.Helper()
	p, ok := clocksim.Scenario(name)
	if !ok {
		t.Fatalf("no scenario %q", name)
	}
	p.CallsPerMinute = perMinute
	return clocksim.Generate(p, seed)
}

// The truth has no errors, and errors put into it are found.
func TestJudge(t *testing.T) {
	s := small(t, "base", 3, 5)
	exact := Judge(s, truth(s, 2000, func(int) int64 { return 0 }))
	if exact.Ours.P99 > 100 || exact.HostRMS > 100 || exact.PairError > 1e-3 || exact.After != 0 || exact.Before == 0 ||
		exact.Assumed.Value() != 1 || exact.Hard.Value() != 1 || exact.TwoSided.Value() != 1 || exact.Silent != 0 {
		t.Errorf("truth is judged %+v", exact)
	}
	if exact.Width < 0.003 || exact.Width > 0.04 || exact.LikelyWidth < 3999 || exact.LikelyWidth > 4001 {
		t.Errorf("widths are %g and %g, want about 0.01 and 4000", exact.Width, exact.LikelyWidth)
	}
	wrong := Judge(s, truth(s, 2000, func(i int) int64 { return int64(i%2) * 1_000_000 }))
	if math.Abs(wrong.HostRMS-500_000) > 1000 || wrong.Ours.P99 < 990_000 || wrong.After == 0 || wrong.PairError < 1 {
		t.Errorf("errors of a millisecond are judged %+v", wrong)
	}
	narrow := Judge(s, truth(s, -1, func(int) int64 { return 0 }))
	if narrow.Assumed.Held != 0 || narrow.Likely.Held != 0 {
		t.Errorf("empty bounds hold the truth: %+v", narrow)
	}
}

func TestJudgeAroundJumps(t *testing.T) {
	s := small(t, "steps", 3, 5)
	r := Judge(s, truth(s, 2000, func(int) int64 { return 0 }))
	if r.Assumed.Value() < 0.999 || r.Ours.P99 > 100 {
		t.Errorf("truth with jumps is judged %+v", r)
	}
}

// A domain that is said to be in conflict is listed and makes no claim.
func TestJudgeConflict(t *testing.T) {
	s := small(t, "base", 3, 5)
	m := truth(s, 2000, func(i int) int64 { return 5e6 * int64(i/29) })
	m.Domains[29].Status = align.StatusConflict
	r := Judge(s, m)
	if len(r.Conflicts) != 1 || r.Silent == 0 || r.After != 0 || r.HostRMS > 100 {
		t.Errorf("judged %+v", r)
	}
}

func TestCurve(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	d := align.Domain{}
	at := int64(1000)
	for range 4 {
		var seg align.Segment
		for range 1 + rng.IntN(4) {
			seg.Points = append(seg.Points, align.Point{At: align.Instant(at), Offset: rng.Int64N(2e6) - 1e6})
			at += 1 + rng.Int64N(1e9)
		}
		d.Segments = append(d.Segments, seg)
	}
	c := &curve{}
	for _, seg := range d.Segments {
		c.segments = append(c.segments, seg.Points)
	}
	for range 5000 {
		reading := rng.Int64N(at + 2000)
		p, _ := d.At(reading, 0)
		if got := c.offset(reading); got-p.Offset > 1 || p.Offset-got > 1 {
			t.Fatalf("offset at %d: got %d, want %d", reading, got, p.Offset)
		}
	}
}

func TestBarsCanFail(t *testing.T) {
	good := func(name string) *Report {
		return &Report{
			Scenario: name, Ours: Outcome{"", 1, 1, 0}, Others: []Outcome{{"x", 5, 500, 0}, {"y", 50, 50, 0}},
			PairError: 0.01, Width: 1.1, Hard: Share{9, 9}, Assumed: Share{9, 9}, Likely: Share{9, 9},
		}
	}
	all := func() (r []*Report) {
		for _, name := range clocksim.Names() {
			r = append(r, good(name))
		}
		return r
	}
	for _, b := range Bars(all()) {
		if !b.Holds || b.Missing {
			t.Errorf("fails: %+v", b)
		}
	}
	for i, change := range []func(r *Report){
		func(r *Report) { r.Hard = Share{999_999, 1_000_000} },
		func(r *Report) { r.Assumed = Share{998, 1000} },
		func(r *Report) { r.Likely = Share{94, 100} },
		func(r *Report) { r.Ours.Median = 1.3 },
		func(r *Report) { r.Ours.P99 = 5.1 },
		func(r *Report) { r.Ours.Median = 6 },
		func(r *Report) { r.PairError = 0.016 },
		func(r *Report) { r.Width = 1.2 },
		func(r *Report) { r.After = 1 },
		func(r *Report) { r.Hard = Share{} },
		func(r *Report) { r.PairError = math.NaN() },
		func(r *Report) { r.Silent = 1 },
		func(r *Report) { r.Conflicts, r.Accused = []string{"x"}, 1 },
	} {
		reports, failed := all(), 0
		for _, r := range reports {
			change(r)
		}
		for _, b := range Bars(reports) {
			if !b.Holds {
				failed++
			}
		}
		if failed == 0 {
			t.Errorf("change %d fails no bar", i)
		}
	}
}
