package clocks

import (
	"strings"
	"testing"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// Readings whose host nothing tells are not passed over in silence: they may show a clock that is far off.
func TestUntiedWhy(t *testing.T) {
	b := &evidence.Bundle{Clocks: []evidence.ClockReading{
		{Kind: evidence.ClockOffset, Basis: evidence.ClockStated, At: 1, Until: 1, Offset: -12_004_500_123, Error: 1e6},
		{Kind: evidence.ClockOffset, Basis: evidence.ClockStated, At: 1, Until: 1, Offset: 3, Error: 1e6},
		{Kind: evidence.ClockUnsynchronised},
	}}
	if got, want := untiedWhy(b), "2 readings with the offset of a clock, the largest -12.004500123s, name no host"; !strings.Contains(got, want) {
		t.Errorf("%q does not say %q", got, want)
	}
	b.Clocks = b.Clocks[2:]
	if got := untiedWhy(b); got != notTied {
		t.Errorf("without readings: %q", got)
	}
}

// A snapshot of an execution trace says nothing about who disciplines a clock, so that no host is called sound.
func TestSnapshotsAreNoDiscipline(t *testing.T) {
	b := &evidence.Bundle{
		Artifacts: []*evidence.Artifact{{Path: "exec.trace"}},
		Clocks:    []evidence.ClockReading{{Kind: evidence.ClockSnapshot, Host: "a", Domain: "a"}},
	}
	res := analyze.Run(b, []analyze.Detector{Unsynchronised}, analyze.Options{})
	if c := res.Checks[0]; c.Outcome != analyze.Inapplicable {
		t.Errorf("outcome %s (%s), want inapplicable", c.Outcome, c.Reason)
	}
}

// A statement from before a step tells of another offset than a reading behind it.
func TestSetBetween(t *testing.T) {
	d := &align.Domain{Steps: []align.Step{{After: 100, Before: 110}, {After: 200, Before: 210, Slew: true}}}
	for _, c := range []struct {
		from, until int64
		at          align.Instant
		want        bool
	}{
		{90, 95, 120, true},
		{120, 125, 90, true},
		{111, 112, 120, false},
		{90, 95, 98, false},
		{90, 130, 120, true},   // made at any time of those
		{120, 125, 300, false}, // slewed, which is no jump
	} {
		if got := setBetween(d, &evidence.ClockReading{At: c.from, Until: c.until}, c.at); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}
