package align

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What the fit does not believe takes no part in bounds: a name that is that of two machines, readings against UTC that are far
// from what others say. That is told from many calls. A single contradiction says it better, and can be verified: a
// cycle that is there once the clock or its readings are put back, of hard constraints or else with answers that bounds
// would take for such. Few calls, or clocks that may drift between them by as much as they disagree, leave none.

// refused certifies why names and readings are not believed.
func (p *problem) refused(m *Model, s *Statistic, r *boundResult) []Certificate {
	distrusted := p.distrusted()
	for _, i := range r.doubted {
		distrusted[p.names[i]] = true
	}
	return append(p.refusedNames(m, s, distrusted), p.refusedReadings(m, s, distrusted)...)
}

// refusedNames puts clocks back one by one, and all where that contradicts nothing.
func (p *problem) refusedNames(m *Model, s *Statistic, distrusted map[string]bool) (out []Certificate) {
	var all []int
	for i := range p.clocks {
		if p.clocks[i].out {
			all = append(all, i)
		}
	}
	for _, i := range all {
		if slices.ContainsFunc(out, func(c Certificate) bool { return slices.Contains(c.Domains, p.names[i]) }) {
			continue
		}
		of := func(c *constraint) bool { return c.from == i || c.to == i }
		for _, back := range [][]int{{i}, all} {
			b := newBoundProblem(m, s, p.opt, distrusted)
			for _, k := range back {
				b.clocks[k].isOut = false
			}
			if c, ok := b.contradiction(i, of); ok {
				c.Retraction = b.twoClocks(append(slices.Clone(p.refusals[i]), i))
				out = append(out, c)
				break
			}
		}
	}
	return out
}

// refusedReadings puts readings back likewise.
func (p *problem) refusedReadings(m *Model, s *Statistic, distrusted map[string]bool) (out []Certificate) {
	for i, name := range p.names {
		reads := func(e CertEdge) bool { return e.Class == ClassReading.String() && (e.From == name || e.To == name) }
		if !distrusted[name] || slices.ContainsFunc(out, func(c Certificate) bool { return slices.ContainsFunc(c.Edges, reads) }) {
			continue
		}
		others := maps.Clone(distrusted)
		delete(others, name)
		of := func(c *constraint) bool { return c.class == ClassReading && max(c.from, c.to) == i }
		for _, rest := range []map[string]bool{others, nil} {
			b := newBoundProblem(m, s, p.opt, rest)
			if c, ok := b.contradiction(i, of); ok {
				c.Retraction = b.falseReadings(c.Edges, distrusted)
				out = append(out, c)
				break
			}
		}
	}
	return out
}

// contradiction returns one of the component of a clock that holds a constraint of some.
func (p *boundProblem) contradiction(clock int, of func(*constraint) bool) (Certificate, bool) {
	b := newBoundSolver(p, &boundResult{proof: &Proof{}})
	parts, numbers := b.components()
	at := slices.IndexFunc(parts, func(members []int) bool { return slices.Contains(members, clock) })
	c := b.newConflict(parts[at], numbers[at])
	for _, assumed := range []bool{false, true} {
		if assumed {
			c.scope.admit()
			c.scope.hard = slices.Concat(c.scope.hard, c.scope.admitted)
		}
		c.findPairs()
		cycle := c.next()
		if slices.ContainsFunc(cycle, func(i int32) bool { return of(c.scope.constraint(i)) }) {
			cert := c.certificate(cycle)
			cert.Assumed = assumed
			return cert, true
		}
	}
	return Certificate{}, false
}

// twoClocks says that one of some clocks is two.
func (p *boundProblem) twoClocks(clocks []int) string {
	slices.Sort(clocks)
	var out []string
	for _, i := range clocks {
		out = append(out, p.clocks[i].called()+" is two clocks")
	}
	return strings.Join(out, ", or ")
}

// falseReadings says that one of the readings on a cycle is false that are not believed.
func (p *boundProblem) falseReadings(cycle []CertEdge, distrusted map[string]bool) string {
	var out []string
	for i := range p.clocks {
		for _, e := range cycle {
			if name := p.clocks[i].name; distrusted[name] && e.Class == ClassReading.String() && (e.From == name || e.To == name) {
				out = append(out, p.falseReading(i, e.Source))
			}
		}
	}
	return strings.Join(slices.Compact(out), ", or ")
}

// falseReading says that what a source states of a clock is false.
func (p *boundProblem) falseReading(clock int, source string) string {
	return fmt.Sprintf("what %s states about the clock of %s is false", source, p.clocks[clock].called())
}
