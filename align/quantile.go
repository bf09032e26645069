package align

import (
	"cmp"
	"math"
	"slices"
)

// median of a list, whose order it changes; 0 for none.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	return nth(v, len(v)/2)
}

// nth returns what would stand at n if the list were sorted, and leaves there what is no less behind it and
// what is no more before it (Hoare's algorithm): it takes a fraction of the time of sorting.
func nth(v []float64, n int) float64 {
	for _, x := range v {
		if math.IsNaN(x) { // has no place in an order but that of sorting
			slices.Sort(v)
			return v[n]
		}
	}
	for lo, hi := 0, len(v)-1; lo < hi; {
		pivot := v[lo+(hi-lo)/2]
		i, j := lo, hi
		for i <= j {
			for v[i] < pivot {
				i++
			}
			for v[j] > pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case n <= j:
			hi = j
		case n >= i:
			lo = i
		default:
			return v[n]
		}
	}
	return v[n]
}

// quantile of a sorted list.
func quantile(sorted []float64, q float64) float64 {
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

type weighted struct{ v, w float64 }

// weightedMedian sorts its argument.
func weightedMedian(v []weighted) float64 {
	slices.SortFunc(v, func(a, b weighted) int { return cmp.Or(cmp.Compare(a.v, b.v), cmp.Compare(a.w, b.w)) })
	total := 0.0
	for _, x := range v {
		total += x.w
	}
	sum := 0.0
	for _, x := range v {
		if sum += x.w; sum >= total/2 {
			return x.v
		}
	}
	return math.NaN()
}
