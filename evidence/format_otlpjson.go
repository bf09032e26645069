package evidence

import "bytes"

// OTLP/JSON: one document, one a line, one after the other, or an array of them. The levels above a
// span and a resource are walked member by member, so that neither the length of a line nor the size of
// a document matters; see jsonWalk.

var formatOTLPJSON = format{sniff: sniffOTLPJSON, read: readOTLPJSON}

// jsonField names what a key of the levels above a span holds.
type jsonField uint8

const (
	fieldOther jsonField = iota
	fieldResourceSpans
	fieldResource
	fieldScopeSpans
	fieldSpans
	fieldWrapper // an object that holds a document
	fieldMetrics
	fieldLogs
	fieldProfiles
	fieldNested // a document's key where none can be
)

// jsonLevel is a level above a span.
type jsonLevel uint8

const (
	levelDocument jsonLevel = iota
	levelWrapped            // the document inside a wrapper
	levelResourceSpans
	levelScopeSpans
)

// jsonLevelNames complete "the file ends inside …".
var jsonLevelNames = [...]string{
	levelDocument:      "a document",
	levelWrapped:       "a document",
	levelResourceSpans: "a resource's spans",
	levelScopeSpans:    "a scope's spans",
}

// jsonFieldOf says what key holds at level. Besides OTLP's own names: "batches" (Grafana Tempo, api/traces),
// "instrumentationLibrarySpans" (OTLP before 0.15), "deprecatedScopeSpans" (pdata); the wrappers are
// "result" (Jaeger, api/v3/traces) and "trace" (Grafana Tempo, api/v2/traces).
func jsonFieldOf(level jsonLevel, key []byte) jsonField {
	field := fieldOther
	switch string(key) {
	case "resourceSpans", "resource_spans":
		field = fieldResourceSpans
	case "batches":
		if level > levelWrapped {
			return fieldOther
		}
		field = fieldResourceSpans
	case "resourceMetrics", "resource_metrics":
		field = fieldMetrics
	case "resourceLogs", "resource_logs":
		field = fieldLogs
	case "resourceProfiles", "resource_profiles":
		field = fieldProfiles
	case "result", "trace":
		if level == levelDocument {
			return fieldWrapper
		}
	case "resource":
		if level == levelResourceSpans {
			return fieldResource
		}
	case "scopeSpans", "scope_spans", "instrumentationLibrarySpans", "instrumentation_library_spans",
		"deprecatedScopeSpans", "deprecated_scope_spans":
		if level == levelResourceSpans {
			return fieldScopeSpans
		}
	case "spans":
		if level == levelScopeSpans {
			return fieldSpans
		}
	}
	if field != fieldOther && level > levelWrapped {
		return fieldNested
	}
	return field
}

// otherSignals are the names under which TraceStats.Other counts documents of other signals, and the
// formats of files that hold nothing else.
var otherSignals = map[jsonField]struct {
	key    string
	format Format
}{
	fieldMetrics:  {"resourceMetrics", "otlp/metrics"},
	fieldLogs:     {"resourceLogs", "otlp/logs"},
	fieldProfiles: {"resourceProfiles", "otlp/profiles"},
}

// sniffOTLPJSON looks for a document through the values that head begins with. A file may also begin
// with log lines, or in the middle of a line: then a later line must begin with a document.
func sniffOTLPJSON(head []byte, whole bool) bool {
	var c jsonCursor
	c.reset(head)
	for c.state == scanOK {
		switch c.peek() {
		case '{':
			if sniffDocument(&c, levelDocument, whole) {
				return true
			}
		case '[':
			for more := c.open('[', ']'); more; more = c.more(']') {
				if c.peek() != '{' {
					c.skip()
				} else if sniffDocument(&c, levelDocument, whole) {
					return true
				}
			}
		default:
			c.bad("want an object or an array")
		}
	}
	for i, ch := range head {
		if ch == '\n' && bytes.HasPrefix(head[i+1:], []byte{'{'}) && documentStart(&c, head[i+1:]) == scanOK {
			return true
		}
	}
	return false
}

// sniffDocument walks an object and reports whether one of its keys is that of an OTLP document. Where
// it is not, the object is consumed.
func sniffDocument(c *jsonCursor, level jsonLevel, whole bool) bool {
	for more := c.open('{', '}'); more; more = c.more('}') {
		key := c.key()
		switch field := jsonFieldOf(level, key); {
		case field == fieldWrapper && c.peek() == '{':
			if sniffDocument(c, levelWrapped, whole) {
				return true
			}
			continue
		case field == fieldOther || field == fieldWrapper:
		case c.peek() == '[' && string(key) == "batches":
			if sniffBatches(*c) {
				return true
			}
		case c.peek() == '[':
			return true
		case c.state == scanShort && whole:
			return true // cut behind the key
		}
		c.skip()
	}
	return false
}

// sniffBatches looks into the first element of "batches", a name that other JSON has too.
func sniffBatches(c jsonCursor) bool {
	if !c.open('[', ']') || c.peek() != '{' {
		return false
	}
	for more := c.open('{', '}'); more; more = c.more('}') {
		if jsonFieldOf(levelResourceSpans, c.key()) == fieldScopeSpans {
			return true
		}
		c.skip()
	}
	return false
}

// documentStart reports whether b begins with an OTLP document: its opening bracket, the key of a list
// of resources, and the bracket that opens the list. Inside a JSON string these bytes cannot occur,
// because the quotes would be escaped; so they are found also where everything before is damaged.
func documentStart(c *jsonCursor, b []byte) scanState {
	c.reset(b)
	field := fieldWrapper
	for level := levelDocument; field == fieldWrapper && c.open('{', '}'); level++ {
		field = jsonFieldOf(level, c.key())
	}
	if field == fieldOther || c.peek() != '[' {
		c.bad("no document")
	}
	return c.state
}

// readOTLPJSON reads the spans of OTLP/JSON. A file that holds other signals only is recognised and not
// read.
func readOTLPJSON(in *input) bool {
	newJSONWalk(in).read()
	return true
}

// read walks the stream and hands what it found to the artifact.
func (w *jsonWalk) read() {
	w.run()
	art := w.in.art
	art.Encoding = "json"
	if w.documents > 1 {
		art.Encoding = "jsonl"
	}
	if !w.traces {
		for _, field := range []jsonField{fieldMetrics, fieldLogs, fieldProfiles} {
			if signal := otherSignals[field]; w.other[signal.key] > 0 {
				art.Format, art.Status = signal.format, StatusOK
				return
			}
		}
	}
	art.Format = FormatOTLPTraces
	art.Window = w.batch.window
	if art.Window.Known() {
		art.Window.Rule = "spans: earliest start to latest end"
	}
	w.batch.stats.Other = w.other
	w.batch.stats.Resources = len(w.batch.resources)
	art.Traces = &w.batch.stats
	art.batch = w.batch
}
