// Package chance tells change from chance: exact tests of two counts, intervals of their difference, and the
// level that each of many tests may use. Counts go in, probabilities come out; what a count means, and whether
// more of it is worse, is the caller's business.
package chance

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// Test is the outcome of an exact test that two counts come from one source.
type Test struct {
	// P is the two-sided probability of a split at least as uneven: twice the smaller tail, 1 at most.
	P float64
	// Least is the smallest P that any split of the same total could have had. Where it is above the level
	// that the caller tests at, the counts are too few to tell anything.
	Least float64
}

// Shares tests x1 of n1 against x2 of n2 by the hypergeometric distribution of x1 under both margins: R. A.
// Fisher, "The logic of inductive inference", JRSS 98 (1935). It is the same for swapped sides, to the bit.
func Shares(x1, n1, x2, n2 int) Test {
	if n1 <= 0 || n2 <= 0 || x1 < 0 || x2 < 0 || x1 > n1 || x2 > n2 {
		return Test{1, 1}
	}
	// The side with the smaller share comes first, so that swapped sides are the same computation.
	if c := float64(x1)*float64(n2) - float64(x2)*float64(n1); c > 0 || c == 0 && (n1 > n2) {
		x1, n1, x2, n2 = x2, n2, x1, n1
	}
	total := x1 + x2
	lo, hi := max(0, total-n2), min(n1, total)
	h := hypergeometric{n1: n1, n2: n2, total: total}
	least := min(h.mass(lo), h.mass(hi))
	if lo == hi {
		return Test{1, 1}
	}
	// x1 is at or below its mean, so that its lower tail is the smaller one but for rounding.
	tail, term := 0.0, h.mass(x1)
	for k := x1; k >= lo && term > 0; k-- {
		tail += term
		if term < tail*1e-17 {
			break
		}
		term *= h.down(k)
	}
	return Test{P: min(1, 2*tail), Least: min(1, 2*least)}
}

type hypergeometric struct{ n1, n2, total int }

func (h hypergeometric) mass(k int) float64 {
	return math.Exp(logChoose(h.n1, k) + logChoose(h.n2, h.total-k) - logChoose(h.n1+h.n2, h.total))
}

// down returns mass(k-1)/mass(k).
func (h hypergeometric) down(k int) float64 {
	return float64(k) / float64(h.n1-k+1) * (float64(h.n2-h.total+k) / float64(h.total-k+1))
}

func logChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// Counts tests two counts of events, seen over exposures of t1 and t2, by the binomial distribution of the
// first under their sum: J. Przyborowski, H. Wilenski, "Homogeneity of results in testing samples from Poisson
// series", Biometrika 31 (1940).
func Counts(x1, x2 int, t1, t2 float64) Test {
	if x1 < 0 || x2 < 0 || !(t1 > 0) || !(t2 > 0) || x1+x2 == 0 {
		return Test{1, 1}
	}
	if c := float64(x1)*t2 - float64(x2)*t1; c > 0 || c == 0 && t1 > t2 {
		x1, x2, t1, t2 = x2, x1, t2, t1
	}
	n, p := x1+x2, t1/(t1+t2)
	tail := binomialTail(x1, n, p)
	least := min(math.Pow(1-p, float64(n)), math.Pow(p, float64(n)))
	return Test{P: min(1, 2*tail), Least: min(1, 2*least)}
}

// binomialTail is the probability of at most k of n.
func binomialTail(k, n int, p float64) float64 {
	if k >= n {
		return 1
	}
	return mathext.RegIncBeta(float64(n-k), float64(k+1), 1-p)
}

// Level returns the level that each of many tests may use so that the chance of any false alarm is at most
// alpha: R. E. Tarone, "A modified Bonferroni method for discrete data", Biometrics 46 (1990). Tests that could
// not fail whatever the split do not count. tests is how many of them do.
func Level(least []float64, alpha float64) (level float64, tests int) {
	sorted := slices.Sorted(slices.Values(least))
	for k := 1; k <= len(sorted); k++ {
		// At most k tests can reach alpha/k where the next one cannot.
		if k == len(sorted) || sorted[k] > alpha/float64(k) {
			return alpha / float64(k), k
		}
	}
	return alpha, 0
}

// z returns the two-sided quantile of the normal distribution.
func z(confidence float64) float64 { return math.Sqrt2 * math.Erfinv(confidence) }

// Wilson returns the score interval of x of n: E. B. Wilson, JASA 22 (1927).
func Wilson(x, n, confidence float64) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	q := z(confidence)
	share := x / n
	centre := share + q*q/(2*n)
	spread := q * math.Sqrt(share*(1-share)/n+q*q/(4*n*n))
	return max(0, (centre-spread)/(1+q*q/n)), min(1, (centre+spread)/(1+q*q/n))
}

// ShareChange returns an interval of x2/n2 − x1/n1: R. G. Newcombe, "Interval estimation for the difference
// between independent proportions", method 10, Statistics in Medicine 17 (1998).
func ShareChange(x1, n1, x2, n2, confidence float64) (low, high float64) {
	l1, u1 := Wilson(x1, n1, confidence)
	l2, u2 := Wilson(x2, n2, confidence)
	return square(x1/n1, l1, u1, x2/n2, l2, u2)
}

// CountChange returns an interval of x2 − x1 for two counts of one exposure, from the exact limits of each: F.
// Garwood, Biometrika 28 (1936), combined as in ShareChange.
func CountChange(x1, x2, confidence float64) (low, high float64) {
	l1, u1 := poisson(x1, confidence)
	l2, u2 := poisson(x2, confidence)
	return square(x1, l1, u1, x2, l2, u2)
}

func square(p1, l1, u1, p2, l2, u2 float64) (low, high float64) {
	d := p2 - p1
	return d - math.Hypot(p2-l2, u1-p1), d + math.Hypot(u2-p2, p1-l1)
}

func poisson(x, confidence float64) (low, high float64) {
	tail := (1 - confidence) / 2
	if x > 0 {
		low = mathext.GammaIncRegInv(x, tail)
	}
	return low, mathext.GammaIncRegInv(x+1, 1-tail)
}

// Detectable returns the smallest growth of the share x1/n1, seen in n2, that a test at the level tells from
// chance; false where not even all of n2 does.
func Detectable(x1, n1, n2 int, level float64) (growth float64, ok bool) {
	if n1 <= 0 || n2 <= 0 {
		return 0, false
	}
	from := int(float64(x1) / float64(n1) * float64(n2))
	if Shares(x1, n1, n2, n2).P > level || from >= n2 {
		return 0, false
	}
	lo, hi := from, n2 // P is above the level at lo, and not at hi
	for hi-lo > 1 {
		mid := lo + (hi-lo)/2
		if Shares(x1, n1, mid, n2).P <= level {
			hi = mid
		} else {
			lo = mid
		}
	}
	return float64(hi)/float64(n2) - float64(x1)/float64(n1), true
}

// Slope is a line fitted to points.
type Slope struct {
	Rate, Low, High float64 // per unit of x; equal where two points leave nothing to judge by
	Level           float64 // mean of y
	Known           bool    // Low and High are an interval
}

// Line fits a line by least squares, with the interval of Student's t for its rate. It takes the points for
// independent about a line, which successive captures of one process need not be.
func Line(x, y []float64, confidence float64) Slope {
	n := float64(len(x))
	var sx, sy float64
	for i := range x {
		sx += x[i]
		sy += y[i]
	}
	var xx, xy float64
	for i := range x {
		xx += (x[i] - sx/n) * (x[i] - sx/n)
		xy += (x[i] - sx/n) * (y[i] - sy/n)
	}
	s := Slope{Level: sy / n}
	if xx == 0 {
		return s
	}
	s.Rate = xy / xx
	s.Low, s.High = s.Rate, s.Rate
	if len(x) < 3 {
		return s
	}
	var rest float64
	for i := range x {
		d := y[i] - s.Level - s.Rate*(x[i]-sx/n)
		rest += d * d
	}
	half := studentT(confidence, n-2) * math.Sqrt(rest/(n-2)/xx)
	s.Low, s.High, s.Known = s.Rate-half, s.Rate+half, true
	return s
}

// studentT returns the two-sided quantile of Student's distribution.
func studentT(confidence, df float64) float64 {
	x := mathext.InvRegIncBeta(df/2, 0.5, 1-confidence)
	return math.Sqrt(df * (1 - x) / x)
}

// Median returns the median of values, which must be sorted, and the ranks between which it lies with at least
// the confidence, whatever the distribution; ok is false for too few values.
func Median(n int, confidence float64) (low, high int, ok bool) {
	for k := 0; k < n/2; k++ {
		// The interval from rank k to rank n-1-k misses with probability 2·P(X ≤ k).
		if 2*binomialTail(k, n, 0.5) > 1-confidence {
			return k - 1, n - k, k > 0
		}
	}
	return 0, 0, false
}
