package align

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"

	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/internal/wire"
)

// OTLP as protobuf. Times are fixed64 and are patched where they stand. An attribute more makes a resource or span
// longer, and with it every message around: their lengths are edits too. Fields keep their order, unknown ones
// their bytes.

// ErrMoved says that the times of a file were moved before.
var ErrMoved = errors.New("moved before")

// framing says how messages are told apart.
type framing uint8

const (
	framingNone framing = iota // one message: its fields are the records
	framingBigEndian
	framingVarint
)

// protoRewriter rewrites a stream of OTLP messages.
// A record of a stream that is cut is an error, and so is damage inside of one.
type protoRewriter struct {
	*rewriter
	framing framing
	signal  string // of the message at hand

	starts, ends []int // offsets of the times of the span at hand
	events       []protoTime
	eventsSeen   int
	resources    []wire.Field
	encoded      []byte
}

type protoTime struct {
	off   int
	value uint64
}

// next rewrites the record that b begins with; base is the offset of b in the block. n is 0 where the record
// is not whole.
func (r *protoRewriter) next(b []byte, base int, last bool) (n int, err error) {
	if r.framing == framingNone {
		return r.field(b, base, last)
	}
	length, size := r.header(b)
	switch {
	case size < 0:
		return 0, errors.New("no length of a message")
	case size == 0 || length > uint64(len(b)-size):
		if last {
			return 0, errCut
		}
		return 0, nil
	}
	end := size + int(length)
	if s := evidence.OTLPSignal(b[size:end]); s != "" {
		r.signal = s
	}
	grown, err := r.message(b[size:end], base+size)
	if err != nil || grown == 0 {
		return end, err
	}
	if uint64(end-size+grown) > math.MaxUint32 {
		return 0, errors.New("the message does not fit its length any more")
	}
	header := binary.BigEndian.AppendUint32(r.editor.bytes(4), uint32(end-size+grown))
	if r.framing == framingVarint {
		header = binary.AppendUvarint(r.editor.bytes(binary.MaxVarintLen64), uint64(end-size+grown))
	}
	r.editor.replace(base, size, header)
	return end, nil
}

// header reads the length before a message. size is 0 where it is not whole, -1 where there is none.
func (r *protoRewriter) header(b []byte) (length uint64, size int) {
	if r.framing == framingBigEndian {
		if len(b) < 4 {
			return 0, 0
		}
		return uint64(binary.BigEndian.Uint32(b)), 4
	}
	v, next := wire.Uvarint(b[:min(len(b), binary.MaxVarintLen32)], 0)
	switch {
	case next < 0 && len(b) < binary.MaxVarintLen32:
		return 0, 0
	case next < 0 || v > math.MaxUint32:
		return 0, -1
	}
	return v, next
}

// field rewrites one field of the only message.
func (r *protoRewriter) field(b []byte, base int, last bool) (int, error) {
	w := wire.Walk(b)
	var f wire.Field
	if !w.Next(&f) {
		switch {
		case w.Stop() == wire.Cut && last:
			return 0, errCut
		case w.Stop() == wire.Cut:
			return 0, nil
		}
		return 0, errors.New(w.Stop().String())
	}
	if f.Num == 1 && f.Type == wire.Bytes {
		grown, err := r.container(f.Bytes, base+f.Start)
		if err != nil {
			return 0, err
		}
		r.editor.grow(b, base, &f, grown)
	}
	return f.End, nil
}

// message rewrites a whole message and returns by how much it grows.
func (r *protoRewriter) message(b []byte, base int) (grown int, err error) {
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) {
		if f.Num != 1 || f.Type != wire.Bytes {
			continue
		}
		g, err := r.container(f.Bytes, base+f.Start)
		if err != nil {
			return 0, err
		}
		grown += r.editor.grow(b, base, &f, g)
	}
	return grown, damage(&w, base)
}

// damage returns why a walk ended before its end.
func damage(w *wire.Walker, base int) error {
	if w.Stop() == wire.End {
		return nil
	}
	return &damageError{base + w.Pos(), w.Stop().String()}
}

// damageError is damage at an offset of the block.
type damageError struct {
	off int
	why string
}

func (e *damageError) Error() string { return e.why }

// grow edits the length of a field of b whose payload grows, and returns by how much the field does.
func (e *editor) grow(b []byte, base int, f *wire.Field, by int) int {
	if by == 0 {
		return 0
	}
	_, at := wire.Uvarint(b, f.Off)
	length := binary.AppendUvarint(e.bytes(binary.MaxVarintLen64), uint64(len(f.Bytes)+by))
	e.replace(base+at, f.Start-at, length)
	return by + len(length) - (f.Start - at)
}

// container rewrites a ResourceSpans, ResourceLogs or ResourceMetrics.
func (r *protoRewriter) container(b []byte, base int) (grown int, err error) {
	if r.signal == "profiles" {
		return 0, errors.New("OTLP profiles cannot be rewritten")
	}
	r.resources, r.encoded = r.resources[:0], r.encoded[:0]
	behind, records := false, false // the resource stands behind its records, as pdata writes it
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) {
		if f.Num == 1 && f.Type == wire.Bytes {
			r.resources = append(r.resources, f)
			r.encoded = append(r.encoded, f.Bytes...) // two merge, as protobuf has it
			behind = records
		} else if f.Num == 2 {
			records = true
		}
	}
	if err := damage(&w, base); err != nil {
		return 0, err
	}
	t := r.target(r.encoded)
	r.receipt.Resources++
	if bytes.Contains(r.encoded, []byte(attrStatus)) && !r.plan.o.Compose {
		return 0, ErrMoved
	}
	if !behind {
		grown = r.attributes(t, b, base)
	}
	w = wire.Walk(b)
	for w.Next(&f) {
		// 1000 is the scopes' number in OTLP 0.15 to 0.19; see evidence.
		if f.Type != wire.Bytes || f.Num != 2 && f.Num != 1000 {
			continue
		}
		g, err := r.scope(t, f.Bytes, base+f.Start)
		if err != nil {
			return 0, err
		}
		grown += r.editor.grow(b, base, &f, g)
	}
	if behind {
		grown += r.attributes(t, b, base) // in the order of the bytes, so that nothing needs to be sorted
	}
	return grown, nil
}

// scope rewrites the records of one scope.
func (r *protoRewriter) scope(t *target, b []byte, base int) (grown int, err error) {
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) {
		if f.Num != 2 || f.Type != wire.Bytes {
			continue
		}
		var g int
		switch r.signal {
		case "logs":
			err = r.logRecord(t, f.Bytes, base+f.Start)
		case "metrics":
			err = r.metric(t, f.Bytes, base+f.Start)
		default:
			g, err = r.span(t, f.Bytes, base+f.Start)
		}
		if err != nil {
			return 0, err
		}
		grown += r.editor.grow(b, base, &f, g)
	}
	return grown, damage(&w, base)
}

// reading moves one time by its own reading.
func (r *protoRewriter) reading(t *target, off int, value uint64) {
	if shift, ok := r.shiftOf(t, value); ok {
		r.move(t, off, value, shift)
	}
}

// shiftOf returns the shift of a reading; ok is false for one that stays.
func (r *rewriter) shiftOf(t *target, value uint64) (shift int64, ok bool) {
	if value == 0 {
		return 0, false
	}
	if shift, ok = t.clock.shift(value); !ok {
		r.receipt.TimesLeft++
	}
	return shift, ok
}

// move patches a time.
func (r *protoRewriter) move(t *target, off int, value uint64, shift int64) {
	r.moved(t, shift)
	if shift != 0 {
		r.editor.patch(off, shift)
	}
}

// movable reports whether value is an instant still when it is moved by shift.
func movable(value uint64, shift int64) bool {
	moved := value - uint64(shift)
	return value != 0 && moved != 0 && (shift >= 0) == (moved <= value) && value <= math.MaxInt64 && moved <= math.MaxInt64
}
