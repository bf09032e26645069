package conformance

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/protobuf/proto"

	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

var (
	jsonReader ptrace.JSONUnmarshaler
	jsonWriter ptrace.JSONMarshaler
)

// TestCapturedJSON compares every line of every capture, by itself and all together.
func TestCapturedJSON(t *testing.T) {
	files := captured(t)
	if len(files) == 0 {
		t.Skip("no captures: nothing to compare with")
	}
	for name, data := range files {
		t.Run(name, func(t *testing.T) {
			var all []ptrace.Traces
			for line := range bytes.Lines(data) {
				td, err := jsonReader.UnmarshalTraces(line)
				if err != nil || !bytes.Contains(line[:min(40, len(line))], []byte("resourceSpans")) {
					continue // metrics: pdata ignores them as unknown fields
				}
				compare(t, "a line", line, []ptrace.Traces{td})
				all = append(all, td)
			}
			if len(all) == 0 {
				t.Fatal("pdata accepts no line")
			}
			compare(t, "the file", data, all)
		})
	}
}

// TestGeneratorWritesCollectorBytes holds the generator's JSON, which other tests and the benchmarks
// rest on, against what pdata writes for the same message.
func TestGeneratorWritesCollectorBytes(t *testing.T) {
	var protoReader ptrace.ProtoUnmarshaler
	for td := range gen.New(gen.Options{Seed: 11, Spans: 3000}).Requests() {
		b, err := proto.Marshal(td)
		if err != nil {
			t.Fatal(err)
		}
		same, err := protoReader.UnmarshalTraces(b)
		if err != nil {
			t.Fatal(err)
		}
		want, err := jsonWriter.MarshalTraces(same)
		if err != nil {
			t.Fatal(err)
		}
		got := bytes.TrimSuffix(gen.AppendJSON(nil, td), []byte("\n"))
		if !bytes.Equal(want, got) {
			at := 0
			for at < min(len(want), len(got)) && want[at] == got[at] {
				at++
			}
			t.Fatalf("differs from pdata at byte %d:\n%.100s\n%.100s", at, want[at:], got[at:])
		}
		compare(t, "generated", got, []ptrace.Traces{same})
	}
}

// TestRandomTraces compares what pdata writes of traces with every kind of value in them.
func TestRandomTraces(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 400 {
		td := randomTraces(rng)
		data, err := jsonWriter.MarshalTraces(td)
		if err != nil {
			t.Fatal(err)
		}
		if compare(t, "message "+strconv.Itoa(i), data, []ptrace.Traces{td}); t.Failed() {
			t.Fatalf("%s", data)
		}
	}
}

// TestRandomTracesInBothEncodings compares the resources that the JSON and the protobuf form of one
// message give: their digests decide what one process is, whatever file its spans came in.
func TestRandomTracesInBothEncodings(t *testing.T) {
	var protoWriter ptrace.ProtoMarshaler
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 400 {
		td := randomTraces(rng)
		data, err := jsonWriter.MarshalTraces(td)
		if err != nil {
			t.Fatal(err)
		}
		message, err := protoWriter.MarshalTraces(td)
		if err != nil {
			t.Fatal(err)
		}
		asJSON, asProto := digests(data), digests(message)
		if !slices.Equal(asJSON, asProto) {
			t.Fatalf("message %d: digests %x as JSON, %x as protobuf:\n%s", i, asJSON, asProto, data)
		}
	}
}

// digests returns the digest of each span's resource.
func digests(data []byte) (list []uint64) {
	b := evidence.LoadReader("export", bytes.NewReader(data), evidence.Options{})
	for k := range b.Spans.Len() {
		list = append(list, b.Resource(b.Span(k).Origin).Digest)
	}
	return list
}

func randomTraces(rng *rand.Rand) ptrace.Traces {
	td := ptrace.NewTraces()
	for range 1 + rng.IntN(3) {
		rs := td.ResourceSpans().AppendEmpty()
		randomMap(rng, rs.Resource().Attributes(), 3)
		for range 1 + rng.IntN(2) {
			ss := rs.ScopeSpans().AppendEmpty()
			ss.Scope().SetName(randomText(rng))
			for range 1 + rng.IntN(4) {
				randomSpan(rng, ss.Spans().AppendEmpty())
			}
		}
	}
	return td
}

func randomSpan(rng *rand.Rand, s ptrace.Span) {
	var trace [16]byte
	var id [8]byte
	for i := range trace {
		trace[i] = byte(rng.Uint32())
	}
	for i := range id {
		id[i] = byte(rng.Uint32())
	}
	s.SetTraceID(trace)
	s.SetSpanID(id)
	if rng.IntN(2) == 0 {
		id[0]++
		s.SetParentSpanID(id)
	}
	s.SetFlags(rng.Uint32())
	s.SetName(randomText(rng))
	s.SetKind(ptrace.SpanKind(rng.IntN(6)))
	s.SetStartTimestamp(pcommon.Timestamp(rng.Uint64()))
	s.SetEndTimestamp(pcommon.Timestamp(rng.Uint64()))
	s.TraceState().FromRaw(randomText(rng))
	randomMap(rng, s.Attributes(), 2)
	for range rng.IntN(3) {
		e := s.Events().AppendEmpty()
		e.SetName(randomText(rng))
		randomMap(rng, e.Attributes(), 2)
	}
	for range rng.IntN(2) {
		l := s.Links().AppendEmpty()
		l.SetTraceID(trace)
		randomMap(rng, l.Attributes(), 1)
	}
	s.Status().SetMessage(randomText(rng))
	s.Status().SetCode(ptrace.StatusCode(rng.IntN(3)))
}

var someKeys = []string{"service.name", "host.name", "http.route", "rpc.service", "rpc.method", "messaging.destination.name", "k", "a.b", "\"\\\n", "é"}

// randomMap fills a map with distinct keys.
func randomMap(rng *rand.Rand, m pcommon.Map, depth int) {
	for _, k := range rng.Perm(len(someKeys))[:rng.IntN(len(someKeys))] {
		randomValue(rng, m.PutEmpty(someKeys[k]), depth)
	}
}

func randomValue(rng *rand.Rand, v pcommon.Value, depth int) {
	kind := rng.IntN(9)
	if depth == 0 {
		kind = rng.IntN(7)
	}
	switch kind {
	case 0:
	case 1, 2:
		v.SetStr(randomText(rng))
	case 3:
		v.SetBool(rng.IntN(2) == 0)
	case 4:
		v.SetInt(int64(rng.Uint64()) >> rng.IntN(64))
	case 5:
		v.SetDouble([]float64{0, 3, -0.1, 1e300, 5e-324, 1e21, 1e-7, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxInt64}[rng.IntN(11)])
	case 6:
		b := v.SetEmptyBytes()
		for range rng.IntN(5) {
			b.Append(byte(rng.Uint32()))
		}
	case 7:
		s := v.SetEmptySlice()
		for range rng.IntN(4) {
			randomValue(rng, s.AppendEmpty(), depth-1)
		}
	case 8:
		randomMap(rng, v.SetEmptyMap(), depth-1)
	}
}

func randomText(rng *rand.Rand) string {
	var r []rune
	for range rng.IntN(20) {
		r = append(r, []rune{'a', 'b', '/', '"', '\\', '\n', 0x01, 0x7f, 'é', 0x2028, '😀', '{', '}', ' '}[rng.IntN(14)])
	}
	return string(r)
}
