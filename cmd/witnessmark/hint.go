package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
)

// A mistake gets a hint on a line of its own: what to type instead.

// unmatched says on standard error, and returns, which --identity is for no file of any of some bundles. A saved
// report has none.
func (a *app) unmatched(bundles ...*evidence.Bundle) (out []string) {
	read := slices.DeleteFunc(bundles, func(b *evidence.Bundle) bool { return b == nil })
	if len(read) == 0 {
		return nil
	}
	for _, r := range read[0].Unmatched {
		if slices.ContainsFunc(read[1:], func(b *evidence.Bundle) bool { return !slices.Contains(b.Unmatched, r) }) {
			continue
		}
		out = append(out, fmt.Sprintf("--identity %q: no file has a name that matches", r.Glob))
		a.fail(errors.New(out[len(out)-1]))
	}
	return out
}

// hint adds to the error of paths that name nothing what the user may have meant: one of the commands,
// or a file that is there.
func hint(err error, paths, commands []string) error {
	for i, p := range paths {
		if _, statErr := os.Stat(p); p == "-" || !errors.Is(statErr, fs.ErrNotExist) {
			continue
		}
		if i == 0 && !strings.ContainsAny(p, "/.") {
			if c := nearest(p, commands); c != "" {
				err = fmt.Errorf("%w\ndid you mean the command %q?", err, c)
				continue
			}
		}
		if s := nearestFile(p); s != "" {
			err = fmt.Errorf("%w\ndid you mean %s?", err, s)
		}
	}
	return err
}

// nearestFile returns path with its first missing part replaced by the name that is spelled most like it,
// and with the parts behind it where they are there; "" where no name is like it.
func nearestFile(path string) string {
	parts := strings.Split(filepath.ToSlash(filepath.Clean(path)), "/")
	for i := range parts {
		if _, err := os.Stat(filepath.FromSlash(strings.Join(parts[:i+1], "/"))); i == 0 && parts[0] == "" || err == nil {
			continue
		}
		dir := strings.Join(append(parts[:i:i], ""), "/")
		entries, err := os.ReadDir(filepath.FromSlash("./" + dir))
		if filepath.IsAbs(path) {
			entries, err = os.ReadDir(filepath.FromSlash(dir))
		}
		if err != nil {
			return ""
		}
		names := make([]string, 0, len(entries))
		for _, e := range entries {
			names = append(names, e.Name())
		}
		n := nearest(parts[i], names)
		if n == "" {
			return ""
		}
		whole := strings.Join(append([]string{dir + n}, parts[i+1:]...), "/")
		if _, err := os.Stat(filepath.FromSlash(whole)); err == nil {
			return whole
		}
		return dir + n
	}
	return ""
}

// nearest returns the candidate that differs from word by the fewest edits, "" where the best differs by
// more than a slip of the fingers: one edit in three letters, at most three. A name that was typed in
// part counts as one edit.
func nearest(word string, candidates []string) string {
	best, least := "", min(3, len(word)/3)+1
	word = strings.ToLower(word)
	for _, c := range candidates {
		lower := strings.ToLower(c)
		d := distance(word, lower)
		if strings.HasPrefix(lower, word) {
			d = min(d, 1)
		}
		if d < least {
			best, least = c, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace or swap with their neighbour that turn a into b
// (optimal string alignment).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	before, row := make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i := range s {
		next := make([]int, len(t)+1)
		next[0] = i + 1
		for j := range t {
			cost := 1
			if s[i] == t[j] {
				cost = 0
			}
			next[j+1] = min(row[j]+cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(t)]
}
