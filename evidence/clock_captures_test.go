package evidence

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// chronyTruth is what truth.json says about the samples of chronyc.
type chronyTruth struct {
	Chrony []struct {
		Host   string `json:"host"`
		Sample int    `json:"sample"`
		At     int64  `json:"at_unix_ns"`
		Offset int64  `json:"true_offset_ns"`
	} `json:"chrony"`
}

// TestChronyCaptures holds every reading against the true error of the host's clock when it was taken:
// the offset lies within the bound, and the instant within the interval.
func TestChronyCaptures(t *testing.T) {
	truths, _ := filepath.Glob(filepath.Join(sharedCaptures, "*", "truth.json"))
	if len(truths) == 0 {
		t.Skip("no captures to compare")
	}
	readings := 0
	for _, path := range truths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var truth chronyTruth
		if err := json.Unmarshal(text, &truth); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, s := range truth.Chrony {
			for _, form := range []string{"tracking.txt", "tracking-c.txt"} {
				file := filepath.Join(filepath.Dir(path), "chrony", fmt.Sprintf("%s.%d.%s", s.Host, s.Sample, form))
				b, err := Load([]string{file}, Options{})
				if err != nil {
					t.Fatal(err)
				}
				if len(b.Clocks) != 1 || !b.Clocks[0].Bounded() {
					t.Errorf("%s: readings %+v, want one with a bound", file, b.Clocks)
					continue
				}
				r := b.Clocks[0]
				readings++
				if miss := s.Offset - r.Offset; miss > r.Error || miss < -r.Error {
					t.Errorf("%s: offset %d ± %d, the true one is %d", file, r.Offset, r.Error, s.Offset)
				}
				// The commands of one sample ran one after the other, within 0.2 s of the time stated; the
				// clock itself showed the true time plus its error.
				if local := s.At + s.Offset; local < r.At-2e8 || local > r.Until+2e8 {
					t.Errorf("%s: between %d and %d, and was taken at %d", file, r.At, r.Until, local)
				}
				if math.Abs(r.RatePPM) > 200 || math.Signbit(r.RatePPM) != strings.Contains(trackingText(t, file), "ppm slow") {
					t.Errorf("%s: rate %g ppm", file, r.RatePPM)
				}
			}
		}
	}
	t.Logf("%d readings", readings)
	if readings == 0 {
		t.Error("no capture has a sample of chronyc")
	}
}

// trackingText returns the text form of a sample of either form.
func trackingText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(strings.Replace(file, "tracking-c.txt", "tracking.txt", 1))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestChronyNoBound: what nothing disciplines, or what follows itself, bounds nothing.
func TestChronyNoBound(t *testing.T) {
	if _, err := os.Stat(filepath.Join(sharedCaptures, "chrony-extra")); err != nil {
		t.Skip("no captures to compare")
	}
	b, err := Load([]string{filepath.Join(sharedCaptures, "chrony-extra")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	unsynchronised, bounded := map[string]bool{}, map[string]bool{}
	for i := range b.Clocks {
		r := &b.Clocks[i]
		name, _, _ := strings.Cut(filepath.Base(b.Artifacts[r.Ref.Artifact].Path), ".")
		switch {
		case r.Kind == ClockUnsynchronised:
			unsynchronised[name] = true
		case r.Bounded():
			bounded[name] = true
		case r.Kind == ClockOffset:
			t.Errorf("%s: an offset without a bound: %+v", name, r)
		}
	}
	for _, name := range []string{"local-clock", "no-sources", "noisy", "unreachable"} {
		if !unsynchronised[name] || bounded[name] {
			t.Errorf("%s: unsynchronised %v, bounded %v", name, unsynchronised[name], bounded[name])
		}
	}
	// The one that lies is marked x by chronyd and left out of what tracking reports.
	for _, name := range []string{"liar", "handmade-far", "handmade-leap"} {
		if unsynchronised[name] || !bounded[name] {
			t.Errorf("%s: unsynchronised %v, bounded %v", name, unsynchronised[name], bounded[name])
		}
	}
	if unsynchronised["no-daemon"] || bounded["no-daemon"] {
		t.Error("the answer of no daemon became a row")
	}
	for i := range b.Clocks {
		if r := &b.Clocks[i]; r.Kind == ClockSource && r.Bounded() {
			t.Errorf("a source became a reading: %+v", r)
		}
	}
}
