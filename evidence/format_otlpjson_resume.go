package evidence

import "bytes"

// What stands between documents, and how reading goes on behind damage. A capture may hold log lines
// between its documents, holes of zero bytes, and records torn by a writer that died and was started
// again on the same file.

// run reads the stream to its end.
func (w *jsonWalk) run() {
	for {
		ch, ok := w.next()
		if !ok {
			break
		}
		switch {
		case ch == '{':
			w.document()
		case ch == '[' && !w.inArray:
			w.inArray, w.arrayOTLP, w.arrayAt = true, false, w.in.off()
			w.in.advance(1)
		case ch == ']' && w.inArray:
			w.inArray = false
			w.in.advance(1)
		case ch == ',' && w.inArray:
			w.in.advance(1)
		default:
			from := w.in.off()
			w.in.advance(1)
			w.seek(anyLine)
			w.addForeign(from)
		}
	}
	w.flushForeign()
	if w.inArray {
		w.in.cut(w.arrayAt, w.in.off(), "the file ends inside an array of documents")
	}
}

// document reads one top-level object. Where it is damaged, it finds the next one.
func (w *jsonWalk) document() {
	from := w.in.off()
	w.known, w.members, w.newline = false, 0, false
	w.shapes.tries = maxAttrTries
	switch w.object(levelDocument, 0) {
	case scanOK:
		switch {
		case w.known:
			w.complete++
			w.lines = w.lines && !w.newline
		case w.members > 0:
			w.addForeign(from)
		}
	case scanShort:
		w.flushForeign()
		w.in.advance(len(w.in.data()))
		w.in.cut(w.fail.from, w.in.off(), "the file ends inside %s", w.fail.inside)
	case scanBad:
		w.stepBack(from)
		if w.known {
			w.resume()
			return
		}
		// A line that begins with a brace and is no JSON.
		w.seek(anyLine)
		w.addForeign(from)
	}
}

// stepBack goes to where the search for the next document begins, behind the opening bracket of the
// document at from. A damaged record is searched from its own beginning: it may have swallowed the next
// document, or be it. Elsewhere, what was torn may have swallowed the bracket and the quote that the
// next document begins with.
func (w *jsonWalk) stepBack(from int64) {
	if w.fail.record {
		return
	}
	w.in.pos -= int(min(int64(heldBytes), int64(w.in.pos), max(0, w.in.off()-from-1)))
}

// resume looks for the next document and records what was lost.
func (w *jsonWalk) resume() {
	in, f := w.in, w.fail
	rule := noLine
	if w.lines && w.complete > 0 {
		rule = objectLine
	}
	if !w.seek(rule) {
		in.cut(f.from, in.off(), "malformed JSON at byte %d: %s; no document begins after it", f.at, f.why)
		return
	}
	from := min(f.from, in.off())
	in.lose(from, in.off()-from, InReading, "malformed JSON at byte %d: %s", f.at, f.why)
}

// lineRule says which lines seek stops at, besides any place where a document begins.
type lineRule byte

const (
	noLine     lineRule = iota
	objectLine          // a line that begins with an opening brace
	anyLine
)

// seek consumes bytes up to the next place where a document begins, and reports whether there is one.
func (w *jsonWalk) seek(rule lineRule) bool {
	in := w.in
	for {
		d := in.data()
		brace := bytes.IndexByte(d, '{')
		if brace < 0 {
			brace = len(d)
		}
		if rule != noLine {
			if line := bytes.IndexByte(d[:brace], '\n'); line >= 0 {
				in.advance(line + 1)
				if rule == anyLine || in.fill(1) && in.data()[0] == '{' {
					return true
				}
				continue
			}
		}
		in.advance(brace)
		if brace == len(d) {
			if !in.more() {
				return false
			}
			continue
		}
		if w.atDocument() {
			return true
		}
		in.advance(1)
	}
}

// atDocument reports whether a document begins at the window's start.
func (w *jsonWalk) atDocument() bool {
	// What stands before a document's first list is shorter than this.
	const room = 4096
	d := w.in.data()
	if len(d) < room && documentStart(&w.probe, d) == scanShort {
		w.in.fill(room)
		d = w.in.data()
	}
	return documentStart(&w.probe, d[:min(len(d), room)]) == scanOK
}

// addForeign notes that what was consumed since from is not OTLP.
func (w *jsonWalk) addForeign(from int64) {
	f := &w.foreign
	if f.records == 0 {
		f.from = from
	}
	f.to = w.in.off()
	f.records++
}

func (w *jsonWalk) flushForeign() {
	if f := &w.foreign; f.records > 0 {
		w.in.lose(f.from, f.to-f.from, InReading, "text that is not OTLP/JSON, in %d lines or values", f.records)
		f.records = 0
	}
}
