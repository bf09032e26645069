package conformance

import (
	"bytes"
	"encoding/json"
	"io"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

// BenchmarkOTLPJSON reports "ratio": the processor time of reading an export and keeping its rows, in
// that of decoding the same bytes with pdata. Both run in turn in one process with one processor, and
// the ratio is the median over the pairs; processor time includes the garbage collector's.
func BenchmarkOTLPJSON(b *testing.B) {
	lines, _ := gen.JSONLines(gen.Options{Seed: 1, Spans: 20000})
	for _, form := range []struct {
		name      string
		documents [][]byte
	}{
		{"collector", reshape(b, lines, nil)},
		{"indented", reshape(b, lines, func(w io.Writer, doc []byte) error {
			var out bytes.Buffer
			if err := json.Indent(&out, doc, "", "  "); err != nil {
				return err
			}
			_, err := out.WriteTo(w)
			return err
		})},
		{"sorted", reshape(b, lines, func(w io.Writer, doc []byte) error {
			var v any
			dec := json.NewDecoder(bytes.NewReader(doc))
			dec.UseNumber()
			if err := dec.Decode(&v); err != nil {
				return err
			}
			return json.NewEncoder(w).Encode(v)
		})},
	} {
		b.Run(form.name, func(b *testing.B) { ratio(b, form.documents) })
	}
}

// reshape writes every document anew.
func reshape(b *testing.B, lines []byte, write func(io.Writer, []byte) error) [][]byte {
	b.Helper()
	var documents [][]byte
	for line := range bytes.Lines(lines) {
		if write == nil {
			documents = append(documents, line)
			continue
		}
		var out bytes.Buffer
		if err := write(&out, line); err != nil {
			b.Fatal(err)
		}
		documents = append(documents, out.Bytes())
	}
	return documents
}

func ratio(b *testing.B, documents [][]byte) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	whole := bytes.Join(documents, nil)
	var ratios, ours, theirs []float64
	for b.Loop() {
		subject := cpuSeconds(b, func() {
			bundle := evidence.LoadReader("export", bytes.NewReader(whole), evidence.Options{})
			if len(bundle.Artifacts[0].Losses) > 0 {
				b.Fatal(bundle.Artifacts[0].Losses)
			}
		})
		baseline := cpuSeconds(b, func() {
			for _, doc := range documents {
				if _, err := jsonReader.UnmarshalTraces(doc); err != nil {
					b.Fatal(err)
				}
			}
		})
		ratios = append(ratios, subject/baseline)
		ours = append(ours, float64(len(whole))/1e6/subject)
		theirs = append(theirs, float64(len(whole))/1e6/baseline)
	}
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(median(ours), "MB/cpu-s")
	b.ReportMetric(median(theirs), "pdata-MB/cpu-s")
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

func cpuSeconds(b *testing.B, f func()) float64 {
	b.Helper()
	runtime.GC()
	before := processorTime(b)
	f()
	return processorTime(b) - before
}

func processorTime(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(u.Utime) + seconds(u.Stime)
}
