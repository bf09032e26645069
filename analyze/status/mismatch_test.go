package status_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/status"
	"github.com/witnessmark/witnessmark/evidence"
)

// coded is one span of a test: kind 2 is SERVER and 3 CLIENT, code OTLP's status.
type coded struct {
	service  string
	id       int
	parent   int
	kind     int
	status   int
	key, val string
}

func codedJSON(spans []coded) string {
	var out strings.Builder
	for _, s := range spans {
		parent := ""
		if s.parent > 0 {
			parent = fmt.Sprintf("%016x", s.parent)
		}
		fmt.Fprintf(&out, `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":%q}}]},"scopeSpans":[{"spans":[{`+
			`"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"%016x","parentSpanId":%q,"kind":%d,"name":"n","status":{"code":%d},`+
			`"attributes":[{"key":%q,"value":{"stringValue":%q}}]}]}]}]}`+"\n", s.service, s.id, parent, s.kind, s.status, s.key, s.val)
	}
	return out.String()
}

func mismatches(t *testing.T, b *evidence.Bundle) (*analyze.Result, []string) {
	t.Helper()
	r := analyze.Run(b, []analyze.Detector{status.Mismatch}, analyze.Options{})
	var out []string
	for _, f := range r.Findings {
		out = append(out, fmt.Sprintf("%s %s %s", f.Severity, f.Subject["rule"], f.Message))
		if len(f.Exhibits) == 0 {
			t.Errorf("no exhibit of %s", f.Message)
		}
	}
	return r, out
}

func TestMismatch(t *testing.T) {
	const http, grpc = "http.response.status_code", "rpc.response.status_code"
	for name, c := range map[string]struct {
		spans []coded
		want  []string
	}{
		"5xx marked ok":                {[]coded{{"a", 1, 0, 2, 1, http, "500"}, {"a", 2, 0, 2, 2, http, "503"}}, []string{"warning marked-ok 1 of 2 server spans of a whose response is HTTP 5xx is marked OK"}},
		"5xx unset, no status of HTTP": {[]coded{{"a", 1, 0, 2, 0, http, "700"}}, []string{"warning left-unset 1 of 1 server span of a whose response is HTTP 5xx has no status"}},
		"4xx of a client":              {[]coded{{"a", 1, 0, 3, 0, http, "404"}}, []string{"note left-unset 1 of 1 client span of a whose response is HTTP 4xx has no status"}},
		"gRPC of a server":             {[]coded{{"a", 1, 0, 2, 0, grpc, "INTERNAL"}, {"a", 2, 0, 2, 1, grpc, "UNAVAILABLE"}}, []string{"warning left-unset 1 of 2 server spans of a whose response is a gRPC error of the server has no status", "warning marked-ok 1 of 2 server spans of a whose response is a gRPC error of the server is marked OK"}},
		"near misses": {[]coded{{"a", 1, 0, 2, 0, http, "404"}, {"a", 2, 0, 2, 1, http, "200"}, {"a", 3, 0, 3, 2, http, "404"}, {"a", 4, 0, 2, 0, grpc, "NOT_FOUND"}, {"a", 5, 0, 2, 2, http, "200"},
			{"a", 6, 0, 1, 0, http, "500"}, {"a", 7, 0, 3, 2, grpc, "CANCELLED"}, {"a", 8, 0, 2, 1, "http.method", "500"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := mismatches(t, evidence.LoadReader("t.jsonl", strings.NewReader(codedJSON(c.spans)), evidence.Options{}))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestStatusAgreement compares both ends of calls: three that agree, one that does not, one that cannot be compared.
func TestStatusAgreement(t *testing.T) {
	const http = "http.response.status_code"
	var spans []coded
	for i, c := range [][2]string{{"200", "200"}, {"500", "500"}, {"404", "404"}, {"200", "503"}} {
		spans = append(spans, coded{"a", 10 + i, 0, 3, 2, http, c[0]}, coded{"b", 20 + i, 10 + i, 2, 2, http, c[1]})
	}
	spans = append(spans, coded{"a", 30, 0, 3, 2, http, "200"}, coded{"b", 31, 30, 2, 2, "rpc.response.status_code", "INTERNAL"})
	r, _ := mismatches(t, evidence.LoadReader("t.jsonl", strings.NewReader(codedJSON(spans)), evidence.Options{}))
	got := map[string]float64{}
	for _, m := range r.Measures {
		got[m.Name+" "+m.Subject["client"]+" "+m.Subject["server"]] = m.Value
	}
	if diff := cmp.Diff(map[string]float64{"answers.total a b": 4, "answers.status_agreement a b": 0.75}, got); diff != "" {
		t.Errorf("measures (-want +got):\n%s", diff)
	}
}

func TestMismatchOnCaptures(t *testing.T) {
	const dir = "../../../shared/captures"
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Skip("no captures")
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name(), "truth.json"))
		if err != nil {
			continue
		}
		var truth struct {
			Status struct {
				MarkedOK map[string]int `json:"error_code_but_span_marked_ok"`
			}
		}
		if err := json.Unmarshal(text, &truth); err != nil {
			t.Fatal(err)
		}
		b, err := evidence.Load([]string{filepath.Join(dir, e.Name(), "otlp")}, evidence.Options{})
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, n := range truth.Status.MarkedOK {
			want += n
		}
		got := 0
		r, _ := mismatches(t, b)
		for _, f := range r.Findings {
			if f.Severity == analyze.Warning {
				got += int(f.Measures[0].Value)
			}
		}
		if got != want {
			t.Errorf("%s: %d spans, want %d", e.Name(), got, want)
		}
	}
}
