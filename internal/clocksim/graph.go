package clocksim

import (
	"math"
	"math/rand/v2"
	"slices"
)

// graph says which service calls which, and where they run.
type graph struct {
	calls     [][]leg // by caller
	instances [][]int // machines of each service
	roots     []int
}

// leg is one edge of the call graph.
type leg struct {
	service int
	kind    Kind
}

// newGraph builds four layers of services. Every service has a caller in the layer above, and some have
// another further up: without calls that skip a layer nothing tells the asymmetry of all requests from
// offsets that grow with the layer.
func newGraph(p *Params, zone []int, rng *rand.Rand) *graph {
	g := &graph{calls: make([][]leg, p.Services), instances: make([][]int, p.Services)}
	g.place(p, zone, rng)
	if p.Split {
		g.connect(p, 0, p.Services/2, rng)
		g.connect(p, p.Services/2, p.Services, rng)
	} else {
		g.connect(p, 0, p.Services, rng)
	}
	return g
}

func (g *graph) connect(p *Params, from, to int, rng *rand.Rand) {
	g.roots = append(g.roots, from)
	layer := func(s int) int {
		if s == from {
			return 0
		}
		return 1 + (s-from-1)*3/max(1, to-from-1)
	}
	for s := from + 1; s < to; s++ {
		var next []int
		for c := from; c < s; c++ {
			if layer(c) == layer(s)-1 {
				next = append(next, c)
			}
		}
		g.add(p, next[rng.IntN(len(next))], s, rng)
	}
	extra := int(math.Round(p.Parents * float64(to-from-1)))
	for tries := 0; extra > 0 && tries < 10_000; tries++ {
		s, c := from+rng.IntN(to-from), from+rng.IntN(to-from)
		far := layer(c) < layer(s)-1
		if p.Layered {
			far = layer(c) == layer(s)-1
		}
		if far && !slices.ContainsFunc(g.calls[c], func(l leg) bool { return l.service == s }) {
			g.add(p, c, s, rng)
			extra--
		}
	}
}

func (g *graph) add(p *Params, caller, callee int, rng *rand.Rand) {
	l := leg{service: callee}
	switch x := rng.Float64(); {
	case x < p.Messages:
		l.kind = Message
	case x < p.Messages+p.Headless:
		l.kind = Headless
	}
	g.calls[caller] = append(g.calls[caller], l)
}

// place spreads the instances of every service over the zones. With one service per host, host h runs
// service h modulo the number of services.
func (g *graph) place(p *Params, zone []int, rng *rand.Rand) {
	if p.PerHost == 1 {
		for h := range zone {
			g.instances[h%p.Services] = append(g.instances[h%p.Services], h)
		}
		return
	}
	per := p.Hosts * p.PerHost / p.Services
	var pool []int
	for s := range p.Services {
		used := map[int]bool{}
		for len(g.instances[s]) < per {
			if len(pool) == 0 {
				pool = rng.Perm(p.Hosts)
			}
			h := pool[0]
			pool = pool[1:]
			if !used[h] { // else another service gets its turn there later
				used[h] = true
				g.instances[s] = append(g.instances[s], h)
			}
		}
	}
}

// visits returns how often a trace of each service's calls comes by, given one visit of the roots.
func (g *graph) visits() []float64 {
	v := make([]float64, len(g.calls))
	for _, r := range g.roots {
		v[r] = 1 / float64(len(g.roots))
	}
	for s := range g.calls { // callers come before their callees
		for _, l := range g.calls[s] {
			v[l.service] += v[s]
		}
	}
	return v
}

// perTrace returns the mean number of calls between hosts in a trace, and the directed pairs of hosts
// that call each other.
func (g *graph) perTrace() (calls float64, pairs int) {
	v := g.visits()
	type pair struct{ a, b, service int }
	seen := map[pair]bool{}
	for s := range g.calls {
		for _, l := range g.calls[s] {
			calls += v[s]
			for _, a := range g.instances[s] {
				for _, b := range g.instances[l.service] {
					if a != b {
						seen[pair{a, b, l.service}] = true
					}
				}
			}
		}
	}
	return calls, len(seen)
}
