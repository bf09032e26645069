package verify

import (
	"math/big"
	"slices"
)

// clock is a domain of the model with the stretches of readings that its steps leave open.
type clock struct {
	*domain
	steps, slews []stretch
	trends       map[int][]knot // by segment
}

// stretch is a range of readings.
type stretch struct{ from, to *big.Int }

func newClock(d *domain) *clock {
	c := &clock{domain: d, trends: map[int][]knot{}}
	for _, s := range d.Steps {
		x := stretch{smaller(s.After.big(), s.Before.big()), larger(s.After.big(), s.Before.big())}
		if s.Slew {
			c.slews = append(c.slews, x)
			continue
		}
		// A clock that was set back shows the readings before it once more.
		most := new(big.Int).Lsh(big.NewInt(-1), 60)
		back := add(larger(intOf(s.Size), most), larger(intOf(s.Size), most)) // twice an estimate without bounds
		if s.Bounds.Low != nil {
			back = intOf(*s.Bounds.Low)
		}
		back = larger(smaller(back, intOf(s.Size)), most)
		if back.Sign() < 0 {
			x = stretch{add(x.from, back), sub(x.to, back)}
		}
		c.steps = append(c.steps, x)
	}
	c.steps, c.slews = ascending(c.steps), joined(c.slews)
	return c
}

// ascending extends stretches, in the order of the steps, so that both their ends ascend: what a step leaves open, those
// before it do too if it may have set the clock back that far, and those behind it if they are not known to be later.
func ascending(steps []stretch) []stretch {
	for i := 1; i < len(steps); i++ {
		steps[i].to = larger(steps[i].to, steps[i-1].to)
	}
	for i := len(steps) - 2; i >= 0; i-- {
		steps[i].from = smaller(steps[i].from, steps[i+1].from)
	}
	return steps
}

// joined sorts stretches and joins those that overlap.
func joined(all []stretch) []stretch {
	slices.SortStableFunc(all, func(a, b stretch) int { return a.from.Cmp(b.from) })
	var out []stretch
	for _, x := range all {
		if n := len(out); n > 0 && x.from.Cmp(out[n-1].to) < 0 {
			out[n-1].to = larger(out[n-1].to, x.to)
		} else {
			out = append(out, x)
		}
	}
	return out
}

// segment returns in which segment of the clock a reading lies that may be off by some time; ok is false
// where a step leaves that open.
func (c *clock) segment(at, blur, quantum *big.Int) (int, bool) {
	from, to := sub(at, blur), add(at, larger(blur, quantum))
	for i, s := range c.steps {
		if from.Cmp(s.to) < 0 {
			return i, to.Cmp(s.from) <= 0
		}
	}
	return len(c.steps), true
}

// ended is segment of the end of a span, which follows the clock that its start was read from: a span that began
// before a step, or where that is open, tells nothing by an end behind it.
func (c *clock) ended(at, began, quantum *big.Int) (int, bool) {
	n, ok := c.segment(at, new(big.Int), quantum)
	return n, ok && (n == 0 || began.Cmp(c.steps[n-1].to) >= 0)
}

// between returns how far a clock of a rate can move between two readings, slews included, rounded up.
func (c *clock) between(a, b *big.Int, ppb int64) *big.Int {
	lo, hi := smaller(a, b), larger(a, b)
	v := moved(sub(hi, lo), ppb)
	for _, s := range c.slews {
		if from, to := larger(lo, s.from), smaller(hi, s.to); from.Cmp(to) < 0 {
			v.Add(v, moved(sub(to, from), slewPPB))
		}
	}
	return v
}

// climb returns how far a clock can move from its anchor to a reading, rounded down, so that two climbs of
// one clock can be subtracted.
func (c *clock) climb(anchor, at *big.Int, ppb int64) *big.Int {
	v := drifted(sub(at, anchor), ppb)
	for _, s := range c.slews {
		inside := larger(smaller(at, s.to), s.from)
		v.Add(v, drifted(sub(inside, anchor), slewPPB))
		v.Sub(v, drifted(sub(s.from, anchor), slewPPB))
	}
	return v
}
