package clocksim

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/evidence"
)

// What align collects from the exported traces must be the calls that the scene hands out itself.
func TestExportHoldsTheSameCalls(t *testing.T) {
	for _, name := range []string{"multi-svc", "late-all", "async30", "partial", "dup-host"} {
		s := scene(t, name, 6, nil)
		var all []byte // messages one after the other are one message
		for m := range s.Machines {
			part, err := s.OTLP(m)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, part...)
		}
		b := evidence.LoadReader("scene.pb", bytes.NewReader(all), evidence.Options{})
		stat := align.Collect(b, evidence.JoinSpans(b), align.StatOptions{})

		want, got := map[align.EdgeKey]int64{}, map[align.EdgeKey]int64{}
		for i := range s.Calls {
			k, _ := s.Call(i)
			want[k]++
		}
		for _, k := range stat.Keys() {
			got[k] = stat.Edge(k).Calls()
		}
		if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
			t.Errorf("%s: calls per edge (-scene +export):\n%s", name, diff)
		}
		if az := stat.Domains["host-001"].AZ; az != s.Machines[1].Zone {
			t.Errorf("%s: zone of host-001 is %q, want %q", name, az, s.Machines[1].Zone)
		}
	}
}
