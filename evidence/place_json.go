package evidence

import "bytes"

// maxPlaceBytes bounds one object held in memory. An object of Kubernetes is at most 1.5 MiB in etcd
// (--max-request-bytes), and metadata of an instance a few kilobytes.
const maxPlaceBytes = 16 << 20

// placeWalk walks JSON objects that each lie whole in the window: the items of a list, documents one
// after the other, or an array of them. What it holds is one object, whatever the size of the stream.
type placeWalk struct {
	in      *input
	probe   jsonCursor
	skipper jsonSkipper
	// object reads the document at the window's start, at its opening brace.
	object func() scanState

	indent   int // blanks behind the last line break; -1 where none came before the last value
	inArray  bool
	arrayAt  int64
	from, at int64 // where what could not be read begins, and the byte that is wrong
	why      string
	inside   string // completes "the file ends inside …"
}

func newPlaceWalk(in *input) *placeWalk { return &placeWalk{in: in} }

// run reads the stream to its end.
func (w *placeWalk) run() {
	for {
		ch, ok := w.next()
		if !ok {
			break
		}
		state := scanOK
		switch {
		case ch == '{':
			state = w.object()
		case ch == '[' && !w.inArray:
			w.inArray, w.arrayAt = true, w.in.off()
			w.in.advance(1)
		case ch == ']' && w.inArray:
			w.inArray = false
			w.in.advance(1)
		case ch == ',' && w.inArray:
			w.in.advance(1)
		default:
			state = w.bad(0, "want an object")
		}
		switch state {
		case scanShort:
			w.short()
			return
		case scanBad:
			if !w.resume(0) {
				return
			}
		}
	}
	if w.inArray {
		w.in.cut(w.arrayAt, w.in.off(), "the file ends inside an array of objects")
	}
}

// short records that the stream ends inside what begins at w.from.
func (w *placeWalk) short() {
	w.in.advance(len(w.in.data()))
	w.in.cut(w.from, w.in.off(), "the file ends inside %s", w.inside)
}

// resume goes on behind damage, at the next line that begins with so many blanks and an opening brace:
// there a further document begins, or item of an indented list, as nothing else in one is indented so.
func (w *placeWalk) resume(indent int) bool {
	in := w.in
	from, at, why := w.from, w.at, w.why
	if in.off() < at {
		in.advance(int(min(at-in.off(), int64(len(in.data())))))
	}
	mark := append(bytes.Repeat([]byte{' '}, indent), '{')
	for {
		d := in.data()
		line := bytes.IndexByte(d, '\n')
		if line < 0 {
			in.advance(len(d))
			if !in.more() {
				in.cut(from, in.off(), "malformed JSON at byte %d: %s; no object begins after it", at, why)
				return false
			}
			continue
		}
		in.advance(line + 1)
		if in.fill(len(mark)) && bytes.HasPrefix(in.data(), mark) {
			in.lose(from, in.off()-from, InReading, "malformed JSON at byte %d: %s", at, why)
			return true
		}
	}
}

// bad says that the byte i of the window is wrong.
func (w *placeWalk) bad(i int, why string) scanState {
	w.from, w.at, w.why = w.in.off(), w.in.off()+int64(i), why
	return scanBad
}

// ends says that the stream ends inside what begins at from.
func (w *placeWalk) ends(from int64, inside string) scanState {
	w.from, w.inside = from, inside
	return scanShort
}

// next returns the next byte that is no white space, without consuming it.
func (w *placeWalk) next() (byte, bool) {
	w.indent = -1
	for {
		d := w.in.data()
		n := skipSpace(d, 0)
		if line := bytes.LastIndexByte(d[:n], '\n'); line >= 0 {
			w.indent = n - line - 1
		} else if w.indent >= 0 {
			w.indent += n
		}
		w.in.advance(n)
		if n < len(d) {
			return d[n], true
		}
		if !w.in.more() {
			return 0, false
		}
	}
}

// leaf returns the value at the window's start whole, without consuming it. It returns nil and scanOK
// for one that is too large to be held, which it has passed over.
func (w *placeWalk) leaf(inside string) ([]byte, scanState) {
	k, from, n := &w.skipper, w.in.off(), 0
	k.begin()
	for {
		d := w.in.data()
		end, state := k.run(d, n)
		large := len(d) > maxPlaceBytes
		switch {
		case state == scanOK && large:
			w.in.advance(end)
			w.in.lose(from, w.in.off()-from, InReading, "%s of more than %s", inside, sizeText(maxPlaceBytes))
			return nil, scanOK
		case state == scanOK:
			return d[:end], scanOK
		case state == scanBad:
			at := w.in.off() + int64(end)
			w.bad(0, k.why)
			w.from, w.at = from, at
			return nil, scanBad
		}
		if n = end; large {
			w.in.advance(n)
			n = 0
		}
		if !w.in.more() {
			return nil, w.ends(from, inside)
		}
	}
}

// key consumes a key and its colon.
func (w *placeWalk) key(inside string) (string, scanState) {
	from := w.in.off()
	for {
		w.probe.reset(w.in.data())
		key := w.probe.key()
		switch {
		case w.probe.state == scanOK:
			w.in.advance(w.probe.i)
			return string(key), scanOK
		case w.probe.state == scanBad:
			return "", w.bad(w.probe.i, w.probe.why)
		case len(w.in.data()) > 64<<10:
			return "", w.bad(0, "a key is too long")
		case !w.in.more():
			return "", w.ends(from, inside)
		}
	}
}
