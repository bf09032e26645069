package spans

import (
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// endpoint is what a SERVER span is of: its service, and the string that names its route, or its name where it
// has no route.
type endpoint struct{ service, label uint32 }

// leads tells where CLIENT spans without a child lead: to the endpoints that calls of the same kind reach
// elsewhere, else to the one service whose SERVER spans bear the call's own route or name, as calls of gRPC do.
type leads struct {
	bundle   *evidence.Bundle
	join     *evidence.SpanJoin
	services *Services
	// open marks CLIENT spans with neither a SERVER span nor another CLIENT span below.
	open []uint64
	// linked holds, by the number of a call's name, where the answered calls of that name went.
	linked [][]reached
	// served holds, by the number of a label, the services with SERVER spans of it.
	served [][]served
	// answered counts the calls with a SERVER span below, by the versions at both ends.
	answered map[versionHop]int
	// headless holds the SERVER spans with a remote parent that no artifact holds.
	headless []uint32
}

// reached is the endpoints that the calls of one kind reached.
type reached struct {
	service, route uint32
	to             []endpoint
}

// served counts the SERVER spans of one endpoint.
type served struct {
	service uint32
	// starting have no parent and no link: they begin a trace of their own, and not on purpose, as what
	// instrumentation for public endpoints begins links to the caller's.
	starting int
}

// program is a service in one version, which is "" where its resource does not say.
type program struct{ service, version string }

// String names the program, as "checkout 9.0.0".
func (p program) String() string {
	if p.version == "" {
		return p.service
	}
	return p.service + " " + p.version
}

// versionHop is a hop between versions.
type versionHop struct{ client, server program }

// leadsIndex is the leads of the bundle.
var leadsIndex = analyze.NewDerivedIndex(func(p *analyze.Pass) *leads {
	l := &leads{
		bundle: p.Bundle, join: Index.Of(p), services: ServiceIndex.Of(p),
		linked: make([][]reached, len(p.Bundle.Strings)), served: make([][]served, len(p.Bundle.Strings)),
		answered: map[versionHop]int{},
	}
	l.open = make([]uint64, (len(l.join.Parent)+63)/64)
	l.count()
	return l
})

// label names the route of a span, or its name where it has no route.
func label(c *evidence.SpanChunk, i int) uint32 {
	if c.Route[i] != 0 {
		return c.Route[i]
	}
	return c.Name[i]
}

// program names the program of an origin.
func (l *leads) program(origin uint32) program {
	return program{l.services.Names[l.services.ByOrigin[origin]], l.bundle.Resource(origin).Version}
}

// count goes over the spans once: every CLIENT span is open until a child shows that it is not.
func (l *leads) count() {
	type originHop struct{ client, server uint32 }
	answered := map[originHop]int{}
	closed := make([]uint64, len(l.open))
	for c := range l.bundle.Spans.Chunks() {
		for i, kind := range c.Kind {
			row := c.Base + i
			if l.join.Marks[row]&evidence.RepeatedSpan != 0 || kind != evidence.KindClient && kind != evidence.KindServer {
				continue
			}
			parent := l.join.Parent[row]
			if kind == evidence.KindClient {
				l.open[row/64] |= 1 << (row % 64)
			} else {
				l.serve(c, i, parent)
			}
			if parent >= evidence.UnusableParent {
				continue
			}
			pc, pe := l.bundle.Spans.Chunk(int(parent))
			if pc.Kind[pe] != evidence.KindClient {
				continue
			}
			closed[parent/64] |= 1 << (parent % 64)
			if kind == evidence.KindServer {
				l.reach(callKind{l.services.ByOrigin[pc.Origin[pe]], pc.Name[pe], pc.Route[pe]}, endpoint{l.services.ByOrigin[c.Origin[i]], label(c, i)})
				answered[originHop{pc.Origin[pe], c.Origin[i]}]++
			}
		}
	}
	for i := range l.open {
		l.open[i] &^= closed[i]
	}
	for h, n := range answered {
		l.answered[versionHop{l.program(h.client), l.program(h.server)}] += n
	}
}

func (l *leads) serve(c *evidence.SpanChunk, i int, parent uint32) {
	service, own := l.services.ByOrigin[c.Origin[i]], label(c, i)
	at := slices.IndexFunc(l.served[own], func(n served) bool { return n.service == service })
	if at < 0 {
		at = len(l.served[own])
		l.served[own] = append(l.served[own], served{service: service})
	}
	if parent == evidence.MissingParent && evidence.LocalityOf(c.Kind[i], c.Flags[i]) == evidence.Remote {
		l.headless = append(l.headless, uint32(c.Base+i))
	}
	if parent == evidence.NoParent && c.Flags[i]&evidence.LinkedSpan == 0 {
		l.served[own][at].starting++
	}
}

func (l *leads) reach(k callKind, e endpoint) {
	at := slices.IndexFunc(l.linked[k.name], func(r reached) bool { return r.service == k.service && r.route == k.route })
	if at < 0 {
		at = len(l.linked[k.name])
		l.linked[k.name] = append(l.linked[k.name], reached{service: k.service, route: k.route})
	}
	if r := &l.linked[k.name][at]; !slices.Contains(r.to, e) {
		r.to = append(r.to, e)
	}
}

// starting counts the SERVER spans of an endpoint that begin a trace of their own.
func (l *leads) starting(e endpoint) int {
	for _, n := range l.served[e.label] {
		if n.service == e.service {
			return n.starting
		}
	}
	return 0
}

// isOpen reports whether a row is a CLIENT span with nothing below it that answers.
func (l *leads) isOpen(row uint32) bool { return l.open[row/64]&(1<<(row%64)) != 0 }

// of returns the endpoints that a CLIENT span may lead to; none where nothing tells.
func (l *leads) of(c *evidence.SpanChunk, i int) []endpoint {
	client := l.services.ByOrigin[c.Origin[i]]
	for _, r := range l.linked[c.Name[i]] {
		if r.service == client && r.route == c.Route[i] {
			return r.to
		}
	}
	return l.namesake(c, i)
}

// namesake returns the endpoint of the one other service that has SERVER spans with the route or name of a call
// that is nowhere answered.
func (l *leads) namesake(c *evidence.SpanChunk, i int) []endpoint {
	own := label(c, i)
	if c.Route[i] == 0 && !namesProcedure(l.bundle.Strings[c.Name[i]]) {
		return nil
	}
	if at := l.served[own]; len(at) == 1 && at[0].service != l.services.ByOrigin[c.Origin[i]] {
		return []endpoint{{at[0].service, own}}
	}
	return nil
}

// eachOpen calls do for every open call.
func (l *leads) eachOpen(do func(c *evidence.SpanChunk, i int)) {
	for c := range l.bundle.Spans.Chunks() {
		for i, kind := range c.Kind {
			if kind == evidence.KindClient && l.isOpen(uint32(c.Base+i)) {
				do(c, i)
			}
		}
	}
}

// callers returns which services have calls that lead to each endpoint, answered or not.
func (l *leads) callers() map[endpoint]map[uint32]bool {
	out := map[endpoint]map[uint32]bool{}
	add := func(to []endpoint, client uint32) {
		for _, e := range to {
			if out[e] == nil {
				out[e] = map[uint32]bool{}
			}
			out[e][client] = true
		}
	}
	for _, kinds := range l.linked {
		for _, r := range kinds {
			add(r.to, r.service)
		}
	}
	l.eachOpen(func(c *evidence.SpanChunk, i int) {
		add(l.namesake(c, i), l.services.ByOrigin[c.Origin[i]])
	})
	return out
}

// namesProcedure tells names such as "pkg.Service/Method", which callers and callees share, from such as "GET"
// and "query".
func namesProcedure(name string) bool {
	service, method, found := strings.Cut(name, "/")
	return found && service != "" && method != "" && !strings.ContainsAny(name, " {")
}
