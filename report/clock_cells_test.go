package report

import (
	"strings"
	"testing"

	"github.com/witnessmark/witnessmark/align"
)

// TestStanding: the status of a clock says on which side its bounds put it and how strongly, and never that one which is
// placed is right.
func TestStanding(t *testing.T) {
	at := func(v int64) *int64 { return &v }
	wide := Bounds{LowNS: at(-5), HighNS: at(5)}
	for _, c := range []struct {
		name          string
		status        align.Status
		reference     string
		hard, assumed Bounds
		want          string
	}{
		{"room for none", align.StatusAligned, align.UTC, wide, wide, "not shown to be off"},
		{"at the bound", align.StatusAligned, align.UTC, Bounds{LowNS: at(0)}, Bounds{LowNS: at(0), HighNS: at(3)}, "not shown to be off"},
		{"ahead", align.StatusAligned, align.UTC, Bounds{LowNS: at(1)}, Bounds{LowNS: at(2), HighNS: at(3)}, "ahead (proven)"},
		{"behind", align.StatusAligned, align.UTC, Bounds{HighNS: at(-1)}, Bounds{HighNS: at(-1)}, "behind (proven)"},
		{"assumed", align.StatusAligned, align.UTC, wide, Bounds{LowNS: at(1), HighNS: at(3)}, "ahead (assumed)"},
		{"another reference", align.StatusAligned, "d2", wide, Bounds{HighNS: at(-1)}, "behind other (assumed)"},
		{"another, no offset", align.StatusAligned, "d2", wide, wide, "not shown to differ from other"},
		{"open", align.StatusUnbounded, align.UTC, Bounds{LowNS: at(1)}, Bounds{LowNS: at(1)}, "ahead (proven), unbounded"},
		{"open, no offset", align.StatusUnbounded, align.UTC, Bounds{LowNS: at(-1)}, Bounds{}, "unbounded"},
	} {
		d := ClockDomain{Domain: "d1", Host: "host", Status: string(c.status), Reference: c.reference, Middle: &ClockPoint{Hard: c.hard, Assumed: c.assumed}}
		all := &Clocks{Reference: align.UTC, MaxDriftPPM: 500, Domains: []ClockDomain{d, {Domain: "d2", Host: "other", Reference: "d2", Status: "reference"}}}
		if got := standingText(all, &d); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		terms := strings.Join(clockTerms(all), "\n")
		if off := strings.Contains(c.want, "("); strings.Contains(terms, "ahead, behind:") != off {
			t.Errorf("%s: the terms explain what is not there, or do not explain what is: %s", c.name, terms)
		}
	}
}
