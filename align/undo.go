package align

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"math"
)

// The undo log of a rewritten file says what to do with its decoded bytes to get the input's: the magic,
// then operations, each a varint of gap<<2|kind, where gap counts the bytes to copy before it:
//
//	0  eight bytes are a little-endian time: add the shift that follows
//	1  replace: the length of what stands there, then of what stood there, then that
//	2  nineteen digits are a time: add the shift that follows
//	3  copy the gap and end; what follows is the length of the restored bytes
//
// Shifts are zigzag varints of the difference to the shift before: neighbours share nearly all of it, so
// that a time costs three bytes or less.

const undoMagic = "witnessmark-undo/1\n"

const (
	undoFixed = iota
	undoReplace
	undoDigits
	undoEnd
)

// castagnoli is the polynomial that processors have an instruction for: a checksum of files costs a
// fifteenth of what SHA-256 does.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// undoWriter writes an undo log. Offsets given to it are offsets in the block at hand, as read.
type undoWriter struct {
	w     io.Writer
	buf   []byte
	sum   hash.Hash32
	size  int64
	shift int64 // the last
	// at is how far the block at hand is accounted for; gap is what lies between the last operation and
	// the start of the block.
	at, gap int
	read    int64
	err     error
}

func newUndoWriter(w io.Writer) *undoWriter {
	u := &undoWriter{w: w, sum: crc32.New(castagnoli)}
	u.buf = append(u.buf, undoMagic...)
	return u
}

func (u *undoWriter) op(off, kind int) {
	u.buf = binary.AppendUvarint(u.buf, uint64(u.gap+off-u.at)<<2|uint64(kind))
	u.gap, u.at = 0, off
}

func (u *undoWriter) time(off, splice int, shift int64) {
	if splice == fixedTime {
		u.op(off, undoFixed)
		u.at += 8
	} else {
		u.op(off, undoDigits)
		u.at += digits
	}
	u.buf = binary.AppendVarint(u.buf, shift-u.shift)
	u.shift = shift
}

func (u *undoWriter) splice(off int, old []byte, length int) {
	u.op(off, undoReplace)
	u.buf = binary.AppendUvarint(u.buf, uint64(length))
	u.buf = binary.AppendUvarint(u.buf, uint64(len(old)))
	u.buf = append(u.buf, old...)
	u.at += len(old)
}

// block ends the block at hand.
func (u *undoWriter) block(length int) {
	u.gap += length - u.at
	u.at = 0
	u.read += int64(length)
	if len(u.buf) >= 64<<10 {
		u.write()
	}
}

func (u *undoWriter) write() {
	u.sum.Write(u.buf)
	u.size += int64(len(u.buf))
	if u.err == nil {
		_, u.err = u.w.Write(u.buf)
	}
	u.buf = u.buf[:0]
}

// end ends the log.
func (u *undoWriter) end() error {
	u.op(0, undoEnd)
	u.buf = binary.AppendUvarint(u.buf, uint64(u.read))
	u.write()
	return u.err
}

// errUndo says that a log is not what witnessmark writes.
var errUndo = errors.New("the undo log is damaged")

// undo restores what was rewritten: it reads the decoded bytes of the output and writes those of the input.
func undo(out io.Writer, rewritten, log io.Reader) error {
	u := &undoer{in: bufio.NewReaderSize(rewritten, 256<<10), log: bufio.NewReaderSize(log, 64<<10), out: bufio.NewWriterSize(out, 256<<10)}
	magic := make([]byte, len(undoMagic))
	if _, err := io.ReadFull(u.log, magic); err != nil || string(magic) != undoMagic {
		return errUndo
	}
	for {
		op, err := binary.ReadUvarint(u.log)
		if err != nil {
			return errUndo
		}
		if err := u.copy(op >> 2); err != nil {
			return err
		}
		if op&3 == undoEnd {
			return u.end()
		}
		if err := u.step(int(op & 3)); err != nil {
			return err
		}
	}
}

type undoer struct {
	in, log *bufio.Reader
	out     *bufio.Writer
	size    uint64
	shift   int64
}

func (u *undoer) copy(n uint64) error {
	if n > math.MaxInt64 {
		return errUndo
	}
	u.size += n
	if copied, err := io.CopyN(u.out, u.in, int64(n)); err != nil {
		if err == io.EOF {
			return fmt.Errorf("the rewritten file ends %d bytes early", n-uint64(copied))
		}
		return err
	}
	return nil
}

func (u *undoer) step(kind int) error {
	if kind == undoReplace {
		length, err1 := binary.ReadUvarint(u.log)
		old, err2 := binary.ReadUvarint(u.log)
		if err1 != nil || err2 != nil || length > math.MaxInt64 || old > math.MaxInt64 {
			return errUndo
		}
		if _, err := io.CopyN(io.Discard, u.in, int64(length)); err != nil {
			return fmt.Errorf("the rewritten file: %w", err)
		}
		u.size += old
		if _, err := io.CopyN(u.out, u.log, int64(old)); err != nil {
			return errUndo
		}
		return nil
	}
	delta, err := binary.ReadVarint(u.log)
	if err != nil {
		return errUndo
	}
	u.shift += delta
	var b [digits]byte
	field := b[:8]
	if kind == undoDigits {
		field = b[:]
	}
	if _, err := io.ReadFull(u.in, field); err != nil {
		return fmt.Errorf("the rewritten file: %w", err)
	}
	if kind == undoDigits {
		putDigits(field, readDigits(field)+uint64(u.shift))
	} else {
		binary.LittleEndian.PutUint64(field, binary.LittleEndian.Uint64(field)+uint64(u.shift))
	}
	u.size += uint64(len(field))
	_, err = u.out.Write(field)
	return err
}

func (u *undoer) end() error {
	size, err := binary.ReadUvarint(u.log)
	if err != nil || size != u.size {
		return errUndo
	}
	if _, err := u.in.ReadByte(); err == nil {
		return errors.New("bytes follow what was rewritten")
	} else if err != io.EOF {
		return err
	}
	return u.out.Flush()
}
