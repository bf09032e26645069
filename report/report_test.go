package report

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/all"
	"github.com/witnessmark/witnessmark/evidence"
)

// incident returns the report of the demo's incident.
func incident(t *testing.T) *Document {
	t.Helper()
	b, err := evidence.Load([]string{"../cmd/witnessmark/demo/incident"}, evidence.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := New(analyze.Run(b, all.Detectors(), analyze.Options{RequireLabels: []string{"route"}}), Request{Command: "examine", Version: "v1.2.3"})
	if len(d.Findings) == 0 || len(d.Measures) == 0 || len(d.Resources) == 0 {
		t.Fatal("the incident's report has no findings, measures or resources")
	}
	return d
}

// specimens returns documents that between them use every field.
func specimens() map[string]*Document {
	return map[string]*Document{
		"findings": New(result(), Request{Command: "examine", Args: []string{"examine", "x"}, Version: "v1.2.3"}),
		"inspect":  New(inspected(), Request{Command: "inspect", Args: []string{"inspect", "x"}, Version: "v1.2.3"}),
		"clocks":   clocksDocument(),
		"accepted": acceptedDocument(),
		"clean":    New(cleanResult(), Request{Command: "examine", Args: []string{"x"}, Version: "v1.2.3"}),
		"empty":    New(&analyze.Result{Bundle: &evidence.Bundle{}}, Request{Command: "examine", Version: "v1.2.3"}),
	}
}

func inspected() *analyze.Result {
	r := result()
	return &analyze.Result{Bundle: r.Bundle}
}

func cleanResult() *analyze.Result {
	r := result()
	r.Bundle.Artifacts = r.Bundle.Artifacts[:1]
	r.Bundle.Origins = nil
	r.Findings = nil
	r.Checks = []analyze.Check{{ID: "WM1001", Name: "artifact-damaged", Outcome: analyze.Clean}}
	return r
}

// result is a result that uses every field of the model which the document shows.
func result() *analyze.Result {
	low, high := 0.4, 0.6
	return &analyze.Result{
		Bundle: bundle(),
		Checks: []analyze.Check{
			{ID: "WM1001", Name: "artifact-damaged", Outcome: analyze.Found, Findings: 1},
			{ID: "WM1002", Name: "artifact-unknown", Outcome: analyze.Disabled},
			{ID: "WM2001", Name: "label-missing", Outcome: analyze.Inapplicable, Reason: "no label is required (--require-label)"},
			{ID: "WM3001", Name: "stack-truncated", Outcome: analyze.Failed, Reason: "panic: broken\ngoroutine 1 [running]"},
			{ID: "WM4001", Name: "orphan-span", Outcome: analyze.Found, Findings: 1},
			{ID: "WM4002", Name: "duplicate-span-id", Outcome: analyze.Clean},
			{ID: "WM4003", Name: "invalid-id", Outcome: analyze.Clean},
		},
		Findings: []analyze.Finding{
			{ID: "WM1001", Name: "artifact-damaged", Severity: analyze.Error, Basis: analyze.Proven,
				Subject: analyze.Subject("artifact", "goroutine.txt"),
				Message: "the goroutine dump ends inside the record of goroutine 88123, after 3 whole records in 67,108,864 bytes, so at least one stack is lost",
				Exhibits: []analyze.Exhibit{{Ref: evidence.Ref{Artifact: 1, Off: 67108000, Len: 864}, Role: "cut",
					Text: "goroutine 88123 [chan receive, 12 minutes]:"}},
				Fix: "capture /debug/pprof/goroutine?debug=0 or ?debug=1 instead: they hold every goroutine, as counts of equal stacks, and fit where debug=2 is cut at 64 MiB"},
			{ID: "WM4001", Name: "orphan-span", Severity: analyze.Warning, Basis: analyze.Heuristic,
				Subject: analyze.Subject("client", "frontend", "server", "checkout", "route", "/cart"),
				Message: "12 of 12,345 spans name a parent that no artifact holds",
				Measures: []analyze.Measure{analyze.M("spans.orphan", "spans", 12),
					{Name: "hop.coverage", Unit: "ratio", Subject: analyze.Subject("client", "frontend"), Value: 0.5, Low: &low, High: &high}},
				Exhibits: []analyze.Exhibit{
					{Ref: evidence.Ref{Artifact: 2, Off: 10, Len: 40}, Role: "child", Text: "trace=0102 span=0304 GET /cart"},
					{Ref: evidence.Ref{Artifact: 2, Off: 90, Len: 41}, Role: "child", Text: "trace=0102 span=0305 GET /cart"}}},
		},
		Measures: []analyze.Measure{analyze.M("artifacts.total", "artifacts", 6), analyze.M("label.coverage", "ratio", 0.25, "artifact", "x/cpu.pb.gz", "key", "az")},
	}
}

// bundle is the evidence of result.
func bundle() *evidence.Bundle {
	from := func(value, source string) evidence.Attr { return evidence.Attr{Value: value, From: source} }
	return &evidence.Bundle{
		Artifacts: []*evidence.Artifact{
			{
				Path: "x/cpu.pb.gz", Format: "pprof/cpu", Containers: []string{"gzip"}, SizeBytes: 81233, DecodedBytes: 300112,
				Window: evidence.Window{Start: 1760000000000501970, End: 1760000030000501970, Rule: "cpu profile: time_nanos is the start"},
				Identity: evidence.Identity{Service: from("checkout", "manifest witnessmark.yaml"), Instance: from("checkout-0", "--identity"),
					Host: from("ip-10-0-1-7", "path"), AZ: from("us-east-1a", "--identity"), Domain: from("ip-10-0-1-7", "path")},
				Go: evidence.GoVersion{Min: 26, Max: 26, Why: "runtime.gopark starts at line 445 (go1.26)"}, Status: evidence.StatusOK,
				Profile: &evidence.Profile{Kind: evidence.KindCPU, Delta: true, Provenance: "runtime", DurationNanos: 30e9,
					SampleTypes: []evidence.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}}},
			},
			{
				Path: "x/goroutine.txt", Format: evidence.FormatGoroutinePanic, SizeBytes: 64 << 20, DecodedBytes: 64 << 20, Status: evidence.StatusDamaged,
				Go: evidence.GoVersion{Min: 23, Max: 25, Why: "header"},
				Losses: []evidence.Loss{{Ref: evidence.Ref{Artifact: 1, Off: 67108000, Len: 864}, Origin: evidence.InReading,
					What: "file ends inside a goroutine record", Cut: true}},
				MoreLosses: 2,
				Dump:       &evidence.Dump{Goroutines: make([]evidence.Goroutine, 3), Dumps: 2, Reason: "panic: boom"},
			},
			{
				Path: "x/traces.binpb", Format: evidence.FormatOTLPTraces, Encoding: "protobuf-framed", SizeBytes: 4096, DecodedBytes: 4096,
				Status: evidence.StatusOK, Traces: &evidence.TraceStats{Spans: 12345, Resources: 2, Other: map[string]int{"resourceMetrics": 3}},
				Window: evidence.Window{Start: 1760000000000000001, End: 1760000000000000001, Rule: "first start to last end of the spans"},
			},
			{Path: "x/app.prom", Format: "prometheus/text", SizeBytes: 10, DecodedBytes: 10, Status: evidence.StatusOK},
			{Path: "x/notes.txt", Format: evidence.FormatUnknown, SizeBytes: 10, DecodedBytes: 10, Status: evidence.StatusUnknown},
			{Path: "x/empty", Format: evidence.FormatEmpty, Status: evidence.StatusUnreadable,
				Losses: []evidence.Loss{{Ref: evidence.Ref{Artifact: 5}, Origin: evidence.InReading, What: "no bytes"}}},
		},
		Resources: []evidence.Resource{
			{Identity: evidence.Identity{Service: from("checkout", "resource service.name"), Host: from("ip-10-0-1-7", "resource host.name"),
				AZ: from("us-east-1a", "resource cloud.availability_zone"), Domain: from("ip-10-0-1-7", "resource host.name")},
				Region: evidence.Attr{Value: "us-east-1", From: "resource cloud.region"}, SDK: "go/1.47.0", RuntimeVersion: "go1.26.8"},
			{Identity: evidence.Identity{Service: from("frontend", "resource service.name")}},
		},
		Origins: []evidence.Origin{{Artifact: 2, Resource: 1}, {Artifact: 2, Resource: 0}, {Artifact: 2, Resource: 1}},
		Notes:   []string{"x/loop: leads to a folder that is read already"},
	}
}

func render(t *testing.T, format string, d *Document, o TerminalOptions) []byte {
	t.Helper()
	for _, r := range Renderers {
		if r.Name == format {
			var buf bytes.Buffer
			if err := r.Render(&buf, d, o); err != nil {
				t.Fatalf("render %s: %v", format, err)
			}
			return buf.Bytes()
		}
	}
	t.Fatalf("no renderer %q", format)
	return nil
}

func TestRenderers(t *testing.T) {
	for _, r := range Renderers {
		for name, d := range specimens() {
			golden(t, "testdata/"+name+"."+r.Name, render(t, r.Name, d, TerminalOptions{}))
		}
	}
	d := specimens()["findings"]
	golden(t, "testdata/findings.width80", render(t, "table", d, TerminalOptions{Width: 80}))
	golden(t, "testdata/findings.limit1", render(t, "table", d, TerminalOptions{Limit: 1}))
	golden(t, "testdata/findings.color", render(t, "table", d, TerminalOptions{Color: true}))
}

// TestColorRepeatsWords: colour adds nothing that is not in the words.
func TestColorRepeatsWords(t *testing.T) {
	for name, d := range specimens() {
		colored := string(render(t, "table", d, TerminalOptions{Color: true}))
		for _, c := range []string{colorReset, colorRed, colorYellow, colorCyan, colorBold, colorDim} {
			colored = strings.ReplaceAll(colored, c, "")
		}
		if diff := cmp.Diff(string(render(t, "table", d, TerminalOptions{})), colored); diff != "" {
			t.Errorf("%s (-plain +coloured):\n%s", name, diff)
		}
	}
}

func TestWidthIsKept(t *testing.T) {
	d := specimens()["findings"]
	for _, width := range []int{100, 120, 200} {
		for line := range strings.Lines(string(render(t, "table", d, TerminalOptions{Width: width}))) {
			// The line of an exhibit is there to be copied and is never cut.
			if n := textWidth(strings.TrimRight(line, "\n")); n > width && !strings.Contains(line, "@") {
				t.Errorf("width %d: a line has %d columns: %s", width, n, line)
			}
			if strings.TrimRight(line, " \n")+"\n" != line {
				t.Errorf("trailing blanks: %q", line)
			}
		}
	}
}

// TestReadIsInverse: a saved document renders as the first did, in every format.
func TestReadIsInverse(t *testing.T) {
	documents := specimens()
	documents["incident"] = incident(t)
	for name, d := range documents {
		saved := render(t, "json", d, TerminalOptions{})
		back, err := Read(bytes.NewReader(saved))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, r := range Renderers {
			if diff := cmp.Diff(string(render(t, r.Name, d, TerminalOptions{})), string(render(t, r.Name, back, TerminalOptions{}))); diff != "" {
				t.Errorf("%s as %s (-first +saved):\n%s", name, r.Name, diff)
			}
		}
	}
}

func TestReadRefuses(t *testing.T) {
	good := string(render(t, "json", specimens()["clean"], TerminalOptions{}))
	for name, in := range map[string]string{
		"empty":        "",
		"cut":          good[:len(good)/2],
		"other schema": strings.Replace(good, Schema, "witnessmark.report/2", 1),
		"not ours":     `{"findings":[]}`,
		"two":          good + good,
	} {
		if d, err := Read(strings.NewReader(in)); err == nil {
			t.Errorf("%s: read as %v", name, d)
		}
	}
}

func TestKey(t *testing.T) {
	f := analyze.Finding{ID: "WM4001", Subject: analyze.Subject("client", "a", "server", "b"), Message: "one"}
	g := f
	g.Message, g.Severity, g.Exhibits = "two", analyze.Note, []analyze.Exhibit{{}}
	if Key(&f) != Key(&g) {
		t.Error("the key depends on more than id and subject")
	}
	if !strings.HasPrefix(Key(&f), "c1:") {
		t.Errorf("key %q does not name its recipe", Key(&f))
	}
	for _, h := range []analyze.Finding{
		{ID: "WM4002", Subject: f.Subject},
		{ID: "WM4001", Subject: analyze.Subject("client", "b", "server", "a")},
		{ID: "WM4001", Subject: analyze.Subject("client", `a","server"="b`)},
	} {
		if Key(&f) == Key(&h) {
			t.Errorf("%v has the key of %v", h.Subject, f.Subject)
		}
	}
	// Baselines hold keys: changing the recipe needs a new prefix.
	if got, want := Key(&f), "c1:eb6748e894cded1ef5e5baf58a6f76b1"; got != want {
		t.Errorf("key is %s, want %s", got, want)
	}
}

func TestExitCode(t *testing.T) {
	whole, broken := evidence.StatusOK, evidence.StatusUnreadable
	for _, c := range []struct {
		name     string
		severity analyze.Severity // "" for no finding
		status   evidence.Status
		failOn   string
		allow    bool
		unmet    []string
		want     int
	}{
		{"clean", "", whole, "", false, nil, ExitClean},
		{"error by default", analyze.Error, whole, "", false, nil, ExitFindings},
		{"warning by default", analyze.Warning, whole, "", false, nil, ExitClean},
		{"warning on warning", analyze.Warning, whole, "warning", false, nil, ExitFindings},
		{"error on note", analyze.Error, whole, "note", false, nil, ExitFindings},
		{"error on never", analyze.Error, whole, Never, false, nil, ExitClean},
		{"incomplete", "", broken, "", false, nil, ExitIncomplete},
		{"incomplete allowed", "", broken, "", true, nil, ExitClean},
		{"incomplete and never", analyze.Error, broken, Never, false, nil, ExitIncomplete},
		{"findings before incomplete", analyze.Error, broken, "", false, nil, ExitFindings},
		{"input missing", "", whole, "", true, []string{"x: no such file or folder"}, ExitFailure},
		{"input missing and findings", analyze.Error, whole, "", false, []string{"x: no such file or folder"}, ExitFailure},
		{"unknown content is no gap", "", evidence.StatusUnknown, "", false, nil, ExitClean},
	} {
		res := &analyze.Result{Bundle: &evidence.Bundle{Artifacts: []*evidence.Artifact{{Path: "x", Status: c.status}}}}
		if c.severity != "" {
			res.Findings = []analyze.Finding{{ID: "WM1001", Severity: c.severity}}
		}
		d := New(res, Request{FailOn: c.failOn, AllowIncomplete: c.allow, Unmet: c.unmet})
		if d.Run.ExitCode != c.want {
			t.Errorf("%s: exit code %d, want %d", c.name, d.Run.ExitCode, c.want)
		}
		if whole := c.status != broken && c.unmet == nil; d.Run.Complete != whole || whole != (len(d.Run.Incomplete) == 0) {
			t.Errorf("%s: complete is %v because of %q", c.name, d.Run.Complete, d.Run.Incomplete)
		}
	}
}

// golden compares got with a file; WITNESSMARK_UPDATE=1 writes it.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if os.Getenv("WITNESSMARK_UPDATE") != "" {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not what the code makes; WITNESSMARK_UPDATE=1 rewrites it (-file +code):\n%s", path, diff)
	}
}
