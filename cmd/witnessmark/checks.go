package main

import (
	"fmt"

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
				t := report.NewTable(report.Column{Title: "ID"}, report.Column{Title: "NAME"}, report.Column{Title: "SEVERITY"}, report.Column{Title: "FINDS", Wrap: true})
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
