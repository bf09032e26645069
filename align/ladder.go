package align

import (
	"fmt"
	"strconv"
)

// ladder holds the rates, in parts per billion, by which clocks are tried to stray from their trends. The
// trend is a fit to the same evidence, so a rate is an assumption: hard bounds do not use it. It is tested,
// because too small a rate makes the constraints contradict each other; that is not proof that a rate that
// passes is large enough, as sparse evidence contradicts little, and so the next rung is used.
var ladder = [...]int64{20, 100, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 500_000}

// climb returns the rung above the smallest that constraints are feasible with, and the system at that rate,
// nil if none is. Feasibility at a rate implies that at every larger one. It begins at the bottom: fitted trends
// seldom contradict the evidence, and the lower the rung, the fewer lines are left.
func (s *scope) climb(numbers []int32) (int64, *system) {
	t := rungs{scope: s, frame: s.frame(true, 0)}
	t.source = s.lines(t.frame, numbers)
	lo, hi := 0, len(ladder) // the first feasible is in [lo, hi]
	for lo < hi {
		m := (lo + hi) / 2
		if hi == len(ladder) {
			m = min(2*lo, len(ladder)-1)
		}
		d, cycle := t.at(m).search(everywhere, false)
		if d.release(); cycle == nil {
			hi = m
		} else {
			lo = m + 1
		}
	}
	name := s.name()
	if lo == len(ladder) {
		s.result.tests = append(s.result.tests, Assumption{
			Text:      "component " + name + ": clocks follow the fitted trends and answers are answers",
			Tested:    fmt.Sprintf("contradicts the evidence even where clocks may stray by %s ppm: the assumed bounds of this component use less", ppm(ladder[lo-1])),
			Falsified: true,
		})
		return 0, nil
	}
	tested := "the smallest rate of the ladder is feasible"
	if lo > 0 {
		tested = fmt.Sprintf("%s ppm contradicts the evidence, %s ppm does not", ppm(ladder[lo-1]), ppm(ladder[lo]))
	}
	rung := min(lo+1, len(ladder)-1)
	rate := ladder[rung]
	s.result.tests = append(s.result.tests, Assumption{
		Text:   fmt.Sprintf("component %s: no clock strays from its fitted trend by more than %s ppm (assumed bounds only)", name, ppm(rate)),
		Tested: tested + "; the next rate up is used",
	})
	return rate, t.at(rung)
}

// rungs makes systems at the rates of the ladder. What is implied at one rate is at every smaller one.
type rungs struct {
	*scope
	frame  *system
	source *lineSource
	lines  [len(ladder)][]line
}

func (t *rungs) at(rung int) *system {
	lines := t.linesAt(rung)
	t.setRate(t.frame, ladder[rung])
	return t.frame.of(lines)
}

// linesAt returns the lines of a rung, chosen from those of the first above it that is known. If none is, the next
// one is made first: where this one is feasible, that comes out.
func (t *rungs) linesAt(rung int) []line {
	if t.lines[rung] != nil {
		return t.lines[rung]
	}
	above := rung + 1
	for above < len(ladder) && t.lines[above] == nil {
		above++
	}
	switch {
	case above < len(ladder):
	case rung+1 < len(ladder):
		above = rung + 1
		t.setRate(t.frame, ladder[above])
		t.lines[above] = t.source.thin()
	}
	t.setRate(t.frame, ladder[rung])
	if above < len(ladder) {
		t.lines[rung] = t.frame.thin(t.lines[above])
	} else {
		t.lines[rung] = t.source.thin()
	}
	return t.lines[rung]
}

func ppm(ppb int64) string { return strconv.FormatFloat(float64(ppb)/1000, 'g', -1, 64) }

// name returns what tests call a component.
func (s *scope) name() string { return strconv.Itoa(s.result.domains[s.members[0]].component) }
