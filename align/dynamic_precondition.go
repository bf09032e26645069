package align

// band is a symmetric matrix with two diagonals beside the main one, factored as L D L'.
type band struct{ d, e, f []float64 } // main, first and second lower diagonal

func newBand(n int) band { return band{make([]float64, n), make([]float64, n), make([]float64, n)} }

// factor replaces the matrix by its factors. A pivot that rounding has spoilt is made small.
func (b *band) factor() {
	for i := range b.d {
		if i >= 1 {
			if i >= 2 {
				b.f[i] /= b.d[i-2]
				b.e[i] -= b.f[i] * b.d[i-2] * b.e[i-1]
			}
			b.e[i] /= b.d[i-1]
			b.d[i] -= b.e[i] * b.e[i] * b.d[i-1]
			if i >= 2 {
				b.d[i] -= b.f[i] * b.f[i] * b.d[i-2]
			}
		}
		if !(b.d[i] > 1e-18) {
			b.d[i] = 1e-18
		}
	}
}

func (b *band) solve(x []float64) {
	for i := range x {
		if i >= 1 {
			x[i] -= b.e[i] * x[i-1]
		}
		if i >= 2 {
			x[i] -= b.f[i] * x[i-2]
		}
	}
	for i := range x {
		x[i] /= b.d[i]
	}
	for i := len(x) - 1; i >= 0; i-- {
		if i+1 < len(x) {
			x[i] -= b.e[i+1] * x[i+1]
		}
		if i+2 < len(x) {
			x[i] -= b.f[i+2] * x[i+2]
		}
	}
}

// inverseDiagonal returns the diagonal of the inverse of a factored matrix: of the inverse only the three
// diagonals that it takes are ever known (Takahashi's recursion).
func (b *band) inverseDiagonal() []float64 {
	n := len(b.d)
	z := make([]float64, n)
	var z1, z2, next float64 // inverse at (i+1, i+1), (i+2, i+2), (i+2, i+1)
	for i := n - 1; i >= 0; i-- {
		var e, f float64
		if i+1 < n {
			e = b.e[i+1]
		}
		if i+2 < n {
			f = b.f[i+2]
		}
		first, second := -e*z1-f*next, -e*next-f*z2
		z[i] = 1/b.d[i] - e*first - f*second
		z1, z2, next = z[i], z1, first
	}
	return z
}

// addBend adds one penalty whose middle knot is k.
func (b *band) addBend(k int, p *bend, w float64) {
	b.d[k-1] += w * p.l * p.l
	b.d[k] += w * p.m * p.m
	b.d[k+1] += w * p.r * p.r
	b.e[k] += w * p.l * p.m
	b.e[k+1] += w * p.m * p.r
	b.f[k+1] += w * p.l * p.r
}

// addTilt adds the penalty on the difference of two neighbours.
func (b *band) addTilt(k int, w float64) {
	b.d[k] += w
	b.d[k+1] += w
	b.e[k+1] -= w
}

// factor builds the preconditioner: a band per clock, a number per jump, and for every component a band
// for all of its clocks moving together.
func (d *dynamic) factor() {
	p := d.p
	d.bands = make([]band, len(p.clocks))
	diag := make([]float64, d.n) // of jumps
	owner := make([]int32, d.n)
	for i := range p.clocks {
		d.bands[i] = newBand(len(p.clocks[i].knots))
		for k := d.first[i]; k < d.first[i+1]; k++ {
			owner[k] = int32(i)
		}
		for k := range d.bands[i].d {
			d.bands[i].d[k] = d.ridge
		}
	}
	for r, w := range d.rowW {
		// Of every clock a row has one or two pairs of neighbouring knots, and jumps behind.
		for k, end := d.start[r], d.start[r+1]; k < end; {
			c := owner[d.cols[k]]
			isKnot := func(k int32) bool {
				return k < end && owner[d.cols[k]] == c && d.cols[k] < int32(d.first[c]+len(d.bands[c].d))
			}
			pairs := 1.0
			if isKnot(k + 2) {
				pairs = 2 // twice what either alone gives is a bound from above on what both give
			}
			for ; isKnot(k); k += 2 {
				at, v, next := int(d.cols[k])-d.first[c], d.vals[k], d.vals[k+1]
				d.bands[c].d[at] += pairs * w * v * v
				d.bands[c].d[at+1] += pairs * w * next * next
				d.bands[c].e[at+1] += pairs * w * v * next
			}
			for ; k < end && owner[d.cols[k]] == c; k++ {
				diag[d.cols[k]] += w * d.vals[k] * d.vals[k]
			}
		}
	}
	d.jumpDiag = diag
	sums := make([]float64, p.parts)
	for i := range d.bends {
		b := &d.bends[i]
		c := owner[b.at]
		d.bands[c].addBend(b.at-d.first[c], b, b.w*b.tw)
		if !b.slewing {
			sums[p.clocks[c].part] += b.tw
		}
	}
	tilted := make([]float64, p.parts)
	for i := range d.tilts {
		t := &d.tilts[i]
		d.bands[owner[t.at]].addTilt(t.at-d.first[owner[t.at]], t.w)
		tilted[p.clocks[owner[t.at]].part] += t.w
	}
	d.factorCommon(sums, tilted)
}

// factorCommon builds the bands of all clocks of a component together, from the weights of their bends and
// the weights of their tilts.
func (d *dynamic) factorCommon(sums, tilted []float64) {
	p := d.p
	base := p.baseKnots
	d.common = make([]band, p.parts)
	members := make([]float64, p.parts)
	for i := range p.clocks {
		d.bands[i].factor()
		members[p.clocks[i].part]++
	}
	for part := range d.common {
		n := len(base)
		c := newBand(n)
		for k := range n {
			c.d[k] = d.ridge * members[part]
		}
		mean := sums[part] / float64(max(1, n-2))
		for k := 1; k+1 < n; k++ {
			h := base[k] - base[k-1]
			b := bend{l: 1 / h, m: -2 / h, r: 1 / h}
			c.addBend(k, &b, mean/(p.wander*p.wander*h))
		}
		for k := 1; k < n; k++ {
			w := tilted[part] / float64(n-1)
			c.addTilt(k-1, w)
		}
		c.factor()
		d.common[part] = c
	}
}

// precondition sets z to about the inverse of the matrix times r.
func (d *dynamic) precondition(z, r []float64) {
	p := d.p
	copy(z, r)
	n := len(p.baseKnots)
	sums := make([][]float64, p.parts)
	for i := range sums {
		sums[i] = make([]float64, n)
	}
	for i := range p.clocks {
		c := &p.clocks[i]
		part := sums[c.part]
		for k, x := range c.knots {
			j, f := p.basePlace(x)
			part[j] += (1 - f) * r[d.first[i]+k]
			part[j+1] += f * r[d.first[i]+k]
		}
	}
	for part := range sums {
		d.common[part].solve(sums[part])
	}
	for i := range p.clocks {
		c := &p.clocks[i]
		d.bands[i].solve(z[d.first[i] : d.first[i]+len(c.knots)])
		for k, x := range c.knots {
			j, f := p.basePlace(x)
			z[d.first[i]+k] += (1-f)*sums[c.part][j] + f*sums[c.part][j+1]
		}
		for k := d.first[i] + len(c.knots); k < d.first[i+1]; k++ {
			z[k] = r[k] / (d.jumpDiag[k] + 1e-18)
		}
	}
}

// basePlace returns the interval of the common knots that x lies in, and how far.
func (p *problem) basePlace(x float64) (int, float64) {
	n := len(p.baseKnots)
	h := (p.x1 - p.x0) / float64(n-1)
	i := min(max(int((x-p.x0)/h), 0), n-2)
	f := (x - p.baseKnots[i]) / h
	return i, min(1, max(0, f))
}
