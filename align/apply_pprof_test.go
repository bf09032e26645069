package align

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

// TestProfileOracle lets the official parser read rewritten profiles.
func TestProfileOracle(t *testing.T) {
	dir := captures(t)
	files, err := filepath.Glob(dir + "/*/*/*/*.pb.gz")
	if err != nil || len(files) == 0 {
		t.Fatalf("no profiles: %v", err)
	}
	for _, file := range files[:min(25, len(files))] {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want, err := profile.ParseData(data)
		if err != nil {
			continue
		}
		out, s, m := rewriteBytes(t, "x.pb.gz", data, ApplyOptions{Labels: []string{"az", "host"}, Zones: map[string]string{"profile-host": "eu-1a"}}, syntheticModel)
		got, err := profile.ParseData(out)
		if err != nil {
			t.Errorf("%s: the official parser refuses the output: %v", file, err)
			continue
		}
		if got.TimeNanos != int64(expected(m, "profile-host", uint64(want.TimeNanos))) {
			t.Errorf("%s: time %d", file, got.TimeNanos)
		}
		if c := fmt.Sprintf("%s=%d", originalTime, want.TimeNanos); !strings.Contains(strings.Join(got.Comments, "\n"), c) {
			t.Errorf("%s: comments %q lack %s", file, got.Comments, c)
		}
		for _, sample := range got.Sample {
			if sample.Label["az"][0] != "eu-1a" || sample.Label["host"][0] != "profile-host" {
				t.Fatalf("%s: labels %v", file, sample.Label)
			}
			delete(sample.Label, "az")
			delete(sample.Label, "host")
		}
		if s.Receipt.SamplesLabeled != len(want.Sample) {
			t.Errorf("%s: %d of %d samples labelled", file, s.Receipt.SamplesLabeled, len(want.Sample))
		}
		got.TimeNanos, got.Comments = want.TimeNanos, want.Comments
		if want.String() != got.String() {
			t.Errorf("%s: the profile differs in more than time, comments and labels", file)
		}
	}
}
