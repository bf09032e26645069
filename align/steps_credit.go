package align

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	// sourceCalls is the source of steps that show in calls.
	sourceCalls = "calls"
	// maxStepEvidence bounds the reports that one step names.
	maxStepEvidence = 8
	// noticed is how long behind a jump of unknown size chronyd may tell of it, in ns: it looks at the clock when it
	// next wakes up, and sleeps for as long as its longest poll (sched.c; chrony.conf(5), maxpoll 10).
	noticed = 1024 * billion
)

// credit names in each step of a clock what told of it beside the calls, and takes from it what they do not tell
// as well: the size.
func (p *problem) credit(clock int, steps []Step) {
	for i := range steps {
		s := &steps[i]
		var sources []string
		for k := range p.reports {
			r := &p.reports[k]
			if r.Domain != p.names[clock] || !r.tells(s) {
				continue
			}
			if !slices.Contains(sources, r.Source) {
				sources = append(sources, r.Source)
			}
			if len(s.Evidence) < maxStepEvidence {
				s.Evidence = append(s.Evidence, r.evidence())
			}
			if v := r.sizes(); v != Unbounded && !s.Slew {
				both := Interval{max(s.Bounds.Low, v.Low), min(s.Bounds.High, v.High)}
				if both.Low <= both.High {
					s.Bounds, s.Size = both, min(max(s.Size, both.Low), both.High)
				}
			}
		}
		slices.Sort(sources)
		if s.Source != "" {
			sources = append([]string{s.Source}, sources...)
		}
		s.Source = strings.Join(sources, ", ")
	}
}

// stated reports whether the size of a jump is not for the fit to find: a log tells it, or nothing does.
func (p *problem) stated(j *jump) bool {
	if j.told == 0 {
		return false
	}
	t := &p.told[j.told-1]
	return t.verdict == believed || !t.sizes.Open() && t.sizes.Width() < 2*eventLeast
}

// stepAssumptions says which steps rest on reports alone, and which reports the calls refute.
func (p *problem) stepAssumptions() (out []Assumption) {
	for i := range p.told {
		t := &p.told[i]
		first := &t.reports[0]
		text := fmt.Sprintf("the clock of %s was set by %d ns, as %s says (%s)", p.names[t.clock], int64(t.size()), first.Source, first.Where)
		switch t.verdict {
		case believed:
			out = append(out, Assumption{Text: text, Tested: "by nothing: there are too few calls around it"})
		case refuted:
			out = append(out, Assumption{Text: text, Tested: "against the calls before and behind it, which show no such step", Falsified: true})
		}
	}
	return out
}

// tells reports whether the report can be of the step.
func (s *StepReport) tells(of *Step) bool {
	from, to := int64(min(of.After, of.Before)), int64(max(of.After, of.Before))
	back := max(of.Size, -of.Size)
	lo, hi := min(s.After, s.Before), max(s.After, s.Before)
	switch {
	case s.Size != 0 && (s.Size > 0) != (of.Size > 0):
		return false
	case s.Slew:
		return of.Slew && hi >= from-2*billion && lo <= to
	case of.Slew:
		return false
	case s.Size == 0:
		return addBound(from, -back) <= hi && addBound(to, noticed) >= lo
	case !s.sizes().near(float64(of.Size)):
		return false
	}
	return addBound(from, -back) <= hi && addBound(to, back) >= lo
}

func (s *StepReport) evidence() StepEvidence {
	e := StepEvidence{Source: s.Source, Where: s.Where}
	if s.Size != 0 {
		size := s.Size
		e.Size = &size
	}
	if s.sized() {
		off := s.Error
		e.Error = &off
	}
	return e
}

// text writes an instant as a number.
func (t Instant) text() string { return strconv.FormatInt(int64(t), 10) }
