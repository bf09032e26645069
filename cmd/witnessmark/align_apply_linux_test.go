package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestApplyDiskFull: a disk without room for the copy holds nothing of it afterwards, and the message says why. TestApplyFull does
// the same where nobody may mount one.
func TestApplyDiskFull(t *testing.T) {
	if testing.Short() {
		t.Skip("writes for a second")
	}
	dir := aligned(t)
	disk := filepath.Join(dir, "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=512k"); err != nil {
		t.Skipf("cannot mount a tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	cmd := exec.Command("witnessmark", "align", "apply", "--model", "model.json", "traces.binpb.gz", "-o", "disk/out")
	var stderr bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(stderr.String(), "no space left on device") {
		t.Errorf("%v: %s", err, stderr.String())
	}
	if list := files(t, disk); len(list) > 0 {
		t.Errorf("stay behind: %v", list)
	}
}
