package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/all"
	"github.com/witnessmark/witnessmark/report"
)

func explainCommand(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "explain CHECK|TERM",
		Short: "Say what a check or a word of the output means, and what to do about it",
		Long: `explain prints the documentation of a check, by its id or its name, or the meaning of a word that the output uses.
Given a part of one it lists all that have the part. witnessmark explain terms lists all words.`,
		Example: `  witnessmark explain WM4001
  witnessmark explain orphan-span
  witnessmark explain offset
  witnessmark explain clock`,
		Args: exactly(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return append(checkNames(), termNames()...), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if format != "table" && format != "json" {
				return fmt.Errorf("--format %q: want table or json", format)
			}
			e := explanation{app: a, json: format == "json"}
			return e.of(args[0])
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "table or json")
	return cmd
}

// explanation is the command explain.
type explanation struct {
	app  *app
	json bool
}

// listing is what `explain --format json` prints where a word fits several things.
type listing struct {
	Checks []catalogued `json:"checks"`
	Terms  []concept    `json:"terms"`
}

// of explains what is called so; else the one thing that has the word in its name, or lists several.
func (e *explanation) of(word string) error {
	detectors := documented(all.Detectors())
	if word == "terms" {
		return e.list(word, nil, terms)
	}
	if d, err := find(detectors, word); err == nil {
		return e.check(d)
	}
	checks, words := checksLike(detectors, word), termsLike(word)
	if t := termOf(word); t != nil {
		return e.term(t, checks)
	}
	switch {
	case len(checks) == 1 && len(words) == 0:
		return e.check(&checks[0])
	case len(checks) == 0 && len(words) == 1:
		return e.term(&words[0], nil)
	case len(checks)+len(words) > 0:
		return e.list(word, checks, words)
	}
	err := fmt.Errorf("no check and no term is called %q, and none has it in its name", word)
	if n := nearest(word, append(checkNames(), termNames()...)); n != "" {
		return fmt.Errorf("%w\ndid you mean %s?", err, n)
	}
	return fmt.Errorf("%w\nsee: witnessmark checks, witnessmark explain terms", err)
}

// plain is a word as it is compared: without regard to case, and to how its parts are joined.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == ' ' {
			return ' '
		}
		return r
	}, strings.ToLower(strings.TrimSpace(s)))
}

// termOf returns the term that has the name, or is also called so; nil if none.
func termOf(word string) *concept {
	for i := range terms {
		if plain(terms[i].Name) == plain(word) {
			return &terms[i]
		}
	}
	for i := range terms {
		if slices.ContainsFunc(terms[i].Also, func(s string) bool { return plain(s) == plain(word) }) {
			return &terms[i]
		}
	}
	return nil
}

func checksLike(detectors []analyze.Detector, word string) (out []analyze.Detector) {
	for _, d := range detectors {
		if strings.Contains(plain(d.ID), plain(word)) || strings.Contains(plain(d.Name), plain(word)) {
			out = append(out, d)
		}
	}
	return out
}

func termsLike(word string) (out []concept) {
	for _, t := range terms {
		if slices.ContainsFunc(append([]string{t.Name}, t.Also...), func(s string) bool { return strings.Contains(plain(s), plain(word)) }) {
			out = append(out, t)
		}
	}
	return out
}

// termNames returns all words of the glossary.
func termNames() []string {
	var out []string
	for _, t := range terms {
		out = append(append(out, t.Name), t.Also...)
	}
	return out
}

// page is a writer of prose, wrapped to the terminal or to 100 columns.
func (e *explanation) page() (*report.Prose, report.TerminalOptions) {
	o := report.TerminalOptions{Width: e.app.width}
	if o.Width == 0 || o.Width > 100 {
		o.Width = 100
	}
	return report.NewProse(e.app.stdout, o), o
}

// check prints the documentation of a check.
func (e *explanation) check(d *analyze.Detector) error {
	if e.json {
		return report.WriteJSON(e.app.stdout, catalogue(d), "  ")
	}
	p, _ := e.page()
	p.Line(fmt.Sprintf("%s %s (%s, since %s)", d.ID, d.Name, d.Doc.Severity, d.Doc.Since))
	p.Line(d.Doc.Title)
	for _, s := range []struct{ title, text string }{
		{"", d.Doc.Text}, {"Proof", d.Doc.Proof}, {"Blind", d.Doc.Blind}, {"Fix", d.Doc.Fix},
	} {
		p.Line("")
		if s.title != "" {
			p.Line(strings.ToUpper(s.title))
		}
		p.Para("  ", s.text)
	}
	return p.Err()
}

// term prints an entry of the glossary, and the checks that have the word in their names.
func (e *explanation) term(t *concept, checks []analyze.Detector) error {
	if e.json {
		return report.WriteJSON(e.app.stdout, t, "  ")
	}
	p, o := e.page()
	p.Line(t.Name)
	if len(t.Also) > 0 {
		p.Para("also: ", strings.Join(t.Also, ", "))
	}
	p.Line("")
	p.Para("  ", t.Text)
	if len(checks) == 0 || p.Err() != nil {
		return p.Err()
	}
	p.Line("")
	p.Heading("CHECKS OF THAT NAME")
	return names(checks, nil).Write(e.app.stdout, o)
}

// list prints what a word fits.
func (e *explanation) list(word string, checks []analyze.Detector, words []concept) error {
	if e.json {
		l := listing{Checks: []catalogued{}, Terms: append([]concept{}, words...)}
		for i := range checks {
			l.Checks = append(l.Checks, catalogue(&checks[i]))
		}
		return report.WriteJSON(e.app.stdout, l, "  ")
	}
	p, o := e.page()
	if word != "terms" {
		p.Para("", fmt.Sprintf("%q is in the names of these; witnessmark explain NAME says more of one", word))
	}
	if err := p.Err(); err != nil {
		return err
	}
	return names(checks, words).Write(e.app.stdout, o)
}

// names is a table of checks and terms with what they are in short.
func names(checks []analyze.Detector, words []concept) *report.Table {
	t := report.NewTable(report.Column{Title: "NAME"}, report.Column{Title: "SAYS", Wrap: true})
	for _, d := range checks {
		t.Row(d.ID+" "+d.Name, d.Doc.Title)
	}
	for _, x := range words {
		t.Row(x.Name, firstSentence(x.Text))
	}
	return t
}

// firstSentence returns the text up to its first full stop that ends a sentence.
func firstSentence(s string) string {
	if i := strings.Index(s, ". "); i >= 0 {
		return s[:i]
	}
	return strings.TrimSuffix(s, ".")
}
