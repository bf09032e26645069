package evidence

import (
	"fmt"
	"os"
	"strings"
)

// What align apply writes beside a copy is about the copy. One kind of it, the input as it was, would be read as a second
// capture of the same spans at other times.

// What the names of these files add to that of the copy.
const (
	SidecarSuffix  = ".witnessmark.json"
	UndoSuffix     = ".witnessmark.undo"
	OriginalSuffix = ".witnessmark.original"
)

// Beside returns the path of the copy that a file lies beside, by its name alone.
func Beside(path string) (of string, ok bool) {
	for _, suffix := range []string{SidecarSuffix, UndoSuffix, OriginalSuffix} {
		if of, ok = strings.CutSuffix(path, suffix); ok {
			return of, true
		}
	}
	return "", false
}

// beside reports whether to pass over a file found in a folder, or by a glob: its copy is there.
func (w *walker) beside(path string) bool {
	of, ok := Beside(path)
	if !ok {
		return false
	}
	if _, err := os.Lstat(of); err != nil {
		return false
	}
	w.passed++
	w.met++
	return true
}

// besideNamed does so for a path that was given, as by a shell's *: its copy was given before.
func (w *walker) besideNamed(path string) bool {
	of, ok := Beside(path)
	if !ok || !w.seen[realPath(of)] {
		return false
	}
	w.passed++
	w.met++
	return true
}

// besideNote says what was passed over, "" for nothing.
func (w *walker) besideNote() string {
	switch w.passed {
	case 0:
		return ""
	case 1:
		return "1 file that align apply wrote beside its copy: passed over"
	}
	return fmt.Sprintf("%d files that align apply wrote beside its copies: passed over", w.passed)
}
