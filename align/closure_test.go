package align

import (
	"cmp"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// oracle finds the least sums between all events by Floyd and Warshall's method, in integers of any size.
type oracle struct {
	dist [][]*big.Int // nil for none
}

func newOracle(s *system) *oracle {
	n := len(s.at)
	o := &oracle{dist: make([][]*big.Int, n)}
	for i := range n {
		o.dist[i] = make([]*big.Int, n)
		for j := range n {
			if s.owner[i] != s.owner[j] {
				continue
			}
			climb := func(e int) *big.Int {
				c := big.NewInt(s.at[e] - s.anchor[s.owner[e]])
				return c.Div(c.Mul(c, big.NewInt(s.rate[s.owner[e]])), big.NewInt(billion))
			}
			d := climb(i)
			d.Abs(d.Sub(d, climb(j)))
			if i != j && s.rate[s.owner[i]] > 0 {
				d.Add(d, big.NewInt(1))
			}
			if i != j && len(s.trends[s.owner[i]]) > 1 {
				d.Add(d, big.NewInt(1))
			}
			o.dist[i][j] = d
		}
	}
	for _, l := range s.links {
		w := big.NewInt(l.weight)
		if d := o.dist[l.from][l.to]; d == nil || w.Cmp(d) < 0 {
			o.dist[l.from][l.to] = w
		}
	}
	for k := range n {
		for i := range n {
			for j := range n {
				if o.dist[i][k] == nil || o.dist[k][j] == nil {
					continue
				}
				if w := new(big.Int).Add(o.dist[i][k], o.dist[k][j]); o.dist[i][j] == nil || w.Cmp(o.dist[i][j]) < 0 {
					o.dist[i][j] = w
				}
			}
		}
	}
	return o
}

func (o *oracle) feasible() bool {
	for i := range o.dist {
		if o.dist[i][i].Sign() < 0 {
			return false
		}
	}
	return true
}

// least returns the least distance from any event of a node to an event, or back.
func (o *oracle) least(s *system, source int32, e int, reverse bool) int64 {
	best := int64(unreached)
	for i := range o.dist {
		d := o.dist[i][e]
		if reverse {
			d = o.dist[e][i]
		}
		if s.owner[i] == source && d != nil && d.Int64() < best {
			best = d.Int64()
		}
	}
	return best
}

// randomSystem returns a system of few events, with trends, that may be infeasible.
func randomSystem(r *rand.Rand) (*system, []line, []constraint) {
	nodes := 2 + r.IntN(5)
	trends := make([]trend, nodes)
	for i := range trends {
		if r.IntN(2) == 0 {
			trends[i] = trend{{r.Int64N(100_000), r.Int64N(1000) - 500}, {100_000 + r.Int64N(100_000), r.Int64N(1000) - 500}}
		}
	}
	var list []constraint
	var numbers []int32
	for i := range 1 + r.IntN(30) {
		from, to := r.IntN(nodes), r.IntN(nodes)
		list = append(list, constraint{
			fromAt: r.Int64N(300_000), toAt: r.Int64N(300_000), weight: r.Int64N(3000) - 600,
			origin: &origin{from: from, to: to, quantum: r.Int64N(3), class: ClassRequest},
		})
		numbers = append(numbers, int32(i))
	}
	f := newFrame(nodes)
	f.trends = trends
	f.trends[0] = nil
	for i := range f.anchor {
		f.anchor[i] = r.Int64N(300_000)
		if i > 0 {
			f.rate[i] = 1_000_000
		}
	}
	lines := f.source(numbers, func(i int32) *constraint { return &list[i] }, func(*constraint) int64 { return 1_000_000 },
		func(c *constraint) (int, int, bool) { return c.from, c.to, c.from != c.to }).all()
	return f, lines, list
}

// What other constraints imply changes no distance.
func TestThinChangesNothing(t *testing.T) {
	feasible, implied := 0, 0
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 12))
		f, lines, _ := randomSystem(r)
		for range r.IntN(60) {
			l := lines
			if len(l) > 0 { // close to another
				x := l[r.IntN(len(l))]
				x.fromAt, x.toAt, x.weight = x.fromAt+r.Int64N(2000), x.toAt+r.Int64N(2000), x.weight+r.Int64N(40)-10
				lines = append(lines, x)
			}
		}
		slices.SortFunc(lines, func(a, b line) int {
			return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.fromAt, b.fromAt))
		})
		thin := f.thin(lines)
		implied += len(lines) - len(thin)
		for _, reverse := range []bool{false, true} {
			_, cycle := f.of(lines).search(everywhere, reverse)
			_, other := f.of(thin).search(everywhere, reverse)
			if (cycle == nil) != (other == nil) {
				t.Fatalf("seed %d: a contradiction comes or goes", seed)
			}
			if cycle != nil {
				continue
			}
			feasible++
			want, _ := f.of(lines).search(0, reverse)
			got, _ := f.of(thin).search(0, reverse)
			for range 50 {
				node, at := int32(1+r.IntN(len(f.rate)-1)), r.Int64N(300_000)
				a, _ := want.nearest(node, at)
				b, _ := got.nearest(node, at)
				if a != b {
					t.Fatalf("seed %d: node %d at %d: %d with all of %d lines, %d with %d", seed, node, at, a, len(lines), b, len(thin))
				}
			}
		}
	}
	if feasible < 1000 || implied < 10_000 {
		t.Errorf("%d systems are feasible, %d lines implied: the test looks at little", feasible, implied)
	}
}

func TestSearchAgainstAllPairs(t *testing.T) {
	feasible, refuted := 0, 0
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 2))
		f, lines, list := randomSystem(r)
		s := f.of(lines)
		o := newOracle(s)
		_, cycle := s.search(everywhere, false)
		if (cycle == nil) != o.feasible() {
			t.Fatalf("seed %d: cycle %v, but feasible is %v", seed, cycle, o.feasible())
		}
		if cycle != nil {
			refuted++
			checkCycle(t, s, list, cycle)
			continue
		}
		feasible++
		for _, reverse := range []bool{false, true} {
			d, cycle := s.search(0, reverse)
			if cycle != nil {
				t.Fatalf("seed %d: a cycle where there is none", seed)
			}
			for e := range s.at {
				if want := o.least(s, 0, e, reverse); d.whole[e] != want {
					t.Fatalf("seed %d: event %d, reverse %v: got %d, want %d", seed, e, reverse, d.whole[e], want)
				}
				checkPath(t, d, int32(e))
			}
		}
	}
	if feasible < 200 || refuted < 200 {
		t.Errorf("%d feasible and %d infeasible systems: the test looks at one kind only", feasible, refuted)
	}
}

// checkCycle fails unless the links follow each other and sum to less than 0.
func checkCycle(t *testing.T, s *system, list []constraint, cycle []int32) {
	t.Helper()
	sum := int64(0)
	for k, i := range cycle {
		l, next := s.links[i], s.links[cycle[(k+1)%len(cycle)]]
		if s.owner[l.to] != s.owner[next.from] {
			t.Fatalf("link %+v does not lead to %+v", list[l.constraint], list[next.constraint])
		}
		sum += s.carry(s.owner[l.to], l.weight, s.at[l.to], s.at[next.from])
	}
	if sum >= 0 {
		t.Fatalf("cycle of %d links sums to %d", len(cycle), sum)
	}
}

// checkPath fails unless the predecessors of an event lead to the source and sum to its distance.
func checkPath(t *testing.T, d *distances, e int32) {
	t.Helper()
	if d.whole[e] == unreached {
		return
	}
	want, sum, at := d.whole[e], int64(0), d.at[e]
	for x := d.origin[e]; ; {
		sum = d.carry(d.owner[x], sum, d.at[x], at)
		if d.via[x] < 0 {
			break
		}
		l := d.links[d.via[x]]
		sum += l.weight
		from := l.from
		if d.reverse {
			from = l.to
		}
		at, x = d.at[from], d.origin[from]
	}
	if sum != want {
		t.Fatalf("the path sums to %d, the distance is %d", sum, want)
	}
}

func TestSumsDoNotWrap(t *testing.T) {
	for _, c := range []struct{ a, b, want int64 }{
		{1, 2, 3}, {unreached, -5, unreached}, {math.MaxInt64 - 1, 1, unreached}, {math.MaxInt64 - 1, 5, unreached},
		{deepest, -1, deepest}, {math.MinInt64, math.MinInt64, deepest}, {-5, 5, 0},
	} {
		if got := addBound(c.a, c.b); got != c.want {
			t.Errorf("%d + %d: got %d, want %d", c.a, c.b, got, c.want)
		}
	}
	if got := slack(billion, math.MinInt64, math.MaxInt64); got != unreached {
		t.Errorf("slack over all of time is %d", got)
	}
	if got := slack(1, 0, 1); got != 1 {
		t.Errorf("slack is not rounded up: %d", got)
	}
}

// A trend is exact at its knots, rounds down between them and beyond, and moves with its knots.
func TestTrendOffset(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for range 2000 {
		var tr trend
		at := r.Int64N(1 << 40)
		for range 2 + r.IntN(4) {
			tr = append(tr, knot{at, r.Int64N(1<<40) - 1<<39})
			at += 1 + r.Int64N(1<<40)
		}
		x := r.Int64N(at + 1<<39)
		i := tr.piece(x)
		a, b := tr[i], tr[i+1]
		want := new(big.Int).Mul(big.NewInt(b.offset-a.offset), big.NewInt(x-a.at))
		want.Div(want, big.NewInt(b.at-a.at)).Add(want, big.NewInt(a.offset))
		if got := tr.offset(x); got != want.Int64() {
			t.Fatalf("trend %v at %d: got %d, want %s", tr, x, got, want)
		}
		moved := trend{}
		for _, k := range tr {
			moved = append(moved, knot{k.at, k.offset + 12345})
		}
		if got := moved.offset(x); got != want.Int64()+12345 {
			t.Fatalf("a moved trend is %d, want %d", got, want.Int64()+12345)
		}
	}
}
