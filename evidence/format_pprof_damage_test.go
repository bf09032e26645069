package evidence

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
)

// smallPprof makes a whole goroutine profile of two samples by the order given, one letter a field:
// t sample type, p period type, n time, l location, f function, s samples, m mapping, r string table.
func smallPprof(order string) []byte {
	g := &pprofGenerator{}
	for _, c := range order {
		switch c {
		case 't':
			g.message(profSampleType, func(m *pprofGenerator) { m.varint(1, 1); m.varint(2, 2) })
		case 'p':
			g.message(profPeriodType, func(m *pprofGenerator) { m.varint(1, 1); m.varint(2, 2) })
		case 'n':
			g.varint(profTimeNanos, 1_760_000_000_000_000_000)
		case 'l':
			for id := uint64(1); id <= 2; id++ {
				g.message(profLocation, func(m *pprofGenerator) {
					m.varint(1, id)
					m.varint(2, 1)
					m.varint(3, 0x1000*id)
					m.message(4, func(l *pprofGenerator) { l.varint(1, id); l.varint(2, 10*id) })
				})
			}
		case 'f':
			for id := uint64(1); id <= 2; id++ {
				g.message(profFunction, func(m *pprofGenerator) { m.varint(1, id); m.varint(2, 2+id); m.varint(4, 5); m.varint(5, id) })
			}
		case 's':
			for id := uint64(1); id <= 2; id++ {
				g.message(profSample, func(m *pprofGenerator) {
					m.varint(1, id)
					m.varint(2, 7)
					m.message(3, func(l *pprofGenerator) { l.varint(1, 6); l.varint(2, 7) })
				})
			}
		case 'm':
			g.message(profMapping, func(m *pprofGenerator) { m.varint(1, 1); m.varint(3, 0x10000); m.varint(5, 5) })
		case 'r':
			for _, s := range []string{"", "goroutine", "count", "main.main", "main.f", "/src/main.go", "tenant", "t-1"} {
				g.bytes(profString, []byte(s))
			}
		}
	}
	return g.out
}

// field returns the bytes of one top-level field.
func pprofField(num protowire.Number, fill func(*pprofGenerator)) []byte {
	var g pprofGenerator
	g.message(num, fill)
	return g.out
}

func TestPprofAnyOrder(t *testing.T) {
	want := flatten(readPprofBytes(t, smallPprof("tpnlfsmr")).Profile)
	for _, order := range []string{"rmsflnpt", "smlfrtpn", "ptlfsnmr", "ntplfsmr"} {
		a := comparePprof(t, smallPprof(order))
		if d := cmp.Diff(want, flatten(a.Profile)); d != "" {
			t.Errorf("order %s (-want +got):\n%s", order, d)
		}
		runtime := order == "ptlfsnmr" || order == "ntplfsmr"
		if (a.Profile.Provenance == "runtime") != runtime {
			t.Errorf("order %s has provenance %q", order, a.Profile.Provenance)
		}
	}
}

type pprofDamage struct {
	name    string
	raw     []byte
	loss    string // in What of the first loss
	losses  int
	samples int
	offset  int // of the first loss, -1 for any
}

// pprofDamages returns profiles that are damaged, each in its own way.
func pprofDamages() []pprofDamage {
	base := smallPprof("ntplfsmr")
	group := []byte{0x83, 0x01, 0x08, 1, 0x84, 0x01} // field 16 as a group
	return []pprofDamage{
		{"group", append(bytes.Clone(group), base...), "group", 1, 2, 0},
		{"group inside a sample", append(pprofField(profSample, func(m *pprofGenerator) { m.varint(2, 3); m.out = append(m.out, group...) }), base...), "group", 1, 3, 0},
		{"unknown wire type", append(bytes.Clone(base), 0x0f, 1, 2, 3), "cannot be read further", 1, 2, len(base)},
		{"field number 0", append(bytes.Clone(base), 0x00, 1), "cannot be read further", 1, 2, len(base)},
		{"overlong tag", append(bytes.Clone(base), bytes.Repeat([]byte{0xff}, 11)...), "longer than 64 bits", 1, 2, len(base)},
		{"unbalanced group", append(bytes.Clone(base), 0x0c), "unbalanced group", 1, 2, len(base)},
		{"wire type of a sample", append([]byte{profSample << 3, 5}, base...), "wire type 0, want 2", 1, 2, 0},
		{"wire type of the time", append([]byte{profTimeNanos<<3 | 2, 1, 9}, base...), "wire type 2, want 0", 1, 2, 0},
		{"bad varint in a sample", append(bytes.Clone(base), pprofField(profSample, func(m *pprofGenerator) {
			m.varint(2, 3)
			m.bytes(1, bytes.Repeat([]byte{0xff}, 10))
		})...), "packed varint is damaged", 1, 3, len(base)},
		{"sample ends in a field", append(bytes.Clone(base), profSample<<3|2, 3, 0x10, 3, 0x80), "ends inside a field", 1, 3, len(base)},
		{"label of the wrong type", append(bytes.Clone(base), pprofField(profSample, func(m *pprofGenerator) {
			m.varint(2, 3)
			m.message(3, func(l *pprofGenerator) { l.bytes(1, []byte("tenant")) })
		})...), "wrong wire type", 1, 3, len(base)},
		{"label with string and number", append(bytes.Clone(base), pprofField(profSample, func(m *pprofGenerator) {
			m.varint(2, 3)
			m.message(3, func(l *pprofGenerator) { l.varint(1, 6); l.varint(2, 7); l.varint(3, 9) })
		})...), "a string and a number", 1, 3, len(base)},
		{"duplicate location", append(bytes.Clone(base), pprofField(profLocation, func(m *pprofGenerator) { m.varint(1, 2) })...), "has the id 2 of an earlier one", 1, 2, len(base)},
		{"location without an id", append(bytes.Clone(base), pprofField(profLocation, func(m *pprofGenerator) { m.varint(3, 2) })...), "no id", 1, 2, len(base)},
		{"dangling location", append(bytes.Clone(base), pprofField(profSample, func(m *pprofGenerator) { m.varint(1, 77); m.varint(2, 1) })...), "refers to location 77", 1, 3, len(base)},
		{"huge location", append(bytes.Clone(base), pprofField(profSample, func(m *pprofGenerator) { m.varint(1, 1<<63); m.varint(2, 1) })...), "refers to location 9223372036854775808", 1, 3, len(base)},
		{"location 0", append(bytes.Clone(base), pprofField(profSample, func(m *pprofGenerator) { m.varint(1, 0); m.varint(2, 1) })...), "refers to location 0", 1, 3, len(base)},
		{"dangling function", append(bytes.Clone(base), pprofField(profLocation, func(m *pprofGenerator) {
			m.varint(1, 3)
			m.message(4, func(l *pprofGenerator) { l.varint(1, 99) })
		})...), "refers to function 99", 1, 2, len(base)},
		{"dangling mapping", append(bytes.Clone(base), pprofField(profLocation, func(m *pprofGenerator) { m.varint(1, 3); m.varint(2, 99) })...), "refers to mapping 99", 1, 2, len(base)},
		{"dangling string", append(bytes.Clone(base), pprofField(profFunction, func(m *pprofGenerator) { m.varint(1, 3); m.varint(2, 99) })...), "refers to string 99", 1, 2, len(base)},
		{"negative string", append(bytes.Clone(base), pprofField(profFunction, func(m *pprofGenerator) { m.varint(1, 3); m.varint(2, 1<<64-1) })...), "refers to string -1", 1, 2, len(base)},
		{"dangling label", append(bytes.Clone(base), pprofField(profSample, func(m *pprofGenerator) {
			m.varint(2, 3)
			m.message(3, func(l *pprofGenerator) { l.varint(1, 6); l.varint(2, 70) })
		})...), "a label refers to string 70", 1, 3, len(base)},
		{"dangling comment", append(bytes.Clone(base), profComment<<3, 88), "a comment refers to string 88", 1, 2, len(base)},
		{"dangling doc_url", append(bytes.Clone(base), profDocURL<<3, 88), "doc_url refers to string 88", 1, 2, len(base)},
		{"too many values", append(bytes.Clone(base), pprofField(profSample, func(m *pprofGenerator) { m.varint(2, 1); m.varint(2, 1) })...), "2 values for 1 sample types", 1, 3, len(base)},
		{"no values", append(bytes.Clone(base), pprofField(profSample, func(m *pprofGenerator) { m.varint(1, 1) })...), "0 values for 1 sample types", 1, 3, len(base)},
		{"not UTF-8", append(bytes.Clone(base), pprofField(profString, func(m *pprofGenerator) { m.out = []byte{0xff, 'x'} })...), "string 8 is not valid UTF-8", 1, 2, len(base)},
		{"first string not empty", append(pprofField(profString, func(m *pprofGenerator) { m.out = []byte("x") }), smallPprof("tplfsmr")...), "first string is not empty", 1, 2, 0},
		{"two times", smallPprof("tpnnlfsmr"), "time_nanos is recorded twice", 1, 2, -1},
		{"two profiles of the runtime", append(bytes.Clone(base), base...), "a second profile begins here", 1, 2, len(base)},
		{"a heap profile behind a CPU profile", append(bytes.Clone(base), smallPprof("ptlfsnmr")...), "a second profile begins here", 1, 2, len(base)},
		{"two profiles of net/http/pprof", append(smallPprof("tsmlfrnp"), smallPprof("tsmlfrnp")...), "a second profile begins here", 1, 2, len(smallPprof("tsmlfrnp"))},
	}
}

// TestPprofDamage looks for the Loss of each kind of damage, and at what is left.
func TestPprofDamage(t *testing.T) {
	for _, r := range pprofDamages() {
		t.Run(r.name, func(t *testing.T) {
			a := readPprofBytes(t, r.raw)
			if a.Profile.Len() != r.samples || len(pprofRowsOf(a.Profile)) != r.samples {
				t.Errorf("%d samples, want %d", a.Profile.Len(), r.samples)
			}
			if len(a.Losses) != r.losses || !strings.Contains(a.Losses[0].What, r.loss) {
				t.Fatalf("losses %+v, want %d, the first with %q", a.Losses, r.losses, r.loss)
			}
			l := a.Losses[0]
			if r.offset >= 0 && l.Ref.Off != int64(r.offset) || l.Ref.Off+l.Ref.Len > int64(len(r.raw)) || l.Cut {
				t.Errorf("the Loss is at %v, cut %v; want offset %d in %d bytes", l.Ref, l.Cut, r.offset, len(r.raw))
			}
			if a.Profile.NamesLost {
				t.Error("names are said to be lost")
			}
		})
	}
}

// TestPprofLossesAreBounded: a profile whose every row is damaged fills no memory with complaints.
func TestPprofLossesAreBounded(t *testing.T) {
	raw := smallPprof("ntplfsmr")
	for range 5000 {
		raw = append(raw, pprofField(profSample, func(m *pprofGenerator) { m.varint(1, 77); m.varint(2, 1) })...)
	}
	a := readPprofBytes(t, raw)
	if len(a.Losses) != maxLosses || a.MoreLosses != 5000-maxLosses || a.Profile.Len() != 5002 {
		t.Errorf("%d losses and %d more in %d samples", len(a.Losses), a.MoreLosses, a.Profile.Len())
	}
}

// TestPprofSparseIDs: ids that are no row numbers.
func TestPprofSparseIDs(t *testing.T) {
	var g pprofGenerator
	ids := []uint64{1 << 40, 5, 1<<64 - 1, 3, 1 << 20}
	for _, id := range ids {
		g.message(profLocation, func(m *pprofGenerator) { m.varint(1, id); m.varint(3, id) })
	}
	g.message(profSampleType, func(m *pprofGenerator) { m.varint(1, 1) })
	for _, id := range ids {
		g.message(profSample, func(m *pprofGenerator) { m.varint(1, id); m.varint(2, 1) })
	}
	g.bytes(profString, nil)
	g.bytes(profString, []byte("x"))
	a := comparePprof(t, g.out)
	i := 0
	for s := range a.Profile.Samples() {
		if got := a.Profile.Locations[s.Locations[0]].Addr; got != ids[i] {
			t.Errorf("sample %d is at location %d, want %d", i, got, ids[i])
		}
		i++
	}
}

// TestPprofEmptyLabel: runtime/pprof leaves out the string of an empty value, heap has numbers only.
func TestPprofEmptyLabel(t *testing.T) {
	extra := pprofField(profSample, func(m *pprofGenerator) {
		m.varint(2, 1)
		m.message(3, func(l *pprofGenerator) { l.varint(1, 6) })
	})
	a := readPprofBytes(t, append(smallPprof("tplfsmr"), extra...))
	var last Sample
	for s := range a.Profile.Samples() {
		last = *s
	}
	if len(last.Labels) != 1 || last.Labels[0] != (Label{Key: "tenant"}) || len(last.NumLabels) != 0 {
		t.Errorf("labels %v, numbers %v, want one empty label", last.Labels, last.NumLabels)
	}
	heap := bytes.Replace(append(smallPprof("tlfsmr"), extra...), []byte("goroutine"), []byte("inuse_spa"), 1)
	a = readPprofBytes(t, heap)
	for s := range a.Profile.Samples() {
		last = *s
	}
	if a.Profile.Kind != KindHeap || len(last.Labels) != 0 || len(last.NumLabels) != 1 {
		t.Errorf("%s: labels %v, numbers %v, want the number 0", a.Profile.Kind, last.Labels, last.NumLabels)
	}
}

// TestPprofParallelIterations: iterations share nothing that they write.
func TestPprofParallelIterations(t *testing.T) {
	p := readPprofBytes(t, generatePprof(300)).Profile
	want := pprofRowsOf(p)
	results := make(chan []pprofRow)
	for range 4 {
		go func() { results <- pprofRowsOf(p) }()
	}
	for range 4 {
		if d := cmp.Diff(want, <-results); d != "" {
			t.Errorf("a parallel iteration differs:\n%.500s", d)
		}
	}
	n := 0
	for range p.Samples() {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("an iteration that stops yields %d samples", n)
	}
}
