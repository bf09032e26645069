package align

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
)

// ParseModel reads what Apply needs of a model as estimate writes it, and refuses one that Apply could not rely on: made by hand, cut, or
// by a release of another schema. Pairs, contradictions and the proof, which is most of a model, are passed over unread.
func ParseModel(text []byte) (*Model, error) {
	m := &Model{}
	c := &jsonCursor{b: text}
	taken := map[string]bool{}
	for more := c.open('{', '}'); more && len(taken) < modelMembers; more = c.more('}') {
		key := string(c.key())
		if key == "domains" && c.peek() != 'n' {
			var err error
			if m.Domains, err = c.domains(); err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			taken[key] = true
			continue
		}
		from, to := c.value()
		if !c.ok() {
			break
		}
		ok, err := m.member(key, text[from:to])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		if ok {
			taken[key] = true
		}
	}
	switch {
	case c.bad:
		return nil, fmt.Errorf("byte %d: no JSON of a model", c.i)
	case c.short, !bytes.HasSuffix(bytes.TrimSpace(text), []byte("}")):
		return nil, errors.New("the model is cut: its JSON ends early")
	}
	if m.Schema != ModelSchema {
		return nil, fmt.Errorf("schema %q: this release reads %s", m.Schema, ModelSchema)
	}
	if m.Trust != TrustHard && m.Trust != TrustAssumed {
		return nil, fmt.Errorf("trust %q: want %s or %s", m.Trust, TrustHard, TrustAssumed)
	}
	for i := range m.Domains {
		d := &m.Domains[i]
		if i > 0 && m.Domains[i-1].Name >= d.Name {
			return nil, fmt.Errorf("domain %q is not in the order of names", d.Name)
		}
		if err := d.check(); err != nil {
			return nil, fmt.Errorf("domain %q: %w", d.Name, err)
		}
	}
	return m, nil
}

// modelMembers is how many members of a model Apply needs.
const modelMembers = 5

// member takes one member of the model, if it is one that Apply needs.
func (m *Model) member(key string, value []byte) (taken bool, err error) {
	switch key {
	case "schema":
		return true, json.Unmarshal(value, &m.Schema)
	case "reference":
		return true, json.Unmarshal(value, &m.Reference)
	case "trust":
		return true, json.Unmarshal(value, &m.Trust)
	case "max_drift_ppm":
		return true, json.Unmarshal(value, &m.MaxDriftPPM)
	}
	return false, nil
}

func (c *jsonCursor) domains() (list []Domain, err error) {
	for more := c.open('[', ']'); more && err == nil; more = c.more(']') {
		var d Domain
		d, err = c.domain()
		list = append(list, d)
	}
	return list, err
}

// domain consumes a domain. Its segments, which are most of it, are not left to encoding/json, which takes ten times as long.
func (c *jsonCursor) domain() (d Domain, err error) {
	c.peek()
	begin, from, to := c.i, 0, 0 // of the domain, of its segments
	for more := c.open('{', '}'); more; more = c.more('}') {
		if key := c.key(); string(key) != "segments" || c.peek() == 'n' {
			c.skip()
			continue
		}
		from = c.i
		d.Segments = c.segments()
		to = c.i
	}
	if !c.ok() {
		return d, nil // ParseModel says so
	}
	head := c.b[begin:c.i]
	if to > 0 {
		head = slices.Concat(c.b[begin:from], []byte("null"), c.b[to:c.i])
	}
	segments := d.Segments
	err = json.Unmarshal(head, &d)
	d.Segments = segments
	return d, err
}

func (c *jsonCursor) segments() (list []Segment) {
	for more := c.open('[', ']'); more; more = c.more(']') {
		var s Segment
		for more := c.open('{', '}'); more; more = c.more('}') {
			if string(c.key()) != "points" {
				c.skip()
				continue
			}
			s.Points = nil
			for more := c.open('[', ']'); more; more = c.more(']') {
				s.Points = append(s.Points, c.point())
			}
		}
		list = append(list, s)
	}
	return list
}

func (c *jsonCursor) point() (p Point) {
	p.Hard, p.Assumed, p.Likely = Unbounded, Unbounded, Unbounded
	for more := c.open('{', '}'); more; more = c.more('}') {
		switch string(c.key()) {
		case "at_unix_nano":
			at, err := strconv.ParseInt(string(c.text()), 10, 64)
			c.bad = c.bad || err != nil && c.ok()
			p.At = Instant(at)
		case "offset_ns":
			p.Offset = c.integer()
		case "hard":
			p.Hard = c.interval()
		case "assumed":
			p.Assumed = c.interval()
		case "likely":
			p.Likely = c.interval()
		default:
			c.skip()
		}
	}
	return p
}

// bound consumes an integer, or null for one that is open.
func (c *jsonCursor) bound(open int64) int64 {
	if c.peek() != 'n' {
		return c.integer()
	}
	from, to := c.value()
	c.bad = c.bad || string(c.b[from:to]) != "null"
	return open
}

func (c *jsonCursor) interval() Interval {
	i := Unbounded
	for more := c.open('{', '}'); more; more = c.more('}') {
		switch string(c.key()) {
		case "low_ns":
			i.Low = c.bound(i.Low)
		case "high_ns":
			i.High = c.bound(i.High)
		default:
			c.skip()
		}
	}
	return i
}

// check reports what is wrong with a domain's segments.
func (d *Domain) check() error {
	for i := range d.Segments {
		s := &d.Segments[i]
		if len(s.Points) == 0 {
			return fmt.Errorf("segment %d has no point", i)
		}
		for k := range s.Points[1:] {
			if s.Points[k].At >= s.Points[k+1].At {
				return fmt.Errorf("segment %d: its points are not in the order of time", i)
			}
		}
		if i > 0 && d.Segments[i-1].first().At >= s.first().At {
			return fmt.Errorf("segment %d begins before the one before it", i)
		}
	}
	return nil
}

// Named returns the domain of that name, or the only one whose host has it: hosts are what tables show. It is nil if there is none.
func (m *Model) Named(name string) *Domain {
	if d := m.Domain(name); d != nil || name == "" {
		return d
	}
	var found *Domain
	for i := range m.Domains {
		if m.Domains[i].Host != name {
			continue
		}
		if found != nil {
			return nil
		}
		found = &m.Domains[i]
	}
	return found
}

// domain returns the model's name for a clock. What the user declares may be the name of a host; what is read is a key, and
// two hosts may have one name.
func (p *Plan) domain(key evidence.Attr) string {
	if strings.HasPrefix(key.From, "--identity") || strings.HasPrefix(key.From, "manifest ") {
		if d := p.model.Named(key.Value); d != nil {
			return d.Name
		}
	}
	return key.Value
}
