package spans_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/tiny"
)

func TestOrphan(t *testing.T) { testSpecimens(t, "WM4001", orphanSpecimens) }

// TestOrphanInOneProcess: what to do names every way in which a process loses a parent.
func TestOrphanInOneProcess(t *testing.T) {
	r := run(t, load(t, tiny.JSON(tiny.Span{Service: "a", ID: 2, Parent: 9, Name: "work", Flags: tiny.Local})), analyze.Options{})
	for _, f := range findings(r, "WM4001") {
		for _, way := range []string{"OTEL_BSP_MAX_QUEUE_SIZE", "span.End()", "ParentBased"} {
			if !strings.Contains(f.Fix, way) {
				t.Errorf("to do %q does not name %s", f.Fix, way)
			}
		}
	}
	if n := len(findings(r, "WM4001")); n != 1 {
		t.Errorf("%d findings, want 1", n)
	}
}

var orphanSpecimens = []specimen{
	{name: "fires: local by flags", spans: []tiny.Span{
		{Service: "a", ID: 1, Name: "root", Kind: tiny.Server},
		{Service: "a", ID: 2, Parent: 9, Name: "work", Kind: tiny.Internal, Flags: tiny.Local},
	}, want: []string{
		`warning proven "client"="a","route"="work","server"="a", 1 of 1 span of a on "work" names a parent that no artifact holds (1 trace); their flags say that it was in the same process`,
	}},
	{name: "fires: local by kind, without flags", spans: []tiny.Span{
		{Service: "a", ID: 2, Parent: 9, Name: "work", Kind: tiny.Client},
		{Service: "a", Trace: 2, ID: 2, Name: "work", Kind: tiny.Client},
	}, want: []string{
		`warning proven "client"="a","route"="work","server"="a", 1 of 2 spans of a on "work" names a parent that no artifact holds (1 trace); by their kind it was in the same process`,
	}},
	{name: "fires: remote, and nothing tells whose", spans: []tiny.Span{
		{Service: "b", ID: 2, Parent: 9, Name: "GET", Route: "/x", Kind: tiny.Server, Flags: tiny.Remote},
		{Service: "b", ID: 3, Parent: 8, Name: "GET", Route: "/x", Kind: tiny.Server},
	}, want: []string{
		`warning proven "client"="?","route"="/x","server"="b", 2 of 2 spans of b on "/x" name a parent that no artifact holds (1 trace); nothing tells which service it was of`,
	}},
	{name: "fires: remote, and callers of its like are known", spans: []tiny.Span{
		{Service: "b", ID: 2, Parent: 9, Name: "GET", Route: "/x", Kind: tiny.Server, Flags: tiny.Remote},
		{Service: "a", Trace: 2, ID: 1, Name: "call", Kind: tiny.Client},
		{Service: "b", Trace: 2, ID: 2, Parent: 1, Name: "GET", Route: "/x", Kind: tiny.Server, Flags: tiny.Remote},
	}, want: []string{
		`warning proven "client"="?","route"="/x","server"="b", 1 of 2 spans of b on "/x" names a parent that no artifact holds (1 trace); nothing tells which service it was of; where it is present, it is of a (1 span)`,
	}},
	{name: "fires: remote, and a local sibling tells whose", spans: []tiny.Span{
		{Service: "b", ID: 2, Parent: 9, Name: "GET", Route: "/x", Kind: tiny.Server, Flags: tiny.Remote},
		{Service: "a", ID: 3, Parent: 9, Name: "log", Kind: tiny.Internal, Flags: tiny.Local},
	}, want: []string{
		`warning proven "client"="a","route"="/x","server"="b", 1 of 1 span of b on "/x" names a parent that no artifact holds (1 trace); it was of a, as other spans without the same parent tell`,
		`warning proven "client"="a","route"="log","server"="a", 1 of 1 span of a on "log" names a parent that no artifact holds (1 trace); their flags say that it was in the same process`,
	}},
	{name: "fires: siblings that disagree tell nothing", spans: []tiny.Span{
		{Service: "b", ID: 2, Parent: 9, Name: "GET", Route: "/x", Kind: tiny.Server, Flags: tiny.Remote},
		{Service: "a", ID: 3, Parent: 9, Name: "log", Kind: tiny.Internal, Flags: tiny.Local},
		{Service: "c", ID: 4, Parent: 9, Name: "log", Kind: tiny.Internal, Flags: tiny.Local},
	}, want: []string{
		`warning proven "client"="?","route"="/x","server"="b", 1 of 1 span of b on "/x" names a parent that no artifact holds (1 trace); nothing tells which service it was of`,
		`warning proven "client"="a","route"="log","server"="a", 1 of 1 span of a on "log" names a parent that no artifact holds (1 trace); their flags say that it was in the same process`,
		`warning proven "client"="c","route"="log","server"="c", 1 of 1 span of c on "log" names a parent that no artifact holds (1 trace); their flags say that it was in the same process`,
	}},
	{name: "near miss: the parent is in another trace", spans: []tiny.Span{
		{Service: "a", ID: 9, Name: "root", Kind: tiny.Server},
		{Service: "a", Trace: 2, ID: 2, Parent: 9, Name: "work", Kind: tiny.Internal, Flags: tiny.Local},
	}, want: []string{
		`warning proven "client"="a","route"="work","server"="a", 1 of 1 span of a on "work" names a parent that no artifact holds (1 trace); their flags say that it was in the same process`,
	}},
	{name: "near miss: sent twice, counted once", spans: []tiny.Span{
		{Service: "a", ID: 2, Parent: 9, Name: "work", Kind: tiny.Internal, Flags: tiny.Local},
		{Service: "a", ID: 2, Parent: 9, Name: "work", Kind: tiny.Internal, Flags: tiny.Local},
	}, want: []string{
		`warning proven "client"="a","route"="work","server"="a", 1 of 1 span of a on "work" names a parent that no artifact holds (1 trace); their flags say that it was in the same process`,
	}},
	{name: "near miss: a span that is its own parent is an invalid id", spans: []tiny.Span{
		{Service: "a", ID: 2, Parent: 2, Name: "work", Kind: tiny.Internal},
	}},
	{name: "near miss: children of a shared id", spans: []tiny.Span{
		{Service: "a", ID: 1, Name: "root", Kind: tiny.Server},
		{Service: "a", ID: 2, Parent: 1, Name: "call", Kind: tiny.Client},
		{Service: "b", ID: 2, Parent: 1, Name: "call", Kind: tiny.Server},
		{Service: "b", ID: 3, Parent: 2, Name: "work"},
	}},
	{name: "near miss: the server half of a shared id has no parent", spans: []tiny.Span{
		{Service: "a", ID: 1, Name: "root", Kind: tiny.Server},
		{Service: "a", ID: 2, Parent: 1, Name: "call", Kind: tiny.Client},
		{Service: "b", ID: 2, Name: "call", Kind: tiny.Server},
	}},
	{name: "silent: children before their parents", spans: []tiny.Span{
		{Service: "b", ID: 3, Parent: 2, Name: "GET", Kind: tiny.Server, Flags: tiny.Remote},
		{Service: "a", ID: 2, Parent: 1, Name: "call", Kind: tiny.Client, Flags: tiny.Local},
		{Service: "a", ID: 1, Name: "root", Kind: tiny.Server},
	}},
}

func TestOrphanParentInAnotherArtifact(t *testing.T) {
	root := tiny.JSON(tiny.Span{Service: "a", ID: 1, Name: "call", Kind: tiny.Client})
	child := tiny.JSON(tiny.Span{Service: "b", ID: 2, Parent: 1, Name: "GET", Kind: tiny.Server})
	if got := lines(run(t, load(t, child, root), analyze.Options{}), "WM4001"); got != nil {
		t.Errorf("both files: %q, want nothing", got)
	}
	if got := lines(run(t, load(t, child), analyze.Options{}), "WM4001"); len(got) != 1 {
		t.Errorf("the child's file alone: %q, want one finding", got)
	}
}

func TestOrphanBounds(t *testing.T) {
	var list []tiny.Span
	id := uint64(1)
	for service := range 3 {
		for route := range 5 {
			for range 10 - route {
				name := string(rune('a' + service))
				list = append(list, tiny.Span{Service: name, ID: id, Parent: 1000, Name: "r" + string(rune('0'+route)), Kind: tiny.Internal})
				id++
			}
		}
	}
	b := load(t, tiny.JSON(list...))
	r := run(t, b, analyze.Options{MaxRoutes: 2})
	if diff := cmp.Diff([]string{
		`warning proven "client"="a","route"="(other)","server"="a", 21 spans of a on 3 routes beyond those listed name a parent that no artifact holds; by their kind it was in the same process`,
		`warning proven "client"="a","route"="r0","server"="a", 10 of 10 spans of a on "r0" name a parent that no artifact holds (1 trace); by their kind it was in the same process`,
	}, lines(r, "WM4001")[:2]); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if n := len(lines(r, "WM4001")); n != 9 {
		t.Errorf("%d findings, want 9", n)
	}
	got := lines(run(t, b, analyze.Options{MaxSubjects: 1}), "WM4001")
	if diff := cmp.Diff([]string{
		`warning proven "client"="(other)","route"="(other)","server"="(other)", 110 spans on 14 hops and routes beyond those listed name a parent that no artifact holds`,
		`warning proven "client"="a","route"="r0","server"="a", 10 of 10 spans of a on "r0" name a parent that no artifact holds (1 trace); by their kind it was in the same process`,
	}, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestOrphanInDamagedFile(t *testing.T) {
	doc := tiny.JSON(
		tiny.Span{Service: "a", ID: 2, Parent: 9, Name: "work", Kind: tiny.Internal},
		tiny.Span{Service: "a", ID: 9, Name: "root", Kind: tiny.Server},
	)
	got := lines(run(t, load(t, doc[:len(doc)-60]), analyze.Options{}), "WM4001")
	want := []string{`warning proven "client"="a","route"="work","server"="a", 1 of 1 span of a on "work" names a parent that no artifact holds (1 trace); by their kind it was in the same process; data of 1 artifact with spans is lost, and what is missing may be among it`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestCensus(t *testing.T) {
	second := uint64(1_700_000_000_000_000_000)
	r := run(t, load(t, tiny.JSON(
		tiny.Span{Service: "a", Zone: "z", ID: 1, Name: "GET /metrics", Kind: tiny.Server, Start: second, End: second + 5},
		tiny.Span{Service: "a", Zone: "z", ID: 2, Parent: 1, Name: "zero", Kind: tiny.Internal, Start: second, End: second},
		tiny.Span{Service: "a", ID: 3, Parent: 1, Name: "negative", Kind: tiny.Internal, Start: second, End: second - 1},
		tiny.Span{Service: "unknown_service:x", Zone: "z", ID: 4, Parent: 1, Name: "unended", Kind: tiny.Internal, Start: second},
		tiny.Span{Zone: "z", ID: 5, Parent: 1, Name: "x", Route: "/debug/pprof/profile", Kind: tiny.Server, Start: second, End: second + 5},
		tiny.Span{Zone: "z", ID: 5, Parent: 1, Name: "x", Route: "/debug/pprof/profile", Kind: tiny.Server, Start: second, End: second + 5},
		tiny.Span{Service: "a", Zone: "z", Trace: 2, ID: 6, Name: "/metrics", Kind: tiny.Client, Start: second, End: second + 5},
		tiny.Span{Service: "a", Zone: "z", Trace: 2, ID: 7, Name: "/metricsandmore", Kind: tiny.Server, Start: second, End: second + 5},
		tiny.Span{Service: "a", Zone: "z", Trace: 3, ID: 8, Parent: 70, Name: "x", Kind: tiny.Internal, Start: second, End: second + 5},
	)), analyze.Options{})
	for name, want := range map[string]float64{
		"spans.total": 9, "spans.duplicate": 1, "spans.zero_duration": 1, "spans.negative_duration": 1, "spans.unended": 1,
		"spans.noise": 2, "resources.without_az": 1, "resources.without_service": 2, "spans.orphan": 1,
		"traces.total": 3, "traces.multi_root": 1, "traces.rootless": 1, "traces.complete_ratio": 1. / 3,
	} {
		if got := measured(t, r, name).Value; got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
}

func TestHops(t *testing.T) {
	call := func(trace uint64, name string) tiny.Span {
		return tiny.Span{Service: "a", Trace: trace, ID: 1, Name: name, Kind: tiny.Client}
	}
	served := func(trace uint64, by string) tiny.Span {
		return tiny.Span{Service: by, Trace: trace, ID: 2, Parent: 1, Name: "serve", Kind: tiny.Server}
	}
	r := run(t, load(t, tiny.JSON(
		call(1, "b.Get"), served(1, "b"),
		call(2, "b.Get"), served(2, "b"), // a retry below the instrumentation: two servers' spans, one call
		tiny.Span{Service: "b", Trace: 2, ID: 3, Parent: 1, Name: "serve", Kind: tiny.Server},
		call(3, "b.Get"), // lost on the way
		call(4, "HTTP GET"), served(4, "b"),
		call(5, "HTTP GET"), served(5, "c"),
		call(6, "HTTP GET"), // to b or to c
		call(7, "SELECT"),   // a database
	)), analyze.Options{})
	interval := func(v, low, high float64) analyze.Measure { return analyze.Measure{Value: v, Low: &low, High: &high} }
	for _, w := range []struct {
		name, server string
		want         analyze.Measure
	}{
		{"hop.calls", "b", interval(4, 4, 5)},
		{"hop.coverage", "b", interval(0.75, 0.6, 0.75)},
		{"hop.calls", "c", interval(1, 1, 2)},
		{"hop.coverage", "c", interval(1, 0.5, 1)},
	} {
		got := measured(t, r, w.name, "client", "a", "server", w.server)
		got = analyze.Measure{Value: got.Value, Low: got.Low, High: got.High}
		if diff := cmp.Diff(w.want, got); diff != "" {
			t.Errorf("%s of %s (-want +got):\n%s", w.name, w.server, diff)
		}
	}
}
