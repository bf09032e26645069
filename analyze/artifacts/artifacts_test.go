package artifacts

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// file is one input of a test.
type file struct {
	path string
	data []byte
}

func load(t testing.TB, files ...file) *evidence.Bundle {
	t.Helper()
	dir := t.TempDir()
	var names []string
	for _, f := range files {
		names = append(names, f.path)
		path := filepath.Join(dir, f.path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	b, err := evidence.Load(names, evidence.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func run(t testing.TB, b *evidence.Bundle, o analyze.Options) *analyze.Result {
	t.Helper()
	r := analyze.Run(b, Detectors, o)
	for _, c := range r.Checks {
		if c.Outcome == analyze.Failed {
			t.Fatalf("%s failed: %s", c.ID, c.Reason)
		}
	}
	return r
}

// lines writes the findings of one detector for comparison.
func lines(r *analyze.Result, id string) []string {
	var out []string
	for _, f := range r.Findings {
		if f.ID == id {
			out = append(out, fmt.Sprintf("%s %s %s %s", f.Severity, f.Basis, analyze.SubjectKey(f.Subject), f.Message))
		}
	}
	return out
}

func measures(r *analyze.Result, prefix string) map[string]float64 {
	out := map[string]float64{}
	for _, m := range r.Measures {
		if strings.HasPrefix(m.Name, prefix) {
			out[strings.TrimSuffix(m.Name+" "+analyze.SubjectKey(m.Subject), " ")] = m.Value
		}
	}
	return out
}

// goroutines captures this program's goroutines, among them n that wait for done.
func goroutines(t testing.TB, debug, n int) []byte {
	t.Helper()
	done, started := make(chan struct{}), make(chan struct{})
	defer close(done)
	for range n {
		go func() { started <- struct{}{}; <-done }()
	}
	for range n {
		<-started
	}
	var buf bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&buf, debug); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func heap(t testing.TB) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := pprof.Lookup("heap").WriteTo(&buf, 0); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func compress(data []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	w.Write(data)
	w.Close()
	return buf.Bytes()
}

func TestDamaged(t *testing.T) {
	profile := heap(t)
	cut := profile[:len(profile)/2]
	r := run(t, load(t, file{"a/heap.pb.gz", cut}, file{"b/heap.pb.gz", cut}, file{"whole.pb.gz", profile}, file{"empty.pb.gz", nil}), analyze.Options{})
	got := lines(r, "WM1001")
	if len(got) != 2 {
		t.Fatalf("findings %q, want one for the two files of one name and one for the empty file", got)
	}
	for _, want := range []string{
		`warning proven "artifact"="empty.pb.gz","format"="empty", empty.pb.gz is empty (0 bytes): the command that wrote it failed, was stopped, or had nothing to tell`,
		`warning proven "artifact"="heap.pb.gz","format"="pprof/`,
		`2 artifacts named heap.pb.gz are damaged or unreadable; the first of them: a/heap.pb.gz`,
		`the gzip stream ends early`,
	} {
		if !strings.Contains(strings.Join(got, "\n"), want) {
			t.Errorf("findings %q, want %q in them", got, want)
		}
	}
	want := map[string]float64{"artifacts.total": 4, "artifacts.unreadable": 1, "artifacts.damaged": 2, "artifacts.unknown": 0}
	if m := measures(r, "artifacts."); m["artifacts.total"] != 4 || m["artifacts.unreadable"]+m["artifacts.damaged"] != 3 {
		t.Errorf("measures %v, want like %v", m, want)
	}
}

// TestNoCapture: a file that never held a capture is said to hold what it holds, with what to do about that, and is not
// called damaged.
func TestNoCapture(t *testing.T) {
	for name, c := range map[string]struct{ content, says, fix string }{
		"nothing":  {"", "f is empty (0 bytes): the command that wrote it failed, was stopped, or had nothing to tell", fixEmpty},
		"refusal":  {"404 page not found\n", `f holds no capture: an error message in place of a capture: "404 page not found"`, fixRefused},
		"page":     {"<!DOCTYPE html><title>502 Bad Gateway</title>", `f holds no capture: an HTML page in place of a capture, titled "502 Bad Gateway"`, fixRefused},
		"response": {"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n\r\ndebug endpoint disabled\n", "f holds no capture: the HTTP response is an error: 403 Forbidden", fixRefused},
		"daemon":   {"506 Cannot talk to daemon\n", `f holds no capture: chronyc got no answer: it says "506 Cannot talk to daemon"`, fixRefused},
		"damage":   {string(heap(t)[:300]), "f (", fixDamaged},
	} {
		r := run(t, load(t, file{"f", []byte(c.content)}), analyze.Options{})
		found := false
		for _, f := range r.Findings {
			if f.ID == "WM1001" {
				found = true
				if !strings.HasPrefix(f.Message, c.says) || f.Fix != c.fix {
					t.Errorf("%s: %q, to do %q; want %q, %q", name, f.Message, f.Fix, c.says, c.fix)
				}
			}
		}
		if !found {
			t.Errorf("%s: no finding", name)
		}
	}
}

func TestDamagedSaysWhatWasKept(t *testing.T) {
	spans := `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708"}` +
		`,{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"01020304`
	got := lines(run(t, load(t, file{"t.jsonl", []byte(spans)}), analyze.Options{}), "WM1001")
	if len(got) != 1 || !strings.Contains(got[0], "t.jsonl (otlp/traces) is damaged: 1 span could be read; lost: ") {
		t.Errorf("findings %q, want one that says that one span was read", got)
	}
}

func TestUnknown(t *testing.T) {
	noise := bytes.Repeat([]byte("key: value\n"), 100)
	long := bytes.Repeat(noise, 5)
	r := run(t, load(t, file{"one.yaml", noise}, file{"x/two.yaml.gz", compress(noise)}, file{"README", noise}, file{"x.log", long}, file{"heap.pb.gz", heap(t)}), analyze.Options{})
	want := []string{
		`note proven "ending"=".log", x.log (5500 bytes) is of no format that is read`,
		`note proven "ending"=".yaml", 2 artifacts (ending: .yaml), the first of them one.yaml, are of no format that is read`,
		`note proven "ending"="none", README (1100 bytes) is of no format that is read`,
	}
	if diff := cmp.Diff(want, lines(r, "WM1002")); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	for _, f := range r.Findings {
		if said, short := strings.Contains(f.Fix, "A short one"), f.Subject["ending"] != ".log"; said != short {
			t.Errorf("%s: to do %q", f.Message, f.Fix)
		}
	}
	if got := lines(r, "WM1001"); got != nil {
		t.Errorf("an unknown file is damaged: %q", got)
	}
}

func TestDumpCut(t *testing.T) {
	dump := goroutines(t, 2, 50)
	last := bytes.LastIndex(dump, []byte("\ngoroutine "))
	inside := dump[:last+60]
	const subject = `error proven "artifact"="g.txt","format"="goroutine/debug2", g.txt ends early: `
	for _, c := range []struct {
		name  string
		files []file
		want  string // prefix of the one finding; "" for none
		also  string // must be in it
	}{
		{name: "fires: inside a record", files: []file{{"g.txt", inside}}, want: subject, also: " whole records before it"},
		{name: "fires: inside a compressed stream", files: []file{{"g.txt", compress(dump)[:500]}}, want: subject, also: "the gzip stream ends early"},
		{name: "near miss: whole", files: []file{{"g.txt", dump}}},
		{name: "silent: a profile", files: []file{{"g.pb.gz", goroutines(t, 0, 50)}, {"heap.pb.gz", heap(t)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, load(t, c.files...), analyze.Options{})
			got := lines(r, "WM1003")
			switch {
			case c.want == "" && got != nil:
				t.Errorf("findings %q, want none", got)
			case c.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], c.want) || !strings.Contains(got[0], c.also)):
				t.Errorf("findings %q, want one that begins with %q and holds %q", got, c.want, c.also)
			}
			if damaged := lines(r, "WM1001"); damaged != nil {
				t.Errorf("the same loss is reported twice: %q", damaged)
			}
		})
	}
}

func TestDumpCutPairs(t *testing.T) {
	dump := goroutines(t, 2, 50)
	cut := dump[:bytes.Index(dump, []byte("\ngoroutine "))+60]
	for _, c := range []struct {
		name, dump, profile string
		debug               int
		want                string
	}{
		{"debug=0 of the same stem", "x/goroutine.after.debug2.txt", "x/goroutine.after.pb.gz", 0, "; x/goroutine.after.pb.gz (same folder and name) counts "},
		{"debug=1 of the same stem", "x/goroutine-debug2.txt", "x/goroutine-debug1.txt", 1, "; x/goroutine-debug1.txt (same folder and name) counts "},
		{"another stem", "x/goroutine.after.debug2.txt", "x/goroutine.before.pb.gz", 0, ""},
		{"another folder", "x/goroutine.debug2.txt", "y/goroutine.pb.gz", 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := lines(run(t, load(t, file{c.dump, cut}, file{c.profile, goroutines(t, c.debug, 50)}), analyze.Options{}), "WM1003")
			if len(got) != 1 {
				t.Fatalf("findings %q, want one", got)
			}
			if has := strings.Contains(got[0], " counts "); has != (c.want != "") || !strings.Contains(got[0], c.want) {
				t.Errorf("finding %q, want %q in it", got[0], c.want)
			}
			if c.want != "" && !strings.Contains(got[0], "an estimate of what is missing because the two were not captured at one moment") {
				t.Errorf("finding %q states a difference without saying what it is worth", got[0])
			}
		})
	}
}

func TestPairOfOneProcess(t *testing.T) {
	identity := func(service, instance string) evidence.Identity {
		return evidence.Identity{Service: evidence.Attr{Value: service}, Instance: evidence.Attr{Value: instance}}
	}
	profile := func(path string, kind evidence.Kind, id evidence.Identity) *evidence.Artifact {
		return &evidence.Artifact{Path: path, Status: evidence.StatusOK, Profile: &evidence.Profile{Kind: kind}, Identity: id}
	}
	dump := &evidence.Artifact{Path: "dump.txt", Dump: &evidence.Dump{}, Identity: identity("a", "1")}
	mine := profile("mine", evidence.KindGoroutine, identity("a", "1"))
	others := []*evidence.Artifact{
		profile("other instance", evidence.KindGoroutine, identity("a", "2")),
		profile("other service", evidence.KindGoroutine, identity("b", "1")),
		profile("other kind", evidence.KindHeap, identity("a", "1")),
	}
	if got, how := pairOf(&evidence.Bundle{Artifacts: append(others, mine)}, dump); got != mine || how != "same service and instance" {
		t.Errorf("pair %v (%s), want the profile of the same process", got, how)
	}
	again := profile("again", evidence.KindGoroutine, identity("a", "1"))
	if got, _ := pairOf(&evidence.Bundle{Artifacts: []*evidence.Artifact{mine, again}}, dump); got != nil {
		t.Errorf("pair %s of two profiles of the process: which of them is not told", got.Path)
	}
	dump.Identity, mine.Identity = identity("a", ""), identity("a", "")
	if got, _ := pairOf(&evidence.Bundle{Artifacts: []*evidence.Artifact{mine}}, dump); got != nil {
		t.Errorf("pair %s of one service: its replicas have it too", got.Path)
	}
}

// TestDumpOf64MiB makes dumps as long as the runtime's limit: one that ends inside a record, which is
// proof, and one that ends between two, which is none.
func TestDumpOf64MiB(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 128 MiB")
	}
	record := "goroutine %d [chan receive]:\nmain.wait(0x1)\n\t/src/main.go:%d +0x1d\ncreated by main.start in goroutine 1\n\t/src/main.go:7 +0x1f\n\n"
	var text bytes.Buffer
	text.WriteString("goroutine 1 [running]:\nmain.main()\n\t/src/main.go:3 +0x1d\n\n")
	for id := 100_000; text.Len() < runtimeCut; id++ {
		fmt.Fprintf(&text, record, id, 10)
	}
	inside := text.Bytes()[:runtimeCut]
	// The last record that fits gets a file name as long as what is left.
	end := bytes.LastIndex(inside, []byte("\n\n")) + 2
	between := bytes.Clone(inside[:end-3])
	between = append(between, bytes.Repeat([]byte("0"), runtimeCut-end)...)
	between = append(between, inside[end-3:end]...)
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{{"inside", inside, "error proven "}, {"between", between, "error heuristic "}} {
		if len(c.data) != runtimeCut {
			t.Fatalf("%s: %d bytes", c.name, len(c.data))
		}
		got := lines(run(t, load(t, file{"g.txt", c.data}), analyze.Options{}), "WM1003")
		if len(got) != 1 || !strings.HasPrefix(got[0], c.want) || !strings.Contains(got[0], "64 MiB") {
			t.Errorf("%s: findings %q, want one that begins with %q", c.name, got, c.want)
		}
	}
	got := lines(run(t, load(t, file{"g.txt", between[:runtimeCut-1]}, file{"h.txt", append(between, '\n')}), analyze.Options{}), "WM1003")
	if got != nil {
		t.Errorf("one byte less or more: findings %q, want none", got)
	}
}

func TestGoroutineMeasures(t *testing.T) {
	text := "goroutine 1 [running]:\nmain.main()\n\t/src/main.go:3 +0x1d\n\n" +
		"goroutine 7 [chan receive (leaked)]:\nmain.wait(0x1)\n\t/src/main.go:9 +0x1d\ncreated by main.start in goroutine 1\n\t/src/main.go:7 +0x1f\n\n" +
		"goroutine 8 [chan receive (leaked), 3 minutes]:\nmain.wait(0x1)\n\t/src/main.go:9 +0x1d\ncreated by main.start in goroutine 1\n\t/src/main.go:7 +0x1f\n\n" +
		"goroutine 9 [select]:\nmain.deep(0x1)\n\t/src/main.go:9 +0x1d\n...40 frames elided...\nmain.top(0x1)\n\t/src/main.go:9 +0x1d\n"
	got := measures(run(t, load(t, file{"g.txt", []byte(text)}), analyze.Options{}), "goroutines.")
	want := map[string]float64{
		`goroutines.total "artifact"="g.txt",`:                            4,
		`goroutines.elided "artifact"="g.txt",`:                           1,
		`goroutines.unavailable "artifact"="g.txt",`:                      0,
		`goroutines.state "artifact"="g.txt","state"="running",`:          1,
		`goroutines.state "artifact"="g.txt","state"="chan receive",`:     2,
		`goroutines.state "artifact"="g.txt","state"="select",`:           1,
		`goroutines.leaked "artifact"="g.txt","created_by"="main.start",`: 2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("measures (-want +got):\n%s", diff)
	}
}

func TestStem(t *testing.T) {
	for _, same := range [][]string{
		{"x/goroutine.after.debug2.txt.gz", "x/goroutine.after.debug1.txt", "x/goroutine.after.pb.gz"},
		{"g.txt", "g.pb.gz", "g_debug=2.txt", "g-debug1"},
	} {
		for _, p := range same[1:] {
			if stem(p) != stem(same[0]) {
				t.Errorf("stems %q of %s and %q of %s", stem(p), p, stem(same[0]), same[0])
			}
		}
	}
	if stem("x/a.pb") == stem("y/a.pb") || stem("a.before.pb") == stem("a.after.pb") {
		t.Error("captures of two moments or processes have one stem")
	}
}

// TestCapturedGoroutines compares the counts of dumps with those of the program that measured them.
func TestCapturedGoroutines(t *testing.T) {
	const captures = "../../../shared/captures"
	if _, err := os.Stat(captures); err != nil {
		t.Skipf("no captures at %s: nothing to compare with", captures)
	}
	for _, scenario := range []string{"leaks", "labels", "status"} {
		data, err := os.ReadFile(filepath.Join(captures, scenario, "truth.json"))
		if err != nil {
			t.Fatal(err)
		}
		var truth struct {
			Measured struct {
				Goroutines map[string]json.RawMessage
			}
		}
		if err := json.Unmarshal(data, &truth); err != nil {
			t.Fatal(err)
		}
		b, err := evidence.Load([]string{filepath.Join(captures, scenario, "profiles")}, evidence.Options{Jobs: 2})
		if err != nil {
			t.Fatal(err)
		}
		r := run(t, b, analyze.Options{})
		got := measures(r, "goroutines.")
		var compared int
		for name, raw := range truth.Measured.Goroutines {
			var want struct{ Goroutines, Elided *float64 }
			if json.Unmarshal(raw, &want) != nil || want.Goroutines == nil {
				continue
			}
			for _, ending := range []string{"", ".gz"} {
				subject := analyze.SubjectKey(analyze.Subject("artifact", filepath.ToSlash(filepath.Join(captures, scenario, name+ending))))
				total, ok := got["goroutines.total "+subject]
				if !ok {
					continue
				}
				compared++
				if total != *want.Goroutines || got["goroutines.elided "+subject] != *want.Elided {
					t.Errorf("%s %s: %v goroutines, %v elided, want %v and %v", scenario, name, total,
						got["goroutines.elided "+subject], *want.Goroutines, *want.Elided)
				}
			}
		}
		if compared == 0 {
			t.Errorf("%s: nothing was compared", scenario)
		}
		for _, f := range r.Findings {
			t.Errorf("%s: %s %s", scenario, f.ID, f.Message)
		}
	}
}
