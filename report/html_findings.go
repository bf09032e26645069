package report

import (
	"html/template"
	"slices"
	"strings"
)

// htmlFindings is the list of findings: the first page as markup, all of them as data, since filters need them.
type htmlFindings struct {
	First   []htmlFinding
	Total   string
	Open    bool // so few that their evidence is shown at once
	Filters []htmlFilter
	Checks  []htmlFact // id and name of every check that has a finding
	Data    template.JS
	More    bool
}

// htmlFilter is a set of boxes, one for each value that a field has.
type htmlFilter struct {
	Field, Title string
	Values       []string
}

// htmlFinding is one finding, clean. The names of the JSON are short as there may be many.
type htmlFinding struct {
	Severity string        `json:"s"`
	ID       string        `json:"i"`
	Name     string        `json:"n"`
	Basis    string        `json:"b"`
	State    string        `json:"a"`
	Message  string        `json:"m"`
	Subject  string        `json:"u,omitempty"`
	Exhibits []htmlExhibit `json:"x,omitempty"`
	Numbers  string        `json:"q,omitempty"`
	Fix      string        `json:"-"`
	FixAt    int           `json:"f"` // place in fixes: many findings have the same
}

// htmlExhibit is the evidence of a finding.
type htmlExhibit struct {
	Place string `json:"p"`
	Text  string `json:"t"`
}

// htmlOpen is how many findings are few.
const htmlOpen = 10

func newHTMLFindings(d *Document) (*htmlFindings, error) {
	h := &htmlFindings{Total: count(len(d.Findings), "finding"), Open: len(d.Findings) <= htmlOpen, More: len(d.Findings) > htmlPageRows}
	paths := pathsOf(d)
	all := make([]htmlFinding, len(d.Findings))
	var fixes []string
	fixAt := map[string]int{}
	for i := range d.Findings {
		f := newHTMLFinding(&d.Findings[i], paths)
		at, ok := fixAt[f.Fix]
		if !ok {
			at = len(fixes)
			fixAt[f.Fix] = at
			fixes = append(fixes, f.Fix)
		}
		f.FixAt = at
		all[i] = f
	}
	h.First = all[:min(len(all), htmlPageRows)]
	h.filters(all)
	var err error
	h.Data, err = htmlJSON(struct {
		Fixes    []string      `json:"fixes"`
		Findings []htmlFinding `json:"findings"`
	}{fixes, all})
	return h, err
}

func newHTMLFinding(f *Finding, paths map[string]string) htmlFinding {
	h := htmlFinding{Severity: htmlLine(f.Severity), ID: htmlLine(f.ID), Name: htmlLine(f.Name), Basis: htmlLine(f.Basis),
		State: htmlLine(f.State), Message: htmlLine(f.Message), Subject: htmlLine(subjectText(f.Subject)), Fix: htmlLine(f.Fix)}
	for _, e := range f.Exhibits {
		h.Exhibits = append(h.Exhibits, htmlExhibit{Clean(Place(paths[e.Artifact], e.Offset, e.Length)), htmlLine(join(": ", e.Role, e.Text))})
	}
	for i := range f.Measures {
		m := &f.Measures[i]
		text := join(" ", m.Name, subjectText(m.Subject), number(m.Value, m.Unit))
		if b := measureBounds(m); b != "" {
			text += " (" + b + ")"
		}
		if m.Unit != "ratio" && m.Unit != "ns" {
			text += " " + m.Unit
		}
		h.Numbers = join("; ", h.Numbers, htmlLine(text))
	}
	return h
}

// filters lists the values that a reader can choose from, in the order of the findings: worst first. One value leaves
// no choice.
func (h *htmlFindings) filters(all []htmlFinding) {
	h.Filters = []htmlFilter{{Field: "s", Title: "Severity"}, {Field: "b", Title: "Basis"}, {Field: "a", Title: "State"}}
	seen := map[string]bool{}
	for i := range all {
		f := &all[i]
		for j, v := range []string{f.Severity, f.Basis, f.State} {
			if filter := &h.Filters[j]; !seen[filter.Field+v] {
				seen[filter.Field+v] = true
				filter.Values = append(filter.Values, v)
			}
		}
		if !seen["i"+f.ID] {
			seen["i"+f.ID] = true
			h.Checks = append(h.Checks, htmlFact{f.ID, f.Name})
		}
	}
	h.Filters = slices.DeleteFunc(h.Filters, func(f htmlFilter) bool { return len(f.Values) < 2 })
	slices.SortFunc(h.Checks, func(a, b htmlFact) int { return strings.Compare(a.Lead, b.Lead) })
}

// htmlAccepted lists what a baseline or the configuration accepts.
func htmlAccepted(d *Document) htmlSection {
	t := &htmlTable{ID: "accepted-list", Caption: "Findings that do not count", Columns: columns("severity", "check", "state", "~finding", "~reason")}
	for i := range d.Accepted {
		f := &d.Accepted[i]
		t.Rows = append(t.Rows, textCells(f.Severity, f.ID+" "+f.Name, f.State, f.Message, f.Reason))
	}
	return htmlSection{ID: "accepted", Title: "Accepted findings", Tables: []*htmlTable{t},
		Lead: []string{"A baseline knows these, or the configuration accepts them for the reason given."}}
}
