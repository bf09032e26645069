package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
)

// Rules of the JUnit file, the dialect of Jenkins' jenkins-junit.xsd:
//   - A suite for each check, with a case for each of its findings; a clean check is one passed case, one that
//     could not look or was switched off is skipped, one that broke is an error.
//   - A case fails where its finding is at or above fail_on; below, it passes and says the finding in its output.
//   - What a baseline or the configuration accepts is a skipped case that says why, so that a check is not green for it.
//   - The first suite is the run: incompleteness is an error there, so that the file is red where the exit code
//     is not 0, and skipped where the run ended with 0 all the same (--allow-incomplete).
//   - Names are subjects, which are the same in the next capture: servers follow a case by its name.
//   - Text is cleaned: what XML has no place for (most control characters, U+FFFE) is an escape.

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

// junitCase is a test case; at most one of skipped, error and failure is set.
type junitCase struct {
	Name    string       `xml:"name,attr"`
	Class   string       `xml:"classname,attr"`
	Skipped *string      `xml:"skipped"`
	Error   *junitDetail `xml:"error"`
	Failure *junitDetail `xml:"failure"`
	Out     string       `xml:"system-out,omitempty"`
}

type junitDetail struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func renderJUnit(w io.Writer, d *Document, _ TerminalOptions) error {
	all := junitSuites{Name: "witnessmark " + Clean(d.Run.Command), Suites: []junitSuite{junitRun(d)}}
	findings := map[string][]*Finding{}
	for _, list := range [][]Finding{d.Findings, d.Accepted} {
		for i := range list {
			findings[list[i].ID] = append(findings[list[i].ID], &list[i])
		}
	}
	paths := pathsOf(d)
	for _, c := range d.Checks {
		all.Suites = append(all.Suites, junitCheck(c, findings[c.ID], d.Run.FailOn, paths))
	}
	for i := range all.Suites {
		s := &all.Suites[i]
		s.count()
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
	}
	var buf bytes.Buffer
	buf.WriteString(xml.Header)
	enc := xml.NewEncoder(&buf)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	buf.WriteByte('\n')
	// The encoder writes the ends of our own lines as references; cleaned text has none.
	_, err := w.Write(bytes.ReplaceAll(buf.Bytes(), []byte("&#xA;"), []byte("\n")))
	return err
}

func (s *junitSuite) count() {
	s.Tests = len(s.Cases)
	for _, c := range s.Cases {
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
}

// junitRun is the suite of what holds for the run as a whole.
func junitRun(d *Document) junitSuite {
	c := junitCase{Name: "all of the evidence was read", Class: "witnessmark.run"}
	if !d.Run.Complete {
		lines := make([]string, 0, len(d.Run.Incomplete))
		for _, why := range d.Run.Incomplete {
			lines = append(lines, Clean(why))
		}
		if d.Run.ExitCode == ExitClean {
			text := strings.Join(lines, "; ")
			c.Skipped = &text
		} else {
			c.Error = &junitDetail{Type: "incomplete", Message: strings.Join(lines, "; "), Text: strings.Join(lines, "\n")}
		}
	}
	return junitSuite{Name: "run", Cases: []junitCase{c}}
}

// junitCheck is the suite of one check.
func junitCheck(c Check, findings []*Finding, failOn string, paths map[string]string) junitSuite {
	s := junitSuite{Name: Clean(c.ID + " " + c.Name)}
	class := "witnessmark." + Clean(c.ID)
	whole := junitCase{Name: Clean(c.Name), Class: class}
	reason := Clean(c.Reason)
	switch analyze.Outcome(c.Outcome) {
	case analyze.Inapplicable:
		whole.Skipped = &reason
	case analyze.Disabled:
		off := "switched off"
		whole.Skipped = &off
	case analyze.Failed:
		whole.Error = &junitDetail{Type: "broke", Message: reason}
	}
	if len(findings) == 0 || whole.Error != nil {
		s.Cases = append(s.Cases, whole)
	}
	seen := map[string]int{}
	for _, f := range findings {
		t := junitCase{Name: subjectText(f.Subject), Class: class}
		if t.Name == "" {
			t.Name = Clean(f.Name)
		}
		if seen[t.Name]++; seen[t.Name] > 1 { // servers fold cases of one name
			t.Name = fmt.Sprintf("%s #%d", t.Name, seen[t.Name])
		}
		text := Clean(f.Severity) + " " + Clean(f.ID) + " " + Clean(f.Name) + " (" + Clean(f.Basis) + "): " + findingText(f, paths)
		switch accepted := acceptedWhy(f); {
		case accepted != "":
			t.Skipped, t.Out = &accepted, text
		case gates(f, failOn):
			t.Failure = &junitDetail{Type: Clean(f.Severity), Message: Clean(f.Message), Text: text}
		default:
			t.Out = text
		}
		s.Cases = append(s.Cases, t)
	}
	return s
}

// acceptedWhy says why a finding does not count, "" where it does.
func acceptedWhy(f *Finding) string {
	switch f.State {
	case "suppressed":
		return "suppressed: " + Clean(f.Reason)
	case "known":
		return "known to the baseline"
	}
	return ""
}

// gates reports whether a finding fails a run that asked for failOn.
func gates(f *Finding, failOn string) bool {
	return failOn != Never && analyze.Severity(f.Severity).AtLeast(analyze.Severity(failOn))
}

// pathsOf returns the paths of the artifacts by id.
func pathsOf(d *Document) map[string]string {
	paths := make(map[string]string, len(d.Artifacts))
	for i := range d.Artifacts {
		paths[d.Artifacts[i].ID] = d.Artifacts[i].Path
	}
	return paths
}

// findingText writes message, exhibits and fix of a finding in plain lines.
func findingText(f *Finding, paths map[string]string) string {
	lines := []string{Clean(f.Message)}
	for _, e := range f.Exhibits {
		lines = append(lines, strings.TrimRight("at "+Place(paths[e.Artifact], e.Offset, e.Length)+"  "+Clean(e.Role)+"  "+Clean(e.Text), " "))
	}
	if f.Fix != "" {
		lines = append(lines, "fix: "+Clean(f.Fix))
	}
	return strings.Join(lines, "\n")
}
