package spans

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/internal/chance"
)

// HopMissing is WM4005.
var HopMissing = analyze.Detector{
	ID: "WM4005", Name: "hop-missing",
	Doc: analyze.Doc{
		Title: "Calls pass through a service whose spans are not here",
		Text: "In one trace a call has no span of the service that it went to, and further down are spans whose parent no artifact holds: what is missing lies between the two. " +
			"The service took the context up and passed it on, so it is traced; its spans were not exported, not captured, or lost when its process ended. During a rollout " +
			"that is the version that was killed with spans in its queue. Where the call leads to the very service whose span lacks its parent, something between " +
			"them, such as a proxy or a mesh, put a span of its own into the context.",
		Proof: "A CLIENT span has neither a SERVER nor a CLIENT span below it, and a SERVER span of the same trace names a remote parent that no artifact holds. The service between is " +
			"named where the call leads to it (by calls of the same name that are answered, or by the route that only its SERVER spans have) and it makes the calls that lead on. Where nothing " +
			"in the input is of such a service, the call is the only one of which nothing tells where it leads, or goes together with spans without a parent beyond chance (parameter false_alarm, 0.001, over all calls).",
		Blind: "A service without calls of its own leaves nothing below it, and is not told from one that is not traced, such as a database. It counts the missing calls that left a trace, not those " +
			"that were lost whole. Where a service is in the input, spans are taken for missing also where its clock or its name differs from what other spans say.",
		Fix: "Look at how the processes of that service ended then, and end them by a signal that they handle: TracerProvider.Shutdown before exit, within the grace period. If it " +
			"exports elsewhere, add that artifact; if it has no exporter or its sampler does not follow the parent, set them as in the services around it.",
		Since:    "0.2.0",
		Severity: analyze.Warning,
	},
	Needs: analyze.NeedSpans,
	Run:   runHopMissing,
}

// gapKey is a missing hop: the calling service, the service between, and where it leads.
type gapKey struct {
	client, via uint32 // via is unknown where nothing in the input is of it
	call        callKind
	between     bool // something between client and via, which is the service whose span lacks its parent
}

// gap is the traces in which a hop is missing.
type gap struct {
	gapKey
	traces, spans int
	opens         int             // calls with nothing below
	below         map[uint32]bool // services of the spans without a parent
	when          analyze.When    // starts of the calls
	calls, ends   []uint32        // a few rows
}

func runHopMissing(p *analyze.Pass) error {
	l := leadsIndex.Of(p)
	if len(l.headless) == 0 {
		return nil
	}
	g := &gaps{leads: l, keep: p.Options.Exhibits(), found: map[gapKey]*gap{}, callers: l.callers()}
	g.collect(p.Options.Alarm())
	found := slices.SortedFunc(maps.Values(g.found), func(a, b *gap) int {
		return cmp.Or(cmp.Compare(b.traces, a.traces), strings.Compare(g.name(a), g.name(b)))
	})
	limit, damaged := p.Options.Subjects(), damageNote(p.Bundle)
	report := func(f analyze.Finding) {
		f.Message += damaged
		p.Report(f)
	}
	for i, f := range found {
		if i == limit {
			report(g.rest(found[limit:]))
			break
		}
		report(g.finding(p, f))
	}
	return nil
}

// gaps collects missing hops trace by trace.
type gaps struct {
	*leads
	keep    int
	callers map[endpoint]map[uint32]bool
	found   map[gapKey]*gap

	opens, orphans []uint32 // of the trace at hand
}

func (g *gaps) collect(alarm float64) {
	var traces []uint32
	unclaimed := false
	for _, row := range g.headless {
		c, i := g.bundle.Spans.Chunk(int(row))
		traces = append(traces, c.Trace[i])
		unclaimed = unclaimed || len(g.callers[g.endpointOf(row)]) == 0
	}
	slices.Sort(traces)
	for _, trace := range slices.Compact(traces) {
		g.trace(g.join.Rows(int(trace)))
	}
	g.dropChance()
	if unclaimed {
		g.leadNowhere(alarm)
	}
}

// read sorts out the open calls and the spans without a parent of a trace.
func (g *gaps) read(rows []uint32) {
	g.opens, g.orphans = g.opens[:0], g.orphans[:0]
	for _, row := range rows {
		if g.join.Marks[row]&evidence.RepeatedSpan != 0 {
			continue
		}
		c, i := g.bundle.Spans.Chunk(int(row))
		switch {
		case g.isOpen(row):
			g.opens = append(g.opens, row)
		case c.Kind[i] == evidence.KindServer && g.join.Parent[row] == evidence.MissingParent && evidence.LocalityOf(c.Kind[i], c.Flags[i]) == evidence.Remote:
			g.orphans = append(g.orphans, row)
		}
	}
}

func (g *gaps) kindOf(row uint32) callKind {
	c, i := g.bundle.Spans.Chunk(int(row))
	return callKind{g.services.ByOrigin[c.Origin[i]], c.Name[i], c.Route[i]}
}

func (g *gaps) trace(rows []uint32) {
	g.read(rows)
	seen := map[gapKey]bool{}
	for _, row := range g.opens {
		c, i := g.bundle.Spans.Chunk(int(row))
		k := g.kindOf(row)
		for _, e := range g.of(c, i) {
			g.record(gapKey{client: k.service, via: e.service, call: k}, row, g.ledOn(e.service), seen)
			g.record(gapKey{client: k.service, via: e.service, call: k, between: true}, row, g.at(e), seen)
		}
	}
}

// unclaimed returns the spans of the trace without a parent that no service in the input calls.
func (g *gaps) unclaimed() []uint32 {
	var out []uint32
	for _, row := range g.orphans {
		if len(g.callers[g.endpointOf(row)]) == 0 {
			out = append(out, row)
		}
	}
	return out
}

func (g *gaps) endpointOf(row uint32) endpoint {
	c, i := g.bundle.Spans.Chunk(int(row))
	return endpoint{g.services.ByOrigin[c.Origin[i]], label(c, i)}
}

// ledOn returns the spans without a parent that calls of the service lead to.
func (g *gaps) ledOn(via uint32) []uint32 {
	var out []uint32
	for _, row := range g.orphans {
		if e := g.endpointOf(row); e.service != via && g.callers[e][via] {
			out = append(out, row)
		}
	}
	return out
}

// at returns the spans without a parent of one endpoint.
func (g *gaps) at(e endpoint) []uint32 {
	var out []uint32
	for _, row := range g.orphans {
		if g.endpointOf(row) == e {
			out = append(out, row)
		}
	}
	return out
}

// record notes that a call and spans without a parent belong to one gap, which a trace counts for once.
func (g *gaps) record(k gapKey, call uint32, ends []uint32, seen map[gapKey]bool) {
	if len(ends) == 0 {
		return
	}
	f := g.found[k]
	if f == nil {
		f = &gap{gapKey: k, below: map[uint32]bool{}}
		g.found[k] = f
	}
	f.opens++
	if !seen[k] {
		seen[k] = true
		g.add(f, call, ends)
	}
}

func (g *gaps) add(f *gap, call uint32, ends []uint32) {
	c, i := g.bundle.Spans.Chunk(int(call))
	f.when.See(c.Start[i])
	f.traces++
	f.spans += len(ends)
	for _, row := range ends {
		f.below[g.endpointOf(row).service] = true
	}
	if len(f.calls) < g.keep {
		f.calls, f.ends = append(f.calls, call), append(f.ends, ends[0])
	}
}

// nearlyAll is the share of the calls with nothing below that must end in a span without a parent before something is
// taken to stand between: where spans are lost at random, few do.
const nearlyAll = 0.9

// dropChance drops what seems to stand between two services where most of such calls merely lack a span.
func (g *gaps) dropChance() {
	between := map[callKind]int{}
	for k := range g.found {
		if k.between {
			between[k.call] = 0
		}
	}
	if len(between) == 0 {
		return
	}
	g.eachOpen(func(c *evidence.SpanChunk, i int) {
		k := callKind{g.services.ByOrigin[c.Origin[i]], c.Name[i], c.Route[i]}
		if n, ok := between[k]; ok {
			between[k] = n + 1
		}
	})
	maps.DeleteFunc(g.found, func(k gapKey, f *gap) bool { return k.between && float64(f.opens) < nearlyAll*float64(between[k.call]) })
}

// openKind counts the traces with open calls of a kind of which nothing tells where they lead.
type openKind struct {
	traces, headless int
	gap              *gap
}

// leadNowhere looks for services of which nothing is in the input: of the calls that lead nowhere, it takes for each
// calling service the one that goes together with spans without a parent the most closely, if chance does not make
// it so.
func (g *gaps) leadNowhere(alarm float64) {
	open := map[callKind]*openKind{}
	var traces, headless int
	for trace := range g.bundle.Traces {
		g.read(g.join.Rows(trace))
		unclaimed := g.unclaimed()
		traces++
		if len(unclaimed) > 0 {
			headless++
		}
		seen := map[callKind]bool{}
		for _, row := range g.opens {
			c, i := g.bundle.Spans.Chunk(int(row))
			k := g.kindOf(row)
			if seen[k] || len(g.of(c, i)) > 0 {
				continue
			}
			seen[k] = true
			o := open[k]
			if o == nil {
				o = &openKind{gap: &gap{gapKey: gapKey{client: k.service, via: unknown, call: k}, below: map[uint32]bool{}}}
				open[k] = o
			}
			o.traces++
			if len(unclaimed) > 0 {
				o.headless++
				g.add(o.gap, row, unclaimed)
			}
		}
	}
	best := map[uint32]*openKind{}
	for k, o := range open {
		t := chance.Shares(o.headless, o.traces, headless-o.headless, traces-o.traces)
		told := t.P <= alarm/float64(len(open)) && o.headless*(traces-o.traces) > (headless-o.headless)*o.traces
		only := len(open) == 1 && float64(o.headless) >= nearlyAll*float64(o.traces)
		if o.headless == 0 || !told && !only {
			continue
		}
		b := best[k.service]
		if b == nil || cmp.Or(cmp.Compare(o.headless*b.traces, b.headless*o.traces), cmp.Compare(o.headless, b.headless), strings.Compare(g.callName(b.gap.call), g.callName(k))) > 0 {
			best[k.service] = o
		}
	}
	for _, o := range best {
		g.found[o.gap.gapKey] = o.gap
	}
}
