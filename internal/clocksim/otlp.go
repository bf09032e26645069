package clocksim

import (
	"encoding/binary"
	"fmt"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span flags that say whether the parent is in another process: OTLP's
// SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK and SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK.
const (
	localParent  = 0x100
	remoteParent = 0x300
)

// OTLP returns the spans of one machine as one OTLP TracesData message, a resource per service. Machines
// of one name have host.name in common, and nothing else tells them apart.
func (s *Scene) OTLP(machine int) ([]byte, error) {
	m := s.Machines[machine]
	byService := map[int32]*tracepb.ScopeSpans{}
	td := &tracepb.TracesData{}
	for i := range s.Spans {
		sp := &s.Spans[i]
		if int(sp.Machine) != machine {
			continue
		}
		scope := byService[sp.Service]
		if scope == nil {
			scope = &tracepb.ScopeSpans{Scope: &commonpb.InstrumentationScope{Name: "clocksim"}}
			byService[sp.Service] = scope
			td.ResourceSpans = append(td.ResourceSpans, &tracepb.ResourceSpans{
				Resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{
					attribute("service.name", s.Services[sp.Service]),
					attribute("service.instance.id", fmt.Sprintf("%s-%d", s.Services[sp.Service], machine)),
					attribute("host.name", m.Name),
					attribute("cloud.availability_zone", m.Zone),
					attribute("telemetry.sdk.language", "go"),
				}},
				ScopeSpans: []*tracepb.ScopeSpans{scope},
			})
		}
		scope.Spans = append(scope.Spans, s.otlpSpan(sp))
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(td)
}

func (s *Scene) otlpSpan(sp *Span) *tracepb.Span {
	trace := s.traceID(sp.Trace)
	out := &tracepb.Span{
		TraceId: trace[:], SpanId: binary.BigEndian.AppendUint64(nil, sp.ID),
		Name: "call", Kind: spanKinds[sp.Role], Flags: localParent,
		StartTimeUnixNano: uint64(sp.StartReading), EndTimeUnixNano: uint64(sp.EndRead),
		Attributes: []*commonpb.KeyValue{attribute("rpc.system", "grpc")},
	}
	if sp.Role == Consumer {
		out.Name = "process queue" // an active span, not the wait for a message
	}
	if sp.Parent >= 0 {
		out.ParentSpanId = binary.BigEndian.AppendUint64(nil, s.Spans[sp.Parent].ID)
		if sp.Role == Server || sp.Role == Consumer {
			out.Flags = remoteParent
		}
	}
	if sp.Failed {
		out.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: "context deadline exceeded"}
	}
	return out
}

var spanKinds = [...]tracepb.Span_SpanKind{
	Server: tracepb.Span_SPAN_KIND_SERVER, Client: tracepb.Span_SPAN_KIND_CLIENT,
	Producer: tracepb.Span_SPAN_KIND_PRODUCER, Consumer: tracepb.Span_SPAN_KIND_CONSUMER,
}

func attribute(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}
