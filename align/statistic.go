package align

import (
	"cmp"
	"maps"
	"slices"
)

// Statistic is what an estimate needs of any number of calls: per edge an Edge of bounded size. It does
// not depend on the order in which calls were added nor on how they were split over several statistics
// that were merged later: equal calls give equal bytes. The zero value is not usable; see NewStatistic.
type Statistic struct {
	// Domains says what is known of each clock beside its calls.
	Domains map[string]DomainInfo
	// Dropped counts spans and calls that took no part, by reason.
	Dropped map[string]int
	// Refuted holds what contradicts that the readings of one domain are of one clock, by domain.
	Refuted map[string]Refuted

	fine     map[string]bool
	against  *against
	edges    map[EdgeKey]*Edge
	readings []Reading
	reports  []StepReport
}

// StatOptions is how much of the calls a statistic keeps.
type StatOptions struct {
	// Fine names domains whose edges keep eight times as much: what a second pass over the calls needs
	// around steps of a clock.
	Fine map[string]bool
	// against leaves out all calls but those that a model puts before they were sent; see against.
	against *against
}

// DomainInfo describes a clock.
type DomainInfo struct {
	From, Host, AZ string
	Services       []string // sorted, distinct
}

// Refuted counts spans that began before their parents although one clock is said to have stamped both.
type Refuted struct {
	Calls int
	Worst int64 // by how much, in nanoseconds
	// Earlier and Later name the parent and the child of the worst.
	Earlier, Later SpanID
}

// NewStatistic returns a Statistic without calls.
func NewStatistic(o StatOptions) *Statistic {
	return &Statistic{
		Domains: map[string]DomainInfo{}, Dropped: map[string]int{}, Refuted: map[string]Refuted{},
		fine: maps.Clone(o.Fine), against: o.against, edges: map[EdgeKey]*Edge{},
	}
}

// Edge returns the statistic of one edge, for calls to be added to. Both domains are known thereafter.
func (s *Statistic) Edge(k EdgeKey) *Edge {
	e := s.edges[k]
	if e == nil {
		for _, name := range []string{k.Caller, k.Callee} {
			if _, ok := s.Domains[name]; !ok {
				s.Domains[name] = DomainInfo{}
			}
		}
		e = newEdge(s.fine[k.Caller] || s.fine[k.Callee])
		e.test = s.against.test(k)
		s.edges[k] = e
	}
	return e
}

// Keys returns the keys of all edges, sorted.
func (s *Statistic) Keys() []EdgeKey {
	return slices.SortedFunc(maps.Keys(s.edges), EdgeKey.compare)
}

func (k EdgeKey) compare(o EdgeKey) int {
	return cmp.Or(cmp.Compare(k.Caller, o.Caller), cmp.Compare(k.Callee, o.Callee),
		cmp.Compare(k.Service, o.Service), cmp.Compare(k.Class, o.Class))
}

// calls returns the number of calls added and not dropped; 0 for nil.
func (s *Statistic) calls() (n int64) {
	if s == nil {
		return 0
	}
	for _, e := range s.edges {
		n += e.calls
	}
	return n
}

// AddReading adds a comparison of a clock with UTC.
func (s *Statistic) AddReading(r Reading) {
	if _, ok := s.Domains[r.Domain]; !ok {
		s.Domains[r.Domain] = DomainInfo{}
	}
	s.readings = append(s.readings, r)
}

// Readings returns the readings in the order of domain and time. The same reading from two files counts
// once.
func (s *Statistic) Readings() []Reading {
	out := slices.Clone(s.readings)
	slices.SortFunc(out, compareReadings)
	return slices.CompactFunc(out, func(a, b Reading) bool {
		a.Ref = b.Ref
		return a == b
	})
}

func compareReadings(a, b Reading) int {
	return cmp.Or(cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.At, b.At), cmp.Compare(a.Until, b.Until),
		cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Error, b.Error), cmp.Compare(a.Source, b.Source),
		cmp.Compare(a.Ref.Artifact, b.Ref.Artifact), cmp.Compare(a.Ref.Off, b.Ref.Off), cmp.Compare(a.Ref.Len, b.Ref.Len))
}

// MergeStatistics returns the statistic of the calls of all parts together. It changes none of them.
func MergeStatistics(parts ...*Statistic) *Statistic {
	m := NewStatistic(StatOptions{})
	for _, p := range parts {
		if p == nil {
			continue
		}
		for name := range p.fine {
			if m.fine == nil {
				m.fine = map[string]bool{}
			}
			m.fine[name] = m.fine[name] || p.fine[name]
		}
		for name, d := range p.Domains {
			m.Domains[name] = m.Domains[name].merge(d)
		}
		for why, n := range p.Dropped {
			m.Dropped[why] += n
		}
		for name, r := range p.Refuted {
			m.Refuted[name] = m.Refuted[name].merge(r)
		}
		for k, e := range p.edges {
			if have := m.edges[k]; have != nil {
				have.merge(e)
			} else {
				m.edges[k] = e.clone()
			}
		}
		m.readings = append(m.readings, p.readings...)
	}
	for _, p := range parts {
		if p != nil {
			m.reports = append(m.reports, p.reports...)
		}
	}
	m.readings, m.reports = m.Readings(), m.StepReports()
	return m
}

// merge takes the first of names that disagree, so that the order of parts does not matter.
func (d DomainInfo) merge(o DomainInfo) DomainInfo {
	first := func(a, b string) string {
		if a == "" || b != "" && b < a {
			return b
		}
		return a
	}
	services := slices.Concat(d.Services, o.Services)
	slices.Sort(services)
	return DomainInfo{
		From: first(d.From, o.From), Host: first(d.Host, o.Host), AZ: first(d.AZ, o.AZ),
		Services: slices.Compact(services),
	}
}

func (r Refuted) merge(o Refuted) Refuted {
	n := r.Calls + o.Calls
	switch c := cmp.Compare(r.Worst, o.Worst); {
	case r.Calls == 0, o.Calls > 0 && (c < 0 || c == 0 && compareIDs(o.Later, r.Later) < 0):
		r = o
	}
	r.Calls = n
	return r
}

func compareIDs(a, b SpanID) int {
	return cmp.Or(slices.Compare(a.Trace[:], b.Trace[:]), cmp.Compare(a.Span, b.Span))
}
