package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestNearest(t *testing.T) {
	names := []string{"examine", "explain", "inspect", "orphan-span", "WM4001", "WM4002"}
	for _, c := range []struct{ word, want string }{
		{"exmaine", "examine"},
		{"EXAMINE", "examine"},
		{"inspct", "inspect"},
		{"orphan-spans", "orphan-span"},
		{"orphans-spam", "orphan-span"},
		{"wm4002", "WM4002"},
		{"WM402", "WM4002"},
		{"xy", ""},
		{"", ""},
		{"something-else", ""},
	} {
		if got := nearest(c.word, names); got != c.want {
			t.Errorf("nearest(%q) = %q, want %q", c.word, got, c.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "abd", 1},
		{"abc", "ab", 1}, {"kitten", "sitting", 3}, {"prüfen", "prufen", 1},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestNearestFile(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("dumps/checkout", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("dumps/checkout/cpu.pb.gz", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	abs := filepath.ToSlash(here)
	for _, c := range []struct{ path, want string }{
		{"dump", "dumps"},
		{"./dump/", "dumps"},
		{"dumps/chekout", "dumps/checkout"},
		{"dumps/chekout/cpu.pb.gz", "dumps/checkout/cpu.pb.gz"},
		{"dumps/chekout/other", "dumps/checkout"},
		{"dumps/checkout/cpu.pb", "dumps/checkout/cpu.pb.gz"},
		{abs + "/dmups", abs + "/dumps"},
		{"nothing-like-it", ""},
		{"dumps/checkout/cpu.pb.gz/member", ""},
		{"dumps", ""},
	} {
		if got := nearestFile(c.path); got != c.want {
			t.Errorf("nearestFile(%q) = %q, want %q", c.path, got, c.want)
		}
	}
}
