package clocksim

import (
	"math"
	"math/rand/v2"
	"sort"
	"time"
)

// Clock is a clock that is wrong in a known way. Times are nanoseconds of true time since Base.
type Clock struct {
	initial int64
	// smooth is the rest of the offset without jumps and slews, in nanoseconds at every second.
	smooth []float64
	events []Event
}

// Event is a jump of a clock (Start == End) or a slew.
type Event struct {
	Start, End int64
	Size       int64
}

// Events returns the clock's jumps and slews in order of time.
func (c *Clock) Events() []Event { return c.events }

// Offset returns how far the clock is ahead of true time.
func (c *Clock) Offset(t int64) int64 {
	off := c.ticking(t)
	for _, e := range c.events {
		if e.Start == e.End && t >= e.Start {
			off += e.Size
		}
	}
	return off
}

// Reading returns what the clock shows, in Unix nanoseconds.
func (c *Clock) Reading(t int64) int64 { return Base + t + c.Offset(t) }

// ticking is the offset without jumps: what the monotonic clock counts.
func (c *Clock) ticking(t int64) int64 {
	off := c.initial
	for _, e := range c.events {
		if e.Start < e.End && t > e.Start {
			off += round(float64(e.Size) * math.Min(1, float64(t-e.Start)/float64(e.End-e.Start)))
		}
	}
	const second = int64(time.Second)
	i := min(max(int(t/second), 0), len(c.smooth)-2)
	frac := float64(t-int64(i)*second) / float64(second)
	return off + round(c.smooth[i]+(c.smooth[i+1]-c.smooth[i])*frac)
}

// Times returns the true times at which the clock showed the reading: none inside a jump ahead, two
// around a jump back.
func (c *Clock) Times(reading int64) []int64 {
	var times []int64
	from := int64(math.MinInt64 / 4)
	for i := 0; i <= len(c.events); i++ {
		to := int64(math.MaxInt64 / 4)
		if i < len(c.events) {
			if c.events[i].Start < c.events[i].End {
				continue
			}
			to = c.events[i].Start - 1
		}
		// Between jumps the clock runs ahead, so the first time that does not show less is the one.
		lo := max(from, reading-Base-int64(4*time.Hour))
		hi := min(to, reading-Base+int64(4*time.Hour))
		if lo <= hi && c.Reading(lo) <= reading && c.Reading(hi) >= reading {
			times = append(times, lo+int64(sort.Search(int(hi-lo), func(n int) bool { return c.Reading(lo+int64(n)) >= reading })))
		}
		from = to + 1
	}
	return times
}

// stamp returns the recorded times of a span.
func (c *Clock) stamp(start, end int64, quantum int64) (startReading, endReading int64) {
	startReading = c.Reading(start)
	endReading = startReading + (end - start) + c.ticking(end) - c.ticking(start)
	return floor(startReading, quantum), floor(endReading, quantum)
}

func floor(reading, quantum int64) int64 {
	if quantum <= 1 {
		return reading
	}
	return reading - reading%quantum
}

func newClock(p ClockParams, length time.Duration, rng *rand.Rand) *Clock {
	c := &Clock{initial: round(float64(p.Offset) * uniform(rng))}
	seconds := int(length/time.Second) + 60
	if p.Disciplined {
		c.smooth = disciplined(p.Wander, seconds, rng)
	} else {
		c.smooth = free(p.DriftPPM*1e3*uniform(rng), p.Wander, seconds, rng)
	}
	for _, e := range []EventParams{p.Steps, p.Slews} {
		if e.Share > 0 && rng.Float64() < e.Share {
			first := newEvent(e, length, rng)
			c.events = append(c.events, first)
			if e.Again > 0 {
				later := first.Start + round(float64(e.Again)*rng.Float64())
				second := newEvent(e, length, rng)
				c.events = append(c.events, Event{later, later + second.End - second.Start, second.Size})
			}
		}
	}
	sort.Slice(c.events, func(i, j int) bool { return c.events[i].Start < c.events[j].Start })
	return c
}

func newEvent(p EventParams, length time.Duration, rng *rand.Rand) Event {
	start := round(float64(length) * (0.2 + 0.6*rng.Float64()))
	size := float64(p.Min) * math.Pow(float64(p.Max)/float64(p.Min), rng.Float64())
	e := Event{Start: start, End: start, Size: round(size)}
	if p.RatePPM > 0 {
		e.End += round(size / p.RatePPM * 1e6)
	}
	if rng.IntN(2) == 0 {
		e.Size = -e.Size
	}
	return e
}

// free runs at a rate (ns per second) that wanders.
func free(rate, wander float64, seconds int, rng *rand.Rand) []float64 {
	out := make([]float64, seconds)
	for i := 1; i < seconds; i++ {
		out[i] = out[i-1] + rate
		rate += wander * rng.NormFloat64()
	}
	return out
}

// disciplined is steered every 64 s, chrony's and ntpd's default minimum of the poll interval: half of
// what is read is worked off until the next reading, and a part goes into the frequency. One reading in
// ten is poor.
func disciplined(wander float64, seconds int, rng *rand.Rand) []float64 {
	const poll = 64
	out := make([]float64, seconds)
	out[0] = 80e3 * rng.NormFloat64()
	rate, steer := 500*rng.NormFloat64(), 0.0
	phase := rng.IntN(poll)
	for i := 1; i < seconds; i++ {
		if (i+phase)%poll == 0 {
			noise := 90e3 * rng.NormFloat64()
			if rng.IntN(10) == 0 {
				noise *= 3
			}
			read := out[i-1] + noise
			steer = -0.5 * read / poll
			rate -= 0.06 * read / poll
		}
		out[i] = out[i-1] + rate + steer
		rate += wander * rng.NormFloat64()
	}
	return out
}

// uniform in [-1, 1).
func uniform(rng *rand.Rand) float64 { return 2*rng.Float64() - 1 }
