package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// ReadRange returns n decoded bytes from offset off of the artifact that Load names path, by peeling
// the file once more. Only Options that change the decoded bytes matter.
func ReadRange(path string, off, n int64, o Options) ([]byte, error) {
	if off < 0 || n < 0 {
		return nil, fmt.Errorf("%s: the range @%d+%d is not one", path, off, n)
	}
	e := entry{path: path, file: filePart(path), stdin: path == "-"}
	if e.file != "" {
		e.path = filepath.ToSlash(e.file)
	}
	var found bool
	var out bytes.Buffer
	var readErr error
	f := newFileLoad(e, 0, o.withDefaults())
	f.exact = true
	f.visit = func(f *fileLoad, a *Artifact, s *stream) {
		if a.Path != filepath.ToSlash(path) {
			f.pass(s)
			return
		}
		found, f.stopped = true, true
		if _, err := io.CopyN(io.Discard, s.r, off); err == nil {
			_, readErr = io.CopyN(&out, s.r, n)
		} else {
			readErr = err
		}
	}
	f.run()
	switch {
	case !found && len(f.artifacts) > 0:
		return nil, fmt.Errorf("%s: %s", path, f.artifacts[len(f.artifacts)-1].Losses[0].What)
	case !found:
		return nil, fmt.Errorf("%s: the archive holds no such member", path)
	case errors.Is(readErr, io.EOF):
		return out.Bytes(), fmt.Errorf("%s: the range @%d+%d goes beyond the end of the artifact", path, off, n)
	case readErr != nil:
		return out.Bytes(), fmt.Errorf("%s: %s", path, endReason(readErr))
	}
	return out.Bytes(), nil
}

// pass goes through a stream as Load does, so that the limits fall at the same place.
func (f *fileLoad) pass(s *stream) {
	if s.decompressed {
		io.Copy(io.Discard, s.r)
	}
}

// filePart returns the part of an artifact's path that is a file: a name may hold exclamation marks
// itself.
func filePart(path string) string {
	if path == "-" {
		return ""
	}
	for i := 0; ; {
		next := strings.IndexByte(path[i:], '!')
		if next < 0 {
			return path
		}
		i += next
		if info, err := os.Stat(path[:i]); err == nil && !info.IsDir() {
			if _, err := os.Stat(path); err != nil {
				return path[:i]
			}
			return path
		}
		i++
	}
}
