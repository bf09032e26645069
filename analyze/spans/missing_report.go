package spans

import (
	"fmt"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
)

// callName is the route of a call, or its name.
func (g *gaps) callName(k callKind) string {
	if k.route != 0 {
		return g.bundle.Strings[k.route]
	}
	return g.bundle.Strings[k.name]
}

// viaName names the service between, by its procedure where nothing else is known of it.
func (g *gaps) viaName(f *gap) string {
	switch name := g.callName(f.call); {
	case f.via != unknown:
		return g.services.Names[f.via]
	case namesProcedure(name):
		service, _, _ := strings.Cut(name, "/")
		return service
	}
	return unknownService
}

func (g *gaps) name(f *gap) string {
	return fmt.Sprintf("%s %s %t %s", g.services.Names[f.client], g.viaName(f), f.between, g.callName(f.call))
}

func (g *gaps) finding(p *analyze.Pass, f *gap) analyze.Finding {
	client, call := g.services.Names[f.client], g.callName(f.call)
	out := analyze.Finding{
		Basis:    analyze.Heuristic,
		Subject:  analyze.Subject("client", client, "service", g.viaName(f), "call", call),
		Measures: []analyze.Measure{analyze.M("hop.missing", "traces", float64(f.traces))},
	}
	for i := range f.calls {
		out.Exhibits = append(out.Exhibits, Exhibit(p.Bundle, f.calls[i], "call"), Exhibit(p.Bundle, f.ends[i], "child"))
	}
	out.Exhibits = out.Exhibits[:min(len(out.Exhibits), max(2, g.keep))]
	if f.between {
		out.Subject = analyze.Subject("client", client, "server", g.viaName(f), "call", call)
		out.Message = fmt.Sprintf("%s from %s to %s on %q pass through something whose spans are not here%s: the call has nothing below it, and the server's span in "+
			"the same trace names a parent that no artifact holds", analyze.Count(f.traces, "call"), client, g.viaName(f), call, f.when)
		out.Fix = fmt.Sprintf("Look at proxies, gateways and meshes between %s and %s that trace on their own account: add what they export, or make them pass traceparent "+
			"through unchanged.", client, g.viaName(f))
		return out
	}
	var below []string
	for s := range f.below {
		below = append(below, g.services.Names[s])
	}
	slices.Sort(below)
	out.Message = fmt.Sprintf("%s passed on %s of %s (%q) without a span of its own here%s: in the same traces %s of %s a parent that no artifact holds",
		g.subjectOf(f), analyze.Count(f.traces, "call"), client, call, f.when, analyze.Count(f.spans, "span"), strings.Join(below, ", ")+strings.TrimSuffix(nameVerb(f.spans), " "))
	note, fix := g.presence(f)
	out.Message += note
	out.Fix = fix
	return out
}

func (g *gaps) subjectOf(f *gap) string {
	if name := g.viaName(f); name != unknownService {
		return name
	}
	return "a service of which nothing is in the input"
}

// fewTraces is the number of traces below which their time is no time of silence.
const fewTraces = 3

// presence says what there is of the service at other times, and what to do about it.
func (g *gaps) presence(f *gap) (note, fix string) {
	if f.via == unknown {
		return "; nothing else in the input is of it", fmt.Sprintf("Add the artifact that %s exports to. If it exports nowhere, set up its exporter as in %s: it passes the context on already.",
			g.subjectOf(f), g.services.Names[f.client])
	}
	var during, all int
	after, version := ^uint64(0), ""
	var before uint64
	for c := range g.bundle.Spans.Chunks() {
		for i := range c.ID {
			if g.services.ByOrigin[c.Origin[i]] != f.via || c.Start[i] == 0 {
				continue
			}
			all++
			switch at := c.Start[i]; {
			case at < f.when.First:
				before = max(before, at)
			case at <= f.when.Last:
				during++
			case at < after:
				after, version = at, g.bundle.Resource(c.Origin[i]).Version
			}
		}
	}
	name := g.services.Names[f.via]
	switch {
	case during == 0 && after == ^uint64(0) && before != 0:
		note = fmt.Sprintf("; it exported nothing from then on, its last span is of %s", analyze.Instant(before))
	case during == 0 && after != ^uint64(0) && f.traces >= fewTraces:
		note = fmt.Sprintf("; in that time it exported nothing, and its first span after it is of %s", analyze.Instant(after))
		if version != "" {
			note += ", of version " + version
		}
	default:
		return fmt.Sprintf("; of it there are %s here", analyze.Count(all, "other span")),
			fmt.Sprintf("Look in %s for what drops spans one by one: a full queue of the batch processor, a sampler that does not follow the parent's decision, one replica that exports "+
				"elsewhere or not at all.", name)
	}
	return note, fmt.Sprintf("Look at how the processes of %s ended: killed or out of memory, they take the spans in their queue along. Call TracerProvider.Shutdown on SIGTERM, within "+
		"terminationGracePeriodSeconds. If they exported elsewhere in that time, add that artifact.", name)
}

func (g *gaps) rest(fs []*gap) analyze.Finding {
	var n int
	f := analyze.Finding{Basis: analyze.Heuristic, Subject: analyze.Subject("client", otherSubjects, "service", otherSubjects)}
	for _, o := range fs {
		n += o.traces
	}
	f.Exhibits = []analyze.Exhibit{Exhibit(g.bundle, fs[0].calls[0], "call"), Exhibit(g.bundle, fs[0].ends[0], "child")}
	f.Message = fmt.Sprintf("%s on %s beyond those listed pass through services whose spans are not here", analyze.Count(n, "call"), analyze.Count(len(fs), "hop"))
	return f
}
