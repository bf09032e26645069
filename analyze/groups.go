package analyze

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Groups counts occurrences by a key that becomes the subject of a finding, and remembers a few of each
// for the exhibits. Make it with NewGroups.
type Groups[K comparable] struct {
	keep   int
	groups map[K]*Group[K]
}

// Group is the occurrences of one key.
type Group[K comparable] struct {
	Key K
	// N counts the occurrences.
	N int
	// Rows names the first occurrences, at most as many as NewGroups was told to keep.
	Rows []uint32
	// When is the time of those occurrences that the caller made it See.
	When When
	// Merged is the number of groups that this one stands for where it is the rest, else 0.
	Merged int
}

// NewGroups returns empty groups that remember keep rows each.
func NewGroups[K comparable](keep int) *Groups[K] {
	return &Groups[K]{keep: keep, groups: map[K]*Group[K]{}}
}

// Add counts one occurrence, which the rows exhibit, and returns its group. Rows beyond the first few are not remembered.
func (gs *Groups[K]) Add(k K, rows ...uint32) *Group[K] {
	g := gs.groups[k]
	if g == nil {
		g = &Group[K]{Key: k}
		gs.groups[k] = g
	}
	g.N++
	g.remember(rows, gs.keep)
	return g
}

func (g *Group[K]) remember(rows []uint32, keep int) {
	if room := keep - len(g.Rows); room > 0 {
		g.Rows = append(g.Rows, rows[:min(room, len(rows))]...)
	}
}

// Sorted returns at most limit groups, the largest first and equal ones by key; those beyond are merged
// into one more, under the key rest.
func (gs *Groups[K]) Sorted(limit int, rest K) []*Group[K] {
	all := make([]*Group[K], 0, len(gs.groups))
	names := make(map[*Group[K]]string, len(gs.groups))
	for _, g := range gs.groups {
		all = append(all, g)
		names[g] = fmt.Sprintf("%q", any(g.Key))
	}
	slices.SortFunc(all, func(a, b *Group[K]) int {
		return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(names[a], names[b]))
	})
	if len(all) <= limit {
		return all
	}
	other := &Group[K]{Key: rest}
	for _, g := range all[limit:] {
		other.N += g.N
		other.Merged++
		other.remember(g.Rows, gs.keep)
	}
	return append(all[:limit:limit], other)
}

// Count writes a number with its noun: "1 span", "12 spans".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
