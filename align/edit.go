package align

import (
	"cmp"
	"encoding/binary"
	"io"
	"slices"
)

// Rewriting is splicing: a list of edits of the decoded bytes, and nothing else moves. The undo log holds
// for each edit what it takes to go back, so that reversing needs neither a model nor a reader of the
// format; see undo.go.

// Edit replaces the Old bytes at Off by New.
type Edit struct {
	Off, Old int
	New      []byte
}

// change is one edit of the block at hand, in the form in which it is kept: nearly all are times of eight
// bytes, of which only the difference is.
type change struct {
	off    int
	shift  int64 // subtracted from the time at off, where splice is fixedTime or digitTime
	splice int   // index into editor.splices, or one of the constants
}

const (
	fixedTime = -1 - iota // eight bytes, little-endian
	digitTime             // nineteen decimal digits
)

// digits is how many the times of 2001 to 2286 have in nanoseconds.
const digits = 19

// editor applies changes block by block and logs how to undo them.
type editor struct {
	w       io.Writer
	undo    *undoWriter
	changes []change
	late    []change // room for sort
	splices []Edit
	read    int64 // bytes of blocks before
	arena   []byte
}

// patch shifts the fixed64 time at off of the block.
func (e *editor) patch(off int, shift int64) {
	e.changes = append(e.changes, change{off, shift, fixedTime})
	// The few times of one span come by their meaning, which is not the order in which most exporters write them.
	for i := len(e.changes) - 1; i > max(0, len(e.changes)-8) && e.changes[i-1].off > off; i-- {
		e.changes[i-1], e.changes[i] = e.changes[i], e.changes[i-1]
	}
}

// patchDigits shifts the decimal time of nineteen digits at off of the block. The result has nineteen too.
func (e *editor) patchDigits(off int, shift int64) {
	e.changes = append(e.changes, change{off, shift, digitTime})
}

// replace records the edit of the block.
func (e *editor) replace(off, old int, text []byte) {
	e.changes = append(e.changes, change{off: off, splice: len(e.splices)})
	e.splices = append(e.splices, Edit{off, old, text})
}

// mark and rollback take back the changes of a record that turns out not to be whole.
func (e *editor) mark() (changes, splices int) { return len(e.changes), len(e.splices) }

func (e *editor) rollback(changes, splices int) {
	e.changes, e.splices = e.changes[:changes], e.splices[:splices]
}

// bytes returns room for n bytes of a splice, valid until the block is written.
func (e *editor) bytes(n int) []byte {
	if cap(e.arena)-len(e.arena) < n {
		e.arena = make([]byte, 0, max(64<<10, n))
	}
	first := len(e.arena)
	e.arena = e.arena[:first+n]
	return e.arena[first:first:len(e.arena)]
}

// flush writes the block with its changes, which alters it in place.
func (e *editor) flush(block []byte) error {
	e.sort()
	done := 0 // bytes of the block written
	for i := range e.changes {
		c := &e.changes[i]
		switch c.splice {
		case fixedTime:
			b := block[c.off : c.off+8]
			binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)-uint64(c.shift))
			e.undo.time(c.off, fixedTime, c.shift)
		case digitTime:
			putDigits(block[c.off:c.off+digits], readDigits(block[c.off:c.off+digits])-uint64(c.shift))
			e.undo.time(c.off, digitTime, c.shift)
		default:
			s := &e.splices[c.splice]
			if _, err := e.w.Write(block[done:s.Off]); err != nil {
				return err
			}
			if _, err := e.w.Write(s.New); err != nil {
				return err
			}
			e.undo.splice(s.Off, block[s.Off:s.Off+s.Old], len(s.New))
			done = s.Off + s.Old
		}
	}
	if _, err := e.w.Write(block[done:]); err != nil {
		return err
	}
	e.undo.block(len(block))
	e.read += int64(len(block))
	e.changes, e.splices, e.arena = e.changes[:0], e.splices[:0], e.arena[:0]
	return e.undo.err
}

// sort puts the changes into the order of their offsets, equal ones as they came. Nearly all are in order: what is not is the length of
// a message, which is known behind what is inside of it, and a resource that stands behind its records. These few are sorted
// and merged with the rest.
func (e *editor) sort() {
	order := func(a, b change) int { return cmp.Compare(a.off, b.off) }
	e.late = e.late[:0]
	kept, most := 0, -1
	for i, c := range e.changes {
		if c.off < most {
			e.late = append(e.late, c)
			continue
		}
		most = c.off
		e.changes[kept] = e.changes[i]
		kept++
	}
	if len(e.late) == 0 {
		return
	}
	slices.SortStableFunc(e.late, order)
	// From behind, into the room that the late ones left. Of equal offsets the late one came later.
	for i, l := len(e.changes)-1, len(e.late)-1; l >= 0; i-- {
		if kept > 0 && e.changes[kept-1].off > e.late[l].off {
			kept--
			e.changes[i] = e.changes[kept]
		} else {
			e.changes[i] = e.late[l]
			l--
		}
	}
}

func readDigits(b []byte) (v uint64) {
	for _, c := range b {
		v = v*10 + uint64(c-'0')
	}
	return v
}

func putDigits(b []byte, v uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + v%10)
		v /= 10
	}
}
