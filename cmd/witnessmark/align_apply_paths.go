package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/evidence"
)

// Where copies go, and what is not copied.

// check refuses what cannot be meant.
func (o *alignApply) check(args []string) error {
	switch {
	case o.dir == "":
		return errors.New("no folder to write to\nsay where: -o DIR")
	case o.reverse && o.model != "":
		return errors.New("--reverse needs no --model: the sidecars say how to go back")
	case o.reverse && (o.compose || o.keep || o.overwrite || len(o.labels)+len(o.zones)+len(o.identity) > 0):
		return errors.New("--reverse restores what was there: it goes with -o and --format only")
	case !o.reverse && o.model == "":
		return errors.New("no model\nmake one: witnessmark align estimate PATH… -o model.json")
	case o.format != "table" && o.format != "json":
		return fmt.Errorf("--format %q: want table or json", o.format)
	case o.digest != "crc32c" && o.digest != "sha256":
		return fmt.Errorf("--digest %q: want crc32c or sha256", o.digest)
	}
	for _, l := range o.labels {
		if l != "az" && l != "host" {
			return fmt.Errorf("--label %q: want az or host", l)
		}
	}
	if info, err := os.Stat(o.dir); err == nil && !info.IsDir() {
		return fmt.Errorf("-o %s: is a file\nwant a folder", o.dir)
	}
	for _, path := range args {
		if path == "-" {
			return errors.New("-: standard input cannot be rewritten\nwant files or folders")
		}
		info, err := os.Stat(path)
		if err != nil {
			continue // a glob, or nothing: Load says so
		}
		if info.IsDir() && within(o.dir, path) {
			return fmt.Errorf("-o %s: lies inside the input %s", o.dir, path)
		}
		if within(path, o.dir) {
			return fmt.Errorf("-o %s: holds the input %s", o.dir, path)
		}
	}
	return nil
}

// within reports whether path is folder or lies below it. Neither needs to exist.
func within(path, folder string) bool {
	rel, err := filepath.Rel(resolved(folder), resolved(path))
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// resolved returns the absolute path without symbolic links, as far as it exists.
func resolved(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real
	}
	if parent := filepath.Dir(abs); parent != abs {
		return filepath.Join(resolved(parent), filepath.Base(abs))
	}
	return abs
}

// outputName returns where the copy of a file goes: below the output folder as it lies below the argument that led to it.
func (o *alignApply) outputName(path string, args []string) string {
	for _, a := range args {
		a = filepath.ToSlash(a)
		if path == a {
			return filepath.Join(o.dir, filepath.Base(path))
		}
		root := strings.TrimSuffix(a, "/") + "/"
		if i := strings.IndexAny(a, "*?[{"); i >= 0 {
			if _, err := os.Stat(a); err != nil {
				root = a[:strings.LastIndexByte(a[:i], '/')+1]
			}
		}
		if below, ok := strings.CutPrefix(path, root); ok {
			return filepath.Join(o.dir, filepath.FromSlash(below))
		}
	}
	return filepath.Join(o.dir, filepath.Base(path))
}

// ready refuses a file that cannot be rewritten, and makes the folder for its copy. It empties f.Path for members of an
// archive that was refused already.
func (o *alignApply) ready(a *evidence.Artifact, f *applied, names map[string]string, archives map[string]bool) error {
	if _, err := os.Stat(filepath.FromSlash(a.Path)); err != nil {
		archive, _, isMember := strings.Cut(a.Path, "!")
		if !isMember {
			return errors.New("cannot be read")
		}
		f.Path = archive
		if archives[archive] {
			f.Path = ""
			return nil
		}
		archives[archive] = true
		return errors.New("an archive cannot be rewritten: unpack it first")
	}
	if slices.Contains(a.Containers, "tar") || slices.Contains(a.Containers, "zip") {
		return errors.New("an archive cannot be rewritten: unpack it first")
	}
	if a.Format == evidence.FormatUnknown || a.Format == evidence.FormatEmpty {
		return align.ErrFormat
	}
	if _, err := os.Stat(filepath.FromSlash(a.Path) + align.SidecarSuffix); err == nil && !o.compose {
		return align.ErrMoved
	}
	if other, taken := names[f.Out]; taken {
		return fmt.Errorf("its copy would have the name of that of %s", other)
	}
	names[f.Out] = f.Path
	return o.room(f.Out)
}

// room makes the folder of an output, and refuses to replace a file that is not a copy of ours.
func (o *alignApply) room(out string) error {
	if _, err := os.Lstat(out); err == nil {
		if _, err := os.Stat(out + align.SidecarSuffix); err != nil || o.reverse {
			return fmt.Errorf("%s exists", out)
		}
	}
	return os.MkdirAll(filepath.Dir(out), 0o777)
}

// copies counts the artifacts that align apply wrote.
func copies(artifacts []*evidence.Artifact) (n int) {
	for _, a := range artifacts {
		if _, err := os.Stat(filepath.FromSlash(a.Path) + align.SidecarSuffix); err == nil {
			n++
		}
	}
	return n
}
