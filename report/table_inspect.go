package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// inspect writes one row per artifact with all that is known of it, what is missing, and where the
// facts come from.
func (t *tableReport) inspect() {
	t.Heading("ARTIFACTS")
	table := NewTable(
		Column{Title: "PATH", Shrink: true, Middle: true, Min: 30}, Column{Title: "KIND"}, Column{Title: "ENCODING", Optional: true, Spare: 8},
		Column{Title: "SIZE", Right: true, Spare: 11}, Column{Title: "DECODED", Right: true, Optional: true, Spare: 10}, Column{Title: "ROWS", Right: true, Optional: true, Spare: 1},
		Column{Title: "WINDOW (UTC)", Optional: true, Spare: 2},
		Column{Title: "SERVICE", Shrink: true, Middle: true, Optional: true, Spare: 3}, Column{Title: "INSTANCE", Shrink: true, Middle: true, Optional: true, Spare: 7},
		Column{Title: "HOST", Shrink: true, Middle: true, Optional: true, Spare: 4}, Column{Title: "AZ", Optional: true, Spare: 6}, Column{Title: "AZ FROM", Optional: true, Spare: 13},
		Column{Title: "GO", Optional: true, Spare: 5}, Column{Title: "WRITTEN BY", Optional: true, Spare: 9}, Column{Title: "STATUS"},
	)
	shown := t.choose()
	for _, i := range shown {
		a := &t.d.Artifacts[i]
		service, host, az := t.identity(a)
		decoded := ""
		if len(a.Container) > 0 {
			decoded = size(a.DecodedBytes)
		}
		table.Row(a.Path, kind(a), strings.Join(append(slices.Clone(a.Container), strings.Fields(a.Encoding)...), " "),
			size(a.Bytes), decoded, rows(a), window(a), service, a.Identity.Instance, host, az, t.zoneFrom(a),
			goText(a.GoVersion), a.Provenance, status(a))
		table.paint(14, statusColor(a))
	}
	t.table(table)
	t.restOfArtifacts(shown)
	t.losses()
	t.facts()
}

// joined begins the source of a value that was found by a join: see IdentityFrom.
const joined = "join: "

// zoneFrom says in a word where the zone of an artifact comes from, or those of its resources.
func (t *tableReport) zoneFrom(a *Artifact) string {
	sources := []string{a.IdentityFrom.AZ}
	for _, id := range a.Resources {
		if r := t.resources[id]; r != nil {
			sources = append(sources, r.IdentityFrom.AZ)
		}
	}
	var words []string
	for _, s := range sources {
		word, _, _ := strings.Cut(s, " ")
		if word = strings.TrimSuffix(word, ":"); word != "" && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

// losses lists the data known to be missing.
func (t *tableReport) losses() {
	n := 0
	for i := range t.d.Artifacts {
		a := &t.d.Artifacts[i]
		for _, l := range a.Losses {
			if n == 0 {
				t.Line("")
				t.Heading("MISSING")
			}
			if n++; t.o.Limit == 0 || n <= t.o.Limit {
				t.Line(Place(a.Path, l.Offset, l.Length) + "  (" + Clean(l.Origin) + ")")
				t.Para("        ", l.What)
			}
		}
		n += a.MoreLosses
	}
	if t.o.Limit > 0 && n > t.o.Limit {
		t.Line(fmt.Sprintf("… %s more; --limit 0 lists up to 100 of each artifact", thousands(n-t.o.Limit)))
	}
}

// fact is something known of artifacts and how it is known.
type fact struct{ what, value, from, of string }

// facts says where windows, releases and identities come from: each distinct source once, with the number of
// artifacts, as a folder holds many files of few kinds.
func (t *tableReport) facts() {
	var order []fact
	uses := map[fact]int{}
	add := func(f fact) {
		if f.from == "" {
			return
		}
		if uses[f]++; uses[f] == 1 {
			order = append(order, f)
		}
	}
	identity := func(id *Identity, from *IdentityFrom, of string) {
		az := ""
		if strings.HasPrefix(from.AZ, joined) {
			az = id.AZ
		}
		add(fact{"service", "", from.Service, of})
		add(fact{"instance", "", from.Instance, of})
		add(fact{"host", "", from.Host, of})
		add(fact{"az", az, from.AZ, of})
		add(fact{"clock domain", "", from.Domain, of})
	}
	for i := range t.d.Artifacts {
		a := &t.d.Artifacts[i]
		if a.StartUnixNano != "" {
			add(fact{"window", "", a.WindowRule, "artifact"})
		}
		if v := a.GoVersion; v != nil {
			add(fact{"go", goText(v), v.Why, "artifact"})
		}
		identity(&a.Identity, &a.IdentityFrom, "artifact")
	}
	for i := range t.d.Resources {
		r := &t.d.Resources[i]
		identity(&r.Identity, &r.IdentityFrom, "resource")
	}
	if len(order) == 0 {
		return
	}
	kinds := []string{"service", "instance", "host", "az", "clock domain", "window", "go"}
	slices.SortStableFunc(order, func(a, b fact) int {
		return cmp.Compare(slices.Index(kinds, a.what), slices.Index(kinds, b.what))
	})
	t.Line("")
	t.Heading("HOW IT IS KNOWN")
	table := NewTable(Column{Title: "FACT"}, Column{Title: "VALUE", Optional: true}, Column{Title: "OF", Right: true}, Column{Title: "FROM", Wrap: true})
	for _, f := range order {
		if t.o.Limit > 0 && table.Len() == t.o.Limit {
			break
		}
		table.Row(f.what, f.value, count(uses[f], f.of), f.from)
	}
	t.table(table)
	if rest := len(order) - table.Len(); rest > 0 {
		t.Line(fmt.Sprintf("… %s more; --limit 0 lists all", thousands(rest)))
	}
}
