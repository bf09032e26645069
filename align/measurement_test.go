package align

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTwinReports: one report as text and as CSV is one measurement; if the two contradict each other, nothing is
// averaged.
func TestTwinReports(t *testing.T) {
	files := map[string]string{}
	for _, name := range []string{"tracking.txt", "tracking-c.txt"} {
		text, err := os.ReadFile(filepath.Join("..", "testdata", "specimens", "clock", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	for name, some := range map[string]map[string]string{
		"text": {"tracking.txt": files["tracking.txt"]}, "csv": {"tracking-c.txt": files["tracking-c.txt"]}, "both": files,
	} {
		m := solveText(t, some)
		d := m.Domain("n1")
		if d == nil || d.Evidence[ClassReading.String()] != 1 || len(m.Conflicts) != 0 {
			t.Fatalf("%s: %+v, conflicts %+v", name, m.Domains, m.Conflicts)
		}
		p, _ := d.At(int64(d.Segments[0].Points[0].At), m.MaxDriftPPM)
		if !p.Hard.Contains(12_345_678) {
			t.Errorf("%s: %+v does not hold the true offset", name, p.Hard)
		}
	}
	files["tracking.txt"] = strings.Replace(files["tracking.txt"], "System time     : 0.0", "System time     : 5.0", 1)
	if m := solveText(t, files); len(m.Conflicts) == 0 {
		t.Errorf("no conflict: %+v", m.Domains)
	}
}

// TestMeasurements: readings of one domain are one measurement where they may have been made at one time.
func TestMeasurements(t *testing.T) {
	at := func(domain string, from, to, e int64) Reading {
		return Reading{Domain: domain, At: from + 10, Until: from + 20, Error: e, Measured: from, MeasuredUntil: to}
	}
	unknown := Reading{Domain: "a", At: 100, Until: 100, Error: 1}
	for name, c := range map[string]struct {
		in   []Reading
		want int
	}{
		"text and CSV":      {[]Reading{at("a", 1000, 2000, 5), at("a", 1500, 1500, 6)}, 1},
		"another host":      {[]Reading{at("a", 1000, 2000, 5), at("b", 1500, 1500, 6)}, 2},
		"the next update":   {[]Reading{at("a", 1000, 2000, 5), at("a", 3000, 3000, 6)}, 2},
		"two in one text":   {[]Reading{at("a", 1000, 3000, 5), at("a", 1500, 1500, 6), at("a", 2500, 2500, 6)}, 2},
		"nobody tells when": {[]Reading{unknown, {Domain: "a", At: 101, Until: 101, Error: 1}}, 2},
	} {
		if got := measurements(c.in); len(got) != c.want {
			t.Errorf("%s: %d of %d: %+v", name, len(got), len(c.in), got)
		}
	}
}
