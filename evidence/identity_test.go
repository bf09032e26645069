package evidence

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseIdentity(t *testing.T) {
	for _, c := range []struct {
		in   string
		want IdentityRule
		err  string
	}{
		{"*/portal-0/*:host=h1,az=us-east-1a", IdentityRule{Glob: "*/portal-0/*", Host: "h1", AZ: "us-east-1a"}, ""},
		{"x:at=2026-11-20T10:51:33Z", IdentityRule{Glob: "x", At: "2026-11-20T10:51:33Z"}, ""},
		{"a:b/x:service=s,instance=i,domain=d:e", IdentityRule{Glob: "a:b/x", Service: "s", Instance: "i", Domain: "d:e"}, ""},
		{"x", IdentityRule{}, `want GLOB:key=value,…`},
		{"x:y", IdentityRule{}, `want GLOB:key=value,…`},
		{":host=h", IdentityRule{}, `the glob is empty`},
		{"[:host=h", IdentityRule{}, `"[" is not a valid glob`},
		{"x:zone=a", IdentityRule{}, `unknown key "zone", want one of service, instance, host, az, domain, at`},
		{"x:host=a,b", IdentityRule{}, `"b" is not key=value`},
		{"x:host=", IdentityRule{}, `no value for "host"`},
		{"x:host=a,host=b", IdentityRule{}, `"host" is given twice`},
		{"x:at=yesterday", IdentityRule{}, `at "yesterday": want RFC 3339, such as 2026-11-20T10:51:33.5Z`},
		{"x:at=3000-01-01T00:00:00Z", IdentityRule{}, `the year is not between 1970 and 2261`},
	} {
		got, err := ParseIdentity(c.in)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || !strings.HasPrefix(err.Error(), `identity "`) {
				t.Errorf("%s: error %v, want %s", c.in, err, c.err)
			}
			continue
		}
		if err != nil || got != c.want {
			t.Errorf("%s: got %+v, %v, want %+v", c.in, got, err, c.want)
		}
	}
}

func rule(t *testing.T, s string) IdentityRule {
	t.Helper()
	r, err := ParseIdentity(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestIdentitySources(t *testing.T) {
	tree(t, map[string]string{
		"cap/witnessmark.yaml": `version: 1
from_path: '(?P<service>[a-z]+)-(?P<instance>\d+)/'
captures:
  - match: profiles/portal-0/*
    host: h-manifest
    az: a-manifest
    at: 2026-11-20T10:51:33Z
  - {match: "*.jsonl", az: a-manifest}
  - {match: "b.tar", host: h-tar}
`,
		"cap/profiles/portal-0/m.prom":  metricsPage,
		"cap/profiles/fines-1/m.prom":   metricsPage,
		"cap/traces.jsonl":              string(wrapInputs(t)["otlp.jsonl"]),
		"cap/b.tar":                     string(tarred(t, []byte(metricsPage))),
		"cap/sub/own/witnessmark.yaml":  "captures: [{match: '**', host: h-near}]\n",
		"cap/sub/own/deeper/far-1/x.om": metricsPage,
	})
	b, err := Load([]string{"cap"}, Options{Identity: []IdentityRule{
		rule(t, "profiles/portal-0/*:service=s-rule"), rule(t, "cap/**:host=h-never"),
	}[:1]})
	if err != nil {
		t.Fatal(err)
	}
	const from = "manifest cap/witnessmark.yaml"
	near := "manifest cap/sub/own/witnessmark.yaml"
	want := map[string]Identity{
		"cap/profiles/portal-0/m.prom": {
			Service: Attr{"s-rule", "--identity"}, Instance: Attr{"0", "path"}, Host: Attr{"h-manifest", from},
			AZ: Attr{"a-manifest", from}, Domain: Attr{"h-manifest", from + ", host"},
		},
		"cap/profiles/fines-1/m.prom": {Service: Attr{"fines", "path"}, Instance: Attr{"1", "path"}},
		"cap/traces.jsonl": {
			Service: Attr{"a", "resource service.name"}, Host: Attr{"h1", "resource host.name"},
			AZ: Attr{"a-manifest", from}, Domain: Attr{"h1", "resource host.name"},
		},
		"cap/b.tar!d/x":                 {Host: Attr{"h-tar", from}, Domain: Attr{"h-tar", from + ", host"}},
		"cap/sub/own/deeper/far-1/x.om": {Host: Attr{"h-near", near}, Domain: Attr{"h-near", near + ", host"}},
	}
	got := map[string]Identity{}
	for _, a := range b.Artifacts {
		got[a.Path] = a.Identity
		wantWindow := Window{}
		if strings.Contains(a.Path, "portal-0") {
			wantWindow = Window{Start: 1795171893000000000, End: 1795171893000000000, Rule: from + ": at"}
		}
		if !strings.HasSuffix(a.Path, ".jsonl") && a.Window != wantWindow {
			t.Errorf("%s: window %+v, want %+v", a.Path, a.Window, wantWindow)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(b.Resources) != 1 || b.Resources[0].Identity != want["cap/traces.jsonl"] {
		t.Errorf("resources %+v", b.Resources)
	}
}

// TestIdentityOrder: a rule of the command line beats the attributes, and of two rules the first counts.
func TestIdentityOrder(t *testing.T) {
	tree(t, map[string]string{"traces.jsonl": string(wrapInputs(t)["otlp.jsonl"])})
	b, err := Load([]string{"traces.jsonl"}, Options{Identity: []IdentityRule{
		rule(t, "*.jsonl:host=first"), rule(t, "traces.jsonl:host=second,az=z"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	id := b.Artifacts[0].Identity
	if id.Host.Value != "first" || id.AZ.Value != "z" || id.Domain.Value != "first" || id.Service.Value != "a" {
		t.Errorf("got %+v", id)
	}
	if got := b.Resources[0].Identity; got != id {
		t.Errorf("the resource has %+v, the artifact %+v", got, id)
	}
}

// TestIdentityCommon: what resources do not agree on, the artifact does not have.
func TestIdentityCommon(t *testing.T) {
	line := wrapInputs(t)["otlp.jsonl"]
	other := bytes.ReplaceAll(line, []byte(`"stringValue":"a"`), []byte(`"stringValue":"b"`))
	b := LoadReader("x", bytes.NewReader(append(bytes.Clone(line), other...)), Options{})
	id := b.Artifacts[0].Identity
	if id.Service.Value != "" || id.Host.Value != "h1" {
		t.Errorf("got %+v", id)
	}
}

func TestManifestErrors(t *testing.T) {
	for _, c := range []struct{ name, yaml, want string }{
		{"unknown key", "captures:\n  - match: x\n    zone: a\n", `[3:5] unknown field "zone"`},
		{"unknown top level key", "capture: []\n", `unknown field "capture"`},
		{"syntax", "captures: [\n", `[1:11]`},
		{"no match", "captures: [{host: a}]\n", "capture 1 of captures: the glob is empty"},
		{"bad at", "captures: [{match: a, at: noon}]\n", `capture 1 of captures: at "noon"`},
		{"bad regexp", "from_path: '('\n", "from_path: error parsing regexp"},
		{"unknown group", "from_path: '(?P<zone>a)'\n", `from_path: unknown group "zone"`},
		{"no group", "from_path: 'a'\n", "from_path: no named group"},
		{"version", "version: 7\n", "version 7: this release reads version 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree(t, map[string]string{"d/witnessmark.yaml": c.yaml, "d/x.prom": metricsPage, "d/sub/y.prom": metricsPage})
			b, err := Load([]string{"d"}, Options{})
			if err == nil || !strings.HasPrefix(err.Error(), "d/witnessmark.yaml: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if strings.Count(err.Error(), "d/witnessmark.yaml: ") != 1 || len(b.Artifacts) != 2 {
				t.Errorf("artifacts %v, error %v", paths(b), err)
			}
		})
	}
	tree(t, map[string]string{"witnessmark.yaml": "", "x.prom": metricsPage})
	if b, err := Load([]string{"."}, Options{}); err != nil || len(b.Artifacts) != 1 {
		t.Errorf("an empty manifest: %v, %v", paths(b), err)
	}
	if err := os.Remove("witnessmark.yaml"); err != nil {
		t.Fatal(err)
	}
}

// TestManifestAbove: a part of a capture has the identity that it has in the whole, and a manifest above
// what the path names has no say.
func TestManifestAbove(t *testing.T) {
	tree(t, map[string]string{
		"witnessmark.yaml":          "captures: [{match: '**', host: h-working-directory}]\n",
		"cap/witnessmark.yaml":      "captures: [{match: 'p/portal-0/*', host: h1}, {match: 'p/q/*', host: h2}]\n",
		"cap/p/portal-0/m.prom":     metricsPage,
		"cap/p/q/m.prom":            metricsPage,
		"cap/p/q/d/n.prom":          metricsPage,
		"other/m.prom":              metricsPage,
		"cap/near/witnessmark.yaml": "captures: [{match: '*', host: h3}]\n",
		"cap/near/m.prom":           metricsPage,
	})
	absolute, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]string{
		"cap/p/portal-0/m.prom":             "h1",
		"cap/p/portal-0":                    "h1",
		"./cap/p/portal-0/":                 "h1",
		"cap/p/../p/portal-0":               "h1",
		"cap/p/portal-*/m.*":                "h1",
		"cap/*/portal-0":                    "h1",
		absolute + "/cap/p/portal-0/m.prom": "h1",
		"cap/p/q/m.prom":                    "h2",
		"cap/p/q/d":                         "",
		"cap/near/m.prom":                   "h3",
		"cap/near":                          "h3",
		"other":                             "",
		"other/m.prom":                      "",
	} {
		b, err := Load([]string{given}, Options{})
		if err != nil || len(b.Artifacts) != 1 {
			t.Errorf("%s: %v, %v", given, paths(b), err)
			continue
		}
		if got := b.Artifacts[0].Identity.Host.Value; got != want {
			t.Errorf("%s is of host %q, want %q", given, got, want)
		}
	}
	t.Chdir("other")
	b, err := Load([]string{"../cap/p/portal-0"}, Options{})
	if err != nil || b.Artifacts[0].Identity.Host.Value != "h1" {
		t.Errorf("from a folder beside it: %v, %v", b.Artifacts[0].Identity, err)
	}
}
