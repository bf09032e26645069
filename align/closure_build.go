package align

import "slices"

// reading is one side of a line: of line i, from is side 2i and to is side 2i+1.
type reading struct {
	at   int64
	side int32
}

// sortRuns sorts by merging what ascends already, which is most: what was collected in the order of time. It is
// stable, and returns the memory that it was lent or took.
func sortRuns[T any](list, spare []T, before func(a, b *T) bool) []T {
	runs := []int{0}
	for i := 1; i < len(list); i++ {
		if before(&list[i], &list[i-1]) {
			runs = append(runs, i)
		}
	}
	if len(runs) == 1 {
		return spare
	}
	runs = append(runs, len(list))
	if len(spare) < len(list) {
		spare = make([]T, len(list))
	}
	from, to := list, spare[:len(list)]
	for len(runs) > 2 {
		kept := runs[:1]
		for k := 0; k+1 < len(runs); k += 2 {
			lo, mid, hi := runs[k], runs[k+1], runs[min(k+2, len(runs)-1)]
			merge(to[lo:hi], from[lo:mid], from[mid:hi], before)
			kept = append(kept, hi)
		}
		runs = kept
		from, to = to, from
	}
	if &from[0] != &list[0] {
		copy(list, from)
	}
	return spare
}

// merge fills out from two sorted lists.
func merge[T any](out, a, b []T, before func(a, b *T) bool) {
	for k := range out {
		if len(b) == 0 || len(a) > 0 && !before(&b[0], &a[0]) {
			out[k], a = a[0], a[1:]
		} else {
			out[k], b = b[0], b[1:]
		}
	}
}

// of returns the system with the events and the constraints of some lines.
func (s *system) of(lines []line) *system {
	nodes := len(s.rate)
	g := &system{trends: s.trends, anchor: s.anchor, slews: s.slews, rate: slices.Clone(s.rate), first: make([]int32, nodes+1), spare: s.spare}
	start := make([]int32, nodes+1)
	for i := range lines {
		start[lines[i].from+1]++
		start[lines[i].to+1]++
	}
	for n := range nodes {
		start[n+1] += start[n]
	}
	all := make([]reading, 2*len(lines))
	next := slices.Clone(start)
	for i := range lines {
		l := &lines[i]
		all[next[l.from]] = reading{l.fromAt, int32(2 * i)}
		next[l.from]++
		all[next[l.to]] = reading{l.toAt, int32(2*i + 1)}
		next[l.to]++
	}
	g.at, g.owner = make([]int64, 0, len(all)), make([]int32, 0, len(all))
	g.links = make([]arc, len(lines))
	var spare []reading
	for n := range nodes {
		of := all[start[n]:start[n+1]]
		spare = sortRuns(of, spare, func(a, b *reading) bool { return a.at < b.at })
		for k, r := range of {
			if k == 0 || r.at != of[k-1].at {
				g.at, g.owner = append(g.at, r.at), append(g.owner, int32(n))
			}
			if e := int32(len(g.at) - 1); r.side%2 == 0 {
				g.links[r.side/2].from = e
			} else {
				g.links[r.side/2].to = e
			}
		}
		g.first[n+1] = int32(len(g.at))
	}
	for i := range lines {
		g.links[i].weight, g.links[i].constraint = lines[i].weight, lines[i].number
	}
	g.index(nodes)
	return g
}

// index groups the links by node in both directions.
func (s *system) index(nodes int) {
	s.leave, s.enter, s.back = make([]int32, nodes+1), make([]int32, nodes+1), make([]int32, len(s.links))
	for i := range s.links {
		s.leave[s.owner[s.links[i].from]+1]++
		s.enter[s.owner[s.links[i].to]+1]++
	}
	for n := range nodes {
		s.leave[n+1] += s.leave[n]
		s.enter[n+1] += s.enter[n]
	}
	node := func(l arc) int32 { return s.owner[l.from] }
	if !slices.IsSortedFunc(s.links, func(a, b arc) int { return int(node(a) - node(b)) }) {
		slices.SortStableFunc(s.links, func(a, b arc) int { return int(node(a) - node(b)) })
	}
	next := slices.Clone(s.enter)
	for i := range s.links {
		n := s.owner[s.links[i].to]
		s.back[next[n]] = int32(i)
		next[n]++
	}
}

func (s *system) nodes() int { return len(s.rate) }
