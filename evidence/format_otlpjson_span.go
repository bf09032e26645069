package evidence

import (
	"encoding/binary"
	"math"
)

// Every name of opentelemetry/proto/trace/v1/trace.proto is accepted in lowerCamelCase, which OTLP/JSON
// demands, and in snake_case, which protojson and Go's encoding/json of the generated types also write.
// A key that occurs twice: the last wins. null is the same as absent.

// spanKindNames and statusCodeNames hold the names of the enumerations at their numbers. OTLP/JSON
// forbids names; protojson writes them.
var (
	spanKindNames = []string{"SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER",
		"SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"}
	statusCodeNames = []string{"STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"}
)

// jsonSpan reads one span object. Nothing of it reaches the batch before the object is complete.
type jsonSpan struct {
	c jsonCursor

	trace                      [16]byte
	id, parent                 [8]byte
	traceLen, idLen, parentLen int // as jsonCursor.id returns
	start, end                 uint64
	flags                      uint32
	kind                       SpanKind
	status                     StatusCode
	name                       []byte
	attrs                      spanAttrs
	events, links              int
	linked                     []SpanLink // Linked and LinkedTrace of those with valid ids
}

// read walks the span object that b begins with; c.i and c.state say how that went.
func (s *jsonSpan) read(b []byte) {
	s.c.reset(b)
	s.traceLen, s.idLen, s.parentLen = 0, 0, 0
	s.start, s.end, s.flags, s.kind, s.status, s.name = 0, 0, 0, 0, 0, nil
	s.attrs, s.events, s.links, s.linked = spanAttrs{}, 0, 0, s.linked[:0]
	c := &s.c
	for more := c.open('{', '}'); more; more = c.more('}') {
		s.field(c.key())
	}
}

func (s *jsonSpan) field(key []byte) {
	c := &s.c
	switch string(key) {
	case "traceId", "trace_id":
		s.traceLen = c.id(s.trace[:], "trace id")
	case "spanId", "span_id":
		s.idLen = c.id(s.id[:], "span id")
	case "parentSpanId", "parent_span_id":
		s.parentLen = c.id(s.parent[:], "parent span id")
	case "flags":
		s.flags = uint32(c.unsigned("flags", math.MaxUint32))
	case "name":
		s.name = c.str("name")
	case "kind":
		s.kind = SpanKind(c.enum("kind", spanKindNames))
	case "startTimeUnixNano", "start_time_unix_nano":
		s.start = c.unsigned("start time", math.MaxUint64)
	case "endTimeUnixNano", "end_time_unix_nano":
		s.end = c.unsigned("end time", math.MaxUint64)
	case "attributes":
		s.attributes()
	case "events":
		s.events = c.count("events")
	case "links":
		s.readLinks()
	case "status":
		s.readStatus()
	case "resourceSpans", "resource_spans":
		// No field of a span has this name. A writer that died inside a record and was started again
		// leaves its next document here.
		c.bad("a document begins inside a span")
	default:
		c.skip()
	}
}

// readLinks counts the links, nulls left out, and keeps the ids of those that have both.
func (s *jsonSpan) readLinks() {
	s.links, s.linked = 0, s.linked[:0]
	c := &s.c
	if !c.is('[', "links") {
		return
	}
	for more := c.open('[', ']'); more; more = c.more(']') {
		first := c.peek()
		if first != 'n' {
			s.links++
		}
		if first != '{' {
			c.skip()
			continue
		}
		var link SpanLink
		var span [8]byte
		traceLen, spanLen := 0, 0
		for more := c.open('{', '}'); more; more = c.more('}') {
			switch string(c.key()) {
			case "traceId", "trace_id":
				traceLen = s.linkID(link.LinkedTrace[:])
			case "spanId", "span_id":
				spanLen = s.linkID(span[:])
			default:
				c.skip()
			}
		}
		if traceLen == len(link.LinkedTrace) && spanLen == len(span) {
			link.Linked = binary.BigEndian.Uint64(span[:])
			s.linked = append(s.linked, link)
		}
	}
}

// linkID reads an id and returns its length, 0 for what is none. A link that names nothing costs no row, so
// that it is no loss.
func (s *jsonSpan) linkID(dst []byte) int {
	c := &s.c
	if c.peek() != '"' {
		c.skip()
		return 0
	}
	text := c.quoted()
	if decodeHex(dst, text) {
		return len(text) / 2
	}
	if id, ok := base64Bytes(text); ok && len(id) == len(dst) {
		return copy(dst, id)
	}
	return 0
}

func (s *jsonSpan) readStatus() {
	s.status = 0
	c := &s.c
	if !c.is('{', "status") {
		return
	}
	for more := c.open('{', '}'); more; more = c.more('}') {
		if string(c.key()) == "code" {
			s.status = StatusCode(c.enum("status code", statusCodeNames))
		} else {
			c.skip()
		}
	}
}

func (s *jsonSpan) attributes() {
	s.attrs = spanAttrs{}
	c := &s.c
	if !c.is('[', "attributes") {
		return
	}
	for more := c.open('[', ']'); more; more = c.more(']') {
		if c.peek() == '{' && s.knownShapes() {
			continue
		}
		at := c.i
		if s.attribute(); c.state == scanOK && c.skipper.shapes != nil {
			c.skipper.shapes.learn(c.b[at:c.i])
		}
	}
}

// knownShapes takes the shortcut over attributes, from the brace that opens one, as far as no white space
// stands between them. It reports whether it then stands behind an attribute; if not, it stands before
// one.
func (s *jsonSpan) knownShapes() bool {
	c := &s.c
	shapes := c.skipper.shapes
	if shapes == nil {
		return false
	}
	for {
		end := shapes.match(c.b, c.i, &s.attrs)
		if end == 0 {
			return false
		}
		if end+1 >= len(c.b) || c.b[end] != ',' || c.b[end+1] != '{' {
			c.i = end
			return true
		}
		c.i = end + 1
	}
}

// attribute reads one attribute of any shape; its value may stand before its key.
func (s *jsonSpan) attribute() {
	c := &s.c
	if !c.is('{', "attribute") {
		return
	}
	var key, text []byte
	var kind attrKind
	for more := c.open('{', '}'); more; more = c.more('}') {
		switch string(c.key()) {
		case "key":
			key = c.str("attribute key")
		case "value":
			text, kind = s.attrValue()
		default:
			c.skip()
		}
	}
	if slot := s.attrs.slot(key); slot != nil && (kind == attrString || kind == attrInt && s.attrs.number(slot)) {
		*slot = text
	}
}

// attrValue walks an attribute value and returns its text if it is a string or a whole number, and which.
func (s *jsonSpan) attrValue() (text []byte, kind attrKind) {
	c := &s.c
	if !c.is('{', "attribute value") {
		return nil, 0
	}
	for more := c.open('{', '}'); more; more = c.more('}') {
		switch string(c.key()) {
		case "stringValue", "string_value":
			if kind = 0; c.peek() == '"' {
				text, kind = c.quoted(), attrString
			} else {
				c.is('"', "stringValue")
			}
		case "intValue", "int_value":
			if kind = attrInt; c.peek() == '"' {
				text = c.quoted()
				break
			}
			at := c.i
			if c.skip(); c.state == scanOK {
				text = c.b[at:c.i]
			}
		default:
			c.skip()
		}
	}
	return text, kind
}

// row makes the row of a span that was read whole, and interns its strings.
func (s *jsonSpan) row(b *spanBatch, scratch *[]byte) spanRow {
	r := spanRow{
		trace: s.trace, start: s.start, end: s.end, kind: s.kind, status: newSpanStatus(s.status, s.attrs.response()),
		flags: SpanFlags(s.flags) & otlpFlags,
		name:  b.strings.bytes(s.name), route: s.attrs.route(b, scratch),
	}
	if s.traceLen != len(s.trace) || s.trace == [16]byte{} {
		r.flags |= BadTraceID
	}
	r.id = binary.BigEndian.Uint64(s.id[:])
	if s.idLen != len(s.id) || r.id == 0 {
		r.flags |= BadSpanID
		r.id = uint64(max(0, s.idLen))
	}
	switch s.parentLen {
	case len(s.parent):
		r.parent = binary.BigEndian.Uint64(s.parent[:])
	case 0:
	default:
		r.flags |= BadParentID
		r.parent = uint64(max(0, s.parentLen))
	}
	if s.links > 0 {
		r.flags |= LinkedSpan
	}
	return r
}
