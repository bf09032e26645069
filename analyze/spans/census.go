package spans

import (
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// census counts what needs no judgement. spans.total counts records as they were read; every other
// count leaves out rows that Traces marks as evidence.RepeatedSpan.
type census struct {
	zero, negative, unended int
	noise                   int
	withoutAZ, noService    int
}

func takeCensus(b *evidence.Bundle, t *evidence.SpanJoin) census {
	var n census
	lacksAZ, lacksName := make([]bool, len(b.Origins)), make([]bool, len(b.Origins))
	for i := range b.Origins {
		r := b.Resource(uint32(i))
		lacksAZ[i], lacksName[i] = r.Identity.AZ.Value == "" || r.Identity.AZ.Joined(), lacksService(r)
	}
	noise := noiseNames{strings: b.Strings, known: make([]int8, len(b.Strings))}
	for c := range b.Spans.Chunks() {
		marks := t.Marks[c.Base : c.Base+len(c.ID)]
		for i := range c.ID {
			if marks[i]&evidence.RepeatedSpan != 0 {
				continue
			}
			switch start, end := c.Start[i], c.End[i]; {
			case end == 0 && start != 0:
				n.unended++
			case end == start && start != 0:
				n.zero++
			case end < start:
				n.negative++
			}
			if lacksAZ[c.Origin[i]] {
				n.withoutAZ++
			}
			if lacksName[c.Origin[i]] {
				n.noService++
			}
			if c.Kind[i] == evidence.KindServer && (noise.is(c.Route[i]) || noise.is(c.Name[i])) {
				n.noise++
			}
		}
	}
	return n
}

func (n census) report(p *analyze.Pass) {
	p.Measure("spans.total", "spans", float64(p.Bundle.Spans.Len()))
	p.Measure("spans.zero_duration", "spans", float64(n.zero))
	p.Measure("spans.negative_duration", "spans", float64(n.negative))
	p.Measure("spans.unended", "spans", float64(n.unended))
	p.Measure("spans.noise", "spans", float64(n.noise))
	p.Measure("resources.without_az", "spans", float64(n.withoutAZ))
	p.Measure("resources.without_service", "spans", float64(n.noService))
}

// noiseNames tells the SERVER spans of probes and scrapes by their route or their name, as the route of a page below
// a handler for everything is "/": "/metrics", "GET /debug/pprof/profile", "grpc.health.v1.Health/Check". A path below the
// listed one counts for /debug/pprof only. What is known of a name is kept by its number.
type noiseNames struct {
	strings []string
	known   []int8 // 0 not looked at, 1 noise, -1 not
}

func (n *noiseNames) is(name uint32) bool {
	if n.known[name] == 0 {
		n.known[name] = -1
		if isNoise(n.strings[name]) {
			n.known[name] = 1
		}
	}
	return n.known[name] > 0
}

func isNoise(s string) bool {
	// "GET /metrics": the method that HTTP span names begin with.
	if method, rest, ok := strings.Cut(s, " "); ok && strings.HasPrefix(rest, "/") && method == strings.ToUpper(method) {
		s = rest
	}
	s = strings.TrimPrefix(s, "/")
	switch strings.TrimSuffix(s, "/") {
	case "metrics", "healthz", "readyz", "livez", "debug/pprof":
		return true
	}
	return strings.HasPrefix(s, "debug/pprof/") || strings.HasPrefix(s, "grpc.health.v1.Health/")
}
