package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/analyze/all"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/report"
)

// output is where and how a document is written.
type output struct {
	app    *app
	format string
	files  []string // FORMAT=PATH
	color  string
	limit  int
	quiet  bool
	names  []string // of the formats that the command writes
}

func newOutput(a *app) *output { return &output{app: a, names: formatNames()} }

func (o *output) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "table", "`FORMAT` on standard output: "+strings.Join(o.names, ", "))
	f.StringArrayVarP(&o.files, "output", "o", nil, "`FORMAT=PATH`: write the report to a file as well; repeatable")
	f.StringVar(&o.color, "color", "auto", "`WHEN`: auto, always or never; NO_COLOR is honoured")
	f.IntVar(&o.limit, "limit", 50, "rows and findings in table and markdown on standard output; 0 for all")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing on standard output")
	o.complete(cmd)
}

// below makes the files of -o relative to a folder, for a command that works in another.
func (o *output) below(folder string) {
	for i, f := range o.files {
		if format, path, ok := strings.Cut(f, "="); ok && path != "" && path != "-" && !filepath.IsAbs(path) {
			o.files[i] = format + "=" + filepath.Join(folder, path)
		}
	}
}

func formatNames() []string {
	var names []string
	for _, r := range report.Renderers {
		names = append(names, r.Name)
	}
	return names
}

// checkFormat refuses a format that the command does not write.
func (o *output) checkFormat(format string) error {
	if !slices.Contains(o.names, format) {
		return fmt.Errorf("no format is called %q\nthere are: %s", format, strings.Join(o.names, ", "))
	}
	return nil
}

// check refuses what could not be written, before anything is read: an unknown format, a path that is
// one of the inputs.
func (o *output) check(inputs []string) error {
	if err := o.checkFormat(o.format); err != nil {
		return err
	}
	switch o.color {
	case "auto", "always", "never":
	default:
		return fmt.Errorf("--color %q: want auto, always or never", o.color)
	}
	if o.limit < 0 {
		return fmt.Errorf("--limit %d: want 0 or more", o.limit)
	}
	var seen []string
	for _, f := range o.files {
		format, path, ok := strings.Cut(f, "=")
		if !ok || path == "" {
			return fmt.Errorf("-o %s: want FORMAT=PATH%s", f, example(f))
		}
		if path == "-" {
			return fmt.Errorf("-o %s: want a file\nfor standard output: --format %s", f, format)
		}
		if slices.ContainsFunc(seen, func(other string) bool { return samePlace(path, other) }) {
			return fmt.Errorf("-o %s: the file is named twice", f)
		}
		seen = append(seen, path)
		if err := o.checkFormat(format); err != nil {
			return err
		}
		if err := notAnInput(path, inputs); err != nil {
			return err
		}
	}
	return nil
}

// example says what may have been meant by -o PATH: the format that the name ends in.
func example(path string) string {
	format := map[string]string{".json": "json", ".jsonl": "jsonl", ".md": "markdown", ".sarif": "sarif", ".xml": "junit", ".txt": "table", ".html": "html"}[filepath.Ext(path)]
	if format == "" {
		return ""
	}
	return fmt.Sprintf("\ndid you mean -o %s=%s?", format, path)
}

// samePlace reports whether two paths name one file, which need not be there yet.
func samePlace(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return os.SameFile(infoA, infoB)
	}
	return inFolder(a) == inFolder(b)
}

// inFolder makes a path absolute, with the links of its folder resolved.
func inFolder(path string) string {
	dir := filepath.Dir(path)
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		dir = resolved
	}
	path = filepath.Join(dir, filepath.Base(path))
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

func notAnInput(path string, inputs []string) error {
	out, err := os.Stat(path)
	if err != nil {
		return nil // it does not exist yet
	}
	if out.IsDir() {
		return fmt.Errorf("-o %s: is a folder", path)
	}
	refused := errors.New("-o " + path + ": is one of the inputs")
	for _, input := range inputs {
		info, err := os.Stat(input)
		switch {
		case err != nil:
			if ok, _ := filepath.Match(input, path); ok {
				return refused
			}
		case os.SameFile(out, info):
			return refused
		case info.IsDir() && below(path, input):
			return refused
		}
	}
	return nil
}

// checkArtifacts refuses to write over what was read: also where a glob led to it.
func (o *output) checkArtifacts(b *evidence.Bundle) error {
	for _, f := range o.files {
		_, path, _ := strings.Cut(f, "=")
		if err := notAnArtifact(path, b); err != nil {
			return err
		}
	}
	return nil
}

func notAnArtifact(path string, b *evidence.Bundle) error {
	out, err := os.Stat(path)
	if err != nil {
		return nil // it does not exist yet
	}
	for _, a := range b.Artifacts {
		file := a.Path
		for {
			if info, err := os.Stat(file); err == nil && os.SameFile(out, info) {
				return fmt.Errorf("-o %s: is one of the inputs", path)
			}
			i := strings.LastIndexByte(file, '!') // a member of an archive
			if i < 0 {
				break
			}
			file = file[:i]
		}
	}
	return nil
}

// below reports whether an existing path lies in a folder that is read.
func below(path, folder string) bool {
	p, err1 := filepath.EvalSymlinks(path)
	d, err2 := filepath.EvalSymlinks(folder)
	if err1 != nil || err2 != nil {
		return false
	}
	p, err1 = filepath.Abs(p)
	d, err2 = filepath.Abs(d)
	rel, err := filepath.Rel(d, p)
	return err1 == nil && err2 == nil && err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// write writes the document to standard output and to the files.
func (o *output) write(d *report.Document) error {
	return o.render(func(w io.Writer, format string, t report.TerminalOptions) error {
		i := slices.IndexFunc(report.Renderers, func(r report.Renderer) bool { return r.Name == format })
		return report.Renderers[i].Render(w, d, t)
	})
}

// render writes to standard output and to the files, in formats that check has seen.
func (o *output) render(render func(io.Writer, string, report.TerminalOptions) error) error {
	for _, f := range o.files {
		format, path, _ := strings.Cut(f, "=")
		err := replaceFile(path, func(w io.Writer) error {
			return render(w, format, report.TerminalOptions{Detectors: documented(all.Detectors())})
		})
		if err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	if o.quiet {
		return nil
	}
	w := bufio.NewWriter(o.app.stdout)
	if err := render(w, o.format, o.terminal()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func (o *output) terminal() report.TerminalOptions {
	color := o.color == "always" || o.color == "auto" && o.app.terminal && !o.app.noColor
	return report.TerminalOptions{Width: o.app.width, Color: color, Limit: o.limit, Detectors: documented(all.Detectors())}
}

// replaceFile writes a file beside path and renames it, so that no reader sees half of it. A device or pipe
// is written to as it is, and a symbolic link keeps leading to the file.
func replaceFile(path string, write func(io.Writer) error) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return writeAll(f, write)
	}
	f, err := createBeside(path)
	if err != nil {
		return err
	}
	if err := writeAll(f, write); err != nil {
		os.Remove(f.Name())
		return err
	}
	return os.Rename(f.Name(), path)
}

// createBeside creates a file of a new name in the folder of path. Unlike os.CreateTemp it leaves the
// permissions to the umask, as the file stays.
func createBeside(path string) (*os.File, error) {
	for i := 0; ; i++ {
		name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%d", filepath.Base(path), i))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil || !errors.Is(err, fs.ErrExist) || i == 100 {
			return f, err
		}
	}
}

// writeAll writes to f and closes it.
func writeAll(f *os.File, write func(io.Writer) error) error {
	w := bufio.NewWriter(f)
	err := write(w)
	if err == nil {
		err = w.Flush()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
