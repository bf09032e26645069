package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// manifestName is the file that says, beside captures, what they are captures of:
//
//	version: 1
//	from_path: '(?P<service>[a-z]+)-(?P<instance>\d+)/'
//	captures:
//	  - match: profiles/portal-0/**
//	    host: ip-10-0-1-7
//	    az: us-east-1a
//	    at: 2026-11-20T10:51:33Z
//
// The file may also configure witnessmark (package internal/config); those keys are known here and left alone.
//
// Globs and the regular expression see the path below the manifest's folder. For each attribute the
// first capture that matches and names it counts. Of several manifests on the way up, the nearest alone
// is read. Where a file or folder inside a capture is given, the manifest may lie in any folder that its
// path names: see ceiling.
const manifestName = "witnessmark.yaml"

// maxManifestBytes bounds a file that is written by hand.
const maxManifestBytes = 4 << 20

// manifest is a manifest that was read.
type manifest struct {
	dir      string // its folder, as a file system path
	shown    string // the path as given, with forward slashes
	captures []IdentityRule
	fromPath *regexp.Regexp
}

// manifestFile is the form of the file.
type manifestFile struct {
	Version  int               `yaml:"version"`
	FromPath string            `yaml:"from_path"`
	Captures []manifestCapture `yaml:"captures"`

	// Of the configuration, whose reader says what is wrong with them.
	FailOn          any `yaml:"fail_on"`
	Only            any `yaml:"only"`
	Skip            any `yaml:"skip"`
	RequireLabels   any `yaml:"require_labels"`
	AllowIncomplete any `yaml:"allow_incomplete"`
	Baseline        any `yaml:"baseline"`
	Rules           any `yaml:"rules"`
	Suppress        any `yaml:"suppress"`
}

type manifestCapture struct {
	Match    string `yaml:"match"`
	Service  string `yaml:"service"`
	Instance string `yaml:"instance"`
	Host     string `yaml:"host"`
	AZ       string `yaml:"az"`
	Domain   string `yaml:"domain"`
	At       string `yaml:"at"`
}

// readManifest reads the manifest of a folder. Without one it returns nil and no error.
func readManifest(dir string) (*manifest, error) {
	path := filepath.Join(dir, manifestName)
	shown := filepath.ToSlash(path)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil, nil
	}
	if err != nil {
		// The folder itself cannot be looked at; whoever walks it says so.
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shown, cause(err))
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxManifestBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shown, cause(err))
	}
	if len(text) > maxManifestBytes {
		return nil, fmt.Errorf("%s: longer than %s", shown, sizeText(maxManifestBytes))
	}
	m, err := parseManifest(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shown, err)
	}
	m.dir, m.shown = dir, shown
	return m, nil
}

func parseManifest(text []byte) (*manifest, error) {
	var file manifestFile
	err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&file)
	if err != nil && err != io.EOF {
		// The library's text has the line and a caret under the place.
		return nil, err
	}
	if file.Version != 0 && file.Version != 1 {
		return nil, fmt.Errorf("version %d: this release reads version 1", file.Version)
	}
	m := &manifest{}
	for i, c := range file.Captures {
		r := IdentityRule{
			Glob: c.Match, Service: c.Service, Instance: c.Instance, Host: c.Host, AZ: c.AZ,
			Domain: c.Domain, At: c.At,
		}
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("capture %d of captures: %w", i+1, err)
		}
		m.captures = append(m.captures, r)
	}
	if file.FromPath == "" {
		return m, nil
	}
	if m.fromPath, err = regexp.Compile(file.FromPath); err != nil {
		return nil, fmt.Errorf("from_path: %w", err)
	}
	groups := []string{"service", "instance", "host", "az"}
	named := false
	for _, name := range m.fromPath.SubexpNames() {
		if name != "" && !slices.Contains(groups, name) {
			return nil, fmt.Errorf("from_path: unknown group %q, want one of %s", name, strings.Join(groups, ", "))
		}
		named = named || name != ""
	}
	if !named {
		return nil, fmt.Errorf("from_path: no named group, want one of %s, written as (?P<host>…)", strings.Join(groups, ", "))
	}
	return m, nil
}

// relative returns an artifact's path below the manifest's folder. file is the file that holds it.
func (m *manifest) relative(path, file string) string {
	rel, err := filepath.Rel(m.dir, file)
	if err != nil {
		return path
	}
	name := filepath.ToSlash(rel)
	// A member's name follows the archive's.
	if given := filepath.ToSlash(file); strings.HasPrefix(path, given+"!") {
		return name + path[len(given):]
	}
	if i := strings.LastIndex(path, filepath.Base(file)+"!"); i >= 0 {
		return name + path[i+len(filepath.Base(file)):]
	}
	return name
}

// guess reads the identity out of a path.
func (m *manifest) guess(path string) Identity {
	var id Identity
	if m.fromPath == nil {
		return id
	}
	match := m.fromPath.FindStringSubmatch(path)
	for i, name := range m.fromPath.SubexpNames() {
		if field := id.field(name); match != nil && field != nil && match[i] != "" {
			*field = Attr{Value: match[i], From: "path"}
		}
	}
	return id
}
