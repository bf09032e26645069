package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/witnessmark/witnessmark/analyze"
)

const junitXSD = "testdata/schemas/jenkins-junit.xsd"

// junitDocuments are documents that between them have every kind of case.
func junitDocuments(t *testing.T) map[string]*Document {
	t.Helper()
	documents := specimens()
	documents["incident"] = incident(t)
	for name, s := range hostile {
		documents["hostile "+name] = New(poisoned(s), Request{Command: "examine", Args: []string{s}, Version: s})
	}
	return documents
}

// TestJUnitValid validates against the schema of Jenkins, with our own reading of it, and with xmllint
// where that is installed.
func TestJUnitValid(t *testing.T) {
	schema := readXSD(t)
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Log("xmllint is not installed: only our own reading of the schema is tried")
	}
	for name, d := range junitDocuments(t) {
		text := render(t, "junit", d, TerminalOptions{})
		for _, problem := range schema.check(parseXML(t, text)) {
			t.Errorf("%s: %s", name, problem)
		}
		if xmllint == "" {
			continue
		}
		cmd := exec.Command(xmllint, "--noout", "--nonet", "--schema", junitXSD, "-")
		cmd.Stdin = bytes.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: xmllint: %v\n%s\n%s", name, err, out, text)
		}
	}
	for name, bad := range map[string]string{
		"unknown element":   `<testsuites><surprise/></testsuites>`,
		"unknown attribute": `<testsuites surprise="1"/>`,
		"missing attribute": `<testsuites><testsuite name="x"/></testsuites>`,
		"wrong order":       `<testsuites><testsuite name="x" tests="1"><testcase name="y"><system-out/><failure/></testcase></testsuite></testsuites>`,
		"one too many":      `<testsuites><testsuite name="x" tests="1"><testcase name="y"><skipped/><skipped/></testcase></testsuite></testsuites>`,
	} {
		if len(schema.check(parseXML(t, []byte(bad)))) == 0 {
			t.Errorf("%s: the schema accepts it", name)
		}
	}
}

// TestJUnitCounts: what servers add up is what is there, names are unique, and the file is red where the exit
// code is not 0.
func TestJUnitCounts(t *testing.T) {
	for name, d := range junitDocuments(t) {
		for _, failOn := range []string{"error", "warning", "note", Never} {
			d.Run.FailOn = failOn
			d.Run.ExitCode = exitCode(d, Request{FailOn: failOn})
			var all junitSuites
			if err := xml.Unmarshal(render(t, "junit", d, TerminalOptions{}), &all); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			names, tests, failures, errors := map[string]bool{}, 0, 0, 0
			for _, s := range all.Suites {
				tests, failures, errors = tests+s.Tests, failures+s.Failures, errors+s.Errors
				if s.Tests != len(s.Cases) {
					t.Errorf("%s: suite %s says %d tests, has %d", name, s.Name, s.Tests, len(s.Cases))
				}
				for _, c := range s.Cases {
					if names[c.Class+"\n"+c.Name] {
						t.Errorf("%s: two cases %s %s", name, c.Class, c.Name)
					}
					names[c.Class+"\n"+c.Name] = true
				}
			}
			if all.Tests != tests || all.Failures != failures || all.Errors != errors {
				t.Errorf("%s: totals %d %d %d, want %d %d %d", name, all.Tests, all.Failures, all.Errors, tests, failures, errors)
			}
			if red := failures+errors > 0; red != (d.Run.ExitCode != ExitClean) {
				t.Errorf("%s with --fail-on %s: red is %v, the exit code %d", name, failOn, red, d.Run.ExitCode)
			}
			gating := 0
			for i := range d.Findings {
				if failOn != Never && analyze.Severity(d.Findings[i].Severity).AtLeast(analyze.Severity(failOn)) {
					gating++
				}
			}
			if failures != gating {
				t.Errorf("%s with --fail-on %s: %d failures, want %d", name, failOn, failures, gating)
			}
		}
	}
}

// TestJUnitIncomplete: what --allow-incomplete accepts is skipped and no error.
func TestJUnitIncomplete(t *testing.T) {
	d := specimens()["findings"]
	for code, want := range map[int]string{ExitClean: "skipped", ExitFindings: "error", ExitFailure: "error", ExitIncomplete: "error"} {
		d.Run.ExitCode = code
		first := parseXML(t, render(t, "junit", d, TerminalOptions{})).Children[0].Children[0]
		if len(first.Children) != 1 || first.Children[0].Name != want || !strings.Contains(first.Children[0].Text, "1 artifact could not be read") {
			t.Errorf("exit code %d: %+v, want %s", code, first.Children, want)
		}
	}
}

// node is an element of any XML.
type node struct {
	Name     string
	Attrs    map[string]string
	Text     string
	Children []*node
}

func parseXML(t *testing.T, text []byte) *node {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(text))
	root := &node{}
	stack := []*node{root}
	for {
		token, err := dec.Token()
		if token == nil {
			break
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		top := stack[len(stack)-1]
		switch x := token.(type) {
		case xml.StartElement:
			n := &node{Name: x.Name.Local, Attrs: map[string]string{}}
			for _, a := range x.Attr {
				n.Attrs[a.Name.Local] = a.Value
			}
			top.Children = append(top.Children, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.Text += string(x)
		}
	}
	if len(stack) != 1 || len(root.Children) != 1 {
		t.Fatalf("not one XML document:\n%s", text)
	}
	return root.Children[0]
}

// xsd is a schema of the kind that jenkins-junit.xsd is: global elements, each of text or a sequence of others,
// with attributes.
type xsd map[string]*node

func readXSD(t *testing.T) xsd {
	t.Helper()
	text, err := os.ReadFile(junitXSD)
	if err != nil {
		t.Fatal(err)
	}
	s := xsd{}
	for _, e := range parseXML(t, text).Children {
		s[e.Attrs["name"]] = e
	}
	if len(s) != 10 {
		t.Fatalf("the schema has %d elements, want 10", len(s))
	}
	return s
}

// check lists where a document and the schema disagree.
func (s xsd) check(n *node) []string {
	def := s[n.Name]
	if def == nil {
		return []string{"no element " + n.Name}
	}
	if def.Attrs["type"] == "xs:string" {
		if len(n.Attrs)+len(n.Children) > 0 {
			return []string{n.Name + " holds more than text"}
		}
		return nil
	}
	complexType := def.Children[0]
	var out []string
	if complexType.Attrs["mixed"] != "true" && strings.TrimSpace(n.Text) != "" {
		out = append(out, n.Name+" holds text")
	}
	known := map[string]bool{}
	rest := n.Children
	for _, part := range complexType.Children {
		switch part.Name {
		case "attribute":
			known[part.Attrs["name"]] = true
			if _, ok := n.Attrs[part.Attrs["name"]]; !ok && part.Attrs["use"] == "required" {
				out = append(out, n.Name+" lacks "+part.Attrs["name"])
			}
		case "sequence":
			for _, e := range part.Children {
				k := 0
				for k < len(rest) && rest[k].Name == e.Attrs["ref"] {
					k++
				}
				if !within(k, e.Attrs["minOccurs"], e.Attrs["maxOccurs"]) {
					out = append(out, fmt.Sprintf("%s holds %d of %s", n.Name, k, e.Attrs["ref"]))
				}
				rest = rest[k:]
			}
		}
	}
	if len(rest) > 0 {
		out = append(out, n.Name+" holds "+rest[0].Name+" where the schema does not")
	}
	for a := range n.Attrs {
		if !known[a] {
			out = append(out, n.Name+" has no attribute "+a)
		}
	}
	for _, c := range n.Children {
		out = append(out, s.check(c)...)
	}
	slices.Sort(out)
	return out
}

// within compares a number with the bounds of a schema, which are 1 where it has none.
func within(n int, low, high string) bool {
	l, h := 1, 1
	if low != "" {
		l, _ = strconv.Atoi(low)
	}
	if high == "unbounded" {
		return n >= l
	}
	if high != "" {
		h, _ = strconv.Atoi(high)
	}
	return n >= l && n <= h
}
