package verify

import (
	"fmt"
	"math/big"
)

// chase follows paths between the two clocks of a pair.
type chase struct {
	*tracer
	proof *pairProof
	from  place // the caller, at the reading that assumed paths begin at
	to    place // the callee, at the reading that the bounds are of
}

// pairs checks the bounds of every pair of clocks.
func (c *checker) pairs(scopes map[int]int) {
	proofs := map[[2]string]*pairProof{}
	for i := range c.m.Proof.Pairs {
		p := &c.m.Proof.Pairs[i]
		proofs[[2]string{p.Caller, p.Callee}] = p
	}
	for i := range c.m.Pairs {
		p := &c.m.Pairs[i]
		if p.Hard == (interval{}) && p.Assumed == (interval{}) {
			continue
		}
		where := fmt.Sprintf("bounds of %s against %s", p.Callee, p.Caller)
		proof := proofs[[2]string{p.Caller, p.Callee}]
		if proof == nil {
			c.result.problem(where, "nothing proves them")
			continue
		}
		if err := c.pair(p, proof, scopes); err != nil {
			c.result.problem(where, "%v", err)
			continue
		}
		for _, v := range []*int64{p.Hard.Low, p.Hard.High, p.Assumed.Low, p.Assumed.High} {
			if v != nil {
				c.result.Bounds++
			}
		}
	}
}

// pair checks the bounds of one pair.
func (c *checker) pair(p *pair, proof *pairProof, scopes map[int]int) error {
	caller, callee := c.domains[p.Caller], c.domains[p.Callee]
	if caller == nil || callee == nil || caller == callee || caller.Component != callee.Component {
		return fmt.Errorf("they are no two clocks of one component")
	}
	scope, ok := scopes[caller.Component]
	if !ok || p.At != proof.At {
		return fmt.Errorf("the proof is not of that component and instant")
	}
	x := &chase{tracer: &tracer{c: c, scope: scope}, proof: proof}
	var inside [2]bool
	x.from = place{domain: p.Caller, at: proof.CallerAt.big()}
	x.from.segment, inside[0] = caller.segment(x.from.at, new(big.Int), new(big.Int))
	x.to = place{domain: p.Callee, at: p.At.big()}
	x.to.segment, inside[1] = callee.segment(x.to.at, new(big.Int), new(big.Int))
	if !inside[0] || !inside[1] {
		return fmt.Errorf("whether a reading is from before a step is open")
	}
	hard, err := x.hard()
	if err != nil {
		return err
	}
	assumed, err := x.bestAssumed()
	if err != nil {
		return err
	}
	for _, v := range []struct {
		name      string
		got, want *int64
	}{
		{"low hard", p.Hard.Low, fit(hard[0], true)}, {"high hard", p.Hard.High, fit(hard[1], false)},
		{"low assumed", p.Assumed.Low, fit(nearer(assumed[0], hard[0]), true)},
		{"high assumed", p.Assumed.High, fit(nearer(assumed[1], hard[1]), false)},
	} {
		if (v.got == nil) != (v.want == nil) || v.got != nil && *v.got != *v.want {
			return fmt.Errorf("the proof gives a %s bound of %s ns, the model says %s", v.name, text(v.want), text(v.got))
		}
	}
	return nil
}

// nearer returns the lesser of two bounds; nil is none.
func nearer(a, b *big.Int) *big.Int {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return smaller(a, b)
}

// fit returns a bound, or the one that its negative is, as the model states it.
func fit(v *big.Int, low bool) *int64 {
	if v == nil {
		return nil
	}
	if low {
		v = new(big.Int).Neg(v)
	}
	if !v.IsInt64() {
		return nil
	}
	n := v.Int64()
	return &n
}

// hard returns bounds of the callee's offset, and of its negative, with the caller's clock as the
// reference: the low one first.
func (x *chase) hard() (out [2]*big.Int, err error) {
	for side := range out {
		if i := x.proof.Paths[side]; i >= 0 {
			x.low, x.assumed = side == 0, false
			v, err := x.walk(i, true)
			if err != nil {
				return out, err
			}
			out[side] = add(v, one)
		}
	}
	return out, nil
}

// bestAssumed returns what distances from the trends give. They are of the offset of the callee at its
// reading less that of the caller at its own. How far apart the instants of the two are follows from the
// same, and so far the caller's clock may have moved, by its largest rate.
func (x *chase) bestAssumed() (out [2]*big.Int, err error) {
	if x.proof.Paths[2] < 0 || x.proof.Paths[3] < 0 {
		return out, nil
	}
	x.assumed = true
	between := sub(trendAt(x.trend(x.to.domain, x.to.segment), x.to.at), trendAt(x.trend(x.from.domain, x.from.segment), x.from.at))
	apart := sub(x.to.at, x.from.at)
	far := new(big.Int)
	for side := range out {
		x.low = side == 0
		v, err := x.walk(x.proof.Paths[2+side], false)
		if err != nil {
			return out, err
		}
		if x.low {
			out[0] = sub(v, between)
			far = larger(far, add(out[0], apart))
		} else {
			out[1] = add(v, between)
			far = larger(far, sub(out[1], apart))
		}
	}
	caller := x.c.domains[x.from.domain]
	rate := relative(driftOf(x.c.m.MaxDriftPPM), false)
	if len(caller.slews) > 0 {
		rate += slewPPB
	}
	if x.isSource(x.from.domain, x.from.segment) {
		rate = 0
	}
	far = add(far, moved(far, 5*rate))
	if n, ok := caller.segment(x.from.at, far, new(big.Int)); !ok || n != x.from.segment {
		return [2]*big.Int{}, nil // the caller may have stepped between the two instants
	}
	for side := range out {
		out[side] = add(out[side], add(moved(far, rate), one))
	}
	return out, nil
}

// walk returns the sum along a path from the caller to the callee's reading. still says that the caller's
// clock is the reference.
func (x *chase) walk(i int32, still bool) (*big.Int, error) {
	var path []int32
	for all := x.c.m.Proof.Paths; i != -1; i = all[i][1] {
		if i < 0 || int(i) >= len(all) || len(path) > 0 && i >= path[len(path)-1] {
			return nil, fmt.Errorf("there is no path %d", i)
		}
		path = append(path, i)
	}
	at, sum := x.from, new(big.Int)
	for k := len(path) - 1; k >= 0; k-- {
		leave, arrive, weight, err := x.link(path[k], still)
		if err != nil {
			return nil, fmt.Errorf("path %d: %w", path[k], err)
		}
		if at.domain != leave.domain || at.segment != leave.segment {
			return nil, fmt.Errorf("path %d does not begin where the one before ends", path[k])
		}
		if k < len(path)-1 || !still {
			sum = x.drift(at, sum, leave.at, still)
		}
		at, sum = arrive, add(sum, weight)
	}
	if at.domain != x.to.domain || at.segment != x.to.segment {
		return nil, fmt.Errorf("the path ends at %s, segment %d", at.domain, at.segment)
	}
	return x.drift(at, sum, x.to.at, still), nil
}

// drift is carry, with the rates of clocks against the caller's where that stands still.
func (x *chase) drift(p place, sum, at *big.Int, still bool) *big.Int {
	if !still {
		return x.carry(p, sum, at)
	}
	if p.at.Cmp(at) == 0 {
		return sum
	}
	rate := relative(driftOf(x.c.m.MaxDriftPPM), false)
	d := x.c.domains[p.domain]
	if d == nil { // UTC
		return add(sum, add(new(big.Int).Abs(sub(drifted(at, rate), drifted(p.at, rate))), one))
	}
	anchor := d.anchor(p.segment)
	move := sub(d.climb(anchor, at, rate), d.climb(anchor, p.at, rate))
	return add(sum, add(move.Abs(move), intOf(1+2*int64(len(d.slews)))))
}

// link returns what the last constraint of a path leads from and to, and its weight.
func (x *chase) link(i int32, still bool) (leave, arrive place, weight *big.Int, err error) {
	n := x.c.m.Proof.Paths[i][0]
	if n < 0 || int(n) >= len(x.c.proved) || !x.c.proved[n] {
		return leave, arrive, nil, fmt.Errorf("constraint %d does not hold", n)
	}
	e := &x.c.m.Proof.Constraints[n]
	if still && e.Class == "A1" {
		return leave, arrive, nil, fmt.Errorf("a hard bound rests on constraint %d, an assumed answer", n)
	}
	from, to, err := x.c.ends(e)
	if err != nil {
		return leave, arrive, nil, fmt.Errorf("constraint %d: %w", n, err)
	}
	if still {
		weight = x.c.weight(e, x.from.domain)
	} else {
		weight = add(x.c.weight(e, x.c.m.Proof.Scopes[x.scope].Reference), sub(
			trendAt(x.trend(from.domain, from.segment), from.at), trendAt(x.trend(to.domain, to.segment), to.at)))
	}
	if x.low {
		return to, from, weight, nil
	}
	return from, to, weight, nil
}
