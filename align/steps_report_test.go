package align

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/witnessmark/witnessmark/evidence"
)

// solveText solves what files say; all are of host n1 unless they say otherwise.
func solveText(t *testing.T, files map[string]string) *Model {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := evidence.Load([]string{dir}, evidence.Options{Identity: []evidence.IdentityRule{{Glob: "*", Host: "n1"}}})
	if err != nil {
		t.Fatal(err)
	}
	return solveBundle(b)
}

func solveBundle(b *evidence.Bundle) *Model {
	j := evidence.JoinSpans(b)
	refine := func(o StatOptions) *Statistic { return Collect(b, j, o) }
	return Solve(refine(StatOptions{}), refine, Options{})
}

var stepBase = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// trackingLog writes a row for every 64 seconds: the clock is off by offset, as chronyd found before it corrected it.
func trackingLog(offsets ...float64) string {
	text := "   Date (UTC) Time     IP Address   St   Freq ppm   Skew ppm     Offset L Co  Offset sd Rem. corr. Root delay Root disp. Max. error\n"
	for i, offset := range offsets {
		at := stepBase.Add(time.Duration(i) * 64 * time.Second)
		text += fmt.Sprintf("%s 192.0.2.10       2      1.500      0.010 %10.3e N  1  1.000e-06 0.000e+00  1.000e-03  5.000e-04  1.000e-03\n",
			at.Format("2006-01-02 15:04:05"), offset)
	}
	return text
}

// TestStepsWithoutCalls: a clock that only its daemon tells of is cut where it was set.
func TestStepsWithoutCalls(t *testing.T) {
	setAt := stepBase.Add(200 * time.Second)
	syslog := func(by string) string {
		return setAt.Format("2006-01-02T15:04:05.000000-07:00") + " n1 chronyd[1]: System clock was stepped by " + by + " seconds\n"
	}
	log := trackingLog(-0.5, -0.5, -0.5, -0.5, 0.0001, 0.0001, 0.0001)
	for _, c := range []struct {
		name           string
		files          map[string]string
		source         string
		steps          int
		least, most    time.Duration // of the size
		after, before  time.Time
		widest         time.Duration
		conflictsLeast int
	}{
		{name: "rows of a log", files: map[string]string{"tracking.log": log}, source: "chrony tracking.log", steps: 1,
			least: 500 * time.Millisecond, most: 501 * time.Millisecond, after: stepBase.Add(190 * time.Second), before: stepBase.Add(258 * time.Second), widest: 70 * time.Second},
		{name: "a line and rows", files: map[string]string{"tracking.log": log, "syslog": syslog("0.500100")}, source: "chrony tracking.log, chronyd log", steps: 1,
			least: 500 * time.Millisecond, most: 501 * time.Millisecond, after: setAt.Add(-2 * time.Second), before: setAt.Add(time.Second), widest: 2 * time.Second},
		{name: "a clock that runs", files: map[string]string{"tracking.log": trackingLog(0.001, 0.002, 0.003, 0.004)}},
		{name: "rows that jump all the time", files: map[string]string{"tracking.log": trackingLog(-0.5, 0.5, -0.5, 0.5, -0.5)}, conflictsLeast: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := solveText(t, c.files)
			d := m.Domain("n1")
			if d == nil || len(m.Conflicts) < c.conflictsLeast || c.conflictsLeast == 0 && len(m.Conflicts) > 0 {
				t.Fatalf("%+v, conflicts %+v", m.Domains, m.Conflicts)
			}
			if len(d.Steps) != c.steps {
				t.Fatalf("%d steps: %+v", len(d.Steps), d.Steps)
			}
			for _, s := range d.Steps {
				if s.Source != c.source || len(s.Evidence) != strings.Count(c.source, ",")+1 {
					t.Errorf("source %q, evidence %+v", s.Source, s.Evidence)
				}
				if s.Size < int64(c.least) || s.Size > int64(c.most) || !s.Bounds.Contains(500_100_000) {
					t.Errorf("size %d, bounds %+v", s.Size, s.Bounds)
				}
				if int64(s.After) < c.after.UnixNano() || int64(s.Before) > c.before.UnixNano() || s.Before-s.After > Instant(c.widest) {
					t.Errorf("between %d and %d", s.After, s.Before)
				}
				// The clock is known as well on both sides of the step.
				for at, want := range map[time.Duration]int64{64 * time.Second: -500e6, 300 * time.Second: 100_000} {
					p, _ := d.At(stepBase.Add(at).UnixNano(), m.MaxDriftPPM)
					if !p.Hard.Contains(want) || p.Hard.Width() > int64(100*time.Millisecond) || math.Abs(float64(p.Offset-want)) > 5e6 {
						t.Errorf("at %s: %+v, want %d", at, p, want)
					}
				}
			}
		})
	}
}

// snapshots makes the bundle of one process's execution trace.
func snapshots(pairs ...[2]int64) *evidence.Bundle {
	b := evidence.LoadReader("exec.trace", strings.NewReader(""), evidence.Options{})
	for i, p := range pairs {
		b.Clocks = append(b.Clocks, evidence.ClockReading{Ref: evidence.Ref{Off: int64(i)}, Domain: "n1", Source: "execution trace",
			Kind: evidence.ClockSnapshot, Wall: p[0], Mono: p[1], At: p[0], Until: p[0]})
	}
	return b
}

// TestSnapshotSteps: the wall clock was set where its distance to the monotonic clock changed and stayed so.
func TestSnapshotSteps(t *testing.T) {
	base, boot := stepBase.UnixNano(), int64(time.Hour)
	at := func(second, set int64) [2]int64 { return [2]int64{base + second*billion + set, boot + second*billion} }
	for _, c := range []struct {
		name string
		b    *evidence.Bundle
		want []int64
	}{
		{"steady", snapshots(at(0, 0), at(1, 20_000), at(2, 40_000), at(3, 60_000)), nil}, // 20 ppm
		{"set back", snapshots(at(0, 0), at(1, 0), at(2, -27e6), at(3, -27e6)), []int64{-27e6}},
		{"set in the last", snapshots(at(0, 0), at(1, 0), at(2, 80e6)), []int64{80e6}},
		{"set or slept in the last", snapshots(at(0, 0), at(1, 0), at(2, 5e6)), nil},
		{"slept in the first", snapshots(at(0, 5e6), at(1, 0), at(2, 0)), nil},
		{"a thread that slept", snapshots(at(0, 0), at(1, 9e6), at(2, 0), at(3, 0)), nil},
		{"two boots", snapshots([2]int64{base, boot}, [2]int64{base + 2*boot, billion}, [2]int64{base + 2*boot + billion, 2 * billion}), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := Collect(c.b, evidence.JoinSpans(c.b), StatOptions{})
			var got []int64
			for _, r := range s.StepReports() {
				got = append(got, r.Size)
				if r.Before-r.After < 900e6 || r.Before-r.After > 1100e6 {
					t.Errorf("%+v", r)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
			if m := solveBundle(c.b); len(c.want) > 0 && (len(m.Domains) != 1 || len(m.Domains[0].Steps) != 1 || m.Domains[0].Steps[0].Source != "execution trace") {
				t.Errorf("%+v", m.Domains)
			}
		})
	}
}

// TestProcessSteps: spans of one process that began before their parents tell of a clock that was set back, if all
// did around one instant.
func TestProcessSteps(t *testing.T) {
	span := func(trace, id, parent int, at time.Duration, length time.Duration) string {
		from := stepBase.Add(at).UnixNano()
		return fmt.Sprintf(`{"traceId":"%032x","spanId":"%016x","parentSpanId":"%016x","kind":1,"name":"a","startTimeUnixNano":"%d","endTimeUnixNano":"%d"}`,
			trace, id, parent, from, from+int64(length))
	}
	file := func(spans ...string) map[string]string {
		return map[string]string{"x.jsonl": `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}},{"key":"host.name","value":{"stringValue":"n1"}}]},"scopeSpans":[{"spans":[` +
			strings.Join(spans, ",") + `]}]}]}` + "\n"}
	}
	var set, given []string
	for i := range 4 {
		at := time.Duration(i)*20*time.Millisecond + 1234567*time.Nanosecond // not of a clock of whole seconds
		// The clock is set back by 300 ms when it shows 10.1 s: three parents began before, their children behind.
		set = append(set, strings.Replace(span(i+1, 1, 0, 10*time.Second+at, 200*time.Millisecond), `"parentSpanId":"0000000000000000",`, "", 1),
			span(i+1, 2, 1, 10*time.Second-180*time.Millisecond+at, 50*time.Millisecond))
		given = append(given, strings.Replace(span(i+1, 1, 0, time.Duration(i)*10*time.Second+at, time.Second), `"parentSpanId":"0000000000000000",`, "", 1),
			span(i+1, 2, 1, time.Duration(i)*10*time.Second+at-200*time.Millisecond, 50*time.Millisecond))
	}
	m := solveText(t, file(set...))
	if d := m.Domain("n1"); d == nil || len(d.Steps) != 1 || d.Steps[0].Source != "spans of one process" || d.Steps[0].Bounds.High > -180e6 ||
		len(d.Steps[0].Evidence) != 4 {
		t.Errorf("%+v", m.Domains)
	}
	m = solveText(t, file(given...))
	if d := m.Domain("n1"); d == nil || len(d.Steps) != 0 {
		t.Errorf("explicit times: %+v", m.Domains)
	}
}
