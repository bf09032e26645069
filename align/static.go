package align

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// scales are the standard deviations of what makes the two ways of a call unlike. They are estimated from
// the evidence by marginal likelihood (empirical Bayes).
type scales struct {
	kappa   float64 // of a pair of clocks, as a share of half the least round trip of an edge
	own     float64 // of an edge apart from others of the pair, as such a share
	gamma   float64 // of all requests against all responses, ns
	service float64 // of a callee's service, ns
	zone    float64 // of a pair of zones, ns
	omega   float64 // of the assumed delay of one-way edges, as a share of it, of a Laplace distribution
	tau     float64 // of the clocks themselves around what they show, ns
}

var defaultScales = scales{kappa: 0.05, own: 0.01, gamma: 10e3, service: 4e3, zone: 10e3, omega: 0.7, tau: 1e7}

// defaultZoneShare is what half the median round trip times is taken for the scale of pairs of zones at first.
const defaultZoneShare = 0.03

// list holds the scales that the search climbs.
func (s *scales) list() []*float64 {
	return []*float64{&s.kappa, &s.own, &s.gamma, &s.service, &s.zone, &s.tau}
}

// solve finds the unknowns for given scales and returns the logarithm of the marginal likelihood with the
// scales' own priors; -Inf where the numbers cannot be trusted.
func (m *static) solve(s *scales) float64 {
	if m.beta == nil {
		m.beta = mat.NewVecDense(m.dims, nil) // what is right where nothing can be solved
	}
	if m.room == nil {
		m.room = make([]float64, m.dims*m.dims)
	}
	clear(m.room)
	e := equations{m.room, make([]float64, m.dims), 0, 0}
	for _, g := range m.groups {
		if m.answered && !m.rows[g[0]].link.twoWay {
			continue
		}
		m.addGroup(&e, s, g)
	}
	a, b, logs, squares := e.a, e.b, e.logs, e.squares
	for col := range m.dims {
		v := m.priorVariance(s, col)
		logs += math.Log(v)
		a[col*m.dims+col] += 1 / v
		if col < m.n {
			away := math.Max(-farTau, math.Min(farTau, m.prior[col]-m.level[col]))
			b[col] += away / v
			squares += away * away / v
		}
	}
	if !m.chol.factor(a, m.dims) {
		return math.Inf(-1)
	}
	beta := slices.Clone(b)
	m.chol.solve(beta)
	m.beta = mat.NewVecDense(m.dims, beta)
	for col, v := range b {
		squares -= v * m.beta.AtVec(col)
	}
	return -(logs+m.chol.logDet()+squares)/2 + m.hyperprior(s)
}

// hyperprior keeps the scales near what networks show where the evidence does not tell: log-normal with a
// standard deviation of a factor e.
func (m *static) hyperprior(s *scales) float64 {
	sum := 0.0
	for _, x := range [][2]float64{
		{s.kappa, 0.05}, {s.own, 0.01}, {s.gamma, 10e3}, {s.service, 4e3}, {s.zone, defaultZoneShare * m.p.medHalf},
	} {
		d := math.Log(x[0] / x[1])
		sum -= d * d / 2
	}
	return sum
}

// possible reports whether scales are ones that round trips leave room for: the two ways of a call cannot be
// more unlike than half its round trip, and shares that lie anywhere up to that have a standard deviation of
// one in the square root of three. Without it a few clocks that are far off are explained by ways that are.
func (m *static) possible(s *scales) bool {
	const most = 0.577
	return math.Hypot(s.kappa, s.own) <= most && max(s.gamma, s.service, s.zone) <= most*max(m.p.medHalf, defaultScales.gamma)
}

// search climbs the likelihood one scale at a time, in ever smaller factors.
func (m *static) search(s scales, factors []float64) scales {
	m.answered = slices.ContainsFunc(m.rows, func(r staticRow) bool { return r.link.twoWay })
	best := m.solve(&s)
	for _, f := range factors {
		for range 4 {
			moved := false
			for i := range s.list() {
				for _, by := range []float64{f, 1 / f} {
					for {
						try := s
						*try.list()[i] *= by
						if v := *try.list()[i]; v < 1e-4 || v > 1e16 || !m.possible(&try) {
							break
						}
						l := m.solve(&try)
						if !(l > best+1e-3) {
							break
						}
						s, best, moved = try, l, true
					}
				}
			}
			if !moved || m.dims > bigSystem {
				break
			}
		}
	}
	m.answered = false
	m.solve(&s)
	return s
}

// reweigh makes edges that do not fit count less: a Student-t likelihood, and for one-way edges, whose
// assumed delays are anything, least absolute deviations.
func (m *static) reweigh(s *scales) {
	for i := range m.rows {
		r := &m.rows[i]
		m.weight[i] = 1
		e := r.z - m.fitted(r)
		q := e * e / m.variance(s, i)
		if r.link.twoWay {
			m.weight[i] = (edgeFreedom + 1) / (edgeFreedom + q)
		} else {
			m.weight[i] = 2 / math.Max(math.Sqrt(q), 0.1)
		}
	}
}

func (m *static) fitted(r *staticRow) float64 {
	v := 0.0
	for k := range r.n {
		v += r.sign[k] * m.beta.AtVec(r.cols[k])
	}
	return v
}

// levels runs the static model: it moves the clocks' levels and sets what asymmetry explains of every edge.
func (p *problem) levels(first bool) *static {
	m := p.newStatic()
	if len(m.rows) == 0 {
		return nil
	}
	factors := []float64{2, 1.4}
	if first {
		factors = []float64{8, 2}
		p.scales.zone = defaultZoneShare * p.medHalf
		p.scales.tau = m.rawSpread()
	}
	if m.dims > bigSystem {
		factors = factors[:1]
	}
	p.scales = m.search(p.scales, factors)
	for range 8 {
		p.scales.omega = m.oneWayScale(p.scales.omega)
		m.reweigh(&p.scales)
		m.solve(&p.scales)
	}
	// What all clocks of a component have in common is open, and nobody's business.
	sum, n := make([]float64, p.parts), make([]float64, p.parts)
	for i := range p.clocks {
		sum[p.clocks[i].part] += m.beta.AtVec(i)
		n[p.clocks[i].part]++
	}
	by := make([]float64, m.n)
	for i := range p.clocks {
		part := p.clocks[i].part
		by[i] = m.beta.AtVec(i) - sum[part]/n[part]
		p.clocks[i].lift(by[i])
	}
	p.lift(by)
	for i := range m.rows {
		r := &m.rows[i]
		l := r.link
		l.weight = m.weight[i]
		rest := r.z - m.fitted(r)
		own := m.variance(&p.scales, i)
		l.eps = rest * (1 - l.stat/m.weight[i]/own)
		l.effect = m.fitted(r) - (m.beta.AtVec(l.b) - m.beta.AtVec(l.a)) + l.eps
	}
	return m
}

// rawSpread is how far the clocks lie apart by what they show.
func (m *static) rawSpread() float64 {
	var v []float64
	for i := range m.level {
		if !m.p.clocks[i].out {
			v = append(v, math.Abs(m.level[i]-m.prior[i]))
		}
	}
	return math.Max(1000, 1.5*median(v))
}

// lift moves the whole clock.
func (c *clock) lift(by float64) {
	for i := range c.off {
		c.off[i] += by
	}
}
