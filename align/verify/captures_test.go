package verify_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/evidence"
)

// Models of real captures are verified, those of linked spans and of readings among them.
func TestModelsOfCaptures(t *testing.T) {
	classes := map[string]bool{}
	for _, name := range []string{"skew", "healthy"} {
		dir := filepath.Join("..", "..", "..", "shared", "captures", name)
		if _, err := os.Stat(dir); err != nil {
			t.Skip("the captures are not here")
		}
		b, err := evidence.Load([]string{dir}, evidence.Options{})
		if err != nil {
			t.Fatal(err)
		}
		j := evidence.JoinSpans(b)
		m := align.Solve(align.Collect(b, j, align.StatOptions{}), nil, align.Options{})
		if r := check(t, m, b, j); !r.OK() || r.Bounds < 1000 {
			t.Errorf("%s: %d bounds, %d problems, such as %v", name, r.Bounds, len(r.Problems), r.Problems[:min(3, len(r.Problems))])
		}
		for _, e := range m.Proof.Constraints {
			classes[e.Class] = true
		}
		for i := range m.Proof.Constraints {
			if e := &m.Proof.Constraints[i]; e.Class == "H2" {
				e.Earlier, e.EarlierTrace = e.Later, ""
				e.FromAt, e.Weight = e.ToAt, 0
				if check(t, m, b, j).OK() {
					t.Errorf("%s: verified with a link to another span", name)
				}
				break
			}
		}
	}
	for _, class := range []string{"H1", "H2", "A1", "N1"} {
		if !classes[class] {
			t.Errorf("no constraint of class %s was checked", class)
		}
	}
}

// Calls from a clock that stays as it is are counted, and so are those of them that show the effect first: 21 of
// the 22 from hotrod's proxy, whose server spans are the parents themselves: no answer bounds its clock from above.
func TestLeftAlone(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "captures", "hotrod", "otlp")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the captures are not here")
	}
	b, err := evidence.Load([]string{dir}, evidence.Options{})
	if err != nil {
		t.Fatal(err)
	}
	j := evidence.JoinSpans(b)
	r := check(t, align.Solve(align.Collect(b, j, align.StatOptions{}), nil, align.Options{}), b, j)
	if len(r.LeftAlone) != 1 || r.LeftAlone[0].Pairs != 22 || r.LeftAlone[0].Before != 21 || !strings.Contains(r.LeftAlone[0].Why, "unbounded") {
		t.Errorf("left alone: %+v, aligned %d pairs", r.LeftAlone, r.Pairs)
	}
}
