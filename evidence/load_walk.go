package evidence

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// entry is one input file that the walk found.
type entry struct {
	path string // as the user gave it, with forward slashes
	file string // what to open; "" for a stream or a failure
	// root is the folder that was given, as a prefix of path with its slash; "" for a file given itself.
	root   string
	stream io.Reader // standard input
	stdin  bool
	err    error // why the file or folder cannot be read
	// manifest is the nearest one, nil if there is none.
	manifest *manifest
}

// walker turns paths into entries. Rules:
//   - Names are visited in byte order, folders where their name stands.
//   - A symbolic link is followed. Each real folder and each real file is visited once, under the first
//     name that leads to it; a link back to a visited folder is noted.
//   - Hidden files are read: captures are often put into hidden folders. Only .git is passed over.
//   - Named pipes, sockets and devices are opened only where the path names them itself: opening one
//     that happens to lie in a folder could block for ever.
//   - The manifest is no evidence, nor is what align apply wrote beside a copy.
type walker struct {
	entries   []entry
	notes     []string
	errs      []error
	seen      map[string]bool      // real paths
	met       int                  // files met, also those that were read already
	passed    int                  // files beside copies
	manifests map[string]*manifest // by folder; nil where there is none
}

func newWalker() *walker {
	return &walker{seen: map[string]bool{}, manifests: map[string]*manifest{}}
}

// add visits one path as given on the command line.
func (w *walker) add(path string) {
	if path == "-" {
		if !w.seen["-"] {
			w.seen["-"] = true
			w.entries = append(w.entries, entry{path: "-", stdin: true})
		}
		return
	}
	_, err := os.Stat(path)
	switch {
	case err == nil:
		w.given(path)
	case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(path, "*?[{"):
		w.glob(path)
	case errors.Is(err, fs.ErrNotExist):
		w.errs = append(w.errs, fmt.Errorf("%s: no such file or folder", filepath.ToSlash(path)))
	case isFile(path):
		w.fail(filepath.ToSlash(path), err)
	default:
		w.errs = append(w.errs, fmt.Errorf("%s: %w", filepath.ToSlash(path), cause(err)))
	}
}

// isFile reports whether something is there, though it cannot be looked at: a symbolic link into
// nowhere or in a circle.
func isFile(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// given visits a file or folder that the user named, or that a glob did.
func (w *walker) given(path string) {
	name := filepath.ToSlash(path)
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		if w.besideNamed(path) {
			return
		}
		w.file(path, name, "", w.nearest(filepath.Dir(path), ceiling(path)))
		return
	}
	met := w.met
	root := strings.TrimSuffix(name, "/") + "/"
	w.folder(path, root, root, ceiling(path))
	if w.met == met {
		w.errs = append(w.errs, fmt.Errorf("%s: no files in this folder", name))
	}
}

// glob visits what a pattern matches. ** does not follow symbolic links; a folder that matches is read
// as if it were given.
func (w *walker) glob(pattern string) {
	name := filepath.ToSlash(pattern)
	matches, err := doublestar.FilepathGlob(pattern, doublestar.WithNoFollow())
	if err != nil {
		w.errs = append(w.errs, fmt.Errorf("%s: not a valid pattern: %w", name, err))
		return
	}
	slices.Sort(matches)
	var visited int
	for _, m := range matches {
		slashed := filepath.ToSlash(m)
		if inGit(slashed) && !strings.Contains(name, ".git") {
			continue
		}
		info, err := os.Stat(m)
		if err == nil && !info.IsDir() && !info.Mode().IsRegular() {
			w.notes = append(w.notes, fmt.Sprintf("%s: %s, not opened", slashed, kindOf(info.Mode())))
			continue
		}
		visited++
		if err == nil && info.IsDir() {
			root := slashed + "/"
			w.folder(m, root, root, ceiling(m))
			continue
		}
		if w.beside(m) {
			continue
		}
		w.file(m, slashed, "", w.nearest(filepath.Dir(m), ceiling(m)))
	}
	if visited == 0 {
		w.errs = append(w.errs, fmt.Errorf("%s: no file matches this pattern", name))
	}
}

func inGit(path string) bool {
	return slices.Contains(strings.Split(path, "/"), ".git")
}

// folder visits everything below dir, whose shown name ends in a slash. top is the highest folder in which
// a manifest counts.
func (w *walker) folder(dir, shown, root, top string) {
	if !w.first(dir) {
		w.met++
		w.notes = append(w.notes, fmt.Sprintf("%s: leads to a folder that is read already", strings.TrimSuffix(shown, "/")))
		return
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		w.fail(strings.TrimSuffix(shown, "/"), err)
	}
	var m *manifest
	for i, d := range list {
		if i == 0 {
			m = w.nearest(dir, top)
		}
		name := d.Name()
		path := filepath.Join(dir, name)
		mode := d.Type()
		if mode&fs.ModeSymlink != 0 {
			info, err := os.Stat(path)
			if err != nil {
				w.fail(shown+name, err)
				continue
			}
			mode = info.Mode().Type()
		}
		switch {
		case mode.IsDir() && name == ".git":
		case mode.IsDir():
			w.folder(path, shown+name+"/", root, top)
		case mode.IsRegular() && w.beside(path):
		case mode.IsRegular():
			w.file(path, shown+name, root, m)
		default:
			w.notes = append(w.notes, fmt.Sprintf("%s: %s, not opened", shown+name, kindOf(mode)))
		}
	}
}

func (w *walker) file(path, shown, root string, m *manifest) {
	if filepath.Base(path) == manifestName {
		return
	}
	w.met++
	if !w.first(path) {
		return
	}
	w.entries = append(w.entries, entry{path: shown, file: path, root: root, manifest: m})
}

// fail adds a file or folder that is there and cannot be read.
func (w *walker) fail(shown string, err error) {
	w.met++
	w.entries = append(w.entries, entry{path: shown, err: err})
}

// first reports whether the real file or folder behind path was not visited before.
func (w *walker) first(path string) bool {
	real := realPath(path)
	if w.seen[real] {
		return false
	}
	w.seen[real] = true
	return true
}

// realPath returns what symbolic links lead to, or the path itself where they lead nowhere.
func realPath(path string) string {
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return path
	}
	return real
}

// ceiling returns the highest folder in which a manifest counts for a path that was given: the first one
// that the path names. A part of a capture then has the identity that it has as part of the whole, and
// no file that nobody named, such as one in the working directory or a home directory, has a say.
func ceiling(path string) string {
	top := filepath.Clean(path)
	for {
		parent := filepath.Dir(top)
		if parent == "." || parent == filepath.Dir(parent) || filepath.Base(parent) == ".." {
			return top
		}
		top = parent
	}
}

// nearest returns the manifest that lies nearest above the files of dir: in dir itself, or in a folder
// above it up to top.
func (w *walker) nearest(dir, top string) *manifest {
	for {
		m, ok := w.manifests[dir]
		if !ok {
			var err error
			if m, err = readManifest(dir); err != nil {
				w.errs = append(w.errs, err)
			}
			w.manifests[dir] = m
		}
		parent := filepath.Dir(dir)
		if m != nil || filepath.Clean(dir) == filepath.Clean(top) || parent == dir {
			return m
		}
		dir = parent
	}
}

func kindOf(m fs.FileMode) string {
	switch {
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "a special file"
}

// cause drops operation and path of a file system error, for messages that name the path already.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
