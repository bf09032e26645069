package goruntime

import (
	"strings"
	"testing"
)

func TestByStartLine(t *testing.T) {
	rows := []struct {
		function string
		line     int64
		min, max int
		text     string
	}{
		{"runtime.gopark", 364, 20, 20, "go1.20 to go1.20.14"},
		{"runtime.gopark", 457, 27, 27, "go1.27.0 to go1.27.4"},
		{"runtime.main", 147, 23, 24, "go1.23.0 to go1.24.13"},
		{"net/http.(*conn).serve", 1887, 26, 26, "go1.26.8"},
		{"net/http.(*conn).serve", 1937, 23, 24, "go1.23.0 to go1.24.13"},
		{"sync.(*WaitGroup).Wait", 91, 20, 22, "go1.20 to go1.22.12"},
	}
	for _, r := range rows {
		got, ok := ByStartLine(r.function, r.line)
		if want := (Releases{r.min, r.max, r.text}); !ok || got != want {
			t.Errorf("ByStartLine(%s, %d) = %+v, %v, want %+v", r.function, r.line, got, ok, want)
		}
	}
	for _, r := range []struct {
		function string
		line     int64
	}{{"runtime.gopark", 1}, {"runtime.gopark", 0}, {"runtime.gopark", -364}, {"main.main", 364}} {
		if got, ok := ByStartLine(r.function, r.line); ok {
			t.Errorf("ByStartLine(%s, %d) = %+v, want none", r.function, r.line, got)
		}
	}
}

// TestByCallLine checks lines that dumps of programs built with these releases show.
func TestByCallLine(t *testing.T) {
	rows := []struct {
		function string
		line     int64
		minor    int
	}{
		{"runtime.gopark", 474, 27}, {"runtime.main", 302, 27}, {"runtime.main", 250, 20}, {"runtime.main", 271, 22},
	}
	for _, r := range rows {
		if got, ok := ByCallLine(r.function, r.line); !ok || got.Min != r.minor || got.Max != r.minor {
			t.Errorf("ByCallLine(%s, %d) = %+v, %v, want go1.%d", r.function, r.line, got, ok, r.minor)
		}
	}
	if got, ok := ByCallLine("runtime.schedule", 0); ok {
		t.Errorf("line 0 of a function without a call line fits %+v", got)
	}
}

// TestTable checks what the lookups rely on: releases ascend, and gopark alone tells every minor version.
func TestTable(t *testing.T) {
	for _, f := range lineTable {
		if len(f.entries) == 0 || !strings.HasSuffix(f.file, ".go") {
			t.Errorf("%s: %d entries from %q", f.name, len(f.entries), f.file)
		}
		for i, e := range f.entries {
			if i > 0 && e.minor < f.entries[i-1].minor {
				t.Errorf("%s: go%s stands after go%s", f.name, e.first, f.entries[i-1].first)
			}
			if e.start <= 0 || e.call < 0 || e.call != 0 && e.call <= e.start {
				t.Errorf("%s, go%s: starts at %d, calls at %d", f.name, e.first, e.start, e.call)
			}
		}
	}
	seen := map[int]bool{}
	for _, e := range lineTable[0].entries {
		r, ok := ByStartLine("runtime.gopark", int64(e.start))
		if !ok || r.Min != r.Max || r.Min != e.minor {
			t.Errorf("gopark at line %d of go%s reads as %+v, %v", e.start, e.first, r, ok)
		}
		seen[e.minor] = true
	}
	for minor := 20; minor <= 27; minor++ {
		if !seen[minor] {
			t.Errorf("gopark of go1.%d is not in the table", minor)
		}
	}
}
