package arch

import (
	"bufio"
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// TestImports checks the imports of every package against Table.
func TestImports(t *testing.T) {
	out := goList(t, "-f", "{{.ImportPath}}{{range .Imports}} {{.}}{{end}}", Module+"/...")
	packages := 0
	for sc := bufio.NewScanner(bytes.NewReader(out)); sc.Scan(); {
		fields := strings.Fields(sc.Text())
		pkg := relative(fields[0])
		packages++
		rule, ok := find(pkg)
		if !ok {
			t.Errorf("package %s has no rule in Table", pkg)
			continue
		}
		for _, imp := range fields[1:] {
			if !allowed(rule, imp) {
				t.Errorf("package %s imports %s; Table does not allow it", pkg, imp)
			}
		}
	}
	if packages < 5 {
		t.Fatalf("go list named %d packages: the test looked at nothing", packages)
	}
}

// TestBinaryLinksNoNetwork checks what the binary links, however indirectly.
func TestBinaryLinksNoNetwork(t *testing.T) {
	out := goList(t, "-deps", Module+"/cmd/witnessmark")
	linked := map[string]bool{}
	for _, p := range strings.Fields(string(out)) {
		linked[p] = true
	}
	if !linked[Module+"/evidence"] {
		t.Fatal("go list -deps does not name package evidence: the test looked at nothing")
	}
	for _, p := range Banned {
		if linked[p] {
			t.Errorf("the binary links %s", p)
		}
	}
}

// TestTableRefuses makes sure that the table can fail.
func TestTableRefuses(t *testing.T) {
	for _, c := range []struct{ pkg, imp string }{
		{"evidence", Module + "/analyze"},
		{"analyze/spans", Module + "/report"},
		{"report", "github.com/spf13/cobra"},
		{"internal/goruntime", Module + "/evidence"},
	} {
		rule, ok := find(c.pkg)
		if !ok {
			t.Errorf("no rule for %s", c.pkg)
		}
		if allowed(rule, c.imp) {
			t.Errorf("Table allows %s to import %s", c.pkg, c.imp)
		}
	}
}

func goList(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v\n%s", args, err, stderr.String())
	}
	return out
}

func relative(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, Module), "/")
}

func find(pkg string) (Rule, bool) {
	for _, r := range Table {
		if matches(r.Package, pkg) {
			return r, true
		}
	}
	return Rule{}, false
}

func matches(pattern, pkg string) bool {
	if base, ok := strings.CutSuffix(pattern, "..."); ok {
		base = strings.TrimSuffix(base, "/")
		return base == "" || pkg == base || strings.HasPrefix(pkg, base+"/")
	}
	return pattern == pkg
}

func allowed(r Rule, imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	switch {
	case imp == Module || strings.HasPrefix(imp, Module+"/"):
		for _, p := range r.Internal {
			if matches(p, relative(imp)) {
				return true
			}
		}
		return false
	case !strings.Contains(first, "."):
		return true // standard library
	}
	for _, p := range r.External {
		if p == "..." || imp == p || strings.HasPrefix(imp, p+"/") {
			return true
		}
	}
	return false
}
