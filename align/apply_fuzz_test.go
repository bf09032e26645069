package align

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/witnessmark/witnessmark/evidence"
)

// FuzzApplyReverse rewrites any bytes that a reader takes for OTLP or a profile, and goes back: either the file is refused, and
// nothing lies at its name, or reversing gives the same bytes.
func FuzzApplyReverse(f *testing.F) {
	body, err := proto.Marshal(sampleTraces())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body[:3000], true)
	f.Add(frameOf(f, sampleTraces(), false)[:2000], false)
	td := sampleTraces()
	for _, rs := range td.ResourceSpans {
		rs.ScopeSpans[0].Spans = rs.ScopeSpans[0].Spans[:3]
	}
	small, err := proto.Marshal(td)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(small, true)
	f.Add(frameOf(f, td, false), true)
	f.Add(frameOf(f, td, true), false)
	f.Add([]byte(`{"resourceSpans":[{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"h1"}}]},"scopeSpans":[{"spans":[{"spanId":"0102030405060709","startTimeUnixNano":"999999999999999999","endTimeUnixNano":1795000000000000000,"events":[{"timeUnixNano":"1795000000000000000"}]}]}]}]}`), true)
	f.Add([]byte(`[{"resourceLogs":[{"resource":null,"scopeLogs":[{"logRecords":[{"timeUnixNano":"5"}]}]}]},{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":{"dataPoints":[{"timeUnixNano":1795000000000000000,"exemplars":[{"timeUnixNano":"1"}]}]}}]}]}]}]`), false)
	profiles, _ := filepath.Glob("../evidence/testdata/*.pb")
	for _, p := range profiles[:min(3, len(profiles))] {
		if data, err := os.ReadFile(p); err == nil {
			f.Add(data, true)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, keep bool) {
		dir := t.TempDir()
		in := filepath.Join(dir, "in")
		if err := os.WriteFile(in, data, 0o644); err != nil {
			t.Fatal(err)
		}
		b, err := evidence.Load([]string{in}, evidence.Options{Identity: []evidence.IdentityRule{{Glob: "**", AZ: "z", Host: "h"}}})
		if err != nil {
			t.Skip()
		}
		p := NewPlan(b, evidence.JoinSpans(b), syntheticModel(b), ApplyOptions{KeepOriginals: keep, Labels: []string{"az", "host"}, ReplaceZones: keep, Compose: keep})
		for i, a := range b.Artifacts {
			if a.Path != in {
				continue // a member of an archive
			}
			out := filepath.Join(dir, "out")
			if _, err := p.Apply(context.Background(), Job{Artifact: i, In: in, Out: out, Digest: "crc32c"}); err != nil {
				if _, err := os.Stat(out); err == nil {
					t.Error("a refused file left an output")
				}
				continue
			}
			reversed(t, in, out)
			if trial(t, b, i, p, out) && (len(p.holds) > 0 || p.unsettled > 0) {
				t.Error("a trial holds, but calls begin before their callers")
			}
			// What was rewritten must be readable as what it was, with as many rows.
			again, err := evidence.Load([]string{out}, evidence.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(a.Losses) == 0 && again.Spans.Len() != b.Spans.Len() {
				t.Errorf("%d spans became %d", b.Spans.Len(), again.Spans.Len())
			}
		}
	})
}

// FuzzUndo feeds the undo log's reader anything: it must fail or end, and trust no length.
func FuzzUndo(f *testing.F) {
	var log bytes.Buffer
	u := newUndoWriter(&log)
	u.time(3, fixedTime, 77)
	u.splice(20, []byte("old"), 5)
	u.block(40)
	if err := u.end(); err != nil {
		f.Fatal(err)
	}
	f.Add(log.Bytes(), bytes.Repeat([]byte{1}, 42))
	f.Fuzz(func(t *testing.T, log, rewritten []byte) {
		var out bytes.Buffer
		undo(&out, bytes.NewReader(rewritten), bytes.NewReader(log))
		if out.Len() > len(log)+len(rewritten) {
			t.Errorf("%d bytes out of %d and %d", out.Len(), len(log), len(rewritten))
		}
	})
}

// FuzzUsualSpan holds the short way through a span against the general one.
func FuzzUsualSpan(f *testing.F) {
	for _, s := range sampleTraces().ResourceSpans[0].ScopeSpans[0].Spans[:5] {
		s.Flags, s.Kind = 0x300, 2
		b, err := proto.Marshal(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		s.ProtoReflect().SetUnknown(nil)
		if b, err = proto.Marshal(s); err != nil {
			f.Fatal(err)
		}
		r := &protoRewriter{rewriter: &rewriter{}}
		if !r.usualSpan(b, 0, &spanTimes{}) {
			f.Error("a usual span does not take the short way")
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		short, long := &protoRewriter{rewriter: &rewriter{}}, &protoRewriter{rewriter: &rewriter{}}
		var s, l spanTimes
		if !short.usualSpan(b, 7, &s) {
			return
		}
		if err := long.anySpan(b, 7, &l); err != nil || s != l || short.eventsSeen != long.eventsSeen ||
			!slices.Equal(short.starts, long.starts) || !slices.Equal(short.ends, long.ends) || !slices.Equal(short.events, long.events) {
			t.Errorf("short %+v %v %v %v, long %+v %v %v %v, %v", s, short.starts, short.ends, short.events, l, long.starts, long.ends, long.events, err)
		}
	})
}
