package align

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestEditorSort: changes come out as a stable sort has them, however far out of order they came.
func TestEditorSort(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 200 {
		var e editor
		for i := range n {
			off := i / 2
			if r.IntN(1+n%7) == 0 {
				off = r.IntN(n)
			}
			e.changes = append(e.changes, change{off: off, splice: i})
		}
		want := slices.Clone(e.changes)
		slices.SortStableFunc(want, func(a, b change) int { return cmp.Compare(a.off, b.off) })
		e.sort()
		if !slices.Equal(e.changes, want) {
			t.Fatalf("%d changes: %v, want %v", n, e.changes, want)
		}
	}
}
