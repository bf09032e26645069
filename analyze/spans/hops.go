package spans

import (
	"slices"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// hop is an ordered pair of services, by their numbers.
type hop struct{ client, server uint32 }

// calls counts the CLIENT spans of a hop.
type calls struct {
	// linked have a SERVER span of the server as a child. A CLIENT span with several (a retry below the
	// instrumentation) is counted once, for the first.
	linked int
	// silent have none, but carry a name and route that lead to this server only, wherever they lead
	// anywhere; where no such call is answered, to the one other service with SERVER spans of that route or
	// procedure, as where every call of a hop loses its context.
	silent int
	// maybe have none, and carry a name and route that lead to this server and to others.
	maybe int
}

// callKind is what tells where a CLIENT span without a child was going: its service, name and route.
type callKind struct{ service, name, route uint32 }

// countCalls finds which server each CLIENT span of a service called. Where the server is never seen
// there is no hop: a call to a database has no SERVER span to miss.
func countCalls(l *leads) map[hop]*calls {
	b, t, s := l.bundle, l.join, l.services
	hops := map[hop]*calls{}
	targets := map[callKind][]uint32{}
	linked := make([]uint64, (len(t.Parent)+63)/64)
	for c := range b.Spans.Chunks() {
		for i, kind := range c.Kind {
			row := c.Base + i
			parent := t.Parent[row]
			if kind != evidence.KindServer || parent >= evidence.UnusableParent || t.Marks[row]&evidence.RepeatedSpan != 0 {
				continue
			}
			pc, pe := b.Spans.Chunk(int(parent))
			if pc.Kind[pe] != evidence.KindClient || linked[parent/64]&(1<<(parent%64)) != 0 {
				continue
			}
			linked[parent/64] |= 1 << (parent % 64)
			h := hop{s.ByOrigin[pc.Origin[pe]], s.ByOrigin[c.Origin[i]]}
			n := hops[h]
			if n == nil {
				n = new(calls)
				hops[h] = n
			}
			n.linked++
			kind := callKind{h.client, pc.Name[pe], pc.Route[pe]}
			if servers := targets[kind]; !slices.Contains(servers, h.server) {
				targets[kind] = append(servers, h.server)
			}
		}
	}
	for c := range b.Spans.Chunks() {
		for i, kind := range c.Kind {
			row := c.Base + i
			if kind != evidence.KindClient || t.Marks[row]&evidence.RepeatedSpan != 0 || linked[row/64]&(1<<(row%64)) != 0 {
				continue
			}
			client := s.ByOrigin[c.Origin[i]]
			kind := callKind{client, c.Name[i], c.Route[i]}
			servers, known := targets[kind]
			if !known && l.isOpen(uint32(row)) {
				for _, e := range l.namesake(c, i) {
					servers = append(servers, e.service)
				}
				targets[kind] = servers
			}
			for _, server := range servers {
				n := hops[hop{client, server}]
				if n == nil {
					n = new(calls)
					hops[hop{client, server}] = n
				}
				if len(servers) == 1 {
					n.silent++
				} else {
					n.maybe++
				}
			}
		}
	}
	return hops
}

// reportHops reports hop.calls and hop.coverage: intervals where the server of some calls cannot be told.
func reportHops(p *analyze.Pass, hops map[hop]*calls, s *Services) {
	for h, n := range hops {
		subject := analyze.Subject("client", s.Names[h.client], "server", s.Names[h.server])
		known := float64(n.linked + n.silent)
		total := analyze.Measure{Name: "hop.calls", Unit: "spans", Subject: subject, Value: known}
		share := analyze.Measure{Name: "hop.coverage", Unit: "ratio", Subject: subject, Value: float64(n.linked) / known}
		if n.maybe > 0 {
			most := known + float64(n.maybe)
			least := float64(n.linked) / most
			total.Low, total.High = &known, &most
			value := share.Value
			share.Low, share.High = &least, &value
		}
		p.Measures(total, share)
	}
}
