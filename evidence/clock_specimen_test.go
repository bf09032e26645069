package evidence

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const clockSpecimenDir = "../testdata/specimens/clock"

// TestChronySpecimens holds what chronyd 4.3 wrote about a clock whose error is known against that error:
// testdata/programs/chrony.
func TestChronySpecimens(t *testing.T) {
	var truth struct {
		Offset int64 `json:"offset_ns"`
		From   int64 `json:"from_unix_ns"`
		To     int64 `json:"to_unix_ns"`
	}
	text, err := os.ReadFile(filepath.Join(clockSpecimenDir, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &truth); err != nil {
		t.Fatal(err)
	}
	b, err := Load([]string{clockSpecimenDir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	bounded := map[string]int{}
	for i := range b.Clocks {
		r := &b.Clocks[i]
		name := filepath.Base(b.Artifacts[r.Ref.Artifact].Path)
		if !r.Bounded() {
			continue
		}
		bounded[name]++
		if miss := r.Offset - truth.Offset; miss > r.Error || miss < -r.Error {
			t.Errorf("%s: %d ± %d, the true offset is %d", name, r.Offset, r.Error, truth.Offset)
		}
		if strings.HasSuffix(name, ".txt") && (r.At > truth.From || r.Until < truth.To) {
			t.Errorf("%s: between %d and %d, and was asked between %d and %d", name, r.At, r.Until, truth.From, truth.To)
		}
	}
	if len(bounded) != 3 || bounded["tracking.txt"] != 1 || bounded["tracking-c.txt"] != 1 || bounded["tracking.log"] < 10 {
		t.Errorf("readings with a bound: %v", bounded)
	}
	for _, a := range b.Artifacts {
		if name := filepath.Base(a.Path); name != "truth.json" && (a.Status != StatusOK || a.Clock == nil || a.Clock.Rows() == 0) {
			t.Errorf("%s: %s %s, losses %v", name, a.Format, a.Status, a.Losses)
		}
	}
}

// TestChronySpecimensCut cuts every file of chronyc and chronyd at every byte of its last part: what is
// read is what the whole holds at the same place.
func TestChronySpecimensCut(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(clockSpecimenDir, "*.*"))
	if err != nil || len(files) == 0 {
		t.Fatal("no specimens")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		bundle, whole := loadText(t, "x", string(text))
		if whole.Clock == nil {
			continue
		}
		for n := max(1, len(text)-1500); n < len(text); n++ {
			b, a := loadText(t, "x", string(text[:n]))
			for _, r := range b.Clocks {
				same := slices.ContainsFunc(bundle.Clocks, func(w ClockReading) bool { r.Ref.Len = w.Ref.Len; return w == r })
				if !same {
					t.Fatalf("%s cut at %d: %+v is not of the whole", file, n, r)
				}
			}
			if strings.Count(fmt.Sprint(a.Losses), "ends inside") > 1 {
				t.Errorf("%s cut at %d: %v", file, n, a.Losses)
			}
		}
	}
}

// TestTieClocks: a file that is called after a host is of that host, by the longest name, and not where
// two clocks have the name.
func TestTieClocks(t *testing.T) {
	span := func(attrs string) string {
		return `{"resourceSpans":[{"resource":{"attributes":[` + attrs + `]},"scopeSpans":[{"spans":[{"traceId":"66e865a27c5f6ea7798a64409f5480db","spanId":"1360513fd2b3fce1","name":"a","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}` + "\n"
	}
	attr := func(k, v string) string { return fmt.Sprintf(`{"key":%q,"value":{"stringValue":%q}}`, k, v) }
	tracking, err := os.ReadFile(filepath.Join(clockSpecimenDir, "tracking.txt"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"spans.jsonl": span(attr("service.name", "a")+","+attr("host.name", "n1.ec2.internal")+","+attr("host.id", "i-1")) +
			span(attr("service.name", "b")+","+attr("host.name", "n1")+","+attr("host.id", "i-2")) +
			span(attr("service.name", "c")+","+attr("host.name", "twin")+","+attr("host.id", "i-3")) +
			span(attr("service.name", "d")+","+attr("host.name", "twin")+","+attr("host.id", "i-4")),
		"n1.ec2.internal.1.tracking.txt": string(tracking), "n1.tracking.txt": string(tracking), "n10.tracking.txt": string(tracking),
		"twin.tracking.txt": string(tracking), "i-2": string(tracking),
		"log.csv": "host,time,offset,error\nn1.ec2.internal,1795171893,0,1\nother,1795171893,0,1\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rule := IdentityRule{Glob: "n10*", Host: "n1"}
	b, err := Load([]string{dir}, Options{Identity: []IdentityRule{rule}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range b.Clocks {
		got[filepath.Base(b.Artifacts[r.Ref.Artifact].Path)] += r.Host + "=" + r.Domain + " "
	}
	for name, want := range map[string]string{
		"n1.ec2.internal.1.tracking.txt": "n1.ec2.internal=i-1 ", "n1.tracking.txt": "n1=i-2 ", "n10.tracking.txt": "n1=i-2 ",
		"twin.tracking.txt": "= ", "i-2": "n1=i-2 ", "log.csv": "n1.ec2.internal=i-1 other=other ",
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
}

// TestClockAt: the time that the user states replaces the one that a report lacks.
func TestClockAt(t *testing.T) {
	tracking, err := os.ReadFile(filepath.Join(clockSpecimenDir, "tracking-c.txt"))
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Identity: []IdentityRule{{Glob: "x", At: "2026-11-24T12:49:10Z"}}}
	b := LoadReader("x", strings.NewReader(string(tracking)), o)
	if r := b.Clocks[0]; r.At != 1795524550000000000 || r.Until != r.At || r.Basis != ClockStated || r.Error >= 1e6 {
		t.Errorf("%+v", r)
	}
}

// FuzzClock reads any bytes as clock evidence: no panic, every Ref in its artifact, and no bound below 0.
func FuzzClock(f *testing.F) {
	for _, s := range clockSpecimens {
		f.Add([]byte(s.text))
	}
	files, _ := filepath.Glob(filepath.Join(clockSpecimenDir, "*.*"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text[:min(len(text), 4<<10)])
	}
	f.Fuzz(func(t *testing.T, x []byte) {
		b := LoadReader("x", strings.NewReader(string(x)), Options{MaxDecoded: 1 << 20})
		for i := range b.Clocks {
			r := &b.Clocks[i]
			a := b.Artifacts[r.Ref.Artifact]
			if r.Ref.Off < 0 || r.Ref.Len < 0 || r.Ref.Off+r.Ref.Len > a.DecodedBytes {
				t.Errorf("%s: %v is outside of its %d bytes", a.Format, r.Ref, a.DecodedBytes)
			}
			if r.Bounded() && (r.Error < 0 || r.At <= 0 || r.Until < r.At) {
				t.Errorf("%s: %+v", a.Format, r)
			}
		}
	})
}
