package report

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestDiffSchemas makes the schemas from the types and compares; WITNESSMARK_UPDATE=1 rewrites them. What a comparison
// and a trend write keeps to them.
func TestDiffSchemas(t *testing.T) {
	a, b := sideOf(t, "g.txt", wholeDump), sideOf(t, "g.txt", cutDump)
	for _, c := range []struct {
		path, root, title string
		files             []string
		have              []byte
		doc               any
	}{
		{"diff_schema.json", "Delta", DiffSchema, []string{"document.go", "diff_document.go"}, DiffJSONSchema(), Diff(a, b, DiffOptions{})},
		{"trend_schema.json", "Trend", TrendSchema, []string{"document.go", "trend.go"}, TrendJSONSchema(), NewTrend([]*Side{a, b, a}, TrendOptions{})},
	} {
		want := schemaOf(t, c.root, c.title, c.files)
		if os.Getenv("WITNESSMARK_UPDATE") != "" {
			if err := os.WriteFile(c.path, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if !bytes.Equal(want, c.have) {
			t.Errorf("%s is not what the types say; WITNESSMARK_UPDATE=1 go test ./report rewrites it", c.path)
			continue
		}
		parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(c.have))
		if err != nil {
			t.Fatal(err)
		}
		compiler := jsonschema.NewCompiler()
		if err := compiler.AddResource(c.path, parsed); err != nil {
			t.Fatal(err)
		}
		schema, err := compiler.Compile(c.path)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := WriteJSON(&out, c.doc, ""); err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(&out)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", c.path, err)
		}
	}
}

// schemaOf makes the schema of a type out of files. Null stands in lists of numbers only: a series has holes.
func schemaOf(t *testing.T, root, title string, files []string) []byte {
	t.Helper()
	types := map[string]*ast.StructType{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				if st, ok := spec.Type.(*ast.StructType); ok && st.Fields.List[0].Tag != nil {
					types[spec.Name.Name] = st
				}
			}
			return true
		})
	}
	defs := map[string]any{}
	var need func(name string) map[string]any
	need = func(name string) map[string]any {
		st := types[name]
		for _, p := range properties(t, st) {
			if _, inner := typeText(p.typ); inner != "" && defs[inner] == nil {
				defs[inner] = true
				defs[inner] = need(inner)
			}
		}
		return objectSchema(t, st)
	}
	out := need(root)
	if s, ok := defs["Series"].(map[string]any); ok {
		values := s["properties"].(map[string]any)["values"].(map[string]any)
		values["items"] = map[string]any{"type": []string{"number", "null"}}
	}
	out["$schema"], out["title"], out["$defs"] = "https://json-schema.org/draft/2020-12/schema", title, defs
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// TestDiffFieldTables makes the tables of docs/diff.md from diff_document.go and trend.go; WITNESSMARK_UPDATE=1
// rewrites them.
func TestDiffFieldTables(t *testing.T) {
	const page, begin, end = "../docs/diff.md", "<!-- fields: made by a test from report/diff_document.go and report/trend.go -->\n", "<!-- end of fields -->\n"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(text), begin)
	got, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no place for the tables", page)
	}
	want := diffTables(t)
	if got == want {
		return
	}
	if os.Getenv("WITNESSMARK_UPDATE") == "" {
		t.Fatalf("the tables of %s are not what the types say; WITNESSMARK_UPDATE=1 go test ./report rewrites them", page)
	}
	if err := os.WriteFile(page, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// diffTables are the tables of the types that have JSON names, in the order of the files.
func diffTables(t *testing.T) string {
	t.Helper()
	var sb strings.Builder
	for _, name := range []string{"diff_document.go", "trend.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			st, ok := spec.Type.(*ast.StructType)
			if !ok || st.Fields.List[0].Tag == nil {
				return true
			}
			sb.WriteString("\n### " + spec.Name.Name + "\n\n| field | type | meaning |\n| --- | --- | --- |\n")
			for _, p := range properties(t, st) {
				kind, _ := typeText(p.typ)
				if p.optional {
					kind += ", optional"
				}
				sb.WriteString("| `" + p.name + "` | " + kind + " | " + strings.ReplaceAll(p.comment, "|", "\\|") + " |\n")
			}
			return true
		})
	}
	return sb.String() + "\n"
}
