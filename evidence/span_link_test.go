package evidence

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Links are read alike from both encodings; those that name nothing are left out, and are no loss.
func TestLinks(t *testing.T) {
	id := func(n int, b byte) []byte {
		v := make([]byte, n)
		v[n-1] = b
		return v
	}
	data := &tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{}},
		ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{{
			TraceId: id(16, 1), SpanId: id(8, 2), Name: "a", StartTimeUnixNano: 5, EndTimeUnixNano: 9,
			Links: []*tracepb.Span_Link{
				{TraceId: id(16, 3), SpanId: id(8, 4)}, {TraceId: id(15, 3), SpanId: id(8, 4)}, {TraceId: id(16, 0), SpanId: id(8, 4)},
				{TraceId: id(16, 1), SpanId: id(8, 5), TraceState: "x=y"},
			},
		}}}},
	}}}
	encoded, err := proto.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	text := `{"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[{"traceId":"00000000000000000000000000000001",
		"spanId":"0000000000000002","name":"a","startTimeUnixNano":"5","endTimeUnixNano":"9","links":[
		{"traceId":"00000000000000000000000000000003","spanId":"0000000000000004"},{"spanId":"0000000000000004"},null,
		{"traceId":"","spanId":7},{"trace_id":"00000000000000000000000000000001","attributes":[{"key":"k"}],"span_id":"0000000000000005"}]}]}]}]}`
	var trace1, trace3 [16]byte
	trace1[15], trace3[15] = 1, 3
	want := []SpanLink{{trace1, 2, trace3, 4}, {trace1, 2, trace1, 5}}
	for name, content := range map[string][]byte{"a.pb": encoded, "a.json": []byte(text)} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := Load([]string{path}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, b.Links); diff != "" || len(b.Artifacts[0].Losses) > 0 {
			t.Errorf("%s: losses %v, links (-want +got):\n%s", name, b.Artifacts[0].Losses, diff)
		}
	}
}
