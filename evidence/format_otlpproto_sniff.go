package evidence

import (
	"unicode/utf8"

	"github.com/witnessmark/witnessmark/internal/wire"
)

// protoSignal says which signal of OTLP a message is of. All four have the same levels under the same
// field numbers: resources, in them scopes, in them records; the records tell them apart.
type protoSignal uint8

const (
	signalNone protoSignal = iota // no OTLP
	signalOpen                    // OTLP as far as it goes, but there is no record to tell
	signalTraces
	signalMetrics
	signalLogs
	signalProfiles
)

// maxProbeFields bounds the fields that a probe looks at, so that a search through damage stays linear.
const maxProbeFields = 4000

// sniffMessage says which signal the message is of that head begins. One that does not tell is taken for
// traces if it has a resource with attributes, or the beginning of a record.
func sniffMessage(head []byte) protoSignal {
	if len(head) == 0 || head[0] != 1<<3|2 {
		return signalNone
	}
	p := protoProbe{left: maxProbeFields}
	switch s := p.fields(head, 0); {
	case s == signalOpen && p.some():
		return signalTraces
	case s == signalOpen:
		return signalNone
	default:
		return s
	}
}

// sniffFraming says how the stream that head begins tells its messages apart. Where no message begins at
// its start, which may be lost, two in a row tell as much.
func sniffFraming(head []byte) (framing, bool) {
	for _, f := range []framing{framedBigEndian, framedVarint} {
		length, size := f.header(head)
		if size <= 0 || size >= len(head) || !firstFits(head[size:], length) {
			continue
		}
		if sniffMessage(head[size:min(int64(len(head)), int64(size)+length)]) != signalNone {
			return f, true
		}
	}
	f := framedBigEndian
	for i := range head {
		if f.at(head[i:]) != foundMessage {
			continue
		}
		length, size := f.header(head[i:])
		if next := int64(i+size) + length; next < int64(len(head)) && f.at(head[next:]) == foundMessage {
			return f, true
		}
	}
	return framing{}, false
}

// protoFound says what a search has found.
type protoFound uint8

const (
	foundNone protoFound = iota
	foundMessage
	foundResource // with its spans, inside of a message
)

const (
	// maxFound bounds the length of a message whose end is not in sight. Every resource begins like a
	// message, and what stands before it is no length: most such numbers are out of all proportion.
	maxFound = 16 << 20
	// maxSearchFields bounds what a search looks at for each offset.
	maxSearchFields = 256
)

// at says what begins at d, where something may be missing before. It asks for more than at a known place:
// a record that tells the signal and, in sight or not far, the next message or resource behind it.
func (f framing) at(d []byte) protoFound {
	p := protoProbe{left: maxSearchFields}
	if length, size := f.header(d); size > 0 && size < len(d) && length <= maxFound && firstFits(d[size:], length) {
		body := d[size:]
		inSight := length <= int64(len(body))
		if (!inSight || f.follows(body[length:])) && p.fields(body[:min(int64(len(body)), length)], 0) > signalOpen {
			return foundMessage
		}
	}
	if len(d) == 0 || d[0] != 1<<3|2 {
		return foundNone
	}
	n, next := wire.Uvarint(d, 1)
	if next < 0 || n > uint64(len(d)-next) {
		return foundNone
	}
	if rest := d[next+int(n):]; len(rest) > 0 && rest[0] != 1<<3|2 && !f.follows(rest) {
		return foundNone
	}
	p = protoProbe{left: maxSearchFields}
	if p.fields(d[next:next+int(n)], 1) != signalTraces {
		return foundNone
	}
	return foundResource
}

// follows reports whether d may stand behind a message: nothing, a length that is cut, or one with the
// beginning of a message.
func (f framing) follows(d []byte) bool {
	length, size := f.header(d)
	return size == 0 || size > 0 && (len(d) == size || length == 0 || firstFits(d[size:], length))
}

// firstFits reports whether d, the start of a message of this length, begins with a list of resources
// whose first fits into it.
func firstFits(d []byte, length int64) bool {
	if len(d) == 0 || d[0] != 1<<3|2 {
		return false
	}
	n, next := wire.Uvarint(d, 1)
	if next < 0 {
		return len(d) < 10 && int64(len(d)) < length // cut
	}
	return length >= int64(next) && n <= uint64(length-int64(next))
}

// protoProbe looks into a message of unknown signal.
type protoProbe struct {
	left       int // fields it may still look at
	attributes int // of resources
	records    int // that have a field
}

// some reports whether there was anything that OTLP has.
func (p *protoProbe) some() bool { return p.attributes+p.records > 0 }

// fields probes a message at a level: 0 the request, 1 a resource with its scopes, 2 a scope with its
// records. b may be the start of it only.
func (p *protoProbe) fields(b []byte, level int) protoSignal {
	w := wire.Walk(b)
	var f wire.Field
	for whole := true; whole; {
		whole = w.Next(&f)
		if !whole && (w.Stop() != wire.Cut || f.Num == 0 || f.Type != wire.Bytes || f.Bytes == nil) {
			break
		}
		if p.left--; p.left < 0 {
			break
		}
		if s := p.field(&f, level); s != signalOpen {
			return s
		}
	}
	if s := w.Stop(); s != wire.End && s != wire.Cut {
		return signalNone
	}
	return signalOpen
}

// field probes one field at a level. A field number above those known may be one of the future.
func (p *protoProbe) field(f *wire.Field, level int) protoSignal {
	switch known := [...]int32{2, 3, 3}[level]; {
	case f.Num > known && f.Num != protoOldScopes:
		return signalOpen
	case f.Type != wire.Bytes:
		return signalNone
	case level == 0 && f.Num == 1:
		return p.fields(f.Bytes, 1)
	case level == 0:
		return signalOpen // the dictionary of profiles
	case f.Num == 1 && level == 1:
		return p.resource(f.Bytes)
	case f.Num == 2 && level == 2:
		p.records += min(len(f.Bytes), 1)
		return p.record(f.Bytes)
	case level == 1 && (f.Num == 2 || f.Num == protoOldScopes):
		return p.fields(f.Bytes, 2)
	}
	return signalOpen
}

// resource probes a resource: a list of attributes that have keys.
func (p *protoProbe) resource(b []byte) protoSignal {
	before := p.attributes
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) && p.left > 0 {
		p.left--
		if f.Num != 1 {
			continue
		}
		if f.Type != wire.Bytes || !hasKey(f.Bytes) {
			return signalNone
		}
		p.attributes++
	}
	if s := w.Stop(); s != wire.End && s != wire.Cut && p.attributes == before {
		return signalNone
	}
	return signalOpen
}

// hasKey reports whether b is a KeyValue with a key that is a text.
func hasKey(b []byte) bool {
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) {
		if f.Num == 1 {
			return f.Type == wire.Bytes && len(f.Bytes) > 0 && utf8.Valid(f.Bytes)
		}
	}
	return false
}

// The signals that a field of a record fits, as bits.
const (
	fitTraces uint8 = 1 << iota
	fitMetrics
	fitLogs
	fitProfiles
	fitAny = fitTraces | fitMetrics | fitLogs | fitProfiles
)

// recordBytes and recordScalars say in which records a field of this number and type occurs: Span
// (opentelemetry/proto/trace/v1), Metric (metrics/v1), LogRecord (logs/v1) and Profile
// (profiles/v1development, of 2024 and 2025, which differ). No scalar of a Span is one of the others, but
// for its kind.
var (
	recordBytes = [...]uint8{
		1: fitTraces | fitMetrics | fitProfiles, 2: fitTraces | fitMetrics | fitProfiles, 3: fitAny,
		4: fitTraces | fitMetrics | fitLogs, 5: fitAny, 6: fitMetrics | fitLogs | fitProfiles,
		7: fitMetrics | fitProfiles, 8: fitMetrics | fitProfiles, 9: fitAny, 10: fitMetrics | fitLogs | fitProfiles,
		11: fitTraces | fitMetrics | fitProfiles, 12: fitMetrics | fitLogs | fitProfiles, 13: fitTraces, 15: fitTraces,
		16: 0,
	}
	recordScalars = map[int32]uint8{ // number<<3 | type
		tagKind: fitTraces | fitProfiles, tagStart: fitTraces, tagEnd: fitTraces, tagFlags: fitTraces,
		10 << 3: fitTraces, 12 << 3: fitTraces, 14 << 3: fitTraces,
		1<<3 | 1: fitLogs, 2 << 3: fitLogs, 7 << 3: fitLogs | fitProfiles, 8<<3 | 5: fitLogs, 11<<3 | 1: fitLogs,
		3 << 3: fitProfiles, 3<<3 | 1: fitProfiles, 4 << 3: fitProfiles, 5 << 3: fitProfiles, 8 << 3: fitProfiles,
	}
)

// record says whose record b holds, or the start of it.
func (p *protoProbe) record(b []byte) protoSignal {
	w := wire.Walk(b)
	var f wire.Field
	var first []byte
	fits, data := fitAny, false
	for w.Next(&f) && p.left > 0 {
		p.left--
		switch {
		case int(f.Num) >= len(recordBytes) && f.Num != tagFlags>>3, f.Type == wire.Group:
			continue // of the future
		case f.Type == wire.Bytes:
			fits &= recordBytes[f.Num]
		default:
			fits &= recordScalars[f.Num<<3|int32(f.Type)]
		}
		if f.Type == wire.Bytes && f.Num == 1 {
			first = f.Bytes
		}
		data = data || f.Num == 5 || f.Num == 7 || f.Num >= 9
	}
	switch fits {
	case 0:
		return signalNone
	case fitTraces:
		return signalTraces
	case fitMetrics:
		return signalMetrics
	case fitLogs:
		return signalLogs
	case fitProfiles:
		return signalProfiles
	}
	// Nothing but messages and strings. A trace id is no text, and the name of a metric is.
	switch {
	case len(first) == 0:
		return signalOpen
	case fits&fitProfiles != 0 && isValueType(first):
		return signalProfiles
	case fits&fitTraces != 0 && !isPlainText(first) && (len(first) == 16 || len(first) == 24):
		return signalTraces
	case fits&fitMetrics != 0 && isPlainText(first) && data:
		return signalMetrics
	}
	return signalOpen
}

// isValueType reports whether b is the ValueType that a profile begins with: indexes of strings.
func isValueType(b []byte) bool {
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) {
		if f.Type != wire.Varint || f.Num > 3 {
			return false
		}
	}
	return w.Stop() == wire.End
}

func isPlainText(b []byte) bool {
	for _, c := range b {
		if c < ' ' {
			return false
		}
	}
	return utf8.Valid(b)
}
