package gen

import (
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// Truth says what an export holds. Every number is counted in what was made, not taken from Faults.
type Truth struct {
	Requests, Resources, Traces int
	// Spans counts records, what a reader must count; Distinct does not count what faults repeat.
	Spans, Distinct, Events, Links, Errors int
	Roots                                  int

	Orphans     int // spans with a parent that the export does not hold
	Resent      int // records that repeat another byte for byte
	Shared      int // pairs of a client and a server span with one id
	Conflicting int // records with the id and kind of another, but other content

	BadTraceIDs, BadSpanIDs, BadParentIDs int

	// Early counts spans that start before their parent, Late spans that end after it, consumers left
	// out of both; Same where both are of one host, Cross where not.
	EarlySame, EarlyCross, LateSame, LateCross int
	// Consumers counts consumer spans.
	Consumers int
}

// count adds a finished trace. Repeated records are at its end: inject appends them.
func (tr *Truth) count(t *trace) {
	tr.Traces++
	byID := map[string]*node{}
	for _, n := range t.spans {
		tr.Spans++
		tr.Events += len(n.pb.Events)
		tr.Links += len(n.pb.Links)
		if n.pb.Kind == tracepb.Span_SPAN_KIND_CONSUMER {
			tr.Consumers++
		}
		if id := string(n.pb.SpanId); valid(n.pb.TraceId, 16) && valid(n.pb.SpanId, 8) {
			if _, again := byID[id]; !again || n.pb.Kind == tracepb.Span_SPAN_KIND_SERVER {
				byID[id] = n // of a shared id, the server span is the parent of what follows
			}
		}
		if !valid(n.pb.TraceId, 16) {
			tr.BadTraceIDs++
		}
		if !valid(n.pb.SpanId, 8) {
			tr.BadSpanIDs++
		}
	}
	tr.Distinct = tr.Spans - tr.Resent - tr.Conflicting
	for _, n := range t.spans {
		tr.countEdge(n, byID)
	}
}

func (tr *Truth) countEdge(n *node, byID map[string]*node) {
	switch id := n.pb.ParentSpanId; {
	case len(id) == 0:
		tr.Roots++
		return
	case !valid(id, 8):
		tr.BadParentIDs++
		return
	case !valid(n.pb.TraceId, 16):
		return
	}
	parent, ok := byID[string(n.pb.ParentSpanId)]
	if !ok {
		tr.Orphans++
		return
	}
	if n.pb.Kind == tracepb.Span_SPAN_KIND_CONSUMER {
		return
	}
	early := n.pb.StartTimeUnixNano < parent.pb.StartTimeUnixNano
	late := n.pb.EndTimeUnixNano > parent.pb.EndTimeUnixNano
	same := n.proc.host == parent.proc.host
	tr.EarlySame += one(early && same)
	tr.EarlyCross += one(early && !same)
	tr.LateSame += one(late && same)
	tr.LateCross += one(late && !same)
}

// valid reports whether an id has its length and is not all zero. A parent id of zeros is none, but no
// span made here has one.
func valid(id []byte, n int) bool {
	for _, b := range id {
		if b != 0 {
			return len(id) == n
		}
	}
	return false
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
