package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
)

// manyOfFew is a document of many findings of few causes: two keys of one label in three places, four hops of another
// check on two grounds, and one thing by itself.
func manyOfFew() *Document {
	r := result()
	exhibit := r.Findings[1].Exhibits[0]
	at := func(off int64, role string) analyze.Exhibit {
		e := exhibit
		e.Ref.Off, e.Role = off, role
		return e
	}
	r.Findings = nil
	for i, entry := range []string{"main.poll", "main.serve", "main.sweep"} {
		for _, key := range []string{"route", "tenant"} {
			r.Findings = append(r.Findings, analyze.Finding{
				ID: "WM2001", Name: "label-missing", Severity: analyze.Error, Basis: analyze.Heuristic, Fix: "Pass the context.",
				Subject:  analyze.Subject("entry", entry, "key", key),
				Message:  fmt.Sprintf("%d samples of %s lack the label %q", i+7, entry, key),
				Exhibits: []analyze.Exhibit{at(int64(i), "sample"), at(int64(i)+10, "sample"), at(int64(i)+20, "sample")},
			})
		}
	}
	for i, server := range []string{"a", "b", "c", "d"} {
		basis := analyze.Proven
		if i%2 == 1 {
			basis = analyze.Bounded
		}
		r.Findings = append(r.Findings, analyze.Finding{
			ID: "WM5003", Name: "clock-skew", Severity: analyze.Warning, Basis: basis, Fix: "Look at the time daemon.",
			Subject: analyze.Subject("host", server), Message: "the clock of " + server + " is behind",
			Exhibits: []analyze.Exhibit{at(100, "child"), at(200, "parent"), at(300, "child"), at(400, "parent")},
		})
	}
	r.Findings = append(r.Findings, analyze.Finding{
		ID: "WM4001", Name: "orphan-span", Severity: analyze.Note, Basis: analyze.Proven, Fix: "Add the missing artifacts.",
		Subject: analyze.Subject("server", "x"), Message: "one span is an orphan", Exhibits: []analyze.Exhibit{at(1, "child"), at(2, "child")},
	})
	return New(r, Request{Command: "examine"})
}

func TestCauses(t *testing.T) {
	d := manyOfFew()
	for name, o := range map[string]TerminalOptions{"causes": {}, "causes.limit5": {Limit: 5}, "causes.limit50": {Limit: 50}} {
		for _, format := range []string{"table", "markdown"} {
			golden(t, "testdata/"+name+"."+format, render(t, format, d, o))
		}
	}
}

// TestCausesKeepAll: whatever is grouped, each message is printed where nothing limits them, or named by the value that
// it differs in.
func TestCausesKeepAll(t *testing.T) {
	d := manyOfFew()
	for _, format := range []string{"table", "markdown"} {
		out := string(render(t, format, d, TerminalOptions{}))
		for _, f := range d.Findings {
			if f.Subject["key"] != "tenant" && !strings.Contains(out, f.Message) {
				t.Errorf("%s does not say: %s", format, f.Message)
			}
		}
		if n := strings.Count(out, `with key "tenant"`); n != 3 {
			t.Errorf("%s names the other key %d times, want 3", format, n)
		}
	}
}

// TestCauseHidesNone: a cause of many findings leaves the others their share.
func TestCauseHidesNone(t *testing.T) {
	for _, c := range []struct {
		limit int
		want  []int
	}{{0, []int{6, 4, 1}}, {1, []int{1, 0, 0}}, {3, []int{1, 1, 1}}, {6, []int{3, 2, 1}}, {10, []int{5, 4, 1}}, {99, []int{6, 4, 1}}} {
		all := causes(manyOfFew().Findings, c.limit)
		var got []int
		for _, x := range all {
			got = append(got, x.shown)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("limit %d (-want +got):\n%s", c.limit, diff)
		}
		total := 0
		for _, n := range c.want {
			total += n
		}
		if n := len(hidden(all)); n != 11-total {
			t.Errorf("limit %d: %d hidden, want %d", c.limit, n, 11-total)
		}
	}
}

// TestLikewiseIsExact: one that differs in more than one value, in its bytes or in its words is written out.
func TestLikewiseIsExact(t *testing.T) {
	base := Finding{Subject: map[string]string{"key": "a", "of": "cpu"}, Message: `no "a" here`, Exhibits: []Exhibit{{Offset: 1}}}
	alter := func(f func(*Finding)) *Finding {
		g := base
		g.Subject = map[string]string{"key": "b", "of": "cpu"}
		g.Message = `no "b" here`
		f(&g)
		return &g
	}
	for name, c := range map[string]struct {
		f    *Finding
		want string
	}{
		"one value":  {alter(func(*Finding) {}), `the same as 1, with key "b"`},
		"two values": {alter(func(f *Finding) { f.Subject["of"] = "heap" }), ""},
		"no value":   {alter(func(f *Finding) { f.Subject = base.Subject }), ""},
		"more keys":  {alter(func(f *Finding) { f.Subject["x"] = "y" }), ""},
		"other keys": {alter(func(f *Finding) { delete(f.Subject, "of"); f.Subject["x"] = "y" }), ""},
		"bytes":      {alter(func(f *Finding) { f.Exhibits = []Exhibit{{Offset: 2}} }), ""},
		"words":      {alter(func(f *Finding) { f.Message = `no "b" there` }), ""},
		"basis":      {alter(func(f *Finding) { f.Basis = "proven" }), ""},
	} {
		x := cause{findings: []*Finding{&base, c.f}}
		if got := x.likewise(1); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
