package verify

import (
	"fmt"
	"math/big"
)

// path follows the path of an index to its end.
func (t *tracer) path(i int32) (*pathEnd, error) {
	var todo []int32
	paths := t.c.m.Proof.Paths
	for at := i; ; {
		if at < 0 || int(at) >= len(paths) {
			return nil, fmt.Errorf("there is no path %d", at)
		}
		if _, ok := t.ends[at]; ok {
			break
		}
		if err := t.broken[at]; err != nil {
			return nil, err
		}
		todo = append(todo, at)
		before := paths[at][1]
		if before == -1 {
			break
		}
		if before >= at { // each path is written behind those it continues, so that none goes in a circle
			return nil, fmt.Errorf("path %d continues a later one", at)
		}
		at = before
	}
	for k := len(todo) - 1; k >= 0; k-- {
		end, err := t.step(todo[k])
		if err != nil {
			err = fmt.Errorf("path %d: %w", todo[k], err)
			for ; k >= 0; k-- {
				t.broken[todo[k]] = err
			}
			return nil, err
		}
		t.ends[todo[k]] = end
	}
	return t.ends[i], nil
}

// step goes over the last constraint of a path whose beginning is known.
func (t *tracer) step(i int32) (*pathEnd, error) {
	n, before := t.c.m.Proof.Paths[i][0], t.c.m.Proof.Paths[i][1]
	if n < 0 || int(n) >= len(t.c.proved) {
		return nil, fmt.Errorf("there is no constraint %d", n)
	}
	if !t.c.proved[n] {
		return nil, fmt.Errorf("constraint %d does not hold", n)
	}
	e := &t.c.m.Proof.Constraints[n]
	if !t.assumed && e.Class == "A1" {
		return nil, fmt.Errorf("a hard bound rests on constraint %d, an assumed answer", n)
	}
	from, to, err := t.c.ends(e)
	if err != nil {
		return nil, fmt.Errorf("constraint %d: %w", n, err)
	}
	weight := add(t.c.weight(e, t.c.m.Proof.Scopes[t.scope].Reference), sub(
		trendAt(t.trend(from.domain, from.segment), from.at), trendAt(t.trend(to.domain, to.segment), to.at)))
	leave, arrive := from, to
	if t.low {
		leave, arrive = to, from
	}
	bound := new(big.Int)
	if before < 0 {
		if !t.isSource(leave.domain, leave.segment) {
			return nil, fmt.Errorf("constraint %d does not begin at the reference", n)
		}
	} else {
		at := t.ends[before]
		if at.domain != leave.domain || at.segment != leave.segment {
			return nil, fmt.Errorf("constraint %d is not about the clock that the path had led to, between the same steps", n)
		}
		bound = t.carry(at.place, at.bound, leave.at)
	}
	return &pathEnd{arrive, add(bound, weight)}, nil
}

// ends returns the places of both sides of an edge.
func (c *checker) ends(e *edge) (from, to place, err error) {
	for i, x := range []*place{&from, &to} {
		x.domain, x.at = e.From, e.FromAt.big()
		if i == 1 {
			x.domain, x.at = e.To, e.ToAt.big()
		}
		if x.domain == utc {
			continue
		}
		d := c.domains[x.domain]
		if d == nil {
			return from, to, fmt.Errorf("the model has no clock %q", x.domain)
		}
		var ok bool
		if began := e.began[i]; began != nil {
			x.segment, ok = d.ended(x.at, began, intOf(e.Quantum))
		} else {
			x.segment, ok = d.segment(x.at, intOf(e.Blur), intOf(e.Quantum))
		}
		if !ok {
			return from, to, fmt.Errorf("whether reading %d of %s is from before a step is open", x.at, x.domain)
		}
	}
	return from, to, nil
}

// weight returns what an edge bounds the difference of two offsets by, with what the resolution of its
// readings adds.
func (c *checker) weight(e *edge, reference string) *big.Int {
	rate := relative(driftOf(c.m.MaxDriftPPM), false)
	for _, name := range []string{e.From, e.To} {
		if d := c.domains[name]; d != nil && len(d.slews) > 0 {
			rate += slewPPB
			break
		}
	}
	switch { // of a reading, what is not known of its instant
	case e.Class != "N1":
	case reference == utc: // it is off by what one clock moves
		rate += relative(driftOf(c.m.MaxDriftPPM), true) - relative(driftOf(c.m.MaxDriftPPM), false)
	default:
		rate *= 2
	}
	w := intOf(e.Weight)
	if e.Quantum > 0 {
		q := moved(intOf(e.Quantum), rate)
		w = add(add(w, intOf(e.Quantum)), add(q, q))
	}
	return add(w, moved(intOf(e.Blur), rate))
}
