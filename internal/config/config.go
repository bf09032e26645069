// Package config reads witnessmark.yaml: bytes go in, settings with their origins come out. It finds no files,
// reads no clock, and refuses what it does not know, with the place and what is known.
//
// The file is also the manifest that says what captures are of (package evidence); the keys captures and from_path
// are left to that reader, which in turn leaves these to this one.
package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/witnessmark/witnessmark/analyze"
)

// Name of the file.
const Name = "witnessmark.yaml"

// Config is a file that was read. The zero value sets nothing.
type Config struct {
	FailOn                    string
	Only, Skip, RequireLabels []string
	AllowIncomplete           bool
	Baseline                  string // as written: relative to the file's folder
	Suppress                  []Suppression
	Severity                  map[string]analyze.Severity // by id of check
	Disabled                  map[string]bool             // by id of check
	params                    map[string]float64
	origins                   map[string]int // line of each setting, by its name
	file                      string
}

// Suppression accepts findings of one check.
type Suppression struct {
	Rule    string // id
	Match   map[string]string
	Reason  string
	Expires string // YYYY-MM-DD, "" for never
	Line    int
}

// Mistake is an error at a place of the file.
type Mistake struct {
	File         string
	Line, Column int
	Text         string
	// Word is what is wrong, and Known what could stand there; empty where that is no list.
	Word   string
	Known  []string
	source string
}

func (m *Mistake) Error() string {
	number := fmt.Sprint(m.Line)
	return fmt.Sprintf("%s:%d:%d: %s\n  %s | %s\n  %s | %s^", m.File, m.Line, m.Column, m.Text, number, m.source,
		strings.Repeat(" ", len(number)), strings.Repeat(" ", max(0, m.Column-1)))
}

// reader is the state of reading one file.
type reader struct {
	file      string
	lines     []string
	detectors []analyze.Detector
	c         *Config
}

// Parse reads the bytes of a file of that name. detectors are the checks that it may name.
func Parse(source []byte, file string, detectors []analyze.Detector) (*Config, error) {
	r := &reader{file: file, lines: strings.Split(strings.ReplaceAll(string(source), "\r\n", "\n"), "\n"), detectors: detectors}
	r.c = &Config{Severity: map[string]analyze.Severity{}, Disabled: map[string]bool{}, params: map[string]float64{}, origins: map[string]int{}, file: file}
	tree, err := parser.ParseBytes(source, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for i, doc := range tree.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if i > 0 {
			return nil, r.mistake(doc.Body, "", nil, "a second document: want one")
		}
		if err := r.top(doc.Body); err != nil {
			return nil, err
		}
	}
	return r.c, nil
}

func (r *reader) mistake(n ast.Node, word string, known []string, format string, args ...any) *Mistake {
	m := &Mistake{File: r.file, Line: 1, Column: 1, Text: fmt.Sprintf(format, args...), Word: word, Known: known}
	if t := n.GetToken(); t != nil && t.Position != nil {
		m.Line, m.Column = t.Position.Line, t.Position.Column
	}
	// The token of a map is its first colon.
	if mv, ok := n.(*ast.MappingValueNode); ok {
		if t := mv.Key.GetToken(); t != nil && t.Position != nil {
			m.Line, m.Column = t.Position.Line, t.Position.Column
		}
	}
	if m.Line >= 1 && m.Line <= len(r.lines) {
		m.source = r.lines[m.Line-1]
	}
	return m
}

// entry is one key of a map.
type entry struct {
	key   string
	node  *ast.MappingValueNode
	value ast.Node
}

// entries returns the keys of a map, each once.
func (r *reader) entries(n ast.Node, what string) ([]entry, error) {
	var values []*ast.MappingValueNode
	switch x := n.(type) {
	case *ast.MappingNode:
		values = x.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{x}
	case *ast.NullNode:
		return nil, nil
	default:
		return nil, r.mistake(n, "", nil, "%s: want keys and values", what)
	}
	var out []entry
	seen := map[string]bool{}
	for _, v := range values {
		var key string
		if err := yaml.NodeToValue(v.Key, &key); err != nil {
			return nil, r.mistake(v, "", nil, "%s: a key that is no text", what)
		}
		if seen[key] {
			return nil, r.mistake(v, "", nil, "%s: %q stands twice", what, key)
		}
		seen[key] = true
		out = append(out, entry{key, v, v.Value})
	}
	return out, nil
}

// captureKeys are the keys of an entry of captures, as package evidence reads them.
var captureKeys = []string{"match", "service", "instance", "host", "az", "domain", "at"}

// captures looks at the keys of the manifest's part alone: its values are for package evidence, which reads them where the
// file lies beside captures, and only there.
func (r *reader) captures(e entry) error {
	list, ok := e.value.(*ast.SequenceNode)
	if !ok {
		return nil
	}
	for _, item := range list.Values {
		entries, err := r.entries(item, e.key)
		if err != nil {
			return err
		}
		for _, c := range entries {
			if !slices.Contains(captureKeys, c.key) {
				return r.mistake(c.node, c.key, captureKeys, "unknown key %q", c.key)
			}
		}
	}
	return nil
}

// topKeys are the keys of the file. captures and from_path are the manifest's.
var topKeys = []string{
	"version", "captures", "from_path", "fail_on", "only", "skip", "require_labels", "allow_incomplete", "baseline", "rules", "suppress",
}

func (r *reader) top(n ast.Node) error {
	entries, err := r.entries(n, r.file)
	if err != nil {
		return err
	}
	c := r.c
	for _, e := range entries {
		c.origins[e.key] = e.node.Key.GetToken().Position.Line
		switch e.key {
		case "captures":
			err = r.captures(e)
		case "from_path":
		case "version":
			var v int
			if err = r.value(e, &v, "a number"); err == nil && v != 1 {
				err = r.mistake(e.value, "", nil, "version %d: this release reads version 1", v)
			}
		case "fail_on":
			if err = r.value(e, &c.FailOn, "text"); err == nil {
				err = r.oneOf(e, c.FailOn, "error", "warning", "note", "never")
			}
		case "only":
			c.Only, err = r.checks(e)
		case "skip":
			c.Skip, err = r.checks(e)
		case "require_labels":
			err = r.value(e, &c.RequireLabels, "a list of label keys")
		case "allow_incomplete":
			err = r.value(e, &c.AllowIncomplete, "true or false")
		case "baseline":
			err = r.value(e, &c.Baseline, "the path of a file")
		case "rules":
			err = r.rules(e)
		case "suppress":
			err = r.suppressions(e)
		default:
			err = r.mistake(e.node, e.key, topKeys, "unknown key %q", e.key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) value(e entry, to any, want string) error {
	if err := yaml.NodeToValue(e.value, to, yaml.Strict()); err != nil {
		return r.mistake(e.value, "", nil, "%s: want %s", e.key, want)
	}
	return nil
}

func (r *reader) oneOf(e entry, v string, known ...string) error {
	for _, k := range known {
		if k == v {
			return nil
		}
	}
	return r.mistake(e.value, v, known, "%s: %q is none of %s", e.key, v, strings.Join(known, ", "))
}

// check finds a check by id or name.
func (r *reader) check(n ast.Node, name string) (*analyze.Detector, error) {
	known := make([]string, 0, 2*len(r.detectors))
	for i := range r.detectors {
		d := &r.detectors[i]
		if strings.EqualFold(d.ID, name) || d.Name == name {
			return d, nil
		}
		known = append(known, d.Name, d.ID)
	}
	return nil, r.mistake(n, name, known, "no check is called %q", name)
}

func (r *reader) checks(e entry) ([]string, error) {
	var names []string
	if err := r.value(e, &names, "a list of checks"); err != nil {
		return nil, err
	}
	for _, name := range names {
		if _, err := r.check(e.value, name); err != nil {
			return nil, err
		}
	}
	return names, nil
}
