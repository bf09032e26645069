package verify

import "math/big"

// All sums are of integers of any size, so that no number in a hostile model can wrap around.

var (
	one  = big.NewInt(1)
	giga = big.NewInt(1_000_000_000)
)

// slewPPB is how much more than its rate a clock may run off in a slew: adjtimex(2) takes ticks of up to
// 10 % more or less.
const slewPPB = 100_000_000

func sub(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) }
func add(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }

func smaller(a, b *big.Int) *big.Int {
	if a.Cmp(b) < 0 {
		return a
	}
	return b
}

func larger(a, b *big.Int) *big.Int {
	if a.Cmp(b) > 0 {
		return a
	}
	return b
}

// drifted returns d times ppb billionths, rounded down.
func drifted(d *big.Int, ppb int64) *big.Int {
	v := new(big.Int).Mul(d, big.NewInt(ppb))
	return v.Div(v, giga) // rounds down: the divisor is positive
}

// moved returns what a clock can move in a time that is not negative, rounded up.
func moved(d *big.Int, ppb int64) *big.Int {
	return new(big.Int).Neg(drifted(new(big.Int).Neg(d), ppb))
}

// relative returns the rate of the offset between a clock and the reference per reading of the clock, in
// parts per billion and rounded up, if no clock runs off true time by more than ppb: p/(1-p) against UTC,
// and 2p/(1-p) against a clock.
func relative(ppb int64, againstUTC bool) int64 {
	ppb = min(max(ppb, 1), 250_000_000)
	n := big.NewInt(ppb)
	if !againstUTC {
		n.Add(n, n)
	}
	n.Mul(n, giga).Add(n, big.NewInt(1_000_000_000-ppb-1))
	return n.Div(n, big.NewInt(1_000_000_000-ppb)).Int64()
}

// line returns where the line through two knots is, rounded down.
func line(a, b knot, at *big.Int) *big.Int {
	den := sub(b.At.big(), a.At.big())
	if den.Sign() <= 0 {
		return big.NewInt(a.Offset)
	}
	v := sub(big.NewInt(b.Offset), big.NewInt(a.Offset))
	v.Mul(v, sub(at, a.At.big())).Div(v, den)
	return v.Add(v, big.NewInt(a.Offset))
}

func intOf(v int64) *big.Int { return big.NewInt(v) }
