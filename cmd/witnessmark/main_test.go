package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/witnessmark/witnessmark/report"
)

// breakingWriter breaks as a bug in a renderer would, with captured text in its complaint.
type breakingWriter struct{ with any }

func (w breakingWriter) Write([]byte) (int, error) { panic(w.with) }

// TestCrash: a crash ends with 2 and a message that a user can act on, and gives away nothing of the
// input.
func TestCrash(t *testing.T) {
	const secret = "token=hunter2"
	for name, with := range map[string]any{"text": secret, "error": errors.New(secret), "runtime error": runtimeError()} {
		var stderr bytes.Buffer
		code := run(&app{stdin: strings.NewReader(""), stdout: breakingWriter{with}, stderr: &stderr}, []string{"version"})
		if code != report.ExitFailure {
			t.Errorf("%s: exit code %d, want %d", name, code, report.ExitFailure)
		}
		if got := stderr.String(); !strings.HasPrefix(got, "witnessmark: crashed: ") || strings.Count(got, "\n") != 1 || strings.Contains(got, secret) {
			t.Errorf("%s: message %q", name, got)
		}
	}
}

func runtimeError() (e any) {
	defer func() { e = recover() }()
	var none []int
	return none[len(os.Args)]
}

// TestWriteErrors: a report that could not be written is no success.
func TestWriteErrors(t *testing.T) {
	dir := t.TempDir()
	if err := writeIncident(filepath.Join(dir, "incident")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"examine", filepath.Join(dir, "incident")}, {"examine", "--format", "json", filepath.Join(dir, "incident")},
		{"examine", "--format", "jsonl", filepath.Join(dir, "incident")}, {"inspect", filepath.Join(dir, "incident")},
		{"examine", "--format", "markdown", filepath.Join(dir, "incident")}, {"examine", "--format", "sarif", filepath.Join(dir, "incident")},
		{"examine", "--format", "github", filepath.Join(dir, "incident")}, {"examine", "--format", "junit", filepath.Join(dir, "incident")},
		{"checks"}, {"explain", "WM4001"}, {"schema"}, {"version"},
		{"show", filepath.Join(dir, "incident", "traces.binpb") + "@0+4"},
	} {
		var stderr bytes.Buffer
		code := run(&app{stdin: strings.NewReader(""), stdout: failingWriter{}, stderr: &stderr}, args)
		if code != report.ExitFailure || !strings.Contains(stderr.String(), errFull.Error()) {
			t.Errorf("%v: exit code %d, stderr %q", args, code, stderr.String())
		}
	}
}

var errFull = errors.New("no space left on device")

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errFull }

// TestColor: only a terminal gets colours by itself.
func TestColor(t *testing.T) {
	dir := t.TempDir()
	if err := writeIncident(filepath.Join(dir, "incident")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		terminal, noColor bool
		flag              string
		want              bool
	}{
		{false, false, "auto", false}, {true, false, "auto", true}, {true, true, "auto", false},
		{true, false, "never", false}, {false, false, "always", true}, {false, true, "always", true},
	} {
		var out bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: io.Discard, terminal: c.terminal, noColor: c.noColor}
		run(a, []string{"examine", "--color", c.flag, filepath.Join(dir, "incident")})
		if got := strings.Contains(out.String(), "\x1b["); got != c.want || out.Len() == 0 {
			t.Errorf("%+v: colour is %v", c, got)
		}
	}
}

func TestParseSize(t *testing.T) {
	for _, c := range []struct {
		text string
		want int64
	}{
		{"1", 1}, {"1000B", 1000}, {"64GiB", 64 << 30}, {"1.5 KiB", 1536}, {"10MB", 10e6}, {"2kB", 2000},
	} {
		if got, err := parseSize(c.text); err != nil || got != c.want {
			t.Errorf("parseSize(%q) = %d, %v, want %d", c.text, got, err, c.want)
		}
	}
	for _, bad := range []string{"", "B", "0", "-1", "1e99", "9999999TiB", "NaN", "Inf", "1GiBB", "1gib", "0.1"} {
		if got, err := parseSize(bad); err == nil {
			t.Errorf("parseSize(%q) = %d, want an error", bad, got)
		}
	}
}

// TestBudget holds the binary to its limits: 30 MB stripped, and about 25 ms to start.
func TestBudget(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the binary")
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go command")
	}
	binary := filepath.Join(t.TempDir(), "witnessmark")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	build := exec.Command(goTool, "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 30e6 {
		t.Errorf("the stripped binary has %d bytes, want 30 MB at most", info.Size())
	}
	// The budget is 25 ms on a quiet machine, which a test cannot ask for: it prints the CPU time, and
	// fails where no load explains it.
	const limit = 250 * time.Millisecond
	best := time.Hour
	for range 10 {
		cmd := exec.Command(binary, "--help")
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		best = min(best, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	}
	if best > limit {
		t.Errorf("the binary takes %v to print its help, want 25ms, and %v at most", best, limit)
	}
	t.Logf("%.1f MB, starts in %v", float64(info.Size())/1e6, best)
}
