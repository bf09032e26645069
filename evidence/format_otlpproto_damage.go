package evidence

import (
	"math"

	"github.com/witnessmark/witnessmark/internal/wire"
)

// ended is called where the stream ends at the border of a field of a level. Only a message without a
// length may end there.
func (w *protoWalk) ended(l *protoLevel, _ *protoField) bool {
	rest := int64(len(w.in.data()))
	if l.kind != levelMessage || l.end != math.MaxInt64 || rest > 0 {
		w.in.cut(l.start, w.in.off()+rest, "the file ends inside %s", protoLevelNames[l.kind])
	}
	w.in.advance(int(rest))
	return false
}

// bad records that a level holds what is no field, and goes on behind the level where its end is known.
func (w *protoWalk) bad(l *protoLevel, off int64, why string) bool {
	if l.end == math.MaxInt64 {
		rest := int64(len(w.in.data()))
		w.in.cut(off, w.in.off()+rest, "nothing can be read from here on, inside %s: %s", protoLevelNames[l.kind], why)
		w.in.advance(int(rest))
		return false
	}
	// The level may claim more than there is: what is lost ends where the stream does.
	goesOn := w.leave(l)
	w.in.lose(off, w.in.off()-off, InReading, "%s cannot be read further: %s", protoLevelNames[l.kind], why)
	return goesOn
}

// passTorn records that a level ends inside the header of a field.
func (w *protoWalk) passTorn(l *protoLevel) bool {
	goesOn := w.leave(l)
	w.recordTorn(l)
	return goesOn
}

// recordTorn records that an element of a level is longer than the level, which has been left.
func (w *protoWalk) recordTorn(l *protoLevel) {
	w.in.lose(w.tornOff, w.in.off()-w.tornOff, InReading, "%s is longer than %s around it", w.tornWhat, protoLevelNames[l.kind])
}

// leave consumes the rest of a level. It returns false where the stream ends first.
func (w *protoWalk) leave(l *protoLevel) bool {
	n := l.end - w.in.off()
	if n <= 0 {
		return true
	}
	if w.in.skip(n) < n {
		w.in.cut(l.start, w.in.off(), "the file ends inside %s", protoLevelNames[l.kind])
		return false
	}
	return true
}

// endGroup reports whether the window begins with the end-group tag of field num, and how long it is.
func (w *protoWalk) endGroup(l *protoLevel, num uint32) (n int, closes bool) {
	w.in.fill(maxFrameHeader)
	d := w.in.data()
	if room := l.end - w.in.off(); int64(len(d)) > room {
		d = d[:max(0, room)]
	}
	tag, n := wire.Uvarint(d, 0)
	return n, n > 0 && tag == uint64(num)<<3|4
}
