package align

import (
	"fmt"
	"math"
)

// beyondPrior is how many standard deviations, of its logarithm, a scale may lie above what networks usually
// show before that is said to have failed.
const beyondPrior = 2

// priors says what 95 % intervals rest on, and what of it nothing tests.
func (p *problem) priors() []Assumption {
	if p.cov == nil {
		return nil
	}
	out := []Assumption{p.linkPrior()}
	if a, ok := p.zonePrior(); ok {
		out = append(out, a)
	}
	blunt, headless := 0, 0
	coarsest := int64(0)
	for i := range p.links {
		l := &p.links[i]
		if l.blunt && p.usable(l) {
			blunt, coarsest = blunt+1, max(coarsest, l.edge.quantum)
		}
	}
	tied := make([]bool, len(p.clocks))
	for i := range p.links {
		if l := &p.links[i]; p.usable(l) && !l.headless() {
			tied[l.a], tied[l.b] = true, true
		}
	}
	free := make([]bool, len(p.clocks))
	for i := range p.links {
		l := &p.links[i]
		for _, c := range []int{l.a, l.b} {
			if p.usable(l) && l.headless() && !tied[c] && !free[c] {
				free[c] = true
				headless++
			}
		}
	}
	if blunt > 0 {
		out = append(out, Assumption{
			Text: fmt.Sprintf("95 %% intervals: what stamps of %d edges lose by rounding, to up to %s, has the same mean for both ways of a call; "+
				"a corrected time is still as coarse as its stamp", blunt, duration(float64(coarsest))),
			Tested: "not tested: their round trips are below the resolution of the stamps",
		})
	}
	if headless > 0 {
		out = append(out, Assumption{
			Text: fmt.Sprintf("95 %% intervals: %d clocks hang on requests without client spans alone; the work before such a request takes at least "+
				"about as long as it varies by", headless),
			Tested: "on the clocks that other calls tie as well; a factor of such clocks alone cannot be tested",
		})
	}
	return out
}

// linkPrior tells the scales of what makes the two ways of a call unlike.
func (p *problem) linkPrior() Assumption {
	pairs := map[[2]int]bool{}
	edges := 0
	for i := range p.links {
		if l := &p.links[i]; p.usable(l) && l.twoWay && len(l.wins) > 0 {
			pairs[[2]int{min(l.a, l.b), max(l.a, l.b)}] = true
			edges++
		}
	}
	s := &p.scales
	a := Assumption{
		Text: fmt.Sprintf("95 %% intervals: the two ways between two clocks are unlike at random, with a standard deviation of %s of half their least round trip, "+
			"apart from what all requests take longer (%s), the calls of a service (%s) and those between two zones",
			percent(math.Hypot(s.kappa, s.own)), duration(s.gamma), duration(s.service)),
		Tested: fmt.Sprintf("scales estimated from %d edges between %d pairs of clocks", edges, len(pairs)),
	}
	usual := defaultScales.kappa * math.Exp(beyondPrior)
	if a.Falsified = math.Hypot(s.kappa, s.own) > usual; a.Falsified {
		a.Tested += fmt.Sprintf(": more than the %s that networks usually show", percent(usual))
	}
	if edges == 0 {
		a.Tested = "not tested: no call was answered"
	}
	return a
}

// zonePrior tells what is assumed of pairs of zones. If all of what goes from one zone to another takes longer
// than what comes back, clocks of the one that are off explain it as well; only around three zones the sum of it shows.
func (p *problem) zonePrior() (Assumption, bool) {
	zones, halves := map[string]int{}, []float64{}
	seen := map[int]bool{}
	group := func(z string) int {
		if _, ok := zones[z]; !ok {
			zones[z] = len(zones)
		}
		return zones[z]
	}
	loops := 0
	for i := range p.links {
		l := &p.links[i]
		if !p.usable(l) || !l.twoWay || l.pair < 0 || len(l.wins) == 0 {
			continue
		}
		halves = append(halves, l.half)
		if seen[l.pair] {
			continue
		}
		seen[l.pair] = true
		a, b := group(p.pairs[l.pair][0]), group(p.pairs[l.pair][1])
		if a == b {
			loops++
			continue
		}
		for z, g := range zones {
			if g == b {
				zones[z] = a
			}
		}
	}
	switch {
	case len(seen) == 0 && p.unzoned > 1:
		return Assumption{
			Text:   fmt.Sprintf("95 %% intervals: no way is longer than its way back on many links alike; the zones of %d clocks are not known", p.unzoned),
			Tested: "not tested: what all links between two zones have in common is allowed for only where zones are known",
		}, true
	case len(seen) == 0:
		return Assumption{}, false
	}
	half := median(halves)
	allowed := normal95 * p.mix.zone()
	a := Assumption{
		Text: fmt.Sprintf("95 %% intervals: between two zones one way takes longer than the other, on all links alike, by at most about %s (%s of the round trip), "+
			"which moves all clocks of a zone by half of it", duration(2*allowed), percent(allowed/half)),
	}
	switch loops {
	case 0:
		a.Tested = fmt.Sprintf("not tested: no sum around three zones is known, and nothing else shows it; %d pairs of zones", len(seen))
	case 1:
		a.Tested = fmt.Sprintf("one sum around three zones tells of it, for %d pairs of zones: only readings against UTC show the rest", len(seen))
	default:
		a.Tested = fmt.Sprintf("%d sums around zones tell of it, for %d pairs of zones: only readings against UTC show the rest", loops, len(seen))
	}
	usual := defaultZoneShare * math.Exp(beyondPrior)
	if a.Falsified = p.scales.zone/half > usual; a.Falsified {
		a.Tested += fmt.Sprintf("; more than the %s of the round trip that networks usually show", percent(usual))
	}
	return a, true
}

// zone is the root of the mean square of the scale of pairs of zones.
func (x *mixture) zone() float64 {
	sum := 0.0
	for i := range x.nodes {
		sum += x.nodes[i].weight * x.nodes[i].zone * x.nodes[i].zone
	}
	return math.Sqrt(sum)
}

func percent(share float64) string { return fmt.Sprintf("%.2g %%", 100*share) }

func duration(ns float64) string {
	switch {
	case ns >= 1e6:
		return fmt.Sprintf("%.3g ms", ns/1e6)
	case ns >= 1e3:
		return fmt.Sprintf("%.3g us", ns/1e3)
	}
	return fmt.Sprintf("%.3g ns", ns)
}
