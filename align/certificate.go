package align

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// certEdge writes a constraint as models name it.
func (b *boundSolver) certEdge(c *constraint) CertEdge {
	e := CertEdge{
		Class: c.class.String(), From: b.nameOf(c.from), To: b.nameOf(c.to), FromAt: Instant(c.fromAt), ToAt: Instant(c.toAt),
		Weight: c.weight, Quantum: c.quantum, Blur: c.blur, MinDelay: c.minDelay, Source: c.source,
	}
	earlier, later := c.spans()
	if earlier == (SpanID{}) && later == (SpanID{}) {
		return e
	}
	e.Trace, e.Earlier, e.Later = hex.EncodeToString(later.Trace[:]), spanHex(earlier), spanHex(later)
	if earlier.Trace != later.Trace {
		e.EarlierTrace = hex.EncodeToString(earlier.Trace[:])
	}
	return e
}

func spanHex(id SpanID) string { return fmt.Sprintf("%016x", id.Span) }

// certify writes a cycle of constraints as a certificate, and looks for what would explain it.
func (c *conflict) certify(cycle []int32) Certificate {
	cert := c.certificate(cycle)
	cert.Retraction, c.blamed = c.retraction(cycle, -cert.Sum)
	return cert
}

// certificate writes a cycle of constraints as a certificate.
func (c *conflict) certificate(cycle []int32) Certificate {
	s := c.scope
	cert := Certificate{Domains: []string{}}
	for k, i := range cycle {
		x, next := s.constraint(i), s.constraint(cycle[(k+1)%len(cycle)])
		cert.Edges = append(cert.Edges, s.certEdge(x))
		cert.Sum = addBound(cert.Sum, addBound(x.bound(s.coarseRate(x)), s.drifts(x.to, x.toAt, next.fromAt)))
	}
	for _, d := range c.domains(cycle, false) {
		cert.Domains = append(cert.Domains, s.clocks[d].name)
	}
	return cert
}

// drifts returns how far a clock can move between two readings.
func (s *scope) drifts(domain int, a, b int64) int64 {
	if domain == utcClock {
		return 0
	}
	c := curve{rate: s.drift, slews: s.clocks[domain].slews}
	return c.move(min(a, b), max(a, b))
}

// maxRetractions bounds the certificates for which explanations are tried: each is a solve.
const maxRetractions = 16

// retraction returns the cheapest single thing that explains all contradictions among what still takes
// part, in the order of trust: a step that nobody reported, a false reading against UTC, two clocks under
// one name, a clock that runs off faster than was declared. Each is tried by solving without it. blamed are
// the domains that it is about.
func (c *conflict) retraction(cycle []int32, by int64) (text string, blamed []int) {
	if len(c.scope.result.conflicts) >= maxRetractions {
		return "not looked for: there are too many contradictions", nil
	}
	for _, try := range []func([]int32, int64) (string, []int){c.retractStep, c.retractReading, c.retractDomain, c.retractDrift} {
		if text, blamed = try(cycle, by); text != "" {
			return text, blamed
		}
	}
	return "no single explanation: several statements are false", nil
}

// variant reports whether the component would hold together if change were made.
func (c *conflict) variant(change func(*boundProblem)) bool {
	p := *c.scope.boundProblem
	p.clocks = slices.Clone(p.clocks)
	change(&p)
	b := newBoundSolver(&p, &boundResult{proof: &Proof{}})
	b.out = c.scope.out
	var numbers []int32
	for i := range p.hard {
		if x := &p.hard[i]; slices.Contains(c.scope.members, max(x.from, x.to)) {
			numbers = append(numbers, int32(i))
		}
	}
	v := b.newConflict(c.scope.members, numbers)
	return v.cycle(v.scope.hard) == nil
}

func (c *conflict) retractStep(cycle []int32, by int64) (string, []int) {
	var found []string
	var blamed []int
	for k, i := range cycle {
		x, next := c.scope.constraint(i), c.scope.constraint(cycle[(k+1)%len(cycle)])
		if x.to == utcClock || x.toAt == next.fromAt {
			continue
		}
		cut := bracket{min(x.toAt, next.fromAt), max(x.toAt, next.fromAt)}
		if c.variant(func(p *boundProblem) { p.clocks[x.to].split(cut) }) {
			blamed = append(blamed, x.to)
			found = append(found, fmt.Sprintf("the clock of %s stepped by at least %v between %s and %s, as it shows them",
				c.scope.clocks[x.to].called(), time.Duration(by), shown(cut.lo), shown(cut.hi)))
		}
	}
	return strings.Join(found, ", or "), blamed
}

// called names a clock for people.
func (c *boundClock) called() string { return cmp.Or(c.host, c.name) }

// shown writes a reading of a clock.
func shown(reading int64) string {
	return time.Unix(0, reading).UTC().Format("2006-01-02 15:04:05.000000000Z")
}

// split adds a bracket, which takes in those that it meets.
func (c *boundClock) split(cut bracket) {
	all := append(slices.Clone(c.brackets), cut)
	slices.SortFunc(all, func(a, b bracket) int { return int(min(max(a.lo-b.lo, -1), 1)) })
	out := all[:1]
	for _, x := range all[1:] {
		if last := &out[len(out)-1]; x.lo < last.hi {
			last.hi = max(last.hi, x.hi)
		} else {
			out = append(out, x)
		}
	}
	c.brackets, c.trends, c.lines = out, nil, nil
	c.grids = slices.Repeat(c.grids[:1], len(out)+1) // only their first reading is looked at
}

func (c *conflict) retractReading(cycle []int32, _ int64) (string, []int) {
	var found []string
	var blamed []int
	for _, i := range cycle {
		x := c.scope.constraint(i)
		if x.class != ClassReading || slices.Contains(blamed, max(x.from, x.to)) {
			continue
		}
		claims := func(y *constraint) bool {
			return y.class == ClassReading && max(y.from, y.to) == max(x.from, x.to) && y.source == x.source
		}
		if c.variant(func(p *boundProblem) {
			p.hard = slices.DeleteFunc(slices.Clone(p.hard), func(y constraint) bool { return claims(&y) })
		}) {
			d := max(x.from, x.to)
			blamed = append(blamed, d)
			found = append(found, c.scope.falseReading(d, x.source))
		}
	}
	return strings.Join(found, ", or "), blamed
}

func (c *conflict) retractDomain(cycle []int32, _ int64) (string, []int) {
	var found []string
	var blamed []int
	for _, d := range c.domains(cycle, false) {
		c.scope.leaveOut(d, true)
		if c.cycle(c.scope.hard) == nil {
			found = append(found, c.scope.twoClocks([]int{d}))
			blamed = append(blamed, d)
		}
		c.scope.leaveOut(d, false)
	}
	return strings.Join(found, ", or "), blamed
}

// driftRungs are the rates, in parts per billion, that are tried instead of the declared one. Chrony slews
// by up to 83,333 ppm (chrony.conf, maxslewrate).
var driftRungs = [...]int64{1_000_000, 5_000_000, 20_000_000, 100_000_000}

func (c *conflict) retractDrift(cycle []int32, _ int64) (string, []int) {
	for _, ppb := range driftRungs {
		if ppb > c.scope.driftPPB && c.variant(func(p *boundProblem) { p.driftPPB = ppb }) {
			return fmt.Sprintf("a clock runs off by more than %s ppm (%s ppm would do)", ppm(c.scope.driftPPB), ppm(ppb)), c.domains(cycle, false)
		}
	}
	return "", nil
}
