package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// testJenkins runs the shell parts of a Jenkinsfile, by "sh -xe" as Jenkins does. Its Groovy is parsed where groovy is
// installed, elsewhere only the nesting is looked at; which steps there are only Jenkins with its plugins knows.
func testJenkins(t *testing.T, text string) {
	if _, err := exec.LookPath("groovy"); err != nil {
		t.Log("groovy is not installed: it did not parse the file")
	} else {
		file := filepath.Join(t.TempDir(), "Jenkinsfile")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("groovy", "-e", "new GroovyShell().parse(new File(args[0]))", file).CombinedOutput(); bytes.Contains(out, []byte("JAVA_HOME")) {
			t.Log("groovy does not find java: it did not parse the file")
		} else if err != nil {
			t.Errorf("groovy: %v\n%s", err, out)
		}
	}
	if err := nesting(text); err != "" {
		t.Error(err)
	}
	if nesting(strings.Replace(text, "}", "", 1)) == "" {
		t.Error("a brace that is missing is not seen")
	}
	for _, part := range []string{"agent", "stages", "stage('", "steps", "post", "always", "junit ", "recordIssues ", "archiveArtifacts "} {
		if !strings.Contains(text, part) {
			t.Errorf("no %s", part)
		}
	}
	scripts := regexp.MustCompile(`(?s)sh (?:\(|)'([^'].*?)'\n|script: '''(.*?)'''`).FindAllStringSubmatch(text, -1)
	if len(scripts) != 2 {
		t.Fatalf("scripts %q", scripts)
	}
	p := newPipeline(t)
	env := map[string]string{"WORKSPACE": p.workspace, "GOBIN": filepath.Join(p.workspace, "bin")}
	for i, want := range []int{0, 1} {
		if r := p.run("sh -xe", scripts[i][1]+scripts[i][2], env); r.code != want {
			t.Errorf("exit code %d, want %d\n%s", r.code, want, r.out)
		}
	}
	checkJUnit(t, p.read("witnessmark.xml"))
	for _, name := range []string{"witnessmark.sarif", "witnessmark.html", "witnessmark.json"} {
		if p.read(name) == "" {
			t.Errorf("%s is empty", name)
		}
	}
}

// nesting says what is wrong with the brackets of Groovy, outside of strings and comments.
func nesting(text string) string {
	text = regexp.MustCompile(`(?s)'''.*?'''|'[^'\n]*'|"[^"\n]*"|//[^\n]*`).ReplaceAllString(text, "")
	var open []rune
	for _, r := range text {
		switch i := strings.IndexRune("})]", r); {
		case strings.ContainsRune("{([", r):
			open = append(open, r)
		case i >= 0:
			if len(open) == 0 || open[len(open)-1] != []rune("{([")[i] {
				return "a " + string(r) + " that closes nothing"
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return string(open) + " stay open"
	}
	return ""
}

// hook is an entry of .pre-commit-hooks.yaml, or of the configuration of a repository that uses it.
type hook struct {
	ID       string   `yaml:"id"`
	Name     string   `yaml:"name"`
	Entry    string   `yaml:"entry"`
	Language string   `yaml:"language"`
	Files    string   `yaml:"files"`
	Args     []string `yaml:"args"`
	Serial   bool     `yaml:"require_serial"`
}

// testPreCommit: pre-commit, where it is installed, accepts both files; the hook's command runs over the files that it asks
// for and ends as the contract says.
func testPreCommit(t *testing.T, text string) {
	manifest := filepath.Join(root, ".pre-commit-hooks.yaml")
	data, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	var hooks []hook
	if err := yaml.Unmarshal(data, &hooks); err != nil {
		t.Fatal(err)
	}
	var config struct {
		Repos []struct {
			Repo  string `yaml:"repo"`
			Rev   string `yaml:"rev"`
			Hooks []hook `yaml:"hooks"`
		} `yaml:"repos"`
	}
	if err := yaml.Unmarshal([]byte(text), &config); err != nil || len(config.Repos) != 1 {
		t.Fatal(err, config)
	}
	if tool, err := exec.LookPath("pre-commit"); err != nil {
		t.Log("pre-commit is not installed: it did not validate the files")
	} else {
		file := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"validate-manifest", manifest}, {"validate-config", file}} {
			if out, err := exec.Command(tool, args...).CombinedOutput(); err != nil {
				t.Errorf("pre-commit %v: %v\n%s", args, err, out)
			}
		}
	}
	used := config.Repos[0].Hooks[0]
	i := slices.IndexFunc(hooks, func(h hook) bool { return h.ID == used.ID })
	if i < 0 || hooks[i].Language != "golang" || !hooks[i].Serial || hooks[i].Name == "" {
		t.Fatalf("no hook %s in %+v", used.ID, hooks)
	}
	files := regexp.MustCompile(hooks[i].Files)
	p := newPipeline(t)
	var matched []string
	err = filepath.WalkDir(filepath.Join(p.workspace, "dumps"), func(path string, d os.DirEntry, err error) error {
		if rel, _ := filepath.Rel(p.workspace, path); err == nil && !d.IsDir() && files.MatchString(filepath.ToSlash(rel)) {
			matched = append(matched, rel)
		}
		return err
	})
	if err != nil || len(matched) < 8 {
		t.Fatalf("the hook asks for %v, %v", matched, err)
	}
	for _, other := range []string{"README.md", "main.go", "go.sum", "x.json", "dumps/notes.txt", "profile.go"} {
		if files.MatchString(other) {
			t.Errorf("the hook asks for %s", other)
		}
	}
	command := hooks[i].Entry + " " + strings.Join(append(used.Args, matched...), " ")
	if r := p.run("sh", command, nil); r.code != 1 || !strings.Contains(r.out, "WM1003") {
		t.Errorf("%s: exit code %d\n%s", command, r.code, r.out)
	}
}
