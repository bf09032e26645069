package spans

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// orphanGroup is the orphans of one hop and route.
type orphanGroup struct {
	orphanKey
	label     string
	n, traces int
	local     [evidence.Localities]int // n by locality
	lastTrace uint32
	when      analyze.When // starts of the spans
	rows      []uint32     // of the exhibits
	peers     *peers
	calledBy  []string // services with calls that lead to such spans, where no parent of their like is present
	merged    int      // number of groups that this one stands for, 0 for itself only
}

// peers are the spans of the service and label of a group, the orphans among them.
type peers struct {
	server  uint32
	spans   int
	callers map[uint32]int // services of the remote parents that are present; nil where nobody asks
}

// bounded returns the groups, largest first, with at most MaxRoutes for one hop and MaxSubjects in all;
// what is beyond a bound is merged into one group.
func (o *orphans) bounded(opt *analyze.Options) []*orphanGroup {
	all := make([]*orphanGroup, 0, len(o.groups))
	for _, g := range o.groups {
		all = append(all, g)
	}
	name := o.services.name
	slices.SortFunc(all, func(a, b *orphanGroup) int {
		return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(name(a.client), name(b.client)),
			strings.Compare(name(a.server), name(b.server)), strings.Compare(a.label, b.label))
	})
	var out []*orphanGroup
	routes := map[hop]int{}
	others := map[hop]*orphanGroup{}
	for _, g := range all {
		h := hop{g.client, g.server}
		routes[h]++
		if routes[h] <= opt.Routes() {
			out = append(out, g)
			continue
		}
		if others[h] == nil {
			others[h] = &orphanGroup{orphanKey: orphanKey{client: g.client, server: g.server}, label: otherSubjects}
			out = append(out, others[h])
		}
		others[h].merge(g, o.keep)
	}
	if limit := opt.Subjects(); len(out) > limit {
		rest := &orphanGroup{orphanKey: orphanKey{client: otherHop, server: otherHop}, label: otherSubjects}
		for _, g := range out[limit:] {
			rest.merge(g, o.keep)
		}
		out = append(out[:limit:limit], rest)
	}
	return out
}

// otherHop is the client and server of what is beyond MaxSubjects.
const otherHop = unknown - 1

func (g *orphanGroup) merge(from *orphanGroup, keep int) {
	g.n += from.n
	g.traces += from.traces
	for i, n := range from.local {
		g.local[i] += n
	}
	g.when.See(from.when.First)
	g.when.See(from.when.Last)
	g.merged += max(1, from.merged)
	g.rows = append(g.rows, from.rows[:min(len(from.rows), keep-len(g.rows))]...)
}

func (g *orphanGroup) finding(p *analyze.Pass, s *Services) analyze.Finding {
	client, server := otherSubjects, otherSubjects
	if g.server != otherHop {
		client, server = s.name(g.client), s.Names[g.server]
	}
	f := analyze.Finding{
		Basis:   analyze.Proven,
		Subject: analyze.Subject("client", client, "server", server, "route", g.label),
		Message: g.message(s, server),
		Fix:     g.fix(server),
		Measures: []analyze.Measure{
			analyze.M("spans.orphan", "spans", float64(g.n)),
		},
	}
	for _, row := range g.rows {
		f.Exhibits = append(f.Exhibits, Exhibit(p.Bundle, row, "child"))
	}
	return f
}

func (g *orphanGroup) message(s *Services, server string) string {
	if g.server == otherHop {
		return fmt.Sprintf("%s on %d hops and routes beyond those listed%sa parent that no artifact holds",
			analyze.Count(g.n, "span"), g.merged, nameVerb(g.n))
	}
	var m strings.Builder
	if g.merged > 0 {
		fmt.Fprintf(&m, "%s of %s on %s beyond those listed", analyze.Count(g.n, "span"), server,
			analyze.Count(g.merged, "route"))
	} else {
		fmt.Fprintf(&m, "%d of %s of %s on %q", g.n, analyze.Count(g.peers.spans, "span"), server, g.label)
	}
	m.WriteString(nameVerb(g.n) + "a parent that no artifact holds")
	if g.merged == 0 {
		fmt.Fprintf(&m, " (%s%s)", analyze.Count(g.traces, "trace"), g.when)
	}
	switch {
	case g.local[evidence.LocalByFlag] == g.n:
		m.WriteString("; their flags say that it was in the same process")
	case g.local[evidence.LocalByFlag]+g.local[evidence.LocalByKind] == g.n:
		m.WriteString("; by their kind it was in the same process")
	case g.client == g.server:
		m.WriteString("; it was in the same service")
	case g.client == unknown:
		m.WriteString("; nothing tells which service it was of")
		m.WriteString(g.callers(s))
	default:
		fmt.Fprintf(&m, "; it was of %s, as other spans without the same parent tell", s.Names[g.client])
	}
	return m.String()
}

// fix says where to look, by where the parent was. "" is that of the detector, for what is of several kinds.
func (g *orphanGroup) fix(server string) string {
	switch {
	case g.server == otherHop:
		return ""
	case g.local[evidence.Remote] == 0:
		return fmt.Sprintf("The parent was a span of %[1]s itself. Where spans of many names of %[1]s lack parents in bursts, or up to the end of a process, look at its queue "+
			"(OTEL_BSP_MAX_QUEUE_SIZE) and at how its processes ended. Where it is this name, at spans that are not ended on a path of errors or panics: defer span.End(). Where many names "+
			"lack parents all the time, and calls to %[1]s have nothing below them as often, at its sampler, which then decides span by span instead of by the trace: ParentBased.", server)
	case g.client == unknown:
		return fmt.Sprintf("Find who called %s here: WM4005 names what is missing below a call of the same trace. Else it was a client from outside, such as a browser, a gateway or a test, "+
			"that sends a context of its own: add what it exports, or begin new traces where outsiders come in (otelhttp.WithPublicEndpointFn).", server)
	}
	return ""
}

func nameVerb(n int) string {
	if n == 1 {
		return " names "
	}
	return " name "
}

// callers says who calls spans like these where the parent is present. It is no claim about the group.
func (g *orphanGroup) callers(s *Services) string {
	if len(g.calledBy) == 1 {
		return fmt.Sprintf("; of the services here only %s makes such calls", g.calledBy[0])
	}
	if g.peers == nil || len(g.peers.callers) == 0 {
		return ""
	}
	var total int
	var names []string
	for service, n := range g.peers.callers {
		total += n
		names = append(names, s.Names[service])
	}
	slices.Sort(names)
	if len(names) > 3 {
		names = append(names[:3], "others")
	}
	return fmt.Sprintf("; where it is present, it is of %s (%s)", strings.Join(names, ", "), analyze.Count(total, "span"))
}
