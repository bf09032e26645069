package report

import "testing"

func TestLength(t *testing.T) {
	for ns, want := range map[uint64]string{
		0: "0ns", 43_214_999: "43.21ms", 9_999e9: "9999s", 10_000e9: "2h46m", 47*3600e9 + 61e9: "47h1m", 48 * 3600e9: "2.0d",
		311_944_264e9: "3610.5d",
	} {
		if got := length(ns); got != want {
			t.Errorf("length(%d) = %q, want %q", ns, got, want)
		}
	}
}
