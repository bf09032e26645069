package evidence

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The specimens of testdata/programs/clockd: what daemons printed about clocks whose error is known.
const clockdSpecimenDir = "../testdata/specimens/clockd"

func clockdRows(t *testing.T, name string) []ClockReading {
	t.Helper()
	b, err := Load([]string{filepath.Join(clockdSpecimenDir, name)}, Options{Identity: []IdentityRule{{Glob: "*", Host: "n1"}}})
	if err != nil || len(b.Artifacts) != 1 || b.Artifacts[0].Status != StatusOK {
		t.Fatalf("%s: %v", name, err)
	}
	return b.Clocks
}

// TestChronydSteps holds the log of a chronyd that set its clock three times against what it did: the sign, the size,
// and that the clock which had been set stamped the line.
func TestChronydSteps(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(clockdSpecimenDir, "chronyd.steps"))
	if err != nil {
		t.Fatal(err)
	}
	type step struct{ at, by int64 } // by the clock that had been set
	var steps []step
	offset := int64(1_500_000_000)
	for line := range strings.Lines(string(text)) {
		var machine, by int64
		if _, err := fmt.Sscan(line, &machine, &by); err != nil {
			t.Fatal(err)
		}
		if offset += by; by != 0 { // it first tries how
			steps = append(steps, step{machine + offset, by})
		}
	}
	var told []ClockReading
	for _, r := range clockdRows(t, "chronyd.log") {
		if r.Kind == ClockStep {
			told = append(told, r)
		}
	}
	if len(told) != len(steps) || len(steps) < 3 {
		t.Fatalf("%d steps told of %d", len(told), len(steps))
	}
	for i, r := range told {
		if miss := r.Offset - steps[i].by; miss > r.Error || miss < -r.Error || r.At > steps[i].at || r.Until < steps[i].at {
			t.Errorf("%+v, was %+v", r, steps[i])
		}
	}
}

// TestDaemonOffsets: a clock that was 12.345678 ms ahead of the server.
func TestDaemonOffsets(t *testing.T) {
	const ahead = 12_345_678
	for name, room := range map[string]int64{
		"timesync-status.txt": int64(time.Millisecond), "loopstats": int64(time.Millisecond), "show-timesync.txt": 3 * int64(time.Second),
		"ntpq-rv.txt": int64(time.Millisecond),
	} {
		rows := clockdRows(t, name)
		if len(rows) == 0 {
			t.Errorf("%s: no rows", name)
		}
		for _, r := range rows {
			if miss := r.Offset - ahead; r.Kind != ClockOffset || miss > room || miss < -room || r.Bounded() && (miss > r.Error || miss < -r.Error) {
				t.Errorf("%s: %+v", name, r)
			}
		}
	}
	followed := 0
	for _, r := range clockdRows(t, "ptp4l.log") {
		if r.Source != "ptp4l" || r.Kind != ClockSource || r.Mono == 0 {
			t.Errorf("ptp4l.log: %+v", r)
		}
		if r.Text == "s2" {
			followed++
		}
	}
	if followed < 5 {
		t.Errorf("ptp4l.log: %d rows of a clock that follows", followed)
	}
	if rows := clockdRows(t, "tracking.stepped.log"); len(rows) < 10 {
		t.Errorf("tracking.stepped.log: %d rows", len(rows))
	}
}

// TestPhc2sysSpecimen: phc2sys found the system's clock 12.345678 ms ahead of the network card's and set it back, which
// its log says without a word for the step.
func TestPhc2sysSpecimen(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(clockdSpecimenDir, "phc2sys.steps"))
	if err != nil {
		t.Fatal(err)
	}
	var at, by int64
	if _, err := fmt.Sscan(string(text), &at, &by); err != nil {
		t.Fatal(err)
	}
	steps, after := 0, 0
	for i, r := range clockdRows(t, "phc2sys.log") {
		switch {
		case r.Source != "phc2sys" || r.Mono == 0:
			t.Errorf("row %d: %+v", i, r)
		case r.Kind == ClockStep:
			if steps++; r.Offset != by {
				t.Errorf("stepped by %d, was %d", r.Offset, by)
			}
		case steps == 0:
			if miss := r.Offset - 12_345_678; miss > int64(time.Microsecond) || miss < -int64(time.Microsecond) {
				t.Errorf("row %d: %+v", i, r)
			}
		default:
			if after++; max(r.Offset, -r.Offset) > int64(time.Microsecond) {
				t.Errorf("row %d: %+v", i, r)
			}
		}
	}
	if steps != 1 || after < 4 {
		t.Errorf("%d steps, %d rows after", steps, after)
	}
}

// TestNodeExporterSpecimen: the page of a machine whose kernel nobody told that it is synchronised, which no clock follows
// from but the host's name does.
func TestNodeExporterSpecimen(t *testing.T) {
	b, err := Load([]string{filepath.Join(clockdSpecimenDir, "node.prom")}, Options{})
	if err != nil || len(b.Artifacts) != 1 || b.Artifacts[0].Status != StatusOK {
		t.Fatal(err)
	}
	if len(b.Clocks) != 1 || b.Clocks[0].Kind != ClockUnsynchronised || b.Clocks[0].Host != "node-1" || b.Clocks[0].Offset != 0 {
		t.Errorf("%+v", b.Clocks)
	}
}
