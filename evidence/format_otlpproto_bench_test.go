//go:build unix

package evidence

import (
	"bytes"
	"runtime"
	"syscall"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

// BenchmarkOTLPProtoRatio reads the same bytes with the official types and with this package, in turn, and
// reports the ratio of processor time, garbage collection included. It is what performance is judged by:
// the time on a clock says little on a machine with other work.
func BenchmarkOTLPProtoRatio(b *testing.B) {
	o := gen.Options{Seed: 1, Spans: 65_000}
	for _, c := range []struct {
		name  string
		order gen.Order
	}{{"ascending", gen.Ascending}, {"descending", gen.Descending}} {
		b.Run(c.name, func(b *testing.B) {
			data, truth := gen.Message(o, c.order)
			b.SetBytes(int64(len(data)))
			var ours, theirs int64
			for b.Loop() {
				runtime.GC()
				start := cpuNanos(b)
				var td tracepb.TracesData
				if err := proto.Unmarshal(data, &td); err != nil {
					b.Fatal(err)
				}
				theirs += cpuNanos(b) - start
				runtime.KeepAlive(&td)
				td.Reset()
				runtime.GC()
				start = cpuNanos(b)
				bundle, _ := loadProto(b, bytes.NewReader(data))
				ours += cpuNanos(b) - start
				if bundle.Spans.Len() != truth.Spans {
					b.Fatalf("%d spans, want %d", bundle.Spans.Len(), truth.Spans)
				}
			}
			spans := float64(truth.Spans) * float64(b.N)
			b.ReportMetric(float64(ours)/float64(theirs), "ratio")
			b.ReportMetric(float64(ours)/spans, "cpu-ns/span")
			b.ReportMetric(float64(theirs)/spans, "official-cpu-ns/span")
		})
	}
}

// cpuNanos returns the processor time that this process has used.
func cpuNanos(tb testing.TB) int64 {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
