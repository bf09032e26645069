package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze/all"
	"github.com/witnessmark/witnessmark/internal/attacks"
	"github.com/witnessmark/witnessmark/report"
)

// hostilePages writes pages of which every text is an attack: of a report, where it is captured and everywhere, of a
// comparison, and of a trend.
func hostilePages(o *options, dir string) ([]string, error) {
	var files []string
	add := func(name string, write func(string) error) error {
		path := filepath.Join(dir, name+".html")
		files = append(files, path)
		return write(path)
	}
	for name, keep := range map[string]*regexp.Regexp{"hostile": structural, "hostile-everywhere": nil} {
		d := new(report.Document)
		if err := load(o.report, d); err != nil {
			return nil, err
		}
		attacks.Plant(d, planted(keep))
		if err := add(name, func(path string) error { return writeReport(path, d) }); err != nil {
			return nil, err
		}
	}
	delta := new(report.Delta)
	if err := load(o.diff, delta); err != nil {
		return nil, err
	}
	attacks.Plant(delta, planted(structural))
	err := add("hostile-diff", func(path string) error {
		return write(path, func(w io.Writer) error {
			i := slices.IndexFunc(report.DiffRenderers, func(r report.DiffRenderer) bool { return r.Name == "html" })
			return report.DiffRenderers[i].Render(w, delta, report.TerminalOptions{})
		})
	})
	if err != nil {
		return nil, err
	}
	trend := new(report.Trend)
	if err := load(o.trend, trend); err != nil {
		return nil, err
	}
	attacks.Plant(trend, planted(structural))
	err = add("hostile-trend", func(path string) error {
		return write(path, func(w io.Writer) error { return report.RenderTrend(w, "html", trend, report.TerminalOptions{}) })
	})
	slices.Sort(files)
	return files, err
}

// structural is what only witnessmark writes and sections depend on: numbers, ids, names of measures, enumerations.
var structural = regexp.MustCompile(`^(\d+|[ar]\d+|WM\d{4}|[a-z]+\.[a-z_]+|error|warning|note|proven|bounded|heuristic|new|ok|damaged|examine|ratio|ns|nanoseconds|count|changed|artifact|key|client|server|state|created_by|hour|grows|cpu/nanoseconds)$`)

// planted replaces texts by one attack after another, but for those to keep.
func planted(keep *regexp.Regexp) func(string) string {
	texts := slices.Sorted(maps.Values(attacks.Texts))
	n := 0
	return func(s string) string {
		if keep != nil && keep.MatchString(s) {
			return s
		}
		n++
		return strings.ToValidUTF8(texts[n%len(texts)], "\ufffd")
	}
}

// manyFindings is a report of n findings.
func manyFindings(n int) *report.Document {
	d := &report.Document{Schema: report.Schema, Run: report.Run{Command: "examine"}}
	texts := slices.Sorted(maps.Values(attacks.Texts))
	for i := range n {
		s := strings.ToValidUTF8(texts[i%len(texts)], "\ufffd")
		if len(s) > 300 {
			s = s[:300]
		}
		subject := map[string]string{"service": s, "route": fmt.Sprint(i)}
		d.Findings = append(d.Findings, report.Finding{ID: "WM4001", Name: "orphan-span", Severity: []string{"error", "warning", "note"}[i*3/n], Basis: "proven", State: "new",
			Subject: subject, Message: fmt.Sprintf("finding %d: 12 of 345 spans of %s name a parent that no artifact holds", i, s), Fix: "send the traces of all services to one place",
			Exhibits: []report.Exhibit{{Artifact: "a1", Offset: int64(i), Length: 40, Role: "child", Text: "trace=4bf92f3577b34da6a3ce929d0e0e4736 span=00f067aa0ba902b7 GET /cart"}}})
	}
	d.Summary.Findings.Error = n
	return d
}

func load(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func writeReport(path string, d *report.Document) error {
	return write(path, func(w io.Writer) error {
		i := slices.IndexFunc(report.Renderers, func(r report.Renderer) bool { return r.Name == "html" })
		return report.Renderers[i].Render(w, d, report.TerminalOptions{Detectors: all.Detectors()})
	})
}

func write(path string, render func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := render(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
