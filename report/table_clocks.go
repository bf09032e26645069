package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/evidence"
)

// clocks writes what is known of every clock: in short, as part of an examination.
func (t *tableReport) clocks() {
	c := t.d.Clocks
	if c == nil || !slices.ContainsFunc(c.Domains, func(d ClockDomain) bool { return !alone(c, &d) }) {
		return
	}
	t.Line("")
	t.clockTable(c, false)
}

// clockView writes all that is known of the clocks.
func (t *tableReport) clockView() {
	c := t.d.Clocks
	if c == nil {
		t.Heading("CLOCKS")
		t.Para("", "nothing ties two clocks: no call leaves its clock, and nothing compares a clock of a known host with UTC")
		return
	}
	t.clockTable(c, true)
	t.leftAlone(c)
	t.steps(c)
	t.hops(c)
	t.clockPairs(c)
	t.zonePairs(c)
	t.conflicts(c)
	t.assumptions(c)
}

// WriteClocks writes the table of a model's clocks and what was left alone, for who asks for no more.
func WriteClocks(p *Prose, c *Clocks, o TerminalOptions) error {
	t := &tableReport{Prose: p, d: &Document{Clocks: c}, o: o, w: p.w}
	t.clockTable(c, true)
	t.leftAlone(c)
	t.steps(c)
	t.conflicts(c)
	return t.err
}

// clockTable writes a row for each clock, those that are furthest off first where not all may be printed.
func (t *tableReport) clockTable(c *Clocks, all bool) {
	t.Heading("CLOCKS")
	for _, s := range clockTerms(c) {
		t.Para("", s)
	}
	columns := []Column{
		{Title: "CLOCK", Shrink: true, Middle: true, Min: 12}, {Title: "AZ", Optional: true, Spare: 3},
		{Title: "SERVICES", Shrink: true, Optional: true, Spare: 1}, {Title: "OFFSET", Right: true},
		{Title: "HARD BOUNDS", Spare: 2}, {Title: "ASSUMED BOUNDS", Optional: true, Spare: 5}, {Title: "95 %", Optional: true, Spare: 6},
		{Title: "DRIFT", Right: true, Optional: true, Spare: 4}, {Title: "STEPS", Right: true, Optional: true}, {Title: "STATUS"},
	}
	table := NewTable(columns...)
	shown := c.Domains
	if t.o.Limit > 0 && len(shown) > t.o.Limit {
		shown = furthest(shown)[:t.o.Limit]
	}
	for i := range shown {
		table.Row(clockCells(c, &shown[i], all)...)
		d := &shown[i]
		if side, _ := standing(d); side != "" || d.Status != string(align.StatusReference) && d.Status != string(align.StatusAligned) {
			table.paint(9, colorYellow)
		}
	}
	t.table(table)
	if rest := len(c.Domains) - len(shown); rest > 0 {
		t.Line(fmt.Sprintf("… %s more; --limit 0 lists all", thousands(rest)))
	}
	if slices.ContainsFunc(shown, func(d ClockDomain) bool { return d.Middle != nil && restsOn(&d) == onBounds }) {
		t.Para("", "bounds only: links between spans bound the clock and nothing estimates it; where both bounds are known, its offset is their middle")
	}
}

// furthest returns the clocks by how far they are off, those of which nothing is known last.
func furthest(list []ClockDomain) []ClockDomain {
	off := func(d ClockDomain) uint64 {
		switch {
		case d.Middle == nil:
			return 0
		case d.Middle.OffsetNS < 0:
			return -uint64(d.Middle.OffsetNS)
		}
		return uint64(d.Middle.OffsetNS)
	}
	return slices.SortedStableFunc(slices.Values(list), func(a, b ClockDomain) int { return cmp.Compare(off(b), off(a)) })
}

// What the estimate of a clock rests on.
const (
	onCalls    = iota // calls show where it stood and how it ran
	onReadings        // comparisons with UTC alone: mostly too few for a rate
	onBounds          // links alone, which bound it and estimate nothing
)

// restsOn tells by the classes of evidence of a clock.
func restsOn(d *ClockDomain) int {
	switch {
	case d.Evidence[align.ClassRequest.String()]+d.Evidence[align.ClassMessage.String()] > 0:
		return onCalls
	case d.Evidence[align.ClassReading.String()] > 0:
		return onReadings
	case d.Evidence[align.ClassLink.String()] > 0:
		return onBounds
	}
	return onCalls
}

// leftAlone says why clocks are not aligned, those with the same reason together.
func (t *tableReport) leftAlone(c *Clocks) {
	var reasons []string
	clocks := map[string][]string{}
	for i := range c.Domains {
		d := &c.Domains[i]
		single := alone(c, d)
		if !single && (d.Status == string(align.StatusReference) || d.Status == string(align.StatusAligned)) {
			continue
		}
		why := d.Status
		if single {
			why = "no call and no reading ties it to another clock"
		} else if d.Why != "" {
			why += ": " + d.Why
		}
		if clocks[why] == nil {
			reasons = append(reasons, why)
		}
		clocks[why] = append(clocks[why], clockLabel(d))
	}
	if len(reasons) == 0 {
		return
	}
	t.Line("")
	t.Heading("LEFT ALONE")
	for _, why := range reasons {
		t.Para("", some(clocks[why], 5)+" ("+why+")")
	}
}

// alone reports whether a clock is the reference of nothing but itself.
func alone(c *Clocks, d *ClockDomain) bool {
	if d.Status != string(align.StatusReference) || d.Reference != d.Domain {
		return false
	}
	return !slices.ContainsFunc(c.Domains, func(o ClockDomain) bool { return o.Component == d.Component && o.Domain != d.Domain })
}

func (t *tableReport) steps(c *Clocks) {
	table := NewTable(
		Column{Title: "CLOCK", Shrink: true, Middle: true}, Column{Title: "SIZE", Right: true}, Column{Title: "WITHIN A ROUND TRIP", Spare: 2},
		Column{Title: "AFTER (ITS OWN TIME)"}, Column{Title: "BEFORE", Spare: 1}, Column{Title: "HOW", Spare: 3}, Column{Title: "SHOWN BY", Shrink: true, Optional: true, Spare: 4},
	)
	for i := range c.Domains {
		d := &c.Domains[i]
		for _, s := range d.Steps {
			how := "step"
			if s.Slew {
				how = "slew"
			}
			table.Row(clockLabel(d), signedDuration(s.SizeNS), boundsText(s.Bounds), instant(s.AfterUnixNano), instant(s.BeforeUnixNano), how, s.Source)
		}
	}
	t.section("STEPS", "", table)
}

func (t *tableReport) hops(c *Clocks) {
	table := NewTable(
		Column{Title: "CLIENT", Shrink: true, Middle: true}, Column{Title: "SERVER", Shrink: true, Middle: true}, Column{Title: "CALLS", Right: true},
		Column{Title: "P50", Right: true}, Column{Title: "P95", Right: true}, Column{Title: "P99", Right: true},
		Column{Title: "UNCERTAIN", Right: true}, Column{Title: "EARLY RAW", Right: true, Spare: 2}, Column{Title: "EARLY ALIGNED", Right: true, Spare: 3},
		Column{Title: "UNPLACED", Right: true, Optional: true, Spare: 1},
	)
	for _, h := range c.Hops {
		uncertain, unplaced := "open", ""
		if h.UncertainNS != nil {
			uncertain = Duration(*h.UncertainNS)
		}
		if h.Unplaced > 0 {
			unplaced = thousands(h.Unplaced)
		}
		table.Row(h.Client, h.Server, thousands(h.Calls), Duration(h.P50NS), Duration(h.P95NS), Duration(h.P99NS), uncertain,
			thousands(h.ViolationsBefore), thousands(h.ViolationsAfter), unplaced)
	}
	t.section("MISALIGNMENT BY HOP", "by how much the recorded distance of a call's two starts is wrong, and how uncertain that is; calls whose server starts before its client, in recorded and in aligned times", table)
}

func (t *tableReport) clockPairs(c *Clocks) {
	table := NewTable(
		Column{Title: "CALLER", Shrink: true, Middle: true}, Column{Title: "CALLEE", Shrink: true, Middle: true}, Column{Title: "CALLS", Right: true},
		Column{Title: "RTT FLOOR", Right: true}, Column{Title: "OFFSET", Right: true}, Column{Title: "HARD BOUNDS"}, Column{Title: "ASSUMED BOUNDS", Spare: 1},
		Column{Title: "LATE ENDS", Right: true, Optional: true, Spare: 2}, Column{Title: "EARLY RAW", Right: true, Spare: 3}, Column{Title: "EARLY ALIGNED", Right: true, Spare: 4},
	)
	for _, p := range c.Pairs {
		late := ""
		if p.LateEnds > 0 {
			late = fmt.Sprintf("%.2f %%", p.LateEnds*100)
		}
		table.Row(clockName(c, p.Caller), clockName(c, p.Callee), thousands(p.Calls), floor(p.RTTFloorNS), signedDuration(p.OffsetNS),
			boundsText(p.Hard), boundsText(p.Assumed), late, thousands(p.ViolationsBefore), thousands(p.ViolationsAfter))
	}
	t.section("PAIRS", "", table)
}

func (t *tableReport) zonePairs(c *Clocks) {
	table := NewTable(
		Column{Title: "FROM"}, Column{Title: "TO"}, Column{Title: "PAIRS", Right: true}, Column{Title: "RTT FLOOR", Right: true},
		Column{Title: "ASYMMETRY"},
	)
	for _, z := range c.ZonePairs {
		table.Row(z.From, z.To, thousands(z.Pairs), floor(z.RTTFloorNS), boundsText(z.Asymmetry))
	}
	t.section("ZONES", "", table)
}

// section writes a table with its heading, unless it is empty, and at most as many rows as the limit.
func (t *tableReport) section(title, what string, table *Table) {
	n := table.Len()
	if n == 0 {
		return
	}
	t.Line("")
	t.Heading(title)
	if what != "" {
		t.Para("", what)
	}
	if t.o.Limit > 0 && n > t.o.Limit {
		table.rows, table.colors = table.rows[:t.o.Limit], table.colors[:t.o.Limit]
	}
	t.table(table)
	if rest := n - table.Len(); rest > 0 {
		t.Line(fmt.Sprintf("… %s more; --limit 0 lists all", thousands(rest)))
	}
}

// conflicts writes each certificate as a cycle of events.
func (t *tableReport) conflicts(c *Clocks) {
	if len(c.Conflicts) == 0 {
		return
	}
	t.Line("")
	t.Heading("CONTRADICTIONS")
	for i := range c.Conflicts {
		if t.o.Limit > 0 && i >= t.o.Limit {
			t.Line(fmt.Sprintf("… %s more; --limit 0 lists all", thousands(len(c.Conflicts)-i)))
			return
		}
		x := &c.Conflicts[i]
		given := ""
		if x.Assumed {
			given = ", if servers' spans end before their callers have the answer (A1)"
		}
		t.Para("", fmt.Sprintf("around this cycle %s is left, less than nothing, whatever the clocks show%s:", signedDuration(x.SumNS), given))
		for j := range x.Edges {
			t.Para("    ", cycleEdge(c, &x.Edges[j]))
		}
		if x.Retraction != "" {
			t.Para("  ", "cheapest explanation: "+x.Retraction)
		}
	}
}

// cycleEdge says what one constraint says.
func cycleEdge(c *Clocks, e *ClockEdge) string {
	where := e.Source
	if e.TraceID != "" {
		where = "trace " + e.TraceID + " spans " + e.EarlierSpanID + " and " + e.LaterSpanID
	}
	return fmt.Sprintf("%s is at most %s ahead of %s (%s, %s)", clockName(c, e.To), signedDuration(e.WeightNS), clockName(c, e.From), e.Class, where)
}

func (t *tableReport) assumptions(c *Clocks) {
	if len(c.Assumptions) == 0 {
		return
	}
	t.Line("")
	t.Heading("ASSUMPTIONS")
	for _, a := range c.Assumptions {
		verdict := ""
		if a.Tested != "" {
			verdict = " (" + a.Tested + ")"
		}
		if a.Falsified {
			verdict += ": FALSE here"
		}
		t.Para("", a.Text+verdict)
	}
}

// clockLabel names a clock by its host, else by its domain; one that only a digest keys by its service.
func clockLabel(d *ClockDomain) string {
	switch {
	case d.Host != "":
		return d.Host
	case d.From == evidence.DomainByDigest && len(d.Services) > 0:
		return "a process of " + d.Services[0]
	}
	return d.Domain
}

func clockName(c *Clocks, domain string) string {
	if domain == align.UTC {
		return "UTC"
	}
	i := slices.IndexFunc(c.Domains, func(d ClockDomain) bool { return d.Domain == domain })
	if i < 0 {
		return domain
	}
	return clockLabel(&c.Domains[i])
}

// floor writes a least round trip; 0 stands for none.
func floor(ns int64) string {
	if ns == 0 {
		return ""
	}
	return Duration(ns)
}

func signedDuration(ns int64) string {
	if ns > 0 {
		return "+" + Duration(ns)
	}
	return Duration(ns)
}

func sameBounds(a, b Bounds) bool {
	same := func(x, y *int64) bool { return x == nil && y == nil || x != nil && y != nil && *x == *y }
	return same(a.LowNS, b.LowNS) && same(a.HighNS, b.HighNS)
}

// boundsText writes an interval, rounded outwards: what is printed is true of all that the bounds hold.
func boundsText(b Bounds) string {
	switch {
	case b.LowNS == nil && b.HighNS == nil:
		return "open"
	case b.LowNS == nil:
		return "≤ " + signedDuration(roundOut(*b.HighNS, true))
	case b.HighNS == nil:
		return "≥ " + signedDuration(roundOut(*b.LowNS, false))
	}
	return signedDuration(roundOut(*b.LowNS, false)) + " … " + signedDuration(roundOut(*b.HighNS, true))
}

// roundOut rounds to four significant digits, up or down.
func roundOut(ns int64, up bool) int64 {
	unit := int64(1)
	for v := ns; v >= 10_000 || v <= -10_000; v /= 10 {
		unit *= 10
	}
	rest := ns % unit
	if rest == 0 || up == (ns < 0) {
		return ns - rest // towards zero is outwards
	}
	away := unit
	if ns < 0 {
		away = -unit
	}
	if out := ns - rest + away; (out > 0) == (ns > 0) {
		return out
	}
	return ns // it does not fit
}
