package align

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// spread finds the posterior covariance of the clocks' levels. For intervals the clocks' own prior is made
// as wide as the evidence allows: a chance agreement of a few clocks must not narrow them. Nor must the
// best guess of a scale that hardly anything tells: see mixture.
func (p *problem) spread() {
	for i := range p.clocks {
		p.clocks[i].sd = math.Inf(1)
	}
	if p.static == nil {
		return
	}
	m := p.newStatic()
	wide := m.polish(p.scales)
	for i := range m.weight { // how rows fit must not make them know more than they say
		most := medianInformation
		if m.rows[i].link.twoWay {
			most = edgeInformation
		}
		m.weight[i] = min(m.weight[i], most)
	}
	best := m.solve(&wide)
	for try := wide; try.tau < 1e15; {
		try.tau *= 1.25
		if m.solve(&try) < best-1.5 {
			break
		}
		wide = try
	}
	if math.IsInf(m.solve(&wide), -1) {
		return
	}
	inverse := m.chol.inverse()
	if inverse == nil {
		return
	}
	n := len(p.clocks)
	p.cov = mat.NewSymDense(n, nil)
	for i := range n {
		for k := i; k < n; k++ {
			p.cov.SetSym(i, k, inverse.At(i, k))
		}
	}
	p.mix = m.mixture(&wide, inverse)
	for i := range p.clocks {
		p.clocks[i].sd = p.pairSD(i, p.hub(p.clocks[i].part))
	}
}

// polish finds the scale of edges' own asymmetries to a few percent: most of an interval is in proportion to it.
func (m *static) polish(s scales) scales {
	best := m.solve(&s)
	for _, by := range []float64{1.1, 1 / 1.1} {
		for {
			try := s
			try.kappa *= by
			if !m.possible(&try) {
				break
			}
			l := m.solve(&try)
			if !(l > best) {
				break
			}
			s, best = try, l
		}
	}
	return s
}

// mixture is the posterior of the clocks' levels where the scales of what only a handful of unknowns show,
// requests against responses and pairs of zones, are not known but distributed as the evidence and their own
// priors say. A single best guess of such a scale would make intervals too narrow: with three zones, one sum
// around them is all that tells of it. Other scales than those of the covariance V change the prior variances
// of a few columns only, so that a change of low rank gives all that is needed (Woodbury):
//
//	covariance  = V - W K W'             W: V's columns of those unknowns, K = (1/D + V_cc)^-1
//	levels      = beta - W K beta_c      D: what is added to the inverse prior variances
//	2 log likelihood changes by -log det(1 + D V_cc) + sum log (old/new) - beta_c' K beta_c
type mixture struct {
	w     *mat.Dense // clock by unknown
	nodes []mixtureNode
}

// mixtureNode is K and K beta_c for some scales, and how likely they are.
type mixtureNode struct {
	weight float64
	zone   float64 // the scale of pairs of zones
	k      *mat.Dense
	shift  *mat.VecDense
}

// mixture integrates over a grid of both scales around s; inverse is the covariance for s.
func (m *static) mixture(s *scales, inverse *mat.SymDense) *mixture {
	cols := []int{m.n}
	for pair := range m.p.pairs {
		cols = append(cols, m.zoneColumn(pair))
	}
	n := len(cols)
	vcc, beta := mat.NewSymDense(n, nil), mat.NewVecDense(n, nil)
	mix := &mixture{w: mat.NewDense(m.n, n, nil)}
	for j, col := range cols {
		beta.SetVec(j, m.beta.AtVec(col))
		for i := range j + 1 {
			vcc.SetSym(i, j, inverse.At(cols[i], col))
		}
		for i := range m.n {
			mix.w.Set(i, j, inverse.At(i, col))
		}
	}
	best := math.Inf(-1)
	for _, gamma := range scaleGrid {
		for _, zone := range scaleGrid {
			t := *s
			t.gamma, t.zone = t.gamma*gamma, t.zone*zone
			if node, ok := m.node(s, &t, cols, vcc, beta); ok {
				best = max(best, node.weight)
				mix.nodes = append(mix.nodes, node)
			}
			if len(cols) == 1 {
				break // no zones
			}
		}
	}
	const negligible = 1e-4
	sum := 0.0
	mix.nodes = slices.DeleteFunc(mix.nodes, func(x mixtureNode) bool { return math.Exp(x.weight-best) < negligible })
	for i := range mix.nodes {
		x := &mix.nodes[i]
		x.weight = math.Exp(x.weight - best)
		sum += x.weight
	}
	for i := range mix.nodes {
		mix.nodes[i].weight /= sum
	}
	return mix
}

// scaleGrid are the factors to scales over which mixture integrates, at equal distances of their logarithms.
var scaleGrid = func() (v []float64) {
	for k := -4; k <= 5; k++ {
		v = append(v, math.Exp(0.6*float64(k)))
	}
	return v
}()

// node returns the node of scales s, its weight as a logarithm.
func (m *static) node(old, s *scales, cols []int, vcc *mat.SymDense, beta *mat.VecDense) (node mixtureNode, ok bool) {
	n := len(cols)
	node.zone = s.zone
	node.weight = 2 * (m.hyperprior(s) - m.hyperprior(old))
	a, d := mat.NewDense(n, n, nil), mat.NewDense(n, n, nil)
	for i, col := range cols {
		before, after := m.priorVariance(old, col), m.priorVariance(s, col)
		add := 1/after - 1/before
		node.weight += math.Log(before / after)
		d.Set(i, i, add)
		for j := range n {
			a.Set(i, j, add*vcc.At(i, j))
		}
		a.Set(i, i, a.At(i, i)+1)
	}
	var lu mat.LU
	lu.Factorize(a)
	det, sign := lu.LogDet()
	node.k, node.shift = mat.NewDense(n, n, nil), mat.NewVecDense(n, nil)
	if err := lu.SolveTo(node.k, false, d); err != nil || sign <= 0 {
		return node, false
	}
	node.shift.MulVec(node.k, beta)
	node.weight -= det + mat.Dot(beta, node.shift)
	node.weight /= 2
	return node, !math.IsNaN(node.weight)
}

// levelHalf is half the width of the 95 % interval of the difference of two clocks' levels.
func (p *problem) levelHalf(a, b int) float64 {
	sd := p.pairSD(a, b)
	if sd == 0 || math.IsInf(sd, 1) || p.mix == nil {
		return normal95 * sd
	}
	// The difference has a normal distribution for each node.
	n := p.mix.w.RawMatrix().Cols
	d := mat.NewVecDense(n, nil)
	d.SubVec(p.mix.w.RowView(a), p.mix.w.RowView(b))
	type component struct{ weight, mean, sd float64 }
	parts := make([]component, 0, len(p.mix.nodes))
	low, high := 0.0, 0.0
	for _, x := range p.mix.nodes {
		v := math.Sqrt(math.Max(sd*sd-mat.Inner(d, x.k, d), modelNoise*modelNoise))
		c := component{x.weight, math.Abs(mat.Dot(d, x.shift)), v}
		parts = append(parts, c)
		high = max(high, c.mean+4*c.sd)
	}
	for range 40 {
		half, outside := (low+high)/2, 0.0
		for _, c := range parts {
			outside += c.weight * (math.Erfc((half-c.mean)/c.sd/math.Sqrt2) + math.Erfc((half+c.mean)/c.sd/math.Sqrt2)) / 2
		}
		if outside > 0.05 {
			low = half
		} else {
			high = half
		}
	}
	return high
}

// normal95 standard deviations to either side hold 95 % of a normal distribution.
const normal95 = 1.96
