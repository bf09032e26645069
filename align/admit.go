package align

import (
	"cmp"
	"slices"
)

// Answers are assumed to be answers, which fails for 2 to 20 of 10,000 answered gRPC calls, by up to
// milliseconds. As every response is a bound, the least of thousands would be a false one. So of the
// responses between two clocks only those count that are no less than the leading edge of their
// distribution: the least value behind which they lie densely. A thin tail of false ones is ignored, at
// the price of a microsecond or two where nobody lies.
const (
	// densityShare of the fullest stretch is what makes a stretch dense, and densityLeast the number that
	// it needs at least.
	densityShareNum, densityShareDen = 35, 100
	densityLeast                     = 3
	// densityWidth is the least length of a stretch, in nanoseconds.
	densityWidth = 10_000
	// densityPool is how many sampled responses are pooled.
	densityPool = 40
	// densityFew: of fewer than this the distribution cannot be told, and all count.
	densityFew = 4
)

// admit chooses the responses that the assumed bounds use: those between clocks that requests do not bound
// directly on that side.
func (s *scope) admit() {
	direct := s.requested()
	s.admitted = make([]int32, 0, len(s.responses))
	var numbers []int32
	for runs := runsOf(s.responses, s.constraint, s.ends); len(runs) > 0; {
		n := group(runs)
		if from, to := runs[0].from, runs[0].to; !direct[[2]int32{from, to}] {
			numbers = numbers[:0]
			for _, r := range runs[:n] {
				numbers = append(numbers, s.responses[r.lo:r.hi]...)
			}
			s.dense(int(from), int(to), numbers)
		}
		runs = runs[n:]
	}
}

// requested tells which nodes requests go between. Readings against UTC bound clocks too, but by their own
// errors, often many round trips; and so do requests over other clocks, by the sum of as many delays.
func (s *scope) requested() map[[2]int32]bool {
	direct := map[[2]int32]bool{}
	for _, r := range runsOf(s.hard, s.constraint, func(c *constraint) (from, to int, ok bool) {
		if c.class == ClassReading {
			return 0, 0, false
		}
		return s.ends(c)
	}) {
		direct[[2]int32{r.from, r.to}] = true
	}
	return direct
}

// timedValue is what a response says of the difference of two clocks, less their trends.
type timedValue struct{ at, v int64 }

// dense admits those of the responses from one node to another that lie no lower than the leading edge of
// the sampled ones around them.
func (s *scope) dense(from, to int, numbers []int32) {
	tf, tt := s.trendOf(s.nodes[from]), s.trendOf(s.nodes[to])
	var hf, ht int
	value := func(c *constraint) int64 {
		return addBound(c.weight, addBound(tf.offsetNear(c.fromAt, &hf), -tt.offsetNear(c.toAt, &ht)))
	}
	var sample []timedValue
	for _, i := range numbers {
		if c := s.constraint(i); c.drawn {
			sample = append(sample, timedValue{c.toAt, value(c)})
		}
	}
	if len(sample) < densityFew {
		for _, i := range numbers {
			if c := s.constraint(i); !c.drawn {
				sample = append(sample, timedValue{c.toAt, value(c)})
			}
		}
	}
	slices.SortFunc(sample, func(a, b timedValue) int {
		if a.at != b.at {
			return cmp.Compare(a.at, b.at)
		}
		return cmp.Compare(a.v, b.v)
	})
	pools := max(len(sample)/densityPool, 1)
	edges := make([]timedValue, pools) // the last instant of a pool, and its edge
	for j := range pools {
		pool := sample[j*len(sample)/pools : (j+1)*len(sample)/pools]
		edges[j] = timedValue{pool[len(pool)-1].at, densityEdge(pool)}
	}
	for _, i := range numbers {
		c := s.constraint(i)
		j, _ := slices.BinarySearchFunc(edges, c.toAt, func(e timedValue, at int64) int { return cmp.Compare(e.at, at) })
		if value(c) >= edges[min(j, pools-1)].v {
			s.admitted = append(s.admitted, i)
		}
	}
}

// densityEdge returns the least value behind which values lie densely.
func densityEdge(pool []timedValue) int64 {
	v := make([]int64, len(pool))
	for i, p := range pool {
		v[i] = p.v
	}
	slices.Sort(v)
	if len(v) < densityFew {
		return v[0]
	}
	width := int64(densityWidth)
	if spread := diff(v[len(v)/10], v[len(v)/2]) / 3; spread < 1<<60 {
		width = max(width, int64(spread))
	}
	// counts[i] is how many values lie within a stretch that begins at v[i].
	counts, peak, end := make([]int, len(v)), 0, 0
	for i := range v {
		for end < len(v) && diff(v[i], v[end]) <= uint64(width) {
			end++
		}
		counts[i] = end - i
		peak = max(peak, counts[i])
	}
	need := max(min(densityLeast, peak), (peak*densityShareNum+densityShareDen-1)/densityShareDen)
	for i, n := range counts {
		if n >= need {
			return v[i]
		}
	}
	return v[len(v)-1]
}
