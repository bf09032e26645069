package align

import (
	"cmp"
	"math"
	"slices"
)

// coarseOffsets finds a constant for every clock: the median of the calls' midpoints on the edges of a
// tree of the best known ones. It needs no rates, and is wrong by what clocks drift and by asymmetry; all
// the rest is then small.
func (p *problem) coarseOffsets() {
	type branch struct {
		link   int
		offset int64 // of b against a
		rank   float64
	}
	var list []branch
	var mids []int64
	for i := range p.links {
		l := &p.links[i]
		if !p.usable(l) {
			continue
		}
		mids = mids[:0]
		for k := range l.samples {
			switch s := &l.samples[k]; {
			case l.twoWay && s.t4 != 0:
				mids = append(mids, s.u/2+s.l/2)
			case !l.twoWay:
				mids = append(mids, s.u)
			}
		}
		if len(mids) == 0 {
			continue
		}
		slices.Sort(mids)
		b := branch{link: i, offset: mids[len(mids)/2], rank: float64(len(mids))}
		if !l.twoWay {
			b.offset = mids[0]
			b.rank /= 1e6
		}
		list = append(list, b)
	}
	slices.SortStableFunc(list, func(a, b branch) int { return cmp.Compare(b.rank, a.rank) })
	// Kruskal's algorithm, then a walk of the tree.
	group := make([]int, len(p.clocks))
	for i := range group {
		group[i] = i
	}
	tree := make([][]branch, len(p.clocks))
	for _, b := range list {
		l := &p.links[b.link]
		from, to := group[l.a], group[l.b]
		if from == to {
			continue
		}
		for i := range group {
			if group[i] == to {
				group[i] = from
			}
		}
		tree[l.a] = append(tree[l.a], b)
		tree[l.b] = append(tree[l.b], b)
	}
	seen := make([]bool, len(p.clocks))
	for root := range p.clocks {
		if seen[root] {
			continue
		}
		seen[root], p.clocks[root].coarse = true, 0
		members := []int{root}
		for n := 0; n < len(members); n++ {
			at := members[n]
			for _, b := range tree[at] {
				l := &p.links[b.link]
				to, offset := l.b, b.offset
				if to == at {
					to, offset = l.a, -b.offset
				}
				if !seen[to] {
					seen[to] = true
					p.clocks[to].coarse = p.clocks[at].coarse + offset
					members = append(members, to)
				}
			}
		}
		p.centre(members)
	}
}

// centre makes the median of the clocks' constants 0: with no other reference, most clocks are right.
func (p *problem) centre(members []int) {
	var v []int64
	for _, i := range members {
		v = append(v, p.clocks[i].coarse)
	}
	slices.Sort(v)
	for _, i := range members {
		p.clocks[i].coarse -= v[len(v)/2]
	}
}

// usualRate is the standard deviation, in ns per second, of the rates that quartz has: a prior that only
// matters where there is little else.
const usualRate = 20e3

// series is what one edge shows of the difference of two clocks over time.
type series struct{ x, y []float64 }

// slope is the median of slopes over a quarter of the series, which a single step does not move, and its
// standard error. noise, in ns, is what one value is uncertain by at least.
func (s *series) slope(noise float64) (rate, se float64, ok bool) {
	n := len(s.x)
	lag := max(1, n/4)
	if n < 3 {
		return 0, 0, false
	}
	var slopes []float64
	for i := 0; i+lag < n; i++ {
		if dx := s.x[i+lag] - s.x[i]; dx > 0 {
			slopes = append(slopes, (s.y[i+lag]-s.y[i])/dx)
		}
	}
	extent := s.x[n-1] - s.x[0]
	if len(slopes) == 0 || extent <= 0 {
		return 0, 0, false
	}
	rate = median(slopes)
	for i := range slopes {
		slopes[i] = math.Abs(slopes[i] - rate)
	}
	se = 1.4826 * median(slopes) / math.Sqrt(float64(n)/float64(lag))
	return rate, max(se, noise/extent/math.Sqrt(float64(n))), true
}

// coarseRates fits the rates of all clocks to the midpoints of the sampled calls.
func (p *problem) coarseRates() {
	type call struct{ x, y float64 }
	var calls []call
	var x, y []float64
	p.fitRates(func(l *link) series {
		calls = calls[:0]
		diff := p.clocks[l.b].coarse - p.clocks[l.a].coarse
		for _, s := range l.samples {
			x := p.seconds(s.t1, p.clocks[l.a].coarse)
			switch {
			case x < p.x0 || x > p.x1:
			case l.twoWay && s.t4 != 0:
				calls = append(calls, call{x, float64(s.u+s.l-2*diff) / 2})
			case !l.twoWay:
				calls = append(calls, call{x, float64(s.u - diff)})
			}
		}
		slices.SortFunc(calls, func(a, b call) int {
			if a.x != b.x {
				return cmp.Compare(a.x, b.x)
			}
			return cmp.Compare(a.y, b.y)
		})
		var out series
		parts := min(16, max(3, len(calls)/3))
		for k := range parts {
			part := calls[k*len(calls)/parts : (k+1)*len(calls)/parts]
			if len(part) == 0 {
				continue
			}
			x, y = x[:0], y[:0]
			for _, c := range part {
				x, y = append(x, c.x), append(y, c.y)
			}
			out.x = append(out.x, median(x))
			if l.twoWay {
				out.y = append(out.y, median(y))
			} else {
				out.y = append(out.y, slices.Min(y))
			}
		}
		return out
	})
}

// polishRates fits them to the windows.
func (p *problem) polishRates() {
	p.fitRates(func(l *link) (out series) {
		n := min(32, len(l.wins))
		for k := range n {
			x, y, w := 0.0, 0.0, 0.0
			for i := k * len(l.wins) / n; i < (k+1)*len(l.wins)/n; i++ {
				win := &l.wins[i]
				x, y, w = x+win.x/win.v, y+win.y/win.v, w+1/win.v
			}
			if w > 0 {
				out.x, out.y = append(out.x, x/w), append(out.y, y/w)
			}
		}
		return out
	})
}

func (p *problem) fitRates(seriesOf func(*link) series) {
	var rows []difference
	for i := range p.links {
		l := &p.links[i]
		if !p.usable(l) {
			continue
		}
		s := seriesOf(l)
		rate, se, ok := s.slope(0.3 * l.half)
		if !ok || math.IsNaN(rate) || math.Abs(rate) > 4e3*p.opt.MaxDriftPPM {
			continue // no rate, but a step
		}
		// What cannot be told apart from noise is not believed: quartz is seldom off by more.
		rate *= usualRate * usualRate / (usualRate*usualRate + se*se)
		if !l.twoWay {
			se *= 10
		}
		rows = append(rows, difference{l.a, l.b, rate, 1 / (se * se)})
	}
	most := 1e3 * p.opt.MaxDriftPPM
	for i, r := range p.fitDifferences(rows) {
		p.clocks[i].rate = min(max(p.clocks[i].rate+r, -most), most)
	}
}

// difference says that value(b) - value(a) is v.
type difference struct {
	a, b int
	v, w float64
}

// fitDifferences returns the values that fit robustly, their median 0 in every component.
func (p *problem) fitDifferences(rows []difference) []float64 {
	v := make([]float64, len(p.clocks))
	w := make([]float64, len(rows))
	for i, r := range rows {
		w[i] = r.w
	}
	for round := range 12 {
		p.relax(v, rows, w)
		var residuals []float64
		for _, r := range rows {
			residuals = append(residuals, math.Abs(r.v-(v[r.b]-v[r.a])))
		}
		scale := 1.5*median(slices.Clone(residuals)) + 1e-9
		for i, r := range rows {
			e := residuals[i] / scale
			if round < 4 {
				w[i] = r.w / max(1, e) // as L1 does, from afar
			} else {
				w[i] = r.w / (1 + e*e/4)
			}
		}
	}
	for part := range p.parts {
		var values []float64
		for i := range p.clocks {
			if p.clocks[i].part == part {
				values = append(values, v[i])
			}
		}
		m := median(values)
		for i := range p.clocks {
			if p.clocks[i].part == part {
				v[i] -= m
			}
		}
	}
	return v
}

// relax solves the weighted least squares by conjugate gradients. The matrix is a graph's Laplacian; what
// it leaves open, one constant a component, stays as v has it.
func (p *problem) relax(v []float64, rows []difference, w []float64) {
	n := len(v)
	diag, r := make([]float64, n), make([]float64, n)
	for i, d := range rows {
		diag[d.a] += w[i]
		diag[d.b] += w[i]
		e := w[i] * (d.v - (v[d.b] - v[d.a]))
		r[d.b] += e
		r[d.a] -= e
	}
	z, q := make([]float64, n), make([]float64, n)
	precondition := func() (dot float64) {
		for i := range z {
			if z[i] = 0; diag[i] > 0 {
				z[i] = r[i] / diag[i]
			}
			dot += z[i] * r[i]
		}
		return dot
	}
	rho := precondition()
	d := slices.Clone(z)
	stop := rho * 1e-20
	for range 4*n + 10 {
		if rho <= stop {
			return
		}
		clear(q)
		for i, row := range rows {
			e := w[i] * (d[row.b] - d[row.a])
			q[row.b] += e
			q[row.a] -= e
		}
		dq := 0.0
		for i := range d {
			dq += d[i] * q[i]
		}
		if dq <= 0 {
			return
		}
		alpha := rho / dq
		for i := range d {
			v[i] += alpha * d[i]
			r[i] -= alpha * q[i]
		}
		next := precondition()
		for i := range d {
			d[i] = z[i] + next/rho*d[i]
		}
		rho = next
	}
}
