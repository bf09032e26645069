package evidence

import "bytes"

// OTLP/JSON: one document, one a line, one after the other, or an array of them. The levels above a
// span and a resource are walked member by member, so that neither the length of a line nor the size of
// a document matters; see jsonWalk.

var formatOTLPJSON = format{sniff: sniffOTLPJSON, read: readOTLPJSON}

// jsonKey names what a key of the levels above a span holds.
type jsonKey uint8

const (
	keyOther jsonKey = iota
	keyResourceSpans
	keyResource
	keyScopeSpans
	keySpans
	keyWrapper // an object that holds a document
	keyMetrics
	keyLogs
	keyProfiles
	keyTorn // a document's key where none can be
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

// jsonKeyOf says what key holds at level. Besides OTLP's own names: "batches" (Grafana Tempo, api/traces),
// "instrumentationLibrarySpans" (OTLP before 0.15), "deprecatedScopeSpans" (pdata); the wrappers are
// "result" (Jaeger, api/v3/traces) and "trace" (Grafana Tempo, api/v2/traces).
func jsonKeyOf(level jsonLevel, key []byte) jsonKey {
	field := keyOther
	switch string(key) {
	case "resourceSpans", "resource_spans":
		field = keyResourceSpans
	case "batches":
		if level > levelWrapped {
			return keyOther
		}
		field = keyResourceSpans
	case "resourceMetrics", "resource_metrics":
		field = keyMetrics
	case "resourceLogs", "resource_logs":
		field = keyLogs
	case "resourceProfiles", "resource_profiles":
		field = keyProfiles
	case "result", "trace":
		if level == levelDocument {
			return keyWrapper
		}
	case "resource":
		if level == levelResourceSpans {
			return keyResource
		}
	case "scopeSpans", "scope_spans", "instrumentationLibrarySpans", "instrumentation_library_spans",
		"deprecatedScopeSpans", "deprecated_scope_spans":
		if level == levelResourceSpans {
			return keyScopeSpans
		}
	case "spans":
		if level == levelScopeSpans {
			return keySpans
		}
	}
	if field != keyOther && level > levelWrapped {
		return keyTorn
	}
	return field
}

// otherSignals are the names under which TraceStats.Other counts documents of other signals, and the
// formats of files that hold nothing else.
var otherSignals = map[jsonKey]struct {
	key    string
	format Format
}{
	keyMetrics:  {"resourceMetrics", "otlp/metrics"},
	keyLogs:     {"resourceLogs", "otlp/logs"},
	keyProfiles: {"resourceProfiles", "otlp/profiles"},
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
		switch field := jsonKeyOf(level, key); {
		case field == keyWrapper && c.peek() == '{':
			if sniffDocument(c, levelWrapped, whole) {
				return true
			}
			continue
		case field == keyOther || field == keyWrapper:
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
		if jsonKeyOf(levelResourceSpans, c.key()) == keyScopeSpans {
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
	field := keyWrapper
	for level := levelDocument; field == keyWrapper && c.open('{', '}'); level++ {
		field = jsonKeyOf(level, c.key())
	}
	if field == keyOther || c.peek() != '[' {
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
		for _, field := range []jsonKey{keyMetrics, keyLogs, keyProfiles} {
			if signal := otherSignals[field]; w.other[signal.key] > 0 {
				art.Format = signal.format
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
