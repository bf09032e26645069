package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/witnessmark/witnessmark/report"
)

// schemaOf compiles a schema of testdata/schemas.
func schemaOf(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(filepath.Join("testdata", "schemas", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validateYAML validates YAML against a schema.
func validateYAML(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// TestActionMetadata: action.yml is valid by the public schema, which can refuse.
func TestActionMetadata(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	schema := schemaOf(t, "github-action")
	if err := validateYAML(t, schema, string(text)); err != nil {
		t.Error(err)
	}
	for _, change := range [][2]string{{"using: composite", "using: shell"}, {"      shell: bash\n", ""}, {"\ninputs:", "\ninput:"}} {
		if validateYAML(t, schema, strings.Replace(string(text), change[0], change[1], 1)) == nil {
			t.Errorf("the schema accepts %q instead of %q", change[1], change[0])
		}
	}
}

// TestAction runs the action: outputs, annotations, summary and files, and the exit code of the contract as that of the step.
func TestAction(t *testing.T) {
	p, a := newPipeline(t), readAction(t)
	formats := "json, jsonl,sarif,junit,markdown,html,table"
	outputs, last, out := p.use(a, map[string]string{"paths": "dumps/\n", "formats": formats, "args": "--require-label=route\r\n"})
	if last.code != 1 || outputs["exit-code"] != "1" {
		t.Errorf("exit code %d, output %v", last.code, outputs)
	}
	for _, want := range []string{"::error file=dumps/checkout/goroutine.txt,title=WM1003", "WM2001 label-missing"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	if !strings.HasPrefix(last.summary, "## witnessmark: ") {
		t.Errorf("summary %.80q", last.summary)
	}
	for _, format := range strings.Split(strings.ReplaceAll(formats, " ", ""), ",") {
		if text := p.read(outputs[format]); text == "" {
			t.Errorf("%s is empty", format)
		}
	}
	d, err := report.Read(strings.NewReader(p.read(outputs["json"])))
	if err != nil || d.Run.ExitCode != 1 {
		t.Errorf("json: %v", err)
	}
	if text := p.read(p.log); !strings.Contains(text, "go build -trimpath -o ") {
		t.Errorf("go was asked %s", text)
	}
}

// TestActionInputs: every input does what it says and nothing else, whatever stands in it.
func TestActionInputs(t *testing.T) {
	p, a := newPipeline(t), readAction(t)
	t.Setenv("SHIM_BUILD", "1")
	if r := p.run("sh", "witnessmark baseline create -o known.json dumps; printf 'fail_on: never\\n' > never.yaml", nil); r.code != 0 {
		t.Fatal(r.out)
	}
	for _, c := range []struct {
		name string
		with map[string]string
		code int
	}{
		{"two paths and a glob", map[string]string{"paths": "dumps/checkout\ndumps/**/*.pb.gz"}, 1},
		{"a path with blanks", map[string]string{"paths": "no such folder"}, 2},
		{"no path", map[string]string{"paths": ""}, 2},
		{"never", map[string]string{"paths": "dumps", "fail-on": "never"}, 3},
		{"allowed", map[string]string{"paths": "dumps", "fail-on": "never", "args": "--allow-incomplete"}, 0},
		{"a wrong severity", map[string]string{"paths": "dumps", "fail-on": "fatal"}, 2},
		{"a wrong format", map[string]string{"paths": "dumps", "formats": "pdf"}, 2},
		{"a baseline", map[string]string{"paths": "dumps", "baseline": "known.json"}, 3},
		{"a configuration", map[string]string{"paths": "dumps", "config": "never.yaml"}, 3},
		{"a version", map[string]string{"paths": "dumps", "version": "v0.1.0"}, 1},
		{"shell in a path", map[string]string{"paths": "$(touch owned)\n`touch owned`; touch owned\n\"; touch owned; \"\n' && touch owned"}, 2},
		{"a flag in a path", map[string]string{"paths": "--help"}, 2},
		{"shell in the others", map[string]string{"paths": "dumps", "fail-on": "$(touch owned)", "baseline": "; touch owned", "config": "|touch owned"}, 2},
		{"shell in formats", map[string]string{"paths": "dumps", "formats": "$(touch owned) ; * json\nexit-code=0"}, 2},
		{"shell in args", map[string]string{"paths": "dumps", "args": "$(touch owned)\n--only=`touch owned`"}, 2},
	} {
		outputs, last, out := p.use(a, c.with)
		if last.code != c.code || outputs["exit-code"] != strconv.Itoa(c.code) {
			t.Errorf("%s: exit code %d, want %d, outputs %v\n%s", c.name, last.code, c.code, outputs, out)
		}
		if _, err := os.Stat(filepath.Join(p.workspace, "owned")); err == nil {
			t.Fatalf("%s: an input ran as shell", c.name)
		}
	}
	if text := p.read(p.log); !strings.Contains(text, "go install -trimpath github.com/witnessmark/witnessmark/cmd/witnessmark@v0.1.0\n") {
		t.Errorf("go was asked %s", text)
	}
	// No Go: said, not guessed.
	p.path = binary(t)
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	s := a.Runs.Steps[0]
	if r := p.run(bash+" -e", s.Run, map[string]string{"VERSION": ""}); r.code != 2 || !strings.Contains(r.out, "::error title=witnessmark::there is no go") {
		t.Errorf("without go: %d %s", r.code, r.out)
	}
}

// snippet is a block of docs/ci.md.
type snippet struct{ kind, text string }

func snippets(t *testing.T) []snippet {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "ci.md"))
	if err != nil {
		t.Fatal(err)
	}
	marked := regexp.MustCompile("(?s)<!-- checked as ([a-z-]+) -->\n```[a-z]+\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if blocks := len(regexp.MustCompile("(?m)^```(yaml|groovy)$").FindAllString(string(text), -1)); blocks != len(marked) {
		t.Errorf("%d blocks, %d of them checked", blocks, len(marked))
	}
	var out []snippet
	for _, m := range marked {
		out = append(out, snippet{m[1], m[2]})
	}
	return out
}

// TestSnippets runs what docs/ci.md says, after it was validated.
func TestSnippets(t *testing.T) {
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip("jq is not installed, which snippets use")
	}
	t.Setenv("SHIM_BUILD", "1")
	checks := map[string]func(*testing.T, string){
		"github-workflow": testWorkflow, "gitlab-ci": testGitLab, "jenkinsfile": testJenkins, "pre-commit-config": testPreCommit,
	}
	seen := map[string]bool{}
	for _, s := range snippets(t) {
		seen[s.kind] = true
		t.Run(s.kind, func(t *testing.T) { checks[s.kind](t, s.text) })
	}
	if len(seen) != len(checks) {
		t.Errorf("the page has only %v", seen)
	}
}

func testWorkflow(t *testing.T, text string) {
	schema := schemaOf(t, "github-workflow")
	if err := validateYAML(t, schema, text); err != nil {
		t.Error(err)
	}
	if validateYAML(t, schema, strings.Replace(text, "runs-on:", "runs_on:", 1)) == nil {
		t.Error("the schema accepts runs_on")
	}
	if tool, err := exec.LookPath("actionlint"); err != nil {
		t.Log("actionlint is not installed: make packaging runs it")
	} else {
		cmd := exec.Command(tool, "-no-color", "-")
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("actionlint: %v\n%s", err, out)
		}
	}
	var w struct {
		Jobs map[string]struct {
			Steps []step `yaml:"steps"`
		} `yaml:"jobs"`
	}
	if err := yaml.Unmarshal([]byte(text), &w); err != nil {
		t.Fatal(err)
	}
	p, context, examined := newPipeline(t), map[string]string{}, 0
	for _, job := range w.Jobs {
		for i := range job.Steps {
			s := &job.Steps[i]
			switch {
			case strings.HasPrefix(s.Uses, "witnessmark/witnessmark@"):
				outputs, last, out := p.use(readAction(t), s.With)
				if last.code != 1 {
					t.Errorf("exit code %d\n%s", last.code, out)
				}
				for name, value := range outputs {
					context["steps."+s.ID+".outputs."+name] = value
				}
				examined++
			case s.Uses == "":
				if r := p.script(s, context); r.code != 0 {
					t.Errorf("%s\n%d: %s", s.Run, r.code, r.out)
				} else if r.summary != "" {
					examined++
				}
			}
		}
	}
	if examined != 1 {
		t.Errorf("captures were examined %d times", examined)
	}
	if path := filepath.Join(p.workspace, "witnessmark.sarif"); strings.Contains(text, "upload-sarif") {
		var log struct {
			Runs []struct{ Results []json.RawMessage }
		}
		if err := json.Unmarshal([]byte(p.read(path)), &log); err != nil || len(log.Runs) != 1 || len(log.Runs[0].Results) == 0 {
			t.Errorf("the SARIF log to upload: %v, %+v", err, log)
		}
	}
}

// testGitLab runs the job of a pipeline and looks at what it hands in.
func testGitLab(t *testing.T, text string) {
	schema := schemaOf(t, "gitlab-ci")
	if err := validateYAML(t, schema, text); err != nil {
		t.Error(err)
	}
	if validateYAML(t, schema, strings.Replace(text, "expire_in: 30 days", "expire_in: [30]", 1)) == nil {
		t.Error("the schema accepts a list as expire_in")
	}
	var jobs map[string]struct {
		Before    []string `yaml:"before_script"`
		Script    []string `yaml:"script"`
		Artifacts struct {
			Paths   []string          `yaml:"paths"`
			Reports map[string]string `yaml:"reports"`
		} `yaml:"artifacts"`
	}
	if err := yaml.Unmarshal([]byte(text), &jobs); err != nil {
		t.Fatal(err)
	}
	p := newPipeline(t)
	for name, job := range jobs {
		// As GitLab's runner joins them: one shell that stops at the first line that fails.
		r := p.run("bash", "set -eo pipefail\n"+strings.Join(append(job.Before, job.Script...), "\n"), nil)
		if r.code != 1 {
			t.Errorf("%s: exit code %d\n%s", name, r.code, r.out)
		}
		for _, path := range job.Artifacts.Paths {
			if p.read(path) == "" {
				t.Errorf("%s is empty", path)
			}
		}
		checkJUnit(t, p.read(job.Artifacts.Reports["junit"]))
		checkCodeQuality(t, p.read(job.Artifacts.Reports["codequality"]))
	}
}

func checkJUnit(t *testing.T, text string) {
	t.Helper()
	var suites struct {
		Failures int `xml:"failures,attr"`
	}
	if err := xml.Unmarshal([]byte(text), &suites); err != nil || suites.Failures == 0 {
		t.Errorf("junit: %v, %d failures", err, suites.Failures)
	}
}

// checkCodeQuality: what GitLab's documentation requires of each entry: description, check_name, a fingerprint of its own,
// one of five severities, and a relative path with a line.
func checkCodeQuality(t *testing.T, text string) {
	t.Helper()
	var issues []struct {
		Description string `json:"description"`
		Check       string `json:"check_name"`
		Fingerprint string `json:"fingerprint"`
		Severity    string `json:"severity"`
		Location    struct {
			Path  string `json:"path"`
			Lines struct {
				Begin int `json:"begin"`
			} `json:"lines"`
		} `json:"location"`
	}
	if err := json.Unmarshal([]byte(text), &issues); err != nil || len(issues) < 5 {
		t.Fatalf("code quality: %v, %d issues", err, len(issues))
	}
	seen := map[string]bool{}
	for _, i := range issues {
		if i.Description == "" || i.Check == "" || i.Fingerprint == "" || seen[i.Fingerprint] || !strings.HasPrefix(i.Location.Path, "dumps/") ||
			i.Location.Lines.Begin < 1 || !regexp.MustCompile("^(info|minor|major|critical|blocker)$").MatchString(i.Severity) {
			t.Errorf("issue %+v", i)
		}
		seen[i.Fingerprint] = true
	}
}
