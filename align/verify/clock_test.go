package verify

import (
	"math/big"
	"testing"
)

// The end of a span is on the side of a step where the span began; where that is open, it is on none.
func TestEndsFollowTheirStarts(t *testing.T) {
	c := newClock(&domain{Steps: []step{{After: 1000, Before: 2000, Size: 500}, {After: 9000, Before: 9500, Size: -300, Bounds: interval{Low: new(int64)}}}})
	for _, x := range []struct {
		name                  string
		at, began, resolution int64
		segment               int // -1 where it is open
	}{
		{"both before", 900, 100, 1, 0},
		{"ends within", 1500, 100, 1, -1},
		{"began before, ends behind", 3000, 900, 1, -1},
		{"began within", 3000, 1999, 1, -1},
		{"began at the first reading behind", 3000, 2000, 1, 1},
		{"ends where its resolution reaches the next", 8600, 2000, 200, -1},
		{"began behind one step, ends behind the next", 9900, 8000, 1, -1},
		{"began behind both, the readings shown twice left out", 12000, 9800, 1, 2},
		{"began among the readings shown twice", 12000, 9799, 1, -1},
	} {
		n, ok := c.ended(big.NewInt(x.at), big.NewInt(x.began), big.NewInt(x.resolution))
		if !ok {
			n = -1
		}
		if n != x.segment {
			t.Errorf("%s: segment %d, want %d", x.name, n, x.segment)
		}
	}
}
