package spans

import (
	"cmp"
	"slices"
	"sort"

	"github.com/witnessmark/witnessmark/internal/chance"
)

// A request that loses its trace context leaves two halves: a CLIENT span with nothing below it, and a SERVER span
// that begins a trace of its own. The halves of one call lie inside each other in time, on clocks that differ by
// some amount. This file finds the difference under which the most SERVER spans lie each inside a CLIENT span of
// its own, and how likely chance does as well. Calls that are answered are the control: a server that is called
// from outside in the same busy moments begins traces inside of them just as often.

const (
	// twinBlock is how many SERVER spans share one difference of clocks: few enough that no clock drifts far.
	twinBlock = 100
	// twinBlocks bounds the blocks of one endpoint and clock that are looked at, spread over the capture.
	twinBlocks = 40
	// twinSkew is the largest difference of clocks that is looked for, in nanoseconds, and twinNear the number of
	// calls near each SERVER span at which it is made smaller.
	twinSkew = 2_000_000_000
	twinNear = 400
	// controlLevel is the probability above which as many SERVER spans lie inside answered calls.
	controlLevel = 0.01
)

// half is one span of a call that may have lost its other half.
type half struct {
	start, end int64
	row        uint32
}

// twin is two halves that belong together.
type twin struct{ call, work half }

// matched is the twins of one block, and the probability that chance finds as many.
type matched struct {
	twins []twin
	p     float64
}

// matchTwins matches SERVER spans of one clock with calls, block by block; kept are the answered calls of the same
// kind. All are sorted by start.
func matchTwins(calls, kept, works []half) []matched {
	var out []matched
	blocks := (len(works) + twinBlock - 1) / twinBlock
	looked := min(blocks, twinBlocks)
	for b := range looked {
		first := b * blocks / looked * twinBlock
		out = append(out, matchBlock(calls, kept, works[first:min(len(works), first+twinBlock)]))
	}
	return out
}

// stretch is a range of differences under which a SERVER span lies inside some call.
type stretch struct{ low, high int64 }

func matchBlock(calls, kept, works []half) matched {
	longest := max(lasts(calls), lasts(kept))
	skew := int64(twinSkew)
	for skew > 1_000_000 && countNear(calls, works, skew) > twinNear*len(works) {
		skew /= 2
	}
	var edges []edge
	var length, stretches int64
	for _, w := range works {
		for _, s := range stretchesOf(calls, w, skew, longest) {
			edges = append(edges, edge{s.low, 1}, edge{s.high, -1})
			length += s.high - s.low
			stretches++
		}
	}
	if stretches == 0 {
		return matched{p: 1}
	}
	ahead := mostCovered(edges)
	twins := pair(calls, works, ahead, longest)
	n, share := len(works), float64(length)/float64(len(works))/float64(2*skew)
	if share >= 1 || float64(len(twins)) <= share*float64(n) {
		return matched{twins: twins, p: 1}
	}
	// Every difference that was tried is another chance to find as many.
	tries := max(1, float64(2*skew)/max(1, float64(length)/float64(stretches)))
	p := chance.Counts(len(twins), n-len(twins), share, 1-share).P
	if near := between(kept, works, ahead, longest); near > 0 {
		open, control := between(calls, works, ahead, longest), len(pair(kept, works, ahead, longest))
		if len(twins)*near <= control*open {
			return matched{twins: twins, p: 1}
		}
		// A handful of answered calls, as at the edge of a rollout, tells nothing. The difference of clocks was not
		// chosen by them, so they are asked once.
		t := chance.Shares(min(len(twins), open), open, min(control, near), near)
		if t.Least <= controlLevel && t.P > controlLevel {
			return matched{twins: twins, p: 1}
		}
	}
	return matched{twins: twins, p: min(1, p*tries)}
}

// lasts returns the length of the longest call.
func lasts(calls []half) (longest int64) {
	for _, c := range calls {
		longest = max(longest, c.end-c.start)
	}
	return longest
}

// between counts the calls in whose time some of works lie.
func between(calls, works []half, ahead, longest int64) int {
	return startedBefore(calls, works[len(works)-1].start-ahead) - startedBefore(calls, works[0].start-ahead-longest)
}

// countNear counts the calls that begin within skew of each SERVER span.
func countNear(calls, works []half, skew int64) int {
	var n int
	for _, w := range works {
		n += startedBefore(calls, w.start+skew) - startedBefore(calls, w.start-skew)
	}
	return n
}

// startedBefore returns how many calls start at t or before.
func startedBefore(calls []half, t int64) int {
	return sort.Search(len(calls), func(i int) bool { return calls[i].start > t })
}

// stretchesOf returns the differences, in order and without overlap, under which w lies inside one of the calls.
func stretchesOf(calls []half, w half, skew, longest int64) []stretch {
	var all []stretch
	to := startedBefore(calls, w.start+skew)
	for i := to - 1; i >= max(0, to-8*twinNear) && calls[i].start >= w.start-skew-longest; i-- {
		c := calls[i]
		low, high := max(-skew, w.end-c.end), min(skew, w.start-c.start)
		if low <= high && w.end-w.start <= c.end-c.start {
			all = append(all, stretch{low, high + 1})
		}
	}
	slices.SortFunc(all, func(a, b stretch) int { return cmp.Compare(a.low, b.low) })
	out := all[:0]
	for _, s := range all {
		if n := len(out); n > 0 && s.low <= out[n-1].high {
			out[n-1].high = max(out[n-1].high, s.high)
			continue
		}
		out = append(out, s)
	}
	return out
}

// edge is where a stretch begins or ends.
type edge struct {
	at   int64
	step int
}

// mostCovered returns the middle of the first range that the most stretches share.
func mostCovered(edges []edge) int64 {
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.step, b.step)) })
	var depth, most int
	var low, high int64
	for i, e := range edges {
		if depth += e.step; depth > most {
			most, low, high = depth, e.at, edges[min(i+1, len(edges)-1)].at
		}
	}
	return low + (high-low)/2
}

// pair gives each SERVER span, in order of its start, the call around it that began last and is still free. ahead
// is how far the clock of the SERVER spans is ahead of that of the calls.
func pair(calls, works []half, ahead, longest int64) []twin {
	taken := map[int]bool{}
	var out []twin
	for _, w := range works {
		start, end := w.start-ahead, w.end-ahead
		to := startedBefore(calls, start)
		for i := to - 1; i >= max(0, to-8*twinNear) && calls[i].start >= start-longest; i-- {
			if !taken[i] && calls[i].end >= end {
				taken[i] = true
				out = append(out, twin{calls[i], w})
				break
			}
		}
	}
	return out
}
