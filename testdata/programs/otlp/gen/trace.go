package gen

import (
	"encoding/binary"
	"fmt"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// trace is one request through the shop, before it is split into batches.
type trace struct {
	g     *Generator
	id    []byte
	spans []*node // parents before children until they are sorted for sending
}

// node is one span with its place in the tree.
type node struct {
	pb       *tracepb.Span
	proc     *process
	parent   *node
	children int
	depth    int
	route    int
}

// maxDepth keeps the intervals of nested spans well above a microsecond.
const maxDepth = 10

func (g *Generator) newTrace(size int) *trace {
	t := &trace{g: g, id: g.id(16)}
	g.clock += uint64(g.rng.IntN(20_000_000))
	root := g.add(t, nil, g.pick(0, g.rng.IntN(zones)), tracepb.Span_SPAN_KIND_SERVER)
	root.pb.StartTimeUnixNano = g.clock
	root.pb.EndTimeUnixNano = g.clock + 50_000_000 + uint64(g.rng.IntN(1_950_000_000))
	for len(t.spans) < size {
		parent := t.spans[g.rng.IntN(len(t.spans))]
		if parent.depth >= maxDepth || parent.pb.Kind == tracepb.Span_SPAN_KIND_CLIENT {
			continue
		}
		switch left := size - len(t.spans); {
		case left >= 2 && g.rng.IntN(10) < 5:
			client := g.child(t, parent, parent.proc, tracepb.Span_SPAN_KIND_CLIENT)
			callee := 1 + (parent.proc.service*3+g.rng.IntN(4))%(len(services)-1)
			zone := parent.proc.zone
			if g.rng.IntN(5) == 0 {
				zone = g.rng.IntN(zones)
			}
			g.child(t, client, g.pick(callee, zone), tracepb.Span_SPAN_KIND_SERVER)
		case g.rng.IntN(3) == 0:
			g.child(t, parent, parent.proc, tracepb.Span_SPAN_KIND_CLIENT) // a database: no server span
		default:
			g.child(t, parent, parent.proc, tracepb.Span_SPAN_KIND_INTERNAL)
		}
	}
	return t
}

// child adds a span strictly inside its parent's interval.
func (g *Generator) child(t *trace, parent *node, p *process, kind tracepb.Span_SpanKind) *node {
	n := g.add(t, parent, p, kind)
	start, width := parent.pb.StartTimeUnixNano, parent.pb.EndTimeUnixNano-parent.pb.StartTimeUnixNano
	n.pb.StartTimeUnixNano = start + width/1000*uint64(1+g.rng.IntN(100))
	n.pb.EndTimeUnixNano = start + width/1000*uint64(500+g.rng.IntN(499))
	return n
}

func (g *Generator) add(t *trace, parent *node, p *process, kind tracepb.Span_SpanKind) *node {
	n := &node{proc: p, parent: parent, pb: &tracepb.Span{
		TraceId: t.id,
		SpanId:  g.id(8),
		Kind:    kind,
		Flags:   0x101,             // sampled, and it is known whether the parent is remote
		Status:  &tracepb.Status{}, // the collector writes an empty status too
	}}
	if parent != nil {
		n.pb.ParentSpanId = parent.pb.SpanId
		parent.children++
		n.depth = parent.depth + 1
		if parent.proc != p {
			n.pb.Flags |= 0x200
		}
	}
	n.route = g.rng.IntN(len(routes))
	if kind == tracepb.Span_SPAN_KIND_SERVER && parent != nil {
		n.route = parent.route // client and server agree on what is called
	}
	t.spans = append(t.spans, n)
	return n
}

func (g *Generator) pick(service, zone int) *process {
	return g.procs[(service*zones+zone)*podsPerZone+g.rng.IntN(podsPerZone)]
}

func (g *Generator) id(n int) []byte {
	id := make([]byte, 0, 16)
	for len(id) < n {
		id = binary.BigEndian.AppendUint64(id, g.rng.Uint64()|1)
	}
	return id
}

// fill gives every span its name, attributes, events, links and status, when the shape is known.
func (t *trace) fill() {
	for _, n := range t.spans {
		t.g.describe(n)
	}
	skew := t.g.opts.Faults.SkewedHost
	for _, n := range t.spans {
		if n.proc.host == 0 {
			n.pb.StartTimeUnixNano += uint64(skew)
			n.pb.EndTimeUnixNano += uint64(skew)
			for _, e := range n.pb.Events {
				e.TimeUnixNano += uint64(skew)
			}
		}
	}
}

func (g *Generator) newProcess(service, zone, pod int) *process {
	p := &process{service: service, zone: zone, pod: pod, host: zone*hostsPerZone + (service+pod)%hostsPerZone}
	name := services[service]
	podName := fmt.Sprintf("%s-%08x-%05x", name, 0x5f3a*service+7, 0x1f00*zone+0x31*pod+service)
	p.resource = resourceOf(p, name, podName)
	p.scope = scopes[service%len(scopes)]
	return p
}
