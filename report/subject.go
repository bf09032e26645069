package report

import (
	"maps"
	"slices"
	"strings"
)

// subjectText writes a subject in one line, by key: "client=frontend server=checkout".
func subjectText(s map[string]string) string {
	parts := make([]string, 0, len(s))
	for _, k := range slices.Sorted(maps.Keys(s)) {
		parts = append(parts, Clean(k)+"="+Clean(s[k]))
	}
	return strings.Join(parts, " ")
}

// cleanSubject returns the subject with keys and values cleaned, for formats whose readers show them.
func cleanSubject(s map[string]string) map[string]string {
	out := make(map[string]string, len(s))
	for k, v := range s {
		out[Clean(k)] = Clean(v)
	}
	return out
}

// cleanMeasures is cleanSubject for measures.
func cleanMeasures(ms []Measure) []Measure {
	out := make([]Measure, 0, len(ms))
	for _, m := range ms {
		m.Name, m.Unit, m.Subject = Clean(m.Name), Clean(m.Unit), cleanSubject(m.Subject)
		out = append(out, m)
	}
	return out
}
