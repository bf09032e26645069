package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
)

// Rules of the workflow commands of GitHub Actions:
//   - GitHub shows ten annotations of a level and step and drops the rest without a word, so only the worst
//     ten findings are sent, and one notice counts the others. Incompleteness goes first.
//   - An annotation names the artifact and no line, which the document does not know.
//   - Values are escaped as actions/toolkit does (packages/core/src/command.ts, escapeData and escapeProperty);
//     captured text is cleaned first, so that no value can end its line.

const githubMaxFindings = 10

func renderGitHub(w io.Writer, d *Document, _ TerminalOptions) error {
	b := bufio.NewWriter(w)
	if !d.Run.Complete {
		level := "warning"
		if d.Run.ExitCode == ExitFailure || d.Run.ExitCode == ExitIncomplete {
			level = "error"
		}
		why := make([]string, 0, len(d.Run.Incomplete))
		for _, s := range d.Run.Incomplete {
			why = append(why, Clean(s))
		}
		annotate(b, level, "witnessmark: incomplete", "", strings.Join(why, "\n"))
	}
	paths := pathsOf(d)
	shown := d.Findings[:min(len(d.Findings), githubMaxFindings)]
	for i := range shown {
		f := &shown[i]
		file := ""
		if len(f.Exhibits) > 0 {
			file = Clean(paths[f.Exhibits[0].Artifact])
		}
		annotate(b, githubLevel(f.Severity), Clean(f.ID+" "+f.Name)+" ("+Clean(f.Basis)+")", file, findingText(f, paths))
	}
	switch rest := d.Findings[len(shown):]; {
	case len(rest) > 0:
		annotate(b, "notice", "witnessmark", "", fmt.Sprintf("%s more (%s): these are the worst %d of %s", thousands(len(rest)), severities(rest), len(shown), thousands(len(d.Findings))))
	case len(shown) == 0:
		text := "no findings in " + count(len(d.Artifacts), "artifact")
		if accepted := acceptedText(d); accepted != "" {
			text += "; " + accepted
		}
		annotate(b, "notice", "witnessmark", "", text)
	}
	return b.Flush()
}

func githubLevel(severity string) string {
	switch analyze.Severity(severity) {
	case analyze.Error:
		return "error"
	case analyze.Note:
		return "notice"
	}
	return "warning"
}

// annotate writes one command. The error of the writer is kept for Flush.
func annotate(b *bufio.Writer, level, title, file, message string) {
	b.WriteString("::" + level + " ")
	if file != "" {
		b.WriteString("file=" + githubProperty.Replace(file) + ",")
	}
	b.WriteString("title=" + githubProperty.Replace(title) + "::" + githubData.Replace(message) + "\n")
}

var (
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
