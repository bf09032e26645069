package align

import (
	"math"
	"slices"
)

// dynamic is the least squares fit of all clocks over time: piecewise linear corrections of the offsets at
// the knots, and of the sizes of jumps. A change of slope between knots costs its square over what a
// frequency that wanders at random would change. Solved for corrections, not for offsets, by conjugate
// gradients; the mode in which all clocks of a component move together, which no call sees, has a
// preconditioner of its own, without which hundreds of steps do not suffice.
type dynamic struct {
	p     *problem
	first []int // of every clock's unknowns: knots, then jumps
	n     int

	start []int32 // of every row's entries, and the end
	cols  []int32
	vals  []float64
	rowW  []float64 // 1/variance, times the robust weight
	rowY  []float64
	wins  []*window

	bends    []bend
	tilts    []tilt
	bands    []band
	common   []band    // per component
	jumpDiag []float64 // of the matrix, at the jumps
	ridge    float64   // pins what the evidence leaves open; on corrections, so that it moves no clock
}

// bend is the penalty on the change of slope at one knot.
type bend struct {
	at         int // unknown of the middle knot
	l, m, r    float64
	w          float64 // 1/variance
	tw         float64 // robust weight
	slewing    bool
	valueAtOff float64
}

// tilt is the penalty on the slope from one knot to the next, which is seldom beyond that of quartz.
type tilt struct {
	at    int     // unknown of the first knot
	w     float64 // of the difference of the two, 1/variance, times a robust weight
	value float64 // what the penalty sees now
}

// slewWander stands for the wander inside a slew, in ppb per root second: rates jump by hundreds of ppm there.
const slewWander = 3e3

// selection says which windows are rows of a fit.
type selection int

const (
	allWindows selection = iota
	shownWindows
	heldWindows // those left out of the fit, to test it
)

func (n selection) has(w *window) bool { return n == allWindows || w.held == (n == heldWindows) }

func (p *problem) newDynamic(which selection) *dynamic {
	d := &dynamic{p: p}
	d.reserve(which)
	for i := range p.clocks {
		d.first = append(d.first, d.n)
		d.n += len(p.clocks[i].knots) + len(p.clocks[i].jumps)
	}
	d.first = append(d.first, d.n)
	for i := range p.links {
		l := &p.links[i]
		if !p.usable(l) {
			continue
		}
		var hints [4]int
		for k := range l.wins {
			w := &l.wins[k]
			if !which.has(w) {
				continue
			}
			d.start = append(d.start, int32(len(d.cols)))
			d.wins = append(d.wins, w)
			d.rowY = append(d.rowY, w.y-l.effect)
			d.rowW = append(d.rowW, w.weight/w.v)
			d.entries(l.b, w.q.xb, w.s.xb, 0.5, hints[:2])
			d.entries(l.a, w.q.xa, w.s.xa, -0.5, hints[2:])
		}
	}
	d.start = append(d.start, int32(len(d.cols)))
	d.bendAll()
	for _, w := range d.rowW {
		d.ridge += w
	}
	d.ridge = 1e-5*d.ridge/float64(max(1, d.n)) + 1e-18
	return d
}

// reserve makes room for the rows: there are a million entries, and growing moves them.
func (d *dynamic) reserve(which selection) {
	rows, entries := 0, 0
	for i := range d.p.links {
		l := &d.p.links[i]
		if !d.p.usable(l) {
			continue
		}
		n := 0
		for k := range l.wins {
			if which.has(&l.wins[k]) {
				n++
			}
		}
		rows += n
		entries += n * (8 + 2*len(d.p.clocks[l.a].jumps) + 2*len(d.p.clocks[l.b].jumps))
	}
	d.start, d.wins = make([]int32, 0, rows+1), make([]*window, 0, rows)
	d.rowY, d.rowW = make([]float64, 0, rows), make([]float64, 0, rows)
	d.cols, d.vals = make([]int32, 0, entries), make([]float64, 0, entries)
}

// bendAll finds the penalties anew, which depend on the wander and on the offsets.
func (d *dynamic) bendAll() {
	d.bends, d.tilts = slices.Grow(d.bends[:0], d.n), slices.Grow(d.tilts[:0], d.n)
	for i := range d.p.clocks {
		d.bend(i)
	}
}

// entries adds the derivatives of a clock's offset at two readings. Most often both lie between the same knots.
func (d *dynamic) entries(clock int, x1, x2, sign float64, hints []int) {
	c := &d.p.clocks[clock]
	i, f := c.segment(x1, &hints[0])
	j, g := c.segment(x2, &hints[1])
	if i == j {
		d.pair(clock, i, sign*(2-f-g), sign*(f+g))
	} else {
		d.pair(clock, i, sign*(1-f), sign*f)
		d.pair(clock, j, sign*(1-g), sign*g)
	}
	for k, jump := range c.jumps {
		if v := sign * (passed(x1, &jump) + passed(x2, &jump)); v != 0 && !d.p.stated(&jump) {
			d.cols = append(d.cols, int32(d.first[clock]+len(c.knots)+k))
			d.vals = append(d.vals, v)
		}
	}
}

// pair adds the derivatives by a knot of a clock and by the next.
func (d *dynamic) pair(clock, knot int, v, next float64) {
	d.cols = append(d.cols, int32(d.first[clock]+knot), int32(d.first[clock]+knot+1))
	d.vals = append(d.vals, v, next)
}

// passed is 1 at a reading behind a jump, else 0.
func passed(x float64, j *jump) float64 { return float64(one(x >= j.x)) }

func (d *dynamic) bend(clock int) {
	c := &d.p.clocks[clock]
	for k := 1; k+1 < len(c.knots); k++ {
		h1, h2 := c.knots[k]-c.knots[k-1], c.knots[k+1]-c.knots[k]
		b := bend{at: d.first[clock] + k, l: 1 / h1, m: -1/h1 - 1/h2, r: 1 / h2, tw: 1}
		wander := d.p.wander
		for _, s := range c.slews {
			if c.knots[k] >= s.lo && c.knots[k] <= s.hi {
				wander, b.slewing = slewWander, true
			}
		}
		b.w = 1 / (wander * wander * (h1 + h2) / 2)
		b.valueAtOff = b.l*c.off[k-1] + b.m*c.off[k] + b.r*c.off[k+1]
		// Student-t: a kink that the data insist on is paid for once.
		b.tw = (edgeFreedom + 1) / (edgeFreedom + b.valueAtOff*b.valueAtOff*b.w)
		d.bends = append(d.bends, b)
	}
	for k := 0; k+1 < len(c.knots); k++ {
		h := c.knots[k+1] - c.knots[k]
		slope := c.rate + (c.off[k+1]-c.off[k])/h
		tw := (edgeFreedom + 1) / (edgeFreedom + slope*slope/(usualRate*usualRate))
		// All of them together weigh as much as one observation of the mean rate.
		d.tilts = append(d.tilts, tilt{d.first[clock] + k, tw / (usualRate * usualRate * h * (d.p.x1 - d.p.x0)), slope * h})
	}
}

// multiply sets y to the matrix times x.
func (d *dynamic) multiply(y, x []float64) {
	for i := range y {
		y[i] = d.ridge * x[i]
	}
	for r := range d.rowW {
		from, to := d.start[r], d.start[r+1]
		v := 0.0
		for k := from; k < to; k++ {
			v += d.vals[k] * x[d.cols[k]]
		}
		v *= d.rowW[r]
		for k := from; k < to; k++ {
			y[d.cols[k]] += d.vals[k] * v
		}
	}
	for i := range d.bends {
		b := &d.bends[i]
		v := b.w * b.tw * (b.l*x[b.at-1] + b.m*x[b.at] + b.r*x[b.at+1])
		y[b.at-1] += b.l * v
		y[b.at] += b.m * v
		y[b.at+1] += b.r * v
	}
	for i := range d.tilts {
		t := &d.tilts[i]
		v := t.w * (x[t.at+1] - x[t.at])
		y[t.at+1] += v
		y[t.at] -= v
	}
}

func (d *dynamic) gradient() []float64 {
	g := make([]float64, d.n)
	for r := range d.rowW {
		v := d.rowW[r] * d.rowY[r]
		for k := d.start[r]; k < d.start[r+1]; k++ {
			g[d.cols[k]] += d.vals[k] * v
		}
	}
	for i := range d.bends {
		b := &d.bends[i]
		v := b.w * b.tw * b.valueAtOff
		g[b.at-1] -= b.l * v
		g[b.at] -= b.m * v
		g[b.at+1] -= b.r * v
	}
	for i := range d.tilts {
		t := &d.tilts[i]
		g[t.at+1] -= t.w * t.value
		g[t.at] += t.w * t.value
	}
	return g
}

// solve returns the corrections, sought from those in start on, or from none where it is nil.
func (d *dynamic) solve(start []float64, tolerance float64, steps int) []float64 {
	d.factor()
	x, r := make([]float64, d.n), d.gradient()
	z, q := make([]float64, d.n), make([]float64, d.n)
	d.precondition(z, r)
	// The residual is in squares of standard deviations: less than enough in all of the problem is nothing.
	const enough = 1e-4
	stop := max(dot(r, z)*tolerance*tolerance, enough)
	if start != nil {
		copy(x, start)
		d.multiply(q, x)
		for i := range r {
			r[i] -= q[i]
		}
		d.precondition(z, r)
	}
	dir := slices.Clone(z)
	rho := dot(r, z)
	for range steps {
		if !(rho > stop) {
			break
		}
		d.multiply(q, dir)
		alpha := rho / dot(dir, q)
		if math.IsNaN(alpha) || math.IsInf(alpha, 0) {
			break
		}
		for i := range x {
			x[i] += alpha * dir[i]
			r[i] -= alpha * q[i]
		}
		d.precondition(z, r)
		next := dot(r, z)
		for i := range dir {
			dir[i] = z[i] + next/rho*dir[i]
		}
		rho = next
	}
	return x
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

// apply adds the corrections to the clocks.
func (d *dynamic) apply(x []float64) {
	for i := range d.p.clocks {
		c := &d.p.clocks[i]
		v := x[d.first[i]:d.first[i+1]]
		for k := range c.off {
			c.off[k] += v[k]
		}
		for k := range c.jumps {
			c.jumps[k].size += v[len(c.knots)+k]
		}
	}
}

// predict returns what the corrections make of one row.
func (d *dynamic) predict(row int, x []float64) (v float64) {
	for k := d.start[row]; k < d.start[row+1]; k++ {
		v += d.vals[k] * x[d.cols[k]]
	}
	return v
}
