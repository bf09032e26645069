package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// makeManual runs the command manual into two folders.
func makeManual(t *testing.T, epoch string) (man, completions string) {
	t.Helper()
	dir := t.TempDir()
	man, completions = filepath.Join(dir, "man"), filepath.Join(dir, "completions")
	var stderr bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: &stderr, epoch: epoch}
	if code := run(a, []string{"manual", "--man", man, "--completions", completions}); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	return man, completions
}

func readFolder(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(text)
	}
	return out
}

// TestManPages: every command that help lists has a page, with every flag; the pages are the same every time; and
// mandoc, where it is installed, has nothing to say.
func TestManPages(t *testing.T) {
	dir, _ := makeManual(t, "1700000000")
	pages := readFolder(t, dir)
	again, _ := makeManual(t, "1700000000")
	for name, text := range readFolder(t, again) {
		if pages[name] != text {
			t.Errorf("%s differs from run to run", name)
		}
	}
	listed := 0
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		listed++
		text, ok := pages[pageName(cmd)+".1"]
		if !ok {
			t.Errorf("%s has no page", cmd.CommandPath())
		}
		for _, line := range strings.Split(cmd.LocalFlags().FlagUsages(), "\n") {
			if _, flag, ok := strings.Cut(line, "--"); ok && !strings.Contains(text, `\fB\-\-`+strings.ReplaceAll(strings.Fields(flag)[0], "-", `\-`)+`\fR`) {
				t.Errorf("the page of %s has no --%s", cmd.CommandPath(), flag)
			}
		}
		if !strings.HasPrefix(text, ".TH ") || !strings.Contains(text, " 2023-11-14 ") {
			t.Errorf("the page of %s begins %.60q", cmd.CommandPath(), text)
		}
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				walk(c)
			}
		}
	}
	root := newRoot(&app{}, new(int))
	root.InitDefaultCompletionCmd()
	walk(root)
	if len(pages) != listed || listed < 20 {
		t.Errorf("%d pages for %d commands", len(pages), listed)
	}
	if _, err := exec.LookPath("mandoc"); err != nil {
		t.Log("mandoc is not installed: the pages were not linted")
		return
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mandoc", append([]string{"-Tlint"}, files...)...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("mandoc: %v\n%s", err, out)
	}
}

func TestRoff(t *testing.T) {
	for in, want := range map[string]string{"a-b": `a\-b`, `C:\x`: `C:\ex`, "PATH…": `PATH\[u2026]`, "": ""} {
		if got := roff(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
	p := new(page)
	p.prose("one .two\n" + strings.Repeat("word ", 20) + "\n\n.three\n  .kept\tas it is\n'four")
	want := "one .two\n" + strings.TrimSpace(strings.Repeat("word ", 16)) + "\n" + strings.TrimSpace(strings.Repeat("word ", 4)) +
		"\n.PP\n\\&.three\n.nf\n  .kept    as it is\n.fi\n\\&'four\n"
	if p.String() != want {
		t.Errorf("got\n%s\nwant\n%s", p.String(), want)
	}
	p.Reset()
	p.macro("TH", `a "b" c`, "", "d")
	if got, want := p.String(), ".TH \"a \"\"b\"\" c\" \"\" d\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestManualRefuses(t *testing.T) {
	for _, c := range []struct {
		epoch string
		args  []string
	}{{"", []string{"manual"}}, {"soon", []string{"manual", "--man", t.TempDir()}}, {"", []string{"manual", "--man", "/dev/null/x"}}} {
		a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, epoch: c.epoch}
		if code := run(a, c.args); code != 2 {
			t.Errorf("%v with epoch %q: exit code %d", c.args, c.epoch, code)
		}
	}
}

// TestCompletions: each shell that is installed parses its script, and bash completes commands, flags and formats by it.
func TestCompletions(t *testing.T) {
	_, dir := makeManual(t, "")
	files := readFolder(t, dir)
	for _, name := range []string{"witnessmark.bash", "_witnessmark", "witnessmark.fish", "witnessmark.ps1"} {
		if !strings.Contains(files[name], "witnessmark") {
			t.Errorf("%s is %.80q", name, files[name])
		}
	}
	for shell, name := range map[string]string{"bash": "witnessmark.bash", "zsh": "_witnessmark", "fish": "witnessmark.fish"} {
		if _, err := exec.LookPath(shell); err != nil {
			t.Logf("%s is not installed: %s was not parsed", shell, name)
			continue
		}
		if out, err := exec.Command(shell, "-n", filepath.Join(dir, name)).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s -n %s: %v\n%s", shell, name, err, out)
		}
	}
	for _, c := range []struct {
		words []string
		want  string
	}{
		{[]string{"base"}, "baseline"}, {[]string{"baseline", "pr"}, "prune"}, {[]string{"examine", "--format", "ju"}, "junit"},
		{[]string{"examine", "--fail-on", "w"}, "warning"}, {[]string{"inspect", "--no-c"}, "--no-config"}, {[]string{"explain", "orphan"}, "orphan-span"},
		{[]string{"examine", "-o", "sar"}, "sarif="},
	} {
		var out bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: io.Discard}
		run(a, append([]string{"__complete"}, c.words...))
		if !slices.ContainsFunc(strings.Split(out.String(), "\n"), func(line string) bool { word, _, _ := strings.Cut(line, "\t"); return word == c.want }) {
			t.Errorf("%v completes to %q, want %s", c.words, out.String(), c.want)
		}
	}
}
