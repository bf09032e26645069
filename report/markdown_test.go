package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
)

// toHTML renders GitHub's Markdown as a page with raw HTML would show it.
func toHTML(t *testing.T, text string) *node {
	t.Helper()
	var buf bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe(), html.WithXHTML()))
	if err := md.Convert([]byte(text), &buf); err != nil {
		t.Fatal(err)
	}
	return parseXML(t, []byte("<page>"+buf.String()+"</page>"))
}

// skeleton lists the elements and attributes of HTML, without the code and span that break mentions and math.
func skeleton(n *node, depth int) []string {
	if n.Name == "code" || n.Name == "span" {
		return nil
	}
	out := []string{fmt.Sprintf("%*s%s %v", depth, "", n.Name, n.Attrs)}
	for _, c := range n.Children {
		out = append(out, skeleton(c, depth+1)...)
	}
	return out
}

// TestMarkdownIsInert: whatever text was captured, the page has the elements that it has for plain text.
func TestMarkdownIsInert(t *testing.T) {
	page := func(s string) []string {
		d := New(poisoned(s), Request{Command: "examine", Args: []string{s}})
		return skeleton(toHTML(t, string(render(t, "markdown", d, TerminalOptions{}))), 0)
	}
	want := page("plain")
	if len(want) < 40 {
		t.Fatalf("the page has %d elements: the test looks at nothing", len(want))
	}
	for name, s := range hostile {
		if diff := cmp.Diff(want, page(s)); diff != "" {
			t.Errorf("%s changes the page (-plain +hostile):\n%s", name, diff)
		}
	}
}

// TestMarkdownShowsText: escaped text shows as the text, and code as it is to be copied.
func TestMarkdownShowsText(t *testing.T) {
	for name, s := range hostile {
		if got, want := visible(t, "x "+markdown(s)+" y"), strings.Join(strings.Fields("x "+Clean(s)+" y"), " "); got != want {
			t.Errorf("%s: %q shows as %q, want %q", name, s, got, want)
		}
		table := "| a |\n| --- |\n| " + markdownCell(s) + " |\n"
		if got, want := visible(t, table), "a"+cell(strings.Join(strings.Fields(s), " ")); strings.ReplaceAll(got, "\n", "") != want {
			t.Errorf("%s: cell %q shows as %q, want %q", name, s, got, want)
		}
		if got, want := visible(t, "x "+markdownCode(s)+" y"), "x "+Clean(s)+" y"; got != want {
			t.Errorf("%s: code %q shows as %q, want %q", name, s, got, want)
		}
	}
}

// visible returns the text of one paragraph of Markdown.
func visible(t *testing.T, text string) string {
	t.Helper()
	var buf bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe(), html.WithXHTML()))
	if err := md.Convert([]byte(text), &buf); err != nil {
		t.Fatal(err)
	}
	var sb strings.Builder
	dec := xml.NewDecoder(&buf)
	for {
		token, err := dec.Token()
		if token == nil || err != nil {
			return strings.TrimSuffix(sb.String(), "\n")
		}
		if text, ok := token.(xml.CharData); ok {
			sb.Write(text)
		}
	}
}

// listed finds the findings of a cause.
var listed = regexp.MustCompile(`(?m)^  [0-9]+\. `)

// TestMarkdownFits: GitHub refuses a summary above 1 MiB, so that much is written at most, and the rest is
// counted.
func TestMarkdownFits(t *testing.T) {
	const n = 20_000
	d := crowded(n, strings.Repeat("long ", 20))
	for range 9 {
		d.Artifacts = append(d.Artifacts, d.Artifacts...)
	}
	out := string(render(t, "markdown", d, TerminalOptions{}))
	if len(out) > markdownMaxBytes {
		t.Errorf("%d bytes, want %d at most", len(out), markdownMaxBytes)
	}
	shown := len(listed.FindAllString(out, -1))
	if want := fmt.Sprintf("… %s more (%s) left out: a summary holds 1 MiB", thousands(n-shown), count(n-shown, "warning")); shown < 1000 || !strings.Contains(out, want) {
		t.Errorf("%d findings shown, and not said: %s", shown, want)
	}
	d.Findings = d.Findings[:10]
	for range 3 {
		d.Artifacts = append(d.Artifacts, d.Artifacts...)
	}
	out = string(render(t, "markdown", d, TerminalOptions{}))
	rows := strings.Count(out, "\n| x/")
	if want := fmt.Sprintf("… %s more artifacts", thousands(len(d.Artifacts)-rows)); len(out) > markdownMaxBytes || rows < 1000 || !strings.Contains(out, want) {
		t.Errorf("%d bytes, %d rows of artifacts, and not said: %s", len(out), rows, want)
	}
	d.Run.Incomplete = []string{strings.Repeat("x", 2<<20)}
	if out = string(render(t, "markdown", d, TerminalOptions{})); len(out) > markdownMaxBytes || !strings.Contains(out, "(too long for this summary)") {
		t.Errorf("%d bytes with a line of 2 MiB", len(out))
	}
}

// TestMarkdownLimit: standard output obeys --limit.
func TestMarkdownLimit(t *testing.T) {
	out := string(render(t, "markdown", crowded(30, "x"), TerminalOptions{Limit: 7}))
	if n := len(listed.FindAllString(out, -1)); n != 7 || !strings.Contains(out, "… 23 more (23 warnings) not printed: --limit 0 prints all") {
		t.Errorf("%d findings:\n%s", n, out)
	}
}
