package align

import (
	"cmp"
	"slices"
)

// measurements returns, of readings in the order of domain and time, one for each measurement: a daemon that is
// asked twice between two of its own measurements, or as text and as CSV, tells of the same one, whose error is in
// both. It keeps the reading with the least error, of equals the one whose instant is known best. Bounds use them
// all: each holds by itself.
func measurements(readings []Reading) []Reading {
	var out []Reading
	for i := 0; i < len(readings); {
		n := i + 1
		for n < len(readings) && readings[n].Domain == readings[i].Domain {
			n++
		}
		out = append(out, measurementsOf(readings[i:n])...)
		i = n
	}
	return out
}

// measurementsOf is measurements for one domain.
func measurementsOf(readings []Reading) []Reading {
	byTime := slices.Clone(readings)
	// Those whose measurement is known best first, so that one that knows only the second joins the right one.
	slices.SortStableFunc(byTime, func(a, b Reading) int {
		return cmp.Or(cmp.Compare(a.MeasuredUntil-a.Measured, b.MeasuredUntil-b.Measured), cmp.Compare(a.Measured, b.Measured))
	})
	var out []Reading
	var spans [][2]int64 // when each was measured
next:
	for _, r := range byTime {
		for k := range out {
			if r.Measured == 0 || spans[k][0] == 0 || r.Measured > spans[k][1] || r.MeasuredUntil < spans[k][0] {
				continue
			}
			if o := &out[k]; cmp.Or(cmp.Compare(r.Error, o.Error), cmp.Compare(r.Until-r.At, o.Until-o.At)) < 0 {
				*o = r
			}
			continue next
		}
		out = append(out, r)
		spans = append(spans, [2]int64{r.Measured, r.MeasuredUntil})
	}
	slices.SortFunc(out, compareReadings)
	return out
}
