package spans

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// ContextLost is WM4004.
var ContextLost = analyze.Detector{
	ID: "WM4004", Name: "context-lost",
	Doc: analyze.Doc{
		Title: "Calls reach a service without their trace context",
		Text: "The caller's span has nothing below it, and the service that it called begins a trace of its own. Every request is then two " +
			"traces, of which neither shows the whole: latency of the callee is missing from the caller's trace, and errors have no origin. " +
			"Where all of a program's hops are broken and the others are not, the finding names that program and its version: it speaks " +
			"another format of propagation, or none. Else it names the hop. Messages over a queue lose it alike.",
		Proof: "A CLIENT span with neither a SERVER nor a CLIENT span below it leads to a route: calls of the same name reach it elsewhere, or exactly one other " +
			"service has SERVER spans with the call's route or procedure name. SERVER spans of that route have no parent and no link. One difference " +
			"of clocks (2 s at most) puts so many of them each inside such a CLIENT span of its own, and so many more than inside calls that are answered, that chance, " +
			"over all differences that were tried and all hops of the run, does as well with a probability below the parameter false_alarm (0.001). Where answered calls lie as near, these spans must lie inside " +
			"lost calls more often than inside answered ones, unless so few are answered that no outcome would show it at 0.01. Of messages: no PRODUCER span of a program for a destination has a CONSUMER span, or a span of " +
			"another process, below it or linked to it, and CONSUMER spans of the same destination have neither parent nor link, three of each or more.",
		Blind: "A call and a trace are put together by time, so a pair of them is likely and not certain; their number is what is tested. It does not see hops " +
			"where calls of HTTP never reach the service with their context (their name does not tell where they lead), calls so dense that every moment " +
			"lies inside one, fewer than about three lost calls, and clients or servers whose replicas have clocks far apart. Services that begin new traces on " +
			"purpose and link to the caller are left out. Of messages it does not see a queue that loses the context of some only of those that one version of a program " +
			"publishes, nor one whose spans do not name the destination; where others publish there too, the CONSUMER spans may be of their messages. Of a route with very many such spans only a part is looked at.",
		Fix: "Set the same propagators on both sides: otel.SetTextMapPropagator, which does nothing in Go until it is called, or OTEL_PROPAGATORS. While " +
			"formats change, accept both in every service. Look for proxies and queues between the two that drop the headers traceparent or b3. Messages carry the context only where the " +
			"program puts it into their headers, and takes it out.",
		Since:    "0.2.0",
		Severity: analyze.Warning,
	},
	Needs: analyze.NeedSpans,
	Run:   runContextLost,
}

// lostHop is the calls between two programs that lost their context.
type lostHop struct {
	versionHop
	n     int
	label uint32       // of most
	when  analyze.When // starts of the SERVER spans, on their own clock
	twins []twin       // a few
}

func runContextLost(p *analyze.Pass) error {
	l := leadsIndex.Of(p)
	reportQueues(p, l.lostQueues())
	hops, untold := l.lostHops(p)
	lost := map[hopNames]int{}
	for h := range l.answered {
		lost[h.names()] += 0
	}
	for _, h := range hops {
		lost[h.names()] += h.n
	}
	for h, n := range lost {
		m := analyze.Measure{Name: "hop.context_lost", Unit: "calls", Subject: analyze.Subject("client", h.client, "server", h.server), Value: float64(n)}
		if most := float64(untold[h]); n == 0 && most > 0 {
			m.Low, m.High = &m.Value, &most
		}
		p.Measures(m)
	}
	suspects := suspectsOf(hops, l.answered)
	slices.SortFunc(suspects, func(a, b *suspect) int {
		return cmp.Or(cmp.Compare(b.n(), a.n()), strings.Compare(a.name(), b.name()))
	})
	limit := p.Options.Subjects()
	for _, s := range suspects[:min(limit, len(suspects))] {
		p.Report(s.finding(p, l))
	}
	if len(suspects) > limit {
		rest := &suspect{}
		for _, s := range suspects[limit:] {
			rest.hops = append(rest.hops, s.hops...)
		}
		f := rest.finding(p, l)
		f.Subject = analyze.Subject("client", otherSubjects, "server", otherSubjects)
		f.Message = fmt.Sprintf("%s on %d hops beyond those listed begin traces of their own", analyze.Count(rest.n(), "call"), len(rest.hops))
		p.Report(f)
	}
	return nil
}

// hopNames is a hop by the names of its services.
type hopNames struct{ client, server string }

func (h versionHop) names() hopNames { return hopNames{h.client.service, h.server.service} }

// callers are the calls of one service to one endpoint.
type callers struct {
	client uint32
	to     endpoint
}

// clockOf names the clock of an origin.
func (l *leads) clockOf(origin uint32) string { return l.bundle.Resource(origin).Identity.Domain.Value }

// lostHops returns the hops that lose context, and how many calls of each may do so whether or not that can be told from
// chance: those with nothing below, as far as there are spans to match them with.
func (l *leads) lostHops(p *analyze.Pass) (hops []*lostHop, untold map[hopNames]int) {
	calls, kept, works := l.halves()
	var tests []matched
	untold = map[hopNames]int{}
	for c, cs := range calls {
		starting := 0
		for _, ws := range works[c.to] {
			tests = append(tests, matchTwins(cs, kept[c], ws)...)
			starting += len(ws)
		}
		untold[hopNames{l.services.Names[c.client], l.services.Names[c.to.service]}] += min(len(cs), starting)
	}
	level := p.Options.Alarm() / float64(max(1, len(tests)))
	tests = slices.DeleteFunc(tests, func(t matched) bool { return t.p > level })
	// What two hops lay claim to is of the one that is surer.
	slices.SortFunc(tests, func(a, b matched) int {
		return cmp.Or(cmp.Compare(a.p, b.p), cmp.Compare(a.twins[0].work.row, b.twins[0].work.row), cmp.Compare(a.twins[0].call.row, b.twins[0].call.row))
	})
	claimed := map[uint32]bool{}
	byHop := map[versionHop]*lostHop{}
	labels := map[versionHop]map[uint32]int{}
	for _, t := range tests {
		for _, w := range t.twins {
			if claimed[w.call.row] || claimed[w.work.row] {
				continue
			}
			claimed[w.call.row], claimed[w.work.row] = true, true
			cc, ce := l.bundle.Spans.Chunk(int(w.call.row))
			sc, se := l.bundle.Spans.Chunk(int(w.work.row))
			h := versionHop{l.program(cc.Origin[ce]), l.program(sc.Origin[se])}
			if byHop[h] == nil {
				byHop[h] = &lostHop{versionHop: h}
				labels[h] = map[uint32]int{}
			}
			byHop[h].add(w)
			labels[h][label(sc, se)]++
		}
	}
	for h, lost := range byHop {
		lost.choose(labels[h], l.bundle)
		hops = append(hops, lost)
	}
	slices.SortFunc(hops, func(a, b *lostHop) int {
		return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.client.String(), b.client.String()), strings.Compare(a.server.String(), b.server.String()))
	})
	return hops, untold
}

// maxTwins bounds the twins that a hop remembers for its exhibits.
const maxTwins = 5

func (h *lostHop) add(w twin) {
	h.n++
	h.when.See(uint64(w.work.start))
	h.twins = append(h.twins, w)
	if len(h.twins) > 4*maxTwins {
		h.keep()
	}
}

// keep leaves the first few twins by time, whatever the order in which they came.
func (h *lostHop) keep() {
	slices.SortFunc(h.twins, func(a, b twin) int {
		return cmp.Or(cmp.Compare(a.work.start, b.work.start), cmp.Compare(a.work.row, b.work.row))
	})
	h.twins = h.twins[:min(len(h.twins), maxTwins)]
}

func (h *lostHop) choose(labels map[uint32]int, b *evidence.Bundle) {
	h.keep()
	most := 0
	for label, n := range labels {
		if n > most || n == most && b.Strings[label] < b.Strings[h.label] {
			most, h.label = n, label
		}
	}
}

// halves collects open calls by where they lead, the answered calls of the same kinds, and the SERVER spans that begin
// traces there by their clock, each sorted by time.
func (l *leads) halves() (calls, kept map[callers][]half, works map[endpoint]map[string][]half) {
	calls, kept, works = map[callers][]half{}, map[callers][]half{}, map[endpoint]map[string][]half{}
	l.eachHalf(func(c *evidence.SpanChunk, i int, h half) {
		if c.Kind[i] != evidence.KindClient || !l.isOpen(h.row) {
			return
		}
		for _, e := range l.of(c, i) {
			if l.starting(e) > 0 {
				k := callers{l.services.ByOrigin[c.Origin[i]], e}
				calls[k] = append(calls[k], h)
				works[e] = map[string][]half{}
			}
		}
	})
	if len(calls) == 0 {
		return nil, nil, nil
	}
	l.eachHalf(func(c *evidence.SpanChunk, i int, h half) {
		if c.Kind[i] == evidence.KindClient && !l.isOpen(h.row) {
			for _, e := range l.of(c, i) {
				if k := (callers{l.services.ByOrigin[c.Origin[i]], e}); calls[k] != nil {
					kept[k] = append(kept[k], h)
				}
			}
		}
		if c.Kind[i] != evidence.KindServer || l.join.Parent[h.row] != evidence.NoParent || c.Flags[i]&evidence.LinkedSpan != 0 {
			return
		}
		if of := works[endpoint{l.services.ByOrigin[c.Origin[i]], label(c, i)}]; of != nil {
			clock := l.clockOf(c.Origin[i])
			of[clock] = append(of[clock], h)
		}
	})
	byStart := func(a, b half) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.row, b.row)) }
	for _, of := range []map[callers][]half{calls, kept} {
		for _, hs := range of {
			slices.SortFunc(hs, byStart)
		}
	}
	for _, clocks := range works {
		for _, hs := range clocks {
			slices.SortFunc(hs, byStart)
		}
	}
	return calls, kept, works
}

// eachHalf calls do for every span with a start and an end that no other record stands for.
func (l *leads) eachHalf(do func(c *evidence.SpanChunk, i int, h half)) {
	for c := range l.bundle.Spans.Chunks() {
		for i := range c.ID {
			row, start, end := uint32(c.Base+i), int64(c.Start[i]), int64(c.End[i])
			if start > 0 && end >= start && l.join.Marks[row]&evidence.RepeatedSpan == 0 {
				do(c, i, half{start, end, row})
			}
		}
	}
}
