package gen

import (
	"slices"

	"google.golang.org/protobuf/proto"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// fault is one kind of fault and how many are still to be injected. inject reports whether the trace was
// fit for it.
type fault struct {
	left   int
	inject func(g *Generator, t *trace) bool
}

func faultsOf(f Faults) []fault {
	var bad int
	return []fault{
		{f.Orphaned, orphan},
		{f.Resent, resend},
		{f.Shared, share},
		{f.Conflicting, conflict},
		{f.BadIDs, func(_ *Generator, t *trace) bool {
			n := t.last(leaf)
			if n == nil {
				return false
			}
			badIDs[bad%len(badIDs)](n.pb)
			bad++
			return true
		}},
		{f.Early, early},
		{f.Outlive, outlive},
		{f.Consumers, consume},
	}
}

// badIDs are the kinds of invalid ids. 24 and 12 bytes are what hex read as base64 gives.
var badIDs = [...]func(*tracepb.Span){
	func(s *tracepb.Span) { s.TraceId = nil },
	func(s *tracepb.Span) { s.TraceId = s.TraceId[:8] },
	func(s *tracepb.Span) { s.TraceId = append(slices.Clone(s.TraceId), s.TraceId[:8]...) },
	func(s *tracepb.Span) { s.TraceId = make([]byte, 16) },
	func(s *tracepb.Span) { s.SpanId = nil },
	func(s *tracepb.Span) { s.SpanId = append(slices.Clone(s.SpanId), s.SpanId[:4]...) },
	func(s *tracepb.Span) { s.SpanId = make([]byte, 8) },
	func(s *tracepb.Span) { s.ParentSpanId = s.ParentSpanId[:4] },
	func(s *tracepb.Span) { s.ParentSpanId = append(slices.Clone(s.ParentSpanId), s.ParentSpanId[:4]...) },
}

// inject gives a trace at most one fault: the first in turn that it is fit for.
func (g *Generator) inject(t *trace) {
	for i := range g.faults {
		f := &g.faults[(g.truth.Traces+i)%len(g.faults)]
		if f.left > 0 && f.inject(g, t) {
			f.left--
			return
		}
	}
}

// last returns the span added last that has a parent and satisfies ok, or nil.
func (t *trace) last(ok func(*node) bool) *node {
	for _, n := range slices.Backward(t.spans) {
		if n.parent != nil && ok(n) {
			return n
		}
	}
	return nil
}

func leaf(n *node) bool { return n.children == 0 }

func orphan(_ *Generator, t *trace) bool {
	lost := t.last(func(n *node) bool { return n.children > 0 })
	if lost == nil {
		return false
	}
	t.spans = slices.DeleteFunc(t.spans, func(n *node) bool { return n == lost })
	return true
}

func resend(g *Generator, t *trace) bool {
	n := t.spans[len(t.spans)-1]
	again := *n
	again.pb = proto.Clone(n.pb).(*tracepb.Span)
	t.spans = append(t.spans, &again)
	g.truth.Resent++
	return true
}

func conflict(g *Generator, t *trace) bool {
	n := t.last(leaf)
	if n == nil {
		return false
	}
	again := *n
	again.pb = proto.Clone(n.pb).(*tracepb.Span)
	again.pb.StartTimeUnixNano += 10
	again.pb.EndTimeUnixNano -= 10
	t.spans = append(t.spans, &again)
	g.truth.Conflicting++
	return true
}

// share makes a server span use its client's id, with the client's parent; the server's children keep
// naming the id that both have now.
func share(g *Generator, t *trace) bool {
	server := t.last(func(n *node) bool { return n.pb.Kind == tracepb.Span_SPAN_KIND_SERVER })
	if server == nil {
		return false
	}
	for _, n := range t.spans {
		if n.parent == server {
			n.pb.ParentSpanId = server.parent.pb.SpanId
		}
	}
	server.pb.SpanId = server.parent.pb.SpanId
	server.pb.ParentSpanId = server.parent.pb.ParentSpanId
	g.truth.Shared++
	return true
}

func early(_ *Generator, t *trace) bool {
	n := t.last(func(n *node) bool { return leaf(n) && n.parent.proc.host == n.proc.host })
	if n == nil {
		return false
	}
	shift := n.pb.StartTimeUnixNano - n.parent.pb.StartTimeUnixNano + 1_000_000
	n.pb.StartTimeUnixNano -= shift
	n.pb.EndTimeUnixNano -= shift
	return true
}

func outlive(_ *Generator, t *trace) bool {
	n := t.last(leaf)
	if n == nil {
		return false
	}
	n.pb.EndTimeUnixNano = n.parent.pb.EndTimeUnixNano + 2_000_000
	return true
}

// consume adds a producer and a consumer that runs later, in a process of another service.
func consume(g *Generator, t *trace) bool {
	root := t.spans[0]
	producer := g.child(t, root, root.proc, tracepb.Span_SPAN_KIND_PRODUCER)
	consumer := g.add(t, producer, g.pick(11, root.proc.zone), tracepb.Span_SPAN_KIND_CONSUMER)
	producer.pb.Name, consumer.pb.Name = "send orders", "process orders"
	for _, n := range []*node{producer, consumer} {
		var a attributes
		a.add("messaging.system", "kafka")
		a.add("messaging.destination.name", "orders")
		n.pb.Attributes = a
	}
	consumer.pb.StartTimeUnixNano = root.pb.EndTimeUnixNano + 5_000_000
	consumer.pb.EndTimeUnixNano = consumer.pb.StartTimeUnixNano + 3_000_000
	return true
}
