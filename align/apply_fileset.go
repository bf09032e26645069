package align

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// fileSet is an output and the files beside it, which are written under other names and appear together.
type fileSet struct {
	out   string
	files []pendingFile
}

type pendingFile struct {
	*os.File
	name string
}

// create creates the file of the output's name and suffix, for now under a name that nothing has.
func (s *fileSet) create(suffix string) (*os.File, error) {
	name := s.out + suffix
	for i := 0; ; i++ {
		temp := filepath.Join(filepath.Dir(name), fmt.Sprintf(".%s.%d", filepath.Base(name), i))
		f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil {
			s.files = append(s.files, pendingFile{f, name})
			return f, nil
		}
		if !errors.Is(err, fs.ErrExist) || i == 100 {
			return nil, err
		}
	}
}

// close closes the files, which still may fail to be written then.
func (s *fileSet) close() error {
	for _, f := range s.files {
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// commit gives closed files their names: the output's last.
func (s *fileSet) commit() error {
	for _, last := range []bool{false, true} {
		for _, f := range s.files {
			if (f.name == s.out) == last {
				if err := os.Rename(f.Name(), f.name); err != nil {
					return err
				}
			}
		}
	}
	s.files = nil
	return nil
}

// discard removes what was not committed.
func (s *fileSet) discard() {
	for _, f := range s.files {
		f.Close()
		os.Remove(f.Name())
	}
}

// copy copies the input as it is.
func (s *fileSet) copy(ctx context.Context, side *Sidecar, j Job) error {
	in, err := os.Open(j.In)
	if err != nil {
		return err
	}
	defer in.Close()
	read, err := newSum(j.Digest)
	if err != nil {
		return err
	}
	out, err := s.create("")
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.MultiWriter(out, read), &interruptible{ctx, in}); err != nil {
		return err
	}
	side.Input, side.Output = read.file(filepath.Base(j.In)), read.file(filepath.Base(j.Out))
	return nil
}

// interruptible ends a stream when ctx does.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i *interruptible) Read(p []byte) (int, error) {
	if i.ctx.Err() != nil {
		return 0, context.Cause(i.ctx)
	}
	return i.r.Read(p)
}
