package evidence

import (
	"bytes"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
)

// TestMemStats compares the tail of a heap profile with what the runtime says of itself, before the ring of
// pauses is full and after.
func TestMemStats(t *testing.T) {
	for _, collections := range []int{3, 300} {
		for range collections {
			runtime.GC()
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var text bytes.Buffer
		if err := pprof.Lookup("heap").WriteTo(&text, 1); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if before.NumGC != after.NumGC {
			t.Skip("a collection came in between")
		}
		m := LoadReader("heap.txt", &text, Options{}).Artifacts[0].Profile.Memory
		if m == nil {
			t.Fatal("the tail was not read")
		}
		last := (before.NumGC + 255) % 256
		n := len(m.Pauses)
		if m.NumGC != uint64(before.NumGC) || m.NumForcedGC != uint64(before.NumForcedGC) || m.LastGC != before.LastGC || n != int(min(before.NumGC, 256)) {
			t.Fatalf("%d collections, %d forced, %d pauses, last at %d; want %d, %d, last at %d", m.NumGC, m.NumForcedGC, n, m.LastGC,
				before.NumGC, before.NumForcedGC, before.LastGC)
		}
		if m.Pauses[n-1] != before.PauseNs[last] || m.Ends[n-1] != before.PauseEnd[last] || m.HeapAlloc == 0 || m.NextGC != before.NextGC {
			t.Errorf("last pause %d ended at %d, want %d and %d", m.Pauses[n-1], m.Ends[n-1], before.PauseNs[last], before.PauseEnd[last])
		}
		for i := 1; i < n; i++ {
			if m.Ends[i] < m.Ends[i-1] {
				t.Fatalf("pause %d of %d ended before the one in front of it", i, n)
			}
		}
	}
}

func TestMemStatsDamaged(t *testing.T) {
	const head = "heap profile: 0: 0 [0: 0] @ heap/1048576\n\n# runtime.MemStats\n"
	for name, tail := range map[string]string{
		"short ring": "# PauseNs = [1 2]\n# NumGC = 2\n# DebugGC = false\n",
		"no number":  "# PauseNs = [" + strings.Repeat("x ", 256) + "]\n# NumGC = 2\n# DebugGC = false\n",
		"cut":        "# PauseNs = [1 2",
		"huge":       "# NumGC = 18446744073709551616\n# GCCPUFraction = NaN\n# DebugGC = false\n",
	} {
		p := LoadReader("heap.txt", strings.NewReader(head+tail), Options{}).Artifacts[0].Profile
		if p == nil {
			t.Fatalf("%s: not read", name)
		}
		if m := p.Memory; m != nil && (len(m.Pauses) != 0 || m.GCCPUFraction != 0) {
			t.Errorf("%s: %+v", name, *m)
		}
	}
}
