package evidence

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// TestResourcesOnly: passing over spans leaves the same artifacts and resources, in every form of OTLP, whole and cut.
func TestResourcesOnly(t *testing.T) {
	forms := map[string]func([]byte, *tracepb.TracesData) []byte{
		"message":    func(b []byte, td *tracepb.TracesData) []byte { return append(b, gen.Marshal(td, gen.Ascending)...) },
		"descending": func(b []byte, td *tracepb.TracesData) []byte { return append(b, gen.Marshal(td, gen.Descending)...) },
		"framed":     func(b []byte, td *tracepb.TracesData) []byte { return gen.AppendFrame(b, td, gen.Descending) },
		"jsonl":      gen.AppendJSON,
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			var data []byte
			for td := range gen.New(gen.Options{Seed: 3, Spans: 3000}).Requests() {
				data = form(data, td)
			}
			same(t, data)
			same(t, data[:len(data)-len(data)/3])
		})
	}
}

// same loads data with its spans and without. What is damaged and holds no span that was read is called unreadable.
func same(t *testing.T, data []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "traces")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	full, err := Load([]string{path}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	skimmed, err := Load([]string{path}, Options{ResourcesOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if full.Spans.Len() == 0 || skimmed.Spans.Len() != 0 {
		t.Fatalf("%d spans, %d without them", full.Spans.Len(), skimmed.Spans.Len())
	}
	if d := cmp.Diff(full.Resources, skimmed.Resources); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(full.Origins, skimmed.Origins); d != "" {
		t.Error(d)
	}
	a, b := full.Artifacts[0], skimmed.Artifacts[0]
	if a.Format != b.Format || a.Encoding != b.Encoding || (a.Status == StatusOK) != (b.Status == StatusOK) || a.DecodedBytes != b.DecodedBytes {
		t.Errorf("%s %s %s %d, without spans %s %s %s %d", a.Format, a.Encoding, a.Status, a.DecodedBytes, b.Format, b.Encoding, b.Status, b.DecodedBytes)
	}
}
