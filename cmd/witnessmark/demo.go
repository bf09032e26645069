package main

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// incident is what testdata/programs/demo captured.
//
//go:embed demo/incident
var incident embed.FS

func demoCommand(a *app, code *int) *cobra.Command {
	var extract string
	o := newExamine(a, code)
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Examine an incident that is embedded in the program",
		Long: `demo examines the captures of a small shop of three services after a bad evening: the same as

  witnessmark examine --require-label route incident/

on a folder that --extract writes.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if extract != "" {
				return writeIncident(extract)
			}
			err := o.demo(cmd)
			// The demo did what it should: its findings are no reason for make to stop.
			*code = 0
			return err
		},
	}
	cmd.Flags().StringVar(&extract, "extract", "", "write the captures to this `FOLDER`, which must not exist, and stop")
	o.flags(cmd)
	o.stackFlag(cmd)
	return cmd
}

// demo examines the incident from a folder of its own, so that its paths are the same everywhere.
func (o *examine) demo(cmd *cobra.Command) error {
	dir, err := os.MkdirTemp("", "witnessmark-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := writeIncident(filepath.Join(dir, "incident")); err != nil {
		return err
	}
	back, err := os.Getwd()
	if err != nil {
		return err
	}
	o.out.below(back)
	if err := os.Chdir(dir); err != nil {
		return err
	}
	defer os.Chdir(back)
	if len(o.requireLabels) == 0 {
		o.requireLabels = []string{"route"}
	}
	if err := o.run(cmd, []string{"incident"}); err != nil {
		return err
	}
	if o.out.format == "table" && !o.out.quiet {
		fmt.Fprint(o.app.stdout, demoHint)
	}
	return nil
}

const demoHint = `
NEXT
the captures, to look at them yourself:   witnessmark demo --extract incident
the evidence behind an "at" line above:   witnessmark show PLACE
what a finding means and how sure it is:  witnessmark explain ID
your own captures:                        witnessmark examine FOLDER
`

func writeIncident(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return fmt.Errorf("--extract %s: exists", dir)
	}
	return fs.WalkDir(incident, "demo/incident", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("demo/incident", path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(dir, rel), 0o755)
		}
		data, err := incident.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, rel), data, 0o644)
	})
}
