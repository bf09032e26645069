package labels

import (
	"path/filepath"
	"testing"

	"github.com/witnessmark/witnessmark/evidence"
)

// TestClassify: the classes of a profile's samples add up to what label-missing measures.
func TestClassify(t *testing.T) {
	const key = "tenant"
	var profiles, labelled, lost, unlabelable int
	for _, release := range releases {
		b := load(t, filepath.Join(specimens, release))
		res := run(t, []string{key}, filepath.Join(specimens, release))
		coverage := measured(res, "label.coverage", "artifact")
		without := measured(res, "label.unlabelled", "artifact")
		for _, a := range b.Artifacts {
			if a.Profile == nil {
				continue
			}
			profiles++
			sums := map[Class]int64{}
			class := Classify(a.Profile, []string{key})
			for s := range a.Profile.Samples() {
				sums[class(s)] += primary(a.Profile, s)
			}
			if _, judged := coverage[a.Path]; !judged {
				if sums[Labelled]+sums[Lost] != 0 {
					t.Errorf("%s: %d labelled and %d lost, but label-missing does not judge it", a.Path, sums[Labelled], sums[Lost])
				}
				continue
			}
			if got, want := float64(sums[Lost]), without[a.Path]; got != want {
				t.Errorf("%s: %v lost, label-missing measures %v", a.Path, got, want)
			}
			if got, want := float64(sums[Labelled])/float64(sums[Labelled]+sums[Lost]), coverage[a.Path]; got != want {
				t.Errorf("%s: %v of the labelable value is labelled, label-missing measures %v", a.Path, got, want)
			}
			labelled, lost, unlabelable = labelled+int(sums[Labelled]), lost+int(sums[Lost]), unlabelable+int(sums[Unlabelable])
		}
	}
	if profiles == 0 || labelled == 0 || lost == 0 || unlabelable == 0 {
		t.Errorf("%d profiles, %d labelled, %d lost, %d unlabelable: the test looked at nothing", profiles, labelled, lost, unlabelable)
	}
}

// TestClassifyAnyLabel: without a required key, any label will do.
func TestClassifyAnyLabel(t *testing.T) {
	b := load(t, filepath.Join(specimens, releases[0]))
	for _, a := range b.Artifacts {
		if a.Profile == nil || a.Profile.Kind != evidence.KindGoroutine || a.Profile.Text {
			continue
		}
		class := Classify(a.Profile, nil)
		for s := range a.Profile.Samples() {
			if c := class(s); (c == Labelled) != (len(s.Labels) > 0 && c != Unlabelable) {
				t.Errorf("%s: a sample with %d labels is %d", a.Path, len(s.Labels), c)
			}
		}
	}
}
