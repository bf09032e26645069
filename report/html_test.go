package report

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/internal/attacks"
)

// htmlPages renders every kind of page.
func htmlPages(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	documents := specimens()
	documents["stacks"] = stacksDocument(t)
	for name, d := range documents {
		pages[name] = string(render(t, "html", d, TerminalOptions{}))
	}
	pages["diff"], pages["trend"] = diffPage(t, testDelta(t)), trendPage(t, testTrend(t))
	return pages
}

func testDelta(t *testing.T) *Delta {
	t.Helper()
	l := &lab{r: rand.New(rand.NewPCG(1, 2)), lost: 0.02, hot: 0.02}
	a := l.capture(t, "a")
	l.lost, l.hot = 0.2, 0.2
	return Diff(a, l.capture(t, "b"), DiffOptions{})
}

func testTrend(t *testing.T) *Trend {
	t.Helper()
	var sides []*Side
	for i, n := range []int{99, 110, 119, 130} {
		sides = append(sides, workers(t, n, 6*i))
	}
	return NewTrend(sides, TrendOptions{})
}

func diffPage(t *testing.T, d *Delta) string {
	t.Helper()
	var out bytes.Buffer
	if err := renderDiffHTML(&out, d, TerminalOptions{}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func trendPage(t *testing.T, trend *Trend) string {
	t.Helper()
	var out bytes.Buffer
	if err := RenderTrend(&out, "html", trend, TerminalOptions{}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// element is a tag of a page with its attributes.
type element struct {
	name       string
	attributes map[string]string
}

var (
	htmlTag       = regexp.MustCompile(`<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z-]+(?:="[^"]*")?)*)\s*(/?)>`)
	htmlAttribute = regexp.MustCompile(`([a-zA-Z-]+)(?:="([^"]*)")?`)
)

// elements returns the elements of a page, which it checks to be balanced: every < in it begins a tag.
func elements(t *testing.T, name, page string) []element {
	t.Helper()
	page = strings.TrimPrefix(page, "<!DOCTYPE html>\n")
	var out []element
	var open []string
	for page != "" {
		i := strings.IndexByte(page, '<')
		if i < 0 {
			break
		}
		page = page[i:]
		m := htmlTag.FindStringSubmatch(page)
		if m == nil || !strings.HasPrefix(page, m[0]) {
			t.Errorf("%s: no tag: %.80s", name, page)
			return out
		}
		page = page[len(m[0]):]
		closing, tag, selfClosing := m[1] == "/", m[2], m[4] == "/"
		switch {
		case closing:
			if len(open) == 0 || open[len(open)-1] != tag {
				t.Errorf("%s: </%s> closes %q", name, tag, open)
				return out
			}
			open = open[:len(open)-1]
			continue
		case !selfClosing && tag != "meta" && tag != "input":
			open = append(open, tag)
		}
		e := element{tag, map[string]string{}}
		for _, a := range htmlAttribute.FindAllStringSubmatch(m[3], -1) {
			e.attributes[a[1]] = a[2]
		}
		out = append(out, e)
		if tag == "script" || tag == "style" { // raw text up to the end tag
			_, rest, ok := strings.Cut(page, "</"+tag+">")
			if !ok {
				t.Errorf("%s: <%s> is not closed", name, tag)
			}
			page, open = rest, open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("%s: %q are not closed", name, open)
	}
	return out
}

// made are the elements that the templates make.
var made = strings.Fields("html head meta title style body header h1 h2 h3 span p code button nav ul li a main section div strong table caption thead tbody tr th td " +
	"form fieldset legend label input select option ol details summary b dl dt dd svg rect polyline noscript footer script")

// checkMade holds that a page consists of what the templates make, whatever text is in it.
func checkMade(t *testing.T, name, page string) {
	t.Helper()
	ids := map[string]bool{}
	scripts := 0
	for _, e := range elements(t, name, page) {
		if !slices.Contains(made, e.name) {
			t.Errorf("%s: element %s", name, e.name)
		}
		for a, v := range e.attributes {
			if strings.HasPrefix(a, "on") || a == "style" || a == "src" || a == "href" && !strings.HasPrefix(v, "#") {
				t.Errorf("%s: %s %s=%q", name, e.name, a, v)
			}
		}
		if id := e.attributes["id"]; id != "" && !strings.HasPrefix(id, "check-") {
			if ids[id] {
				t.Errorf("%s: id %q twice", name, id)
			}
			ids[id] = true
		}
		if e.name == "script" && e.attributes["type"] == "" {
			scripts++
		}
	}
	if scripts != 1 {
		t.Errorf("%s: %d scripts, want 1", name, scripts)
	}
}

// TestHTMLStructure: every page is balanced, and the policy allows the style and script that are in it.
func TestHTMLStructure(t *testing.T) {
	for name, page := range htmlPages(t) {
		checkMade(t, name, page)
		if head := regexp.MustCompile(`<th[^>]*></th>`).FindString(page); head != "" {
			t.Errorf("%s: a column without a title: %s", name, head)
		}
		_, rest, _ := strings.Cut(page, "<style>")
		style, _, _ := strings.Cut(rest, "</style>")
		_, rest, _ = strings.Cut(page, "<script>")
		script, _, _ := strings.Cut(rest, "</script>")
		policy := fmt.Sprintf(`content="default-src &#39;none&#39;; style-src &#39;%s&#39;; script-src &#39;%s&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"`, htmlHash([]byte(style)), htmlHash([]byte(script)))
		if !strings.Contains(strings.ReplaceAll(page, "&#43;", "+"), policy) {
			t.Errorf("%s: the page has not the policy %s", name, policy)
		}
		if strings.Contains(style, "url(") || strings.Contains(style, "@import") || strings.Contains(script, "innerHTML") || strings.Contains(script, "fetch") {
			t.Errorf("%s: style or script load or parse something", name)
		}
	}
}

// TestHTMLHostile: attacks in every text leave the elements those of the templates.
func TestHTMLHostile(t *testing.T) {
	for name, s := range hostile {
		plant := func(string) string { return text(s) }
		d := stacksDocument(t)
		attacks.Plant(d, plant)
		checkMade(t, name, string(render(t, "html", d, TerminalOptions{})))
		delta, trend := testDelta(t), testTrend(t)
		attacks.Plant(delta, plant)
		attacks.Plant(trend, plant)
		for kind, page := range map[string]string{"diff": diffPage(t, delta), "trend": trendPage(t, trend)} {
			checkMade(t, name+" in "+kind, page)
			checkHarmless(t, name+" in "+kind+" as html", []byte(page))
		}
		if testing.Short() {
			break
		}
	}
}

// TestHTMLSections: a section is there where its evidence is.
func TestHTMLSections(t *testing.T) {
	id := regexp.MustCompile(`<section id="([a-z-]+)"`)
	got := map[string]string{}
	for name, page := range htmlPages(t) {
		var ids []string
		for _, m := range id.FindAllStringSubmatch(page, -1) {
			ids = append(ids, m[1])
			if !strings.Contains(page, `<a href="#`+m[1]+`">`) {
				t.Errorf("%s: nothing leads to section %s", name, m[1])
			}
		}
		got[name] = strings.Join(ids, " ")
	}
	want := map[string]string{
		"empty":    "verdict findings",
		"clean":    "verdict findings windows labels artifacts measures checks",
		"findings": "verdict findings windows labels artifacts measures checks",
		"inspect":  "verdict windows artifacts",
		"stacks":   "verdict findings windows flames goroutine-groups artifacts measures",
		"diff":     "verdict regressions findings links measures profiles",
		"trend":    "verdict health growth captures",
	}
	for name, ids := range want {
		if got[name] != ids {
			t.Errorf("%s has sections %s, want %s", name, got[name], ids)
		}
	}
	for name, ids := range map[string]string{"clocks": "clocks", "accepted": "accepted"} {
		if !strings.Contains(" "+got[name]+" ", " "+ids+" ") {
			t.Errorf("%s has sections %s, want %s among them", name, got[name], ids)
		}
	}
}

// TestHTMLLaterDetector: what a later check finds and measures is shown without a change of the templates.
func TestHTMLLaterDetector(t *testing.T) {
	r := result()
	r.Checks = append(r.Checks, analyze.Check{ID: "WM9001", Name: "from-the-future", Outcome: analyze.Found, Findings: 1})
	f := r.Findings[0]
	f.ID, f.Name, f.Message, f.Subject = "WM9001", "from-the-future", "7 tachyons arrived before they were sent", analyze.Subject("lab", "cern")
	r.Findings = append(r.Findings, f)
	r.Measures = append(r.Measures, analyze.M("tachyons.early", "tachyons", 7, "lab", "cern"))
	page := string(render(t, "html", New(r, Request{Command: "examine"}), TerminalOptions{}))
	for _, want := range []string{"7 tachyons arrived before they were sent", "tachyons.early", "lab=cern", `<option value="WM9001">WM9001 from-the-future</option>`, `id="check-WM9001"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has not %q", want)
		}
	}
}

// TestHTMLContrast computes the contrast of texts to their grounds (WCAG 2.2, 1.4.3) in every set of colours.
func TestHTMLContrast(t *testing.T) {
	style, err := htmlFiles.ReadFile("html/style.css")
	if err != nil {
		t.Fatal(err)
	}
	sets := regexp.MustCompile(`(?s)--ground:.*?color-scheme`).FindAllString(string(style), -1)
	if len(sets) != 4 {
		t.Fatalf("%d sets of colours, want light, dark by the system, dark by choice, and paper", len(sets))
	}
	colour := regexp.MustCompile(`--([a-z0-9-]+): (#[0-9a-f]{6});`)
	for i, set := range sets {
		value := map[string]string{}
		for _, m := range colour.FindAllStringSubmatch(set, -1) {
			value[m[1]] = m[2]
		}
		pairs := [][2]string{{"error", "error-tint"}, {"warning", "warning-tint"}, {"note", "note-tint"}, {"clean", "clean-tint"}, {"text", "warning-tint"},
			{"on", "present"}, {"on", "lost"}, {"on", "none"}}
		for _, text := range []string{"text", "quiet", "link", "error", "warning", "note", "clean"} {
			pairs = append(pairs, [2]string{text, "card"}, [2]string{text, "ground"}, [2]string{text, "inset"})
		}
		for _, p := range pairs {
			if c := contrast(t, value[p[0]], value[p[1]]); c < 4.5 {
				t.Errorf("set %d: %s on %s has contrast %.2f, want 4.5", i, p[0], p[1], c)
			}
		}
	}
	if diff := cmp.Diff(colour.FindAllString(sets[1], -1), colour.FindAllString(sets[2], -1)); diff != "" {
		t.Errorf("the two dark sets differ: %s", diff)
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, hex string) (sum float64) {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	if err != nil {
		t.Fatalf("colour %q: %v", hex, err)
	}
	for i, weight := range []float64{0.0722, 0.7152, 0.2126} {
		v := float64(n>>(8*i)&0xff) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}
