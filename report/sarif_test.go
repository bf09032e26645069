package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/all"
	"github.com/witnessmark/witnessmark/evidence"
)

// sarifValidator is the schema of OASIS, errata 01, as its id says.
func sarifValidator(t *testing.T) *jsonschema.Schema {
	t.Helper()
	file, err := os.Open("testdata/schemas/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	doc, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(sarifSchema, doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile(sarifSchema)
}

func sarifOf(t *testing.T, d *Document) (log sarifLog, text []byte) {
	t.Helper()
	text = render(t, "sarif", d, TerminalOptions{Detectors: all.Detectors()})
	if err := json.Unmarshal(text, &log); err != nil {
		t.Fatal(err)
	}
	return log, text
}

// TestSARIFValid validates what the renderer writes against the schema, and makes sure that the schema
// refuses.
func TestSARIFValid(t *testing.T) {
	schema := sarifValidator(t)
	documents := specimens()
	documents["incident"] = incident(t)
	documents["many"] = crowded(40, "plain")
	documents["of a check that is not listed"] = crowded(1, "plain")
	documents["of a check that is not listed"].Checks = []Check{}
	for name, s := range hostile {
		documents["hostile "+name] = New(poisoned(s), Request{Command: "examine", Args: []string{s}, Version: s})
	}
	for name, d := range documents {
		_, text := sarifOf(t, d)
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(run map[string]any){
		"no tool":      func(run map[string]any) { delete(run, "tool") },
		"unknown":      func(run map[string]any) { run["surprise"] = 1 },
		"bad level":    func(run map[string]any) { run["results"].([]any)[0].(map[string]any)["level"] = "fatal" },
		"empty text":   func(run map[string]any) { run["results"].([]any)[0].(map[string]any)["message"] = map[string]any{} },
		"bad location": func(run map[string]any) { run["artifacts"].([]any)[0].(map[string]any)["length"] = "x" },
	} {
		_, text := sarifOf(t, specimens()["findings"])
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		change(v.(map[string]any)["runs"].([]any)[0].(map[string]any))
		if schema.Validate(v) == nil {
			t.Errorf("%s: the schema accepts it", name)
		}
	}
}

// TestSARIFRefersRight: what is an index points at what it names, every result has what GitHub refuses a log
// without, and every rule has help.
func TestSARIFRefersRight(t *testing.T) {
	d := incident(t)
	log, _ := sarifOf(t, d)
	run := log.Runs[0]
	if len(run.Results) != len(d.Findings) || len(run.Tool.Driver.Rules) != len(d.Checks) || len(run.Artifacts) != len(d.Artifacts) {
		t.Fatalf("%d results, %d rules, %d artifacts", len(run.Results), len(run.Tool.Driver.Rules), len(run.Artifacts))
	}
	for i, r := range run.Results {
		f := d.Findings[i]
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID || r.RuleID != f.ID {
			t.Errorf("result %d is of %s, rule %d, want %s", i, r.RuleID, r.RuleIndex, f.ID)
		}
		if r.Fingerprints["witnessmark/v1"] != f.Key || r.Fingerprints["primaryLocationLineHash"] != f.Key {
			t.Errorf("result %d has fingerprints %v, want %s", i, r.Fingerprints, f.Key)
		}
		locations := append(append([]sarifLocation{}, r.Locations...), r.Related...)
		if len(r.Locations) != 1 || len(r.Locations[0].Logical) != 1 || len(locations) != len(f.Exhibits) {
			t.Errorf("result %d has %d locations and %d related ones for %d exhibits", i, len(r.Locations), len(r.Related), len(f.Exhibits))
		}
		for j, l := range locations {
			checkSARIFLocation(t, d, &f.Exhibits[j], &l)
		}
	}
	for _, r := range run.Tool.Driver.Rules {
		if r.Short.Text == r.Name || r.Full.Text == r.Name || !strings.Contains(r.Help.Text, "Fix:") || !strings.Contains(r.Help.Markdown, "**Fix.**") ||
			r.HelpURI == "" || r.Configuration == nil {
			t.Errorf("rule %s has no help: %+v", r.ID, r)
		}
	}
}

// checkSARIFLocation: the URI decodes to the path, and the bytes of the region hold the exhibit.
func checkSARIFLocation(t *testing.T, d *Document, e *Exhibit, l *sarifLocation) {
	t.Helper()
	a := d.Artifacts[*l.Physical.Artifact.Index]
	path, err := url.PathUnescape(l.Physical.Artifact.URI)
	if err != nil || path != a.Path || a.ID != e.Artifact || l.Physical.Artifact.URIBaseID == "" {
		t.Errorf("%s is at %s (%v), want %s", e.Artifact, path, err, a.Path)
	}
	if l.Properties.DecodedOffset != e.Offset || l.Properties.DecodedLength != e.Length || l.Properties.Place != Place(a.Path, e.Offset, e.Length) {
		t.Errorf("place %+v, want that of %+v", l.Properties, e)
	}
	want := sarifRegion{0, a.Bytes}
	if len(a.Container) == 0 {
		want = sarifRegion{e.Offset, e.Length}
	}
	if l.Physical.Region != want {
		t.Errorf("region %+v of %s, want %+v", l.Physical.Region, a.Path, want)
	}
	if end := l.Physical.Region.ByteOffset + l.Physical.Region.ByteLength; end > a.Bytes {
		t.Errorf("the region of %s ends at %d of %d bytes", a.Path, end, a.Bytes)
	}
}

// crowded is a document with n findings of one check.
func crowded(n int, text string) *Document {
	r := result()
	f := r.Findings[1]
	r.Findings = nil
	for i := range n {
		f := f
		f.Message = fmt.Sprintf("%d %s", i, text)
		f.Subject = analyze.Subject("route", fmt.Sprint(i))
		r.Findings = append(r.Findings, f)
	}
	return New(r, Request{Command: "examine", FailOn: "warning"})
}

// TestSARIFCap: of too many results the worst are kept, and the log says how many are gone.
func TestSARIFCap(t *testing.T) {
	for _, extra := range []int{0, 7} {
		log, _ := sarifOf(t, crowded(sarifMaxResults+extra, ""))
		run := log.Runs[0]
		said := ""
		for _, n := range run.Invocations[0].Execution {
			if strings.Contains(n.Message.Text, "left out") {
				said = n.Message.Text
			}
		}
		want := map[int]string{0: "", 7: "7 findings left out (7 warnings): this log holds the worst 5,000"}[extra]
		if len(run.Results) != sarifMaxResults || said != want || !strings.HasPrefix(run.Results[0].Message.Text, "0 ") {
			t.Errorf("%d results, notice %q, want %d and %q", len(run.Results), said, sarifMaxResults, want)
		}
	}
}

// TestSARIFAccepted: what a baseline and the configuration say of each finding stands in the log as the standard names it.
func TestSARIFAccepted(t *testing.T) {
	states := func(d *Document) map[string]string {
		log, _ := sarifOf(t, d)
		got := map[string]string{}
		for _, r := range log.Runs[0].Results {
			if r.Suppressions == nil || len(r.Locations) != 1 || r.Fingerprints["witnessmark/v1"] == "" || log.Runs[0].Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
				t.Errorf("result %+v", r)
			}
			got[r.RuleID] = r.Baseline
			for _, s := range r.Suppressions {
				got[r.RuleID] += s.Kind + " " + s.Status + " " + s.Justification
			}
		}
		return got
	}
	want := map[string]string{
		"WM2001": "external accepted OPS-1: no labels | <b>yet</b>", "WM3001": "unchanged", "WM4001": "updated", "WM4002": "new", "WM4003": "absent",
	}
	if diff := cmp.Diff(want, states(acceptedDocument())); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	// Without a baseline nothing is compared with one.
	if diff := cmp.Diff(map[string]string{"WM1001": "", "WM4001": ""}, states(specimens()["findings"])); diff != "" {
		t.Errorf("states without a baseline (-want +got):\n%s", diff)
	}
}

// TestSARIFAcceptedCap: findings go before accepted ones, those before fixed ones, and the log counts what has no room.
func TestSARIFAcceptedCap(t *testing.T) {
	d := crowded(sarifMaxResults-2, "")
	d.Accepted = crowded(3, "").Findings
	d.Fixed = []Known{{}, {}}
	log, _ := sarifOf(t, d)
	said := log.Runs[0].Invocations[0].Execution
	if n := len(log.Runs[0].Results); n != sarifMaxResults {
		t.Errorf("%d results", n)
	}
	want := "1 accepted finding left out, 2 fixed findings left out: this log holds the worst 5,000"
	if !strings.Contains(fmt.Sprint(said), want) {
		t.Errorf("notifications %+v, want %q", said, want)
	}
}

func TestSARIFInvocation(t *testing.T) {
	d := specimens()["findings"]
	d.Run.ExitCode = ExitIncomplete
	log, _ := sarifOf(t, d)
	v := log.Runs[0].Invocations[0]
	var got []string
	for _, n := range append(v.Execution, v.Configuration...) {
		rule := ""
		if n.Rule != nil {
			rule = n.Rule.ID
		}
		got = append(got, strings.TrimSpace(n.Level+" "+rule+" "+n.Message.Text))
	}
	want := []string{
		"error  incomplete: 1 artifact could not be read",
		"error  incomplete: 1 artifact could be read only in part",
		"error  incomplete: 1 check broke",
		"warning  x/goroutine.txt is damaged: file ends inside a goroutine record (and 2 more)",
		"warning  x/empty is unreadable: no bytes",
		`error WM3001 WM3001 stack-truncated broke: panic: broken\ngoroutine 1 [running]`,
		"note  x/loop: leads to a folder that is read already",
		"note WM2001 WM2001 label-missing had nothing to look at: no label is required (--require-label)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("notifications (-want +got):\n%s", diff)
	}
	if v.ExecutionSuccessful || v.ExitCode != ExitIncomplete || len(v.Overrides) != 1 || v.Overrides[0].Descriptor.ID != "WM1002" || *v.Overrides[0].Configuration.Enabled {
		t.Errorf("invocation %+v", v)
	}
}

func TestSARIFURI(t *testing.T) {
	for _, c := range []struct{ path, uri, base string }{
		{"x/cpu.pb.gz", "x/cpu.pb.gz", "%SRCROOT%"},
		{"a.tar.gz!pod/支付 1.pb", "a.tar.gz%21pod/%E6%94%AF%E4%BB%98%201.pb", "%SRCROOT%"},
		{"a:b/c%2f?d#e", "a%3Ab/c%252f%3Fd%23e", "%SRCROOT%"},
		{"../x", "../x", "%SRCROOT%"},
		{"-", "-", "%SRCROOT%"},
		{"/var/dumps/x", "file:///var/dumps/x", ""},
		{"C:/dumps/x", "file:///C:/dumps/x", ""},
	} {
		got := sarifURI(c.path)
		if got.URI != c.uri || got.URIBaseID != c.base {
			t.Errorf("%s: %+v, want %s on %q", c.path, got, c.uri, c.base)
		}
		if _, err := url.Parse(got.URI); err != nil {
			t.Errorf("%s: %v", c.path, err)
		}
	}
}

// TestStoredAsDecoded: offsets go into a region only where they count in the bytes that the path names.
func TestStoredAsDecoded(t *testing.T) {
	for _, c := range []struct {
		path, containers string
		want             bool
	}{
		{"x", "", true}, {"x.gz", "gzip", false}, {"a.tar!x", "tar", true}, {"a.tgz!x", "gzip tar", true},
		{"a.tar!x.gz", "tar gzip", false}, {"pod.log", "cri", false}, {"x", "crlf", false},
	} {
		a := Artifact{Path: c.path, Container: strings.Fields(c.containers), Status: string(evidence.StatusOK)}
		if got := storedAsDecoded(&a); got != c.want {
			t.Errorf("%s in %q: %v, want %v", c.path, c.containers, got, c.want)
		}
	}
}

// TestSARIFMessage: captured text makes no placeholder and no link.
func TestSARIFMessage(t *testing.T) {
	for in, want := range map[string]string{
		"/stock/{id} {0}":      "/stock/{{id}} {{0}}",
		"[click](javascript:)": `[click\](javascript:)`,
		"a[0] (b)":             "a[0] (b)",
		"":                     "-",
		"one\n\ntwo\x1b[0m":    "one\n\ntwo" + `\x1b[0m`,
	} {
		if got := sarifText(in).Text; got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
