package gen

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// AppendJSON appends the message as the collector's file exporter writes it: OTLP/JSON on one line, byte
// for byte as pdata v1.70.0 does (internal/generated_proto_*.go, MarshalJSON), with a line's end. Ids are
// written as they are, also where pdata would refuse them.
func AppendJSON(dst []byte, td *tracepb.TracesData) []byte {
	w := jsonWriter{b: dst}
	w.open('{')
	if len(td.ResourceSpans) > 0 {
		w.array("resourceSpans", len(td.ResourceSpans), func(i int) { w.resourceSpans(td.ResourceSpans[i]) })
	}
	w.close('}')
	return append(w.b, '\n')
}

// JSONLines returns a whole export, a request a line.
func JSONLines(o Options) ([]byte, Truth) {
	g := New(o)
	var out []byte
	for td := range g.Requests() {
		out = AppendJSON(out, td)
	}
	return out, g.Truth()
}

// jsonWriter writes commas: comma says that one stands before the next member.
type jsonWriter struct {
	b     []byte
	comma bool
}

func (w *jsonWriter) open(bracket byte) {
	w.b = append(w.b, bracket)
	w.comma = false
}

func (w *jsonWriter) close(bracket byte) {
	w.b = append(w.b, bracket)
	w.comma = true
}

func (w *jsonWriter) next() {
	if w.comma {
		w.b = append(w.b, ',')
	}
	w.comma = true
}

func (w *jsonWriter) key(key string) {
	w.next()
	w.b = append(append(append(w.b, '"'), key...), '"', ':')
	w.comma = false
}

func (w *jsonWriter) array(key string, n int, element func(i int)) {
	if n == 0 {
		return
	}
	w.key(key)
	w.open('[')
	for i := range n {
		w.next()
		element(i)
	}
	w.close(']')
}

// text writes a member that is left out where it is "".
func (w *jsonWriter) text(key, s string) {
	if s != "" {
		w.key(key)
		w.string(s)
	}
}

// number writes a 32-bit member that is left out where it is 0.
func (w *jsonWriter) number(key string, n uint32) {
	if n != 0 {
		w.key(key)
		w.b = strconv.AppendUint(w.b, uint64(n), 10)
		w.comma = true
	}
}

// instant writes a 64-bit member, which is quoted.
func (w *jsonWriter) instant(key string, n uint64) {
	if n != 0 {
		w.text(key, strconv.FormatUint(n, 10))
	}
}

func (w *jsonWriter) string(s string) {
	w.b = append(w.b, '"')
	for i := range len(s) {
		switch ch := s[i]; {
		case ch == '"' || ch == '\\':
			w.b = append(w.b, '\\', ch)
		case ch == '\n':
			w.b = append(w.b, `\n`...)
		case ch == '\r':
			w.b = append(w.b, `\r`...)
		case ch == '\t':
			w.b = append(w.b, `\t`...)
		case ch < 0x20:
			w.b = fmt.Appendf(w.b, `\u%04x`, ch)
		default:
			w.b = append(w.b, ch)
		}
	}
	w.b = append(w.b, '"')
	w.comma = true
}

func (w *jsonWriter) resourceSpans(rs *tracepb.ResourceSpans) {
	w.open('{')
	w.key("resource")
	w.resource(rs.Resource)
	w.array("scopeSpans", len(rs.ScopeSpans), func(i int) { w.scopeSpans(rs.ScopeSpans[i]) })
	w.text("schemaUrl", rs.SchemaUrl)
	w.close('}')
}

func (w *jsonWriter) resource(r *resourcepb.Resource) {
	w.open('{')
	w.attributes(r.GetAttributes())
	w.number("droppedAttributesCount", r.GetDroppedAttributesCount())
	w.close('}')
}

func (w *jsonWriter) scopeSpans(ss *tracepb.ScopeSpans) {
	w.open('{')
	w.key("scope")
	w.open('{')
	w.text("name", ss.Scope.GetName())
	w.text("version", ss.Scope.GetVersion())
	w.attributes(ss.Scope.GetAttributes())
	w.close('}')
	w.array("spans", len(ss.Spans), func(i int) { w.span(ss.Spans[i]) })
	w.text("schemaUrl", ss.SchemaUrl)
	w.close('}')
}

func (w *jsonWriter) span(s *tracepb.Span) {
	w.open('{')
	w.text("traceId", hex.EncodeToString(s.TraceId))
	w.text("spanId", hex.EncodeToString(s.SpanId))
	w.text("traceState", s.TraceState)
	w.text("parentSpanId", hex.EncodeToString(s.ParentSpanId))
	w.number("flags", s.Flags)
	w.text("name", s.Name)
	w.number("kind", uint32(s.Kind))
	w.instant("startTimeUnixNano", s.StartTimeUnixNano)
	w.instant("endTimeUnixNano", s.EndTimeUnixNano)
	w.attributes(s.Attributes)
	w.number("droppedAttributesCount", s.DroppedAttributesCount)
	w.array("events", len(s.Events), func(i int) { w.event(s.Events[i]) })
	w.number("droppedEventsCount", s.DroppedEventsCount)
	w.array("links", len(s.Links), func(i int) { w.link(s.Links[i]) })
	w.number("droppedLinksCount", s.DroppedLinksCount)
	w.key("status")
	w.open('{')
	w.text("message", s.Status.GetMessage())
	w.number("code", uint32(s.Status.GetCode()))
	w.close('}')
	w.close('}')
}

func (w *jsonWriter) event(e *tracepb.Span_Event) {
	w.open('{')
	w.instant("timeUnixNano", e.TimeUnixNano)
	w.text("name", e.Name)
	w.attributes(e.Attributes)
	w.number("droppedAttributesCount", e.DroppedAttributesCount)
	w.close('}')
}

func (w *jsonWriter) link(l *tracepb.Span_Link) {
	w.open('{')
	w.text("traceId", hex.EncodeToString(l.TraceId))
	w.text("spanId", hex.EncodeToString(l.SpanId))
	w.text("traceState", l.TraceState)
	w.attributes(l.Attributes)
	w.number("droppedAttributesCount", l.DroppedAttributesCount)
	w.number("flags", l.Flags)
	w.close('}')
}

func (w *jsonWriter) attributes(list []*commonpb.KeyValue) { w.keyValues("attributes", list) }

func (w *jsonWriter) keyValues(key string, list []*commonpb.KeyValue) {
	w.array(key, len(list), func(i int) {
		w.open('{')
		w.text("key", list[i].Key)
		w.key("value")
		w.value(list[i].Value)
		w.close('}')
	})
}

func (w *jsonWriter) value(v *commonpb.AnyValue) {
	w.open('{')
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		w.key("stringValue")
		w.string(v.StringValue)
	case *commonpb.AnyValue_BoolValue:
		w.key("boolValue")
		w.b = strconv.AppendBool(w.b, v.BoolValue)
	case *commonpb.AnyValue_IntValue:
		w.key("intValue")
		w.string(strconv.FormatInt(v.IntValue, 10))
	case *commonpb.AnyValue_DoubleValue:
		w.key("doubleValue")
		w.double(v.DoubleValue)
	case *commonpb.AnyValue_BytesValue:
		w.key("bytesValue")
		w.string(base64.StdEncoding.EncodeToString(v.BytesValue))
	case *commonpb.AnyValue_ArrayValue:
		w.key("arrayValue")
		w.open('{')
		w.array("values", len(v.ArrayValue.GetValues()), func(i int) { w.value(v.ArrayValue.Values[i]) })
		w.close('}')
	case *commonpb.AnyValue_KvlistValue:
		w.key("kvlistValue")
		w.open('{')
		w.keyValues("values", v.KvlistValue.GetValues())
		w.close('}')
	}
	w.close('}')
}

// double follows json-iterator v1.1.12 (stream_float.go, WriteFloat64) and pdata's names for what JSON
// has no number for.
func (w *jsonWriter) double(f float64) {
	format := byte('f')
	switch abs := math.Abs(f); {
	case math.IsNaN(f):
		w.string("NaN")
		return
	case math.IsInf(f, 0):
		w.string(map[bool]string{true: "Infinity", false: "-Infinity"}[f > 0])
		return
	case abs != 0 && (abs < 1e-6 || abs >= 1e21):
		format = 'e'
	}
	w.b = strconv.AppendFloat(w.b, f, format, -1, 64)
	w.comma = true
}
