package windows

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/clocks"
	"github.com/witnessmark/witnessmark/analyze/spans"
	"github.com/witnessmark/witnessmark/evidence"
)

// Misaligned is WM7001.
var Misaligned = analyze.Detector{
	ID: "WM7001", Name: "profile-window-misaligned",
	Doc: analyze.Doc{
		Title: "A profile covers other spans than its timestamps say",
		Text: "A profile says when it began and how long it took, by the clock of its host. Who looks for the spans of other " +
			"hosts that ran meanwhile compares that with their clocks. Where the profile's clock is off against theirs, the " +
			"window is shifted, so spans at its borders are taken for covered that were not, and others are missed.",
		Proof: "For spans of another clock, the window and the span overlap by recorded times, and overlap for no offset " +
			"within the bounds (moved out), or the other way round (moved in). bounded: by hard bounds. heuristic: one of the " +
			"two needed the assumed bounds, which hold if servers' spans end before their callers have the answer. Only " +
			"clocks that differ by more than the parameter clock_slack_ns (1 ms) for certain count.",
		Blind: "Spans of the profile's own host share its clock and are not counted. A profile whose host nothing names is " +
			"not looked at: pass --identity GLOB:host=HOST, or say it in witnessmark.yaml. Spans whose overlap the bounds leave open count as not moved.",
		Fix: "Read the profile together with spans after witnessmark align apply, which shifts both onto one time line. " +
			"Look at the time daemon of the host.",
		Since:    "0.2.0",
		Severity: analyze.Note,
	},
	Needs: analyze.NeedProfiles,
	Run:   runMisaligned,
}

// window is a profile that took time, on the clock of a domain of the model.
type window struct {
	artifact   uint32
	start, end int64
	shifts     []shift // of the other clocks by number, made when asked for
}

// shift is by how much the window's clock is ahead of another's.
type shift struct {
	known bool
	by    align.Interval
	hard  bool
}

// host is the windows of one clock, and what was counted.
type host struct {
	domain   *align.Domain
	windows  []*window // by start
	longest  int64
	covered  int // spans of other clocks that overlap by recorded times
	out, in  int
	hard     bool
	far      align.Interval // the largest shift that moved a span
	other    string         // whose spans it moved
	moved    []uint32       // rows of the first spans
	affected map[uint32]bool
}

type counter struct {
	p       *analyze.Pass
	s       *clocks.Solution
	hosts   []*host
	numbers []int // clock of each origin, as an index into Model.Domains; -1 for none
	reach   int64 // the most that any two clocks may differ by
}

func runMisaligned(p *analyze.Pass) error {
	s := clocks.ModelIndex.Of(p)
	if s == nil {
		p.Inapplicable("no model of the clocks: nothing says that the clock of a profile is off")
		return nil
	}
	c := &counter{p: p, s: s}
	c.windows()
	if len(c.hosts) == 0 {
		p.Inapplicable("no profile names a host whose clock the spans tell about: say it with --identity 'GLOB:host=HOST' or in witnessmark.yaml")
		return nil
	}
	c.count()
	for _, h := range c.hosts {
		p.Measure("profile.spans_moved", "spans", float64(h.in+h.out), "domain", h.domain.Name)
		if h.in+h.out > 0 {
			p.Report(c.finding(h))
		}
	}
	return nil
}

// windows collects the profiles that took time, by clock.
func (c *counter) windows() {
	byName := map[string]*host{}
	for i, a := range c.p.Bundle.Artifacts {
		w := a.Window
		if a.Profile == nil || w.End <= w.Start || w.Start == 0 || w.End > math.MaxInt64 {
			continue
		}
		d := c.domainOf(&a.Identity)
		if d == nil {
			continue
		}
		h := byName[d.Name]
		if h == nil {
			h = &host{domain: d, far: align.Unbounded, hard: true, affected: map[uint32]bool{}}
			byName[d.Name] = h
			c.hosts = append(c.hosts, h)
		}
		h.windows = append(h.windows, &window{artifact: uint32(i), start: int64(w.Start), end: int64(w.End)})
		h.longest = max(h.longest, int64(w.End-w.Start))
	}
	slices.SortFunc(c.hosts, func(a, b *host) int { return cmp.Compare(a.domain.Name, b.domain.Name) })
	for _, h := range c.hosts {
		slices.SortStableFunc(h.windows, func(a, b *window) int { return cmp.Compare(a.start, b.start) })
	}
}

// domainOf finds the clock of an artifact: by its domain, else by its host where only one clock has that.
func (c *counter) domainOf(id *evidence.Identity) *align.Domain {
	if d := c.s.Model.Domain(id.Domain.Value); d != nil {
		return d
	}
	var found *align.Domain
	for i := range c.s.Model.Domains {
		if d := &c.s.Model.Domains[i]; id.Host.Value != "" && d.Host == id.Host.Value {
			if found != nil {
				return nil
			}
			found = d
		}
	}
	return found
}

// count takes every span through the windows near it.
func (c *counter) count() {
	m := c.s.Model
	c.numbers = make([]int, len(c.p.Bundle.Origins))
	for i := range c.numbers {
		name := c.p.Bundle.Resource(uint32(i)).Identity.Domain.Value
		c.numbers[i] = slices.IndexFunc(m.Domains, func(d align.Domain) bool { return d.Name == name })
	}
	for i := range m.Domains {
		if at, ok := c.s.At(&m.Domains[i], c.s.Middle); ok {
			c.reach = max(c.reach, 2*min(max(at.Offset, -at.Offset), math.MaxInt64/8))
		}
	}
	c.reach += int64(1e9) // what drift and the bounds may add
	for chunk := range c.p.Bundle.Spans.Chunks() {
		for i, origin := range chunk.Origin {
			number, start, end := c.numbers[origin], chunk.Start[i], chunk.End[i]
			if number < 0 || start == 0 || end < start || end > math.MaxInt64/2 {
				continue
			}
			for _, h := range c.hosts {
				if h.domain != &m.Domains[number] {
					c.span(h, number, int64(start), int64(end), uint32(chunk.Base+i))
				}
			}
		}
	}
}

// span counts one span with the windows of one host that it may lie in.
func (c *counter) span(h *host, number int, start, end int64, row uint32) {
	first, _ := slices.BinarySearchFunc(h.windows, start-c.reach-h.longest, func(w *window, t int64) int { return cmp.Compare(w.start, t) })
	for _, w := range h.windows[first:] {
		if w.start > end+c.reach {
			return
		}
		raw := start <= w.end && end >= w.start
		if raw {
			h.covered++
		}
		s := c.shift(h, w, number)
		if !s.known {
			continue
		}
		never := start+s.by.Low > w.end || end+s.by.High < w.start
		always := start+s.by.High <= w.end && end+s.by.Low >= w.start
		switch {
		case raw && never:
			h.out++
		case !raw && always:
			h.in++
		default:
			continue
		}
		h.hard = h.hard && s.hard
		h.affected[w.artifact] = true
		if h.far.Open() || max(-s.by.High, s.by.Low) > max(-h.far.High, h.far.Low) {
			h.far, h.other = s.by, clocks.NameOf(&c.s.Model.Domains[number])
		}
		if len(h.moved) < max(1, c.p.Options.Exhibits()-2) {
			h.moved = append(h.moved, row)
		}
	}
}

// shift returns by how much the window's clock is ahead of another's, known only where that is more than
// the slack for certain.
func (c *counter) shift(h *host, w *window, number int) shift {
	if w.shifts == nil {
		w.shifts = make([]shift, len(c.s.Model.Domains))
		middle := w.start + (w.end-w.start)/2
		for i := range w.shifts {
			other := &c.s.Model.Domains[i]
			by, hard, ok := c.s.Between(other, h.domain, middle)
			if ok && max(by.Low, -by.High) > c.p.Options.OffBy() {
				w.shifts[i] = shift{true, by, hard}
			}
		}
	}
	return w.shifts[number]
}

func (c *counter) finding(h *host) analyze.Finding {
	name := clocks.NameOf(h.domain)
	side := "ahead of"
	if h.far.High < 0 {
		side = "behind"
	}
	f := analyze.Finding{
		Basis:   analyze.Bounded,
		Subject: analyze.Subject("domain", h.domain.Name, "host", name),
		Message: fmt.Sprintf("%s of %s, whose clock is %s %s that of %s: of %s of other hosts that ran meanwhile by recorded times %d did not, and %d more did",
			analyze.Count(len(h.affected), "profile"), name, clocks.Amounts(h.far), side, h.other, analyze.Count(h.covered, "span"), h.out, h.in),
		Measures: []analyze.Measure{
			analyze.M("profile.spans_moved_out", "spans", float64(h.out)), analyze.M("profile.spans_moved_in", "spans", float64(h.in)),
		},
	}
	if !h.hard {
		f.Basis = analyze.Heuristic
		f.Message = "if servers' spans end before their callers have the answer, " + f.Message
	}
	for _, w := range h.windows {
		if a := c.p.Bundle.Artifacts[w.artifact]; h.affected[w.artifact] && len(f.Exhibits) < 2 {
			ref := evidence.Ref{Artifact: w.artifact, Len: a.DecodedBytes}
			f.Exhibits = append(f.Exhibits, analyze.Exhibit{Ref: ref, Role: "profile", Text: a.Path})
		}
	}
	for _, row := range h.moved {
		f.Exhibits = append(f.Exhibits, spans.Exhibit(c.p.Bundle, row, "moved"))
	}
	return f
}
