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
// what is no more before it: it takes a fraction of the time of sorting.
func nth(v []float64, n int) float64 {
	for _, x := range v {
		if math.IsNaN(x) { // has no place in an order but that of sorting
			slices.Sort(v)
			return v[n]
		}
	}
	lo, hi := 0, len(v) // what belongs at n is in v[lo:hi]
	for hi-lo > insertionLength {
		a, b, c := v[lo], v[lo+(hi-lo)/2], v[hi-1]
		pivot := max(min(a, b), min(max(a, b), c))
		switch k := lo + partition(v[lo:hi], pivot, false); {
		case n < k:
			hi = k
		case k > lo:
			lo = k
		default: // the pivot is the least: what equals it goes to the front
			k += partition(v[lo:hi], pivot, true)
			if n < k {
				return pivot
			}
			lo = k
		}
	}
	for i := lo + 1; i < hi; i++ {
		x, j := v[i], i
		for ; j > lo && v[j-1] > x; j-- {
			v[j] = v[j-1]
		}
		v[j] = x
	}
	return v[n]
}

// insertionLength is up to what length sorting by insertion is faster than partitions.
const insertionLength = 12

// partition moves what is less than the pivot, or equals it where equal is set, to the front, and returns how much
// that is. It is Lomuto's, without a branch that depends on the data: which way such goes nothing could tell.
func partition(v []float64, pivot float64, equal bool) int {
	k := 0
	if equal {
		for i, x := range v {
			v[i], v[k] = v[k], x
			k += one(x <= pivot)
		}
		return k
	}
	for i, x := range v {
		v[i], v[k] = v[k], x
		k += one(x < pivot)
	}
	return k
}

// one is 1 where b holds; compilers make no branch of it.
func one(b bool) int {
	if b {
		return 1
	}
	return 0
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
