package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestSchemaAcceptsDocuments validates what the json renderer writes, and makes sure that the validator
// can refuse.
func TestSchemaAcceptsDocuments(t *testing.T) {
	root := decode(t, JSONSchema())
	documents := specimens()
	documents["incident"] = incident(t)
	for name, d := range documents {
		for _, problem := range validate(root, root, decode(t, render(t, "json", d, TerminalOptions{})), "$") {
			t.Errorf("%s: %s", name, problem)
		}
	}
	for _, change := range []func(map[string]any){
		func(d map[string]any) { delete(d, "schema") },
		func(d map[string]any) { d["artifacts"] = nil },
		func(d map[string]any) { d["surprise"] = 1.0 },
		func(d map[string]any) { d["run"].(map[string]any)["exit_code"] = "1" },
		func(d map[string]any) { d["findings"].([]any)[0].(map[string]any)["subject"] = nil },
		func(d map[string]any) { d["summary"].(map[string]any)["bytes"] = 1.5 },
	} {
		doc := decode(t, render(t, "json", specimens()["findings"], TerminalOptions{})).(map[string]any)
		change(doc)
		if len(validate(root, root, doc, "$")) != 1 {
			t.Errorf("one change gives %v", validate(root, root, doc, "$"))
		}
	}
}

func decode(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// validate checks v against the part of JSON Schema that JSONSchema uses, and returns what is wrong. It
// refuses properties that the schema does not name: readers must ignore them, but the program must not
// write them.
func validate(root, schema, v any, at string) []string {
	s := schema.(map[string]any)
	if ref, ok := s["$ref"].(string); ok {
		s = root.(map[string]any)["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	ok := true
	var out []string
	switch s["type"] {
	case "object":
		var o map[string]any
		if o, ok = v.(map[string]any); ok {
			out = validateObject(root, s, o, at)
		}
	case "array":
		var a []any
		a, ok = v.([]any)
		for i, e := range a {
			out = append(out, validate(root, s["items"], e, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case "string":
		_, ok = v.(string)
	case "boolean":
		_, ok = v.(bool)
	case "number":
		_, ok = v.(float64)
	case "integer":
		var n float64
		n, ok = v.(float64)
		ok = ok && n == float64(int64(n))
	default:
		return []string{fmt.Sprintf("%s: the schema has type %v", at, s["type"])}
	}
	if !ok {
		return []string{fmt.Sprintf("%s is %v, want %v", at, v, s["type"])}
	}
	return out
}

func validateObject(root any, s, o map[string]any, at string) []string {
	var out []string
	properties, _ := s["properties"].(map[string]any)
	required, _ := s["required"].([]any)
	for _, r := range required {
		if _, ok := o[r.(string)]; !ok {
			out = append(out, fmt.Sprintf("%s has no %s", at, r))
		}
	}
	for k, e := range o {
		sub := properties[k]
		if sub == nil {
			sub = s["additionalProperties"]
		}
		if sub == nil {
			out = append(out, fmt.Sprintf("%s.%s is not in the schema", at, k))
			continue
		}
		out = append(out, validate(root, sub, e, at+"."+k)...)
	}
	return out
}
