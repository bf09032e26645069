package evidence

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// debug1Record is one record while its lines are read.
type debug1Record struct {
	open     bool
	off, end int64
	values   []int64 // in the order of Profile.SampleTypes
	pcs      []uint64
	zeroPCs  int
	labels   []Label
	lines    []debug1Line
	text     []byte // names and places that lines point into
}

// debug1Line is a frame: "#\t0xADDR\tfunction+0xOFFSET\tfile:line", or without name.
type debug1Line struct {
	addr     uint64
	fn, file [2]int // range in text
	line     int64
	named    bool
}

// parse reads a record's first line: values, "@", program counters, the innermost first.
func (rec *debug1Record) parse(kind Kind, line []byte) bool {
	values, rest, ok := [4]int64{}, line, false
	n := 1
	switch kind {
	case KindHeap:
		n = 4
		values, rest, ok = cutHeapValues(line)
		values[0], values[1], values[2], values[3] = values[2], values[3], values[0], values[1]
	case KindMutex, KindBlock:
		n = 2
		if values[1], rest, ok = cutInt(line); !ok {
			return false
		}
		if rest, ok = bytes.CutPrefix(rest, []byte(" ")); !ok {
			return false
		}
		values[0], rest, ok = cutInt(rest)
	default:
		values[0], rest, ok = cutInt(line)
	}
	if !ok {
		return false
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(" @")); !ok {
		return false
	}
	rec.pcs = rec.pcs[:0]
	for len(rest) > 0 {
		var pc uint64
		if rest, ok = bytes.CutPrefix(rest, []byte(" 0x")); !ok {
			return false
		}
		if pc, rest, ok = cutHex(rest); !ok {
			return false
		}
		rec.pcs = append(rec.pcs, pc)
	}
	rec.zeroPCs = 0
	for len(rec.pcs) > 0 && rec.pcs[len(rec.pcs)-1] == 0 {
		rec.pcs = rec.pcs[:len(rec.pcs)-1]
		rec.zeroPCs++
	}
	rec.values = append(rec.values[:0], values[:n]...)
	rec.open, rec.labels, rec.lines, rec.text = true, nil, rec.lines[:0], rec.text[:0]
	return true
}

func cutHex(b []byte) (n uint64, rest []byte, ok bool) {
	i := hexLen(b)
	if i == 0 || i > 16 {
		return 0, b, false
	}
	for _, c := range b[:i] {
		d := uint64(c - '0')
		if d > 9 {
			d = uint64(c-'a') + 10
		}
		n = n<<4 | d
	}
	return n, b[i:], true
}

// frame reads a frame's line. Columns are apart by tabs, or by the spaces that pasting made of them.
func (rec *debug1Record) frame(line []byte) bool {
	rest := bytes.TrimLeft(line[1:], "\t ")
	rest, ok := bytes.CutPrefix(rest, []byte("0x"))
	if !ok {
		return false
	}
	var l debug1Line
	if l.addr, rest, ok = cutHex(rest); !ok {
		return false
	}
	rest = bytes.TrimLeft(rest, "\t ")
	if len(rest) == 0 {
		rec.lines = append(rec.lines, l)
		return true
	}
	end := bytes.IndexByte(rest, '\t')
	if end < 0 {
		end = bytes.IndexByte(rest, ' ')
	}
	if end < 0 {
		return false
	}
	fn, place := rest[:end], bytes.TrimLeft(rest[end:], "\t ")
	if i := bytes.LastIndex(fn, []byte("+0x")); i > 0 {
		fn = fn[:i]
	}
	colon := bytes.LastIndexByte(place, ':')
	if colon < 0 {
		return false
	}
	number, err := strconv.ParseInt(string(place[colon+1:]), 10, 64)
	if err != nil {
		return false
	}
	l.line, l.named = number, true
	l.fn, l.file = rec.keep(fn), rec.keep(place[:colon])
	rec.lines = append(rec.lines, l)
	return true
}

func (rec *debug1Record) keep(b []byte) [2]int {
	first := len(rec.text)
	rec.text = append(rec.text, b...)
	return [2]int{first, len(rec.text)}
}

// assign gives each line to the program counter that it explains, and returns how many lines each has
// and how many lines explain none. A line shows the counter of a return address less one, or the
// counter itself. Before go1.21 a counter with inlined calls has several lines; a counter that recursion
// repeats has them each time. Leading frames of the runtime have counters and no lines.
func (rec *debug1Record) assign(counts []int) (filled []int, unmatched int) {
	counts = append(counts[:0], make([]int, len(rec.pcs))...)
	next := 0
	for i := 0; i < len(rec.lines); {
		addr := rec.lines[i].addr
		run := 1
		for i+run < len(rec.lines) && rec.lines[i+run].addr == addr {
			run++
		}
		i += run
		first := next
		for first < len(rec.pcs) && rec.pcs[first] != addr && rec.pcs[first] != addr+1 {
			first++
		}
		if first == len(rec.pcs) {
			// Stacks without a counter show the address 0 (go1.18 to go1.27: threadcreate).
			if addr != 0 {
				unmatched += run
			}
			continue
		}
		same := 1
		for first+same < len(rec.pcs) && rec.pcs[first+same] == rec.pcs[first] {
			same++
		}
		same = min(same, run)
		for k := range same {
			counts[first+k] = run / same
		}
		// What does not divide is of the outermost, whose calls a cut stack gets back.
		counts[first+same-1] += run % same
		next = first + same
	}
	return counts, unmatched
}

// covered reports whether the lines reach the end of the stack: to the last counter, or to the one before
// where the last is runtime.goexit, which is never printed. Other records show which counter that is.
func (t *debug1Rows) covered(rec *debug1Record) bool {
	n := len(rec.pcs)
	if n == 0 {
		return len(rec.lines) > 0
	}
	counts, _ := rec.assign(nil)
	return counts[n-1] > 0 || n > 1 && counts[n-2] > 0 && t.goexit[rec.pcs[n-1]]
}

// debug1Rows stores the records read, and the tables that they share.
type debug1Rows struct {
	artifact    uint32
	off, length []int64
	values      []int64
	locEnd      []int // end of each row's range in locs
	locs        []int32
	labels      []uint32
	zeroPCs     []int32
	maxPCs      int
	goexit      map[uint64]bool // last counters of whole records that no line explains

	labelSets  [][]Label
	locations  []debug1Location
	lines      []Line
	functions  []Function
	byLocation map[string]int32
	byFunction map[string]int32
	key        []byte
	counts     []int
}

// debug1Location is a program counter with the lines that a record showed for it. The same counter
// without lines, hidden at the top of another record, is another location.
type debug1Location struct {
	addr        uint64
	first, last int // range in lines
}

func (t *debug1Rows) init(artifact uint32) {
	t.artifact = artifact
	t.labelSets = [][]Label{nil}
	t.goexit = map[uint64]bool{}
	t.byLocation, t.byFunction = map[string]int32{}, map[string]int32{}
}

func (t *debug1Rows) len() int { return len(t.off) }

// add stores a record and returns how many of its lines explain none of its program counters.
func (t *debug1Rows) add(rec *debug1Record) (unmatched int) {
	t.counts, unmatched = rec.assign(t.counts)
	next := 0
	for i, pc := range rec.pcs {
		n := t.counts[i]
		if n > 0 {
			for rec.lines[next].addr != pc && rec.lines[next].addr+1 != pc {
				next++
			}
		}
		t.locs = append(t.locs, t.location(rec, pc, rec.lines[next:next+n]))
		next += n
	}
	t.off, t.length = append(t.off, rec.off), append(t.length, rec.end-rec.off)
	t.values = append(t.values, rec.values...)
	t.locEnd = append(t.locEnd, len(t.locs))
	t.zeroPCs = append(t.zeroPCs, int32(rec.zeroPCs))
	t.maxPCs = max(t.maxPCs, len(rec.pcs))
	if n := len(rec.pcs); n > 0 && t.counts[n-1] == 0 {
		t.goexit[rec.pcs[n-1]] = true
	}
	set := uint32(0)
	if len(rec.labels) > 0 {
		set = uint32(len(t.labelSets))
		t.labelSets = append(t.labelSets, rec.labels)
	}
	t.labels = append(t.labels, set)
	return unmatched
}

func (t *debug1Rows) location(rec *debug1Record, pc uint64, lines []debug1Line) int32 {
	key := binary.LittleEndian.AppendUint64(t.key[:0], pc)
	for _, l := range lines {
		key = append(key, rec.text[l.fn[0]:l.fn[1]]...)
		key = append(key, 0)
		key = append(key, rec.text[l.file[0]:l.file[1]]...)
		key = binary.LittleEndian.AppendUint64(key, uint64(l.line))
	}
	t.key = key
	i, ok := t.byLocation[string(key)]
	if ok {
		return i
	}
	i = int32(len(t.locations))
	t.byLocation[string(key)] = i
	first := len(t.lines)
	for _, l := range lines {
		line := Line{Function: -1, Line: l.line}
		if l.named {
			line.Function = t.function(rec.text[l.fn[0]:l.fn[1]], rec.text[l.file[0]:l.file[1]])
		}
		t.lines = append(t.lines, line)
	}
	t.locations = append(t.locations, debug1Location{pc, first, len(t.lines)})
	return i
}

func (t *debug1Rows) function(name, file []byte) int32 {
	key := string(name) + "\x00" + string(file)
	i, ok := t.byFunction[key]
	if !ok {
		i = int32(len(t.functions))
		t.byFunction[key] = i
		t.functions = append(t.functions, Function{Name: string(name), File: string(file)})
	}
	return i
}
