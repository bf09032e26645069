package verify_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/align/verify"
	"github.com/witnessmark/witnessmark/evidence"
)

// capture writes calls between three hosts as OTLP/JSON, with clocks that are off and drift, and loads it.
// broken makes one host's clock jump back in the middle, unreported, by more than drift can explain.
func capture(t testing.TB, calls int64, broken bool) (*evidence.Bundle, *evidence.SpanJoin) {
	t.Helper()
	return record(t, calls, broken, map[string]string{})
}

// record is capture, of four hosts where some go by the name of others.
func record(t testing.TB, calls int64, broken bool, names map[string]string) (*evidence.Bundle, *evidence.SpanJoin) {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 7))
	offsets := map[string]int64{"a": 0, "b": 40_000_000, "c": -3_000_000, "d": 70_000_000}
	shows := func(host string, at int64) int64 {
		v := 1_795_000_000_000_000_001 + at + offsets[host]
		if broken && host == "c" && at > 5_000_000_000 {
			v -= 900_000_000
		}
		return v
	}
	byHost := map[string][]string{}
	span := func(host, trace, id, parent string, kind int, start, length int64) {
		byHost[host] = append(byHost[host], fmt.Sprintf(
			`{"traceId":%q,"spanId":%q,"parentSpanId":%q,"name":"x","kind":%d,"startTimeUnixNano":"%d","endTimeUnixNano":"%d"}`,
			trace, id, parent, kind, shows(host, start), shows(host, start)+length))
	}
	hosts := []string{"a", "b", "c", "d"}[:3+min(len(names), 1)]
	for i := range calls {
		from, to := hosts[r.IntN(len(hosts))], hosts[r.IntN(len(hosts))]
		if from == to || names[from] == to || names[to] == from {
			continue
		}
		at := i*(9_600_000_000/calls) + r.Int64N(1000)
		there, work, back := 100_000+r.Int64N(200_000), 1_000_000+r.Int64N(1_000_000), 100_000+r.Int64N(200_000)
		trace := fmt.Sprintf("%032x", i+1)
		span(from, trace, fmt.Sprintf("%016x", 2*i+1), "", 3, at, there+work+back)
		span(to, trace, fmt.Sprintf("%016x", 2*i+2), fmt.Sprintf("%016x", 2*i+1), 2, at+there, work)
	}
	var resources []string
	for _, h := range hosts {
		resources = append(resources, fmt.Sprintf(
			`{"resource":{"attributes":[{"key":"host.id","value":{"stringValue":"host-%s"}},{"key":"service.name","value":{"stringValue":"s-%s"}}]},"scopeSpans":[{"spans":[%s]}]}`,
			cmp.Or(names[h], h), h, strings.Join(byHost[h], ",")))
	}
	path := filepath.Join(t.TempDir(), "traces.json")
	if err := os.WriteFile(path, []byte(`{"resourceSpans":[`+strings.Join(resources, ",")+`]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	b, err := evidence.Load([]string{path}, evidence.Options{Jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	return b, evidence.JoinSpans(b)
}

func solved(t testing.TB, calls int64, broken bool) (*evidence.Bundle, *evidence.SpanJoin, *align.Model) {
	t.Helper()
	b, j := capture(t, calls, broken)
	return b, j, align.Solve(align.Collect(b, j, align.StatOptions{}), nil, align.Options{})
}

func check(t testing.TB, m *align.Model, b *evidence.Bundle, j *evidence.SpanJoin) *verify.Result {
	t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	r, err := verify.Check(text, b, j)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// clone copies a model through its text.
func clone(t testing.TB, m *align.Model) *align.Model {
	t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var out align.Model
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return &out
}

func TestModelIsVerified(t *testing.T) {
	b, j, m := solved(t, 120, false)
	r := check(t, m, b, j)
	if !r.OK() {
		t.Fatalf("an honest model is refused: %+v", r.Problems[:1])
	}
	if r.Constraints < 4 || r.Bounds < 100 || r.Pairs < 50 || len(r.Residual) != 0 {
		t.Errorf("got %d constraints, %d bounds, %d pairs, %d violations: the test looks at little", r.Constraints, r.Bounds, r.Pairs, len(r.Residual))
	}
}

func TestCertificateIsVerified(t *testing.T) {
	b, j, m := solved(t, 120, true)
	if len(m.Conflicts) == 0 {
		t.Fatal("a clock that jumps unreported contradicts nothing")
	}
	if r := check(t, m, b, j); !r.OK() || r.Certificates != len(m.Conflicts) {
		t.Fatalf("got %d of %d certificates, problems %+v", r.Certificates, len(m.Conflicts), r.Problems)
	}
}

// A name that is refused as that of two machines comes with a cycle that says so, which is held against the files, and
// so is what it says it rests on.
func TestCertificateOfTwoMachinesIsVerified(t *testing.T) {
	b, j := record(t, 1200, false, map[string]string{"d": "c"})
	m := align.Solve(align.Collect(b, j, align.StatOptions{}), nil, align.Options{})
	if len(m.Conflicts) != 1 || m.Conflicts[0].Retraction != "host-c is two clocks" || m.Domain("host-c").Status != align.StatusConflict {
		t.Fatalf("got %+v, status %s", m.Conflicts, m.Domain("host-c").Status)
	}
	if r := check(t, m, b, j); !r.OK() || r.Certificates != 1 {
		t.Fatalf("got %d certificates, problems %+v", r.Certificates, r.Problems)
	}
	for name, lie := range map[string]func(c *align.Certificate){
		"answers": func(c *align.Certificate) { c.Assumed = !c.Assumed },
		"sum":     func(c *align.Certificate) { c.Sum-- },
		"reading": func(c *align.Certificate) { c.Edges[0].ToAt-- },
	} {
		l := clone(t, m)
		lie(&l.Conflicts[0])
		if r := check(t, l, b, j); r.OK() {
			t.Errorf("certificate with another %s: verified", name)
		}
	}
}

// Every way to state more than the evidence shows is refused.
func TestLiesAreRefused(t *testing.T) {
	b, j, honest := solved(t, 120, false)
	_, _, torn := solved(t, 120, true)
	bounded := func(m *align.Model) *align.Point {
		for i := range m.Domains {
			for k := range m.Domains[i].Segments {
				for p := range m.Domains[i].Segments[k].Points {
					if pt := &m.Domains[i].Segments[k].Points[p]; !pt.Hard.Open() && pt.Hard.High != 0 && p > 3 {
						return pt
					}
				}
			}
		}
		t.Fatal("no point is bounded")
		return nil
	}
	for _, c := range []struct {
		name string
		lie  func(m *align.Model)
	}{
		{"hard bound tightened by 1 ns", func(m *align.Model) { bounded(m).Hard.High-- }},
		{"hard bound raised by 1 ns", func(m *align.Model) { bounded(m).Hard.Low++ }},
		{"assumed bound tightened by 1 ns", func(m *align.Model) { bounded(m).Assumed.High-- }},
		{"bound of an open side", func(m *align.Model) { m.Proof.Curves = m.Proof.Curves[1:] }},
		{"largest drift made smaller", func(m *align.Model) { m.MaxDriftPPM /= 2 }},
		{"rate made smaller", func(m *align.Model) { m.Proof.Scopes[0].HardPPB-- }},
		{"assumed rate made smaller", func(m *align.Model) { m.Proof.Scopes[0].AssumedPPB-- }},
		{"another span", func(m *align.Model) { m.Proof.Constraints[0].Later = m.Proof.Constraints[1].Later }},
		{"a span that is nowhere", func(m *align.Model) { m.Proof.Constraints[0].Earlier = "00000000000fffff" }},
		{"a malformed id", func(m *align.Model) { m.Proof.Constraints[0].Trace = "zz" }},
		{"another class", func(m *align.Model) {
			e := &m.Proof.Constraints[0]
			e.Class = map[string]string{"H1": "A1", "A1": "H1"}[e.Class]
		}},
		{"another reading", func(m *align.Model) { m.Proof.Constraints[0].ToAt-- }},
		{"another weight", func(m *align.Model) { m.Proof.Constraints[0].Weight-- }},
		{"weight and readings", func(m *align.Model) { m.Proof.Constraints[0].Weight--; m.Proof.Constraints[0].ToAt-- }},
		{"a delay taken off", func(m *align.Model) { m.Proof.Constraints[0].Weight -= 5; m.Proof.Constraints[0].MinDelay = 5 }},
		{"no resolution", func(m *align.Model) { m.Proof.Constraints[0].Quantum = 0 }},
		{"another clock", func(m *align.Model) { m.Proof.Constraints[0].From = m.Proof.Constraints[0].To }},
		{"a path that skips a constraint", func(m *align.Model) {
			for i := range m.Proof.Paths {
				if m.Proof.Paths[i][1] >= 0 {
					m.Proof.Paths[i][1] = -1
					return
				}
			}
			m.Proof.Paths[0][0]++
		}},
		{"a path into nothing", func(m *align.Model) { m.Proof.Paths[0][0] = 1 << 20 }},
		{"a path in a circle", func(m *align.Model) { m.Proof.Paths[0][1] = 0 }},
		{"samples left out", func(m *align.Model) { c := &m.Proof.Curves[0]; c.Samples = c.Samples[:len(c.Samples)-1] }},
		{"estimate out of bounds", func(m *align.Model) { p := bounded(m); p.Offset = p.Hard.High + 1 }},
		{"hard bound of a pair tightened by 1 ns", func(m *align.Model) { m.Pairs[0].Hard.High-- }},
		{"assumed bound of a pair raised by 1 ns", func(m *align.Model) { m.Pairs[1].Assumed.Low++ }},
		{"instant of a pair", func(m *align.Model) { m.Pairs[0].At++ }},
		{"instant of a pair and of its proof", func(m *align.Model) { m.Pairs[0].At += 1e6; m.Proof.Pairs[0].At += 1e6 }},
		{"the caller's instant of a pair", func(m *align.Model) { m.Proof.Pairs[0].CallerAt += 1e6 }},
		{"a pair without proof", func(m *align.Model) { m.Proof.Pairs = m.Proof.Pairs[1:] }},
		{"a pair of other clocks", func(m *align.Model) { m.Pairs[0].Caller, m.Pairs[0].Callee = m.Pairs[0].Callee, m.Pairs[0].Caller }},
		{"an answer under the hard bound of a pair", func(m *align.Model) {
			p := &m.Proof.Pairs[0]
			p.Paths[0], m.Pairs[0].Hard.Low = p.Paths[2], m.Pairs[0].Assumed.Low
		}},
		{"a point moved", func(m *align.Model) { bounded(m).At += 1000 }},
	} {
		m := clone(t, honest)
		c.lie(m)
		if r := check(t, m, b, j); r.OK() {
			t.Errorf("%s: verified", c.name)
		}
	}
	bb, jj := capture(t, 120, true)
	for _, c := range []struct {
		name string
		lie  func(c *align.Certificate)
	}{
		{"sum", func(c *align.Certificate) { c.Sum-- }},
		{"edge left out", func(c *align.Certificate) { c.Edges = c.Edges[1:] }},
		{"no edges", func(c *align.Certificate) { c.Edges = nil }},
		{"id", func(c *align.Certificate) { c.Edges[0].Later = "00000000000fffff" }},
		{"class", func(c *align.Certificate) { c.Edges[0].Class = "H2" }},
		{"domain accused", func(c *align.Certificate) { c.Domains = append(c.Domains, "host-x") }},
		{"direction", func(c *align.Certificate) { e := &c.Edges[0]; e.From, e.To = e.To, e.From }},
	} {
		m := clone(t, torn)
		c.lie(&m.Conflicts[0])
		if r := check(t, m, bb, jj); r.OK() {
			t.Errorf("certificate with another %s: verified", c.name)
		}
	}
}

// shortened keeps the first points of every segment, so that more models are tried in a second.
func shortened(m *align.Model) *align.Model {
	const points = 3
	for i := range m.Domains {
		for k := range m.Domains[i].Segments {
			s := &m.Domains[i].Segments[k]
			s.Points = s.Points[:min(points, len(s.Points))]
		}
	}
	for i := range m.Proof.Curves {
		c := &m.Proof.Curves[i]
		c.Samples = c.Samples[:min(1+(points-1)*c.Steps, len(c.Samples))]
	}
	m.Proof.Clocks = m.Proof.Clocks[:0]
	return m
}

// A model is input like any other: whatever it says, a check ends with an error or a result.
func FuzzCheck(f *testing.F) {
	b, j, m := solved(f, 24, false)
	_, _, torn := solved(f, 24, true)
	for _, m := range []*align.Model{m, torn} {
		text, err := json.Marshal(shortened(m))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, 0, byte('0'))
	}
	f.Add([]byte(`{"schema":"witnessmark.clock-model/1"}`), 0, byte(0))
	f.Fuzz(func(t *testing.T, text []byte, at int, with byte) {
		if len(text) > 0 && at > 0 {
			text = append([]byte(nil), text...)
			text[at%len(text)] = with
		}
		if r, err := verify.Check(text, b, j); err == nil && r == nil {
			t.Error("neither a result nor an error")
		}
	})
}
