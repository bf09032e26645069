package evidence

import "github.com/witnessmark/witnessmark/internal/wire"

// protoSignal says what a message of OTLP is of.
type protoSignal uint8

const (
	signalNone protoSignal = iota // no message of OTLP
	signalOpen                    // one, as far as it goes, that does not tell of which signal
	signalTraces
	signalMetrics
	signalLogs
	signalProfiles
)

// String completes "the file ends inside a batch of …".
func (s protoSignal) String() string {
	return [...]string{"nothing known", "an unknown signal", "traces", "metrics", "logs", "profiles"}[s]
}

// protoProbe looks at a message, or its beginning, for what it is. The messages of all signals have the
// same shape down to the record: data {resource {1 resource, 2 scope {1 scope, 2 record}}}. Records are
// told apart by the types of their fields.
type protoProbe struct {
	signal protoSignal
	deep   bool // a resource with an attribute, or the beginning of a record, was seen
	bad    bool // something that OTLP does not have
}

// probeMessage returns the signal of a message that d is or begins with.
func probeMessage(d []byte) protoSignal {
	p := probe(d)
	switch {
	case p.signal != signalNone:
		return p.signal
	case p.bad:
		return signalNone
	}
	return signalOpen
}

func probe(d []byte) protoProbe {
	var p protoProbe
	p.level(d, p.resource, nil)
	return p
}

// level walks the fields of one level: field 1, field 2 and the schema URL, which is field 3, each
// length-delimited; a nil function means that the level has no such field.
func (p *protoProbe) level(d []byte, first, second func([]byte)) {
	var f wire.Field
	w := wire.Walk(d)
	for {
		ok := w.Next(&f)
		if !ok && (w.Stop() != wire.Cut || f.Num == 0) {
			p.bad = p.bad || w.Stop() != wire.Cut && w.Stop() != wire.End
			return
		}
		switch {
		case f.Type != wire.Bytes:
			p.bad = true
		case f.Num == 1:
			first(f.Bytes)
		case (f.Num == 2 || f.Num == protoOldScopes) && second != nil:
			second(f.Bytes)
		case f.Num == 3 && second != nil:
		default:
			p.bad = true
		}
		if p.bad || p.signal != signalNone || !ok {
			return
		}
	}
}

func (p *protoProbe) resource(d []byte) { p.level(d, p.attributes, p.scope) }

func (p *protoProbe) scope(d []byte) { p.level(d, func([]byte) {}, p.record) }

// attributes checks a Resource: attributes as field 1, each a KeyValue with a key, and a number.
func (p *protoProbe) attributes(d []byte) {
	var f, kv wire.Field
	w := wire.Walk(d)
	for w.Next(&f) {
		switch {
		case f.Num == 1 && f.Type == wire.Bytes:
			inner := wire.Walk(f.Bytes)
			for inner.Next(&kv) {
				if kv.Type != wire.Bytes || kv.Num > 2 {
					p.bad = true
					return
				}
				p.deep = p.deep || kv.Num == 1 && len(kv.Bytes) > 0
			}
		case f.Num == 2 && f.Type == wire.Varint, f.Num == 3 && f.Type == wire.Bytes:
		default:
			p.bad = true
			return
		}
	}
	if s := w.Stop(); s != wire.End && s != wire.Cut {
		p.bad = true
	}
}

// recordTypes holds, by field number, the wire type that a record of the signal has; -1 for none.
var recordTypes = map[protoSignal][]int8{
	// Span: 1 trace_id, 2 span_id, 3 trace_state, 4 parent_span_id, 5 name, 6 kind, 7 and 8 times,
	// 9 attributes, 10 dropped, 11 events, 12 dropped, 13 links, 14 dropped, 15 status, 16 flags.
	signalTraces: {-1, 2, 2, 2, 2, 2, 0, 1, 1, 2, 0, 2, 0, 2, 0, 2, 5},
	// Metric: 1 name, 2 description, 3 unit, 5 gauge, 7 sum, 9 histogram, 10 exponential histogram, 11
	// summary, 12 metadata.
	signalMetrics: {-1, 2, 2, 2, -1, 2, -1, 2, -1, 2, 2, 2, 2},
	// LogRecord: 1 time, 2 severity_number, 3 severity_text, 5 body, 6 attributes, 7 dropped, 8 flags, 9
	// trace_id, 10 span_id, 11 observed time, 12 event_name.
	signalLogs: {-1, 1, 0, 2, -1, 2, 2, 0, 5, 2, 2, 1, 2},
}

// record tells a record's signal: that whose types all of its fields have. A Span whose fields could be
// a Metric's (one without kind, times, parent and flags) is told by the lengths of its ids.
func (p *protoProbe) record(d []byte) {
	fits := map[protoSignal]bool{signalTraces: true, signalMetrics: true, signalLogs: true}
	var f wire.Field
	var ids, fields int
	named := false // field 1 is text, as a metric's name
	w := wire.Walk(d)
	for fields < 32 {
		ok := w.Next(&f)
		if !ok && (w.Stop() != wire.Cut || f.Num == 0) {
			break
		}
		for s, types := range recordTypes {
			// Beyond its last field only a span's type is left open: spans must not be lost over a new one.
			if int(f.Num) >= len(types) && s != signalTraces || int(f.Num) < len(types) && int8(f.Type) != types[f.Num] {
				fits[s] = false
			}
		}
		if ok {
			fields++
			if f.Num == 1 && len(f.Bytes) == 16 || f.Num == 2 && len(f.Bytes) == 8 {
				ids++
			}
			named = named || f.Num == 1 && isPrintable(f.Bytes)
		}
		if !ok {
			p.deep = true
			break
		}
	}
	p.deep = p.deep || fields > 0
	if s := w.Stop(); s != wire.End && s != wire.Cut || fields == 0 && !fits[signalTraces] {
		p.bad = true
		return
	}
	p.decide(fits, ids, fields, named)
}

func (p *protoProbe) decide(fits map[protoSignal]bool, ids, fields int, named bool) {
	var one protoSignal
	n := 0
	for s, ok := range fits {
		if ok {
			one = s
			n++
		}
	}
	switch {
	case fields == 0:
	case n == 0:
		p.bad = true
	case n == 1:
		p.signal = one
	case fits[signalTraces] && ids == 2:
		p.signal = signalTraces
	case fits[signalMetrics] && named && fields > 1:
		p.signal = signalMetrics
	}
}

// isPrintable reports whether b is a text of ASCII, which sixteen random bytes hardly ever are.
func isPrintable(b []byte) bool {
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			return false
		}
	}
	return len(b) > 0
}

// sniffMessage returns the signal of a stream that is one message. One that does not tell is taken for
// traces if it has the shape of OTLP down to an attribute or a record.
func sniffMessage(head []byte, whole bool) protoSignal {
	p := probe(head)
	switch {
	case p.signal != signalNone:
		return p.signal
	case !p.bad && p.deep && len(head) > 0:
		return signalTraces
	}
	return signalNone
}

// sniffFraming returns how a stream tells its messages apart. ok is false for one that has none: the
// first message must be one of OTLP, and what follows it must begin with a length too.
func sniffFraming(head []byte, whole bool) (framing, bool) {
	for _, f := range []framing{framedBigEndian, framedVarint} {
		if f.begins(head, whole) {
			return f, true
		}
	}
	return framing{}, false
}

// begins reports whether d begins with a framed message. whole says that the stream ends with d.
func (f framing) begins(d []byte, whole bool) bool {
	length, size := f.header(d)
	if size <= 0 || length == 0 {
		return false
	}
	rest := d[size:]
	p := probe(rest[:min(int64(len(rest)), length)])
	switch {
	case p.signal == signalNone && (p.bad || !p.deep):
		return false
	case p.signal != signalNone && size > 1:
		return true
	case length >= int64(len(rest)):
		// Of a message without an end in sight, a length of one byte is too little to go by.
		return size > 1 || p.signal != signalNone && whole
	}
	return f.follows(rest[length:])
}

// follows reports whether d, which stands behind a message, may be the next: nothing, a length that is cut,
// or a length with something of the shape of OTLP.
func (f framing) follows(d []byte) bool {
	length, size := f.header(d)
	if size <= 0 || length == 0 {
		return size == 0
	}
	return !probe(d[size : size+int(min(int64(len(d)-size), length))]).bad
}

const (
	// searchBytes is how much of the stream a search for the next message has in sight: enough that the
	// end of a usual message is too.
	searchBytes = 1 << 20
	// maxFound bounds the length of a message whose end is not in sight: the inside of a message looks
	// like one too, but rarely has a sane length before it.
	maxFound = 16 << 20
)

// find returns the first offset in d, before last, at which a framed message begins; last if there is
// none.
func (f framing) find(d []byte, last int) int {
	for at := range last {
		length, size := f.header(d[at:])
		if size <= 0 || length == 0 || length > maxFound {
			continue
		}
		rest := d[at+size:]
		if len(rest) == 0 || rest[0] != 0x0a {
			continue // field 1, length-delimited, is all that a message of OTLP begins with
		}
		if length <= int64(len(rest)) && !f.follows(rest[length:]) {
			continue
		}
		if p := probe(rest[:min(int64(len(rest)), length)]); p.signal != signalNone {
			return at
		}
	}
	return last
}
