package align

import "math"

// against takes, of calls, those that a model puts before they were sent. A statistic of no others is small, and
// its envelopes keep nearly all of them.
type against struct {
	model *Model
	// coarse says how many nanoseconds early the readings of an edge may be. Calls of other edges are all left out.
	coarse map[EdgeKey]int64
}

// test is against for one edge.
type test struct {
	caller, callee dial
	coarse         int64
}

// test returns what takes calls of an edge: nil, which takes all, where there is no model.
func (a *against) test(k EdgeKey) *test {
	if a == nil {
		return nil
	}
	coarse, ok := a.coarse[k]
	if !ok {
		return &test{}
	}
	return &test{dial{domain: a.model.Domain(k.Caller)}, dial{domain: a.model.Domain(k.Callee)}, coarse}
}

// refutes reports whether the model puts a call before it was sent.
func (t *test) refutes(c *Call) bool {
	if t.caller.domain == nil {
		return false
	}
	most := addBound(c.Received-c.Sent, t.coarse)
	return addBound(addBound(most, t.caller.offset(c.Sent)), -t.callee.offset(c.Received)) < 0
}

// maxSlope is the largest slope that envelopes are exact for.
const maxSlope = 1.0 / (1 << maxSlopeShift)

// doubts returns what finds the calls that the estimates may put before they were sent. The statistic shows of
// most edges that there are none: where it keeps every line between two vertices, it keeps what lies above.
func (t *settling) doubts(s *Statistic) *against {
	a := &against{model: t.model, coarse: map[EdgeKey]int64{}}
	steep := make([]float64, len(t.model.Domains))
	for i := range t.model.Domains {
		steep[i] = steepest(&t.model.Domains[i])
	}
	t.bends = true
	t.edges(s, func(k EdgeKey, e *Edge, caller, callee int) {
		t.ties, t.found = t.ties[:0], 0
		if !e.request.thin && steep[caller]+steep[callee]*(1+maxSlope) < maxSlope {
			if !t.lined {
				t.scanEdge(e, caller, callee)
			}
			if t.found == 0 {
				return
			}
		}
		a.coarse[k] = e.quantum - 1
	})
	t.ties = t.ties[:0]
	return a
}

// steepest returns the largest slope of an estimate: what is above a vertex of an envelope is above less. That of
// a clock that stepped is infinite.
func steepest(d *Domain) (most float64) {
	if len(d.Segments) != 1 {
		return math.Inf(1)
	}
	p := d.Segments[0].Points
	for i := 1; i < len(p); i++ {
		most = max(most, math.Abs(float64(p[i].Offset-p[i-1].Offset))/float64(p[i].At-p[i-1].At))
	}
	return most
}
