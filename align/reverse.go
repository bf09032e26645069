package align

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/witnessmark/witnessmark/evidence"
)

// Reverse restores the input of a rewritten file, byte for byte, at out. It needs the sidecar and the file that the sidecar names
// beside the rewritten one, and no model. What comes out is held against the input's digest before it appears.
func Reverse(ctx context.Context, rewritten, out string) (*Sidecar, error) {
	s, err := ReadSidecar(rewritten)
	if err != nil {
		return nil, err
	}
	if err := s.check(ctx, rewritten); err != nil {
		return nil, err
	}
	f := &fileSet{out: out}
	defer f.discard()
	file, err := f.create("")
	if err != nil {
		return nil, err
	}
	written, err := newSum(s.Input.algorithm())
	if err != nil {
		return nil, err
	}
	buffered := bufio.NewWriterSize(io.MultiWriter(file, written), 256<<10)
	switch s.Undo.Kind {
	case undoNone:
		err = copyFile(ctx, buffered, rewritten)
	case undoOriginal:
		err = copyFile(ctx, buffered, s.undoFile(rewritten))
	case undoEdits:
		err = s.undo(ctx, buffered, rewritten)
	default:
		err = fmt.Errorf("undo of kind %q: this release knows none, edits and original", s.Undo.Kind)
	}
	if err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		return nil, err
	}
	if restored := written.file(""); !restored.same(s.Input) {
		return nil, fmt.Errorf("what comes back is not the input: %d bytes, %s, want %d, %s", restored.Bytes, restored.Digest, s.Input.Bytes, s.Input.Digest)
	}
	if err := f.close(); err != nil {
		return nil, err
	}
	return s, f.commit()
}

// undoFile returns the file beside the rewritten one that holds what it takes to go back.
func (s *Sidecar) undoFile(rewritten string) string {
	return filepath.Join(filepath.Dir(rewritten), filepath.Base(s.Undo.File.Name))
}

// check refuses a file that is not what the sidecar is of.
func (s *Sidecar) check(ctx context.Context, rewritten string) error {
	have, err := newSum(s.Output.algorithm())
	if err != nil {
		return err
	}
	if err := copyFile(ctx, have, rewritten); err != nil {
		return err
	}
	if !have.file("").same(s.Output) {
		return fmt.Errorf("the file is not the one that its sidecar is of: it has changed since")
	}
	return nil
}

func copyFile(ctx context.Context, w io.Writer, path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(w, &interruptible{ctx, in})
	return err
}

// undo goes back by the log, through the containers.
func (s *Sidecar) undo(ctx context.Context, out io.Writer, rewritten string) error {
	in, err := os.Open(rewritten)
	if err != nil {
		return err
	}
	defer in.Close()
	log, err := os.Open(s.undoFile(rewritten))
	if err != nil {
		return err
	}
	defer log.Close()
	var content io.Reader = &interruptible{ctx, in}
	for _, p := range s.Undo.Packings {
		u, err := evidence.Unpack(content, p.Container)
		if err != nil {
			return err
		}
		defer u.Close()
		content = u
	}
	packed, closers, err := pack(out, s.Undo.Packings)
	if err != nil {
		return err
	}
	if err := undo(packed, content, log); err != nil {
		return err
	}
	for _, c := range closers {
		if err := c.Close(); err != nil {
			return err
		}
	}
	return nil
}
