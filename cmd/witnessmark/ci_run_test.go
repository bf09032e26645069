package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// pipeline runs the shell parts of CI snippets as their runners would, in a workspace that holds the demo's captures as
// dumps/, and those that are whole as before/ and after/. go installs nothing: where a script asks for witnessmark it gets this test binary; apt-get
// does nothing. What they were asked is logged.
type pipeline struct {
	t         *testing.T
	workspace string
	path      string // PATH
	log       string // file of what the stand-ins were asked
}

// goShim stands in for go. Everything but an installation, or a build that need not be repeated, is for the real one.
const goShim = `#!/bin/sh
echo "go $*" >> "$SHIM_LOG"
case "$*" in
install*" github.com/witnessmark/witnessmark/cmd/witnessmark@"*)
	if [ -n "$GOBIN" ]; then mkdir -p "$GOBIN" && ln -sf "$SHIM_WITNESSMARK" "$GOBIN/witnessmark"; fi
	exit 0 ;;
"build -trimpath -o "*" ./cmd/witnessmark")
	if [ -n "$SHIM_BUILD" ]; then ln -sf "$SHIM_WITNESSMARK" "$4/witnessmark"; exit 0; fi ;;
esac
exec "$SHIM_GO" "$@"
`

func newPipeline(t *testing.T) *pipeline {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is not installed")
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go command")
	}
	p := &pipeline{t: t, workspace: t.TempDir(), log: filepath.Join(t.TempDir(), "log")}
	for _, dir := range []string{"dumps", "before", "after"} {
		if err := writeIncident(filepath.Join(p.workspace, dir)); err != nil {
			t.Fatal(err)
		}
		if dir == "dumps" {
			continue
		}
		for _, damaged := range []string{"checkout/goroutine.txt", "frontend/cpu.pb.gz"} {
			if err := os.Remove(filepath.Join(p.workspace, dir, damaged)); err != nil {
				t.Fatal(err)
			}
		}
	}
	shims, self := t.TempDir(), binary(t)
	for name, text := range map[string]string{"go": goShim, "apt-get": "#!/bin/sh\necho \"apt-get $*\" >> \"$SHIM_LOG\"\n"} {
		if err := os.WriteFile(filepath.Join(shims, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p.path = strings.Join([]string{shims, self, os.Getenv("PATH")}, string(os.PathListSeparator))
	if testing.Short() {
		t.Setenv("SHIM_BUILD", "1")
	}
	t.Setenv("SHIM_GO", goTool)
	t.Setenv("SHIM_WITNESSMARK", filepath.Join(self, "witnessmark"))
	t.Setenv("SHIM_LOG", p.log)
	return p
}

// ran is how a script ended.
type ran struct {
	code    int
	out     string            // standard output and error
	outputs map[string]string // what it wrote to GITHUB_OUTPUT
	summary string            // and to GITHUB_STEP_SUMMARY
}

// run runs a script by a shell, such as "bash -e", with further variables.
func (p *pipeline) run(shell, script string, env map[string]string) ran {
	p.t.Helper()
	dir := p.t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			p.t.Fatal(err)
		}
		return path
	}
	output, summary := file("output", ""), file("summary", "")
	words := append(strings.Fields(shell), file("script", script))
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = p.workspace
	cmd.Env = append(os.Environ(), "PATH="+p.path, "NO_COLOR=1", "RUNNER_TEMP="+dir, "GITHUB_OUTPUT="+output, "GITHUB_STEP_SUMMARY="+summary)
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	r := ran{out: out.String(), outputs: map[string]string{}}
	if e := (*exec.ExitError)(nil); errors.As(err, &e) {
		r.code = e.ExitCode()
	} else if err != nil {
		p.t.Fatal(err)
	}
	for _, line := range strings.Split(p.read(output), "\n") {
		if name, value, ok := strings.Cut(line, "="); ok {
			r.outputs[name] = value
		}
	}
	r.summary = p.read(summary)
	return r
}

func (p *pipeline) read(path string) string {
	p.t.Helper()
	if !filepath.IsAbs(path) {
		path = filepath.Join(p.workspace, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

// step is a step of a workflow or of a composite action.
type step struct {
	ID    string            `yaml:"id"`
	If    string            `yaml:"if"`
	Uses  string            `yaml:"uses"`
	With  map[string]string `yaml:"with"`
	Shell string            `yaml:"shell"`
	Env   map[string]string `yaml:"env"`
	Run   string            `yaml:"run"`
}

var expression = regexp.MustCompile(`\$\{\{ *([\w.-]+) *\}\}`)

// resolve fills in the values of a context, such as inputs.paths and steps.run.outputs.code, in text.
func resolve(t *testing.T, text string, context map[string]string) string {
	t.Helper()
	text = expression.ReplaceAllStringFunc(text, func(s string) string {
		name := expression.FindStringSubmatch(s)[1]
		value, ok := context[name]
		if !ok && !strings.Contains(name, ".outputs.") {
			t.Errorf("nothing is called %s", name)
		}
		return value
	})
	if strings.Contains(text, "${{") {
		t.Errorf("an expression that the test does not know: %s", text)
	}
	return text
}

// script checks a step and runs its script, and adds its outputs to the context.
func (p *pipeline) script(s *step, context map[string]string) ran {
	p.t.Helper()
	if strings.Contains(s.Run, "${{") {
		p.t.Errorf("step %s: an expression inside of a script is shell for whoever chooses its value", s.ID)
	}
	env := map[string]string{}
	for name, value := range s.Env {
		env[name] = resolve(p.t, value, context)
	}
	env["GITHUB_ACTION_PATH"] = context["github.action_path"]
	shell := "bash -e" // what GitHub runs where no shell is named
	if s.Shell == "bash" {
		shell = "bash --noprofile --norc -eo pipefail"
	}
	r := p.run(shell, s.Run, env)
	for name, value := range r.outputs {
		context[fmt.Sprintf("steps.%s.outputs.%s", s.ID, name)] = value
	}
	return r
}

// action is action.yml.
type action struct {
	Inputs map[string]struct {
		Required bool   `yaml:"required"`
		Default  string `yaml:"default"`
	} `yaml:"inputs"`
	Outputs map[string]struct {
		Value string `yaml:"value"`
	} `yaml:"outputs"`
	Runs struct {
		Steps []step `yaml:"steps"`
	} `yaml:"runs"`
}

func readAction(t *testing.T) *action {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	a := new(action)
	if err := yaml.Unmarshal(text, a); err != nil {
		t.Fatal(err)
	}
	return a
}

// use runs the action with inputs: its outputs, and how its last step ended. The outputs of all steps are in out.
func (p *pipeline) use(a *action, with map[string]string) (outputs map[string]string, last ran, out string) {
	p.t.Helper()
	source, err := filepath.Abs(root)
	if err != nil {
		p.t.Fatal(err)
	}
	context := map[string]string{"github.action_path": source}
	for name, input := range a.Inputs {
		value, ok := with[name]
		if !ok && input.Required {
			p.t.Errorf("input %s is required", name)
		}
		if !ok {
			value = input.Default
		}
		context["inputs."+name] = value
	}
	for name := range with {
		if _, ok := a.Inputs[name]; !ok {
			p.t.Errorf("the action has no input %s", name)
		}
	}
	summary := ""
	for i := range a.Runs.Steps {
		last = p.script(&a.Runs.Steps[i], context)
		out += last.out
		summary += last.summary
		if last.code != 0 {
			break
		}
	}
	last.summary = summary
	outputs = map[string]string{}
	for name, o := range a.Outputs {
		outputs[name] = resolve(p.t, o.Value, context)
	}
	return outputs, last, out
}
