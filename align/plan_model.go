package align

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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
	case "domains":
		var list []domainJSON
		if err := json.Unmarshal(value, &list); err != nil {
			return true, err
		}
		m.Domains = m.Domains[:0]
		for i := range list {
			m.Domains = append(m.Domains, list[i].domain())
		}
		return true, nil
	}
	return false, nil
}

// domainJSON is a Domain whose points are decoded at once: an UnmarshalJSON of each interval costs three times as much.
type domainJSON struct {
	Domain
	Segments []struct {
		Points []struct {
			At      Instant      `json:"at_unix_nano"`
			Offset  int64        `json:"offset_ns"`
			Hard    intervalJSON `json:"hard"`
			Assumed intervalJSON `json:"assumed"`
			Likely  intervalJSON `json:"likely"`
		} `json:"points"`
	} `json:"segments"`
}

func (d *domainJSON) domain() Domain {
	out := d.Domain
	for i := range d.Segments {
		from := d.Segments[i].Points
		points := make([]Point, len(from))
		for k := range from {
			p := &from[k]
			points[k] = Point{p.At, p.Offset, p.Hard.interval(), p.Assumed.interval(), p.Likely.interval()}
		}
		out.Segments = append(out.Segments, Segment{Points: points})
	}
	return out
}

// interval returns the interval that j stands for.
func (j *intervalJSON) interval() Interval {
	i := Unbounded
	if j.Low != nil {
		i.Low = *j.Low
	}
	if j.High != nil {
		i.High = *j.High
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
