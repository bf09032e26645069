package evidence

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Decimal exponents of units in nanoseconds.
const (
	unitSeconds = 9
	unitMillis  = 6
	unitMicros  = 3
	unitNanos   = 0
)

// decimal is a decimal number as printed, in nanoseconds.
type decimal struct {
	nanos int64 // rounded to the nearest
	// slack is the most by which the number that was printed may differ from nanos, because it was
	// printed with few digits and because of the rounding to nanoseconds.
	slack int64
}

// parseNanos parses a decimal number, such as "-1.234e-05" or "+17", without going through a floating-point
// number. unit is the power of ten that leads from its unit to nanoseconds.
func parseNanos(text []byte, unit int) (d decimal, ok bool) {
	negative := false
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		negative, text = text[0] == '-', text[1:]
	}
	digits, exponent, ok := scanDecimal(text)
	if !ok {
		return d, false
	}
	shift := unit + exponent
	switch {
	case shift > 18 && digits == 0:
		d.slack = math.MaxInt64
	case shift > 18:
		return d, false
	case shift >= 0:
		high, low := bits.Mul64(digits, pow10(shift))
		if high != 0 || low > math.MaxInt64 {
			return d, false
		}
		d.nanos = int64(low)
		d.slack = int64((pow10(shift) + 1) / 2)
	case shift < -19:
		d.slack = 1
	default:
		p := pow10(-shift)
		whole, rest := digits/p, digits%p
		if rest >= p-rest {
			whole++
		}
		if whole > math.MaxInt64 {
			return d, false
		}
		d.nanos, d.slack = int64(whole), 1
	}
	if negative {
		d.nanos = -d.nanos
	}
	return d, true
}

// scanDecimal returns the digits and the power of ten that they are to be multiplied by. More digits
// than 64 bits hold are refused: no source prints them.
func scanDecimal(text []byte) (digits uint64, exponent int, ok bool) {
	var point, any bool
	i := 0
	for ; i < len(text); i++ {
		c := text[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if !isDigit(c) {
			break
		}
		if digits > (math.MaxUint64-9)/10 {
			return 0, 0, false
		}
		any = true
		digits = 10*digits + uint64(c-'0')
		if point {
			exponent--
		}
	}
	if !any {
		return 0, 0, false
	}
	if i == len(text) {
		return digits, exponent, true
	}
	if text[i] != 'e' && text[i] != 'E' {
		return 0, 0, false
	}
	e, err := strconv.Atoi(string(text[i+1:]))
	if err != nil || e < -1000 || e > 1000 {
		return 0, 0, false
	}
	return digits, exponent + e, true
}

// pow10 returns 10 to the power of n, which is between 0 and 19.
func pow10(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}

// unitSuffixes as programs write them, longest first where one ends another.
var unitSuffixes = []struct {
	name string
	unit int
}{
	{"ns", unitNanos}, {"us", unitMicros}, {"µs", unitMicros}, {"ms", unitMillis}, {"s", unitSeconds},
}

// parseWithUnit parses a number that a unit follows directly.
func parseWithUnit(s string) (d decimal, ok bool) {
	for _, u := range unitSuffixes {
		if number, found := strings.CutSuffix(s, u.name); found {
			return parseNanos([]byte(number), u.unit)
		}
	}
	return d, false
}

// addNanos adds and reports whether the sum fits.
func addNanos(a, b int64) (int64, bool) {
	sum := a + b
	return sum, (sum > a) == (b > 0)
}

// mulNanos multiplies what is not negative and reports whether the product fits.
func mulNanos(a, b int64) (int64, bool) {
	high, low := bits.Mul64(uint64(a), uint64(b))
	return int64(low), a >= 0 && b >= 0 && high == 0 && low <= math.MaxInt64
}

// parsePPM parses a frequency. A number that is not finite is none.
func parsePPM(text []byte) (float64, bool) {
	f, err := strconv.ParseFloat(string(text), 64)
	return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}
