package align

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// One clock's readings are off by more than they admit, but by too little for requests to refute.
func TestFalseReadingsAreNotUsed(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 9))
	f := newFleet(r, 5, 600_000_000_000, 1000, 1e9)
	const admitted, lie = 400_000, 8_000_000
	build := func(liars ...int) *boundProblem {
		p := f.problem(r, 400, 17)
		for i := range p.clocks {
			p.clocks[i].reference = utcClock
			for k := range int64(5) {
				at := (k*5 + int64(i)) * f.length / 26 // 23 s apart: drift hides the lie from requests
				reading := Reading{Offset: f.shows(i, at) - f.start - at + r.Int64N(admitted) - admitted/2, Error: admitted, Source: "test"}
				for _, x := range liars {
					if x == i {
						reading.Offset += lie
					}
				}
				reading.At = f.shows(i, at)
				reading.Until = reading.At
				p.hard = append(p.hard, readingConstraints(i, reading)...)
			}
		}
		return p
	}
	res := solveBounds(build())
	if text := verdictOf(res); !strings.Contains(text, "they hold together") || len(res.conflicts) > 0 {
		t.Errorf("of honest readings it is said: %s", text)
	}
	p := build(2)
	res = solveBounds(p)
	f.check(t, p, res, r, true)
	if text := verdictOf(res); !strings.Contains(text, "readings of host-002 ") || len(res.async)+len(res.conflicts) > 0 {
		t.Errorf("of a liar it is said: %s; %d answers are told off", text, len(res.async))
	}
}

func verdictOf(r *boundResult) string {
	for _, a := range r.tests {
		if strings.Contains(a.Text, "against UTC") {
			return a.Tested
		}
	}
	return "nothing"
}
