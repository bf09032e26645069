package evidence

import (
	"bytes"
	"fmt"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// TestResponse reads response codes by every name and type in which instrumentation writes them, as protobuf and in the shapes of
// JSON: the collector's, an indented one, one with bare numbers, and one whose value stands before its key.
func TestResponse(t *testing.T) {
	text := func(key, v string) *commonpb.KeyValue {
		return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: v}}}
	}
	number := func(key string, v int64) *commonpb.KeyValue {
		return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: v}}}
	}
	other := text("user_agent.original", "x")
	for _, c := range []struct {
		attrs []*commonpb.KeyValue
		want  ResponseClass
	}{
		{nil, NoResponse},
		{[]*commonpb.KeyValue{other}, NoResponse},
		{[]*commonpb.KeyValue{number("http.response.status_code", 204)}, HTTPSuccess},
		{[]*commonpb.KeyValue{other, number("http.status_code", 399), other}, HTTPSuccess},
		{[]*commonpb.KeyValue{number("http.status_code", 404)}, HTTPClientError},
		{[]*commonpb.KeyValue{text("http.response.status_code", "503")}, HTTPServerError},
		{[]*commonpb.KeyValue{number("http.response.status_code", 0)}, HTTPServerError},
		{[]*commonpb.KeyValue{number("http.response.status_code", -1)}, HTTPServerError},
		{[]*commonpb.KeyValue{text("http.response.status_code", "teapot")}, NoResponse},
		{[]*commonpb.KeyValue{number("rpc.grpc.status_code", 0)}, RPCSuccess},
		{[]*commonpb.KeyValue{number("rpc.grpc.status_code", 5)}, RPCClientError},
		{[]*commonpb.KeyValue{number("rpc.grpc.status_code", 14)}, RPCServerError},
		{[]*commonpb.KeyValue{number("rpc.grpc.status_code", 99)}, NoResponse},
		{[]*commonpb.KeyValue{text("rpc.response.status_code", "OK")}, RPCSuccess},
		{[]*commonpb.KeyValue{text("rpc.response.status_code", "NOT_FOUND")}, RPCClientError},
		{[]*commonpb.KeyValue{text("rpc.status_code", "DEADLINE_EXCEEDED")}, RPCServerError},
		{[]*commonpb.KeyValue{number("http.response.status_code", 200), number("rpc.grpc.status_code", 13)}, RPCServerError},
		{[]*commonpb.KeyValue{number("rpc.grpc.status_code", 0), number("http.response.status_code", 500)}, RPCSuccess},
	} {
		span := &tracepb.Span{TraceId: make([]byte, 16), SpanId: []byte("12345678"), Name: "n", Attributes: c.attrs, Status: &tracepb.Status{Code: 2}}
		span.TraceId[0] = 1
		check := func(form string, s Span) {
			t.Helper()
			if s.Status.Response() != c.want || s.Status.Code() != 2 {
				t.Errorf("%s of %v: response %d, code %d, want %d, 2", form, c.attrs, s.Status.Response(), s.Status.Code(), c.want)
			}
		}
		one := func(name string, data []byte) {
			t.Helper()
			b := LoadReader(name, bytes.NewReader(data), Options{})
			if b.Spans.Len() == 0 {
				t.Fatalf("%s: no span", name)
			}
			for i := range b.Spans.Len() {
				check(name, b.Span(i))
			}
		}
		data, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{span}}}}}})
		if err != nil {
			t.Fatal(err)
		}
		one("protobuf", data)
		for form, attr := range map[string]string{
			"collector": `{"key":"%s","value":{"%s":%s}}`, "indented": "{ \"key\": \"%s\",\n \"value\": { \"%s\": %s } }",
			"value first": `{"value":{"%[2]s":%[3]s},"key":"%[1]s"}`, "bare": `{"key":"%s","value":{"%s":%s}}`,
		} {
			list := ""
			for i, kv := range c.attrs {
				value, kind := fmt.Sprintf("%q", kv.Value.GetStringValue()), "stringValue"
				if v, ok := kv.Value.Value.(*commonpb.AnyValue_IntValue); ok {
					kind = "intValue"
					if value = fmt.Sprint(v.IntValue); form != "bare" {
						value = fmt.Sprintf("%q", value)
					}
				}
				if i > 0 {
					list += ","
				}
				list += fmt.Sprintf(attr, kv.Key, kind, value)
			}
			spans := ""
			for i := range 4 { // the shortcut over attributes learns from the first
				if i > 0 {
					spans += ","
				}
				spans += fmt.Sprintf(`{"traceId":"01000000000000000000000000000000","spanId":"31323334353637%02d","name":"n","status":{"code":2},"attributes":[%s]}`, i, list)
			}
			one(form, []byte(`{"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[`+spans+`]}]}]}`))
		}
	}
}
