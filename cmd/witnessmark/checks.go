package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/all"
	"github.com/witnessmark/witnessmark/report"
)

// catalogued is one check as `checks --format json` and `explain --format json` print it.
type catalogued struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Severity string `json:"severity"`
	Since    string `json:"since"`
	Title    string `json:"title"`
	Text     string `json:"text"`
	Proof    string `json:"proof"`
	Blind    string `json:"blind"`
	Fix      string `json:"fix"`
}

func catalogue(d *analyze.Detector) catalogued {
	return catalogued{
		ID: d.ID, Name: d.Name, Severity: string(d.Doc.Severity), Since: d.Doc.Since,
		Title: d.Doc.Title, Text: d.Doc.Text, Proof: d.Doc.Proof, Blind: d.Doc.Blind, Fix: d.Doc.Fix,
	}
}

func checksCommand(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "checks",
		Short: "List all checks",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			detectors := documented(all.Detectors())
			switch format {
			case "json":
				list := make([]catalogued, 0, len(detectors))
				for i := range detectors {
					list = append(list, catalogue(&detectors[i]))
				}
				return report.WriteJSON(a.stdout, list, "  ")
			case "table":
				t := report.NewTable(report.Column{Title: "ID"}, report.Column{Title: "NAME"}, report.Column{Title: "SEVERITY"}, report.Column{Title: "FINDS", Shrink: true})
				for i := range detectors {
					d := &detectors[i]
					t.Row(d.ID, d.Name, string(d.Doc.Severity), d.Doc.Title)
				}
				return t.Write(a.stdout, report.TerminalOptions{Width: a.width})
			}
			return fmt.Errorf("--format %q: want table or json", format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "table or json")
	return cmd
}

func explainCommand(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "explain ID|NAME",
		Short:   "Say what a check means, what it proves, what it cannot see, and what to do",
		Example: "  witnessmark explain WM4001\n  witnessmark explain orphan-span",
		Args:    exactly(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return checkNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := find(documented(all.Detectors()), args[0])
			if err != nil {
				return err
			}
			switch format {
			case "json":
				return report.WriteJSON(a.stdout, catalogue(d), "  ")
			case "table":
				return explain(a, d)
			}
			return fmt.Errorf("--format %q: want table or json", format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "table or json")
	return cmd
}

// explain prints the documentation of a check, wrapped to the terminal or to 100 columns.
func explain(a *app, d *analyze.Detector) error {
	o := report.TerminalOptions{Width: a.width}
	if o.Width == 0 || o.Width > 100 {
		o.Width = 100
	}
	p := report.NewProse(a.stdout, o)
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
