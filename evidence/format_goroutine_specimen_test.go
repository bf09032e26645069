package evidence

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// specimenTruth is what testdata/programs/goroutines wrote down about what it made.
type specimenTruth struct {
	Go          string
	Format      Format
	Reason      string
	Goroutines  int
	Entries     map[string]int
	States      map[string]string
	Depths      map[string]int
	Labels      map[string]int
	Printed     bool `json:"labels_printed"`
	Locked      int
	Leaked      int
	Unavailable int
	Ancestors   int
	Bubbled     int
	Forged      string
	Records     map[string]map[string]int64
}

func (s specimenTruth) minor() int {
	n, _ := strconv.Atoi(strings.Split(s.Go, ".")[1])
	return n
}

type specimen struct {
	name  string
	data  []byte
	truth specimenTruth
}

// specimens returns the specimens whose format text and profiles tell apart, in the order of their names.
func specimens(t testing.TB, wanted func(Format) bool) []specimen {
	t.Helper()
	dir := filepath.Join("..", "testdata", "specimens", "goroutine")
	files, err := filepath.Glob(filepath.Join(dir, "*", "truth.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no specimens: %v", err)
	}
	var all []specimen
	for _, f := range files {
		truths := map[string]specimenTruth{}
		if err := json.Unmarshal(readFile(t, f), &truths); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		texts, err := filepath.Glob(filepath.Join(filepath.Dir(f), "*.txt"))
		if err != nil || len(texts) != len(truths) {
			t.Fatalf("%s tells of %d specimens, the folder has %d: %v", f, len(truths), len(texts), err)
		}
		for _, text := range texts {
			truth, ok := truths[filepath.Base(text)]
			if !ok {
				t.Fatalf("%s says nothing of %s", f, text)
			}
			if wanted(truth.Format) {
				name := filepath.Join(filepath.Base(filepath.Dir(text)), filepath.Base(text))
				all = append(all, specimen{name, readFile(t, text), truth})
			}
		}
	}
	return all
}

func isDump(f Format) bool {
	return strings.HasPrefix(string(f), "goroutine/") && f != "goroutine/debug1"
}

func TestGoroutineSpecimens(t *testing.T) {
	for _, s := range specimens(t, isDump) {
		t.Run(s.name, func(t *testing.T) {
			a := readWith(t, formatGoroutine, s.data)
			if a == nil {
				t.Fatal("refused")
			}
			if a.Format != s.truth.Format {
				t.Errorf("format %s, want %s", a.Format, s.truth.Format)
			}
			if len(a.Losses) > 0 {
				t.Errorf("losses %v, want none", a.Losses)
			}
			checkDump(t, a.Dump, int64(len(s.data)))
			checkTruth(t, a.Dump, s.truth)
			if v, minor := a.Go, s.truth.minor(); minor < v.Min || v.Max != 0 && minor > v.Max {
				t.Errorf("release %+v, made by %s", v, s.truth.Go)
			}
		})
	}
}

// checkTruth compares a dump with what its maker knows.
func checkTruth(t *testing.T, d *Dump, want specimenTruth) {
	t.Helper()
	if !strings.HasPrefix(d.Reason, want.Reason) || d.Reason == "" && want.Reason != "" {
		t.Errorf("reason %q, want %q", d.Reason, want.Reason)
	}
	rows, locked, leaked, unavailable, ancestors, bubbled := 0, 0, 0, 0, 0, 0
	entries, labels := map[string]int{}, map[string]int{}
	count := func(n *int, yes bool) {
		if yes {
			*n++
		}
	}
	for i := range d.Goroutines {
		g := &d.Goroutines[i]
		count(&rows, g.Flags&GRepeat == 0)
		count(&locked, g.Flags&GLocked != 0)
		count(&leaked, g.Flags&GLeaked != 0)
		count(&unavailable, g.Flags&GUnavailable != 0)
		count(&ancestors, g.Flags&GAncestors != 0)
		if g.Labels != 0 {
			labels[labelJSON(t, d.Labels[g.Labels])]++
		}
		entry, depth := entryOf(d, g, want.Entries)
		if entry == "" || g.Flags&GRepeat != 0 {
			continue
		}
		count(&bubbled, g.Bubble != 0)
		entries[entry]++
		if state := want.States[entry]; state != "" && d.States[g.State] != state {
			t.Errorf("goroutine %d of %s: state %q, want %q", g.ID, entry, d.States[g.State], state)
		}
		checkDepth(t, g, entry, depth, len(d.Stacks[g.Stack]), want)
		if want.minor() >= 21 && g.CreatorID == 0 || g.CreatedBy == 0 {
			t.Errorf("goroutine %d of %s has no creator", g.ID, entry)
		}
	}
	if want.Goroutines >= 0 && rows != want.Goroutines {
		t.Errorf("%d goroutines, want %d", rows, want.Goroutines)
	}
	// A cut stack of go1.20 does not reach the entry function; its creator is plant, as of all.
	if want.minor() <= 20 && want.Depths["main.deep"] > 0 {
		entries["main.deep"]++
	}
	if !reflect.DeepEqual(entries, want.Entries) {
		t.Errorf("entries %v, want %v", entries, want.Entries)
	}
	if !want.Printed {
		want.Labels = map[string]int{}
	}
	if !reflect.DeepEqual(labels, want.Labels) {
		t.Errorf("labels %v, want %v", labels, want.Labels)
	}
	if want.Format == FormatGoroutineQuit {
		locked = want.Locked // the runtime has locked goroutines of its own
	}
	if locked != want.Locked || leaked != want.Leaked || unavailable != want.Unavailable || ancestors != want.Ancestors || bubbled != want.Bubbled {
		t.Errorf("%d locked to a thread, %d leaked, %d unavailable, %d with ancestors, %d in a bubble; want %d, %d, %d, %d, %d",
			locked, leaked, unavailable, ancestors, bubbled,
			want.Locked, want.Leaked, want.Unavailable, want.Ancestors, want.Bubbled)
	}
	checkForged(t, d, want.Forged)
}

// checkForged looks for traces of a panic message in the tables.
func checkForged(t *testing.T, d *Dump, fn string) {
	t.Helper()
	for _, f := range d.Frames {
		if fn != "" && strings.HasPrefix(f.Func, fn) {
			t.Errorf("frame %q stands in the panic message only", f.Func)
		}
	}
	for _, s := range d.States {
		if s == "fake" {
			t.Error("state fake stands in the panic message only")
		}
	}
}

// entryOf returns the function of the program that the goroutine was started with, and its depth below
// the frames of the runtime and the standard library.
func entryOf(d *Dump, g *Goroutine, entries map[string]int) (entry string, depth int) {
	for i, f := range d.Stacks[g.Stack] {
		if name := d.Frames[f].Func; entries[name] > 0 {
			entry, depth = name, i+1
		}
	}
	return entry, depth
}

func checkDepth(t *testing.T, g *Goroutine, entry string, depth, printed int, want specimenTruth) {
	t.Helper()
	planted := want.Depths[entry]
	if planted == 0 {
		return
	}
	if planted <= 100 {
		if depth != planted || printed != planted || g.Elided != 0 {
			t.Errorf("goroutine %d of %s: %d frames, %d elided; want %d", g.ID, entry, depth, g.Elided, planted)
		}
		return
	}
	if printed != 100 || int(g.Elided)+printed != planted {
		t.Errorf("goroutine %d of %s: %d frames, %d elided; want 100 and %d", g.ID, entry, printed, g.Elided, planted-100)
	}
}

func labelJSON(t *testing.T, labels []Label) string {
	t.Helper()
	m := map[string]string{}
	for _, l := range labels {
		m[l.Key] = l.Value
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// checkDump checks what holds of every dump: Refs in range, increasing and apart, and every index inside
// its table.
func checkDump(t testing.TB, d *Dump, size int64) {
	t.Helper()
	end := int64(0)
	for i := range d.Goroutines {
		g := &d.Goroutines[i]
		if g.Ref.Off < end || g.Ref.Len <= 0 || g.Ref.Off+g.Ref.Len > size {
			t.Fatalf("row %d: ref %v after %d of %d bytes", i, g.Ref, end, size)
		}
		end = g.Ref.Off + g.Ref.Len
		if int(g.State) >= len(d.States) || int(g.Stack) >= len(d.Stacks) || int(g.Labels) >= len(d.Labels) ||
			int(g.CreatedBy) >= len(d.Frames) || int(g.Dump) >= d.Dumps {
			t.Fatalf("row %d: index out of range: %+v", i, g)
		}
		if i > 0 && g.Dump < d.Goroutines[i-1].Dump {
			t.Fatalf("row %d: dump %d after %d", i, g.Dump, d.Goroutines[i-1].Dump)
		}
	}
	for i, s := range d.Stacks {
		for _, f := range s {
			if f == 0 || int(f) >= len(d.Frames) {
				t.Fatalf("stack %d: frame %d of %d", i, f, len(d.Frames))
			}
		}
	}
	if d.Dumps < 1 || len(d.Goroutines) == 0 || d.ForeignLines < 0 {
		t.Fatalf("%d dumps, %d goroutines, %d foreign lines", d.Dumps, len(d.Goroutines), d.ForeignLines)
	}
}
