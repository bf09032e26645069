package align

import (
	"bytes"
	"errors"
	"strconv"
)

// OTLP/JSON: one document, one a line, or an array of them. Times are digits, quoted or not, and are replaced where
// they stand; their number may change. Attributes are put into the lists that are there. White space, the order of
// members, numbers and escapes stay as they are.

// jsonRewriter rewrites a stream of documents.
type jsonRewriter struct {
	*rewriter
	c       jsonCursor
	base    int
	inArray bool
	started bool
	events  []jsonTime
	spanned []jsonTime // the start and end of the span at hand
	hex     [16]byte   // the id at hand
}

// jsonTime is the digits of a time in the cursor's bytes.
type jsonTime struct {
	from, to int
	value    uint64
}

var utf8BOM = []byte("\ufeff")

// next rewrites the document that b begins with, or passes over what stands between two.
func (r *jsonRewriter) next(b []byte, base int, last bool) (n int, err error) {
	if !r.started {
		if len(b) < len(utf8BOM) && !last {
			return 0, nil
		}
		r.started = true
		if bytes.HasPrefix(b, utf8BOM) {
			return len(utf8BOM), nil
		}
	}
	switch b[0] {
	case ' ', '\n', '\r', '\t', ',':
		return 1, nil
	case '[', ']':
		if r.inArray == (b[0] == '[') {
			return 0, errors.New("a bracket that is no part of a list of documents")
		}
		r.inArray = b[0] == '['
		return 1, nil
	case '{':
	default:
		return 0, errors.New("no OTLP/JSON document begins here")
	}
	if !last && bytes.IndexByte(b, '\n') < 0 && len(b) < blockBytes/2 {
		return 0, nil // most documents are a line
	}
	changes, splices := r.editor.mark()
	receipt, ordinal, blocks := r.receipt, r.ordinal, r.blocks
	r.c, r.base = jsonCursor{b: b}, base
	err = r.document(0)
	switch {
	case r.c.short && !last:
		r.editor.rollback(changes, splices)
		r.restore(receipt, ordinal, blocks)
		return 0, nil
	case r.c.short:
		return 0, errCut
	case r.c.bad:
		return 0, &damageError{base + r.c.i, "not JSON"}
	case err != nil:
		return 0, err
	}
	return r.c.i, nil
}

// restore takes back what a document that is not whole has counted.
func (r *jsonRewriter) restore(receipt Receipt, ordinal int, blocks []block) {
	r.receipt, r.ordinal, r.blocks, r.moves = receipt, ordinal, blocks, r.moves[:0]
}

// wrapped bounds how deep documents lie in wrappers.
const maxWrapped = 2

// document walks an object that may be a document, or a wrapper of one: "result" of Jaeger's and "trace" of Grafana
// Tempo's API.
func (r *jsonRewriter) document(depth int) error {
	c := &r.c
	for more := c.open('{', '}'); more; more = c.more('}') {
		var err error
		switch key := string(c.key()); key {
		case "resourceSpans", "resource_spans", "batches":
			err = r.list(func() error { return r.container("traces") })
		case "resourceLogs", "resource_logs":
			err = r.list(func() error { return r.container("logs") })
		case "resourceMetrics", "resource_metrics":
			err = r.list(func() error { return r.container("metrics") })
		case "resourceProfiles", "resource_profiles":
			return errors.New("OTLP profiles cannot be rewritten")
		case "result", "trace":
			if c.peek() == '{' && depth < maxWrapped {
				err = r.document(depth + 1)
			} else {
				c.skip()
			}
		default:
			c.skip()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// list calls element at each object of an array; other values are passed over.
func (r *jsonRewriter) list(element func() error) error {
	c := &r.c
	if c.peek() != '[' {
		c.skip()
		return nil
	}
	for more := c.open('[', ']'); more; more = c.more(']') {
		if c.peek() != '{' {
			c.skip()
			continue
		}
		if err := element(); err != nil {
			return err
		}
	}
	return nil
}

// container rewrites an element of resourceSpans and its like. Its resource may stand behind its records, so that it is
// walked twice.
func (r *jsonRewriter) container(signal string) error {
	c := &r.c
	open := c.i
	resFrom, resTo := 0, 0
	var scopes []int
	for more := c.open('{', '}'); more; more = c.more('}') {
		switch string(c.key()) {
		case "resource":
			from, to := c.value()
			if c.ok() && c.b[from] == '{' {
				resFrom, resTo = from, to
			}
		case "scopeSpans", "scope_spans", "instrumentationLibrarySpans", "instrumentation_library_spans",
			"deprecatedScopeSpans", "deprecated_scope_spans",
			"scopeLogs", "scope_logs", "scopeMetrics", "scope_metrics":
			from, _ := c.value()
			scopes = append(scopes, from)
		default:
			c.skip()
		}
	}
	if !c.ok() {
		return nil
	}
	end := c.i
	resource := []byte("{}")
	if resTo > 0 {
		resource = c.b[resFrom:resTo]
	}
	if bytes.Contains(resource, []byte(attrStatus)) && !r.plan.o.Compose {
		return ErrMoved
	}
	t := r.target(resource)
	r.receipt.Resources++
	if resTo > 0 {
		c.i = resFrom
		r.attributes(t)
	} else {
		r.insert(open, end, append(append([]byte(`"resource":{"attributes":[`), r.encodeAttributes(t.attrs, nil)...), "]}"...))
	}
	for _, at := range scopes {
		c.i = at
		if err := r.list(func() error { return r.scope(t, signal) }); err != nil || !c.ok() {
			return err
		}
	}
	c.i = end
	return nil
}

// scope rewrites the records of a scope.
func (r *jsonRewriter) scope(t *target, signal string) error {
	c := &r.c
	for more := c.open('{', '}'); more; more = c.more('}') {
		key := string(c.key())
		var err error
		switch {
		case signal == "traces" && key == "spans":
			err = r.list(func() error { return r.span(t) })
		case signal == "logs" && (key == "logRecords" || key == "log_records" || key == "logs"):
			err = r.list(func() error { return r.logRecord(t) })
		case signal == "metrics" && key == "metrics":
			err = r.list(func() error { return r.metric(t) })
		default:
			c.skip()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// time consumes a time. ok is false for null and 0, which stay.
func (r *jsonRewriter) time() (t jsonTime, ok bool, err error) {
	c := &r.c
	from, to := c.value()
	if !c.ok() {
		return t, false, nil
	}
	text := c.b[from:to]
	if len(text) >= 2 && text[0] == '"' {
		from, to = from+1, to-1
		text = c.b[from:to]
	}
	if s := string(text); s == "null" || s == "" {
		return t, false, nil
	}
	value, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil || len(text) > 1 && text[0] == '0' {
		return t, false, &damageError{r.base + from, "a time that is no whole number of nanoseconds"}
	}
	return jsonTime{from, to, value}, value != 0, nil
}

// move replaces the digits of a time.
func (r *jsonRewriter) move(t *target, at jsonTime, shift int64) {
	r.moved(t, shift)
	if shift == 0 {
		return
	}
	text := strconv.AppendUint(r.editor.bytes(20), at.value-uint64(shift), 10)
	if len(text) == digits && at.to-at.from == digits {
		r.editor.patchDigits(r.base+at.from, shift)
		return
	}
	r.editor.replace(r.base+at.from, at.to-at.from, text)
}

// reading moves a time by its own reading.
func (r *jsonRewriter) reading(t *target) error {
	at, ok, err := r.time()
	if err != nil || !ok || t.clock == nil {
		return err
	}
	if shift, ok := r.shiftOf(t, at.value); ok {
		r.move(t, at, shift)
	}
	return nil
}

// insert puts a member into the object that begins at open and ends before end, in front.
func (r *jsonRewriter) insert(open, end int, member []byte) {
	inner := bytes.TrimSpace(r.c.b[open+1 : end-1])
	if len(inner) > 0 {
		member = append(member, ',')
	}
	r.editor.replace(r.base+open+1, 0, member)
}
