// Package tiny writes OTLP/JSON of a few spans that a test names one by one. Package gen makes large
// exports with faults at random; this one makes the case that a test is about, and nothing else.
package tiny

import (
	"encoding/binary"

	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// Span is one span with the resource that it is of. Zero values are left out of the export.
type Span struct {
	Service, Host, Zone string // service.name, host.id, cloud.availability_zone
	Version             string // service.version
	Trace, ID, Parent   uint64 // the low 8 bytes; Trace 0 is trace 1, ID 0 is no id
	Name, Route         string // Route is http.route
	Kind                tracepb.Span_SpanKind
	Start, End          uint64
	Flags               uint32
	Linked, Failed      bool
	// Edit changes the span at the end, such as to break an id.
	Edit func(*tracepb.Span)
}

// Short names of the kinds.
const (
	Internal = tracepb.Span_SPAN_KIND_INTERNAL
	Server   = tracepb.Span_SPAN_KIND_SERVER
	Client   = tracepb.Span_SPAN_KIND_CLIENT
	Producer = tracepb.Span_SPAN_KIND_PRODUCER
	Consumer = tracepb.Span_SPAN_KIND_CONSUMER
)

// Flags of spans whose producer knows where the parent is.
const (
	Local  = 0x101
	Remote = 0x301
)

// JSON writes one document with a ResourceSpans for each span.
func JSON(spans ...Span) []byte {
	td := &tracepb.TracesData{}
	for _, s := range spans {
		td.ResourceSpans = append(td.ResourceSpans, &tracepb.ResourceSpans{
			Resource:   &resourcepb.Resource{Attributes: s.resource()},
			ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{s.span()}}},
		})
	}
	return gen.AppendJSON(nil, td)
}

func (s Span) resource() []*commonpb.KeyValue {
	var out []*commonpb.KeyValue
	for _, kv := range [][2]string{
		{"service.name", s.Service}, {"host.id", s.Host}, {"cloud.availability_zone", s.Zone}, {"service.version", s.Version},
	} {
		if kv[1] != "" {
			out = append(out, text(kv[0], kv[1]))
		}
	}
	return out
}

func (s Span) span() *tracepb.Span {
	out := &tracepb.Span{
		TraceId: append(make([]byte, 8), id(max(1, s.Trace))...), SpanId: id(s.ID), ParentSpanId: id(s.Parent),
		Name: s.Name, Kind: s.Kind, StartTimeUnixNano: s.Start, EndTimeUnixNano: s.End, Flags: s.Flags,
	}
	if s.Route != "" {
		out.Attributes = append(out.Attributes, text("http.route", s.Route))
	}
	if s.Linked {
		out.Links = []*tracepb.Span_Link{{TraceId: out.TraceId, SpanId: id(99)}}
	}
	if s.Failed {
		out.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR}
	}
	if s.Edit != nil {
		s.Edit(out)
	}
	return out
}

func id(n uint64) []byte {
	if n == 0 {
		return nil
	}
	return binary.BigEndian.AppendUint64(nil, n)
}

func text(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}
