package evidence

// The records of OTLP/JSON that are held in memory: a span and a resource. Where one crosses the
// window's end, it is read again from its start.

// readSpan reads the span at the window's start.
func (w *jsonWalk) readSpan(slot uint32) scanState {
	in, s := w.in, &w.span
	for {
		s.read(in.data())
		switch s.c.state {
		case scanBad:
			return w.badRecord(s.c.i, s.c.why)
		case scanShort:
			if w.grow() {
				continue
			}
			return w.tooLarge("a span")
		}
		r := s.row(w.batch, &w.scratch)
		r.origin, r.off, r.length = slot, in.off(), int64(s.c.i)
		w.batch.add(&r)
		w.batch.stats.Events += s.events
		w.batch.stats.Links += s.links
		for i := range s.linked {
			w.batch.link(&r, s.linked[i].LinkedTrace, s.linked[i].Linked)
		}
		w.recordOdd(&s.c, "span")
		in.advance(s.c.i)
		return scanOK
	}
}

// maxRememberedResource bounds the encoded resources that are kept for comparison.
const maxRememberedResource = 64 << 10

// resource reads the resource at the window's start.
func (w *jsonWalk) resource(slot uint32) scanState {
	in, k := w.in, &w.skipper
	for {
		k.begin()
		n, state := k.run(in.data(), 0)
		switch state {
		case scanBad:
			return w.badRecord(n, k.why)
		case scanShort:
			if w.grow() {
				continue
			}
			return w.tooLarge("a resource")
		}
		encoded := in.data()[:n]
		decode := func() Resource {
			r := w.res.read(encoded, in.ref(in.off(), int64(n)))
			w.recordOdd(&w.res.c, "resource")
			return r
		}
		if n <= maxRememberedResource {
			w.batch.fillSlotEncoded(slot, encoded, decode)
		} else {
			w.batch.fillSlot(slot, decode())
		}
		in.advance(n)
		return scanOK
	}
}

// recordOdd records a value of the record at the window's start that is not what its field holds.
func (w *jsonWalk) recordOdd(c *jsonCursor, record string) {
	if c.odd != "" {
		w.in.lose(w.in.off()+int64(c.oddAt), int64(c.oddEnd-c.oddAt), InReading, "%s: %s", record, c.odd)
	}
}

// tooLarge passes over a record that the window cannot hold. Where the stream ends inside it, that is
// what is wrong.
func (w *jsonWalk) tooLarge(record string) scanState {
	from := w.in.off()
	if len(w.in.data()) < w.maxLeaf {
		return w.short(record)
	}
	state := w.skip()
	switch state {
	case scanOK:
		w.in.lose(from, w.in.off()-from, InReading, "%s is larger than %d bytes", record, w.maxLeaf)
	default: // skip said why
		w.fail.from, w.fail.inside = from, record
	}
	return state
}
