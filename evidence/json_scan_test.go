package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"testing"
)

// jsonSamples are values, whole and broken, that exercise the grammar.
var jsonSamples = []string{
	`{}`, `[]`, `""`, `null`, `true`, `false`, `nul`, `nulx`, `truefalse`, `0`, `-0`, `01`, `-`, `1.`, `.5`, `1.5e`, `1.5e+`, `1e5`, `1E-5`, `1.25e+10`, `+1`,
	`{"a":1}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{"a" : [ 1 , 2 ] }`, `{"a":1 "b":2}`, `[1,]`, `[,1]`, `[1 2]`, `[1}`, `{"a":1]`, `{1:2}`, `[[[[]]]]`, `[[[`, `]`,
	`"a\"b"`, `"\u12g4"`, `"\u1234"`, `"\x"`, `"\`, `"\u12`, "\"a\nb\"", "\"a\x00\"", `"é😀"`, "\"\x7f\xff\"", `"12345678\"1234567"`, `"1234567"`, `"12345678"`, `"1234567\\"`,
	" \t\r\n[ \n] ", "\v[]", `{"key":"a","value":{"stringValue":"b"}}`, `[{"key":"a","value":{"stringValue":"b"}},{"key":"cccccccc","value":{"intValue":"5"}}]`,
	`[{"key":"a","value":{"stringValue":"b\u0041"}}]`, `[{"key":"a","value":{"stringValue":"b"},"x":1}]`, `[{"key":"a","value":{"intValue":5}}]`, `[{"key":"a","value":{"boolValue":true}},{"key":"a","value":{"doubleValue":0.5}},{"key":"a","value":{"doubleValue":01}}]`, `[{"key":"aaaaaaaaaaaaaaaa","value":{"stringValue":"b"}]`,
}

// TestJSONSkip holds the skipper against json.Valid, in one piece and in every two pieces, with the
// shortcut over attributes and without.
func TestJSONSkip(t *testing.T) {
	for _, s := range jsonSamples {
		checkJSONSkip(t, []byte(s))
	}
	for _, depth := range []int{maxJSONDepth, maxJSONDepth + 1} {
		for _, shapes := range []*attrShapes{nil, collectorShapes} {
			for _, s := range []string{
				strings.Repeat("[", depth) + strings.Repeat("]", depth),
				strings.Repeat("[", depth-2) + collectorAttrs[0] + strings.Repeat("]", depth-2),
			} {
				c := &jsonCursor{}
				c.skipper.shapes = shapes
				c.reset([]byte(s))
				if c.skip(); (c.state == scanOK) != (depth == maxJSONDepth) {
					t.Errorf("depth %d, shapes %v: state %d, %s", depth, shapes != nil, c.state, c.why)
				}
			}
		}
	}
}

func checkJSONSkip(t testing.TB, s []byte) {
	t.Helper()
	if bytes.Count(s, []byte("["))+bytes.Count(s, []byte("{")) > maxJSONDepth {
		return // json.Valid has another limit
	}
	// A byte behind the value ends a number; a value and more is no value to json.Valid.
	padded := append(append([]byte{}, s...), ' ')
	for _, shapes := range []*attrShapes{nil, collectorShapes} {
		c := &jsonCursor{}
		c.skipper.shapes = shapes
		c.reset(padded)
		c.skip()
		whole := c.state == scanOK && len(bytes.TrimLeft(padded[c.i:], " \t\r\n")) == 0
		if want := json.Valid(s); whole != want {
			t.Errorf("shapes %v: %.60q is valid: %v, json.Valid says %v (state %d at %d: %s)", shapes != nil, s, whole, want, c.state, c.i, c.why)
		}
		if len(s) > 100 {
			continue
		}
		for cut := range padded {
			k := &jsonSkipper{shapes: shapes}
			k.begin()
			n, state := k.run(padded[:cut], 0)
			if state == scanShort {
				n, state = k.run(padded, n)
			}
			if state != c.state || state == scanOK && n != c.i {
				t.Errorf("shapes %v: %q in two pieces at %d: state %d at %d, want %d at %d", shapes != nil, s, cut, state, n, c.state, c.i)
			}
		}
	}
}

func TestJSONStrings(t *testing.T) {
	for _, s := range []string{`""`, `"abc"`, `"\"\\\/\b\f\n\r\t"`, `"\u0041\u00e9\u20AC"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ude00x"`, `"\ud83d\u0041"`,
		`"\ud83d\ud83d\ude00"`, `"0123456789abcdef\n0123456789abcdef"`, `"é\\u0041"`} {
		var want string
		if err := json.Unmarshal([]byte(s), &want); err != nil {
			t.Fatal(err)
		}
		var c jsonCursor
		c.reset([]byte(s))
		if got := string(c.str("x")); got != want || c.state != scanOK || c.i != len(s) {
			t.Errorf("%s reads as %q, want %q (state %d)", s, got, want, c.state)
		}
	}
}

func TestStringStop(t *testing.T) {
	for _, stop := range []byte{'"', '\\', 0, 0x1f, '\n'} {
		for n := range 40 {
			// 0x20, 0x21, 0x5b and 0x5d are neighbours of what stops; 0xff and 0x80 have the high bit.
			s := bytes.Repeat([]byte{0x20, 0x21, 0x23, 0x5b, 0x5d, 0xff, 0x80, 0xa2, 0xdc, 0x9f}, 4)[:n]
			s = append(append(s, stop), bytes.Repeat([]byte{'"', 0x01, 'x'}, 5)...)
			for first := range n + 1 {
				if got := stringStop(s, first); got != n {
					t.Fatalf("stop %q after %d, from %d: %d", stop, n, first, got)
				}
			}
		}
	}
	if got := stringStop(make([]byte, 0), 0); got != 0 {
		t.Errorf("of nothing: %d", got)
	}
}

func TestWholeNumber(t *testing.T) {
	for _, s := range []string{"0", "-0", "7", "-7", "9999999999999999999", "18446744073709551615", "18446744073709551616", "99999999999999999999999",
		"1.0", "1.5", "15e-1", "1.50e1", "1e19", "1e20", "1.8446744073709551615e19", "0.000e5", "0e99999", "1000e-3", "1001e-3", "0.1e1", "00012", "1795171806653789687.000", "1.7e18"} {
		r, ok := new(big.Rat).SetString(s)
		if !ok {
			t.Fatal(s)
		}
		whole := r.IsInt() && r.Num().BitLen() <= 64
		v, negative, ok := wholeNumber([]byte(s))
		if ok != whole || ok && (v != new(big.Int).Abs(r.Num()).Uint64() || negative != strings.HasPrefix(s, "-")) {
			t.Errorf("%s reads as %d %v %v, want %v %v", s, v, negative, ok, r, whole)
		}
	}
	for _, s := range []string{"", "-", "x", "1x", "1.", "1.x", ".5", "1e", "1ee5", "--1", "1 ", " 1", "1e99999999999999999999", "0x10", "1_000", "Infinity"} {
		if v, _, ok := wholeNumber([]byte(s)); ok {
			t.Errorf("%q reads as %d", s, v)
		}
	}
	for _, v := range []uint64{1, 1 << 20, 1795171806653789687, 1<<64 - 1} {
		if got, _, ok := wholeNumber(strconv.AppendUint(nil, v, 10)); !ok || got != v {
			t.Errorf("%d reads as %d", v, got)
		}
	}
}

// learnt returns the shapes of some attributes.
func learnt(attrs ...string) *attrShapes {
	a := &attrShapes{tries: maxAttrTries}
	for _, s := range attrs {
		a.learn([]byte(s))
	}
	return a
}

var (
	collectorAttrs = []string{
		`{"key":"http.route","value":{"stringValue":"/v1/items/{id}"}}`, `{"key":"server.port","value":{"intValue":"8080"}}`,
		`{"key":"cart.total","value":{"doubleValue":-12.5e3}}`, `{"key":"cache.hit","value":{"boolValue":false}}`,
	}
	indentedAttrs = []string{
		"{\n  \"key\": \"http.route\",\n  \"value\": {\n    \"stringValue\": \"/v1/items/{id}\"\n  }\n}",
		"{\n  \"key\": \"server.port\",\n  \"value\": {\n    \"intValue\": 8080\n  }\n}",
		"{\n  \"key\": \"cache.hit\",\n  \"value\": {\n    \"boolValue\": true\n  }\n}",
	}
	collectorShapes = learnt(collectorAttrs...)
)

// TestAttrShapes cuts and changes attributes everywhere: what the shortcut accepts, the general walk
// accepts with the same end and value.
func TestAttrShapes(t *testing.T) {
	for _, attrs := range [][]string{collectorAttrs, indentedAttrs} {
		shapes := learnt(attrs...)
		if len(shapes.shapes) != len(attrs) {
			t.Errorf("learnt %d shapes of %q", len(shapes.shapes), attrs)
		}
		for _, s := range attrs {
			whole := s + `,{"key":"another","value":{"stringValue":"of some length"}}]`
			if end := shapes.match([]byte(whole), 0, nil); end != len(s) {
				t.Errorf("%s: not taken, %d", s, end)
			}
			for n := range whole {
				checkAttrShapes(t, shapes, []byte(whole[:n]))
				for _, ch := range []byte{'"', '\\', '}', 0, ' ', 'x', '1', '.', 0x80} {
					b := []byte(whole)
					b[n] = ch
					checkAttrShapes(t, shapes, b)
				}
			}
		}
	}
	for _, s := range []string{`{}`, `{"key":"a"}`, `{"key":"a","value":{}}`, `{"key":"a","value":null}`, `{"key":"a","value":{"stringValue":null}}`,
		`{"key":"a","value":{"arrayValue":{}}}`, `{"value":{"stringValue":"b"},"key":"a"}`, `{"key":"a","value":{"stringValue":"b"},"x":1}`,
		`{"key":"a","value":{"stringValue":"b","x":1}}`, `{"key":"\u0061","value":{"stringValue":"b"}}`, `{"key":"a","value":{"stringValue":"\n"}}`,
		`{"key":"a","value":{"unknown":"b"}}`, `{"key":"a","value":"b"}`, `null`, `{"key":"a","value":{"stringValue":"` + strings.Repeat("x", 2000) + `"}}`} {
		if a := learnt(s); len(a.shapes) != 0 {
			t.Errorf("%.80s: learnt %+v", s, a)
		}
	}
}

func checkAttrShapes(t *testing.T, shapes *attrShapes, b []byte) {
	t.Helper()
	var fast spanAttrs
	end := shapes.match(b, 0, &fast)
	if end == 0 {
		return
	}
	s := &jsonSpan{}
	s.c.reset(b)
	s.attribute()
	if s.c.state != scanOK || s.c.i != end || fmt.Sprint(s.attrs) != fmt.Sprint(fast) {
		t.Errorf("%q: shortcut ends at %d with %v, general walk at %d with %v, state %d", b, end, fast, s.c.i, s.attrs, s.c.state)
	}
}

func TestSkipSpace(t *testing.T) {
	for _, stop := range []byte{'{', 0, 0x1f, 0xa0, '!', '\v'} {
		for n := range 150 {
			for _, lead := range []string{"", "\n", "\r\n", "\t \n"} {
				s := append([]byte(lead), bytes.Repeat([]byte{' '}, n)...)
				want := len(s)
				for _, tail := range []string{"", strings.Repeat(" ", 50), strings.Repeat("x", 50)} {
					if got := skipSpace(append(append(s[:want:want], stop), tail...), 0); got != want {
						t.Fatalf("%q, %d blanks, %q: %d", lead, n, stop, got)
					}
				}
				if got := skipSpace(s, 0); got != want {
					t.Fatalf("%q and %d blanks to the end: %d", lead, n, got)
				}
			}
		}
	}
}
