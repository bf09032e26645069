package evidence

// What happens where a level of protoWalk ends early or holds no protobuf.

// ended records that the stream ends inside a level, before the field f is complete. A message without a
// length may end between any two fields.
func (w *protoWalk) ended(l *protoLevel, f *protoField) bool {
	end := w.in.off() + int64(len(w.in.data()))
	if l.end != unknownEnd || end > f.off {
		w.in.cut(f.off, end, "the file ends inside %s", protoLevelNames[l.kind])
	}
	return false
}

// torn passes over what is left of a level that ends inside the header of a field.
func (w *protoWalk) torn(l *protoLevel, f *protoField) bool {
	w.tornOff, w.tornWhat = f.off, "a field"
	w.in.skip(l.end - w.in.off())
	if !l.clamped {
		w.recordTorn(l)
	}
	return true
}

// recordTorn records that l ended inside an element that claims to go on. Where the stream ends there
// too, it is the stream that was cut: a container that was decoded up to its own cut may have shortened
// the message to what there is.
func (w *protoWalk) recordTorn(l *protoLevel) {
	in := w.in
	if len(in.data()) == 0 && !in.more() {
		in.cut(w.tornOff, in.off(), "the file ends inside %s", w.tornWhat)
		return
	}
	in.lose(w.tornOff, in.off()-w.tornOff, InReading, "%s ends inside %s", protoLevelNames[l.kind], w.tornWhat)
}

// bad goes on behind invalid wire data at off: after the level, where its end is known. In a stream of
// messages the end of a message is not relied on, because the bytes may be those of the next one: they
// are looked at again.
func (w *protoWalk) bad(l *protoLevel, off int64, why string) bool {
	in := w.in
	switch {
	case l.framed:
		w.lost, w.lostOff = "invalid protobuf: "+why, off
		if off >= in.base {
			in.advance(int(off - in.off()))
		}
		return true
	case l.end == unknownEnd:
		in.drain()
		in.cut(off, in.off(), "invalid protobuf: %s; where the next record begins is not known", why)
		return false
	}
	rest := l.end - in.off()
	got := in.skip(rest)
	in.lose(off, in.off()-off, InReading, "invalid protobuf inside %s: %s", protoLevelNames[l.kind], why)
	if got < rest {
		in.cut(in.off(), in.off(), "the file ends inside %s", protoLevelNames[l.kind])
		return false
	}
	return true
}
