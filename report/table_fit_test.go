package report

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func tableText(t *testing.T, table *Table, width int) string {
	t.Helper()
	var out bytes.Buffer
	if err := table.Write(&out, TerminalOptions{Width: width}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// hosts is a table of hosts that differ in the middle of their names.
func hosts() *Table {
	t := NewTable(Column{Title: "HOST", Shrink: true, Middle: true, Min: 12}, Column{Title: "SERVICES", Shrink: true, Spare: 1},
		Column{Title: "OFFSET", Right: true}, Column{Title: "BOUNDS", Spare: 2}, Column{Title: "WHY", Wrap: true})
	for i, h := range []string{"ip-172-20-84-142", "ip-172-20-84-143", "ip-172-20-207-81"} {
		t.Row(h+".us-west-2.compute.internal", "circulation", fmt.Sprintf("+%d.5ms", i), "-43.8ms … -32.23ms", "its clock was set twice while the capture ran")
	}
	t.Row("a process of ranking", "", "0", "", "short")
	return t
}

func TestTableFits(t *testing.T) {
	for _, c := range []struct {
		width int
		want  string
	}{
		{0, `HOST                                         SERVICES     OFFSET  BOUNDS              WHY
ip-172-20-84-142.us-west-2.compute.internal  circulation  +0.5ms  -43.8ms … -32.23ms  its clock was set twice while the capture ran
ip-172-20-84-143.us-west-2.compute.internal  circulation  +1.5ms  -43.8ms … -32.23ms  its clock was set twice while the capture ran
ip-172-20-207-81.us-west-2.compute.internal  circulation  +2.5ms  -43.8ms … -32.23ms  its clock was set twice while the capture ran
a process of ranking                                           0                      short
`}, {100, `HOST                  SERVICES     OFFSET  BOUNDS              WHY
ip-172-20-84-142…     circulation  +0.5ms  -43.8ms … -32.23ms  its clock was set twice while
                                                               the capture ran
ip-172-20-84-143…     circulation  +1.5ms  -43.8ms … -32.23ms  its clock was set twice while
                                                               the capture ran
ip-172-20-207-81…     circulation  +2.5ms  -43.8ms … -32.23ms  its clock was set twice while
                                                               the capture ran
a process of ranking                    0                      short
`}, {60, `HOST                  OFFSET  WHY
ip-172-20-84-142…     +0.5ms  its clock was set twice while
                              the capture ran
    SERVICES circulation; BOUNDS -43.8ms … -32.23ms
ip-172-20-84-143…     +1.5ms  its clock was set twice while
                              the capture ran
    SERVICES circulation; BOUNDS -43.8ms … -32.23ms
ip-172-20-207-81…     +2.5ms  its clock was set twice while
                              the capture ran
    SERVICES circulation; BOUNDS -43.8ms … -32.23ms
a process of ranking       0  short
`},
	} {
		if diff := cmp.Diff(c.want, tableText(t, hosts(), c.width)); diff != "" {
			t.Errorf("width %d (-want +got):\n%s", c.width, diff)
		}
	}
}

// TestNamesStayApart: however narrow the column, two names never become one, and no name becomes another that is there.
func TestNamesStayApart(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	parts := []string{"ip", "172", "20", "us-west-2", "compute", "internal", "web", "α", "日本", "x"}
	for range 2000 {
		var names []string
		seen := map[string]bool{}
		for range 2 + r.IntN(6) {
			var name []string
			for range 1 + r.IntN(6) {
				name = append(name, parts[r.IntN(len(parts))])
			}
			if n := strings.Join(name, string("./-"[r.IntN(3)])); !seen[n] {
				seen[n], names = true, append(names, n)
			}
		}
		width := 8 + r.IntN(20)
		for _, middle := range []bool{false, true} {
			look := map[string]string{}
			short := shorten(names, width, middle)
			for _, n := range names {
				shown := n
				if textWidth(n) > width {
					if shown = short[n]; shown == "" {
						shown = strings.Join(pieces(n, width), "\n") // wrapped
						if strings.ReplaceAll(shown, "\n", "") != n {
							t.Fatalf("%q is wrapped to %q", n, shown)
						}
					}
				}
				for line := range strings.Lines(shown) {
					if textWidth(strings.TrimSpace(line)) > width {
						t.Fatalf("width %d: %q shows as %q", width, n, shown)
					}
				}
				if other, ok := look[shown]; ok {
					t.Fatalf("width %d: %q and %q both show as %q", width, n, other, shown)
				}
				look[shown] = n
			}
		}
	}
}

// TestNothingIsLeftOut: every cell of a table stands in it at every width, but for names that are shortened.
func TestNothingIsLeftOut(t *testing.T) {
	for width := 20; width < 140; width++ {
		out := strings.Join(strings.Fields(tableText(t, hosts(), width)), "")
		for _, s := range []string{"-43.8ms … -32.23ms", "+1.5ms", "twice while"} {
			if !strings.Contains(out, strings.ReplaceAll(s, " ", "")) {
				t.Errorf("width %d: %q is not in\n%s", width, s, tableText(t, hosts(), width))
			}
		}
		if n := strings.Count(out, "circulation") + strings.Count(out, "circ"); n < 3 {
			t.Errorf("width %d: services are not in\n%s", width, tableText(t, hosts(), width))
		}
	}
}

func TestAffixes(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		width          int
	}{
		{"domain", "a1.example.com a2.example.com", "a1… a2…", 10},
		{"folder", "../captures/x/cpu.pb ../captures/x/mem/heap", "…/cpu.pb …/mem/heap", 12},
		{"names of files stay whole", "d/captures/go1.20.14/cpu.pb d/captures/go1.20.15/heap.pb", "…/go1.20.14/cpu.pb …/go1.20.15/heap.pb", 12},
		{"both", "pre/fix/one/suf/fix pre/fix/two/suf/fix", "…/one… …/two…", 8},
		{"one alone", "a-very-long-name.example.com b", "a-very-long-name.example.com b", 10},
		{"short ones stay", "a1.example.com a2.example.com b.example", "a1… a2… b.example", 10},
		{"no break", "aaaaaaaaaaaaaaa1 aaaaaaaaaaaaaaa2", "aaaaaaaaaaaaaaa1 aaaaaaaaaaaaaaa2", 10},
		{"too little", "one-two.x.io two-one.x.io", "one-two.x.io two-one.x.io", 30},
	} {
		if got := strings.Join(withoutAffixes(strings.Fields(c.in), c.width), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
