package clocks

import (
	"fmt"

	"github.com/witnessmark/witnessmark/align"
)

// baseline is what the clocks of a component are held against. Without UTC the evidence tells only how
// clocks differ, not which is right: one that the most others agree with is the likeliest, and holding all
// against one that is wrong itself would accuse everybody else.
type baseline struct {
	name   string // for people
	domain *align.Domain
	utc    bool
	// agree of the of clocks of the component are within the slack of it, itself included; 0 where it is
	// not more than half.
	agree, of int
}

// baselines returns what the clocks of each component are held against.
func (s *Solution) baselines(slack int64) map[int]*baseline {
	byComponent := map[int][]*align.Domain{}
	for i := range s.Model.Domains {
		d := &s.Model.Domains[i]
		byComponent[d.Component] = append(byComponent[d.Component], d)
	}
	out := map[int]*baseline{}
	for c, domains := range byComponent {
		out[c] = s.baselineOf(domains, slack)
	}
	return out
}

func (s *Solution) baselineOf(domains []*align.Domain, slack int64) *baseline {
	reference := domains[0].Reference
	if reference == align.UTC {
		return &baseline{name: "UTC", utc: true}
	}
	var known []*align.Domain
	var offsets []int64
	for _, d := range domains {
		if p, ok := s.At(d, s.Middle); ok {
			known, offsets = append(known, d), append(offsets, p.Offset)
		}
	}
	b := &baseline{name: s.name(reference), domain: s.Model.Domain(reference), of: len(known)}
	for i, d := range known {
		n := 0
		for j := range known {
			if apart, ok := minus(offsets[i], offsets[j]); ok && magnitude(apart) <= slack {
				n++
			}
		}
		if 2*n > len(known) && (n > b.agree || n == b.agree && d.Name == reference) {
			b.agree, b.domain, b.name = n, d, NameOf(d)
		}
	}
	return b
}

// alone reports whether the baseline is one clock whose word stands against that of any other.
func (b *baseline) alone() bool { return !b.utc && b.agree <= 1 }

// what says what the baseline is, and how much it is worth.
func (b *baseline) what(slack int64) string {
	switch {
	case b.utc:
		return "UTC"
	case !b.alone():
		return fmt.Sprintf("that of %s, with which %d of %d clocks agree to within %s", b.name, b.agree, b.of, show(slack))
	}
	return "that of " + b.name
}

// offset returns where a clock stood against the baseline at a point of it, with bounds as choose has them.
func (s *Solution) offset(b *baseline, p *align.Point, choose func(*align.Point) align.Interval) align.Interval {
	i := choose(p)
	if b.domain == nil || b.domain.Name == b.domain.Reference {
		return i
	}
	// When this clock showed p.At, the other showed p.At less this offset plus its own: known to within
	// both bounds, in which it may have gained what drift allows.
	q, ok := s.At(b.domain, int64(p.At))
	if !ok {
		return align.Unbounded
	}
	q, _ = s.At(b.domain, int64(p.At)-p.Offset+q.Offset)
	j := choose(&q)
	if i.Open() && j.Open() {
		return difference(i, j, 0)
	}
	slack := driftOver(min(i.Width(), 1<<50)+min(j.Width(), 1<<50)+magnitude(p.Offset-q.Offset)/1000, s.Model.MaxDriftPPM)
	return difference(i, j, slack)
}

// Between returns by how much the clock of to is ahead of that of from when to showed the reading: the hard
// bounds where both ends of them are known, else the assumed ones.
func (s *Solution) Between(from, to *align.Domain, reading int64) (by align.Interval, isHard, ok bool) {
	p, ok1 := s.At(to, reading)
	q, ok2 := s.At(from, reading)
	if !ok1 || !ok2 || from.Component != to.Component {
		return align.Unbounded, false, false
	}
	if q, ok2 = s.At(from, reading-p.Offset+q.Offset); !ok2 {
		return align.Unbounded, false, false
	}
	for _, choose := range []func(*align.Point) align.Interval{hard, assumed} {
		i, j := choose(&p), choose(&q)
		if i.Open() || j.Open() {
			continue
		}
		slack := driftOver(min(i.Width(), 1<<50)+min(j.Width(), 1<<50)+magnitude(p.Offset-q.Offset)/1000, s.Model.MaxDriftPPM)
		if d := difference(i, j, slack); !d.Open() {
			hp, hq := hard(&p), hard(&q)
			return d, !hp.Open() && !hq.Open(), true
		}
	}
	return align.Unbounded, false, false
}
