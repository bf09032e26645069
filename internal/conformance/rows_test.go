package conformance

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/witnessmark/witnessmark/evidence"
)

// row is what both sides must say of a span.
type row struct {
	Trace       [16]byte
	ID, Parent  uint64
	Start, End  uint64
	Name, Route string
	Kind        int32
	Status      int32
	Flags       uint32
	Linked      bool
	Service     string
	Host        string
	Resource    int // number of the resource, in order of first sight
}

// pdataRows returns the rows of traces in file order.
func pdataRows(documents []ptrace.Traces) (rows []row, stats evidence.TraceStats) {
	resources := map[string]int{}
	for _, td := range documents {
		for i := range td.ResourceSpans().Len() {
			rs := td.ResourceSpans().At(i)
			attrs := rs.Resource().Attributes()
			key := canonical(attrs)
			for j := range rs.ScopeSpans().Len() {
				spans := rs.ScopeSpans().At(j).Spans()
				for k := range spans.Len() {
					if _, ok := resources[key]; !ok {
						resources[key] = len(resources)
					}
					r := pdataRow(spans.At(k))
					r.Resource = resources[key]
					r.Service = stringOf(attrs, "service.name")
					if r.Host = stringOf(attrs, "host.name"); r.Host == "" {
						r.Host = stringOf(attrs, "k8s.node.name")
					}
					rows = append(rows, r)
					stats.Spans++
					stats.Events += spans.At(k).Events().Len()
					stats.Links += spans.At(k).Links().Len()
				}
			}
		}
	}
	return rows, stats
}

func pdataRow(s ptrace.Span) row {
	id, parent := s.SpanID(), s.ParentSpanID()
	return row{
		Trace: s.TraceID(), ID: binary.BigEndian.Uint64(id[:]), Parent: binary.BigEndian.Uint64(parent[:]),
		Start: uint64(s.StartTimestamp()), End: uint64(s.EndTimestamp()), Name: s.Name(), Route: routeOf(s.Attributes()),
		Kind: int32(s.Kind()), Status: int32(s.Status().Code()), Flags: s.Flags() & 0x3ff, Linked: s.Links().Len() > 0,
	}
}

// canonical is a text that two resources share if their attributes are the same in any order.
func canonical(m pcommon.Map) string {
	return fmt.Sprintf("%#v", m.AsRaw()) // fmt sorts the keys of maps
}

func stringOf(m pcommon.Map, key string) string {
	v, ok := m.Get(key)
	if !ok || v.Type() != pcommon.ValueTypeStr {
		return ""
	}
	return v.Str()
}

func routeOf(m pcommon.Map) string {
	destination := stringOf(m, "messaging.destination.name")
	if destination == "" {
		destination = stringOf(m, "messaging.destination")
	}
	service, method := stringOf(m, "rpc.service"), stringOf(m, "rpc.method")
	switch route := stringOf(m, "http.route"); {
	case route != "":
		return route
	case service != "" && method != "":
		return service + "/" + method
	case method != "":
		return method
	}
	return destination
}

// loadRows reads data with package evidence.
func loadRows(t testing.TB, data []byte) ([]row, *evidence.Artifact) {
	t.Helper()
	b := evidence.LoadReader("export", bytes.NewReader(data), evidence.Options{})
	var rows []row
	numbers := map[uint32]int{}
	for i := range b.Spans.Len() {
		s := b.Span(i)
		rs := b.Resource(s.Origin)
		number := b.Origins[s.Origin].Resource
		if _, ok := numbers[number]; !ok {
			numbers[number] = len(numbers)
		}
		r := row{
			ID: s.ID, Parent: s.Parent, Start: s.Start, End: s.End, Name: b.Strings[s.Name], Route: b.Strings[s.Route],
			Kind: int32(s.Kind), Status: int32(s.Status.Code()), Flags: uint32(s.Flags & 0x3ff), Linked: s.Flags&evidence.LinkedSpan != 0,
			Service: rs.Identity.Service.Value, Host: rs.Identity.Host.Value, Resource: numbers[number],
		}
		if s.Trace != evidence.NoTrace {
			r.Trace = b.Traces[s.Trace]
		}
		if s.Flags&evidence.BadSpanID != 0 {
			r.ID = 0
		}
		rows = append(rows, r)
	}
	if len(b.Artifacts) != 1 {
		t.Fatalf("%d artifacts", len(b.Artifacts))
	}
	return rows, b.Artifacts[0]
}

// compare holds what evidence reads in data against documents.
func compare(t testing.TB, what string, data []byte, documents []ptrace.Traces) {
	t.Helper()
	want, stats := pdataRows(documents)
	got, a := loadRows(t, data)
	if a.Traces == nil || len(a.Losses) != 0 {
		t.Fatalf("%s: format %s, losses %+v", what, a.Format, a.Losses)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s: rows differ (-pdata +evidence):\n%s", what, d)
	}
	if a.Traces.Spans != stats.Spans || a.Traces.Events != stats.Events || a.Traces.Links != stats.Links {
		t.Errorf("%s: counts %+v, pdata has %+v", what, *a.Traces, stats)
	}
}

// captured returns the captured OTLP/JSON files, unpacked; none where there are no captures.
func captured(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	const root = "../../../shared/captures"
	for _, pattern := range []string{"*/otlp/*.jsonl.gz", "*/otlp/by-service/*.jsonl.gz", "*/otlp/other/*.jsonl.gz"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			files[strings.TrimPrefix(filepath.ToSlash(f), root+"/")] = unpacked(t, f)
		}
	}
	return files
}

func unpacked(t testing.TB, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	data, err := io.ReadAll(zr)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
}
