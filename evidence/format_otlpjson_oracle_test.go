package evidence

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// The oracle reads OTLP/JSON with encoding/json, at leisure. It has no opinion about JSON that it finds
// ambiguous or of the wrong types: repeated keys, both spellings of one key, a name that is a number.

type oracleRow struct {
	Trace         string // hex; "" where it is invalid
	ID, Parent    uint64
	Bad           SpanFlags
	Start, End    uint64
	Name, Route   string
	Kind, Status  uint64
	Flags         uint64
	Events, Links int
	Service       string
}

type oracleReader struct {
	rows    []oracleRow
	opinion bool
}

// jsonOracle returns the spans of a sequence of documents.
func jsonOracle(data []byte) (rows []oracleRow, ok bool) {
	if !utf8.Valid(data) || repeatsKeys(data) {
		return nil, false
	}
	o := &oracleReader{opinion: true}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	for {
		var v any
		if err := dec.Decode(&v); err == io.EOF {
			return o.rows, o.opinion
		} else if err != nil {
			return nil, false
		}
		if list, ok := v.([]any); ok {
			for _, e := range list {
				o.document(o.object(e), 0)
			}
		} else {
			o.document(o.object(v), 0)
		}
		if !o.opinion {
			return nil, false
		}
	}
}

func oracleAccepts(data []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			return err == io.EOF
		}
	}
}

// repeatsKeys reports whether an object holds a key twice, or data is no sequence of JSON values, or one
// that is very deep.
func repeatsKeys(data []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(data))
	type level struct {
		keys  map[string]bool
		isKey bool
	}
	var stack []level
	for {
		tok, err := dec.Token()
		if err != nil {
			return err != io.EOF
		}
		if len(stack) > maxJSONDepth/2 {
			return true // encoding/json has another limit
		}
		top := len(stack) - 1
		switch tok := tok.(type) {
		case json.Delim:
			switch tok {
			case '{':
				stack = append(stack, level{map[string]bool{}, true})
				continue
			case '[':
				stack = append(stack, level{})
				continue
			}
			stack = stack[:top]
			top--
		case string:
			if top >= 0 && stack[top].keys != nil && stack[top].isKey {
				if stack[top].keys[tok] {
					return true
				}
				stack[top].keys[tok] = true
				stack[top].isKey = false
				continue
			}
		}
		if top >= 0 && stack[top].keys != nil {
			stack[top].isKey = true
		}
	}
}

func (o *oracleReader) doubt() { o.opinion = false }

func (o *oracleReader) object(v any) map[string]any {
	m, ok := v.(map[string]any)
	if !ok {
		o.doubt()
	}
	return m
}

// get returns the value of one of several names of a field; nil for none and for null.
func (o *oracleReader) get(m map[string]any, names ...string) any {
	var found any
	n := 0
	for _, name := range names {
		if v, ok := m[name]; ok {
			found = v
			n++
		}
	}
	if n > 1 {
		o.doubt()
	}
	return found
}

func (o *oracleReader) list(m map[string]any, names ...string) []any {
	v := o.get(m, names...)
	l, ok := v.([]any)
	if v != nil && !ok {
		o.doubt()
	}
	return l
}

func (o *oracleReader) str(m map[string]any, names ...string) string {
	v := o.get(m, names...)
	s, ok := v.(string)
	if v != nil && !ok {
		o.doubt()
	}
	return s
}

func (o *oracleReader) number(m map[string]any, bits int, names ...string) uint64 {
	text := ""
	switch v := o.get(m, names...).(type) {
	case nil:
		return 0
	case json.Number:
		text = v.String()
	case string:
		text = v
	default:
		o.doubt()
		return 0
	}
	if i := strings.IndexAny(text, "eE"); i >= 0 && len(text)-i > 5 || strings.ContainsAny(text, "/_xXpPbB+iIoOnN") || strings.HasPrefix(text, ".") || strings.Contains(text, "0") && strings.HasPrefix(text, "-") {
		o.doubt() // big.Rat would take long, or take more than JSON has
		return 0
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok || !r.IsInt() || r.Sign() < 0 || r.Num().BitLen() > bits {
		o.doubt()
		return 0
	}
	return r.Num().Uint64()
}

func (o *oracleReader) enum(m map[string]any, names []string, key string) uint64 {
	if s, ok := m[key].(string); ok {
		if i := slices.Index(names, s); i >= 0 {
			return uint64(i)
		}
	}
	return o.number(m, 8, key)
}

func (o *oracleReader) document(m map[string]any, depth int) {
	for _, name := range []string{"result", "trace"} {
		if inner, ok := m[name].(map[string]any); ok && depth == 0 {
			if m["resourceSpans"] != nil || m["resource_spans"] != nil || m["batches"] != nil || len(m) > 1 {
				o.doubt() // in which order?
			}
			o.document(inner, 1)
		}
	}
	for _, e := range o.list(m, "resourceSpans", "resource_spans", "batches") {
		rs := o.object(e)
		service := o.attributes(o.orEmpty(rs, "resource"))["service.name"]
		for _, e := range o.list(rs, "scopeSpans", "scope_spans", "instrumentationLibrarySpans",
			"instrumentation_library_spans", "deprecatedScopeSpans", "deprecated_scope_spans") {
			o.noDocumentIn(rs)
			ss := o.object(e)
			o.noDocumentIn(ss)
			for _, e := range o.list(ss, "spans") {
				o.span(o.object(e), service)
			}
		}
	}
}

// noDocumentIn doubts an object in which the reader sees the beginning of another document.
func (o *oracleReader) noDocumentIn(m map[string]any) {
	for key := range m {
		if strings.HasPrefix(key, "resource") && key != "resource" {
			o.doubt()
		}
	}
}

func (o *oracleReader) orEmpty(m map[string]any, key string) map[string]any {
	if m[key] == nil {
		return nil
	}
	return o.object(m[key])
}

// attributes returns the string attributes.
func (o *oracleReader) attributes(m map[string]any) map[string]string {
	attrs := map[string]string{}
	for _, e := range o.list(m, "attributes") {
		kv := o.object(e)
		value := o.orEmpty(kv, "value")
		if len(value) > 1 {
			o.doubt()
		}
		key := o.str(kv, "key")
		if v := o.get(value, "stringValue", "string_value"); v != nil {
			attrs[key] = o.str(value, "stringValue", "string_value")
		}
	}
	return attrs
}

func (o *oracleReader) id(m map[string]any, size int, names ...string) []byte {
	text := o.str(m, names...)
	if id, err := hex.DecodeString(text); err == nil {
		return id
	}
	id, err := base64.StdEncoding.DecodeString(text)
	if err != nil || !strings.HasSuffix(text, "=") || len(id) != size {
		o.doubt()
	}
	return id
}

func (o *oracleReader) span(m map[string]any, service string) {
	o.noDocumentIn(m)
	attrs := o.attributes(m)
	r := oracleRow{
		Start: o.number(m, 64, "startTimeUnixNano", "start_time_unix_nano"),
		End:   o.number(m, 64, "endTimeUnixNano", "end_time_unix_nano"),
		Name:  o.str(m, "name"), Kind: o.enum(m, spanKindNames, "kind"),
		Status: min(3, o.enum(o.orEmpty(m, "status"), statusCodeNames, "code")),
		Flags:  o.number(m, 32, "flags") & 0x3ff,
		Events: nonNull(o.list(m, "events")), Links: nonNull(o.list(m, "links")),
		Service: service,
	}
	method, destination := attrs["rpc.method"], attrs["messaging.destination.name"]
	if destination == "" {
		destination = attrs["messaging.destination"]
	} else if attrs["messaging.destination"] != "" {
		o.doubt()
	}
	switch {
	case attrs["http.route"] != "":
		r.Route = attrs["http.route"]
	case method != "" && attrs["rpc.service"] != "":
		r.Route = attrs["rpc.service"] + "/" + method
	case method != "":
		r.Route = method
	default:
		r.Route = destination
	}
	trace := o.id(m, 16, "traceId", "trace_id")
	if r.Trace = hex.EncodeToString(trace); len(trace) != 16 || r.Trace == strings.Repeat("0", 32) {
		r.Trace, r.Bad = "", BadTraceID
	}
	id := o.id(m, 8, "spanId", "span_id")
	if r.ID = uint64(len(id)); len(id) == 8 && binary.BigEndian.Uint64(id) != 0 {
		r.ID = binary.BigEndian.Uint64(id)
	} else {
		r.Bad |= BadSpanID
	}
	parent := o.id(m, 8, "parentSpanId", "parent_span_id")
	if r.Parent = uint64(len(parent)); len(parent) == 8 {
		r.Parent = binary.BigEndian.Uint64(parent)
	} else if len(parent) > 0 {
		r.Bad |= BadParentID
	}
	o.rows = append(o.rows, r)
}

func nonNull(list []any) (n int) {
	for _, e := range list {
		if e != nil {
			n++
		}
	}
	return n
}

// compareOracle compares a reading with the oracle's, in file order.
func compareOracle(t testing.TB, want []oracleRow, got otlpReading) {
	t.Helper()
	rows := make([]oracleRow, len(got.rows))
	events, links := 0, 0
	for i, r := range got.rows {
		rows[i] = oracleRow{
			ID: r.ID, Parent: r.Parent, Bad: r.Flags & (BadTraceID | BadSpanID | BadParentID), Start: r.Start, End: r.End,
			Name: r.Name, Route: r.Route, Kind: uint64(r.Kind), Status: uint64(r.Status), Flags: uint64(r.Flags & otlpFlags),
			Service: r.Service,
		}
		if r.Flags&BadTraceID == 0 {
			rows[i].Trace = hex.EncodeToString(r.Trace[:])
		}
	}
	want = slices.Clone(want)
	for i := range want {
		events += want[i].Events
		links += want[i].Links
		if i < len(got.rows) && (want[i].Links > 0) != (got.rows[i].Flags&LinkedSpan != 0) {
			t.Errorf("span %d: %d links, flags %x", i, want[i].Links, got.rows[i].Flags)
		}
		want[i].Events, want[i].Links = 0, 0
	}
	if len(want) != len(rows) || !slices.Equal(want, rows) {
		t.Errorf("rows differ from encoding/json (-want +got):\n%s", cmp.Diff(want, rows))
	}
	if s := got.art.Traces; s != nil && (s.Spans != len(want) || s.Events != events || s.Links != links) {
		t.Errorf("counts %+v, want %d spans, %d events, %d links", *s, len(want), events, links)
	}
}
