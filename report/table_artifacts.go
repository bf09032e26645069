package report

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
)

// A folder of dumps holds many files of few kinds. Beyond foldFrom artifacts, those of one folder that
// are sound are one row from foldFiles files on, so that the table stays one that is read.
const (
	foldFrom  = 20
	foldFiles = 3
)

// artifacts writes what was read, a row for each artifact or for the like ones of a folder.
func (t *tableReport) artifacts() {
	t.Heading("ARTIFACTS")
	table := NewTable(
		Column{Title: "PATH", Shrink: true, Middle: true, Min: 30}, Column{Title: "KIND"}, Column{Title: "SIZE", Right: true, Spare: 7},
		Column{Title: "ROWS", Right: true, Optional: true, Spare: 1}, Column{Title: "WINDOW (UTC)", Optional: true, Spare: 6},
		Column{Title: "SERVICE", Shrink: true, Middle: true, Optional: true, Spare: 2}, Column{Title: "HOST", Shrink: true, Middle: true, Optional: true, Spare: 3},
		Column{Title: "AZ", Optional: true, Spare: 5}, Column{Title: "GO", Optional: true, Spare: 4}, Column{Title: "STATUS"},
	)
	groups := t.fold()
	shown := t.chooseGroups(groups)
	var members []int
	for _, g := range shown {
		as := t.of(g)
		a := merged(as)
		members = append(members, g...)
		service, host, az := t.identity(as...)
		table.Row(a.Path, kinds(as), size(a.Bytes), allRows(as), window(a), service, host, az, releases(as), status(a))
		table.paint(9, statusColor(a))
	}
	t.table(table)
	slices.Sort(members)
	t.restOfArtifacts(members)
}

// fold returns the indexes of the artifacts of each row, rows in the order of their first artifact.
func (t *tableReport) fold() [][]int {
	if t.o.Limit <= 0 || len(t.d.Artifacts) <= foldFrom {
		return singles(len(t.d.Artifacts))
	}
	type likeness struct{ folder, status string }
	var groups [][]int
	at := map[likeness]int{}
	for i := range t.d.Artifacts {
		a := &t.d.Artifacts[i]
		like := likeness{path.Dir(a.Path), status(a)}
		if k, ok := at[like]; ok && a.Status == string(evidence.StatusOK) {
			groups[k] = append(groups[k], i)
			continue
		}
		at[like] = len(groups)
		groups = append(groups, []int{i})
	}
	return unfoldFew(groups)
}

// unfoldFew gives the artifacts of small groups rows of their own, in the document's order.
func unfoldFew(groups [][]int) [][]int {
	var out [][]int
	for _, g := range groups {
		if len(g) >= foldFiles {
			out = append(out, g)
			continue
		}
		for _, i := range g {
			out = append(out, []int{i})
		}
	}
	slices.SortFunc(out, func(a, b []int) int { return a[0] - b[0] })
	return out
}

func singles(n int) [][]int {
	out := make([][]int, n)
	for i := range out {
		out[i] = []int{i}
	}
	return out
}

// of returns the artifacts of a row.
func (t *tableReport) of(g []int) []*Artifact {
	as := make([]*Artifact, len(g))
	for k, i := range g {
		as[k] = &t.d.Artifacts[i]
	}
	return as
}

// merged is the artifact of a row: the one of the group, or what all of them are together.
func merged(as []*Artifact) *Artifact {
	first := as[0]
	if len(as) == 1 {
		return first
	}
	m := *first
	m.Path = path.Join(path.Dir(first.Path), "*") + " (" + count(len(as), "file") + ")"
	for _, a := range as[1:] {
		m.Bytes += a.Bytes
		m.StartUnixNano = outermost(m.StartUnixNano, a.StartUnixNano, func(a, b uint64) bool { return a < b })
		m.EndUnixNano = outermost(m.EndUnixNano, a.EndUnixNano, func(a, b uint64) bool { return a > b })
	}
	return &m
}

// kinds writes the format of the artifacts of a row, or how many there are.
func kinds(as []*Artifact) string {
	var all []string
	for _, a := range as {
		all = append(all, kind(a))
	}
	return few(all, "kind")
}

// allRows writes what was read of the artifacts of a row.
func allRows(as []*Artifact) string {
	if len(as) == 1 {
		return rows(as[0])
	}
	var parts []string
	for _, of := range []struct {
		noun string
		n    func(*Artifact) *int
	}{
		{"span", func(a *Artifact) *int { return a.Spans }},
		{"goroutine", func(a *Artifact) *int { return a.Goroutines }},
		{"sample", func(a *Artifact) *int { return a.Samples }},
	} {
		sum, any := 0, false
		for _, a := range as {
			if n := of.n(a); n != nil {
				sum, any = sum+*n, true
			}
		}
		if any {
			parts = append(parts, count(sum, of.noun))
		}
	}
	var all Places
	for _, a := range as {
		if p := a.Places; p != nil {
			all.Nodes, all.Pods, all.Hosts, all.Other = all.Nodes+p.Nodes, all.Pods+p.Pods, all.Hosts+p.Hosts, all.Other+p.Other
		}
	}
	if s := places(&all); s != "" {
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}

// outermost returns that of two Unix times in decimal that is further out; one that is absent is not.
func outermost(a, b string, further func(a, b uint64) bool) string {
	x, err1 := strconv.ParseUint(a, 10, 64)
	y, err2 := strconv.ParseUint(b, 10, 64)
	if err2 == nil && (err1 != nil || further(y, x)) {
		return b
	}
	return a
}

// releases writes the Go release of the artifacts of a row. What only bounds the release says nothing beside
// those that tell it.
func releases(as []*Artifact) string {
	if len(as) == 1 {
		return goText(as[0].GoVersion)
	}
	var told []string
	for _, a := range as {
		if v := a.GoVersion; v != nil && v.Min == v.Max {
			told = append(told, goText(v))
		}
	}
	return few(told, "release")
}

// chooseGroups returns the rows to print, in document order. Where not all may be printed, those with a
// problem go first, then those that were read.
func (t *tableReport) chooseGroups(groups [][]int) [][]int {
	var problem, read, rest [][]int
	for _, g := range groups {
		switch a := &t.d.Artifacts[g[0]]; {
		case a.Status != string(evidence.StatusOK):
			problem = append(problem, g)
		case a.Read:
			read = append(read, g)
		default:
			rest = append(rest, g)
		}
	}
	shown := slices.Concat(problem, read, rest)
	if t.o.Limit > 0 && len(shown) > t.o.Limit {
		shown = shown[:t.o.Limit]
	}
	slices.SortFunc(shown, func(a, b []int) int { return a[0] - b[0] })
	return shown
}

// choose is chooseGroups where every artifact has its row.
func (t *tableReport) choose() []int {
	return slices.Concat(t.chooseGroups(singles(len(t.d.Artifacts)))...)
}

// restOfArtifacts counts the artifacts that are not printed, by status.
func (t *tableReport) restOfArtifacts(shown []int) {
	rest := len(t.d.Artifacts) - len(shown)
	if rest == 0 {
		return
	}
	byStatus := map[string]int{}
	for i := range t.d.Artifacts {
		if _, found := slices.BinarySearch(shown, i); !found {
			byStatus[status(&t.d.Artifacts[i])]++
		}
	}
	var parts []string
	for _, s := range []string{"ok", "not examined", "damaged", "unreadable", "unknown"} {
		if n := byStatus[s]; n > 0 {
			parts = append(parts, thousands(n)+" "+s)
		}
	}
	t.Line(fmt.Sprintf("… %s more (%s); --limit 0 lists all", thousands(rest), strings.Join(parts, ", ")))
}

// identity returns service, host and zone of artifacts: an artifact's own, else those of the resources that
// its spans name.
func (t *tableReport) identity(as ...*Artifact) (service, host, az string) {
	var services, hosts []string
	var zones []zone
	for _, a := range as {
		var of []*Resource
		for _, id := range a.Resources {
			if r := t.resources[id]; r != nil {
				of = append(of, r)
			}
		}
		services = append(services, ownElse(a.Identity.Service, of, func(r *Resource) string { return r.Identity.Service })...)
		hosts = append(hosts, ownElse(a.Identity.Host, of, func(r *Resource) string { return r.Identity.Host })...)
		zones = append(zones, ownElse(zone{name: a.Identity.AZ}, of, func(r *Resource) zone { return zone{r.Identity.AZ, r.Account} })...)
	}
	return few(services, "service"), few(hosts, "host"), few(zoneNames(zones), "zone")
}

// ownElse returns what an artifact says of itself, else what its resources say, else that it says nothing.
func ownElse[T comparable](own T, of []*Resource, value func(*Resource) T) []T {
	var none T
	if own != none || len(of) == 0 {
		return []T{own}
	}
	values := make([]T, len(of))
	for i, r := range of {
		values[i] = value(r)
	}
	return values
}

// zone is an availability zone of an account, "" where that is not known.
type zone struct{ name, account string }

// zoneNames returns the names, with the accounts where there is more than one: a zone's name means another
// zone in another account.
func zoneNames(zones []zone) []string {
	differ := slices.ContainsFunc(zones, func(z zone) bool { return z.account != zones[0].account })
	names := make([]string, len(zones))
	for i, z := range zones {
		names[i] = z.name
		if differ && z.name != "" && z.account != "" {
			names[i] += " of " + z.account
		}
	}
	return names
}

// few returns the one distinct value, else how many there are. That some have none is said: the others'
// value is not theirs.
func few(values []string, noun string) string {
	slices.Sort(values)
	values = slices.Compact(values)
	rest := ""
	if len(values) > 1 && values[0] == "" {
		values, rest = values[1:], " or none"
	}
	switch len(values) {
	case 0:
		return ""
	case 1:
		return values[0] + rest
	}
	return count(len(values), noun) + rest
}
