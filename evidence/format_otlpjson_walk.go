package evidence

import "bytes"

// jsonWalk walks the levels above spans and resources through the window, member by member. Its methods
// return scanOK with the value consumed; scanShort where the stream ends; scanBad where the bytes are
// not JSON. In the latter two cases fail says where and why.
type jsonWalk struct {
	in    *input
	batch *spanBatch

	span    jsonSpan
	res     jsonResource
	probe   jsonCursor
	skipper jsonSkipper
	shapes  attrShapes // of the three before
	scratch []byte
	// maxLeaf bounds a record held in memory; what is larger is skipped and lost.
	maxLeaf int

	fail struct {
		record bool   // a record at the window's start is damaged
		from   int64  // where the damage begins
		at     int64  // the byte that is wrong
		why    string // what is wrong at it
		inside string // completes "the file ends inside …"
	}

	traces    bool           // a list of resource spans was seen
	other     map[string]int // documents of other signals
	documents int            // top-level values begun that hold OTLP
	complete  int            // documents read to their end
	inArray   bool           // inside an array of documents
	arrayAt   int64
	arrayOTLP bool // and the array is counted in documents

	// Of the document at hand:
	known   bool // it has a key of OTLP
	members int
	newline bool // white space inside it holds a line's end

	// lines says that every document so far stood on one line, so that a new line is a new document.
	lines bool

	// foreign is the run of text between documents that is not OTLP, until it is recorded.
	foreign struct {
		from, to int64
		records  int // lines of text and JSON values
	}
}

func newJSONWalk(in *input) *jsonWalk {
	w := &jsonWalk{in: in, batch: newSpanBatch(), maxLeaf: maxLeafBytes - heldBytes, lines: true}
	w.span.c.skipper.shapes, w.res.c.skipper.shapes, w.skipper.shapes = &w.shapes, &w.shapes, &w.shapes
	return w
}

// object walks the members of an object of level, at its opening brace. slot is the origin of the spans
// in it.
func (w *jsonWalk) object(level jsonLevel, slot uint32) scanState {
	w.in.advance(1)
	ch, ok := w.next()
	if ok && ch == '}' {
		w.in.advance(1)
		return scanOK
	}
	for {
		field, state := w.key(level)
		if state == scanOK {
			state = w.member(level, field, slot)
		}
		if state == scanOK {
			state = w.separator('}', jsonLevelNames[level])
		}
		switch state {
		case scanOK: // a comma
		case scanEnd:
			return scanOK
		default:
			return state
		}
	}
}

// scanEnd is what separator returns for a closing bracket.
const scanEnd = scanBad + 1

// separator consumes a comma or the closing bracket.
func (w *jsonWalk) separator(closing byte, inside string) scanState {
	switch ch, ok := w.next(); {
	case !ok:
		return w.short(inside)
	case ch == ',':
		w.in.advance(1)
		return scanOK
	case ch == closing:
		w.in.advance(1)
		return scanEnd
	}
	return w.bad("want a comma or a closing bracket")
}

// key consumes a key and its colon.
func (w *jsonWalk) key(level jsonLevel) (jsonField, scanState) {
	in := w.in
	ch, ok := w.next()
	if ok && ch != '"' {
		return 0, w.bad("want a key")
	}
	for {
		w.probe.reset(in.data())
		key := w.probe.key()
		if w.probe.state == scanOK {
			field := jsonFieldOf(level, key)
			if field == fieldNested {
				return 0, w.bad("a document begins inside " + jsonLevelNames[level])
			}
			in.advance(w.probe.i)
			w.members++
			return field, scanOK
		}
		if w.probe.state == scanBad {
			in.advance(w.probe.i)
			return 0, w.bad(w.probe.why)
		}
		switch {
		case w.grow():
		case len(in.data()) >= w.maxLeaf:
			return 0, w.bad("a key is too long")
		default:
			return 0, w.short(jsonLevelNames[level])
		}
	}
}

// member reads the value of a member.
func (w *jsonWalk) member(level jsonLevel, field jsonField, slot uint32) scanState {
	ch, ok := w.next()
	if !ok {
		return w.short(jsonLevelNames[level])
	}
	switch field {
	case fieldResourceSpans:
		if ch == '[' {
			w.recognise()
			w.traces = true
		}
		return w.list(levelResourceSpans, ch, 0)
	case fieldMetrics, fieldLogs, fieldProfiles:
		if ch == '[' {
			w.recognise()
			if w.other == nil {
				w.other = map[string]int{}
			}
			w.other[otherSignals[field].key]++
		}
	case fieldWrapper:
		if ch == '{' {
			return w.object(levelWrapped, 0)
		}
	case fieldResource:
		if ch == '{' {
			return w.resource(slot)
		}
		return w.odd(ch)
	case fieldScopeSpans:
		if w.in.art.resourcesOnly {
			return w.skip()
		}
		return w.list(levelScopeSpans, ch, slot)
	case fieldSpans:
		return w.spans(ch, slot)
	}
	return w.skip()
}

// recognise notes that the document at hand is OTLP.
func (w *jsonWalk) recognise() {
	w.flushForeign()
	if !w.known && !(w.inArray && w.arrayOTLP) {
		w.documents++
	}
	w.known, w.arrayOTLP = true, w.inArray
}

// list walks an array of objects of level; ch is the value's first byte.
func (w *jsonWalk) list(level jsonLevel, ch byte, slot uint32) scanState {
	return w.elements(ch, jsonLevelNames[level], func() scanState {
		if level == levelResourceSpans {
			slot = w.batch.openSlot()
		}
		return w.object(level, slot)
	})
}

// spans walks an array of spans.
func (w *jsonWalk) spans(ch byte, slot uint32) scanState {
	return w.elements(ch, "a list of spans", func() scanState { return w.readSpan(slot) })
}

// elements walks an array whose elements are objects and calls element at each; ch is the value's first
// byte.
func (w *jsonWalk) elements(ch byte, inside string, element func() scanState) scanState {
	if ch != '[' {
		return w.odd(ch)
	}
	w.in.advance(1)
	if ch, ok := w.next(); ok && ch == ']' {
		w.in.advance(1)
		return scanOK
	}
	for {
		ch, ok := w.next()
		state := scanOK
		switch {
		case !ok:
			return w.short(inside)
		case ch == '{':
			state = element()
		default:
			state = w.odd(ch)
		}
		if state == scanOK {
			state = w.separator(']', inside)
		}
		switch state {
		case scanOK: // a comma
		case scanEnd:
			return scanOK
		default:
			return state
		}
	}
}

// heldBytes is how much of what was consumed stays in the window: the bracket and the quote before a
// key, in which resume finds the beginning of a document, wherever the window happened to end.
const heldBytes = len(`{"`)

// grow makes the window hold at least twice the bytes that did not suffice, so that walking a record
// again costs no more than its length. It returns false where the stream ends or maxLeaf is reached.
func (w *jsonWalk) grow() bool {
	in := w.in
	n := len(in.data())
	if n >= w.maxLeaf {
		return false
	}
	held := min(heldBytes, in.pos)
	in.pos -= held
	in.fill(min(max(2*n, 4096), w.maxLeaf) + held)
	in.pos += held
	return len(in.data()) > n
}

// odd passes over a value that is not what its field holds, and records any but null.
func (w *jsonWalk) odd(ch byte) scanState {
	from := w.in.off()
	state := w.skip()
	if state == scanOK && ch != 'n' {
		w.in.lose(from, w.in.off()-from, InReading, "a value has the wrong type")
	}
	return state
}

// skip passes over a value of any shape and size.
func (w *jsonWalk) skip() scanState {
	k := &w.skipper
	from := w.in.off()
	k.begin()
	for {
		n, state := k.run(w.in.data(), 0)
		w.in.advance(n)
		switch {
		case state == scanOK:
			return scanOK
		case state == scanBad:
			return w.bad(k.why)
		case !w.grow():
			w.short("a value")
			w.fail.from = from
			return scanShort
		}
	}
}

// next returns the next byte that is no white space, without consuming it.
func (w *jsonWalk) next() (byte, bool) {
	in := w.in
	for {
		d := in.data()
		n := skipSpace(d, 0)
		w.newline = w.newline || n > 0 && bytes.IndexByte(d[:n], '\n') >= 0
		in.advance(n)
		if n < len(d) {
			return d[n], true
		}
		if !w.grow() {
			return 0, false
		}
	}
}

// short says that the stream ends in what begins at the window's start.
func (w *jsonWalk) short(inside string) scanState {
	w.fail.from, w.fail.inside = w.in.off(), inside
	return scanShort
}

// bad says that the byte at the window's start is wrong.
func (w *jsonWalk) bad(why string) scanState {
	w.fail.record, w.fail.from, w.fail.at, w.fail.why = false, w.in.off(), w.in.off(), why
	return scanBad
}

// badRecord says that the record at the window's start is wrong at its byte i.
func (w *jsonWalk) badRecord(i int, why string) scanState {
	w.bad(why)
	w.fail.record = true
	w.fail.at += int64(i)
	return scanBad
}
