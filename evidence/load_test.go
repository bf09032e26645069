package evidence

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const metricsPage = "# TYPE up gauge\nup 1\n"

// tree makes files below a new folder, from their paths and contents, and goes there.
func tree(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for path, content := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func paths(b *Bundle) []string {
	var out []string
	for _, a := range b.Artifacts {
		out = append(out, a.Path)
	}
	return out
}

func TestLoadPaths(t *testing.T) {
	files := map[string]string{
		"d/b.prom": metricsPage, "d/a/x.prom": metricsPage, "d/.hidden/y.prom": metricsPage,
		"d/.git/config": "x", "d/witnessmark.yaml": "captures: []\n", "e/z.prom": metricsPage,
		"e/bundle.tar": string(tarred(t, []byte(metricsPage))), "lit[1].prom": metricsPage,
	}
	for _, c := range []struct {
		name string
		args []string
		want []string
		errs []string
	}{
		{"folder", []string{"d"}, []string{"d/.hidden/y.prom", "d/a/x.prom", "d/b.prom"}, nil},
		{"folder with a slash", []string{"d/"}, []string{"d/.hidden/y.prom", "d/a/x.prom", "d/b.prom"}, nil},
		{"order of the arguments", []string{"e", "d/b.prom"}, []string{"e/bundle.tar!d/x", "e/z.prom", "d/b.prom"}, nil},
		{"given twice", []string{"d/b.prom", "d", "./d/b.prom"}, []string{"d/b.prom", "d/.hidden/y.prom", "d/a/x.prom"}, nil},
		{"glob", []string{"**/*.prom"}, []string{"d/.hidden/y.prom", "d/a/x.prom", "d/b.prom", "e/z.prom", "lit[1].prom"}, nil},
		{"glob of folders", []string{"[de]"}, []string{"d/.hidden/y.prom", "d/a/x.prom", "d/b.prom", "e/bundle.tar!d/x", "e/z.prom"}, nil},
		{"a name with brackets", []string{"lit[1].prom"}, []string{"lit[1].prom"}, nil},
		{"missing, and one that is there", []string{"no/such", "e/z.prom"}, []string{"e/z.prom"}, []string{"no/such: no such file or folder"}},
		{"glob without a match", []string{"*.pb.gz"}, nil, []string{"*.pb.gz: no file matches this pattern"}},
		{"bad glob", []string{"x[", "e/z.prom"}, []string{"e/z.prom"}, []string{"x[: not a valid pattern: syntax error in pattern"}},
		{"path under a file", []string{"d/b.prom/x"}, nil, []string{"d/b.prom/x: not a directory"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree(t, files)
			b, err := Load(c.args, Options{})
			if diff := cmp.Diff(c.want, paths(b)); diff != "" {
				t.Errorf("paths (-want +got):\n%s", diff)
			}
			for _, a := range b.Artifacts {
				if a.Status != StatusOK {
					t.Errorf("%s: %s %v", a.Path, a.Status, a.Losses)
				}
			}
			var errs []string
			if err != nil {
				errs = strings.Split(err.Error(), "\n")
			}
			if diff := cmp.Diff(c.errs, errs); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoadEmptyFolder(t *testing.T) {
	tree(t, map[string]string{"d/sub/witnessmark.yaml": "captures: []\n"})
	b, err := Load([]string{"d"}, Options{})
	if err == nil || err.Error() != "d: no files in this folder" || len(b.Artifacts) != 0 {
		t.Errorf("got %v, %v", b.Artifacts, err)
	}
}

func TestLoadEmptyFile(t *testing.T) {
	tree(t, map[string]string{"empty": "", "empty.gz": string(gzipped(t, nil))})
	b, err := Load([]string{"."}, Options{})
	if err != nil || len(b.Artifacts) != 2 {
		t.Fatalf("got %v, %v", paths(b), err)
	}
	for _, a := range b.Artifacts {
		if a.Format != FormatEmpty || a.Status != StatusUnreadable || len(a.Losses) != 1 {
			t.Errorf("%s: %s %s %v", a.Path, a.Format, a.Status, a.Losses)
		}
	}
}

func TestLoadUnreadable(t *testing.T) {
	tree(t, map[string]string{"d/secret": metricsPage, "d/x.prom": metricsPage})
	if err := os.Chmod("d/secret", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile("d/secret"); err == nil {
		t.Skip("this user can read everything")
	}
	b, err := Load([]string{"d"}, Options{})
	if err != nil || len(b.Artifacts) != 2 {
		t.Fatalf("got %v, %v", paths(b), err)
	}
	if a := b.Artifacts[0]; a.Status != StatusUnreadable || a.Losses[0].What != "open: permission denied" {
		t.Errorf("got %s %v", a.Status, a.Losses)
	}
}

func TestLoadStdin(t *testing.T) {
	in := gzipped(t, []byte(metricsPage))
	b, err := Load([]string{"-", "-"}, Options{Stdin: bytes.NewReader(in)})
	if err != nil || len(b.Artifacts) != 1 {
		t.Fatalf("got %v, %v", paths(b), err)
	}
	a := b.Artifacts[0]
	if a.Path != "-" || a.Format != "prometheus/text" || a.SizeBytes != int64(len(in)) {
		t.Errorf("got %+v", a)
	}
}

// TestLoadJobs loads archives and plain files, whose artifacts the workers cannot number in advance.
func TestLoadJobs(t *testing.T) {
	all := wrapInputs(t)
	t.Chdir(t.TempDir())
	for i, name := range slices.Sorted(func(yield func(string) bool) {
		for k := range all {
			if !yield(k) {
				return
			}
		}
	}) {
		x := all[name]
		switch i % 4 {
		case 1:
			x = tarred(t, x)
		case 2:
			x = zipped(t, tarred(t, x), 8)
		case 3:
			x = gzipped(t, x[:len(x)/2])
		}
		if err := os.WriteFile(fmt.Sprintf("%03d", i), x, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := Load([]string{"."}, Options{Jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i := range want.Artifacts {
		checkRefs(t, want, i)
	}
	for _, jobs := range []int{2, 8} {
		got, err := Load([]string{"."}, Options{Jobs: jobs})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(paths(want), paths(got)); diff != "" {
			t.Errorf("%d workers change the artifacts (-one +several):\n%s", jobs, diff)
		}
		if w, g := snapshot(want), snapshot(got); !reflect.DeepEqual(w, g) {
			t.Errorf("%d workers change the bundle (-one +several):\n%.3000s", jobs, cmp.Diff(w, g, compareRows))
		}
	}
	runtime.GC()
}

// checkRefs checks that every Ref of an artifact names it and lies inside it.
func checkRefs(t testing.TB, b *Bundle, index int) {
	t.Helper()
	a := b.Artifacts[index]
	check := func(what string, r Ref) {
		t.Helper()
		if int(r.Artifact) != index || r.Off < 0 || r.Len < 0 || r.Off > a.DecodedBytes-r.Len {
			t.Errorf("%s: the Ref of %s is %d%s, the artifact is %d with %d bytes", a.Path, what, r.Artifact, r, index, a.DecodedBytes)
		}
	}
	cuts := 0
	for _, l := range a.Losses {
		check("a loss", l.Ref)
		if l.Cut {
			cuts++
		}
	}
	if cuts > 1 {
		t.Errorf("%s: %d cuts: %v", a.Path, cuts, a.Losses)
	}
	if a.Dump != nil {
		for _, g := range a.Dump.Goroutines {
			check("a goroutine", g.Ref)
		}
	}
	if a.Profile != nil {
		for s := range a.Profile.Samples() {
			check("a sample", s.Ref)
		}
	}
	if a.Traces == nil {
		return
	}
	for i := range b.Spans.Len() {
		if s := b.Span(i); int(s.Ref.Artifact) == index {
			check("a span", s.Ref)
		}
	}
}

func TestReadRange(t *testing.T) {
	inner := tarred(t, gzipped(t, []byte("0123456789")))
	tree(t, map[string]string{"a!b.tar.gz": string(gzipped(t, inner)), "plain": "abcdef"})
	for _, c := range []struct {
		path   string
		off, n int64
		want   string
		err    string
	}{
		{"plain", 2, 3, "cde", ""},
		{"a!b.tar.gz!d/x", 3, 4, "3456", ""},
		{"a!b.tar.gz!d/x", 8, 4, "89", "a!b.tar.gz!d/x: the range @8+4 goes beyond the end of the artifact"},
		{"a!b.tar.gz!d/y", 0, 1, "", "a!b.tar.gz!d/y: the archive holds no such member"},
		{"plain", -1, 4, "", "plain: the range @-1+4 is not one"},
		{"none", 0, 4, "", "none: open: no such file or directory"},
		{"plain", 0, 1 << 60, "abcdef", "plain: the range @0+1152921504606846976 goes beyond the end of the artifact"},
	} {
		got, err := ReadRange(c.path, c.off, c.n, Options{})
		text := ""
		if err != nil {
			text = err.Error()
		}
		if string(got) != c.want || text != c.err {
			t.Errorf("%s @%d+%d: got %q, %q, want %q, %q", c.path, c.off, c.n, got, text, c.want, c.err)
		}
	}
}
