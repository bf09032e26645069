package align

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestJSONOracle compares output and input as encoding/json reads them, with the input edited.
func TestJSONOracle(t *testing.T) {
	const resource = `"resource" : {"attributes":[{"key":"host.name","value":{"stringValue":"h\u0031"}}]}`
	const span = `{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"TimeUnixNano\":\"1","startTimeUnixNano":"1795000000000000001","endTimeUnixNano": 1795000000000500000 ,"events":[{"timeUnixNano":"1795000000000000500"},{"timeUnixNano":"0"}],"x":[1e3,null]}`
	const short = `{"spanId":"0102030405060709","startTimeUnixNano":"999999999999999999","endTimeUnixNano":"1000000000000000000"}`
	for _, c := range []struct{ name, text string }{
		{"document", `{"resourceSpans":[{` + resource + `,"scopeSpans":[{"spans":[` + span + `,` + short + `]}]}]}`},
		{"resource last, two lines", `{"resourceSpans":[{"scopeSpans":[{"spans":[` + span + `]}],` + resource + "}]}\r\n" + `{"resourceSpans":[{` + resource + `,"scopeSpans":[{"spans":[` + short + "]}]}]}\n"},
		{"array, indented", "[\n {\"resourceSpans\": [ {" + resource + ",\n \"scopeSpans\":[{\"spans\":[\n" + span + "\n]}]}]}\n,\n{\"resourceSpans\":[]}]\n"},
		{"no attributes", `{"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[` + span + `]}]}]}`},
	} {
		for _, keep := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s keep=%v", c.name, keep), func(t *testing.T) {
				out, s, m := rewriteBytes(t, "traces.json", []byte(c.text), ApplyOptions{KeepOriginals: keep}, syntheticModel)
				if s.Receipt.Times == 0 {
					t.Fatalf("nothing moved: %+v", s.Receipt)
				}
				domain := s.Receipt.Domains[0].Domain
				want, got := documentsOf(t, []byte(c.text)), documentsOf(t, out)
				editJSON(want, m, domain)
				dropOurs(got)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("output (-want +got):\n%s", diff)
				}
				if n := strings.Count(string(out), attrStatus); n != s.Receipt.Resources {
					t.Errorf("%d marks on %d resources", n, s.Receipt.Resources)
				}
				if n := strings.Count(string(out), attrOriginal); keep && n != s.Receipt.Spans {
					t.Errorf("%d originals on %d spans", n, s.Receipt.Spans)
				}
			})
		}
	}
}

// TestJSONLogsAndMetrics does the same for what holds no spans, where each time is its own.
func TestJSONLogsAndMetrics(t *testing.T) {
	const resource = `"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"host-0"}}]}`
	const point = `{"startTimeUnixNano":"1795000001000000000","timeUnixNano":"1795000002000000000","exemplars":[{"timeUnixNano":"1795000001000000005","spanId":"0102030405060708","asInt":"1795000001000000005"}]}`
	for _, c := range []struct {
		name, text string
		times      int
	}{
		{"logs", `{"resourceLogs":[{` + resource + `,"scopeLogs":[{"logRecords":[{"timeUnixNano":"1795000001000000000","observedTimeUnixNano": 1795000002000000000,` +
			`"body":{"stringValue":"\"timeUnixNano\":\"1795000001000000000\""}},{"observedTimeUnixNano":"1795000003000000000","timeUnixNano":"0"}]}]}]}`, 3},
		{"metrics", `{"resourceMetrics":[{` + resource + `,"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[` + point + `]}},` +
			`{"name":"b","sum":{"dataPoints":[` + point + `]}},{"name":"c","histogram":{"dataPoints":[` + point + `]}},` +
			`{"name":"d","exponentialHistogram":{"dataPoints":[` + point + `]}},{"name":"e","summary":{"dataPoints":[` + point + `]}}]}]}]}` + "\n", 15},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, s, m := rewriteBytes(t, c.name+".json", []byte(c.text), ApplyOptions{}, hostModel)
			if s.Receipt.Times != c.times {
				t.Errorf("%d times moved, want %d", s.Receipt.Times, c.times)
			}
			want, got := documentsOf(t, []byte(c.text)), documentsOf(t, out)
			moveEach(want, m, "host-0")
			dropOurs(got)
			dropOurs(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}

// moveEach moves every time of decoded documents by itself.
func moveEach(v any, m *Model, domain string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			moveEach(e, m, domain)
		}
	case map[string]any:
		for key, e := range v {
			if n := number(e); n != 0 && strings.HasSuffix(key, "imeUnixNano") {
				v[key] = renumber(e, expected(m, domain, n))
				continue
			}
			moveEach(e, m, domain)
		}
	}
}

func documentsOf(t *testing.T, text []byte) (list []any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	for {
		var v any
		if err := d.Decode(&v); err == io.EOF {
			return list
		} else if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		list = append(list, v)
	}
}

// editJSON moves the times of decoded documents.
func editJSON(v any, m *Model, domain string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			editJSON(e, m, domain)
		}
	case map[string]any:
		var shift uint64
		if start := number(v["startTimeUnixNano"]); start != 0 {
			shift = start - expected(m, domain, start)
		}
		for key, e := range v {
			switch n := number(e); {
			case n == 0:
				editJSON(e, m, domain)
			case key == "startTimeUnixNano", key == "endTimeUnixNano":
				v[key] = renumber(e, n-shift)
			case key == "timeUnixNano":
				v[key] = renumber(e, expected(m, domain, n))
			}
		}
	}
}

func number(v any) uint64 {
	n, _ := strconv.ParseUint(fmt.Sprint(v), 10, 64)
	return n
}

func renumber(was any, n uint64) any {
	if _, ok := was.(json.Number); ok {
		return json.Number(fmt.Sprint(n))
	}
	return fmt.Sprint(n)
}

// dropOurs removes the attributes that Apply adds, and lists and resources that hold nothing else.
func dropOurs(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			dropOurs(e)
		}
	case map[string]any:
		list, ok := v["attributes"].([]any)
		var kept []any
		for _, a := range list {
			if key := fmt.Sprint(a.(map[string]any)["key"]); !strings.HasPrefix(key, "witnessmark.") && key != attrZone {
				kept = append(kept, a)
			}
		}
		if v["attributes"] = kept; !ok || len(kept) == 0 {
			delete(v, "attributes")
		}
		for _, e := range v {
			dropOurs(e)
		}
	}
}
