package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// htmlClocks draws the bounds of every clock, and lists what the calls between clocks show.
func htmlClocks(d *Document) htmlSection {
	c := d.Clocks
	s := htmlSection{ID: "clocks", Title: "Clocks"}
	if c == nil || !slices.ContainsFunc(c.Domains, func(d ClockDomain) bool { return !alone(c, &d) }) {
		return s
	}
	for i, text := range clockTerms(c) {
		s.Lead = append(s.Lead, map[bool]string{true: "The table shows "}[i == 0]+htmlLine(text)+".")
	}
	var assumed []string
	for _, a := range c.Assumptions {
		text := a.Text
		if a.Tested != "" {
			text += " (" + a.Tested + ")"
		}
		if a.Falsified {
			text += ": false here"
		}
		assumed = append(assumed, text)
	}
	s.Tables = []*htmlTable{assumptionTable(assumed), clockTable(c), stepTable(c), pairTable(c), zoneTable(c), conflictTable(c)}
	return s
}

// assumptionTable lists what the bounds hold under.
func assumptionTable(texts []string) *htmlTable {
	t := &htmlTable{ID: "clock-assumptions", Caption: "Assumptions", Untitled: true, Folded: count(len(texts), "assumption") + " that the bounds rest on", Columns: columns("what is assumed, and how that was tested")}
	for _, s := range texts {
		t.Rows = append(t.Rows, textCells(s))
	}
	return t
}

// shortClock leaves the domain of hosts out of a name of a clock where all of them have the same.
func shortClock(c *Clocks) func(string) string {
	domain, same := "", true
	for i := range c.Domains {
		if _, rest, ok := strings.Cut(clockLabel(&c.Domains[i]), "."); ok {
			same = same && (domain == "" || rest == domain)
			domain = rest
		}
	}
	return func(name string) string {
		if same && domain != "" {
			return strings.TrimSuffix(name, "."+domain)
		}
		return name
	}
}

func clockTable(c *Clocks) *htmlTable {
	t := &htmlTable{ID: "clock-bounds", Caption: "Offsets of the clocks",
		Columns: columns("=clock", "bounds", "#offset", "=hard bounds", "=assumed bounds", "=95 %", "=status", "#drift", "#steps", "=zone", "services"),
		Legend: []htmlMark{{Class: "hard", Label: "hard bounds, faint where open"}, {Class: "assumed", Label: "assumed bounds"},
			{Class: "estimate", Label: "estimate"}, {Class: "zero", Label: "no offset"}}}
	scale, short := clockScale(c), shortClock(c)
	t.Columns[1].Left, t.Columns[1].Right = signedDuration(-scale), signedDuration(scale)
	for i := range c.Domains {
		// A narrow screen shows the offset, its bounds and what they say first.
		cells := textCells(clockCells(c, &c.Domains[i], true)...)
		cells[0].Text = short(cells[0].Text)
		row := htmlRow{cells[0], {Bar: clockBar(c, &c.Domains[i], scale)}}
		t.Rows = append(t.Rows, append(append(row, cells[3:7]...), cells[9], cells[7], cells[8], cells[1], cells[2]))
	}
	return t
}

// clockScale is a little more than the greatest finite figure of any clock: bars run from minus it to it.
func clockScale(c *Clocks) int64 {
	most := int64(8)
	for i := range c.Domains {
		m := c.Domains[i].Middle
		if m == nil || alone(c, &c.Domains[i]) {
			continue
		}
		for _, ns := range []*int64{&m.OffsetNS, m.Hard.LowNS, m.Hard.HighNS, m.Assumed.LowNS, m.Assumed.HighNS} {
			if ns != nil {
				most = max(most, *ns, -max(*ns, -math.MaxInt64))
			}
		}
	}
	return most + min(most/8, math.MaxInt64-most)
}

// clockBar draws the bounds of one clock; nil where nothing ties it.
func clockBar(c *Clocks, d *ClockDomain, scale int64) []htmlMark {
	if d.Middle == nil || alone(c, d) {
		return nil
	}
	at := func(ns int64) float64 { return 0.5 + float64(ns)/float64(scale)/2 }
	band := func(class string, b Bounds) htmlMark {
		low, high := 0.0, 1.0
		if b.LowNS != nil {
			low = at(*b.LowNS)
		}
		if b.HighNS != nil {
			high = at(*b.HighNS)
		}
		if b.LowNS == nil || b.HighNS == nil {
			class += " open"
		}
		return mark(class, low, high)
	}
	bar := []htmlMark{band("hard", d.Middle.Hard)}
	if !sameBounds(d.Middle.Hard, d.Middle.Assumed) {
		bar = append(bar, band("assumed", d.Middle.Assumed))
	}
	return append(bar, mark("zero", 0.5, 0.5), mark("estimate", at(d.Middle.OffsetNS), at(d.Middle.OffsetNS)))
}

func stepTable(c *Clocks) *htmlTable {
	t := &htmlTable{ID: "clock-steps", Caption: "Steps of the clocks", Columns: columns("=clock", "=after (UTC)", "=before (UTC)", "#size", "=within a round trip", "kind", "shown by")}
	short := shortClock(c)
	for i := range c.Domains {
		for _, s := range c.Domains[i].Steps {
			kind := "step"
			if s.Slew {
				kind = "slew"
			}
			t.Rows = append(t.Rows, textCells(short(clockLabel(&c.Domains[i])), instant(s.AfterUnixNano), instant(s.BeforeUnixNano), signedDuration(s.SizeNS), boundsText(s.Bounds), kind, s.Source))
		}
	}
	return t
}

func pairTable(c *Clocks) *htmlTable {
	t := &htmlTable{ID: "clock-pairs", Caption: "Calls between clocks: early is a server that starts before its client",
		Columns: columns("=caller", "=callee", "#calls", "#least round trip", "#offset", "=hard bounds", "=assumed bounds", "#late ends", "#early as recorded", "#early aligned")}
	short := shortClock(c)
	for _, p := range c.Pairs {
		late := ""
		if p.LateEnds > 0 {
			late = fmt.Sprintf("%.2f %%", p.LateEnds*100)
		}
		t.Rows = append(t.Rows, textCells(short(clockName(c, p.Caller)), short(clockName(c, p.Callee)), thousands(p.Calls), floor(p.RTTFloorNS), signedDuration(p.OffsetNS),
			boundsText(p.Hard), boundsText(p.Assumed), late, thousands(p.ViolationsBefore), thousands(p.ViolationsAfter)))
	}
	return t
}

func zoneTable(c *Clocks) *htmlTable {
	t := &htmlTable{ID: "clock-zones", Caption: "Pairs of clocks by zone", Columns: columns("from", "to", "#pairs", "#least round trip", "=asymmetry")}
	for _, z := range c.ZonePairs {
		t.Rows = append(t.Rows, textCells(z.From, z.To, thousands(z.Pairs), floor(z.RTTFloorNS), boundsText(z.Asymmetry)))
	}
	return t
}

// conflictTable lists the edges of every contradiction.
func conflictTable(c *Clocks) *htmlTable {
	t := &htmlTable{ID: "clock-conflicts", Caption: "Contradictions: constraints of a cycle that cannot all be true",
		Columns: columns("cycle", "#sum", "~constraint", "~explained by retracting")}
	for i := range c.Conflicts {
		k := &c.Conflicts[i]
		for j := range k.Edges {
			t.Rows = append(t.Rows, textCells(thousands(i+1), signedDuration(k.SumNS), cycleEdge(c, &k.Edges[j]), k.Retraction))
		}
	}
	return t
}
