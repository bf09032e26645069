package clockeval

import (
	"math"
	"slices"
	"time"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/internal/clocksim"
)

// Outcome is how well a method placed the calls of a scene: errors in nanoseconds, violations as a share.
type Outcome struct {
	Method                  string
	Median, P99, Violations float64
}

// Share counts what held.
type Share struct{ Held, Of int }

// Value is 0 of nothing: a model that says nothing bears no claim out.
func (s Share) Value() float64 { return float64(s.Held) / math.Max(1, float64(s.Of)) }

func (s *Share) add(held bool) {
	s.Of++
	if held {
		s.Held++
	}
}

// Cost is what an estimate took.
type Cost struct {
	Ingest, Solve time.Duration
	Bytes, Edges  int // of the statistic
	Passes        int
}

// Report is the evaluation of one scene. Errors are in nanoseconds.
type Report struct {
	Scenario string
	Seed     uint64
	Calls    int
	Ours     Outcome
	Others   []Outcome
	Cost     Cost

	// HostRMS is the error of the clocks apart from what their component has in common.
	HostRMS float64
	// PairError is the median error of the offset of two clocks that call each other, over half of their
	// least round trip.
	PairError float64
	// Hard, Assumed and Likely say how often the true offset lay within the bounds, over samples of
	// (clock against its reference, time); Two-sided how many of the assumed bounds have both sides.
	Hard, Assumed, Likely, TwoSided Share
	// LikelyWidth is the median width of the 95 % interval.
	LikelyWidth float64
	// Width is the median width of the assumed bounds of pairs over their least round trip, late ends aside.
	Width float64
	// Before and After count the calls that begin before they are made, as read and as placed, among
	// the calls that the model says anything of; Silent the other calls.
	Before, After, Silent int
	// LateAnswers are the answered calls whose server ends after its client, as placed.
	LateAnswers int
	// Conflicts are the domains with contradictory evidence; Accused counts those of them that are one
	// machine whose readings do not lie.
	Conflicts []string
	Accused   int
	// Steps are jumps and slews: made, found at a machine that made one, and found at others.
	StepsMade, StepsFound, StepsFalse int
}

// Judge compares a model with the truth.
func Judge(s *clocksim.Scene, m *align.Model) *Report {
	r := &Report{Scenario: s.Params.Name, Seed: s.Seed, Calls: len(s.Calls)}
	f := newFleet(s, m)
	lags, said := f.place()
	r.Ours = outcome("witnessmark", s, lags)
	coarse := max(0, int64(s.Params.Quantum)-1)
	for i, lag := range lags {
		if !said[i] {
			r.Silent++
			continue
		}
		if raw(s, i)+coarse < 0 {
			r.Before++
		}
		if lag+coarse < 0 {
			r.After++
		}
		if c := s.Calls[i]; c.Kind == clocksim.Unary && !s.Spans[c.Earlier].Failed {
			a, b := &s.Spans[c.Earlier], &s.Spans[c.Later]
			if a.EndRead-a.StartReading-(b.EndRead-b.StartReading)-lag+coarse < 0 {
				r.LateAnswers++
			}
		}
	}
	r.coverage(f)
	r.hosts(f)
	r.pairs(f)
	r.steps(f)
	return r
}

func outcome(name string, s *clocksim.Scene, p Placement) Outcome {
	e := Errors(s, p)
	return Outcome{name, Quantile(e, 0.5), Quantile(e, 0.99), Violations(p)}
}

// coverage samples the bounds of every clock against its reference. A name of two machines has no offset:
// bounds on it must hold both.
func (r *Report) coverage(f *fleet) {
	var widths []float64
	for i := range f.model.Domains {
		d := &f.model.Domains[i]
		if d.Status == align.StatusConflict {
			r.Conflicts = append(r.Conflicts, d.Name)
			if !f.scene.Duplicated(d.Name) && !slices.Contains(f.scene.Liars, d.Name) {
				r.Accused++
			}
			continue
		}
		ref := f.scene.Clock(d.Reference)
		if len(d.Segments) == 0 || d.Name == d.Reference || ref == nil && d.Reference != align.UTC {
			continue
		}
		for _, m := range f.scene.Machines {
			if m.Name != d.Name {
				continue
			}
			near := []*clocksim.Clock{m.Clock}
			if ref != nil {
				near = append(near, ref)
			}
			for _, t := range instants(f.scene, near...) {
				truth := m.Clock.Offset(t)
				if ref != nil {
					truth -= ref.Offset(t)
				}
				p, _ := d.At(m.Clock.Reading(t), f.model.MaxDriftPPM)
				r.Hard.add(p.Hard.Contains(truth))
				r.Assumed.add(p.Assumed.Contains(truth))
				r.Likely.add(p.Likely.Contains(truth))
				r.TwoSided.add(!p.Assumed.Open())
				widths = append(widths, float64(p.Likely.Width()))
			}
		}
	}
	slices.Sort(widths)
	r.LikelyWidth = Quantile(widths, 0.5)
}

// even are true times for errors of estimates.
func even(s *clocksim.Scene) []int64 { return instants(s) }

// hosts measures HostRMS.
func (r *Report) hosts(f *fleet) {
	sum, n := 0.0, 0
	for _, t := range even(f.scene) {
		parts := map[string][]float64{}
		for i, c := range f.curves {
			if m := f.scene.Machines[i]; c != nil && !f.scene.Duplicated(m.Name) {
				parts[c.part] = append(parts[c.part], float64(c.offset(m.Clock.Reading(t))-m.Clock.Offset(t)))
			}
		}
		for _, errors := range parts {
			mean := 0.0
			for _, e := range errors {
				mean += e / float64(len(errors))
			}
			for _, e := range errors {
				sum += (e - mean) * (e - mean)
				n++
			}
		}
	}
	r.HostRMS = math.Sqrt(sum / float64(n)) // not a number where there is nothing
}

// pairs measures PairError and Width.
func (r *Report) pairs(f *fleet) {
	index := map[string]int{}
	for i, m := range f.scene.Machines {
		index[m.Name] = i
	}
	floors := roundTrips(f.scene)
	var errors, widths []float64
	for _, p := range f.model.Pairs {
		a, b := index[p.Caller], index[p.Callee]
		ca, cb := f.curves[a], f.curves[b]
		floor := floors[[2]string{min(p.Caller, p.Callee), max(p.Caller, p.Callee)}]
		if floor == 0 || ca == nil || cb == nil || ca.part != cb.part ||
			f.scene.Duplicated(p.Caller) || f.scene.Duplicated(p.Callee) {
			continue
		}
		if !p.Assumed.Open() {
			widths = append(widths, float64(p.Assumed.Width())/floor)
		} else {
			widths = append(widths, math.Inf(1))
		}
		ma, mb := f.scene.Machines[a].Clock, f.scene.Machines[b].Clock
		for _, t := range mb.Times(int64(p.At)) {
			truth := mb.Offset(t) - ma.Offset(t)
			r.Hard.add(p.Hard.Contains(truth))
			r.Assumed.add(p.Assumed.Contains(truth))
		}
		for _, t := range even(f.scene) {
			e := cb.offset(mb.Reading(t)) - mb.Offset(t) - (ca.offset(ma.Reading(t)) - ma.Offset(t))
			errors = append(errors, math.Abs(float64(e))/(floor/2))
		}
	}
	slices.Sort(errors)
	slices.Sort(widths)
	r.PairError, r.Width = Quantile(errors, 0.5), Quantile(widths, 0.5)
	if len(errors) == 0 {
		r.PairError = math.NaN()
	}
}

// roundTrips returns the least true round trip of every pair of hosts, without late ends, in nanoseconds.
func roundTrips(s *clocksim.Scene) map[[2]string]float64 {
	least := map[[2]string]float64{}
	for _, c := range s.Calls {
		if c.Kind != clocksim.Unary || c.Late || c.Timeout {
			continue
		}
		a, b := &s.Spans[c.Earlier], &s.Spans[c.Later]
		na, nb := s.Machines[a.Machine].Name, s.Machines[b.Machine].Name
		key := [2]string{min(na, nb), max(na, nb)}
		rtt := float64(a.End - a.Start - (b.End - b.Start))
		if have := least[key]; rtt > 0 && (have == 0 || rtt < have) {
			least[key] = rtt
		}
	}
	return least
}

// steps counts events found. The reference's own show at every other clock, so only components without
// events at their reference count.
func (r *Report) steps(f *fleet) {
	for _, m := range f.scene.Machines {
		d := f.model.Domain(m.Name)
		if d == nil {
			continue
		}
		if ref := f.scene.Clock(d.Reference); ref != nil && len(ref.Events()) > 0 {
			continue
		}
		made := m.Clock.Events()
		r.StepsMade += len(made)
		if n := min(len(made), len(d.Steps)); n > 0 {
			r.StepsFound += n
		}
		if len(made) == 0 {
			r.StepsFalse += len(d.Steps)
		}
	}
}
