package evidence

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
)

// spanNamed is a span object whose name and id tell it apart.
func spanNamed(n int) string {
	return fmt.Sprintf(`{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"%016x","name":"s%d","attributes":[{"key":"http.route","value":{"stringValue":"/%d"}}]}`, n, n, n)
}

// docOf is a document with the given spans.
func docOf(spans ...int) string {
	var list []string
	for _, n := range spans {
		list = append(list, spanNamed(n))
	}
	return string(span1(strings.Join(list, ",")))
}

func (r otlpReading) ids() string {
	var ids []string
	for _, row := range r.rows {
		ids = append(ids, fmt.Sprint(row.ID))
	}
	return strings.Join(ids, " ")
}

// TestOTLPJSONDamage reads damaged files: every span outside of the damage is there, and losses say
// where the damage is.
func TestOTLPJSONDamage(t *testing.T) {
	two := docOf(1, 2)
	inSpan := two[:strings.Index(two, `"spanId":"0000000000000002"`)]
	inKey := two[:strings.Index(two, `peSpans"`)]
	afterColon := two[:strings.Index(two, `"0000000000000002"`)]
	afterList := two[:strings.Index(two, spanNamed(1))]
	inString := two[:strings.Index(two, `s2"`)]
	for _, tt := range []struct {
		name, data string
		ids        string
		losses     []string // prefixes
		cut        bool     // the last of them
	}{
		{"log lines between", docOf(1) + "\n2026 info starting\nerror {not json}\n" + docOf(2) + "\n", "1 2",
			[]string{"text that is not OTLP/JSON, in 2 lines"}, false},
		{"JSON log lines", docOf(1) + "\n{\"level\":\"info\"}\n{\"level\":\"warn\",\"result\":{\"a\":1}}\n" + docOf(2) + "\nbye", "1 2",
			[]string{"text that is not OTLP/JSON, in 2 ", "text that is not OTLP/JSON, in 1 "}, false},
		{"a prefix before each", "otel: " + docOf(1) + "\notel: " + docOf(2) + "\n", "1 2",
			[]string{"text that", "text that"}, false},
		{"empty exports", "{}\n" + docOf(1) + "\n{ }\n", "1", nil, false},
		{"zero bytes between", docOf(1) + "\n" + strings.Repeat("\x00", 5000) + docOf(2) + "\n", "1 2", []string{"text that"}, false},
		{"zero bytes at the end", docOf(1) + "\n" + strings.Repeat("\x00", 5000), "1", []string{"text that"}, false},
		{"hole in a string", inString + strings.Repeat("\x00", 700) + two[len(inString):] + "\n" + docOf(3), "1 3",
			[]string{"malformed JSON at byte " + fmt.Sprint(len(inString)) + ": not part of a string"}, false},
		{"torn in a span", inSpan + docOf(3, 4) + "\n" + docOf(5), "1 3 4 5", []string{"malformed JSON"}, false},
		{"torn in a key", inKey + docOf(3) + "\n", "3", []string{"malformed JSON"}, false},
		{"torn after a colon", afterColon + docOf(3) + "\n" + docOf(5), "1 3 5", []string{"malformed JSON"}, false},
		{"torn where a span begins", afterList + docOf(3) + "\n" + docOf(5), "3 5", []string{"malformed JSON"}, false},
		{"torn where a resource begins", `{"resourceSpans":[` + docOf(3) + "\n" + docOf(5), "3 5", []string{"malformed JSON"}, false},
		{"torn in the first key", `{"resourceSp` + docOf(3) + "\n" + docOf(5), "3 5", []string{"text that"}, false},
		{"torn, and lost line", inSpan + "\n" + docOf(3) + "\n", "1 3", []string{"malformed JSON"}, false},
		{"other first key after damage", docOf(1) + "\n" + inSpan + "\n" + `{"x":1,` + docOf(3)[1:] + "\n", "1 1 3", []string{"malformed JSON"}, false},
		{"no document after damage", docOf(1) + "\n" + inSpan + "x\n", "1 1", []string{"malformed JSON"}, true},
		{"unbalanced end", docOf(1) + "}}\n" + docOf(2), "1 2", []string{"text that"}, false},
		{"array of documents, cut", "[" + docOf(1) + "," + docOf(2), "1 2", []string{"the file ends inside an array of documents"}, true},
		{"damage in an array", "[" + docOf(1) + "," + inSpan + "x," + docOf(3) + "]", "1 1 3", []string{"malformed JSON"}, false},
		{"elements of the wrong type", `{"resourceSpans":[7,{"scopeSpans":[null,{"spans":["x",` + spanNamed(1) + `]}],"resource":"r"}]}`, "1",
			[]string{"a value has the wrong type", "a value has the wrong type", "a value has the wrong type"}, false},
		{"missing comma", strings.Replace(two, `},{"traceId"`, `}{"traceId"`, 1) + "\n" + docOf(3), "1 3", []string{"malformed JSON"}, false},
		{"trailing comma", string(span1(spanNamed(1)+","+spanNamed(2)+",")) + "\n" + docOf(3), "1 2 3", []string{"malformed JSON"}, false},
		{"deep nesting", `{"x":` + strings.Repeat("[", 20000) + "\n" + docOf(3), "3", []string{"text that"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := []byte(tt.data)
			got := readOTLP(t, formatOTLPJSON, bytes.NewReader(data))
			if got.ids() != tt.ids {
				t.Errorf("spans %s, want %s", got.ids(), tt.ids)
			}
			got.checkRefs(t, data)
			checkLosses(t, got.art, tt.losses, tt.cut)
			got.same(t, "byte by byte", readOTLP(t, formatOTLPJSON, iotest.OneByteReader(bytes.NewReader(data))))
		})
	}
}

func checkLosses(t *testing.T, a *Artifact, prefixes []string, cut bool) {
	t.Helper()
	if len(a.Losses) != len(prefixes) {
		t.Fatalf("losses %+v, want %q", a.Losses, prefixes)
	}
	for i, l := range a.Losses {
		if !strings.HasPrefix(l.What, prefixes[i]) {
			t.Errorf("loss %d is %q, want %q…", i, l.What, prefixes[i])
		}
	}
	if (a.Cut() != nil) != cut {
		t.Errorf("cut %v, want %v", a.Cut(), cut)
	}
}

// TestOTLPJSONLossPlace checks what a Loss of damage covers: from the damaged record to where reading
// went on.
func TestOTLPJSONLossPlace(t *testing.T) {
	two := docOf(1, 2)
	at := strings.Index(two, spanNamed(2))
	data := two[:at+30] + "\n" + docOf(3)
	got := readOTLP(t, formatOTLPJSON, strings.NewReader(data))
	l := got.art.Losses[0]
	if l.Ref.Off != int64(at) || l.Ref.Off+l.Ref.Len != int64(at+31) {
		t.Errorf("loss at %v, want %d to %d", l.Ref, at, at+31)
	}
}

// TestOTLPJSONLargeRecord passes over a span and a resource that are larger than the window may become.
func TestOTLPJSONLargeRecord(t *testing.T) {
	big := strings.Replace(spanNamed(2), `"s2"`, `"`+strings.Repeat("x", 600000)+`"`, 1)
	doc := string(span1(spanNamed(1) + "," + big + "," + spanNamed(3)))
	res := strings.Replace(docOf(4), `{}`, `{"attributes":[{"key":"service.name","value":{"stringValue":"`+strings.Repeat("y", 600000)+`"}}]}`, 1)
	key := strings.Replace(docOf(5), `"scope"`, `"`+strings.Repeat("k", 600000)+`"`, 1)
	small := func(w *jsonWalk) { w.maxLeaf = 300000 }
	for _, tt := range []struct {
		data, ids string
		losses    []string
		cut       bool
	}{
		{doc + res + "\n" + key + "\n" + docOf(6), "1 3 4 6", []string{"a span is larger than 300000 bytes", "a resource is larger", "malformed JSON at byte"}, false},
		{doc[:400000], "1", []string{"the file ends inside a span"}, true},
		{doc[:15000], "1", []string{"the file ends inside a span"}, true},
		{res[:400000], "", []string{"the file ends inside a resource"}, true},
	} {
		got := readJSONWith(t, []byte(tt.data), small)
		if got.ids() != tt.ids {
			t.Errorf("spans %s, want %s", got.ids(), tt.ids)
		}
		checkLosses(t, got.art, tt.losses, tt.cut)
		got.checkRefs(t, []byte(tt.data))
	}
}

// TestOTLPJSONLongLines reads a line and a document of many windows in a window that stays small.
func TestOTLPJSONLongLines(t *testing.T) {
	var spans []int
	for i := range 8000 {
		spans = append(spans, i+1)
	}
	doc := docOf(spans...)
	a := &Artifact{}
	in := newInput(strings.NewReader(doc), a, 0)
	w := newJSONWalk(in)
	w.read()
	if a.Traces.Spans != 8000 || len(a.Losses) != 0 {
		t.Errorf("%d spans, losses %v", a.Traces.Spans, a.Losses)
	}
	if len(in.buf) > windowBytes || len(doc) < 4*windowBytes {
		t.Errorf("a document of %d bytes took a window of %d", len(doc), len(in.buf))
	}
}
