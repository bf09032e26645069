package report

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// command is a workflow command as GitHub's runner reads it.
type command struct {
	name, data string
	properties map[string]string
}

// parseCommand reads a line as actions/runner does (src/Runner.Common/ActionCommand.cs, TryParseV2).
func parseCommand(line string) (command, bool) {
	rest, ok := strings.CutPrefix(strings.TrimLeft(strings.TrimSuffix(line, "\n"), " "), "::")
	if !ok {
		return command{}, false
	}
	info, data, ok := strings.Cut(rest, "::")
	if !ok {
		return command{}, false
	}
	c := command{properties: map[string]string{}}
	unescape := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%", "%3A", ":", "%2C", ",")
	name, properties, _ := strings.Cut(info, " ")
	if name == "" || strings.ContainsAny(name[:1], "0123456789:.") {
		return command{}, false // no name that the runner has registered
	}
	for _, p := range strings.Split(properties, ",") {
		if key, value, ok := strings.Cut(p, "="); ok {
			c.properties[key] = unescape.Replace(value)
		}
	}
	c.name, c.data = name, strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%").Replace(data)
	return c, true
}

// legacyCommand matches what the runner would obey in a line that is none by parseCommand (TryParse), or Azure
// Pipelines or TeamCity in any.
var legacyCommand = regexp.MustCompile(`##[A-Za-z]*\[`).MatchString

// TestGitHubCommands: every line is one command that carries what it should, whatever the text.
func TestGitHubCommands(t *testing.T) {
	for name, s := range hostile {
		d := New(poisoned(s), Request{Command: "examine"})
		lines := strings.Split(strings.TrimSuffix(string(render(t, "github", d, TerminalOptions{})), "\n"), "\n")
		if len(lines) != 2 {
			t.Errorf("%s: %d lines, want 2:\n%s", name, len(lines), strings.Join(lines, "\n"))
			continue
		}
		c, ok := parseCommand(lines[1])
		want := command{name: "error", properties: map[string]string{"title": "WM1001 artifact-damaged (proven)", "file": Clean(d.Artifacts[0].Path)}}
		want.data = findingText(&d.Findings[0], pathsOf(d))
		if diff := cmp.Diff(want, c, cmp.AllowUnexported(command{})); !ok || diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", name, lines[1], diff)
		}
	}
}

func TestGitHubWorstTen(t *testing.T) {
	for n, want := range map[int]string{
		0:  "no findings in 6 artifacts",
		10: "9 x",
		13: "3 more (3 warnings): these are the worst 10 of 13",
	} {
		lines := strings.Split(strings.TrimSpace(string(render(t, "github", crowded(n, "x"), TerminalOptions{}))), "\n")
		last, _ := parseCommand(lines[len(lines)-1])
		first, _, _ := strings.Cut(last.data, "\n")
		if first != want {
			t.Errorf("%d findings end in %q, want %q", n, first, want)
		}
		annotations := 0
		for _, l := range lines {
			c, ok := parseCommand(l)
			if !ok {
				t.Errorf("no command: %s", l)
			}
			if c.name == "warning" && c.properties["title"] != "witnessmark: incomplete" {
				annotations++
			}
		}
		if annotations != min(n, githubMaxFindings) {
			t.Errorf("%d findings: %d annotations", n, annotations)
		}
		if c, _ := parseCommand(lines[0]); c.properties["title"] != "witnessmark: incomplete" || !strings.Contains(c.data, "1 artifact could not be read") {
			t.Errorf("%d findings: the first line is %s", n, lines[0])
		}
	}
}

func TestGitHubLevels(t *testing.T) {
	d := specimens()["findings"]
	for severity, want := range map[string]string{"error": "error", "warning": "warning", "note": "notice", "later": "warning"} {
		d.Findings[0].Severity = severity
		if out := string(render(t, "github", d, TerminalOptions{})); !strings.Contains(out, fmt.Sprintf("\n::%s file=", want)) {
			t.Errorf("%s: %s", severity, out)
		}
	}
}
