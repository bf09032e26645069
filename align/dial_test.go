package align

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/witnessmark/witnessmark/evidence"
)

// A dial must say what Domain.At says, whatever was asked before.
func TestDialIsDomainAt(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		d := &Domain{Status: StatusAligned}
		at := int64(base)
		for range 1 + rng.IntN(4) {
			var s Segment
			for range 1 + rng.IntN(4) {
				at += 1 + rng.Int64N(5e12)
				s.Points = append(s.Points, Point{At: Instant(at), Offset: rng.Int64N(1<<rng.IntN(50)+1) - rng.Int64N(1<<20)})
			}
			d.Segments = append(d.Segments, s)
		}
		c := &dial{domain: d, drift: 100}
		for range 200 {
			reading := int64(base) - 1e12 + rng.Int64N(at-base+2e12)
			if rng.IntN(4) == 0 { // at a border
				s := d.Segments[rng.IntN(len(d.Segments))]
				reading = int64(s.Points[rng.IntN(len(s.Points))].At) + rng.Int64N(3) - 1
			}
			p, ok := d.At(reading, 100)
			if got := c.offset(reading); !ok || got != p.Offset {
				t.Fatalf("at %d: dial %d, Domain.At %d", reading, got, p.Offset)
			}
		}
	}
}

// Within a segment a later reading is never placed before an earlier one, also where the clock is slow.
func TestPlaceKeepsOrder(t *testing.T) {
	d := &Domain{Status: StatusAligned, Segments: []Segment{{Points: []Point{flat(0, 0, 1), flat(1e9, 500_000, 1), flat(2e9, -400_000, 1)}}}}
	c := &dial{domain: d, holds: []hold{{base + 500, base + 700}}}
	last := int64(0)
	for reading := int64(base); reading < base+3000; reading++ {
		p, ok := c.place(reading)
		if !ok || p < last {
			t.Fatalf("reading %d is placed at %d, the one before at %d", reading, p, last)
		}
		last = p
	}
	for _, reading := range []int64{math.MaxInt64, 0, -5} {
		c := &dial{domain: &Domain{Status: StatusAligned, Segments: []Segment{{Points: []Point{flat(0, -1000, 1)}}}}}
		if p, ok := c.place(reading); ok {
			t.Errorf("reading %d is placed at %d", reading, p)
		}
	}
}

// pairOf is a caller on host-0 and its callee on host-1, which begins 100 ns later by clocks that differ.
func pairOf() *tracepb.TracesData {
	td := sampleTraces()
	for h, rs := range td.ResourceSpans {
		rs.ScopeSpans[0].Spans = rs.ScopeSpans[0].Spans[:2]
		for _, s := range rs.ScopeSpans[0].Spans {
			s.StartTimeUnixNano += uint64(h) * 100
			s.EndTimeUnixNano += uint64(h) * 100
			s.TraceId[0] = 1
		}
	}
	return td
}

// writeTraces writes traces as one protobuf message and returns its path.
func writeTraces(t *testing.T, td *tracepb.TracesData) string {
	t.Helper()
	data, err := proto.Marshal(td)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "traces.pb")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSettle: an estimate that puts callees 5 ns before their callers is corrected inside the bounds, and left outside of them.
func TestSettle(t *testing.T) {
	in := writeTraces(t, pairOf())
	b, join := loadAll(t, in)
	for _, c := range []struct {
		name     string
		half     int64
		before   int64 // by how much the callee comes first, at most
		unsettle int
	}{{"inside", 10, 0, 0}, {"outside", 1, 5, 2}} {
		m := &Model{Trust: TrustAssumed, Domains: []Domain{
			{Name: "host-0", Status: StatusAligned, Segments: []Segment{{Points: []Point{flat(0, 0, 1)}}}},
			{Name: "host-1", Status: StatusAligned, Segments: []Segment{{Points: []Point{flat(0, 105, c.half)}}}},
		}}
		p := NewPlan(b, join, m, ApplyOptions{})
		out := filepath.Join(t.TempDir(), "out")
		if _, err := p.Apply(context.Background(), Job{In: in, Out: out, Digest: "crc32c"}); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		td := &tracepb.TracesData{}
		if err := proto.Unmarshal(text, td); err != nil {
			t.Fatal(err)
		}
		for i, callee := range td.ResourceSpans[1].ScopeSpans[0].Spans {
			caller := td.ResourceSpans[0].ScopeSpans[0].Spans[i]
			if first := int64(caller.StartTimeUnixNano - callee.StartTimeUnixNano); first > c.before || first < 0 {
				t.Errorf("%s: callee %d comes %d ns first", c.name, i, first)
			}
			if d := callee.EndTimeUnixNano - callee.StartTimeUnixNano; d != 7_654_321 {
				t.Errorf("%s: duration %d", c.name, d)
			}
		}
		if p.unsettled != c.unsettle {
			t.Errorf("%s: %d calls stay out of order, want %d", c.name, p.unsettled, c.unsettle)
		}
	}
}

// TestAnchored: spans of a Java process move with their local root, events too.
func TestAnchored(t *testing.T) {
	td := sampleTraces()
	rs := td.ResourceSpans[0]
	rs.Resource.Attributes = append(rs.Resource.Attributes, stringAttr("telemetry.sdk.language", "java"), stringAttr("telemetry.sdk.version", "1.50.0"))
	td.ResourceSpans = td.ResourceSpans[:1]
	root, child := rs.ScopeSpans[0].Spans[0], rs.ScopeSpans[0].Spans[1]
	child.TraceId, child.ParentSpanId = root.TraceId, root.SpanId
	child.StartTimeUnixNano += 5e9
	child.EndTimeUnixNano += 5e9
	child.Events[0].TimeUnixNano += 5e9
	rs.ScopeSpans[0].Spans = []*tracepb.Span{child, root}
	out, _, m := rewriteBytes(t, "traces.pb", frameOf(t, td, false), ApplyOptions{}, syntheticModel)
	got := &tracepb.TracesData{}
	if err := proto.Unmarshal(out[4:], got); err != nil {
		t.Fatal(err)
	}
	shift := root.StartTimeUnixNano - expected(m, "host-0", root.StartTimeUnixNano)
	if own := child.StartTimeUnixNano - expected(m, "host-0", child.StartTimeUnixNano); own == shift {
		t.Fatal("the model does not tell the two readings apart")
	}
	moved := got.ResourceSpans[0].ScopeSpans[0].Spans[0]
	if moved.StartTimeUnixNano != child.StartTimeUnixNano-shift || moved.Events[0].TimeUnixNano != child.Events[0].TimeUnixNano-shift {
		t.Errorf("child moved by %d, event by %d, want %d", child.StartTimeUnixNano-moved.StartTimeUnixNano, child.Events[0].TimeUnixNano-moved.Events[0].TimeUnixNano, shift)
	}
}

// TestRefused: what must not be rewritten is not, and leaves nothing behind.
func TestRefused(t *testing.T) {
	data := frameOf(t, sampleTraces(), false)
	moved, _, _ := rewriteBytes(t, "traces.pb", data, ApplyOptions{}, syntheticModel)
	json := `{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"1795000000000000000"}]}]}]}`
	marked := strings.Replace(json, `"scopeSpans"`, `"resource":{"attributes":[{"key":"witnessmark.clock.status","value":{"stringValue":"aligned"}}]},"scopeSpans"`, 1)
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"cut", data[:len(data)-7], "the file is cut"},
		{"moved before", moved, ErrMoved.Error()},
		{"JSON cut", []byte(json + "\n" + json[:60]), "the file is cut"},
		{"JSON moved before", []byte(marked), ErrMoved.Error()},
		{"a log in between", []byte(json + "\nstarting up\n" + json), "no OTLP/JSON document begins here"},
		{"a time that is no number", []byte(strings.Replace(strings.Replace(json, `"1795000000000000000"`, "1.795e18", 1), `"scopeSpans"`, `"resource":{},"scopeSpans"`, 1)), "no whole number of nanoseconds"},
		{"text", []byte("hello"), ErrFormat.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			in := filepath.Join(dir, "in")
			if err := os.WriteFile(in, c.data, 0o644); err != nil {
				t.Fatal(err)
			}
			b, join := loadAll(t, in)
			_, err := NewPlan(b, join, syntheticModel(b), ApplyOptions{}).Apply(context.Background(), Job{In: in, Out: filepath.Join(dir, "out"), Digest: "crc32c"})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if list, _ := os.ReadDir(dir); len(list) != 1 {
				t.Errorf("%d files stay", len(list))
			}
		})
	}
}

// TestInterrupted: a context that ends leaves no file and its cause.
func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	if err := os.WriteFile(in, frameOf(t, sampleTraces(), false), 0o644); err != nil {
		t.Fatal(err)
	}
	b, join := loadAll(t, in)
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(stop)
	_, err := NewPlan(b, join, syntheticModel(b), ApplyOptions{}).Apply(ctx, Job{In: in, Out: filepath.Join(dir, "out"), Digest: "crc32c"})
	if list, _ := os.ReadDir(dir); !errors.Is(err, stop) || len(list) != 1 {
		t.Errorf("got %v, %d files", err, len(list))
	}
}

// TestFullDisk: an error of the writer ends the work.
func TestFullDisk(t *testing.T) {
	data := frameOf(t, sampleTraces(), false)
	in := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(in, data, 0o644); err != nil {
		t.Fatal(err)
	}
	b, join := loadAll(t, in)
	for _, room := range []int{0, 100, len(data) - 1} {
		r := newRewriter(NewPlan(b, join, syntheticModel(b), ApplyOptions{}), 0)
		err := r.stream(context.Background(), bytes.NewReader(data), bufio.NewWriter(&small{room}), &bytes.Buffer{}, nil, &protoRewriter{rewriter: r, signal: "traces", framing: framingBigEndian})
		if !errors.Is(err, errFull) {
			t.Errorf("room for %d bytes: %v", room, err)
		}
	}
}

var errFull = errors.New("no space left on device")

type small struct{ room int }

func (s *small) Write(p []byte) (int, error) {
	if s.room -= len(p); s.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// TestStays: domains that are not aligned keep every time, and say so.
func TestStays(t *testing.T) {
	for _, status := range []Status{StatusWide, StatusUnbounded, StatusConflict, StatusNoPath} {
		out, s, _ := rewriteBytes(t, "traces.pb", frameOf(t, sampleTraces(), false), ApplyOptions{KeepOriginals: true}, func(b *evidence.Bundle) *Model {
			m := syntheticModel(b)
			for i := range m.Domains {
				m.Domains[i].Status, m.Domains[i].AZ = status, ""
			}
			return m
		})
		td := &tracepb.TracesData{}
		if err := proto.Unmarshal(out[4:], td); err != nil {
			t.Fatal(err)
		}
		for h, rs := range td.ResourceSpans {
			want := sampleTraces().ResourceSpans[h].ScopeSpans[0]
			if !proto.Equal(want, rs.ScopeSpans[0]) {
				t.Errorf("%s: spans changed", status)
			}
			if list := rs.Resource.Attributes; list[len(list)-1].GetValue().GetStringValue() != string(status) {
				t.Errorf("%s: marked %v", status, list)
			}
		}
		if s.Receipt.Times != 0 {
			t.Errorf("%s: %d times moved", status, s.Receipt.Times)
		}
	}
}
