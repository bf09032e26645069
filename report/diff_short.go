package report

import (
	"fmt"
	"path"
	"strings"
)

// foldStack writes frames that follow each other alike once, with their number: recursion says nothing by its length.
func foldStack(stack string) string {
	frames := strings.Split(stack, ";")
	out := frames[:0]
	for i := 0; i < len(frames); {
		end := i + 1
		for end < len(frames) && frames[end] == frames[i] {
			end++
		}
		name := frames[i]
		if end-i > 1 {
			name += fmt.Sprintf(" ×%d", end-i)
		}
		out = append(out, name)
		i = end
	}
	return strings.Join(out, ";")
}

// alikeArtifacts is how many artifacts of a folder that one side alone has stand in a row each.
const alikeArtifacts = 3

// artifactRows lists the artifacts that differ. Many of one folder that one side alone has are one row.
func artifactRows(all []ArtifactPair) [][]string {
	type folder struct{ dir, what string }
	of := func(a *ArtifactPair) (f folder, alone bool) {
		name := a.Before + a.After
		return folder{path.Dir(name), strings.Join(a.Differences, "; ")}, a.Before == "" || a.After == ""
	}
	many := map[folder]int{}
	kinds := map[folder]map[string]bool{}
	for i := range all {
		if f, alone := of(&all[i]); alone {
			many[f]++
			if kinds[f] == nil {
				kinds[f] = map[string]bool{}
			}
			kinds[f][all[i].Format] = true
		}
	}
	var rows [][]string
	seen := map[folder]bool{}
	for i := range all {
		a := &all[i]
		f, alone := of(a)
		if !alone || many[f] <= alikeArtifacts {
			rows = append(rows, []string{a.Before, a.After, a.Format, f.what})
			continue
		}
		if seen[f] {
			continue
		}
		seen[f] = true
		name, kind := fmt.Sprintf("%s/* (%s)", f.dir, count(many[f], "file")), a.Format
		if n := len(kinds[f]); n > 1 {
			kind = count(n, "kind")
		}
		before, after := name, ""
		if a.Before == "" {
			before, after = "", name
		}
		rows = append(rows, []string{before, after, kind, f.what})
	}
	return rows
}
