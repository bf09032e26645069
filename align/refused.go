package align

import (
	"slices"
	"strings"
)

// refused certifies that the calls of clocks which the gate took out contradict themselves: with such a clock put
// back there is a cycle, of hard constraints or else with answers that bounds would take for such. Few calls, or
// clocks that may drift between them by as much as they disagree, leave a refusal without one.
func (p *problem) refused(m *Model, s *Statistic) (out []Certificate) {
	var all []int
	for i := range p.clocks {
		if p.clocks[i].out {
			all = append(all, i)
		}
	}
	if len(all) == 0 {
		return nil
	}
	problem := newBoundProblem(m, s, p.opt, p.distrusted())
	for _, i := range all {
		if slices.ContainsFunc(out, func(c Certificate) bool { return slices.Contains(c.Domains, p.names[i]) }) {
			continue
		}
		cert, ok := problem.refusal(i, []int{i})
		if !ok && len(all) > 1 {
			cert, ok = problem.refusal(i, all)
		}
		if ok {
			cert.Retraction = problem.twoClocks(append(slices.Clone(p.refusals[i]), i))
			out = append(out, cert)
		}
	}
	return out
}

// refusal returns a contradiction around a clock when some that took no part do.
func (p *boundProblem) refusal(clock int, back []int) (Certificate, bool) {
	q := *p
	q.clocks = slices.Clone(p.clocks)
	for _, i := range back {
		q.clocks[i].isOut = false
	}
	b := newBoundSolver(&q, &boundResult{proof: &Proof{}})
	parts, numbers := b.components()
	at := slices.IndexFunc(parts, func(members []int) bool { return slices.Contains(members, clock) })
	c := b.newConflict(parts[at], numbers[at])
	for _, assumed := range []bool{false, true} {
		if assumed {
			c.scope.admit()
			c.scope.hard = slices.Concat(c.scope.hard, c.scope.admitted)
		}
		c.findPairs()
		if cycle := c.next(); cycle != nil && slices.Contains(c.domains(cycle, false), clock) {
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
