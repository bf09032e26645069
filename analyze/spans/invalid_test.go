package spans_test

import (
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/tiny"
)

func TestInvalid(t *testing.T) {
	with := func(edit func(*tracepb.Span)) []tiny.Span {
		return []tiny.Span{{Service: "a", ID: 1, Parent: 7, Name: "x", Kind: tiny.Server, Edit: edit}, {Service: "a", ID: 7, Name: "root"}}
	}
	testSpecimens(t, "WM4003", []specimen{
		{name: "fires: no span id", spans: with(func(s *tracepb.Span) { s.SpanId = nil }), want: []string{
			`error proven "fault"="absent","id"="span","service"="a", 1 span of a: the span id is absent`,
		}},
		{name: "fires: span id of zeros", spans: with(func(s *tracepb.Span) { s.SpanId = make([]byte, 8) }), want: []string{
			`error proven "fault"="all zero","id"="span","service"="a", 1 span of a: the span id is all zero`,
		}},
		{name: "fires: hex read as base64", spans: with(func(s *tracepb.Span) {
			s.TraceId, s.SpanId = make([]byte, 24), make([]byte, 12)
		}), want: []string{
			`error proven "fault"="12 bytes","id"="span","service"="a", 1 span of a: the span id is 12 bytes long, want 8: hexadecimal digits read as base64 have this length`,
			`error proven "fault"="absent, all zero or not 16 bytes","id"="trace","service"="a", 1 span of a: the trace id is absent, all zero or not 16 bytes`,
		}},
		{name: "fires: short parent id", spans: with(func(s *tracepb.Span) { s.ParentSpanId = []byte{1, 2, 3, 4} }), want: []string{
			`error proven "fault"="4 bytes","id"="parent","service"="a", 1 span of a: the parent id is 4 bytes long, want 8`,
		}},
		{name: "fires: its own parent", spans: with(func(s *tracepb.Span) { s.ParentSpanId = s.SpanId }), want: []string{
			`error proven "fault"="own span id","id"="parent","service"="a", 1 span of a: the parent id is the span's own span id`,
		}},
		{name: "near miss: a parent id of zeros is none", spans: with(func(s *tracepb.Span) { s.ParentSpanId = make([]byte, 8) })},
		{name: "near miss: a trace id of 8 bytes padded with zeros", spans: with(nil)},
		{name: "silent", spans: []tiny.Span{{Service: "a", ID: 1, Name: "x"}}},
	})
}

func TestInvalidIsCountedOnce(t *testing.T) {
	r := run(t, load(t, tiny.JSON(tiny.Span{Service: "a", ID: 1, Name: "x", Edit: func(s *tracepb.Span) {
		s.TraceId, s.SpanId, s.ParentSpanId = nil, nil, []byte{1}
	}})), analyze.Options{})
	if got := measured(t, r, "spans.invalid_id").Value; got != 1 {
		t.Errorf("spans.invalid_id = %v, want 1", got)
	}
	if got := lines(r, "WM4003"); len(got) != 3 {
		t.Errorf("findings %q, want one for each id", got)
	}
	if got := measured(t, r, "traces.total").Value; got != 0 {
		t.Errorf("traces.total = %v, want 0", got)
	}
}
