package align

import (
	"bytes"
	"encoding/json"
)

// attributes sets the target's attributes on the resource at the cursor.
func (r *jsonRewriter) attributes(t *target) {
	c := &r.c
	open, list := c.i, -1
	for more := c.open('{', '}'); more; more = c.more('}') {
		if string(c.key()) == "attributes" {
			list, _ = c.value() // a key that occurs twice: the last counts
		} else {
			c.skip()
		}
	}
	end := c.i
	if !c.ok() {
		return
	}
	done := make([]bool, len(t.attrs))
	if list >= 0 && c.b[list] == '[' {
		c.i = list
		for more := c.open('[', ']'); more; more = c.more(']') {
			if c.peek() != '{' {
				c.skip()
				continue
			}
			r.setAttribute(t, done)
		}
		if !c.ok() {
			return
		}
	}
	for i, a := range t.attrs {
		if !done[i] {
			r.countPlace(a.key, false)
		}
	}
	r.extend(open, end, list, r.encodeAttributes(t.attrs, done))
	c.i = end
}

// setAttribute replaces the attribute at the cursor if it is one of the target's.
func (r *jsonRewriter) setAttribute(t *target, done []bool) {
	c := &r.c
	from := c.i
	var key []byte
	for more := c.open('{', '}'); more; more = c.more('}') {
		if string(c.key()) == "key" && c.peek() == '"' {
			key = c.text()
		} else {
			c.skip()
		}
	}
	if !c.ok() {
		return
	}
	for i, a := range t.attrs {
		if string(key) == a.key {
			r.editor.replace(r.base+from, c.i-from, r.encodeAttributes(t.attrs[i:i+1], nil))
			if !done[i] {
				r.countPlace(a.key, true)
			}
			done[i] = true
		}
	}
}

// encodeAttributes writes attributes but for those done, with commas between.
func (r *jsonRewriter) encodeAttributes(list []attr, done []bool) []byte {
	var out []byte
	for i, a := range list {
		if done != nil && done[i] {
			continue
		}
		if len(out) > 0 {
			out = append(out, ',')
		}
		value, err := json.Marshal(a.value)
		if err != nil {
			value = []byte(`""`) // cannot be: it is a string
		}
		out = append(append(append(append(append(out, `{"key":"`...), a.key...), `","value":{"stringValue":`...), value...), "}}"...)
	}
	return out
}

// extend puts elements at the end of the attributes of the object from open to end, whose list begins at list; -1 where
// it has none.
func (r *jsonRewriter) extend(open, end, list int, elements []byte) {
	if len(elements) == 0 {
		return
	}
	c := &r.c
	switch {
	case list < 0:
		r.insert(open, end, append(append([]byte(`"attributes":[`), elements...), ']'))
		return
	case c.b[list] != '[':
		saved := c.i
		c.i = list
		from, to := c.value()
		c.i = saved
		r.editor.replace(r.base+from, to-from, append(append([]byte{'['}, elements...), ']'))
		return
	}
	saved := c.i
	c.i = list
	_, to := c.value()
	c.i = saved
	if len(bytes.TrimSpace(c.b[list+1:to-1])) > 0 {
		elements = append([]byte{','}, elements...)
	}
	r.editor.replace(r.base+to-1, 0, elements)
}
