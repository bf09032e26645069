package spans

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// Orphan is WM4001. It also reports the counts of the family that need no judgement.
var Orphan = analyze.Detector{
	ID: "WM4001", Name: "orphan-span",
	Doc: analyze.Doc{
		Title: "A span names a parent that no artifact holds",
		Text: "The trace is broken at this place: what called the span cannot be followed, and views that start at " +
			"the root do not show what is below it. Spans are joined over all artifacts of the run, so a parent in " +
			"another file counts as present. Findings are grouped by hop, the service of the parent and the service " +
			"of the span, and by the span's route, or its name where it has no route.",
		Proof: "The span's parent id is valid and not zero, and no span of its trace, in any artifact, has that id. " +
			"The parent's service is named only where the record tells it. Span flags that say the parent is not " +
			"remote put it into the span's own process. Without flags, the kinds INTERNAL, CLIENT and PRODUCER do. " +
			"A remote parent has the service of a sibling that names the same missing parent and is itself local to " +
			"it. Otherwise the client is \"?\". A record that repeats a span is counted once.",
		Blind: "It proves that the parent is absent from these artifacts, not why: it may have been dropped by a " +
			"full queue, never ended, sampled out, invented by a caller, or be in a file that was not given. A span " +
			"whose whole trace is missing leaves no orphan, and neither does a caller that sends no context: its " +
			"callee is a root. Where one process hosts several services, the parent of a local span may be of " +
			"another service in that process. Without flags, a span of kind INTERNAL can have a remote parent if " +
			"the program says so.",
		Fix: "Add the missing artifacts of the parent's service. Where they are here, look at that service's queue " +
			"(dropped spans of the batch processor), at spans that are never ended on error paths, at the flush on " +
			"shutdown, and at samplers that do not follow the parent's decision. Where calls of the same traces have " +
			"nothing below them, WM4005 names what is missing in between.",
		Since:    "0.1.0",
		Severity: analyze.Warning,
	},
	Needs: analyze.NeedSpans,
	Run:   runOrphan,
}

func runOrphan(p *analyze.Pass) error {
	t, s := Index.Of(p), ServiceIndex.Of(p)
	takeCensus(p.Bundle, t).report(p)
	o := &orphans{bundle: p.Bundle, traces: t, services: s, keep: p.Options.Exhibits(), groups: map[orphanKey]*orphanGroup{}}
	for trace := range p.Bundle.Traces {
		o.trace(t.Rows(trace))
	}
	o.report(p)
	reportHops(p, countCalls(leadsIndex.Of(p)), s)
	if len(o.groups) == 0 {
		return nil
	}
	o.countPeers()
	o.askCallers(p)
	damaged := damageNote(p.Bundle)
	for _, g := range o.bounded(p.Options) {
		f := g.finding(p, s)
		f.Message += damaged
		p.Report(f)
	}
	return nil
}

// unknown is the client of an orphan whose parent's service cannot be told.
const unknown = ^uint32(0)

// orphanKey groups orphans by hop and by the string that names their route.
type orphanKey struct{ client, server, label uint32 }

// orphans collects them trace by trace.
type orphans struct {
	bundle   *evidence.Bundle
	traces   *evidence.SpanJoin
	services *Services
	keep     int
	groups   map[orphanKey]*orphanGroup
	found    []orphan // of the trace at hand

	total, complete, rootless, multiRoot, nonEmpty int
}

// orphan is one span without its parent.
type orphan struct {
	parent         uint64
	row            uint32
	client, server uint32
	label          uint32
	local          evidence.Locality
}

func (o *orphans) trace(rows []uint32) {
	if len(rows) == 0 {
		return
	}
	var roots, unusable int
	o.found = o.found[:0]
	for _, row := range rows {
		if o.traces.Marks[row]&evidence.RepeatedSpan != 0 {
			continue
		}
		switch o.traces.Parent[row] {
		case evidence.NoParent:
			roots++
		case evidence.UnusableParent:
			unusable++
		case evidence.MissingParent:
			o.found = append(o.found, o.describe(row))
		}
	}
	o.nonEmpty++
	switch {
	case roots == 0:
		o.rootless++
	case roots > 1:
		o.multiRoot++
	case unusable == 0 && len(o.found) == 0:
		o.complete++
	}
	if len(o.found) > 1 {
		slices.SortFunc(o.found, func(a, b orphan) int {
			return cmp.Or(cmp.Compare(a.parent, b.parent), cmp.Compare(a.row, b.row))
		})
		o.askSiblings()
	}
	for _, f := range o.found {
		o.add(f, rows[0])
	}
}

func (o *orphans) describe(row uint32) orphan {
	c, e := o.bundle.Spans.Chunk(int(row))
	f := orphan{parent: c.Parent[e], row: row, client: unknown, server: o.services.ByOrigin[c.Origin[e]], label: c.Route[e]}
	if f.local = evidence.LocalityOf(c.Kind[e], c.Flags[e]); f.local != evidence.Remote {
		f.client = f.server
	}
	if f.label == 0 {
		f.label = c.Name[e]
	}
	return f
}

// askSiblings names the client of orphans with a remote parent after siblings that are local to the
// same parent, if those agree on one service. found is sorted by parent.
func (o *orphans) askSiblings() {
	for first := 0; first < len(o.found); {
		last := first
		service, agreed := unknown, true
		for ; last < len(o.found) && o.found[last].parent == o.found[first].parent; last++ {
			switch c := o.found[last].client; {
			case c == unknown || c == service:
			case service == unknown:
				service = c
			default:
				agreed = false
			}
		}
		for i := first; i < last && agreed; i++ {
			if o.found[i].client == unknown {
				o.found[i].client = service
			}
		}
		first = last
	}
}

func (o *orphans) add(f orphan, trace uint32) {
	o.total++
	k := orphanKey{f.client, f.server, f.label}
	g := o.groups[k]
	if g == nil {
		g = &orphanGroup{orphanKey: k, label: o.bundle.Strings[f.label], lastTrace: unknown}
		o.groups[k] = g
	}
	g.n++
	g.local[f.local]++
	c, e := o.bundle.Spans.Chunk(int(f.row))
	g.when.See(c.Start[e])
	if g.lastTrace != trace {
		g.lastTrace = trace
		g.traces++
	}
	if len(g.rows) < o.keep {
		g.rows = append(g.rows, f.row)
	}
}

// countPeers counts, for each group, the spans of the same service and label, and who called those that
// have a remote parent which is present, where that is asked for. It looks at every span once more, so
// the peers of a label are found by its number.
func (o *orphans) countPeers() {
	byLabel := make([][]*peers, len(o.bundle.Strings))
	for k, g := range o.groups {
		i := slices.IndexFunc(byLabel[k.label], func(n *peers) bool { return n.server == k.server })
		if i < 0 {
			i = len(byLabel[k.label])
			byLabel[k.label] = append(byLabel[k.label], &peers{server: k.server})
		}
		g.peers = byLabel[k.label][i]
		if k.client == unknown {
			g.peers.callers = map[uint32]int{}
		}
	}
	for c := range o.bundle.Spans.Chunks() {
		for i := range c.ID {
			label := c.Route[i]
			if label == 0 {
				label = c.Name[i]
			}
			for _, n := range byLabel[label] {
				if n.server == o.services.ByOrigin[c.Origin[i]] {
					o.countPeer(n, c, i)
				}
			}
		}
	}
}

// askCallers names the services whose calls lead to the spans of a group, where no parent of their like is present.
func (o *orphans) askCallers(p *analyze.Pass) {
	var callers map[endpoint]map[uint32]bool
	for k, g := range o.groups {
		if k.client != unknown || len(g.peers.callers) > 0 {
			continue
		}
		if callers == nil {
			callers = leadsIndex.Of(p).callers()
		}
		for service := range callers[endpoint{k.server, k.label}] {
			g.calledBy = append(g.calledBy, o.services.Names[service])
		}
		slices.Sort(g.calledBy)
	}
}

func (o *orphans) countPeer(n *peers, c *evidence.SpanChunk, i int) {
	row := c.Base + i
	if o.traces.Marks[row]&evidence.RepeatedSpan != 0 {
		return
	}
	n.spans++
	parent := o.traces.Parent[row]
	if n.callers == nil || parent >= evidence.UnusableParent || evidence.LocalityOf(c.Kind[i], c.Flags[i]) != evidence.Remote {
		return
	}
	pc, pe := o.bundle.Spans.Chunk(int(parent))
	n.callers[o.services.ByOrigin[pc.Origin[pe]]]++
}

func (o *orphans) report(p *analyze.Pass) {
	p.Measure("spans.orphan", "spans", float64(o.total))
	p.Measure("traces.total", "traces", float64(o.nonEmpty))
	p.Measure("traces.rootless", "traces", float64(o.rootless))
	p.Measure("traces.multi_root", "traces", float64(o.multiRoot))
	if o.nonEmpty > 0 {
		p.Measure("traces.complete_ratio", "ratio", float64(o.complete)/float64(o.nonEmpty))
	}
	hops := map[hop]int{}
	for k, g := range o.groups {
		hops[hop{k.client, k.server}] += g.n
	}
	for h, n := range hops {
		p.Measure("hop.orphan", "spans", float64(n), "client", o.services.name(h.client), "server", o.services.name(h.server))
	}
}

func (s *Services) name(n uint32) string {
	if n == unknown {
		return unknownService
	}
	return s.Names[n]
}

// damageNote says in how many artifacts with spans something is lost, "" for none.
func damageNote(b *evidence.Bundle) string {
	var n int
	for _, a := range b.Artifacts {
		if a.Traces != nil && len(a.Losses) > 0 {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; data of %s with spans is lost, and what is missing may be among it", analyze.Count(n, "artifact"))
}
