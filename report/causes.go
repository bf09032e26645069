package report

import (
	"slices"
	"strconv"
	"strings"
)

// Rules of showing findings to people:
//   - Findings of one check that call for one and the same thing to be done are one cause, and one block: who
//     reads learns how many things are wrong, not how many lines say so. Documents hold every finding.
//   - No cause hides another: where not all may be printed, each gets its share.
//   - Evidence is shown where it is something new: each part that it plays once, for each finding of a cause. All of it
//     stands in the document, and where a cause is one finding.

// cause is findings of one check, of one severity, with the same thing to do.
type cause struct {
	findings []*Finding // in the document's order
	shown    int        // how many of them are printed
}

// causes returns the causes in the order of their first findings, of which limit findings in all are printed; 0 is no
// limit.
func causes(fs []Finding, limit int) []cause {
	type likeness struct{ severity, id, fix string }
	var out []cause
	at := map[likeness]int{}
	for i := range fs {
		f := &fs[i]
		like := likeness{f.Severity, f.ID, f.Fix}
		k, ok := at[like]
		if !ok {
			k = len(out)
			at[like] = k
			out = append(out, cause{})
		}
		out[k].findings = append(out[k].findings, f)
	}
	allot(out, limit)
	return out
}

// allot decides how many findings of each cause are printed: as many of each as of any other, in turn.
func allot(cs []cause, limit int) {
	for left, given := limit, true; given; {
		given = false
		for i := range cs {
			switch c := &cs[i]; {
			case limit <= 0:
				c.shown = len(c.findings)
			case c.shown < len(c.findings) && left > 0:
				c.shown, left, given = c.shown+1, left-1, true
			}
		}
	}
}

// basis is the basis of all findings of the cause, "" where they differ.
func (c *cause) basis() string {
	for _, f := range c.findings {
		if f.Basis != c.findings[0].Basis {
			return ""
		}
	}
	return c.findings[0].Basis
}

// hidden returns the findings of all causes that are not printed.
func hidden(cs []cause) (out []Finding) {
	for _, c := range cs {
		for _, f := range c.findings[c.shown:] {
			out = append(out, *f)
		}
	}
	return out
}

// likeWindow is how far above a finding likewise looks: what differs in one value stands close together in the order of a
// document.
const likeWindow = 8

// likewise says what finding i of the cause adds to one above it where that is one word: of the same bytes and in the same
// words, one value of the subject is another. It returns "" where there is more to say.
func (c *cause) likewise(i int) string {
	f := c.findings[i]
	for k := max(0, i-likeWindow); k < i; k++ {
		g := c.findings[k]
		key := soleDifference(g.Subject, f.Subject)
		if key == "" || !slices.Equal(f.Exhibits, g.Exhibits) || f.Basis != g.Basis {
			continue
		}
		if strings.Replace(g.Message, strconv.Quote(g.Subject[key]), strconv.Quote(f.Subject[key]), 1) == f.Message {
			return "the same as " + strconv.Itoa(k+1) + ", with " + key + " " + strconv.Quote(f.Subject[key])
		}
	}
	return ""
}

// soleDifference returns the one key of two subjects whose values differ, "" where there is none or more.
func soleDifference(a, b map[string]string) string {
	if len(a) != len(b) {
		return ""
	}
	key := ""
	for k, v := range a {
		switch w, ok := b[k]; {
		case !ok:
			return ""
		case v != w && key != "":
			return ""
		case v != w:
			key = k
		}
	}
	return key
}

// evidence returns the exhibits of a finding of the cause that are printed, and how many are left out: all where the
// cause is one finding or everything is printed, else one for each part that an exhibit plays.
func (c *cause) evidence(i int, all bool) (shown []Exhibit, rest int) {
	exhibits := c.findings[i].Exhibits
	if all || len(c.findings) == 1 {
		return exhibits, 0
	}
	for n, e := range exhibits {
		if slices.ContainsFunc(exhibits[:n], func(x Exhibit) bool { return x.Role == e.Role }) {
			return exhibits[:n], len(exhibits) - n
		}
	}
	return exhibits, 0
}
