package evidence

import (
	"bytes"
	"encoding/json"
)

// headKeys returns the keys of the top-level object that head begins with, and the raw scalar values of
// those whose value is a string or number, as far as head goes. path leads through the first elements of
// arrays and the named members of objects; "[" is an array's first element.
func headKeys(head []byte, path ...string) map[string]string {
	if len(bytes.TrimSpace(head)) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(head))
	for _, step := range path {
		t, err := d.Token()
		if err != nil {
			return nil
		}
		if step == "[" {
			if t != json.Delim('[') {
				return nil
			}
			continue
		}
		if t != json.Delim('{') || !toKey(d, step) {
			return nil
		}
	}
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	keys := map[string]string{}
	for d.More() {
		t, err := d.Token()
		key, isKey := t.(string)
		if err != nil || !isKey {
			break
		}
		keys[key] = ""
		var value json.RawMessage
		if d.Decode(&value) != nil {
			break
		}
		var text string
		if json.Unmarshal(value, &text) == nil {
			keys[key] = text
		}
	}
	return keys
}

// toKey goes to the value of a member.
func toKey(d *json.Decoder, name string) bool {
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return false
		}
		if t == name {
			return true
		}
		var skipped json.RawMessage
		if d.Decode(&skipped) != nil {
			return false
		}
	}
	return false
}

// beginsJSON keeps the decoder away from what cannot be JSON.
func beginsJSON(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	return len(head) > 0 && (head[0] == '{' || head[0] == '[')
}

func has(keys map[string]string, names ...string) bool {
	for _, n := range names {
		if _, ok := keys[n]; !ok {
			return false
		}
	}
	return true
}

// sniffK8sList recognises `kubectl get … -o json`: a list (kubectl sorts keys, so that kind comes after
// the items), or one object.
func sniffK8sList(head []byte, _ bool) bool {
	k := firstKeys(head)
	return has(k, "apiVersion") && (has(k, "items") || has(k, "kind", "metadata"))
}

// sniffJaeger recognises answers of Jaeger's api/traces, the JSON of its user interface.
func sniffJaeger(head []byte, _ bool) bool {
	return beginsJSON(head) && has(headKeys(head, "data", "["), "traceID", "spans")
}

// sniffZipkin recognises Zipkin's v2 JSON: a list of spans, or a list of traces.
func sniffZipkin(head []byte, _ bool) bool {
	if !beginsJSON(head) || bytes.TrimLeft(head, " \t\r\n")[0] != '[' {
		return false
	}
	for _, path := range [][]string{{"["}, {"[", "["}} {
		if k := headKeys(head, path...); has(k, "traceId", "id") && !has(k, "spanId") {
			return true
		}
	}
	return false
}
