// Package attacks holds texts that somebody may have put into a capture, to be shown by every renderer without harm:
// the table that tests of all formats and the check of html in a browser share. No program is linked with it.
package attacks

import "reflect"

// Texts are attacks by name. What each is aimed at differs; each is put through every format.
var Texts = map[string]string{
	"colour":            "\x1b[31mred\x1b[0m",
	"title":             "\x1b]0;owned\x07",
	"link":              "\x1b]8;;https://example.org\x1b\\click\x1b]8;;\x1b\\",
	"8-bit CSI":         "\u009b31mred",
	"carriage return":   "safe\rEVIL",
	"newline":           "one\nFINDINGS\nnone",
	"tab":               "a\tb",
	"backspace":         "abc\b\b\bxyz",
	"bidi override":     "user\u202etxt.exe",
	"bidi isolate":      "\u2066a\u2069",
	"zero width":        "a\u200bb\u200dc\ufeffd",
	"line separator":    "a\u2028b\u2029c",
	"invalid UTF-8":     "a\xff\xfeb\xc3",
	"surrogate":         "\xed\xa0\x80",
	"NUL and DEL":       "a\x00b\x7fc",
	"tag characters":    "a\U000e0041b",
	"HTML":              "<script>alert(1)</script>",
	"Markdown":          "a|b `c` [d](javascript:e)",
	"workflow command":  "::error::x",
	"formula":           "=cmd()",
	"very long":         repeat("w", 5000),
	"combining":         repeat("e\u0301", 10),
	"wide":              "支付网关",
	"JSON in a string":  `"}],"findings":[]`,
	"backslash":         `C:\new\table`,
	"shell in a path":   "a'b $(rm -rf) `x`;",
	"blanks":            "  two  blanks  ",
	"only control":      "\x1b",
	"replacement":       "\ufffd",
	"object separators": "\u001c\u001d\u001e\u001f",

	"command after blanks": "   ::stop-commands::token",
	"command after text":   "x ::add-mask::y",
	"command by percent":   "x%0A::error::y%0D%25",
	"legacy command":       "x ##[add-mask]y",
	"pipelines command":    "##vso[task.setvariable variable=x]y",
	"four of them":         "####[group]x",
	"formula with plus":    "+SUM(A1)",
	"formula with minus":   "-2+3+cmd|' /C calc'!A0",
	"formula with at":      "@SUM(1+1)*cmd|' /C calc'!A0",
	"formula after blanks": "  =HYPERLINK(\"http://evil.example\")",
	"image":                "![x](http://evil.example/x.png)",
	"reference link":       "[a]: http://evil.example \"x\"",
	"bare links":           "https://evil.example www.evil.example mailto:a@evil.example a@b.example",
	"mention":              "@octocat @org/team fixes #1 org/repo#2",
	"emphasis":             "***a*** __b__ ~~c~~ *d* _e_",
	"code":                 "`` ` ``` `a",
	"backslash before":     "\\`a\\` \\[b](c) \\",
	"table row":            "a | b |",
	"list":                 "- a",
	"heading":              "# a",
	"rule":                 "---",
	"numbered":             "1. a",
	"quote":                "> a",
	"math":                 "$\\unicode{x}$ $$x$$",
	"end of details":       "</details></summary><img src=x onerror=alert(1)>",
	"comment":              "<!-- a",
	"entity":               "&lt;b&gt; &#x1b;[31m &copy;",
	"attribute":            "\" onmouseover=\"alert(1)",
	"CDATA":                "]]><!DOCTYPE a [<!ENTITY b \"c\">]>&b;<![CDATA[",
	"noncharacters":        "a\ufffeb\uffffc\U0001ffff",
	"placeholder":          "{0} {{1}} %s %!d(x)",
	"embedded link":        "[x](javascript:alert(1)) [y](0)",
	"path":                 "../../etc/passwd",
	"URI":                  "file:///etc/passwd?a#b",

	// What only a browser obeys: each would show itself by a dialog, a request, an element that the page does not
	// make, or the variable owned.
	"script":             `</script><script>window.owned=1;alert(1)</script>`,
	"image in HTML":      `<img src=x onerror="window.owned=1;alert(1)">`,
	"frame":              `</details></summary></textarea></style><iframe src="https://attack.invalid/"></iframe>`,
	"attributes":         `" onmouseover="alert(1)" autofocus onfocus="window.owned=1`,
	"SVG":                `<svg onload=alert(1)><a href="javascript:alert(1)">x</a>`,
	"base and link":      `<!-- ]]><![CDATA[ <base href="https://attack.invalid/"><link rel=stylesheet href="https://attack.invalid/x.css">`,
	"refresh and form":   `<meta http-equiv="refresh" content="0;url=https://attack.invalid/"><form action="https://attack.invalid/"><input name=x>`,
	"expressions":        "'-alert(1)-' ${alert(1)} \u2028alert(1)\u2029 {{alert(1)}}",
	"style":              `;background:url(https://attack.invalid/x.png)}</style><style>*{display:none}`,
	"element of its own": `list" id="data`,
	"prototype":          `__proto__`,
}

func repeat(s string, n int) (out string) {
	for range n {
		out += s
	}
	return out
}

// Plant sets every string below v, a pointer, also keys of maps, to what text makes of it.
func Plant(v any, text func(string) string) { plant(reflect.ValueOf(v).Elem(), text) }

func plant(v reflect.Value, text func(string) string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			plant(v.Elem(), text)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			plant(v.Field(i), text)
		}
	case reflect.Slice:
		for i := range v.Len() {
			plant(v.Index(i), text)
		}
	case reflect.Map:
		planted := reflect.MakeMap(v.Type())
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			plant(value, text)
			planted.SetMapIndex(reflect.ValueOf(text(key.String())), value)
		}
		v.Set(planted)
	}
}
