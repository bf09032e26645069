package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze/all"
)

// Documents are executed. In a fenced block, a line that starts with "$ " is a shell command, run in a
// folder that holds the demo's incident as incident/ and its report as report.json; the lines up to the next
// command or the end of the block are what it prints. A line "…" stands for any number of lines. WITNESSMARK_UPDATE=1
// rewrites the lines below commands whose output has no "…".

const root = "../.."

func documents(t *testing.T) []string {
	t.Helper()
	files := []string{filepath.Join(root, "README.md"), filepath.Join(root, "CONTRIBUTING.md")}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) < 4 {
		t.Fatalf("documents %v, %v", files, err)
	}
	return files
}

// TestDocuments runs every command of every document.
func TestDocuments(t *testing.T) {
	dir := t.TempDir()
	if err := writeIncident(filepath.Join(dir, "incident")); err != nil {
		t.Fatal(err)
	}
	path := binary(t) + string(os.PathListSeparator) + os.Getenv("PATH")
	shell(t, dir, path, "witnessmark examine --require-label route --format json incident > report.json")
	commands := 0
	for _, doc := range documents(t) {
		t.Run(filepath.Base(doc), func(t *testing.T) {
			text, err := os.ReadFile(doc)
			if err != nil {
				t.Fatal(err)
			}
			updated := runBlocks(t, string(text), func(command string) (string, bool) {
				commands++
				if strings.Contains(command, "jq") {
					if _, err := exec.LookPath("jq"); err != nil {
						t.Logf("jq is not installed: %q was not run", command)
						return "", false
					}
				}
				return shell(t, dir, path, command), true
			})
			if os.Getenv("WITNESSMARK_UPDATE") != "" && updated != string(text) {
				if err := os.WriteFile(doc, []byte(updated), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	if commands < 10 {
		t.Errorf("ran only %d commands", commands)
	}
}

// binary is a folder in which witnessmark is this test binary, which behaves as the command by TestMain.
func binary(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "witnessmark")); err != nil {
		t.Skipf("cannot link the test binary: %v", err)
	}
	return dir
}

func shell(t *testing.T, dir, path, command string) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+path, "NO_COLOR=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	// Exit code 1 is a finding and 3 a damaged file: documents show both. 2 is a mistake in the document.
	if e, ok := err.(*exec.ExitError); err != nil && (!ok || e.ExitCode() == 2 || e.ExitCode() > 3) {
		t.Errorf("%s: %v\n%s", command, err, out.String())
	}
	return out.String()
}

// runBlocks runs the commands of a document, compares their output, and returns the document with the
// output that they have.
func runBlocks(t *testing.T, text string, run func(string) (string, bool)) string {
	lines := strings.Split(text, "\n")
	var out []string
	fenced := false
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		out = append(out, line)
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok || !fenced {
			continue
		}
		for strings.HasSuffix(command, "\\") {
			i++
			out = append(out, lines[i])
			command += "\n" + lines[i]
		}
		var want []string
		for i+1 < len(lines) && !strings.HasPrefix(lines[i+1], "```") && !strings.HasPrefix(lines[i+1], "$ ") {
			i++
			want = append(want, lines[i])
		}
		printed, ran := run(command)
		got := strings.Split(strings.TrimRight(printed, "\n"), "\n")
		switch {
		case !ran || matchLines(got, want):
			out = append(out, want...)
		case os.Getenv("WITNESSMARK_UPDATE") != "" && !slices.Contains(want, "…"):
			out = append(out, got...)
		default:
			t.Errorf("%s\nprints\n%s\nthe document says\n%s", command, printed, strings.Join(want, "\n"))
			out = append(out, want...)
		}
	}
	return strings.Join(out, "\n")
}

// matchLines compares lines, where "…" in want stands for any number of them.
func matchLines(got, want []string) bool {
	if len(want) == 0 {
		return len(got) == 0 || len(got) == 1 && got[0] == ""
	}
	if want[0] == "…" {
		for skip := range len(got) + 1 {
			if matchLines(got[skip:], want[1:]) {
				return true
			}
		}
		return false
	}
	return len(got) > 0 && got[0] == want[0] && matchLines(got[1:], want[1:])
}

// TestRunBlocks makes sure that a document can be wrong.
func TestRunBlocks(t *testing.T) {
	doc := "$ not run\n```\n$ one\na\n…\nz\n$ two \\\n  more\n```\n"
	var ran []string
	runBlocks(t, doc, func(command string) (string, bool) {
		ran = append(ran, command)
		return map[string]string{"one": "a\nb\nc\nz\n"}[command], true
	})
	if diff := cmp.Diff([]string{"one", "two \\\n  more"}, ran); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
	for _, c := range []struct {
		got, want string
		match     bool
	}{
		{"a", "a", true}, {"a", "b", false}, {"a\nb", "a", false}, {"a", "a\nb", false}, {"", "", true}, {"a", "", false},
		{"a\nb\nc", "…", true}, {"a\nb\nc", "a\n…\nc", true}, {"a\nb", "…\nc", false}, {"a", "…\na\n…", true},
	} {
		if got := matchLines(strings.Split(c.got, "\n"), strings.Split(c.want, "\n")); got != c.match {
			t.Errorf("%q matches %q: %v, want %v", c.got, c.want, got, c.match)
		}
	}
}

// TestCheckPages compares docs/checks with the documentation of the detectors; WITNESSMARK_UPDATE=1
// writes the pages.
func TestCheckPages(t *testing.T) {
	dir := filepath.Join(root, "docs", "checks")
	want := map[string]string{}
	for _, d := range documented(all.Detectors()) {
		want[d.ID+".md"] = fmt.Sprintf("# %s %s\n\n%s. Severity: %s. Since %s.\n\n%s\n\n## Proof\n\n%s\n\n## What it cannot see\n\n%s\n\n## Fix\n\n%s\n",
			d.ID, d.Name, d.Doc.Title, d.Doc.Severity, d.Doc.Since, d.Doc.Text, d.Doc.Proof, d.Doc.Blind, d.Doc.Fix)
	}
	if os.Getenv("WITNESSMARK_UPDATE") != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range want {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	pages, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		text, err := os.ReadFile(filepath.Join(dir, p.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if want[p.Name()] != string(text) {
			t.Errorf("docs/checks/%s is not what `witnessmark explain` says; WITNESSMARK_UPDATE=1 rewrites it", p.Name())
		}
		delete(want, p.Name())
	}
	for name := range want {
		t.Errorf("docs/checks/%s is missing", name)
	}
}
