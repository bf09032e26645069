package clocks

import (
	"math"
	"math/bits"
	"time"

	"github.com/witnessmark/witnessmark/align"
)

// difference returns the bounds of x - y, slack wider on both sides. A bound that does not fit is none.
func difference(x, y align.Interval, slack int64) align.Interval {
	d := align.Unbounded
	if x.Low != math.MinInt64 && y.High != math.MaxInt64 {
		if v, ok := minus(x.Low, y.High); ok && v > math.MinInt64+slack {
			d.Low = v - slack
		}
	}
	if x.High != math.MaxInt64 && y.Low != math.MinInt64 {
		if v, ok := minus(x.High, y.Low); ok && v < math.MaxInt64-slack {
			d.High = v + slack
		}
	}
	return d
}

func minus(a, b int64) (int64, bool) {
	d := a - b
	return d, (a >= 0) == (b >= 0) || (d >= 0) == (a >= 0)
}

func magnitude(v int64) int64 {
	if v == math.MinInt64 {
		return math.MaxInt64
	}
	return max(v, -v)
}

// beyond returns how far the interval lies from zero for certain: positive where all of it is above,
// negative where all of it is below, 0 where it holds zero.
func beyond(i align.Interval) int64 {
	switch {
	case i.Low > 0:
		return i.Low
	case i.High < 0:
		return i.High
	}
	return 0
}

// driftOver returns what a clock may gain in a time, rounded up.
func driftOver(nanos int64, ppm float64) int64 {
	v := math.Ceil(math.Abs(float64(nanos)) * ppm / 1e6)
	if v >= math.MaxInt64/4 {
		return math.MaxInt64 / 4
	}
	return int64(v) + 1
}

// showUp writes an amount with the digits that matter, rounded up: show's other end of a range.
func showUp(nanos int64) string {
	unit := time.Duration(1)
	d := time.Duration(nanos)
	switch {
	case d >= time.Second:
		unit = time.Millisecond
	case d >= time.Millisecond:
		unit = time.Microsecond
	}
	if rest := d % unit; rest != 0 && d < math.MaxInt64-unit {
		d += unit - rest
	}
	return d.String()
}

// Amounts writes the magnitudes that an interval on one side of zero holds: "41.2ms to 43.1ms", or "at
// least 41.2ms" where the far end is open.
func Amounts(i align.Interval) string {
	near, far, open := i.Low, i.High, i.High == math.MaxInt64
	if i.High < 0 {
		near, far, open = magnitude(i.High), magnitude(i.Low), i.Low == math.MinInt64
	}
	if open {
		return "at least " + show(near)
	}
	return show(near) + " to " + showUp(far)
}

// ahead says on which side of another clock an interval lies.
func ahead(nanos int64) string {
	if nanos < 0 {
		return "behind"
	}
	return "ahead of"
}

// rate returns nanos over a time in parts per million, by whole nanoseconds as far as they go.
func rate(nanos, over int64) float64 {
	if over <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(magnitude(nanos)), 1_000_000)
	v := (float64(hi)*(1<<32)*(1<<32) + float64(lo)) / float64(over)
	if nanos < 0 {
		return -v
	}
	return v
}

// clockTime writes what a clock showed.
func clockTime(t align.Instant) string {
	return time.Unix(0, int64(t)).UTC().Format("2006-01-02 15:04:05.000000Z")
}
