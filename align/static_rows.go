package align

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// static is the mixed model of the edges' levels:
//
//	z = level(callee) - level(caller) + g + service(callee) ± zone pair + error
//	z = level(callee) - level(caller) + shift(zone pair) + error            messages
//	z = level(callee) - level(caller) + (r + r(service) + r(site)) work + error
//
// The unknowns are corrections to the clocks' levels, then g, a shift of edges with late ends, shifts of
// messages, the factors r, services, zone pairs. The last kind is of requests without a client span.
type static struct {
	p      *problem
	rows   []staticRow
	groups [][2]int  // rows of one pair of clocks: from, to
	works  []site    // r(service), with role -1, and r(site)
	level  []float64 // what the clocks show now, to which the prior ties them
	prior  []float64 // centre of it: the median of the component
	n      int       // clocks
	dims   int
	chol   cholesky
	room   []float64 // of the matrix
	beta   *mat.VecDense
	weight []float64
	// answered leaves one-way edges out: with them in, what was assumed of their delays, which can be wrong
	// by milliseconds, would be explained by the scales of all others.
	answered bool
}

type staticRow struct {
	link *link
	cols [6]int
	sign [6]float64
	n    int
	z    float64
}

const (
	// edgeFreedom is that of the Student-t distribution of edges' own asymmetries.
	edgeFreedom = 4
	// edgeInformation is what an observation with such an error tells in the mean, of what one with a normal
	// error of the same scale does: (f+1)/(f+3).
	edgeInformation = (edgeFreedom + 1.0) / (edgeFreedom + 3.0)
	// medianInformation is what least absolute deviations make of observations with normal errors, of what they
	// would with errors of Laplace's distribution and the same mean deviation: (2/pi)^2. Which of them delays
	// of one-way edges have is not known.
	medianInformation = 4 / (math.Pi * math.Pi)
	// farTau, in ns, is where the prior on the clocks' levels stops to matter: clocks that are minutes off
	// would make the equations ill-conditioned for nothing.
	farTau = 1e8
	// bigSystem is where the search for scales must be short.
	bigSystem = 300
	// lateShift, in ns, is the standard deviation of what all edges with late ends have in common: where
	// their answers begin in numbers is not where the least of them is. So have all blunt ones: their means
	// hold the time in queues.
	lateShift = 10e3
	// workUnit, in ns, is that of the work that a caller does before a request from the middle of its span, so
	// that the equations' numbers are of about one size. Of all such work the least is about as much as it
	// scatters by; how much that is off by, as a factor, has a standard deviation of one, for all callers and
	// for each. Callers of one service may be one program, even where their roles do not show it.
	workUnit = 1e6
)

// The columns behind those of the clocks' levels.
func (m *static) lateColumn() int { return m.n + 1 }

func (m *static) messageColumn(pair int) int { return m.n + 2 + pair + 1 }

func (m *static) workColumn() int { return m.messageColumn(len(m.p.pairs)) }

func (m *static) serviceColumn(svc int) int { return m.workColumn() + 1 + len(m.works) + svc }

func (m *static) zoneColumn(pair int) int { return m.serviceColumn(len(m.p.services)) + pair }

func (p *problem) newStatic() *static {
	m := &static{p: p, n: len(p.clocks)}
	for i := range p.links {
		if l := &p.links[i]; p.usable(l) && l.headless() {
			for _, s := range []site{{-1, l.svc}, l.site} {
				if !slices.Contains(m.works, s) {
					m.works = append(m.works, s)
				}
			}
		}
	}
	m.dims = m.zoneColumn(len(p.pairs))
	m.level, m.prior = make([]float64, m.n), make([]float64, m.n)
	byPart := make([][]float64, p.parts)
	mid := (p.x0 + p.x1) / 2
	for i := range p.clocks {
		c := &p.clocks[i]
		hint := 0
		m.level[i] = float64(c.coarse) + c.at(mid, &hint)
		if !c.out {
			byPart[c.part] = append(byPart[c.part], m.level[i])
		}
	}
	for i := range p.clocks {
		m.prior[i] = median(byPart[p.clocks[i].part])
	}
	for i := range p.links {
		if l := &p.links[i]; p.usable(l) && len(l.wins) > 0 {
			p.edgeMean(l)
			m.rows = append(m.rows, m.row(l))
		}
	}
	m.group()
	m.weight = make([]float64, len(m.rows))
	for i := range m.weight {
		m.weight[i] = m.rows[i].link.weight
	}
	return m
}

func (m *static) row(l *link) staticRow {
	r := staticRow{link: l, z: l.z}
	r.add(l.b, 1)
	r.add(l.a, -1)
	switch {
	case l.headless():
		r.add(m.workColumn(), l.work/workUnit)
		r.add(m.workColumn()+1+slices.Index(m.works, site{-1, l.svc}), l.work/workUnit)
		r.add(m.workColumn()+1+slices.Index(m.works, l.site), l.work/workUnit)
		return r
	case !l.twoWay:
		r.add(m.messageColumn(l.pair), 1)
		return r
	}
	r.add(m.n, 1)
	r.add(m.serviceColumn(l.svc), 1)
	if l.pair >= 0 {
		r.add(m.zoneColumn(l.pair), l.sign)
	}
	if l.late || l.blunt {
		r.add(m.lateColumn(), 1)
	}
	return r
}

func (r *staticRow) add(col int, sign float64) {
	r.cols[r.n], r.sign[r.n] = col, sign
	r.n++
}

// group sorts the rows by pair of clocks, one-way edges each for itself.
func (m *static) group() {
	key := func(r *staticRow) (lo, hi, alone int) {
		if !r.link.twoWay {
			alone = 1
		}
		return min(r.link.a, r.link.b), max(r.link.a, r.link.b), alone
	}
	slices.SortStableFunc(m.rows, func(r, o staticRow) int {
		rl, rh, ra := key(&r)
		ol, oh, oa := key(&o)
		return cmp.Or(cmp.Compare(rl, ol), cmp.Compare(rh, oh), cmp.Compare(ra, oa))
	})
	for from := 0; from < len(m.rows); {
		to := from + 1
		lo, hi, alone := key(&m.rows[from])
		for to < len(m.rows) && alone == 0 {
			if l, h, a := key(&m.rows[to]); l != lo || h != hi || a != 0 {
				break
			}
			to++
		}
		m.groups = append(m.groups, [2]int{from, to})
		from = to
	}
}

// edgeMean sets z, the robust mean of what an edge's windows say of the two clocks' constants, and stat,
// its variance.
func (p *problem) edgeMean(l *link) {
	v := make([]weighted, 0, len(l.wins))
	for k := range l.wins {
		v = append(v, weighted{l.wins[k].y, 1 / l.wins[k].v})
	}
	l.z = weightedMedian(v)
	for range 4 {
		sum, total := 0.0, 0.0
		for k := range l.wins {
			w := &l.wins[k]
			e := w.y - l.z
			t := (edgeFreedom + 1) / (edgeFreedom + e*e/w.v) / w.v
			sum, total = sum+t*w.y, total+t
		}
		l.z, l.stat = sum/total, 1/total
	}
}

// variance of an edge's asymmetry, which effects do not explain, and of its mean.
func (m *static) variance(s *scales, i int) float64 {
	l := m.rows[i].link
	sd := math.Hypot(s.kappa, s.own) * l.half
	if !l.twoWay {
		sd = s.omega * (l.half + l.work)
	}
	return (sd*sd + l.stat) / m.weight[i]
}

// priorVariance of an unknown.
func (m *static) priorVariance(s *scales, col int) float64 {
	sd := s.zone
	switch {
	case col < m.n:
		sd = math.Min(s.tau, farTau)
	case col == m.n:
		sd = s.gamma
	case col == m.lateColumn():
		sd = lateShift
	case col < m.workColumn():
		sd = defaultScales.omega * m.p.medHalf
	case col == m.workColumn():
		sd = workUnit
	case col < m.serviceColumn(0):
		sd = workUnit * math.Sqrt2 / 2
	case col < m.zoneColumn(0):
		sd = s.service
	}
	return sd * sd
}

// equations are the normal equations of the model, and what its likelihood needs beside.
type equations struct {
	a, b          []float64 // the upper triangle, and the right side
	logs, squares float64
}

// add adds to the entry of two unknowns.
func (e *equations) add(i, j int, v float64) { e.a[min(i, j)*len(e.b)+max(i, j)] += v }

// addGroup adds the rows of one pair of clocks. The way between two hosts is one, whatever services call over
// it, so that their errors depend on each other; the inverse of such a covariance is that of a diagonal less
// one outer product (Sherman and Morrison).
func (m *static) addGroup(e *equations, s *scales, g [2]int) {
	alone := g[1]-g[0] == 1
	var cols []int
	var common []float64
	inner, cross, weight := 0.0, 0.0, 1.0 // the group's common direction times itself, and times the rows
	for i := g[0]; i < g[1]; i++ {
		r := &m.rows[i]
		to := s.kappa * r.link.half
		v := m.variance(s, i)
		if !alone {
			v -= to * to / m.weight[i]
		}
		e.logs += math.Log(v)
		e.squares += r.z * r.z / v
		for k := range r.n {
			e.b[r.cols[k]] += r.sign[k] * r.z / v
			for j := range k + 1 {
				e.add(r.cols[k], r.cols[j], r.sign[k]*r.sign[j]/v)
			}
		}
		if alone {
			return
		}
		if r.link.a > r.link.b {
			to = -to
		}
		weight = min(weight, m.weight[i])
		inner, cross = inner+to*to/v, cross+to*r.z/v
		for k := range r.n {
			at := slices.Index(cols, r.cols[k])
			if at < 0 {
				at = len(cols)
				cols, common = append(cols, r.cols[k]), append(common, 0)
			}
			common[at] += to * r.sign[k] / v
		}
	}
	// Robust weights make the common part as uncertain as the least of the rows.
	f := 1 / (weight + inner)
	e.logs += math.Log(1 + inner/weight)
	e.squares -= f * cross * cross
	for k, col := range cols {
		e.b[col] -= f * common[k] * cross
		for j, other := range cols[:k+1] {
			e.add(col, other, -f*common[k]*common[j])
		}
	}
}

// oneWayScale is the scale of the Laplace distribution of one-way edges' delays around what is assumed, as
// a share of that: their mean deviation, of which clocks that nothing else ties take away one each.
func (m *static) oneWayScale(now float64) float64 {
	tied := make([]bool, m.n)
	for i := range m.rows {
		if l := m.rows[i].link; l.twoWay {
			tied[l.a], tied[l.b] = true, true
		}
	}
	free := map[int]bool{}
	sum, n := 0.0, 0.0
	for i := range m.rows {
		r := &m.rows[i]
		if r.link.twoWay {
			continue
		}
		for _, c := range []int{r.link.a, r.link.b} {
			free[c] = free[c] || !tied[c]
		}
		sum += math.Abs(r.z-m.fitted(r)) / (r.link.half + r.link.work)
		n++
	}
	if n == 0 {
		return now
	}
	for _, isFree := range free {
		if isFree {
			n--
		}
	}
	// As good as two edges speak for the usual scale.
	return (sum + 2*defaultScales.omega) / (max(n, 0) + 2)
}
