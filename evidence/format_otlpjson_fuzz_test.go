package evidence

import (
	"bytes"
	"encoding/json"
	"testing"
	"testing/iotest"

	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

// FuzzOTLPJSON reads anything: no panic, every Ref in range, the same in a small window and without the
// shortcut, and the same as encoding/json where that has an opinion.
func FuzzOTLPJSON(f *testing.F) {
	lines, _ := gen.JSONLines(gen.Options{Seed: 9, Spans: 2, SpansPerRequest: 1, Faults: gen.Faults{BadIDs: 1}})
	f.Add(lines)
	f.Add(slurped(lines))
	f.Add(oneDocument(lines))
	f.Add(bytes.ReplaceAll(lines, []byte(","), []byte(" , \n")))
	f.Add([]byte(docOf(1)[:90] + docOf(2, 3) + "\nlog\n" + docOf(4)))
	f.Add([]byte(`{"batches":[{"scopeSpans":[{"spans":[{"traceId":"AQIDBAUGBwgJCgsMDQ4PEA==","kind":"SPAN_KIND_SERVER","status":{"code":"2"},"startTimeUnixNano":1.7e18,"name":"\ud83d\ude00"}]}],"resource":null}]}`))
	f.Add([]byte(`{"result":{"resource_spans":[{"resource":{"attributes":[{"key":"service.name","value":{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":[{"doubleValue":"NaN"}]}}}]}}}]}}]}}`))
	for _, s := range jsonSamples {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		formatOTLPJSON.sniff(data, true)
		if json.Valid(data) || len(data) < 200 {
			checkJSONSkip(t, data)
		}
		got := readOTLP(t, formatOTLPJSON, bytes.NewReader(data))
		got.checkRefs(t, data)
		cuts := 0
		for _, l := range got.art.Losses {
			if l.Cut {
				cuts++
			}
		}
		if cuts > 1 {
			t.Errorf("%d cuts: %v", cuts, got.art.Losses)
		}
		got.same(t, "byte by byte", readOTLP(t, formatOTLPJSON, iotest.OneByteReader(bytes.NewReader(data))))
		got.same(t, "general", readJSONWith(t, data, setGeneral))
		if want, ok := jsonOracle(data); ok {
			compareOracle(t, want, got)
		}
	})
}
