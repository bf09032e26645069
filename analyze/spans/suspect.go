package spans

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
)

// suspect is what the broken hops of one finding have in common.
type suspect struct {
	// program stands at an end of all hops, and none of its calls keeps the context; zero where it is one hop that
	// is broken, by which end nothing tells.
	program
	hops []*lostHop
	// kept counts the calls of the hop that keep the context, and others those that do without the program.
	kept, others int
	// sibling is another version of the program whose calls keep the context, "" for none.
	sibling string
}

func (s *suspect) n() (n int) {
	for _, h := range s.hops {
		n += h.n
	}
	return n
}

func (s *suspect) name() string {
	if s.service != "" {
		return s.service
	}
	return s.hops[0].client.service + " " + s.hops[0].server.service
}

// ends lists the two programs of a hop.
func (h versionHop) ends() [2]program { return [2]program{h.client, h.server} }

func (h versionHop) touches(p program) bool { return h.client == p || h.server == p }

// suspectsOf groups broken hops: a program none of whose calls keeps the context, and that is at the end of several
// broken hops or of one that another version of it keeps whole, explains them all. What is left is a finding a hop.
func suspectsOf(hops []*lostHop, answered map[versionHop]int) []*suspect {
	rest := slices.Clone(hops)
	var out []*suspect
	for len(rest) > 0 {
		s := mostBroken(rest, answered)
		if s == nil {
			break
		}
		out = append(out, s)
		rest = slices.DeleteFunc(rest, func(h *lostHop) bool { return h.touches(s.program) })
	}
	byName := map[hopNames]*suspect{}
	for _, h := range rest {
		s := byName[h.names()]
		if s == nil {
			s = &suspect{}
			for a, n := range answered {
				if a.names() == h.names() {
					s.kept += n
				}
			}
			byName[h.names()] = s
			out = append(out, s)
		}
		s.hops = append(s.hops, h)
	}
	return out
}

// mostBroken returns the program that explains the most of the hops, nil for none.
func mostBroken(hops []*lostHop, answered map[versionHop]int) *suspect {
	var best *suspect
	for _, h := range hops {
		for _, p := range h.ends() {
			s := accuse(p, hops, answered)
			if s == nil {
				continue
			}
			better := 1
			if best != nil {
				better = cmp.Or(cmp.Compare(len(s.hops), len(best.hops)), cmp.Compare(s.n(), best.n()), strings.Compare(best.String(), s.String()))
			}
			if better > 0 {
				best = s
			}
		}
	}
	return best
}

func accuse(p program, hops []*lostHop, answered map[versionHop]int) *suspect {
	s := &suspect{program: p}
	peers := map[string]bool{} // services at the other ends
	for _, h := range hops {
		if h.touches(p) {
			s.hops = append(s.hops, h)
			peers[h.client.service], peers[h.server.service] = true, true
		}
	}
	for a, n := range answered {
		if a.touches(p) {
			return nil
		}
		s.others += n
		for _, end := range a.ends() {
			if end.service == p.service && peers[a.client.service] && peers[a.server.service] && (s.sibling == "" || end.String() < s.sibling) {
				s.sibling = end.String()
			}
		}
	}
	if len(s.hops) < 2 && s.sibling == "" {
		return nil
	}
	return s
}

func (s *suspect) finding(p *analyze.Pass, l *leads) analyze.Finding {
	f := analyze.Finding{Basis: analyze.Heuristic, Measures: []analyze.Measure{analyze.M("hop.context_lost", "calls", float64(s.n()))}}
	if s.service != "" {
		f.Subject = analyze.Subject("service", s.service)
		f.Message, f.Fix = s.message(), s.fix()
	} else {
		f.Subject = analyze.Subject("client", s.hops[0].client.service, "server", s.hops[0].server.service)
		f.Message, f.Fix = s.hopMessage(l), fmt.Sprintf("Look at what lies between the two on the way of these calls: a client of %s that is made without the request's "+
			"context, a proxy or mesh that drops traceparent, a server of %s on another port that is not instrumented alike. Compare the headers of one lost and "+
			"one sound call.", s.hops[0].client.service, s.hops[0].server.service)
	}
	for _, h := range s.hops {
		for _, t := range h.twins[:min(len(h.twins), max(1, p.Options.Exhibits()/(2*len(s.hops))))] {
			f.Exhibits = append(f.Exhibits, Exhibit(p.Bundle, t.call.row, "call"), Exhibit(p.Bundle, t.work.row, "server"))
		}
	}
	f.Exhibits = f.Exhibits[:min(len(f.Exhibits), max(2, p.Options.Exhibits()))]
	return f
}

func (s *suspect) when() (w analyze.When) {
	for _, h := range s.hops {
		w.See(h.when.First)
		w.See(h.when.Last)
	}
	return w
}

func (s *suspect) message() string {
	var in, out []string
	for _, h := range s.hops {
		if h.server == s.program {
			in = append(in, fmt.Sprintf("%d from %s", h.n, h.client))
		} else {
			out = append(out, fmt.Sprintf("%d to %s", h.n, h.server))
		}
	}
	var m strings.Builder
	fmt.Fprintf(&m, "%s of %s lose the trace context%s: ", analyze.Count(s.n(), "call"), s.program, s.when())
	m.WriteString(strings.Join(append(in, out...), ", "))
	m.WriteString("; each has a span at the caller with nothing below it, and one at the server that begins a trace of its own. No call of this program keeps the context")
	if s.sibling != "" {
		fmt.Fprintf(&m, ", those of %s do", s.sibling)
	}
	switch s.others {
	case 0:
	case 1:
		m.WriteString("; the one call that does not involve it keeps its own")
	default:
		fmt.Fprintf(&m, "; the %d calls that do not involve it keep theirs", s.others)
	}
	return m.String()
}

func (s *suspect) hopMessage(l *leads) string {
	h := s.hops[0]
	client, server := h.client.String(), h.server.String()
	if len(s.hops) > 1 {
		client, server = h.client.service, h.server.service
	}
	return fmt.Sprintf("%s from %s to %s lose the trace context (%s keep it)%s, most on %q: each has a span at the caller with nothing below it, and one at the "+
		"server that begins a trace of its own", analyze.Count(s.n(), "call"), client, server, count(s.kept), s.when(), l.bundle.Strings[h.label])
}

func count(n int) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprint(n)
}

// fix names what to do by the sides on which the program is broken.
func (s *suspect) fix() string {
	var in, out bool
	for _, h := range s.hops {
		in, out = in || h.server == s.program, out || h.client == s.program
	}
	const set = "otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})), or OTEL_PROPAGATORS where " +
		"the program reads it"
	switch {
	case in && out:
		return fmt.Sprintf("Give %s the propagators of the other services: %s. Nothing set means none in Go. If it speaks b3 or another format on purpose, add that to the others' "+
			"composite first, and roll it out before this version.", s.program, set)
	case in:
		return fmt.Sprintf("Make %s read the context that its callers send: %s, and the server's handler wrapped (otelhttp.NewHandler, otelgrpc.NewServerHandler) on every port. "+
			"Compare its propagators with those of its callers.", s.program, set)
	}
	return fmt.Sprintf("Make %s send the context in a format that the called services read: %s. Compare its propagators with theirs.", s.program, set)
}
