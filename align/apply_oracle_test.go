package align

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/witnessmark/witnessmark/evidence"
)

// rewriteBytes applies a model to a file's bytes and returns the output's.
func rewriteBytes(t testing.TB, name string, data []byte, o ApplyOptions, model func(*evidence.Bundle) *Model) ([]byte, *Sidecar, *Model) {
	t.Helper()
	dir := t.TempDir()
	in := filepath.Join(dir, name)
	if err := os.WriteFile(in, data, 0o644); err != nil {
		t.Fatal(err)
	}
	b, join := loadAll(t, in)
	m := model(b)
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	out = filepath.Join(out, name)
	s, err := NewPlan(b, join, m, o).Apply(context.Background(), Job{In: in, Out: out, Digest: "sha256"})
	if err != nil {
		t.Fatalf("apply: %v", err)
	}
	reversed(t, in, out)
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return text, s, m
}

// expected is where the model's own arithmetic, Domain.At, places a reading.
func expected(m *Model, domain string, reading uint64) uint64 {
	d := m.Domain(domain)
	if d == nil || reading == 0 {
		return reading
	}
	p, _ := d.At(int64(reading), m.MaxDriftPPM)
	return reading - uint64(p.Offset)
}

func host(r *resourcepb.Resource) string {
	for _, kv := range r.GetAttributes() {
		if kv.Key == "host.name" {
			return kv.GetValue().GetStringValue()
		}
	}
	return ""
}

func stringAttr(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

// mark does to a decoded resource what Apply does to its bytes.
func mark(r *resourcepb.Resource, m *Model) {
	domain := host(r)
	r.Attributes = append(r.Attributes, stringAttr(attrDomain, domain), stringAttr(attrReference, "ref"),
		stringAttr(attrAssumption, "assumed"), stringAttr(attrStatus, "aligned"),
		stringAttr(attrZone, m.Domain(domain).AZ))
}

func resourceOf(name string) *resourcepb.Resource {
	return &resourcepb.Resource{Attributes: []*commonpb.KeyValue{stringAttr("service.name", "s"), stringAttr("host.name", name)}}
}

// sampleTraces has two hosts, events, an unended span, a span without a start, unknown fields.
func sampleTraces() *tracepb.TracesData {
	td := &tracepb.TracesData{}
	for h := range 2 {
		var spans []*tracepb.Span
		for i := range uint64(200) {
			start := uint64(base) + i*50_000_000
			s := &tracepb.Span{
				TraceId: binary.BigEndian.AppendUint64(make([]byte, 8), i+1), SpanId: binary.BigEndian.AppendUint64(nil, i*2+uint64(h)+1),
				Name: "op", StartTimeUnixNano: start, EndTimeUnixNano: start + 7_654_321,
				Attributes: []*commonpb.KeyValue{stringAttr("k", "v")},
				Events:     []*tracepb.Span_Event{{Name: "e", TimeUnixNano: start + 1000}, {Name: "no time"}},
			}
			if h == 1 {
				s.ParentSpanId = binary.BigEndian.AppendUint64(nil, i*2+1)
			}
			if i == 3 {
				s.EndTimeUnixNano = 0
			}
			if i == 4 {
				s.StartTimeUnixNano = 0
			}
			s.ProtoReflect().SetUnknown([]byte{0x82, 0x7d, 1, 'x'}) // field 2000
			spans = append(spans, s)
		}
		td.ResourceSpans = append(td.ResourceSpans, &tracepb.ResourceSpans{
			Resource: resourceOf(fmt.Sprintf("host-%d", h)), ScopeSpans: []*tracepb.ScopeSpans{{Spans: spans}},
		})
	}
	return td
}

// moveTraces does to decoded traces what Apply does to their bytes.
func moveTraces(td *tracepb.TracesData, m *Model, keep bool) {
	for _, rs := range td.ResourceSpans {
		domain := host(rs.Resource)
		mark(rs.Resource, m)
		for _, ss := range rs.ScopeSpans {
			for _, s := range ss.Spans {
				anchor := s.StartTimeUnixNano
				if anchor == 0 {
					anchor = s.EndTimeUnixNano
				}
				shift := anchor - expected(m, domain, anchor)
				if keep && s.StartTimeUnixNano != 0 {
					p, _ := m.Domain(domain).At(int64(s.StartTimeUnixNano), m.MaxDriftPPM)
					for _, kv := range []intAttr{{attrOriginal, int64(s.StartTimeUnixNano)}, {attrCorrection, int64(shift)}, {attrLower, p.Assumed.Low}, {attrUpper, p.Assumed.High}} {
						s.Attributes = append(s.Attributes, &commonpb.KeyValue{Key: kv.key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: kv.value}}})
					}
				}
				if s.StartTimeUnixNano != 0 {
					s.StartTimeUnixNano -= shift
				}
				if s.EndTimeUnixNano != 0 {
					s.EndTimeUnixNano -= shift
				}
				for _, e := range s.Events {
					e.TimeUnixNano = expected(m, domain, e.TimeUnixNano)
				}
			}
		}
	}
}

func frameOf(t testing.TB, m proto.Message, varint bool) []byte {
	t.Helper()
	body, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if varint {
		return append(binary.AppendUvarint(nil, uint64(len(body))), body...)
	}
	return framed(body)
}

func framed(body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

func compressed(t testing.TB, text []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(text, nil)
}

func plainOf(t testing.TB, text []byte) []byte {
	t.Helper()
	r, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out, err := r.DecodeAll(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestProtoOracle compares the output, decoded by the official library, with the input decoded and edited.
func TestProtoOracle(t *testing.T) {
	body, err := proto.Marshal(sampleTraces())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		data []byte
		skip func([]byte) []byte
	}{
		{"message", body, func(b []byte) []byte { return b }},
		{"framed", frameOf(t, sampleTraces(), false), func(b []byte) []byte { return b[4:] }},
		{"varint", frameOf(t, sampleTraces(), true), func(b []byte) []byte { _, n := binary.Uvarint(b); return b[n:] }},
		{"zstd", compressed(t, body), func(b []byte) []byte { return plainOf(t, b) }},
		{"framed, zstd", compressed(t, frameOf(t, sampleTraces(), false)), func(b []byte) []byte { return plainOf(t, b)[4:] }},
		{"zstd in frames", framed(compressed(t, body)), func(b []byte) []byte { return plainOf(t, b[4:]) }},
	} {
		for _, keep := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s keep=%v", c.name, keep), func(t *testing.T) {
				out, s, m := rewriteBytes(t, "traces.pb", c.data, ApplyOptions{KeepOriginals: keep}, syntheticModel)
				got, want := &tracepb.TracesData{}, sampleTraces()
				if err := proto.Unmarshal(c.skip(out), got); err != nil {
					t.Fatal(err)
				}
				moveTraces(want, m, keep)
				if !proto.Equal(want, got) { // which is much faster than the difference
					t.Errorf("output (-want +got):\n%s", cmp.Diff(want, got, protocmp.Transform()))
				}
				if s.Receipt.Spans != 400 || s.Receipt.Events != 800 || s.Receipt.Times != 400+400-2-2+400 {
					t.Errorf("receipt %+v", s.Receipt)
				}
			})
		}
	}
}

// TestOnlyTimesDiffer compares an output whose resources are marked already, so that nothing changes its length: outside of the
// times, not one byte may differ.
func TestOnlyTimesDiffer(t *testing.T) {
	td := sampleTraces()
	data := frameOf(t, td, false)
	model := func(b *evidence.Bundle) *Model { return syntheticModel(b) }
	first, _, m := rewriteBytes(t, "traces.pb", data, ApplyOptions{}, model)
	marked := &tracepb.TracesData{}
	if err := proto.Unmarshal(first[4:], marked); err != nil {
		t.Fatal(err)
	}
	second, _, _ := rewriteBytes(t, "traces.pb", first, ApplyOptions{Compose: true}, func(*evidence.Bundle) *Model { return m })
	if len(first) != len(second) {
		t.Fatalf("%d bytes become %d", len(first), len(second))
	}
	times := map[int]bool{} // offsets of bytes that belong to a time
	for _, rs := range marked.ResourceSpans {
		for _, s := range rs.ScopeSpans[0].Spans {
			list := []uint64{s.StartTimeUnixNano, s.EndTimeUnixNano}
			for _, e := range s.Events {
				list = append(list, e.TimeUnixNano)
			}
			for _, v := range list {
				text := binary.LittleEndian.AppendUint64(nil, v)
				for at := 0; v != 0; {
					i := bytes.Index(first[at:], text)
					if i < 0 {
						break
					}
					for k := range 8 {
						times[at+i+k] = true
					}
					at += i + 8
				}
			}
		}
	}
	differ := 0
	for i := range first {
		if first[i] != second[i] {
			differ++
			if !times[i] {
				t.Fatalf("byte %d differs and is in no time", i)
			}
		}
	}
	if differ == 0 {
		t.Error("no byte differs: the test looked at nothing")
	}
}

// hostModel is a model of the clock of host-0 alone.
func hostModel(b *evidence.Bundle) *Model {
	m := syntheticModel(b)
	d := m.Domains[0]
	d.Name = "host-0"
	m.Domains = []Domain{d}
	return m
}

func TestLogsAndMetrics(t *testing.T) {
	at := func(i int) uint64 { return uint64(base) + uint64(i)*1e9 }
	logs := &logspb.LogsData{ResourceLogs: []*logspb.ResourceLogs{{Resource: resourceOf("host-0"), ScopeLogs: []*logspb.ScopeLogs{{
		LogRecords: []*logspb.LogRecord{{TimeUnixNano: at(1), ObservedTimeUnixNano: at(2), SeverityText: "INFO"}, {ObservedTimeUnixNano: at(3)}},
	}}}}}
	number := &metricspb.NumberDataPoint{StartTimeUnixNano: at(1), TimeUnixNano: at(2), Exemplars: []*metricspb.Exemplar{{TimeUnixNano: at(1) + 5, SpanId: []byte("12345678")}}}
	histogram := &metricspb.HistogramDataPoint{StartTimeUnixNano: at(1), TimeUnixNano: at(2), Exemplars: []*metricspb.Exemplar{{TimeUnixNano: at(1) + 6}}}
	exponential := &metricspb.ExponentialHistogramDataPoint{StartTimeUnixNano: at(1), TimeUnixNano: at(2), Exemplars: []*metricspb.Exemplar{{TimeUnixNano: at(1) + 7}}}
	summary := &metricspb.SummaryDataPoint{StartTimeUnixNano: at(1), TimeUnixNano: at(2)}
	metrics := &metricspb.MetricsData{ResourceMetrics: []*metricspb.ResourceMetrics{{Resource: resourceOf("host-0"), ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: []*metricspb.Metric{
		{Name: "a", Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{DataPoints: []*metricspb.NumberDataPoint{number}}}},
		{Name: "b", Data: &metricspb.Metric_Histogram{Histogram: &metricspb.Histogram{DataPoints: []*metricspb.HistogramDataPoint{histogram}}}},
		{Name: "c", Data: &metricspb.Metric_ExponentialHistogram{ExponentialHistogram: &metricspb.ExponentialHistogram{DataPoints: []*metricspb.ExponentialHistogramDataPoint{exponential}}}},
		{Name: "d", Data: &metricspb.Metric_Summary{Summary: &metricspb.Summary{DataPoints: []*metricspb.SummaryDataPoint{summary}}}},
		{Name: "e", Data: &metricspb.Metric_Sum{Sum: &metricspb.Sum{DataPoints: []*metricspb.NumberDataPoint{proto.Clone(number).(*metricspb.NumberDataPoint)}}}},
	}}}}}}
	move := func(m *Model, list ...*uint64) {
		for _, v := range list {
			*v = expected(m, "host-0", *v)
		}
	}
	data, err := proto.Marshal(logs)
	if err != nil {
		t.Fatal(err)
	}
	out, s, m := rewriteBytes(t, "logs.pb", data, ApplyOptions{}, hostModel)
	got := &logspb.LogsData{}
	if err := proto.Unmarshal(out, got); err != nil {
		t.Fatal(err)
	}
	mark(logs.ResourceLogs[0].Resource, m)
	for _, r := range logs.ResourceLogs[0].ScopeLogs[0].LogRecords {
		move(m, &r.TimeUnixNano, &r.ObservedTimeUnixNano)
	}
	if diff := cmp.Diff(logs, got, protocmp.Transform()); diff != "" || s.Receipt.LogRecords != 2 || s.Receipt.Times != 3 {
		t.Errorf("logs (-want +got):\n%s%+v", diff, s.Receipt)
	}
	if data, err = proto.Marshal(metrics); err != nil {
		t.Fatal(err)
	}
	out, s, m = rewriteBytes(t, "metrics.pb", data, ApplyOptions{}, hostModel)
	gotMetrics := &metricspb.MetricsData{}
	if err := proto.Unmarshal(out, gotMetrics); err != nil {
		t.Fatal(err)
	}
	mark(metrics.ResourceMetrics[0].Resource, m)
	sum := metrics.ResourceMetrics[0].ScopeMetrics[0].Metrics[4].GetSum().DataPoints[0]
	for _, p := range []*metricspb.NumberDataPoint{number, sum} {
		move(m, &p.StartTimeUnixNano, &p.TimeUnixNano, &p.Exemplars[0].TimeUnixNano)
	}
	move(m, &histogram.StartTimeUnixNano, &histogram.TimeUnixNano, &histogram.Exemplars[0].TimeUnixNano)
	move(m, &exponential.StartTimeUnixNano, &exponential.TimeUnixNano, &exponential.Exemplars[0].TimeUnixNano)
	move(m, &summary.StartTimeUnixNano, &summary.TimeUnixNano)
	if diff := cmp.Diff(metrics, gotMetrics, protocmp.Transform()); diff != "" || s.Receipt.Exemplars != 4 || s.Receipt.DataPoints != 5 {
		t.Errorf("metrics (-want +got):\n%s%+v", diff, s.Receipt)
	}
}

// TestGzipKeeps makes sure that what Go's gzip wrote is written again, with its edits alone beside it.
func TestGzipKeeps(t *testing.T) {
	for level, kind := range map[int]string{gzip.BestSpeed: undoEdits, gzip.DefaultCompression: undoEdits, gzip.HuffmanOnly: undoOriginal} {
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, level)
		if err != nil {
			t.Fatal(err)
		}
		w.Name = "traces.pb"
		w.Write(frameOf(t, sampleTraces(), false))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		out, s, _ := rewriteBytes(t, "traces.pb.gz", b.Bytes(), ApplyOptions{}, syntheticModel)
		if s.Undo.Kind != kind {
			t.Errorf("level %d: undo by %s, want %s", level, s.Undo.Kind, kind)
		}
		r, err := gzip.NewReader(bytes.NewReader(out))
		if err != nil || r.Name != "traces.pb" {
			t.Errorf("level %d: %v, name %q", level, err, r.Name)
		}
	}
}
