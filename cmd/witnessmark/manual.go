package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// manual makes what packages ship beside the program: man pages and completions, from the command tree that users run.
type manual struct {
	app              *app
	man, completions string // folders
}

// manualCommand is hidden: it is for whoever packages the program.
func manualCommand(a *app) *cobra.Command {
	o := &manual{app: a}
	cmd := &cobra.Command{
		Use:   "manual",
		Short: "Write man pages and shell completions, for packages",
		Long: `manual writes the man pages of all commands and the completions for bash, zsh, fish and PowerShell. SOURCE_DATE_EPOCH
is the date of the pages; without it they have none. The same tree and date give the same bytes.`,
		Example: `  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) witnessmark manual --man bin/man --completions bin/completions`,
		Args:    cobra.NoArgs,
		Hidden:  true,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Root()) },
	}
	cmd.Flags().StringVar(&o.man, "man", "", "folder for the man pages")
	cmd.Flags().StringVar(&o.completions, "completions", "", "folder for the completions")
	return cmd
}

func (o *manual) run(root *cobra.Command) error {
	if o.man == "" && o.completions == "" {
		return errors.New("nothing to write\nsee: witnessmark manual --help")
	}
	date := ""
	if o.app.epoch != "" {
		seconds, err := strconv.ParseInt(o.app.epoch, 10, 64)
		if err != nil {
			return fmt.Errorf("SOURCE_DATE_EPOCH %q: want seconds since 1970", o.app.epoch)
		}
		date = time.Unix(seconds, 0).UTC().Format(time.DateOnly)
	}
	if o.man != "" {
		if err := writePages(o.man, root, date); err != nil {
			return err
		}
	}
	if o.completions != "" {
		return writeCompletions(o.completions, root)
	}
	return nil
}

// writePages writes a page for the command and for each one below it that help lists.
func writePages(dir string, cmd *cobra.Command, date string) error {
	if err := writeInto(dir, pageName(cmd)+".1", manPage(cmd, date)); err != nil {
		return err
	}
	for _, c := range cmd.Commands() {
		if !c.IsAvailableCommand() {
			continue
		}
		if err := writePages(dir, c, date); err != nil {
			return err
		}
	}
	return nil
}

// writeCompletions names the files as the shells look for them.
func writeCompletions(dir string, root *cobra.Command) error {
	for _, shell := range []struct {
		file  string
		write func(*bytes.Buffer) error
	}{
		{"witnessmark.bash", func(b *bytes.Buffer) error { return root.GenBashCompletionV2(b, true) }},
		{"_witnessmark", func(b *bytes.Buffer) error { return root.GenZshCompletion(b) }},
		{"witnessmark.fish", func(b *bytes.Buffer) error { return root.GenFishCompletion(b, true) }},
		{"witnessmark.ps1", func(b *bytes.Buffer) error { return root.GenPowerShellCompletionWithDesc(b) }},
	} {
		var b bytes.Buffer
		if err := shell.write(&b); err != nil {
			return fmt.Errorf("completion %s: %w", shell.file, err)
		}
		if err := writeInto(dir, shell.file, b.String()); err != nil {
			return err
		}
	}
	return nil
}

func writeInto(dir, name, text string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)
}

// pageName is the name of the page of a command: witnessmark-align-apply.
func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }
