package evidence

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
	"google.golang.org/protobuf/encoding/protowire"
)

// generatePprof makes a CPU profile in the order of runtime/pprof: stacks of 12 to 60 frames over 4,000
// functions, and five labels on each sample, one of them a span id that no other sample has. The same
// count gives the same bytes.
func generatePprof(samples int) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	g := &pprofGenerator{strings: map[string]uint64{"": 0}, list: []string{""}}
	g.varint(profTimeNanos, 1_760_000_000_000_501_970)
	g.message(profSampleType, func(m *pprofGenerator) { m.varint(1, g.string("samples")); m.varint(2, g.string("count")) })
	g.message(profSampleType, func(m *pprofGenerator) { m.varint(1, g.string("cpu")); m.varint(2, g.string("nanoseconds")) })
	g.varint(profDurationNanos, 30_000_000_000)
	g.message(profPeriodType, func(m *pprofGenerator) { m.varint(1, g.string("cpu")); m.varint(2, g.string("nanoseconds")) })
	g.varint(profPeriod, 10_000_000)
	const functions, locations = 4000, 9000
	for id := uint64(1); id <= locations; id++ {
		fn := (id-1)%functions + 1
		g.message(profLocation, func(m *pprofGenerator) {
			m.varint(1, id)
			m.varint(2, 1)
			m.varint(3, 0x400000+id*37)
			m.message(4, func(l *pprofGenerator) { l.varint(1, fn); l.varint(2, id%900) })
			if id%5 == 0 { // an inlined caller
				m.message(4, func(l *pprofGenerator) { l.varint(1, fn%functions+1); l.varint(2, id%700) })
			}
		})
		if id == fn {
			g.message(profFunction, func(m *pprofGenerator) {
				name := g.string(fmt.Sprintf("example.com/shop/internal/pkg%d.(*Handler).step%d", id%83, id))
				m.varint(1, id)
				m.varint(2, name)
				m.varint(3, name)
				m.varint(4, g.string(fmt.Sprintf("/src/shop/internal/pkg%d/handler.go", id%83)))
				m.varint(5, id%1200+1)
			})
		}
	}
	for i := range samples {
		g.message(profSample, func(m *pprofGenerator) {
			m.varint(2, 1)
			m.varint(2, 10_000_000)
			var stack []byte
			for range 12 + rnd.IntN(49) {
				stack = protowire.AppendVarint(stack, 1+uint64(rnd.IntN(locations)))
			}
			m.bytes(1, stack)
			label := func(key, value string) {
				m.message(3, func(l *pprofGenerator) { l.varint(1, g.string(key)); l.varint(2, g.string(value)) })
			}
			label("az", "us-east-1"+string(rune('a'+rnd.IntN(3))))
			label("route", "/api/v1/resource"+strconv.Itoa(rnd.IntN(40)))
			label("tenant", "tenant-"+strconv.Itoa(rnd.IntN(200)))
			label("trace_id", fmt.Sprintf("%032x", i/8))
			label("span_id", fmt.Sprintf("%016x", rnd.Uint64()))
		})
	}
	g.message(profMapping, func(m *pprofGenerator) { m.varint(1, 1); m.varint(2, 0x400000); m.varint(3, 0x900000); m.varint(7, 1) })
	for _, s := range g.list {
		g.bytes(profString, []byte(s))
	}
	return g.out
}

type pprofGenerator struct {
	out     []byte
	strings map[string]uint64
	list    []string
}

func (g *pprofGenerator) string(s string) uint64 {
	i, ok := g.strings[s]
	if !ok {
		i = uint64(len(g.list))
		g.strings[s] = i
		g.list = append(g.list, s)
	}
	return i
}

func (g *pprofGenerator) varint(num protowire.Number, v uint64) {
	g.out = protowire.AppendTag(g.out, num, protowire.VarintType)
	g.out = protowire.AppendVarint(g.out, v)
}

func (g *pprofGenerator) bytes(num protowire.Number, b []byte) {
	g.out = protowire.AppendTag(g.out, num, protowire.BytesType)
	g.out = protowire.AppendBytes(g.out, b)
}

func (g *pprofGenerator) message(num protowire.Number, fill func(*pprofGenerator)) {
	var m pprofGenerator
	fill(&m)
	g.bytes(num, m.out)
}

const benchSamples = 100_000

var sink int64

// analysePprof does what the detectors do at least: it looks at every label, value and root.
func analysePprof(p *Profile) {
	for s := range p.Samples() {
		for _, l := range s.Labels {
			if l.Key == "span_id" {
				sink += int64(len(l.Value))
			}
		}
		if fn, ok := p.Root(s); ok {
			sink += int64(len(fn.Name))
		}
		sink += s.Values[0] + int64(s.Depth)
	}
}

// loadPprof reads a profile in the windows that Load uses.
func loadPprof(tb testing.TB, raw []byte) *Artifact {
	tb.Helper()
	a := &Artifact{}
	readPprofInput(tb, newInput(bytes.NewReader(raw), a, 3))
	return a
}

// BenchmarkPprof reads a profile whole and goes over its samples once.
func BenchmarkPprof(b *testing.B) {
	raw := generatePprof(benchSamples)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		analysePprof(loadPprof(b, raw).Profile)
	}
}

// BenchmarkPprofIterate is one further pass over the samples of a profile that is read.
func BenchmarkPprofIterate(b *testing.B) {
	raw := generatePprof(benchSamples)
	p := loadPprof(b, raw).Profile
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		analysePprof(p)
	}
}

// BenchmarkPprofGoogle is the baseline: google/pprof decodes the same bytes, without looking at a sample.
func BenchmarkPprofGoogle(b *testing.B) {
	raw := generatePprof(benchSamples)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		p, err := profile.ParseData(raw)
		if err != nil {
			b.Fatal(err)
		}
		sink += int64(len(p.Sample))
	}
}

// TestPprofMemory bounds what reading keeps and what it takes at most: 2 bytes for each byte of the raw
// profile, and 30 MB.
func TestPprofMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("no /proc")
	}
	if testing.Short() {
		t.Skip("generates a large profile")
	}
	raw := generatePprof(200_000)
	debug.FreeOSMemory()
	before := heapInUse()
	a := loadPprof(t, raw)
	analysePprof(a.Profile)
	grown := heapInUse() - before
	if limit := int64(2*len(raw) + 30<<20); grown > limit {
		t.Errorf("reading %d bytes takes %d bytes of heap from the system, want at most %d", len(raw), grown, limit)
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("raw %d, taken from the system %d, kept %d", len(raw), grown, int64(m.HeapAlloc)-before)
	runtime.KeepAlive(a)
	runtime.KeepAlive(raw)
}

// heapInUse returns the bytes of heap that the process holds, garbage included.
func heapInUse() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapSys - m.HeapReleased)
}

func TestGeneratedPprofEqualsGoogle(t *testing.T) {
	raw := generatePprof(3000)
	if !bytes.Equal(raw, generatePprof(3000)) {
		t.Fatal("the generator is not deterministic")
	}
	a := comparePprof(t, raw)
	if a.Format != "pprof/cpu" || a.Profile.Provenance != "runtime" || !strings.HasPrefix(a.Window.Rule, "cpu profile") {
		t.Errorf("generated profile is %s, %q, %q", a.Format, a.Profile.Provenance, a.Window.Rule)
	}
}
