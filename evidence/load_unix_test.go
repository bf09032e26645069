//go:build unix

package evidence

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoadLinks(t *testing.T) {
	tree(t, map[string]string{"d/sub/x.prom": metricsPage})
	for link, target := range map[string]string{
		"d/sub/loop": "..", "d/z.prom": "sub/x.prom", "d/broken": "nowhere", "d/self": "self",
	} {
		if err := os.Symlink(target, link); err != nil {
			t.Skip(err)
		}
	}
	b, err := Load([]string{"d"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"d/broken", "d/self", "d/sub/x.prom"}, paths(b)); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
	for _, a := range b.Artifacts[:2] {
		if a.Status != StatusUnreadable || len(a.Losses) != 1 {
			t.Errorf("%s: %s %v", a.Path, a.Status, a.Losses)
		}
	}
	if diff := cmp.Diff([]string{"d/sub/loop: leads to a folder that is read already"}, b.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestLoadSpecialFiles(t *testing.T) {
	tree(t, map[string]string{"d/x.prom": metricsPage})
	if err := syscall.Mkfifo("d/pipe", 0o644); err != nil {
		t.Skip(err)
	}
	l, err := net.Listen("unix", "d/sock")
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	b, err := Load([]string{"d", "d/s*"}, Options{})
	if err == nil || len(b.Artifacts) != 1 || len(b.Notes) != 3 {
		t.Fatalf("got %v, notes %q, %v", paths(b), b.Notes, err)
	}
	go func() {
		f, err := os.OpenFile("d/pipe", os.O_WRONLY, 0)
		if err == nil {
			fmt.Fprint(f, metricsPage)
			f.Close()
		}
	}()
	b, err = Load([]string{"d/pipe"}, Options{})
	if err != nil || b.Artifacts[0].Format != "prometheus/text" {
		t.Errorf("a pipe that is given itself: %+v, %v", b.Artifacts[0], err)
	}
}

// TestLoadManyFiles: no more files are open than there are workers, and the result does not depend on
// their number.
func TestLoadManyFiles(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 500
	}
	t.Chdir(t.TempDir())
	line := wrapInputs(t)["otlp.jsonl"]
	for i := range n {
		if err := os.WriteFile(fmt.Sprintf("%05d", i), line, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	small := limit
	small.Cur = 100
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &small); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	b, err := Load([]string{"."}, Options{Jobs: 8})
	if err != nil || len(b.Artifacts) != n {
		t.Fatalf("got %d artifacts, %v", len(b.Artifacts), err)
	}
	for i, a := range b.Artifacts {
		if a.Path != fmt.Sprintf("./%05d", i) || a.Status != StatusOK {
			t.Fatalf("artifact %d: %+v", i, a)
		}
	}
	if b.Spans.Len() != 20*n {
		t.Errorf("%d spans, want %d", b.Spans.Len(), 20*n)
	}
}
