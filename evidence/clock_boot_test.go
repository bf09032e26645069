package evidence

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestDateByBoot: what counts from the boot is dated by a trace of the same machine, and by none of another.
func TestDateByBoot(t *testing.T) {
	const wall, mono, second = int64(1_795_000_000_000_000_000), int64(3_600_000_000_000), int64(time.Second)
	snapshot := func(domain string, wall, mono int64) ClockReading {
		return ClockReading{Domain: domain, Kind: ClockSnapshot, Wall: wall, Mono: mono, At: wall, Until: wall}
	}
	row := func(kind ClockKind, mono, offset int64) ClockReading {
		return ClockReading{Domain: "a", Kind: kind, Mono: mono, Offset: offset}
	}
	for _, c := range []struct {
		name   string
		clocks []ClockReading // the last is the row
		want   int64          // 0 for none
		width  int64
	}{
		{"later", []ClockReading{snapshot("a", wall, mono), row(ClockOffset, mono+10*second, 5)}, wall + 10*second, 20_000_000},
		{"earlier", []ClockReading{snapshot("a", wall, mono), row(ClockSource, mono-10*second, 0)}, wall - 10*second, 20_000_000},
		{"the nearer of two", []ClockReading{snapshot("a", wall, mono), snapshot("a", wall+101*second, mono+100*second), row(ClockSource, mono+90*second, 0)}, wall + 91*second, 20_000_000},
		{"a step, before it or behind", []ClockReading{snapshot("a", wall, mono), row(ClockStep, mono+second, -2*second)}, wall - second, 5 * second},
		{"another machine", []ClockReading{snapshot("b", wall, mono), row(ClockOffset, mono, 5)}, 0, 0},
		{"two boots", []ClockReading{snapshot("a", wall, mono), snapshot("a", wall+second, second), row(ClockOffset, mono, 5)}, 0, 0},
	} {
		b := &Bundle{Clocks: c.clocks}
		dateByBoot(b)
		r := b.Clocks[len(b.Clocks)-1]
		if c.want == 0 && r.At != 0 || c.want != 0 && (r.At > c.want || r.Until < c.want || r.Until-r.At > c.width) {
			t.Errorf("%s: [%d %d], want %d", c.name, r.At, r.Until, c.want)
		}
	}
}

// TestDateByBootFiles: the log of phc2sys and a trace of one host, as files.
func TestDateByBootFiles(t *testing.T) {
	traces, err := filepath.Glob("../testdata/specimens/gotrace/*1.2[5-9]*")
	if err != nil || len(traces) == 0 {
		t.Skip("no trace of go1.25 or later among the specimens")
	}
	text, err := os.ReadFile(traces[0])
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	log := "phc2sys[3.001]: CLOCK_REALTIME phc offset -12 s2 freq +1500 delay 1234\n"
	for name, s := range map[string]string{"n1.trace": string(text), "n1.log": log} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := Load([]string{dir}, Options{Identity: []IdentityRule{{Glob: "n1*", Host: "n1"}}})
	if err != nil {
		t.Fatal(err)
	}
	dated := false
	for _, r := range b.Clocks {
		dated = dated || r.Source == "phc2sys" && r.At > 1_700_000_000_000_000_000
	}
	if !dated {
		t.Errorf("%+v", b.Clocks)
	}
}
