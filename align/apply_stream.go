package align

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// errCut says that a stream ends inside a record. What is whole could be moved, but a file in which some
// times are moved and others are not is worse than none: it is refused.
var errCut = errors.New("the file is cut: it ends inside a record, and times that are not all moved are worse than none")

// recordRewriter rewrites the record that b begins with and returns its length, 0 where it is not whole. base is the
// offset of b in the editor's block, last says that nothing follows b.
type recordRewriter interface {
	next(b []byte, base int, last bool) (n int, err error)
}

const (
	// firstBytes is how much is held at first, blockBytes how much later: most files are small.
	firstBytes = 64 << 10
	blockBytes = 1 << 20
	// readBytes is how much is read at once: a digest finds it in cache.
	readBytes = 128 << 10
	// maxRecordBytes bounds the record held in memory: a message behind a length, a resource with its spans in a message
	// without one, a JSON document, a profile.
	maxRecordBytes = 1 << 30
)

// rewrite passes a stream through records, block by block. ctx ends it between two blocks.
func (r *rewriter) rewrite(ctx context.Context, in io.Reader, records recordRewriter) error {
	buf := make([]byte, firstBytes)
	end, filled := 0, false
	for last := false; !last; {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if r.order != nil && r.order.broken() {
			return ErrTrial
		}
		if end == len(buf) || filled && len(buf) < blockBytes {
			if end >= maxRecordBytes {
				return fmt.Errorf("byte %d: a record is longer than %d bytes", r.editor.read, maxRecordBytes)
			}
			grown := make([]byte, max(blockBytes, 2*len(buf)))
			copy(grown, buf[:end])
			buf = grown
		}
		n, err := fill(in, buf[end:])
		end += n
		filled = end == len(buf)
		if last = err == io.EOF; err != nil && !last {
			return err
		}
		done, err := r.block(buf[:end], last, records)
		if err != nil {
			return err
		}
		end = copy(buf, buf[done:end])
	}
	return nil
}

// block rewrites the whole records of a block and writes them.
func (r *rewriter) block(b []byte, last bool, records recordRewriter) (done int, err error) {
	for done < len(b) {
		n, err := records.next(b[done:], done, last)
		var d *damageError
		switch {
		case errors.As(err, &d):
			return 0, fmt.Errorf("byte %d: %w", r.editor.read+int64(d.off), err)
		case err != nil:
			return 0, fmt.Errorf("byte %d: %w", r.editor.read+int64(done), err)
		}
		if n == 0 && last {
			return 0, fmt.Errorf("byte %d: %w", r.editor.read+int64(done), errCut)
		}
		if n == 0 {
			break
		}
		done += n
		r.commit()
	}
	return done, r.editor.flush(b[:done])
}

// fill reads until b is full. Unlike io.ReadFull it keeps the error of a stream that is cut apart from io.EOF.
func fill(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var k int
		k, err = r.Read(b[n:min(len(b), n+readBytes)])
		n += k
	}
	return n, err
}
