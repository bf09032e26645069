package evidence

import (
	"encoding/hex"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

// canonicalText is the text that attrKind prescribes, made from the official type.
func canonicalText(v *commonpb.AnyValue) (attrKind, string) {
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return attrString, v.StringValue
	case *commonpb.AnyValue_BoolValue:
		return attrBool, strconv.FormatBool(v.BoolValue)
	case *commonpb.AnyValue_IntValue:
		return attrInt, strconv.FormatInt(v.IntValue, 10)
	case *commonpb.AnyValue_DoubleValue:
		return attrDouble, strconv.FormatFloat(v.DoubleValue, 'g', -1, 64)
	case *commonpb.AnyValue_BytesValue:
		return attrBytes, hex.EncodeToString(v.BytesValue)
	case *commonpb.AnyValue_ArrayValue:
		var list []string
		for _, e := range v.ArrayValue.Values {
			_, text := canonicalText(e)
			list = append(list, text)
		}
		return attrArray, "[" + strings.Join(list, ",") + "]"
	case *commonpb.AnyValue_KvlistValue:
		var list []string
		for _, e := range v.KvlistValue.Values {
			_, text := canonicalText(e.Value)
			list = append(list, e.Key+":"+text)
		}
		return attrKVList, "{" + strings.Join(list, ",") + "}"
	}
	return 0, ""
}

// TestOTLPJSONDigests compares resources of random attributes with what the official types hold.
func TestOTLPJSONDigests(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		var rb resourceBuilder
		r := &resourcepb.Resource{}
		for i := range rng.IntN(6) {
			kv := &commonpb.KeyValue{Key: []string{"service.name", "host.name", "k", "\"é\n"}[rng.IntN(4)] + strings.Repeat("x", i/4), Value: randomAnyValue(rng, 3)}
			r.Attributes = append(r.Attributes, kv)
			kind, text := canonicalText(kv.Value)
			rb.attr([]byte(kv.Key), kind, []byte(text))
		}
		doc := gen.AppendJSON(nil, &tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{
			Resource: r, ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{{}}}},
		}}})
		got := mustReadJSON(t, doc)
		want := rb.build(Ref{})
		if len(got.rows) != 1 || got.rows[0].Resource != want.Digest || got.rows[0].Domain != want.Identity.Domain.Value {
			t.Fatalf("%s\ngives %+v, losses %v, want digest %x", doc, got.rows, got.art.Losses, want.Digest)
		}
	}
}

func randomAnyValue(rng *rand.Rand, depth int) *commonpb.AnyValue {
	kind := rng.IntN(9)
	if depth == 0 {
		kind = rng.IntN(7)
	}
	text := strings.Repeat([]string{"", "a", "/v1/{id}", "\"\\\n\x01", "é😀\u2028"}[rng.IntN(5)], 1+rng.IntN(3))
	switch kind {
	case 0:
		return &commonpb.AnyValue{}
	case 1, 2:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: text}}
	case 3:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: rng.IntN(2) == 0}}
	case 4:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: int64(rng.Uint64()) >> rng.IntN(64)}}
	case 5:
		doubles := []float64{0, math.Copysign(0, -1), 3, -0.1, 1e300, 5e-324, 1e21, 1e-7, math.NaN(), math.Inf(1), math.Inf(-1)}
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: doubles[rng.IntN(len(doubles))]}}
	case 6:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_BytesValue{BytesValue: []byte(text)}}
	case 7:
		list := &commonpb.ArrayValue{}
		for range rng.IntN(4) {
			list.Values = append(list.Values, randomAnyValue(rng, depth-1))
		}
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: list}}
	}
	list := &commonpb.KeyValueList{}
	for range rng.IntN(4) {
		list.Values = append(list.Values, &commonpb.KeyValue{Key: text, Value: randomAnyValue(rng, depth-1)})
	}
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_KvlistValue{KvlistValue: list}}
}
