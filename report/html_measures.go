package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// measured finds the measures of one name by the values of subject keys.
type measured map[string]*Measure

// measuresBy indexes the measures of a name by the values of keys.
func measuresBy(d *Document, name string, keys ...string) measured {
	out := measured{}
	for i := range d.Measures {
		if m := &d.Measures[i]; m.Name == name {
			out[subjectOf(m, keys...)] = m
		}
	}
	return out
}

// subjectOf joins the values of keys with a byte that no key of a map needs to be split at.
func subjectOf(m *Measure, keys ...string) string {
	values := make([]string, len(keys))
	for i, k := range keys {
		values[i] = m.Subject[k]
	}
	return strings.Join(values, "\x00")
}

// text writes a measure, "" for none.
func (ms measured) text(key string) string {
	if m := ms[key]; m != nil {
		return number(m.Value, m.Unit)
	}
	return ""
}

// coverageBar draws a ratio: what is there, what may be there, what is lost.
func coverageBar(m *Measure) []htmlMark {
	low, high := m.Value, m.Value
	if m.Low != nil {
		low = *m.Low
	}
	if m.High != nil {
		high = *m.High
	}
	var bar []htmlMark
	if low > 0 {
		bar = append(bar, mark("present", 0, low))
	}
	if high > low {
		bar = append(bar, mark("maybe", low, high))
	}
	if high < 1 {
		bar = append(bar, mark("lost", high, 1))
	}
	return bar
}

func coverageLegend(what string) []htmlMark {
	return []htmlMark{{Class: "present", Label: what}, {Class: "maybe", Label: "cannot be told"}, {Class: "lost", Label: "lost"}}
}

// htmlHops shows where calls lose their trace.
func htmlHops(d *Document) htmlSection {
	t := &htmlTable{ID: "hop-losses", Caption: "Hops, most lost first", Legend: coverageLegend("calls with the span of their server"),
		Columns: columns("client", "server", "#calls", "=calls, interval", "#coverage", "=coverage, interval", "#orphans", "coverage")}
	calls, coverage, orphans := measuresBy(d, "hop.calls", "client", "server"), measuresBy(d, "hop.coverage", "client", "server"), measuresBy(d, "hop.orphan", "client", "server")
	all := maps.Clone(coverage)
	maps.Copy(all, orphans)
	for key, m := range all {
		row := textCells(m.Subject["client"], m.Subject["server"], calls.text(key), "", coverage.text(key), "", orphans.text(key), "")
		if m := calls[key]; m != nil {
			row[3].Text = measureBounds(m)
		}
		if m := coverage[key]; m != nil {
			row[5].Text, row[7].Bar = measureBounds(m), coverageBar(m)
		}
		t.Rows = append(t.Rows, row)
	}
	lost := func(r htmlRow) float64 { m := coverage[r[0].Text+"\x00"+r[1].Text]; return hopLoss(m) }
	sortRows(t.Rows, func(a, b htmlRow) int { return cmp.Compare(lost(b), lost(a)) })
	return htmlSection{ID: "hops", Title: "Hops", Tables: []*htmlTable{t.untitled()}, Lead: []string{
		"Coverage is the share of a client's calls for which the span of the server is there. An orphan is a span whose parent no artifact holds; client ? is one whose parent's service cannot be told, and a service that calls itself lost the parent inside one process."}}
}

// hopLoss is the share that a hop loses; none where it is not known.
func hopLoss(m *Measure) float64 {
	if m == nil {
		return 0
	}
	return 1 - m.Value
}

// sortRows sorts by an order, then by the text of the cells, so that maps leave no trace.
func sortRows(rows []htmlRow, order func(a, b htmlRow) int) {
	slices.SortFunc(rows, func(a, b htmlRow) int {
		if c := order(a, b); c != 0 {
			return c
		}
		return slices.CompareFunc(a, b, func(x, y htmlCell) int { return cmp.Compare(x.Text, y.Text) })
	})
}

// htmlLabels shows how much of every profile carries each label, and why the rest does not.
func htmlLabels(d *Document) htmlSection {
	t := &htmlTable{ID: "label-coverage", Caption: "Labels by profile and key", Legend: coverageLegend("labelled"),
		Columns: columns("artifact", "key", "#coverage", "=interval", "~without it, by cause", "coverage")}
	names, formats := shortNames(d), map[string]string{}
	for i := range d.Artifacts {
		formats[d.Artifacts[i].Path] = d.Artifacts[i].Format
	}
	var cpu []htmlRow // first: they show work, not what waits
	causes, value := map[string][]string{}, measuresBy(d, "profile.value", "artifact")
	for i := range d.Measures {
		if m := &d.Measures[i]; m.Name == "label.unlabelled" {
			key, unit := subjectOf(m, "artifact", "key"), m.Unit
			if v := value[m.Subject["artifact"]]; v != nil {
				unit = v.Unit
			}
			causes[key] = append(causes[key], cmp.Or(m.Subject["cause"], "no cause")+": "+number(m.Value, unit))
		}
	}
	for i := range d.Measures {
		m := &d.Measures[i]
		if m.Name != "label.coverage" {
			continue
		}
		row := textCells(cmp.Or(names[m.Subject["artifact"]], m.Subject["artifact"]), m.Subject["key"], number(m.Value, m.Unit), measureBounds(m), strings.Join(causes[subjectOf(m, "artifact", "key")], "; "), "")
		row[5].Bar = coverageBar(m)
		if formats[m.Subject["artifact"]] == "pprof/cpu" {
			cpu = append(cpu, row)
		} else {
			t.Rows = append(t.Rows, row)
		}
	}
	t.Rows = append(cpu, t.Rows...)
	return htmlSection{ID: "labels", Title: "Labels", Tables: []*htmlTable{t, profileTable(d)}, Lead: []string{
		"Coverage is of the value that could carry a label at all. What of it does not is counted by cause, in the unit of the profile; witnessmark explain WM2001 says what each cause means. CPU profiles come first: goroutines at rest between requests lack nothing."}}
}

// profileTable shows the rows and the value of every profile.
func profileTable(d *Document) *htmlTable {
	t := &htmlTable{ID: "profile-rows", Caption: "Samples by profile", Legend: []htmlMark{{Class: "present", Label: "samples with a label"}, {Class: "none", Label: "without: lost, or not labelable"}},
		Columns: columns("artifact", "#samples", "#with a label", "#value", "unit", "#dropped by the profiler", "labelled")}
	names := shortNames(d)
	labelled, value, lost := measuresBy(d, "profile.labelled", "artifact"), measuresBy(d, "profile.value", "artifact"), measuresBy(d, "profile.lost", "artifact")
	for i := range d.Measures {
		m := &d.Measures[i]
		if m.Name != "profile.samples" {
			continue
		}
		key := subjectOf(m, "artifact")
		unit := ""
		if v := value[key]; v != nil {
			unit = v.Unit
		}
		row := textCells(cmp.Or(names[key], key), number(m.Value, m.Unit), labelled.text(key), value.text(key), unit, lost.text(key), "")
		if l := labelled[key]; l != nil && m.Value > 0 {
			row[6].Bar = classBar(l.Value, 0, m.Value-l.Value)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// htmlMeasures lists every measure, also those of checks that this file does not know.
func htmlMeasures(d *Document) htmlSection {
	t := &htmlTable{ID: "all-measures", Caption: "All measures", Folded: count(len(d.Measures), "measure"), Columns: columns("measure", "~subject", "#value", "=interval", "unit")}
	for i := range d.Measures {
		m := &d.Measures[i]
		t.Rows = append(t.Rows, textCells(m.Name, subjectText(m.Subject), number(m.Value, m.Unit), measureBounds(m), m.Unit))
	}
	return htmlSection{ID: "measures", Title: "Measures", Lead: []string{"Every number that a check computed, also where nothing is wrong: what diff and trend compare."}, Tables: []*htmlTable{t.untitled()}}
}

// htmlArtifacts lists what was read and what is known to be missing.
func htmlArtifacts(d *Document) htmlSection {
	files := &htmlTable{ID: "artifact-list", Caption: "Artifacts", Columns: columns("~path", "=kind", "#size", "#rows", "=window (UTC)", "service", "host", "zone", "Go", "status")}
	losses := &htmlTable{ID: "artifact-losses", Caption: "Data known to be missing", Columns: columns("~place", "origin", "~what")}
	t := identified(d)
	for i := range d.Artifacts {
		a := &d.Artifacts[i]
		service, host, az := t.identity(a)
		files.Rows = append(files.Rows, textCells(a.Path, kind(a), size(a.Bytes), rows(a), window(a), service, host, az, goText(a.GoVersion), status(a)))
		for _, l := range a.Losses {
			losses.Rows = append(losses.Rows, textCells(Place(a.Path, l.Offset, l.Length), l.Origin, l.What))
		}
		if a.MoreLosses > 0 {
			losses.Rows = append(losses.Rows, textCells(a.Path, "", fmt.Sprintf("%s more places", thousands(a.MoreLosses))))
		}
	}
	return htmlSection{ID: "artifacts", Title: "Artifacts", Tables: []*htmlTable{files, losses}}
}
