package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestRelease: .goreleaser.yaml is valid by goreleaser's own schema, and what it ships is what the command manual and the
// tree have. That a release comes out is what make release-check tries.
func TestRelease(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	schema := schemaOf(t, "goreleaser")
	if err := validateYAML(t, schema, string(text)); err != nil {
		t.Error(err)
	}
	if validateYAML(t, schema, strings.Replace(string(text), "mod_timestamp:", "mod_timestmap:", 1)) == nil {
		t.Error("the schema accepts mod_timestmap")
	}
	type file struct {
		Source   string `yaml:"src"`
		Packager string `yaml:"packager"`
	}
	var c struct {
		Archives []struct {
			Files []file `yaml:"files"`
		} `yaml:"archives"`
		Packages []struct {
			Contents []file `yaml:"contents"`
		} `yaml:"nfpms"`
	}
	if err := yaml.Unmarshal(text, &c); err != nil || len(c.Archives) != 1 || len(c.Packages) != 1 {
		t.Fatal(err, c)
	}
	man, completions := makeManual(t, "1700000000")
	made := func(pattern string) []string {
		pattern = strings.NewReplacer("bin/man", man, "bin/completions", completions).Replace(pattern)
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(root, pattern)
		}
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	shipped := map[string][]string{}
	for name, list := range map[string][]file{"archives": c.Archives[0].Files, "packages": c.Packages[0].Contents} {
		for _, f := range list {
			files := made(f.Source)
			if len(files) == 0 {
				t.Errorf("%s: nothing is called %s", name, f.Source)
			}
			shipped[name] = append(shipped[name], files...)
		}
		for _, want := range []string{"LICENSE", "bin/man/witnessmark.1", "bin/man/witnessmark-align-apply.1", "bin/completions/witnessmark.bash",
			"bin/completions/_witnessmark", "bin/completions/witnessmark.fish"} {
			if !slices.Contains(shipped[name], made(want)[0]) {
				t.Errorf("%s lack %s", name, want)
			}
		}
	}
}
