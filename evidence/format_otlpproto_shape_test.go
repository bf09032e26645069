package evidence

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

func marshal(t testing.TB, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// field appends a length-delimited field.
func field(dst []byte, num uint64, payload ...byte) []byte {
	dst = binary.AppendUvarint(dst, num<<3|2)
	return append(binary.AppendUvarint(dst, uint64(len(payload))), payload...)
}

// oneSpan is a span with every field that is read.
func oneSpan() *tracepb.Span {
	str := func(k, v string) *commonpb.KeyValue {
		return &commonpb.KeyValue{Key: k, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: v}}}
	}
	return &tracepb.Span{
		TraceId: []byte("\x00123456789abcdef"), SpanId: []byte("\x0112345678"[:8]), ParentSpanId: []byte("\x0276543210"[:8]),
		Flags: 0xfff301, Name: "GET /x", Kind: tracepb.Span_SPAN_KIND_SERVER, StartTimeUnixNano: 11, EndTimeUnixNano: 22,
		Attributes: []*commonpb.KeyValue{str("http.route", "/x/{id}"), str("rpc.system", "grpc"), str("long", strings.Repeat("v", 300))},
		Events:     []*tracepb.Span_Event{{Name: "e"}, {Name: "f"}}, Links: []*tracepb.Span_Link{{}},
		Status: &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: "m"},
	}
}

// inMessage puts encoded spans into a message, behind an encoded resource.
func inMessage(resource []byte, spans ...[]byte) []byte {
	var scope []byte
	for _, s := range spans {
		scope = field(scope, 2, s...)
	}
	return field(nil, 1, field(field(nil, 1, resource...), 2, scope...)...)
}

var someResource = gen.Marshal(&tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{Resource: &resourcepb.Resource{
	Attributes: []*commonpb.KeyValue{{Key: "service.name", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: "shop"}}}},
}}}}, gen.Ascending)[4:]

// TestOTLPProtoSpanShapes compares spans in unusual, but valid, encodings with the official types.
func TestOTLPProtoSpanShapes(t *testing.T) {
	plain := marshal(t, oneSpan())
	group := append(binary.AppendUvarint(nil, 20<<3|3), 1<<3, 5)
	group = binary.AppendUvarint(group, 20<<3|4)
	for _, c := range []struct {
		name string
		data []byte
		loss string
	}{
		{"plain", plain, ""},
		{"empty", nil, ""},
		{"fields twice, the last counts", append(marshal(t, &tracepb.Span{
			TraceId: []byte("short"), SpanId: []byte("other id"), ParentSpanId: []byte("0"), Name: "old", Kind: 1, StartTimeUnixNano: 1, EndTimeUnixNano: 2, Flags: 1,
		}), plain...), ""},
		{"a status without code behind one with", field(plain, 15, marshal(t, &tracepb.Status{Message: "later"})...), ""},
		{"tags and lengths longer than needed", append([]byte{0x8a, 0x80, 0, 0x90, 0x80, 0}, append([]byte("\xff0123456789abcde"), plain[18:]...)...), ""},
		{"unknown fields of every type", append(append(append(field(plain, 999, 1, 2, 3), 17<<3&0x7f|0x80, 1, 5), 0xa1, 1, 1, 2, 3, 4, 5, 6, 7, 8), 0xa5, 1, 1, 2, 3, 4), ""},
		{"known fields of other types", append(bytes.Clone(plain), 7<<3, 9, 1<<3, 9, 6<<3|1, 1, 2, 3, 4, 5, 6, 7, 8, 9<<3|5, 1, 2, 3, 4), ""},
		{"an attribute with its key last, and twice", field(plain, 9, append(field(field(field(nil, 1, []byte("nothing")...), 2, field(nil, 1, []byte("/last")...)...), 1, []byte("http.route")...), 3<<3, 1)...), ""},
		{"an attribute whose value is no string at last", field(plain, 9, field(field(nil, 1, []byte("http.route")...), 2, append(field(nil, 1, []byte("/s")...), 3<<3, 7)...)...), ""},
		{"a group", append(bytes.Clone(plain), group...), "span: a field is a group"},
		{"a kind out of range", append(bytes.Clone(plain), 6<<3, 0xff, 0xff, 3), "span: the kind is out of range"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s tracepb.Span
			if err := proto.Unmarshal(c.data, &s); err != nil {
				t.Fatalf("the official types refuse it: %v", err)
			}
			if s.Kind > math.MaxUint8 {
				s.Kind = 0
			}
			b, a := loadProto(t, bytes.NewReader(inMessage(someResource, plain, c.data)))
			got := protoRows(b)
			if len(got) != 2 {
				t.Fatalf("%d rows, losses %v", len(got), a.Losses)
			}
			attr := map[string]string{"service.name": "shop"}
			if d := cmp.Diff(officialRow(&s, attr), got[1]); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			route := ""
			for _, kv := range s.Attributes {
				if kv.Key == "http.route" && kv.GetValue().GetStringValue() != "" {
					route = kv.Value.GetStringValue()
				}
			}
			if name := b.Strings[b.Span(1).Route]; name != route {
				t.Errorf("route %q, want %q", name, route)
			}
			if events, links := len(s.Events)+2, len(s.Links)+1; a.Traces.Events != events || a.Traces.Links != links {
				t.Errorf("%d events, %d links, want %d, %d", a.Traces.Events, a.Traces.Links, events, links)
			}
			if ok := c.loss == "" && len(a.Losses) == 0 || c.loss != "" && len(a.Losses) == 1 && strings.HasPrefix(a.Losses[0].What, c.loss); !ok {
				t.Errorf("losses %v, want %q", a.Losses, c.loss)
			}
		})
	}
}

// TestOTLPProtoBadRecords: what is wrong inside a record costs that record, and is named with its place.
func TestOTLPProtoBadRecords(t *testing.T) {
	plain := marshal(t, oneSpan())
	notText := bytes.Replace(marshal(t, oneSpan()), []byte("GET /x"), []byte("GET \xff\xfe"), 1)
	for _, c := range []struct {
		name  string
		data  []byte
		spans int
		loss  string
	}{
		{"a field cut by the end of its span", inMessage(someResource, plain, plain[:len(plain)-1], plain), 2, "invalid protobuf inside a span, at byte "},
		{"wire type 7", inMessage(someResource, plain, append([]byte{1<<3 | 7}, plain...), plain), 2, "invalid protobuf inside a span, at byte "},
		{"an end of a group", inMessage(someResource, plain, append([]byte{1<<3 | 4}, plain...), plain), 2, "invalid protobuf inside a span, at byte "},
		{"a varint without end", inMessage(someResource, plain, append(bytes.Clone(plain), bytes.Repeat([]byte{0xb0}, 11)...), plain), 2, "invalid protobuf inside a span, at byte "},
		{"a status that is none", inMessage(someResource, field(plain, 15, 0x18)), 1, "span: the status is no valid protobuf"},
		{"a resource", inMessage(append(someResource[:len(someResource):len(someResource)], 0x0f), plain), 1, "invalid protobuf inside a resource"},
		{"a name that is no text, twice", inMessage(someResource, plain, notText, notText), 3, "the name of a span is not valid UTF-8"},
		{"a scope", append(field(nil, 1, field(nil, 2, append(field(nil, 2, plain...), 0x07)...)...), inMessage(someResource, plain)...), 2, "invalid protobuf inside a scope's spans"},
		{"a length beyond its scope", append(field(nil, 1, field(nil, 2, append(field(nil, 2, plain...), 2<<3|2, 50, 1, 2)...)...), inMessage(someResource, plain)...), 2, "a scope's spans ends inside a span"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, a := loadProto(t, bytes.NewReader(c.data))
			if b.Spans.Len() != c.spans || len(a.Losses) != 1 || !strings.HasPrefix(a.Losses[0].What, c.loss) {
				t.Errorf("%d spans, want %d; losses %v, want %q", b.Spans.Len(), c.spans, a.Losses, c.loss)
			}
			if len(a.Losses) > 0 && a.Losses[0].Cut {
				t.Error("the Loss says that the file is cut")
			}
		})
	}
}

// TestOTLPProtoOldScopes reads the field that OTLP 0.15 to 0.19 kept for the name of before. Where both
// are there, they are the same spans.
func TestOTLPProtoOldScopes(t *testing.T) {
	scope := field(nil, 2, marshal(t, oneSpan())...)
	for name, c := range map[string]struct {
		resourceSpans []byte
		losses        int
	}{
		"only the old field":            {field(field(nil, 1000, scope...), 1000, scope...), 0},
		"both, the new one first":       {field(field(field(nil, 2, scope...), 2, scope...), 1000, scope...), 1},
		"both, the old one comes first": {field(field(field(nil, 1000, scope...), 1000, scope...), 2, scope...), 1},
	} {
		b, a := loadProto(t, bytes.NewReader(field(nil, 1, c.resourceSpans...)))
		if b.Spans.Len() != 2 || len(a.Losses) != c.losses {
			t.Errorf("%s: %d spans, losses %v", name, b.Spans.Len(), a.Losses)
		}
	}
}

// TestOTLPProtoMixed reads the spans of a stream that holds other signals too, as an exporter in several
// pipelines writes it, and recognises streams of one other signal.
func TestOTLPProtoMixed(t *testing.T) {
	frame := func(dst, msg []byte) []byte {
		return append(binary.BigEndian.AppendUint32(dst, uint32(len(msg))), msg...)
	}
	resource := &resourcepb.Resource{Attributes: []*commonpb.KeyValue{{Key: "service.name"}}}
	metrics := marshal(t, &metricspb.MetricsData{ResourceMetrics: []*metricspb.ResourceMetrics{{Resource: resource, ScopeMetrics: []*metricspb.ScopeMetrics{{
		Metrics: []*metricspb.Metric{{Name: "http.server.reqs", Unit: "1", Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{DataPoints: []*metricspb.NumberDataPoint{{TimeUnixNano: 5}}}}}},
	}}}}})
	logs := marshal(t, &logspb.LogsData{ResourceLogs: []*logspb.ResourceLogs{{Resource: resource, ScopeLogs: []*logspb.ScopeLogs{{
		LogRecords: []*logspb.LogRecord{{TimeUnixNano: 5, SeverityText: "INFO", TraceId: make([]byte, 16), Body: &commonpb.AnyValue{}}},
	}}}}})
	traces := inMessage(someResource, marshal(t, oneSpan()))
	nothing := field(nil, 1, field(nil, 1)...)
	var stream []byte
	for _, m := range [][]byte{metrics, traces, nil, logs, nothing, metrics, traces, nothing, traces} {
		stream = frame(stream, m)
	}
	b, a := loadProto(t, bytes.NewReader(stream))
	want := map[string]int{"resourceMetrics": 2, "resourceLogs": 2}
	if d := cmp.Diff(want, a.Traces.Other); d != "" || b.Spans.Len() != 3 || len(a.Losses) != 0 {
		t.Errorf("%d spans, losses %v, other (-want +got):\n%s", b.Spans.Len(), a.Losses, d)
	}
	for data, want := range map[string]Format{
		string(metrics): "otlp/metrics", string(frame(frame(nil, metrics), metrics)): "otlp/metrics",
		string(logs): "otlp/logs", string(frame(nil, logs)): "otlp/logs",
	} {
		if _, a := loadProto(t, strings.NewReader(data)); a.Format != want || a.Read() || len(a.Losses) != 0 {
			t.Errorf("format %s, want %s; read %v, losses %v", a.Format, want, a.Read(), a.Losses)
		}
	}
	for name, data := range map[string][]byte{"nothing": nothing, "a frame of nothing": frame(nil, nothing), "no frame": frame(nil, nil)} {
		if b, _ := loadProto(t, bytes.NewReader(data)); b.Spans.Len() != 0 {
			t.Errorf("%s: %d spans", name, b.Spans.Len())
		}
	}
}

// TestOTLPProtoWindow reads a ResourceSpans of many windows in a window that stays small, and passes over a
// span that is larger than the window may become.
func TestOTLPProtoWindow(t *testing.T) {
	data, truth := gen.Message(gen.Options{Seed: 2, Spans: 12_000, SpansPerResource: 12_000, SpansPerRequest: 12_000}, gen.Descending)
	large := oneSpan()
	large.Name = strings.Repeat("x", 3<<20)
	data = append(data, inMessage(someResource, marshal(t, large), marshal(t, oneSpan()))...)
	a := &Artifact{}
	in := newInput(struct{ io.Reader }{bytes.NewReader(data)}, a, 0)
	w := newProtoWalk(in)
	w.maxLeaf = 1 << 20
	w.readMessage(signalTraces)
	if a.Traces.Spans != truth.Spans+1 || len(a.Losses) != 1 || a.Losses[0].What != "a span is larger than 1048576 bytes" {
		t.Errorf("%d spans, want %d; losses %v", a.Traces.Spans, truth.Spans+1, a.Losses)
	}
	if len(in.buf) > windowBytes {
		t.Errorf("the window grew to %d bytes", len(in.buf))
	}
}

// TestOTLPProtoCaptures compares real exports, and the specimens of this tree, with the official types.
func TestOTLPProtoCaptures(t *testing.T) {
	var files []string
	for _, pattern := range []string{"*/otlp/*.binpb.gz", "*/otlp/other/*.pb.gz", "*/otlp/other/*.binpb.gz"} {
		found, err := filepath.Glob(filepath.Join(captureDir, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	specimens, err := filepath.Glob("../testdata/specimens/otlp/*.binpb*")
	if err != nil || len(specimens) < 4 {
		t.Fatalf("specimens %v, %v", specimens, err)
	}
	for _, f := range append(files, specimens...) {
		t.Run(filepath.Base(f), func(t *testing.T) {
			data := gunzipped(t, f)
			b, a := loadProto(t, bytes.NewReader(data))
			if a.Format != FormatOTLPTraces || len(a.Losses) != 0 {
				t.Fatalf("format %s, losses %v", a.Format, a.Losses)
			}
			want := official(unmarshalAs(t, data, a.Encoding)...)
			if d := cmp.Diff(want, protoRows(b)); d != "" || len(want) == 0 {
				t.Errorf("%d spans (-want +got):\n%.2000s", len(want), d)
			}
		})
	}
}

// unmarshalAs decodes a whole stream with the official types.
func unmarshalAs(t *testing.T, data []byte, encoding string) []*tracepb.TracesData {
	t.Helper()
	var all []*tracepb.TracesData
	for len(data) > 0 {
		n, size := len(data), 0
		switch encoding {
		case "protobuf-framed":
			n, size = int(binary.BigEndian.Uint32(data)), 4
		case "protobuf-varint":
			v, k := binary.Uvarint(data)
			n, size = int(v), k
		}
		td := new(tracepb.TracesData)
		if err := proto.Unmarshal(data[size:size+n], td); err != nil {
			t.Fatal(err)
		}
		all = append(all, td)
		data = data[size+n:]
	}
	return all
}
