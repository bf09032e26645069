package align

import "math"

// Between two readings of a grid, bounds run straight, and must hold at every instant. The tightest bound
// of a clock is not straight there: from where it is known it grows at the clock's rate, so that between
// two places where it is known it rises to a peak. A curve therefore samples the tightest bound, less the
// trend, at equal steps of each cell of the grid; computes the peak that is possible between every two
// samples; and takes at each reading of the grid the highest peak of the cells on both sides. A line
// between two values that both are above all peaks of their cell is above them too. The trend is straight
// within a cell, as its knots are readings of the grid, so adding it at the grid's readings adds it
// everywhere.
//
// More evidence lowers samples or leaves them, and so lowers or leaves peaks and values: on the same grid
// and trend, a bound never widens. That is why samples are at fixed places and not where evidence is.

// basis tells the two kinds of bounds apart.
type basis int

const (
	basisHard basis = iota
	basisAssumed
)

var basisNames = [...]string{basisHard: "hard", basisAssumed: "assumed"}

// sampleBudget bounds the samples of all curves of one basis: each is a row of the proof.
var sampleBudget = [...]int{basisHard: 60_000, basisAssumed: 30_000}

// maxSamplesPerCell keeps small problems from proofs that nobody needs.
const maxSamplesPerCell = 16

// samplesPerCell returns into how many parts cells are cut.
func (b *boundSolver) samplesPerCell(k basis) int {
	cells := 0
	for i := range b.clocks {
		for _, g := range b.clocks[i].grids {
			cells += len(g)
		}
	}
	return min(max(sampleBudget[k]/(2*max(cells, 1)), 1), maxSamplesPerCell)
}

// curves fills in the bounds of one basis in all segments of a component. Distances are from 0 where
// tilted is set, and from the trends where it is not: the trend then only tilts what is looked at.
func (b *boundSolver) curves(s *scope, k basis, tilted bool, up, down *distances, rate int64) {
	steps := b.samplesPerCell(k)
	for i, n := range s.nodes {
		d := b.domain[n]
		if d == utcClock {
			continue
		}
		segment := &b.result.domains[d].segments[n-b.firstSeg[d]]
		out := segment.hard
		if k == basisAssumed {
			out = segment.assumed
		}
		if i == s.source {
			for j := range out {
				out[j] = Interval{}
			}
			continue
		}
		t := b.trendOf(n)
		for _, dist := range []*distances{up, down} {
			c := curve{dist: dist, node: int32(i), trend: t, rate: rate, steps: steps, tilted: tilted, slews: b.slewsOf(n)}
			if tilted {
				c.rate = addBound(rate, t.slope())
			}
			values, origins := c.values(segment.at)
			if values == nil {
				continue
			}
			for j, v := range values {
				if dist.reverse {
					out[j].Low = -v
				} else {
					out[j].High = v
				}
			}
			b.proof.curve(s, n, k, dist, steps, origins)
		}
	}
}

// curve turns distances into bounds on the readings of a grid.
type curve struct {
	dist   *distances
	node   int32
	trend  trend
	tilted bool  // the distances are from 0, not from the trend
	rate   int64 // of the clock against the trend
	slews  []bracket
	steps  int // samples per cell
}

// values returns the upper bound of the offset, or of its negative, at each reading of the grid, and the
// events that the samples come from. It returns none if the clock is unbounded on this side.
func (c *curve) values(grid []int64) (values []int64, origins []int32) {
	values = make([]int64, len(grid))
	v, origin := c.sample(grid[0])
	if origin < 0 {
		return nil, nil
	}
	origins = append(origins, origin)
	before := v // the highest peak of the cell before
	for k := range grid {
		peak := before
		if k+1 < len(grid) {
			peak = math.MinInt64
			from, last := grid[k], v
			for j := 1; j <= c.steps; j++ {
				to := part(grid[k], grid[k+1], j, c.steps)
				v, origin = c.sample(to)
				origins = append(origins, origin)
				peak = max(peak, peakBetween(last, v, c.move(from, to)))
				from, last = to, v
			}
		}
		values[k] = addBound(c.side(c.trend.offset(grid[k])), addBound(max(before, peak), c.rounding()))
		before = peak
		if values[k] == unreached || before == unreached {
			return nil, nil
		}
	}
	return values, origins
}

// part returns the j-th of n equal parts of the way from a to b, rounded down.
func part(a, b int64, j, n int) int64 {
	d := diff(a, b)
	return a + int64(d/uint64(n)*uint64(j)+d%uint64(n)*uint64(j)/uint64(n))
}

// sample returns the distance from the trend at a reading.
func (c *curve) sample(at int64) (int64, int32) {
	v, origin := c.dist.nearest(c.node, at)
	if origin >= 0 && c.tilted {
		v = addBound(v, -c.side(c.trend.offset(at)))
	}
	return v, origin
}

// move returns how far the clock can move against its trend between two readings.
func (c *curve) move(from, to int64) int64 {
	s := slack(c.rate, from, to)
	for _, b := range c.slews {
		if lo, hi := max(from, b.lo), min(to, b.hi); lo < hi {
			s = addBound(s, slack(slewPPB, lo, hi))
		}
	}
	return s
}

// side gives what is known of the offset the sign of the bound.
func (c *curve) side(offset int64) int64 {
	if c.dist.reverse {
		return -offset
	}
	return offset
}

// rounding is what the values grow by, because a bound between two readings is rounded to the nearest, and
// a trend down.
func (c *curve) rounding() int64 {
	if len(c.trend) > 1 {
		return 2
	}
	return 1
}

// peakBetween returns how far a quantity can rise between two places where it is at most a and b, and which
// are so far apart that it can move by s in between.
func peakBetween(a, b, s int64) int64 {
	low, high := min(a, b), max(a, b)
	if high == unreached || s == unreached {
		return addBound(low, s)
	}
	// Both slopes meet where low+x = high+(s-x), if that is between the two.
	if rise := diff(low, high); rise < uint64(s) {
		return addBound(high, int64((uint64(s)-rise+1)/2))
	}
	return addBound(low, s)
}
