package evidence

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

// protoRow is one span as both the reader and the official types tell it.
type protoRow struct {
	Trace               string
	ID, Parent          uint64
	Start, End          uint64
	Name                string
	Kind, Status        int
	Flags               SpanFlags
	Service, Host, Zone string
}

// loadProto reads bytes with the protobuf readers only.
func loadProto(t testing.TB, r io.Reader) (*Bundle, *Artifact) {
	t.Helper()
	a := &Artifact{Path: "t"}
	in := newInput(r, a, 0)
	in.fill(sniffBytes)
	for _, f := range []format{formatOTLPFramed, formatOTLPMessage} {
		if f.sniff(in.data(), in.eof) && f.read(in) {
			break
		}
	}
	in.close()
	b := &Bundle{Artifacts: []*Artifact{a}}
	m := newMerger(b)
	if a.batch != nil {
		m.adopt(0, a.batch)
	}
	m.finish()
	return b, a
}

func protoRows(b *Bundle) []protoRow {
	var out []protoRow
	for i := range b.Spans.Len() {
		s := b.Span(i)
		id := b.Resource(s.Origin).Identity
		trace := ""
		if s.Trace != NoTrace {
			trace = fmt.Sprintf("%x", b.Traces[s.Trace])
		}
		out = append(out, protoRow{trace, s.ID, s.Parent, s.Start, s.End, b.Strings[s.Name], int(s.Kind), int(s.Status.Code()),
			s.Flags, id.Service.Value, id.Host.Value, id.AZ.Value})
	}
	return out
}

// oracle is what the official types say of the same spans.
func official(tds ...*tracepb.TracesData) []protoRow {
	var out []protoRow
	for _, td := range tds {
		for _, rs := range td.ResourceSpans {
			attr := map[string]string{}
			for _, kv := range rs.Resource.GetAttributes() {
				attr[kv.Key] = kv.Value.GetStringValue()
			}
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					out = append(out, officialRow(s, attr))
				}
			}
		}
	}
	return out
}

func officialRow(s *tracepb.Span, attr map[string]string) protoRow {
	r := protoRow{Start: s.StartTimeUnixNano, End: s.EndTimeUnixNano, Name: s.Name, Kind: int(s.Kind), Status: int(s.Status.GetCode()),
		Flags: SpanFlags(s.Flags) & otlpFlags, Service: attr["service.name"], Host: attr["host.name"], Zone: attr["cloud.availability_zone"]}
	if r.Host == "" {
		r.Host = attr["k8s.node.name"]
	}
	if len(s.Links) > 0 {
		r.Flags |= LinkedSpan
	}
	if len(s.TraceId) == 16 && !bytes.Equal(s.TraceId, make([]byte, 16)) {
		r.Trace = fmt.Sprintf("%x", s.TraceId)
	} else {
		r.Flags |= BadTraceID
	}
	id := func(b []byte) (uint64, bool) {
		if len(b) != 8 {
			return uint64(len(b)), false
		}
		return binary.BigEndian.Uint64(b), true
	}
	var ok bool
	if r.ID, ok = id(s.SpanId); !ok || r.ID == 0 {
		r.Flags |= BadSpanID
		r.ID = uint64(len(s.SpanId))
	}
	if r.Parent, ok = id(s.ParentSpanId); !ok && len(s.ParentSpanId) > 0 {
		r.Flags |= BadParentID
	}
	return r
}

var protoFaults = gen.Faults{Orphaned: 5, Resent: 5, Shared: 5, Conflicting: 5, BadIDs: 3 * gen.BadIDKinds, Early: 5, Outlive: 5, Consumers: 5}

func protoRequests(spans int) []*tracepb.TracesData {
	var out []*tracepb.TracesData
	for td := range gen.New(gen.Options{Seed: 7, Spans: spans, SpansPerRequest: 200, Faults: protoFaults}).Requests() {
		out = append(out, proto.Clone(td).(*tracepb.TracesData))
	}
	return out
}

// protoForms are all forms of the same requests.
func protoForms(tds []*tracepb.TracesData) map[string][]byte {
	forms := map[string][]byte{}
	for name, order := range map[string]gen.Order{"ascending": gen.Ascending, "descending": gen.Descending} {
		for _, td := range tds {
			msg := gen.Marshal(td, order)
			forms["message "+name] = append(forms["message "+name], msg...)
			forms["framed "+name] = gen.AppendFrame(forms["framed "+name], td, order)
			forms["varint "+name] = append(binary.AppendUvarint(forms["varint "+name], uint64(len(msg))), msg...)
		}
	}
	return forms
}

// TestOTLPProtoOracle compares every column with the official types, in every form and field order, through
// windows of any size.
func TestOTLPProtoOracle(t *testing.T) {
	tds := protoRequests(3000)
	want := official(tds...)
	for name, data := range protoForms(tds) {
		t.Run(name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{"whole": bytes.NewReader(data), "byte by byte": iotest.OneByteReader(bytes.NewReader(data))} {
				b, a := loadProto(t, r)
				if a.Format != FormatOTLPTraces || len(a.Losses) > 0 {
					t.Fatalf("%s: format %s, losses %v", how, a.Format, a.Losses)
				}
				got := protoRows(b)
				if order := "descending"; len(got) == len(want) && bytes.HasSuffix([]byte(name), []byte(order)) {
					sortRows(got)
					w := append([]protoRow(nil), want...)
					sortRows(w)
					if d := cmp.Diff(w, got); d != "" {
						t.Fatalf("%s: (-want +got)\n%.2000s", how, d)
					}
					continue
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Fatalf("%s: (-want +got)\n%.2000s", how, d)
				}
			}
		})
	}
}

func sortRows(rows []protoRow) {
	less := func(a, b protoRow) int { return bytes.Compare([]byte(fmt.Sprint(a)), []byte(fmt.Sprint(b))) }
	slices.SortFunc(rows, less)
}

// TestOTLPProtoRefs unmarshals the bytes of each Ref.
func TestOTLPProtoRefs(t *testing.T) {
	tds := protoRequests(300)
	for name, data := range protoForms(tds) {
		b, _ := loadProto(t, bytes.NewReader(data))
		for i := range b.Spans.Len() {
			s := b.Span(i)
			var span tracepb.Span
			if err := proto.Unmarshal(data[s.Ref.Off:s.Ref.Off+s.Ref.Len], &span); err != nil {
				t.Fatalf("%s, span %d at %s: %v", name, i, s.Ref, err)
			}
			if span.Name != b.Strings[s.Name] || span.StartTimeUnixNano != s.Start {
				t.Fatalf("%s, span %d at %s is %q, want %q", name, i, s.Ref, span.Name, b.Strings[s.Name])
			}
		}
	}
}

// TestOTLPProtoCut cuts at 250 places, 30 with -short: the rows are a prefix, and one Loss names the cut unless
// the prefix ends between two messages.
func TestOTLPProtoCut(t *testing.T) {
	tds := protoRequests(400)
	for name, data := range protoForms(tds) {
		whole := protoRows(first(loadProto(t, bytes.NewReader(data))))
		borders := map[int]bool{0: true, len(data): true}
		at := 0
		for _, td := range tds {
			n := len(gen.Marshal(td, gen.Ascending))
			switch name[:6] {
			case "framed":
				at += 4
			case "varint":
				at += len(binary.AppendUvarint(nil, uint64(n)))
			}
			at += n
			borders[at] = true
		}
		places := 250
		if testing.Short() {
			places = 30
		}
		for cut := 1; cut < len(data); cut += max(1, len(data)/places) {
			b, a := loadProto(t, bytes.NewReader(data[:cut]))
			got := protoRows(b)
			if a.Format == "" && cut < 64 {
				continue // too short to tell
			}
			if len(got) > len(whole) {
				t.Fatalf("%s cut at %d: %d rows of %d", name, cut, len(got), len(whole))
			}
			for i := range got {
				g, w := got[i], whole[i]
				// A resource behind its spans is cut off with the end.
				if g.Service == "" {
					w.Service, w.Host, w.Zone = "", "", ""
				}
				if g != w {
					t.Fatalf("%s cut at %d: row %d is %v, want %v", name, cut, i, g, w)
				}
			}
			cuts := 0
			for _, l := range a.Losses {
				if l.Cut {
					cuts++
				}
			}
			want := 1
			if borders[cut] || name[:7] == "message" && messageBorder(data[:cut]) {
				want = 0
			}
			if cuts != want {
				t.Fatalf("%s cut at %d: %d cuts, want %d: %v", name, cut, cuts, want, a.Losses)
			}
		}
	}
}

// messageBorder reports whether a prefix is itself a whole message.
func messageBorder(data []byte) bool { return proto.Unmarshal(data, new(tracepb.TracesData)) == nil }

func first[A, B any](a A, _ B) A { return a }

// TestOTLPProtoDamage damages an export and checks what is kept.
func TestOTLPProtoDamage(t *testing.T) {
	tds := protoRequests(1000)
	framed := protoForms(tds)["framed ascending"]
	total := len(official(tds...))
	second := 4 + len(gen.Marshal(tds[0], gen.Ascending))
	third := second + 4 + len(gen.Marshal(tds[1], gen.Ascending))
	for _, c := range []struct {
		name   string
		damage func([]byte) []byte
		keeps  int // at least
	}{
		{"length too small", func(d []byte) []byte { d[second+3] ^= 0x40; return d }, len(official(tds[0]))},
		{"length of zeros", func(d []byte) []byte { copy(d[second:], []byte{0, 0, 0, 0}); return d }, total - len(official(tds[1]))},
		{"length huge", func(d []byte) []byte { d[second] = 0x7f; return d }, len(official(tds[0], tds[1]))},
		{"first byte of a message", func(d []byte) []byte { d[second+4] = 0xff; return d }, total - len(official(tds[1]))},
		{"garbage between", func(d []byte) []byte {
			return append(append(append([]byte(nil), d[:third]...), bytes.Repeat([]byte{0xee}, 999)...), d[third:]...)
		}, total},
		{"end-group tag inside a span", func(d []byte) []byte { d[third-1] = 0x0c; return d }, total - 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, a := loadProto(t, bytes.NewReader(c.damage(bytes.Clone(framed))))
			if b.Spans.Len() < c.keeps {
				t.Errorf("%d spans are left, want at least %d; losses %v", b.Spans.Len(), c.keeps, a.Losses)
			}
			if b.Spans.Len() < total && len(a.Losses) == 0 {
				t.Errorf("%d of %d spans are left and no Loss says so", b.Spans.Len(), total)
			}
		})
	}
}

// TestOTLPProtoClaims checks that claimed lengths are not trusted.
func TestOTLPProtoClaims(t *testing.T) {
	claim := []byte("\x0a\x80\x80\x80\x1f\x12\x80\x80\x80\x1e\x12\x80\x80\x80\x1d\x0a\x10abcd")
	allocated := testing.AllocsPerRun(1, func() { loadProto(t, bytes.NewReader(claim)) })
	_, a := loadProto(t, bytes.NewReader(claim))
	if a.Format != FormatOTLPTraces || a.Cut() == nil {
		t.Errorf("format %q, losses %v", a.Format, a.Losses)
	}
	if allocated > 1000 {
		t.Errorf("%v allocations", allocated)
	}
}

// TestOTLPProtoSignals tells the signals apart.
func TestOTLPProtoSignals(t *testing.T) {
	field := func(num byte, payload []byte) []byte {
		return append(binary.AppendUvarint([]byte{num<<3 | 2}, uint64(len(payload))), payload...)
	}
	data := func(record []byte) []byte { return field(1, field(2, field(2, record))) }
	metric := append(field(1, []byte("http.server.duration")), field(7, []byte{})...)
	log := append([]byte{1<<3 | 1, 1, 2, 3, 4, 5, 6, 7, 8, 2 << 3, 9}, field(5, field(1, []byte("body")))...)
	for _, c := range []struct {
		name string
		data []byte
		want Format
	}{
		{"metrics", data(metric), "otlp/metrics"},
		{"logs", data(log), "otlp/logs"},
		{"profile", []byte("\x0a\x04\x08\x01\x10\x02\x12\x02\x08\x01"), ""},
		{"text", []byte("\nhello, world\n"), ""},
		{"empty", nil, ""},
		{"zeros", make([]byte, 100), ""},
	} {
		if _, a := loadProto(t, bytes.NewReader(c.data)); a.Format != c.want {
			t.Errorf("%s: format %q, want %q", c.name, a.Format, c.want)
		}
	}
}

func FuzzOTLPProto(f *testing.F) {
	for _, data := range protoForms(protoRequests(30)) {
		f.Add(data)
		f.Add(data[:len(data)*2/3])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b, a := loadProto(t, bytes.NewReader(data))
		for i := range b.Spans.Len() {
			if r := b.Span(i).Ref; r.Off < 0 || r.Len < 0 || r.Off+r.Len > int64(len(data)) {
				t.Fatalf("span %d lies at %s of %d bytes", i, r, len(data))
			}
		}
		for _, l := range a.Losses {
			if l.Ref.Off < 0 || l.Ref.Len < 0 || l.Ref.Off+l.Ref.Len > int64(len(data)) {
				t.Fatalf("loss %v lies outside of %d bytes", l, len(data))
			}
		}
		b2, a2 := loadProto(t, iotest.HalfReader(bytes.NewReader(data)))
		if a.Encoding == a2.Encoding {
			if d := cmp.Diff(protoRows(b), protoRows(b2)); d != "" {
				t.Fatalf("the size of reads matters:\n%s", d)
			}
		}
		var td tracepb.TracesData
		if a.Encoding == "protobuf" && a.Format == FormatOTLPTraces && len(a.Losses) == 0 && proto.Unmarshal(data, &td) == nil && onlyTraces(&td) {
			if want := official(&td); len(want) != b.Spans.Len() {
				t.Fatalf("%d spans, proto.Unmarshal has %d", b.Spans.Len(), len(want))
			}
		}
	})
}

// onlyTraces reports whether the official types know every field on the way to the spans.
func onlyTraces(td *tracepb.TracesData) bool {
	if len(td.ProtoReflect().GetUnknown()) > 0 {
		return false
	}
	for _, rs := range td.ResourceSpans {
		if len(rs.ProtoReflect().GetUnknown()) > 0 {
			return false
		}
	}
	return true
}

func BenchmarkOTLPProto(b *testing.B) {
	tds := protoRequests(50_000)
	data := protoForms(tds)["message ascending"]
	b.Run("witnessmark", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for range b.N {
			loadProto(b, bytes.NewReader(data))
		}
	})
	b.Run("official", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for range b.N {
			var td tracepb.TracesData
			if err := proto.Unmarshal(data, &td); err != nil {
				b.Fatal(err)
			}
		}
	})
}
