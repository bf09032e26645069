//go:build unix

package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

// aligned prepares a folder with a model and gzipped traces, which take a second or so to write.
func aligned(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	var text bytes.Buffer
	w := gzip.NewWriter(&text)
	var frame []byte
	for td := range gen.New(gen.Options{Seed: 1, Spans: 8_000}).Requests() {
		frame = gen.AppendFrame(frame[:0], td, gen.Ascending)
		w.Write(frame)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	model := `{"schema":"witnessmark.clock-model/1","reference":"x","trust":"hard","max_drift_ppm":100,"domains":[]}`
	for name, data := range map[string][]byte{"model.json": []byte(model), "traces.binpb.gz": text.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// files lists the files below a folder.
func files(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestApplyInterrupted: a signal in the middle of writing leaves no file, and says so.
func TestApplyInterrupted(t *testing.T) {
	if testing.Short() {
		t.Skip("writes for a second")
	}
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) { interrupt(t, sig) })
	}
}

func interrupt(t *testing.T, sig syscall.Signal) {
	dir := aligned(t)
	out := filepath.Join(dir, "out")
	cmd := exec.Command("witnessmark", "align", "apply", "--model", "model.json", "traces.binpb.gz", "-o", "out")
	var stderr bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(filepath.Join(out, ".traces.binpb.gz.0")); err == nil {
			break
		}
		if time.Since(begun) > time.Minute {
			cmd.Process.Kill()
			t.Fatal("nothing is written")
		}
	}
	if err := cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(stderr.String(), "interrupted: nothing was written") {
		t.Errorf("%v: %s", err, stderr.String())
	}
	if list := files(t, out); len(list) > 0 {
		t.Errorf("stay behind: %v", list)
	}
}

// TestApplyFull: where there is no room for the copy nothing stays of it, and the message says why.
func TestApplyFull(t *testing.T) {
	if testing.Short() {
		t.Skip("writes for a second")
	}
	dir := aligned(t)
	// A limit of the shell on the size of files stands for a full disk: 1,000 blocks of 512 bytes or 1 KiB.
	cmd := exec.Command("sh", "-c", "ulimit -f 1000 && exec witnessmark align apply --model model.json traces.binpb.gz -o out")
	var stderr bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(stderr.String(), "file too large") {
		t.Errorf("%v: %s", err, stderr.String())
	}
	if list := files(t, filepath.Join(dir, "out")); len(list) > 0 {
		t.Errorf("stay behind: %v", list)
	}
}
