package analyze

import "math"

// WilsonLow returns the lower end of the 95 % Wilson score interval of a share: E. B. Wilson, "Probable
// inference, the law of succession, and statistical inference", JASA 22 (1927).
func WilsonLow(k, n int) float64 {
	if n == 0 {
		return 0
	}
	const z = 1.959964
	share, size := float64(k)/float64(n), float64(n)
	centre := share + z*z/(2*size)
	spread := z * math.Sqrt(share*(1-share)/size+z*z/(4*size*size))
	return (centre - spread) / (1 + z*z/size)
}
