package report

import (
	"slices"
	"strings"
)

// quantities are units of numbers that are measured, not counted.
var quantities = []string{"ns", "nanoseconds", "ppm", "bytes", "value", "seconds", "ratio", ""}

// facts are units of counts that are no sample of anything: one more is one more.
var facts = []string{"artifacts", "hosts", "steps", "cycles", "domains", "resources"}

// goodWords end the names of measures that are better when they grow, faultWords of those that are worse.
var (
	goodWords  = []string{"coverage", "complete_ratio", "agreement", "agree_ratio"}
	faultWords = []string{
		"orphan", "duplicate", "negative_duration", "invalid_id", "rootless", "multi_root", "child_before_parent", "child_after_parent",
		"status_mismatch", "without_az", "without_service", "truncated", "lost", "elided", "unavailable", "leaked",
		"unreadable", "damaged", "az_conflict", "unended",
	}
)

// tested reports whether numbers of a unit are counts of what happened to be captured.
func tested(unit string) bool {
	return !slices.Contains(quantities, unit) && !slices.Contains(facts, unit)
}

// carried returns the names of the measures that findings carry: amounts of something wrong.
func (d *diff) carried() map[string]bool {
	names := map[string]bool{}
	for _, s := range d.sides {
		for i := range s.Document.Findings {
			for _, m := range s.Document.Findings[i].Measures {
				names[m.Name] = true
			}
		}
	}
	return names
}

// sign is 1 for a measure that is worse when it grows, -1 for one that is better, 0 where neither is known.
func sign(c *MeasureChange, carried map[string]bool) float64 {
	last := c.Name[strings.LastIndexByte(c.Name, '.')+1:]
	switch {
	case c.Test == "counts" && c.Unit != "goroutines":
		// Out of nothing that is known: a longer capture has more of everything.
		return 0
	case slices.Contains(goodWords, last):
		return -1
	case slices.Contains(faultWords, last), carried[c.Name] && !slices.Contains(quantities, c.Unit):
		return 1
	}
	return 0
}

func direction(c *MeasureChange, carried map[string]bool) string {
	if c.Change == nil {
		return ""
	}
	switch change := *c.Change * sign(c, carried); {
	case change > 0:
		return "worse"
	case change < 0:
		return "better"
	}
	return ""
}
