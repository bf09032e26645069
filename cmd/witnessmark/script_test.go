package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/witnessmark/witnessmark/report"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"witnessmark": main})
}

// TestScripts runs testdata/script. WITNESSMARK_UPDATE=1 rewrites the outputs that scripts compare.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: os.Getenv("WITNESSMARK_UPDATE") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("NO_COLOR", "1")
			return writeIncident(filepath.Join(e.WorkDir, "incident"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"make":     makeInput,
			"exitcode": exitCode,
			"showall":  showAll,
			"cut":      cutFile,
		},
	})
}

// exitCode runs witnessmark and compares its exit code: exitcode 3 examine dumps.
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: exitcode CODE ARG…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("witnessmark", args[1:]...)
	got := 0
	if err != nil {
		got = -1
		if e, ok := err.(interface{ ExitCode() int }); ok {
			got = e.ExitCode()
		}
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// showAll shows every exhibit of a saved report: showall FILE.
func showAll(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: showall FILE")
	}
	d, err := report.Read(strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	paths := map[string]string{}
	for _, a := range d.Artifacts {
		paths[a.ID] = a.Path
	}
	shown := 0
	for _, f := range d.Findings {
		for _, e := range f.Exhibits {
			place := fmt.Sprintf("%s@%d+%d", paths[e.Artifact], e.Offset, e.Length)
			if err := ts.Exec("witnessmark", "show", place); err != nil || ts.ReadFile("stdout") == "" && e.Length > 0 {
				ts.Fatalf("show %s: %v", place, err)
			}
			shown++
		}
	}
	if shown == 0 {
		ts.Fatalf("%s has no exhibit", args[0])
	}
}

// cutFile copies nine tenths of a file: cut FROM TO.
func cutFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut FROM TO")
	}
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data[:len(data)*9/10], 0o644))
}

// makeInput makes input that does not fit a script: make KIND FILE.
func makeInput(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: make KIND FILE")
	}
	path := ts.MkAbs(args[1])
	switch args[0] {
	case "bomb": // a gzip stream of 64 MiB of zeros
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, err := io.CopyN(w, zeros{}, 64<<20)
		ts.Check(err)
		ts.Check(w.Close())
		ts.Check(os.WriteFile(path, b.Bytes(), 0o644))
	case "claim": // a batch of traces that claims to have 64 MB
		ts.Check(os.WriteFile(path, []byte("\x0a\x80\x80\x80\x1f\x12\x80\x80\x80\x1e\x12\x80\x80\x80\x1d\x0a\x10abcd"), 0o644))
	case "many": // ten thousand small files
		ts.Check(os.Mkdir(path, 0o755))
		for i := range 10_000 {
			ts.Check(os.WriteFile(filepath.Join(path, fmt.Sprintf("f%05d.txt", i)), []byte("goroutine 1 [running]:\nmain.main()\n\t/x/main.go:1 +0x1\n"), 0o644))
		}
	case "tar":
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		data, err := os.ReadFile(ts.MkAbs("incident/checkout/cpu.pb.gz"))
		ts.Check(err)
		ts.Check(w.WriteHeader(&tar.Header{Name: "pod/cpu.pb.gz", Mode: 0o644, Size: int64(len(data))}))
		_, err = w.Write(data)
		ts.Check(err)
		ts.Check(w.Close())
		ts.Check(os.WriteFile(path, b.Bytes(), 0o644))
	default:
		ts.Fatalf("no kind of input %q", args[0])
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
