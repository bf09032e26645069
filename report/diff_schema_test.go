package report

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

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
