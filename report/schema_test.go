package report

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestSchema makes schema.json from document.go and compares; WITNESSMARK_UPDATE=1 rewrites it.
func TestSchema(t *testing.T) {
	got := makeSchema(t)
	if os.Getenv("WITNESSMARK_UPDATE") != "" {
		if err := os.WriteFile("schema.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(got, JSONSchema()) {
		t.Error("schema.json is not what document.go says; WITNESSMARK_UPDATE=1 go test ./report rewrites it")
	}
}

// documentTypes are the structs of document.go and the files beside it by name.
func documentTypes(t *testing.T) map[string]*ast.StructType {
	t.Helper()
	types := map[string]*ast.StructType{}
	files, err := filepath.Glob("document*.go")
	if err != nil || len(files) < 3 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if ts, ok := n.(*ast.TypeSpec); ok {
				if st, ok := ts.Type.(*ast.StructType); ok {
					types[ts.Name.Name] = st
				}
			}
			return true
		})
	}
	return types
}

type property struct {
	name, comment string
	optional      bool
	typ           ast.Expr
}

func properties(t *testing.T, st *ast.StructType) []property {
	t.Helper()
	var out []property
	for _, f := range st.Fields.List {
		name, options, _ := strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json"), ",")
		comment := strings.Join(strings.Fields(f.Doc.Text()), " ")
		if name == "" || comment == "" {
			t.Fatalf("field %v of the document has no JSON name or no comment", f.Names)
		}
		out = append(out, property{name, comment, options == "omitempty", f.Type})
	}
	return out
}

func makeSchema(t *testing.T) []byte {
	t.Helper()
	types := documentTypes(t)
	defs := map[string]any{}
	for name, st := range types {
		if name != "Document" {
			defs[name] = objectSchema(t, st)
		}
	}
	root := objectSchema(t, types["Document"])
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = Schema
	root["$defs"] = defs
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

// objectSchema allows other properties: fields are added within a version.
func objectSchema(t *testing.T, st *ast.StructType) map[string]any {
	t.Helper()
	props, required := map[string]any{}, []string{}
	for _, p := range properties(t, st) {
		s := typeSchema(t, p.typ)
		s["description"] = p.comment
		props[p.name] = s
		if !p.optional {
			required = append(required, p.name)
		}
	}
	return map[string]any{"type": "object", "properties": props, "required": required}
}

func typeSchema(t *testing.T, e ast.Expr) map[string]any {
	t.Helper()
	switch x := e.(type) {
	case *ast.StarExpr:
		return typeSchema(t, x.X)
	case *ast.ArrayType:
		return map[string]any{"type": "array", "items": typeSchema(t, x.Elt)}
	case *ast.MapType:
		return map[string]any{"type": "object", "additionalProperties": typeSchema(t, x.Value)}
	case *ast.Ident:
		switch x.Name {
		case "string":
			return map[string]any{"type": "string"}
		case "bool":
			return map[string]any{"type": "boolean"}
		case "int", "int64":
			return map[string]any{"type": "integer"}
		case "float64":
			return map[string]any{"type": "number"}
		}
		return map[string]any{"$ref": "#/$defs/" + x.Name}
	}
	t.Fatalf("no schema for %T", e)
	return nil
}

// TestFieldTables makes the tables of docs/json.md from document.go; WITNESSMARK_UPDATE=1 rewrites them.
func TestFieldTables(t *testing.T) {
	const page, begin, end = "../docs/json.md", "<!-- fields: made by a test from report/document.go -->\n", "<!-- end of fields -->\n"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(text), begin)
	got, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no place for the tables", page)
	}
	want := fieldTables(t)
	if got == want {
		return
	}
	if os.Getenv("WITNESSMARK_UPDATE") == "" {
		t.Fatalf("the tables of %s are not what document.go says; WITNESSMARK_UPDATE=1 go test ./report rewrites them", page)
	}
	if err := os.WriteFile(page, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func fieldTables(t *testing.T) string {
	types := documentTypes(t)
	var sb strings.Builder
	seen := map[string]bool{}
	queue := []string{"Document"}
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		sb.WriteString("\n### " + name + "\n\n| field | type | meaning |\n| --- | --- | --- |\n")
		for _, p := range properties(t, types[name]) {
			text, inner := typeText(p.typ)
			if inner != "" {
				queue = append(queue, inner)
			}
			if p.optional {
				text += ", optional"
			}
			sb.WriteString("| `" + p.name + "` | " + text + " | " + strings.ReplaceAll(p.comment, "|", "\\|") + " |\n")
		}
	}
	return sb.String() + "\n"
}

// typeText names a type as a reader of JSON would, and the struct in it.
func typeText(e ast.Expr) (text, inner string) {
	switch x := e.(type) {
	case *ast.StarExpr:
		return typeText(x.X)
	case *ast.ArrayType:
		text, inner = typeText(x.Elt)
		return "array of " + text, inner
	case *ast.MapType:
		text, inner = typeText(x.Value)
		return "object of " + text, inner
	case *ast.Ident:
		switch x.Name {
		case "string":
			return "string", ""
		case "bool":
			return "boolean", ""
		case "int", "int64":
			return "integer", ""
		case "float64":
			return "number", ""
		}
		return x.Name, x.Name
	}
	return "", ""
}
