package evidence

import (
	"math"
	"os"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

func TestPprofSniffSpecimens(t *testing.T) {
	for name, raw := range pprofSpecimens(t) {
		if !sniffPprof(raw, true) {
			t.Errorf("%s: refused", name)
		}
		// A cut one as long as one message of the schema is left.
		for _, n := range []int{40, 100, 200, len(raw) - 1} {
			if n < len(raw) && !sniffPprof(raw[:n], true) {
				t.Errorf("%s cut at %d: refused", name, n)
			}
		}
	}
	for _, order := range []string{"tpnlfsmr", "sm", "mlf", "lf", "fl", "rs", "r", "nt", "pt"} {
		if !sniffPprof(smallPprof(order), true) {
			t.Errorf("order %q: refused", order)
		}
	}
}

func TestPprofSniffRefuses(t *testing.T) {
	lenPrefixed := func(num protowire.Number, b []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), b)
	}
	resource := lenPrefixed(1, lenPrefixed(1, lenPrefixed(1, []byte("service.name"))))
	span := append(lenPrefixed(1, make([]byte, 16)), lenPrefixed(2, make([]byte, 8))...)
	scopeSpans := lenPrefixed(2, lenPrefixed(2, span))
	rows := map[string][]byte{
		"nothing":                      nil,
		"one byte":                     {0x0a},
		"an empty message":             {0x0a, 0x00},
		"OTLP, resource first":         lenPrefixed(1, append(resource, scopeSpans...)),
		"OTLP, spans first":            lenPrefixed(1, append(scopeSpans, resource...)),
		"OTLP, schema URL first":       lenPrefixed(1, append(lenPrefixed(3, []byte("https://opentelemetry.io/schemas/1.26.0")), scopeSpans...)),
		"OTLP, empty resource spans":   {0x0a, 0x00, 0x0a, 0x00},
		"OTLP framed":                  append([]byte{0, 0, 0, 40}, lenPrefixed(1, resource)...),
		"a message of strings":         append(lenPrefixed(6, []byte("hello")), lenPrefixed(6, []byte("world"))...),
		"goroutine text":               []byte("goroutine 1 [running]:\nmain.main()\n\t/src/main.go:10 +0x1d\n"),
		"debug=1":                      []byte("goroutine profile: total 10\n10 @ 0x43a0 0x44b1\n"),
		"JSON":                         []byte(`{"resourceSpans":[{"resource":{}}]}`),
		"blank lines":                  []byte("\n\n\n\n\n\n\n\n\n\n\n\n\n"),
		"text that starts with a tag":  []byte("*  a b c d e f g h i j k l m n o p q r s t u v w x y z\n"),
		"text that starts with 2":      []byte("2024-05-01T10:00:00Z INFO started the server on port 8080 and so on for a while\n"),
		"text that starts with quotes": []byte("\"a b c\",\"d e f\"\n1,2\n3,4\n"),
		"HTML":                         []byte("<html><head><title>/debug/pprof/</title></head></html>"),
		"execution trace":              []byte("go 1.26 trace\x00\x00\x00\x01\x02\x03"),
		"gzip":                         {0x1f, 0x8b, 8, 0, 0, 0, 0, 0},
		"zstd":                         {0x28, 0xb5, 0x2f, 0xfd, 4, 0},
		"ELF":                          []byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00"),
		"zeros":                        make([]byte, 64),
	}
	for name, raw := range rows {
		for _, whole := range []bool{true, false} {
			if sniffPprof(raw, whole) {
				t.Errorf("%s (whole %v): accepted", name, whole)
			}
		}
	}
}

// TestPprofSniffRefusesCode runs sniff over what else lies in the repository.
func TestPprofSniffRefusesCode(t *testing.T) {
	for _, path := range []string{"format_pprof.go", "../go.mod", "../go.sum", "../LICENSE", "../Makefile"} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(b); at += 97 {
			if sniffPprof(b[at:], true) {
				t.Errorf("%s from byte %d: accepted", path, at)
			}
		}
	}
}

func TestProfileWindow(t *testing.T) {
	const now = 1_760_000_000_000_000_000
	count := func(name string) []ValueType { return []ValueType{{name, "count"}} }
	rows := []struct {
		name       string
		p          Profile
		start, end uint64
		known      bool
	}{
		{"cpu", Profile{Kind: KindCPU, TimeNanos: now, DurationNanos: 30}, now, now + 30, true},
		{"cpu without a duration", Profile{Kind: KindCPU, TimeNanos: now}, now, now, true},
		{"cpu with a negative duration", Profile{Kind: KindCPU, TimeNanos: now, DurationNanos: -5}, now, now, true},
		{"no time", Profile{Kind: KindCPU, DurationNanos: 30}, 0, 0, false},
		{"negative time", Profile{Kind: KindCPU, TimeNanos: -1, DurationNanos: 30}, 0, 0, false},
		{"largest numbers", Profile{Kind: KindCPU, TimeNanos: math.MaxInt64, DurationNanos: math.MaxInt64}, math.MaxInt64, 2 * math.MaxInt64, true},
		{"heap", Profile{Kind: KindHeap, TimeNanos: now}, now, now, true},
		{"heap delta", Profile{Kind: KindHeap, TimeNanos: now, DurationNanos: 30}, now - 30, now, true},
		{"delta longer than time", Profile{Kind: KindHeap, TimeNanos: 10, DurationNanos: 30}, 0, 10, true},
		{"delta of a custom profile", Profile{Kind: KindCustom, TimeNanos: now, DurationNanos: 30,
			SampleTypes: count("conns"), PeriodType: ValueType{"conns", "count"}}, now - 30, now, true},
		{"unknown kind with a duration", Profile{Kind: KindCustom, TimeNanos: now, DurationNanos: 30,
			SampleTypes: []ValueType{{"samples", "count"}, {"wall", "nanoseconds"}}}, now - 30, now + 30, true},
	}
	for _, r := range rows {
		r.p.Delta = r.p.DurationNanos > 0 && endsAtTime(&r.p)
		w := profileWindow(&r.p)
		if w.Start != r.start || w.End != r.end || w.Known() != r.known || w.Known() && w.Rule == "" {
			t.Errorf("%s: window %+v, want %d to %d, known %v", r.name, w, r.start, r.end, r.known)
		}
	}
}
