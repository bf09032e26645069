package align

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
)

// ParseModel reads a model as estimate writes it, and refuses one that Apply could not rely on: made by hand, cut, or by a release of
// another schema.
func ParseModel(text []byte) (*Model, error) {
	m := &Model{}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, err
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
