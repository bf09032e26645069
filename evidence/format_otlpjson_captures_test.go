package evidence

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

const captureDir = "../../shared/captures"

// capturedTruth reads how many spans an export of a scenario holds, and their links and events where the
// truth tells.
func capturedTruth(t *testing.T, scenario string) (spans, links, events int) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(captureDir, scenario, "truth.json"))
	if os.IsNotExist(err) {
		t.Skip("no captures: nothing to compare with")
	} else if err != nil {
		t.Fatal(err)
	}
	var truth struct {
		Spans struct {
			Totals struct {
				ExportedRecords int `json:"exported_records"`
			}
		}
		Counted *struct{ Spans, Links, Events int }
	}
	if err := json.Unmarshal(data, &truth); err != nil {
		t.Fatal(err)
	}
	if c := truth.Counted; c != nil {
		return c.Spans, c.Links, c.Events
	}
	return truth.Spans.Totals.ExportedRecords, -1, -1
}

// TestOTLPJSONCaptures compares the number of spans with what the programs that made them counted.
func TestOTLPJSONCaptures(t *testing.T) {
	main := []string{"traces.jsonl.gz"}
	for _, tt := range []struct {
		scenario string
		files    []string // that together hold the export once
	}{
		{"formats", main}, {"formats", []string{"mixed.jsonl.gz"}}, {"formats", []string{"by-service/*.jsonl.gz"}}, {"formats", []string{"rotated*.jsonl.gz"}},
		{"healthy", main}, {"hotrod", main}, {"labels", main}, {"leaks", main}, {"legacy", main}, {"links", main}, {"native", main},
		{"skew", main}, {"status", main}, {"upgrade", main},
	} {
		t.Run(tt.scenario+"/"+tt.files[0], func(t *testing.T) {
			want, wantLinks, wantEvents := capturedTruth(t, tt.scenario)
			var got TraceStats
			for _, pattern := range tt.files {
				files, err := filepath.Glob(filepath.Join(captureDir, tt.scenario, "otlp", pattern))
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range files {
					r := mustReadJSON(t, gunzipped(t, f))
					if len(r.art.Losses) > 0 {
						t.Errorf("%s: losses %v", f, r.art.Losses)
					}
					got.Spans += r.art.Traces.Spans
					got.Links += r.art.Traces.Links
					got.Events += r.art.Traces.Events
				}
			}
			if got.Spans != want || wantLinks >= 0 && (got.Links != wantLinks || got.Events != wantEvents) {
				t.Errorf("%+v, want %d spans, %d links, %d events", got, want, wantLinks, wantEvents)
			}
		})
	}
}

// TestOTLPJSONAndProtobuf compares the captures that exist in both encodings. The protobuf one is read
// by its own reader, and decoded with the official types and written as JSON.
func TestOTLPJSONAndProtobuf(t *testing.T) {
	for _, scenario := range []string{"formats", "native", "legacy"} {
		t.Run(scenario, func(t *testing.T) {
			capturedTruth(t, scenario)
			framed := gunzipped(t, filepath.Join(captureDir, scenario, "otlp", "traces.binpb.gz"))
			frames := framed
			var lines []byte
			for len(frames) > 0 {
				n := 4 + binary.BigEndian.Uint32(frames)
				var td tracepb.TracesData
				if err := proto.Unmarshal(frames[4:n], &td); err != nil {
					t.Fatal(err)
				}
				lines = gen.AppendJSON(lines, &td)
				frames = frames[n:]
			}
			got := mustReadJSON(t, gunzipped(t, filepath.Join(captureDir, scenario, "otlp", "traces.jsonl.gz"))).withoutRefs()
			if d := cmp.Diff(mustReadJSON(t, lines).withoutRefs(), got); d != "" {
				t.Errorf("rows differ (-official types +JSON):\n%s", d)
			}
			if d := cmp.Diff(readOTLP(t, formatOTLPFramed, bytes.NewReader(framed)).withoutRefs(), got); d != "" {
				t.Errorf("rows differ (-protobuf +JSON):\n%s", d)
			}
		})
	}
}

// TestOTLPJSONRewritten compares the other forms of one export's first batches.
func TestOTLPJSONRewritten(t *testing.T) {
	capturedTruth(t, "formats")
	other := filepath.Join(captureDir, "formats", "otlp", "other")
	var td tracepb.TracesData
	if err := proto.Unmarshal(gunzipped(t, filepath.Join(other, "one-message.pb.gz")), &td); err != nil {
		t.Fatal(err)
	}
	want := mustReadJSON(t, gen.AppendJSON(nil, &td)).withoutRefs()
	files, err := filepath.Glob(filepath.Join(other, "*json*.gz"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		data := gunzipped(t, f)
		got := mustReadJSON(t, data)
		if d := cmp.Diff(want, got.withoutRefs()); d != "" {
			t.Errorf("%s: rows differ (-protobuf +JSON):\n%s", f, d)
		}
		if bytes.HasPrefix(data, []byte("[")) && got.art.Encoding != "json" {
			t.Errorf("%s: encoding %s", f, got.art.Encoding)
		}
	}
}
