package evidence

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

// generatedLines is a small export in the collector's byte shape, a document a line.
func generatedLines() []byte {
	lines, _ := gen.JSONLines(gen.Options{Seed: 3, Spans: 120, SpansPerRequest: 40})
	return lines
}

// reshape decodes every line, lets edit change it, and encodes it again with sorted keys, so that a
// trace id comes last but one and attributes first.
func reshape(t *testing.T, lines []byte, edit func(map[string]any)) []byte {
	t.Helper()
	var out bytes.Buffer
	dec := json.NewDecoder(bytes.NewReader(lines))
	dec.UseNumber()
	for dec.More() {
		var doc map[string]any
		if err := dec.Decode(&doc); err != nil {
			t.Fatal(err)
		}
		if edit != nil {
			eachObject(doc, edit)
		}
		if err := json.NewEncoder(&out).Encode(doc); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func eachObject(v any, edit func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			eachObject(e, edit)
		}
		edit(v)
	case []any:
		for _, e := range v {
			eachObject(e, edit)
		}
	}
}

var camel = regexp.MustCompile(`[A-Z]`)

func snakeCase(m map[string]any) {
	for k, v := range m {
		if snake := camel.ReplaceAllStringFunc(k, func(s string) string { return "_" + strings.ToLower(s) }); snake != k {
			delete(m, k)
			m[snake] = v
		}
	}
}

func protojsonForm(t *testing.T) func(map[string]any) {
	return func(m map[string]any) {
		for _, key := range []string{"traceId", "spanId", "parentSpanId"} {
			if s, ok := m[key].(string); ok {
				id, err := hex.DecodeString(s)
				if err != nil {
					t.Fatal(err)
				}
				m[key] = base64.StdEncoding.EncodeToString(id)
			}
		}
		if n, ok := m["kind"].(json.Number); ok {
			i, _ := n.Int64()
			m["kind"] = spanKindNames[i]
		}
		if n, ok := m["code"].(json.Number); ok {
			i, _ := n.Int64()
			m["code"] = statusCodeNames[i]
		}
	}
}

func numbersUnquoted(m map[string]any) {
	for _, key := range []string{"startTimeUnixNano", "endTimeUnixNano", "timeUnixNano", "intValue"} {
		if s, ok := m[key].(string); ok {
			m[key] = json.Number(s)
		}
	}
}

func numbersAsFloats(m map[string]any) {
	for _, key := range []string{"startTimeUnixNano", "endTimeUnixNano"} {
		if s, ok := m[key].(string); ok {
			m[key] = json.Number(s[:1] + "." + s[1:] + "e" + fmt.Sprint(len(s)-1))
		}
	}
	for _, key := range []string{"kind", "flags"} {
		if n, ok := m[key].(json.Number); ok {
			m[key] = n.String() + ".0"
		}
	}
}

func nullsAndNoise(m map[string]any) {
	for _, key := range []string{"parentSpanId", "links", "events", "status", "attributes", "droppedLinksCount"} {
		if _, ok := m[key]; !ok && m["traceId"] != nil {
			m[key] = nil
		}
	}
	m["aNewField"] = []any{map[string]any{"traceId": 7, "x": []any{[]any{}, map[string]any{}, nil, true, -1.5e-7, "\"}]\\"}}}
}

func indented(t *testing.T, lines []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	for line := range bytes.Lines(lines) {
		if err := json.Indent(&out, line, "", "  "); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func slurped(lines []byte) []byte {
	return append(append([]byte("["), bytes.Join(bytes.Split(bytes.TrimSpace(lines), []byte("\n")), []byte(","))...), ']')
}

// oneDocument joins the documents into one.
func oneDocument(lines []byte) []byte {
	s := strings.TrimSuffix(strings.ReplaceAll(string(lines), "]}\n{\"resourceSpans\":[", ","), "\n")
	return []byte(s)
}

// TestOTLPJSONShapes writes one export in every way that is known, and expects the same spans.
func TestOTLPJSONShapes(t *testing.T) {
	lines := generatedLines()
	want := mustReadJSON(t, lines).withoutRefs()
	for _, tt := range []struct {
		name, encoding string
		data           []byte
	}{
		{"lines", "jsonl", lines},
		{"one document", "json", oneDocument(lines)},
		{"concatenated", "jsonl", bytes.ReplaceAll(lines, []byte("\n"), nil)},
		{"carriage returns", "jsonl", bytes.ReplaceAll(lines, []byte("\n"), []byte("\r\n"))},
		{"blank lines", "jsonl", append([]byte("\n\n  "), bytes.ReplaceAll(lines, []byte("\n"), []byte("\n \n"))...)},
		{"slurped", "json", slurped(lines)},
		{"indented", "jsonl", indented(t, lines)},
		{"indented slurped", "json", indented(t, slurped(lines))},
		{"indented document", "json", indented(t, oneDocument(lines))},
		{"keys sorted", "jsonl", reshape(t, lines, nil)},
		{"wrapped by Jaeger", "jsonl", bytes.ReplaceAll(bytes.ReplaceAll(lines, []byte("\n"), []byte("}\n")), []byte(`{"resourceSpans"`), []byte(`{"result":{"resourceSpans"`))},
		{"wrapped by Tempo", "jsonl", bytes.ReplaceAll(bytes.ReplaceAll(lines, []byte("\n"), []byte("}\n")), []byte(`{"resourceSpans"`), []byte(`{"trace":{"resourceSpans"`))},
		{"batches", "jsonl", bytes.ReplaceAll(lines, []byte(`{"resourceSpans"`), []byte(`{"batches"`))},
		{"old scopes", "jsonl", bytes.ReplaceAll(lines, []byte(`"scopeSpans"`), []byte(`"instrumentationLibrarySpans"`))},
		{"snake case", "jsonl", reshape(t, lines, snakeCase)},
		{"protojson", "jsonl", reshape(t, lines, protojsonForm(t))},
		{"upper-case ids", "jsonl", regexp.MustCompile(`"(traceId|spanId|parentSpanId)":"[0-9a-f]+"`).ReplaceAllFunc(lines, upperID)},
		{"numbers unquoted", "jsonl", reshape(t, lines, numbersUnquoted)},
		{"numbers as floats", "jsonl", reshape(t, lines, numbersAsFloats)},
		{"nulls and unknown fields", "jsonl", reshape(t, lines, nullsAndNoise)},
		{"escaped keys", "jsonl", bytes.ReplaceAll(bytes.ReplaceAll(lines, []byte(`"spanId"`), []byte(`"\u0073panId"`)), []byte(`"spans"`), []byte(`"span\u0073"`))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := mustReadJSON(t, tt.data)
			if d := cmp.Diff(want, got.withoutRefs()); d != "" {
				t.Errorf("rows differ (-want +got):\n%s", d)
			}
			if got.art.Encoding != tt.encoding || got.art.Format != FormatOTLPTraces || len(got.art.Losses) != 0 {
				t.Errorf("%s %s %v", got.art.Format, got.art.Encoding, got.art.Losses)
			}
			got.checkRefs(t, tt.data)
		})
	}
}

func upperID(b []byte) []byte {
	i := bytes.IndexByte(b, ':')
	return append(append([]byte{}, b[:i]...), bytes.ToUpper(b[i:])...)
}

// TestOTLPJSONResourceLast moves every resource behind its spans.
func TestOTLPJSONResourceLast(t *testing.T) {
	lines := generatedLines()
	want := mustReadJSON(t, lines).withoutRefs()
	moved := regexp.MustCompile(`("resource":\{"attributes":\[.*?\]\}),("scopeSpans":.*?"schemaUrl":"[^"]*")`).ReplaceAll(lines, []byte("$2,$1"))
	if bytes.Equal(moved, lines) {
		t.Fatal("nothing was moved")
	}
	if d := cmp.Diff(want, mustReadJSON(t, moved).withoutRefs()); d != "" {
		t.Errorf("rows differ (-want +got):\n%s", d)
	}
}

// span1 wraps one span object into a document.
func span1(span string) []byte {
	return []byte(`{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[` + span + `]}]}]}`)
}

const goodIDs = `"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"00000000000000a1"`

// TestOTLPJSONFields reads single spans of odd content.
func TestOTLPJSONFields(t *testing.T) {
	for _, tt := range []struct {
		name, span string
		want       otlpRow // without trace, resource and refs
		loss       string
	}{
		{"nothing", `{}`, otlpRow{Flags: BadTraceID | BadSpanID}, ""},
		{"zero ids", `{"traceId":"00000000000000000000000000000000","spanId":"0000000000000000","parentSpanId":"0000000000000000"}`,
			otlpRow{ID: 8, Flags: BadTraceID | BadSpanID}, ""},
		{"short ids", `{"traceId":"0102","spanId":"010203","parentSpanId":"0a"}`,
			otlpRow{ID: 3, Parent: 1, Flags: BadTraceID | BadSpanID | BadParentID}, ""},
		{"base64 of a wrong length", `{` + goodIDs + `,"parentSpanId":"AQIDBA=="}`, otlpRow{ID: 0xa1, Parent: 4, Flags: BadParentID}, ""},
		{"base64 in the URL alphabet", `{"traceId":"AQIDBAUGBwgJCgsMDQ4PEA==","spanId":"__79_Pv6-fg="}`, otlpRow{ID: 0xfffefdfcfbfaf9f8}, ""},
		{"no hexadecimal", `{` + goodIDs + `,"parentSpanId":"00000000000000g1"}`, otlpRow{ID: 0xa1, Flags: BadParentID}, "span: parent span id is neither hexadecimal nor base64"},
		{"15 digits", `{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"123456789abcdef"}`, otlpRow{Flags: BadSpanID}, "span: span id is neither hexadecimal nor base64"},
		{"id of another type", `{` + goodIDs + `,"parentSpanId":17}`, otlpRow{ID: 0xa1, Flags: BadParentID}, "span: parent span id has the wrong type"},
		{"last key wins", `{` + goodIDs + `,"name":"a","kind":2,"name":"b","kind":null,"spanId":"00000000000000a2","links":[{}],"links":[]}`, otlpRow{ID: 0xa2, Name: "b"}, ""},
		{"escapes", `{` + goodIDs + `,"name":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\ud83dx\udc00"}`, otlpRow{ID: 0xa1, Name: "\"\\/\b\f\n\r\té😀\ufffdx\ufffd"}, ""},
		{"escaped route", `{` + goodIDs + `,"attributes":[{"key":"http.rout\u0065","value":{"stringValue":"\/a\/{b}"}}]}`, otlpRow{ID: 0xa1, Route: "/a/{b}"}, ""},
		{"value before key", `{` + goodIDs + `,"attributes":[{"value":{"stringValue":"/a"},"key":"http.route"}]}`, otlpRow{ID: 0xa1, Route: "/a"}, ""},
		{"route is a number", `{` + goodIDs + `,"attributes":[{"key":"http.route","value":{"intValue":"7"}}]}`, otlpRow{ID: 0xa1}, ""},
		{"rpc", `{` + goodIDs + `,"attributes":[{"key":"rpc.method","value":{"stringValue":"Get"}},{"key":"rpc.service","value":{"stringValue":"a.B"}}]}`, otlpRow{ID: 0xa1, Route: "a.B/Get"}, ""},
		{"fraction of a nanosecond", `{` + goodIDs + `,"startTimeUnixNano":1.5,"endTimeUnixNano":1.7e18}`, otlpRow{ID: 0xa1, End: 1_700_000_000_000_000_000}, "span: start time is no whole number in range"},
		{"largest instant", `{` + goodIDs + `,"startTimeUnixNano":"18446744073709551615","endTimeUnixNano":18446744073709551616}`, otlpRow{ID: 0xa1, Start: 1<<64 - 1}, "span: end time is no whole number in range"},
		{"negative", `{` + goodIDs + `,"startTimeUnixNano":-0,"endTimeUnixNano":"-1"}`, otlpRow{ID: 0xa1}, "span: end time is no whole number in range"},
		{"flags", `{` + goodIDs + `,"flags":"4294967295"}`, otlpRow{ID: 0xa1, Flags: 0x3ff}, ""},
		{"enums by number in quotes", `{` + goodIDs + `,"kind":"3","status":{"code":"2"}}`, otlpRow{ID: 0xa1, Kind: KindClient, Status: 2}, ""},
		{"unknown enum name", `{` + goodIDs + `,"kind":"SPAN_KIND_OTHER"}`, otlpRow{ID: 0xa1}, "span: kind has an unknown name"},
		{"linked", `{` + goodIDs + `,"links":[null,{"traceId":"x"}]}`, otlpRow{ID: 0xa1, Flags: LinkedSpan}, ""},
		{"wrong types", `{` + goodIDs + `,"name":5,"attributes":{},"status":[],"events":"none"}`, otlpRow{ID: 0xa1}, "span: name has the wrong type"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := span1(tt.span)
			got := mustReadJSON(t, data)
			if len(got.rows) != 1 {
				t.Fatalf("%d rows, losses %v", len(got.rows), got.art.Losses)
			}
			row := got.rows[0]
			if span := string(data[row.RefOff : row.RefOff+row.RefLen]); span != tt.span {
				t.Errorf("the Ref holds %s", span)
			}
			if wantTrace := tt.want.Flags&BadTraceID == 0; wantTrace != (row.Trace == [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}) {
				t.Errorf("trace %x", row.Trace)
			}
			row.Trace, row.Resource, row.Domain = [16]byte{}, 0, ""
			row.RefOff, row.RefLen, row.ResourceOff, row.ResLn = 0, 0, 0, 0
			if d := cmp.Diff(tt.want, row); d != "" {
				t.Errorf("row (-want +got):\n%s", d)
			}
			var losses []string
			for _, l := range got.art.Losses {
				losses = append(losses, l.What)
			}
			if strings.Join(losses, "; ") != tt.loss {
				t.Errorf("losses %q, want %q", losses, tt.loss)
			}
		})
	}
}

// TestOTLPJSONResources compares digests of resources that are the same in different spellings, and of
// some that are not.
func TestOTLPJSONResources(t *testing.T) {
	digest := func(value string) (uint64, []Loss) {
		t.Helper()
		doc := `{"resourceSpans":[{"scopeSpans":[{"spans":[{}]}],"resource":{"attributes":[{"key":"k","value":` + value + `}]}}]}`
		got := mustReadJSON(t, []byte(doc))
		if len(got.rows) != 1 {
			t.Fatalf("%s: %d rows, losses %v", value, len(got.rows), got.art.Losses)
		}
		return got.rows[0].Resource, got.art.Losses
	}
	for _, same := range [][]string{
		{`{"intValue":"5"}`, `{"intValue":5}`, `{"intValue":5.0}`, `{"int_value":"5"}`, `{"intValue":"5","stringValue":null}`, `{"stringValue":"x","intValue":"5"}`},
		{`{"intValue":"-9223372036854775808"}`, `{"intValue":-9223372036854775808}`},
		{`{"doubleValue":3}`, `{"doubleValue":3.0}`, `{"doubleValue":"3"}`, `{"doubleValue":30e-1}`},
		{`{"doubleValue":"NaN"}`}, {`{"doubleValue":"Infinity"}`}, {`{"doubleValue":"-Infinity"}`},
		{`{"bytesValue":"+/8="}`, `{"bytesValue":"-_8"}`, `{"bytesValue":"-_8="}`},
		{`{"stringValue":"é"}`, `{"stringValue":"\u00e9"}`},
		{`{"boolValue":true}`}, {`{"boolValue":false}`}, {`{"stringValue":"true"}`}, {`{"stringValue":"5"}`},
		{`{}`, `null`, `{"stringValue":null}`, `{"anotherValue":7}`},
		{`{"stringValue":""}`},
		{`{"arrayValue":{}}`, `{"arrayValue":{"values":[]}}`, `{"arrayValue":{"values":null}}`},
		{`{"arrayValue":{"values":[{"stringValue":""},{"stringValue":""}]}}`},
		{`{"arrayValue":{"values":[{"intValue":"1"},{"stringValue":"b"}]}}`, `{"array_value":{"values":[{"intValue":1},{"string_value":"b"}]}}`},
		{`{"kvlistValue":{"values":[{"key":"a","value":{"intValue":"1"}},{"key":"b"}]}}`, `{"kvlist_value":{"values":[{"value":{"intValue":1},"key":"a"},{"key":"b","value":null}]}}`},
	} {
		want, losses := digest(same[0])
		if len(losses) != 0 {
			t.Errorf("%s: losses %v", same[0], losses)
		}
		for _, s := range same[1:] {
			if got, _ := digest(s); got != want {
				t.Errorf("%s and %s have different digests", same[0], s)
			}
		}
	}
	for _, odd := range []string{`{"intValue":"5.5"}`, `{"intValue":"9223372036854775808"}`, `{"doubleValue":"x"}`, `{"bytesValue":"?"}`,
		`{"boolValue":"true"}`, `{"stringValue":5}`, `7`, strings.Repeat(`{"arrayValue":{"values":[`, 200) + strings.Repeat(`]}}`, 200)} {
		if _, losses := digest(odd); len(losses) != 1 {
			t.Errorf("%.60s: losses %v, want one", odd, losses)
		}
	}
}

// TestOTLPJSONSniff tells OTLP from other JSON.
func TestOTLPJSONSniff(t *testing.T) {
	far := `{"noise":[` + strings.Repeat(`{"x":[1,2,{}]},`, 2000) + `null],"resourceSpans":[]}`
	for _, s := range []string{
		`{"resourceSpans":[]}`, ` {"resourceSpans" : [`, `{"resource_spans":[{`, `[{"resourceSpans":[`, `{"result":{"resourceSpans":[`,
		`{"batches":[{"resource":{},"scopeSpans":[`, `{"resourceMetrics":[`, `{"resourceLogs":[`, `{"resourceProfiles":[`,
		`{"schemaUrl":"","resourceSpans":[`, `{"level":"info"}` + "\n" + `{"resourceSpans":[`, "2026-11-20 starting\n{\"resourceSpans\":[",
		`ringValue":"x"}}]}]}]}]}` + "\n" + `{"resourceSpans":[`, `{}{"resourceSpans":[`, far, `{"\u0072esourceSpans":[`,
	} {
		if !formatOTLPJSON.sniff([]byte(s), false) {
			t.Errorf("not recognised: %.80s", s)
		}
	}
	if !formatOTLPJSON.sniff([]byte(`{"resourceSpans":`), true) {
		t.Error("not recognised: a file cut behind its first key")
	}
	for _, s := range []string{
		``, `{}`, `[]`, `null`, `{"data":[{"traceID":"1","spans":[]}]}`, `[{"traceId":"1","id":"2"}]`, `{"apiVersion":"v1","kind":"List","items":[]}`,
		`{"accountId":"1","availabilityZone":"us-west-2a"}`, `{"spans":{"totals":{}}}`, `{"batches":[{"id":1}]}`, `{"resourceSpans":7}`,
		`{"x":"{\"resourceSpans\":[]}"}`, `{"x":{"resourceSpans":[]}}`, `{"result":[{"resourceSpans":[]}]}`, "goroutine 1 [running]:\n\t{\"resourceSpans\":[\n",
		far[:20000], `{"resourceSpa`, "\x00\x00\x01\x02\n",
	} {
		if formatOTLPJSON.sniff([]byte(s), false) {
			t.Errorf("recognised: %.80s", s)
		}
	}
}

// TestOTLPJSONSignals reads files with other signals.
func TestOTLPJSONSignals(t *testing.T) {
	traces, metrics, logs := string(span1(`{`+goodIDs+`}`))+"\n", `{"resourceMetrics":[{"scopeMetrics":[]}]}`+"\n", `{"resourceLogs":[]}`+"\n"
	for _, tt := range []struct {
		name, data string
		format     Format
		other      map[string]int
		encoding   string
	}{
		{"mixed", metrics + traces + metrics + logs, FormatOTLPTraces, map[string]int{"resourceMetrics": 2, "resourceLogs": 1}, "jsonl"},
		{"metrics", metrics + metrics, "otlp/metrics", nil, "jsonl"},
		{"logs", logs, "otlp/logs", nil, "json"},
		{"both", logs + metrics, "otlp/metrics", nil, "jsonl"},
		{"profiles", `{"resourceProfiles":[],"dictionary":{}}`, "otlp/profiles", nil, "json"},
		{"no spans", `{"resourceSpans":[]}`, FormatOTLPTraces, nil, "json"},
	} {
		got := mustReadJSON(t, []byte(tt.data))
		loaded := LoadReader("x", strings.NewReader(tt.data), Options{}).Artifacts[0]
		if loaded.Format != tt.format || loaded.Status != StatusOK {
			t.Errorf("%s: loads as %s, status %s", tt.name, loaded.Format, loaded.Status)
		}
		if got.art.Format != tt.format || got.art.Encoding != tt.encoding || len(got.art.Losses) != 0 {
			t.Errorf("%s: %s %s %v", tt.name, got.art.Format, got.art.Encoding, got.art.Losses)
		}
		if (got.art.Traces != nil) != (tt.format == FormatOTLPTraces) {
			t.Errorf("%s: Traces is %v", tt.name, got.art.Traces)
		} else if got.art.Traces != nil {
			if d := cmp.Diff(tt.other, got.art.Traces.Other); d != "" {
				t.Errorf("%s: other (-want +got):\n%s", tt.name, d)
			}
		}
	}
}
