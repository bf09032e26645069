package evidence

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRecognise(t *testing.T) {
	const metrics = "# HELP a b\n# TYPE a counter\n"
	for _, c := range []struct {
		name, in string
		format   Format
		status   Status
	}{
		{"go-trace", "go 1.19 trace\x00\x00\x00\x01\x02", "go-trace", StatusOK},
		{"go-trace, cut", "go 1.26 trace\x00\x00\x00\x01\x02", "go-trace", StatusUnreadable},
		{"not a trace", "go 1.26 traces are long", FormatUnknown, StatusUnknown},
		{"metrics", metrics + "a 1\n", "prometheus/text", StatusOK},
		{"metrics without types", "a 1\nb{x=\"}\\\"\"} 2.5e3 1600000000000\nc NaN\n", "prometheus/text", StatusOK},
		{"one metric-like line", "retries 3\n", FormatUnknown, StatusUnknown},
		{"openmetrics", metrics + "a_total 1 # {trace_id=\"x\"} 1\n# EOF\n", "openmetrics/text", StatusOK},
		{"openmetrics, long", metrics + strings.Repeat("a_total 1\n", 50_000) + "# EOF", "openmetrics/text", StatusOK},
		{"a comment that mentions EOF", metrics + "a 1\n# not # EOF\n", "prometheus/text", StatusOK},
		{"tracking -c", "7F7F0101,,10,1795172606.103534677,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,0.000000000,0.000000000,0.0,Normal\n", "chrony/tracking", StatusOK},
		{"sourcestats -c", "127.0.0.40,21,9,8,-0.309,1.327,-0.000005240,0.000003416\n", "chrony/sourcestats", StatusOK},
		{"some csv", "a,1,2,3,4,5,6,7\n", FormatUnknown, StatusUnknown},
		{"other csv", "a,b,c\n1,2,3\n", FormatUnknown, StatusUnknown},
		{"no daemon", "506 Cannot talk to daemon\n", "chrony/error", StatusUnreadable},
		{"one kubernetes object", `{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"}}`, "k8s/list", StatusOK},
		{"gce", `{"attributes":{},"hostname":"a.b","id":1,"machineType":"projects/1/machineTypes/e2","networkInterfaces":[],"zone":"projects/1/zones/us-central1-a"}`, "gce/metadata", StatusOK},
		{"gce, whole server", `{"instance":{"hostname":"a","machineType":"m","zone":"projects/1/zones/z"},"oslogin":{},"project":{}}`, "gce/metadata", StatusOK},
		{"gce, zone alone", "projects/123/zones/us-central1-a", "gce/metadata", StatusOK},
		{"azure", `{"compute":{"azEnvironment":"AzurePublicCloud","location":"westus","vmId":"x","zone":"1"},"network":{}}`, "azure/metadata", StatusOK},
		{"zipkin", `[{"traceId":"5982fe77008310cc","id":"bd7a977555f6b982","kind":"CLIENT","timestamp":1}]`, "zipkin/v2-json", StatusOK},
		{"zipkin, traces", `[[{"id":"bd7a977555f6b982","traceId":"5982fe77008310cc"}]]`, "zipkin/v2-json", StatusOK},
		{"gctrace", "gc 1 @0.012s 2%: 0.010+0.5+0.004 ms clock, 0.02+0.1/0.2/0.1+0.008 ms cpu, 4->4->0 MB, 4 MB goal, 0 MB stacks, 0 MB globals, 2 P\nlog\n", "gctrace/log", StatusOK},
		{"profile that was refused", "Could not enable CPU profiling: cpu profiling already in use\n", "http/error-body", StatusUnreadable},
		{"index page", "<!DOCTYPE html><html><head>\n<title>/debug/pprof/</title>", "html", StatusUnreadable},
		{"plain text", "hello, world\n", FormatUnknown, StatusUnknown},
		{"plain json", `{"a":1,"b":[{"c":2}]}`, FormatUnknown, StatusUnknown},
		{"cut json", `{"a":[{`, FormatUnknown, StatusUnknown},
		{"garbage", "\x00\xff\x01\x80garbage\x00", FormatUnknown, StatusUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := LoadReader("x", strings.NewReader(c.in), Options{}).Artifacts[0]
			if a.Format != c.format || a.Status != c.status {
				t.Errorf("got %s, %s, want %s, %s", a.Format, a.Status, c.format, c.status)
			}
			if (a.Status == StatusUnreadable) != (len(a.Losses) == 1) {
				t.Errorf("losses %v", a.Losses)
			}
		})
	}
}

func TestRecogniseQuotes(t *testing.T) {
	a := LoadReader("x", strings.NewReader("<html><title>/debug/pprof/ &amp; more\x1b[31m</title>"), Options{}).Artifacts[0]
	want := `an HTML page in place of a capture, titled "/debug/pprof/ & more\x1b[31m"`
	if len(a.Losses) != 1 || a.Losses[0].What != want {
		t.Errorf("got %v, want %s", a.Losses, want)
	}
}

// TestCapturesKnown: every capture is read or recognised, but for what is no capture.
func TestCapturesKnown(t *testing.T) {
	if _, err := os.Stat(sharedCaptures); err != nil {
		t.Skip("no captures to look at")
	}
	b, err := Load([]string{sharedCaptures}, Options{Jobs: 2})
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	filepath.WalkDir(sharedCaptures, func(_ string, d fs.DirEntry, _ error) error {
		if d.Type().IsRegular() {
			files++
		}
		return nil
	})
	if files == 0 || len(b.Artifacts) != files {
		t.Errorf("%d artifacts of %d files", len(b.Artifacts), files)
	}
	for _, a := range b.Artifacts {
		name := filepath.Base(a.Path)
		if name == "truth.json" || name == "README.md" || strings.Contains(a.Path, "/hotrod/logs/") {
			// The logs of HotROD are plain text: no evidence that this release knows.
			if a.Format != FormatUnknown {
				t.Errorf("%s: taken for %s", a.Path, a.Format)
			}
			continue
		}
		if a.Format == FormatUnknown {
			t.Errorf("%s: unknown", a.Path)
		}
		// chronyc -c prints nothing where there is no source.
		if a.Format == FormatEmpty && !bytes.HasSuffix([]byte(name), []byte("sources-c.txt")) {
			t.Errorf("%s: empty", a.Path)
		}
	}
}
