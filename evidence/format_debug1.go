package evidence

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// Text profiles are what runtime/pprof writes for debug=1 (runtime/pprof/pprof.go: printCountProfile,
// writeHeapInternal, writeProfileInternal; go1.18 to go1.27): a header, and for each distinct stack a
// line of values and program counters, a line of labels, and a line for each frame. google/pprof reads
// the values and drops the labels and the frames.
//
// Values are those printed:
//   - heap: raw counts of sampled blocks. The protobuf form scales them up by the sampling rate, the text
//     does not; Period is the rate, so that a reader can.
//   - mutex and block: "CYCLES COUNT", where the runtime has scaled both by the mutex sampling period
//     already (runtime/mprof.go, saveblockevent). Cycles become nanoseconds by the header's
//     cycles/second, by the same arithmetic as the protobuf form (runtime/pprof/protomem.go and
//     pprof.go); without that line they stay cycles.
//
// The text of heap and allocs is the same: the two differ in the protobuf form's default sample type
// only (writeHeap, writeAlloc). It is named heap.

var formatDebug1 = format{sniff: sniffDebug1, read: readDebug1}

// debug1Header is the first line.
type debug1Header struct {
	kind  Kind
	name  string // as in Format: "goroutine", or a custom profile's own
	total int64  // -1 if the line has none
	heap  [4]int64
	rate  int64
}

func sniffDebug1(head []byte, whole bool) bool {
	head = bytes.TrimLeft(head, "\r\n")
	first, rest, more := bytes.Cut(head, []byte("\n"))
	h, ok := parseDebug1Header(trimLine(first))
	if !ok || !more && !whole {
		return false
	}
	next, _, complete := bytes.Cut(rest, []byte("\n"))
	next = trimLine(next)
	switch {
	case len(next) == 0, !complete && whole:
		return true
	case h.kind == KindMutex, h.kind == KindBlock:
		return bytes.HasPrefix(next, []byte("cycles/second="))
	case h.kind == KindHeap:
		return true
	}
	// The header alone is a phrase that any log may hold.
	n, after, ok := cutUint(next)
	return ok && n > 0 && bytes.HasPrefix(after, []byte(" @"))
}

var debug1Kinds = map[string]Kind{
	"goroutine": KindGoroutine, "goroutineleak": KindGoroutineLeak, "threadcreate": KindThreadCreate,
}

func parseDebug1Header(line []byte) (h debug1Header, ok bool) {
	h.total = -1
	switch string(line) {
	case "--- mutex:":
		h.kind, h.name = KindMutex, "mutex"
		return h, true
	case "--- contention:":
		h.kind, h.name = KindBlock, "block"
		return h, true
	}
	if rest, found := bytes.CutPrefix(line, []byte("heap profile: ")); found {
		values, rest, found := cutHeapValues(rest)
		if rate, isHeap := bytes.CutPrefix(rest, []byte(" @ heap/")); found && isHeap {
			n, after, ok := cutUint(rate)
			h.kind, h.name, h.heap, h.rate, h.total = KindHeap, "heap", values, int64(n)/2, values[1]
			return h, ok && len(after) == 0 && int64(n) >= 0
		}
	}
	const mark = " profile: total "
	i := bytes.LastIndex(line, []byte(mark))
	if i <= 0 || i > 1000 {
		return h, false
	}
	n, rest, ok := cutUint(line[i+len(mark):])
	h.name, h.total = string(line[:i]), int64(n)
	if h.kind = debug1Kinds[h.name]; h.kind == "" {
		h.kind = KindCustom
	}
	return h, ok && len(rest) == 0 && h.total >= 0
}

// cutHeapValues reads "objects: bytes [objects: bytes]", in use and ever allocated.
func cutHeapValues(b []byte) (v [4]int64, rest []byte, ok bool) {
	for i, after := range []string{": ", " [", ": ", "]"} {
		if v[i], b, ok = cutInt(b); !ok {
			return v, b, false
		}
		if b, ok = bytes.CutPrefix(b, []byte(after)); !ok {
			return v, b, false
		}
	}
	return v, b, true
}

// cutInt reads a decimal number, negative ones too: in-use counts are differences.
func cutInt(b []byte) (n int64, rest []byte, ok bool) {
	digits, negative := bytes.CutPrefix(b, []byte("-"))
	u, rest, ok := cutUint(digits)
	if !ok || u > 1<<63-1 {
		return 0, b, false
	}
	if negative {
		return -int64(u), rest, true
	}
	return int64(u), rest, true
}

// debug1Reader is the state between two lines.
type debug1Reader struct {
	in     *input
	header debug1Header
	p      *Profile
	rows   debug1Rows
	rec    debug1Record
	sum    [4]int64

	cyclesPerSecond int64
	period          int64 // mutex sampling period, -1 until read
	inTail          bool  // heap: after "# runtime.MemStats"
	tailDone        bool  // its last lines were read

	foreign    int
	foreignOff int64
	stopped    bool // a second profile begins
}

func readDebug1(in *input) bool {
	r := &debug1Reader{in: in, period: -1}
	r.rows.init(in.index)
	started := false
	for !r.stopped {
		line, off, next, ok := nextLine(in)
		if !ok {
			break
		}
		switch {
		case started:
			r.line(line, off, next)
		case len(line) == 0:
		default:
			if r.header, ok = parseDebug1Header(line); !ok {
				return false
			}
			started = true
			r.p = r.header.profile()
		}
	}
	if !started {
		return false
	}
	r.finish()
	return true
}

// nextLine consumes a line that a newline ends, trimmed. It returns false at the end of the stream, where
// data() is the rest, and for a line over maxLineBytes.
func nextLine(in *input) (line []byte, off, next int64, ok bool) {
	for {
		data := in.data()
		if nl := bytes.IndexByte(data, '\n'); nl >= 0 {
			off = in.off()
			in.advance(nl + 1)
			return trimLine(data[:nl]), off, in.off(), true
		}
		if len(data) >= maxLineBytes || !in.more() {
			return nil, in.off(), in.off(), false
		}
	}
}

// profile returns the empty profile that the header announces.
func (h *debug1Header) profile() *Profile {
	p := &Profile{Kind: h.kind, Text: true, Total: h.total, Period: 1}
	switch h.kind {
	case KindHeap:
		// The order of the protobuf form (runtime/pprof/protomem.go, writeHeapProto).
		p.SampleTypes = []ValueType{
			{"alloc_objects", "count"}, {"alloc_space", "bytes"}, {"inuse_objects", "count"}, {"inuse_space", "bytes"},
		}
		p.Primary, p.PeriodType, p.Period = 3, ValueType{"space", "bytes"}, h.rate
	case KindMutex, KindBlock:
		p.SampleTypes = []ValueType{{"contentions", "count"}, {"delay", "cycles"}}
		p.Primary, p.PeriodType = 1, ValueType{"contentions", "count"}
	default:
		p.SampleTypes = []ValueType{{h.name, "count"}}
		p.PeriodType = p.SampleTypes[0]
	}
	return p
}

// line reads one line after the header.
func (r *debug1Reader) line(line []byte, off, next int64) {
	switch {
	case len(line) == 0:
		r.endRecord()
	case line[0] == '#':
		if !r.comment(line, next) {
			r.stray(off)
		}
	case r.headerLine(line):
	default:
		if _, ok := parseDebug1Header(line); ok {
			r.endRecord()
			r.stopped = true
			r.in.lose(off, 0, InReading, "a second profile begins here: only the first is read")
			return
		}
		r.endRecord()
		if !r.rec.parse(r.header.kind, line) {
			r.stray(off)
			return
		}
		r.rec.off, r.rec.end = off, next
	}
}

// headerLine reads the lines of mutex and block profiles that follow the first.
func (r *debug1Reader) headerLine(line []byte) bool {
	if r.header.kind != KindMutex && r.header.kind != KindBlock || r.rows.len() > 0 {
		return false
	}
	for text, value := range map[string]*int64{"cycles/second=": &r.cyclesPerSecond, "sampling period=": &r.period} {
		if number, ok := bytes.CutPrefix(line, []byte(text)); ok {
			n, rest, ok := cutInt(number)
			if ok && len(rest) == 0 {
				*value = n
			}
			return ok
		}
	}
	return false
}

// comment reads a line that begins with '#': labels, a frame, or the heap's tail of memory statistics.
func (r *debug1Reader) comment(line []byte, next int64) bool {
	if r.header.kind == KindHeap && string(line) == "# runtime.MemStats" {
		r.endRecord()
		r.inTail = true
		return true
	}
	if r.inTail {
		// MaxRSS is printed on systems that tell it (runtime/pprof/pprof_rusage.go).
		name, value, ok := bytes.Cut(bytes.TrimPrefix(line, []byte("# ")), []byte(" = "))
		r.tailDone = r.tailDone || ok && (string(name) == "DebugGC" || string(name) == "MaxRSS")
		r.memStat(string(name), string(value))
		return ok
	}
	if !r.rec.open {
		return false
	}
	r.rec.end = next
	if text, ok := bytes.CutPrefix(line, []byte("# labels: ")); ok {
		labels, ok := parseQuotedLabels(text)
		r.rec.labels = labels
		return ok
	}
	return r.rec.frame(line)
}

// parseQuotedLabels reads `{"key":"value", "key":"value"}` with strings as %q prints them
// (runtime/pprof/label.go, labelMap.String).
func parseQuotedLabels(b []byte) ([]Label, bool) {
	s, ok := strings.CutPrefix(string(b), "{")
	if !ok {
		return nil, false
	}
	var labels []Label
	for {
		var l Label
		if l.Key, s, ok = cutQuoted(s); !ok {
			return labels, false
		}
		if s, ok = strings.CutPrefix(s, ":"); !ok {
			return labels, false
		}
		if l.Value, s, ok = cutQuoted(s); !ok {
			return labels, false
		}
		labels = append(labels, l)
		if s == "}" {
			return labels, true
		}
		if s, ok = strings.CutPrefix(s, ", "); !ok {
			return labels, false
		}
	}
}

func cutQuoted(s string) (text, rest string, ok bool) {
	quoted, err := strconv.QuotedPrefix(s)
	if err != nil {
		return "", s, false
	}
	text, err = strconv.Unquote(quoted)
	return text, s[len(quoted):], err == nil
}

// stray counts a line that belongs to nothing.
func (r *debug1Reader) stray(off int64) {
	if r.foreign == 0 {
		r.foreignOff = off
	}
	r.foreign++
}

// endRecord stores the record that was being read.
func (r *debug1Reader) endRecord() {
	if !r.rec.open {
		return
	}
	r.rec.open = false
	for i, v := range r.rec.values {
		r.sum[i] += v
	}
	if unmatched := r.rows.add(&r.rec); unmatched > 0 {
		r.stray(r.rec.off)
		r.foreign += unmatched - 1
	}
}

// finish ends the profile at the end of the stream and hands it to the artifact.
func (r *debug1Reader) finish() {
	r.end()
	p, a := r.p, r.in.art
	if r.header.kind == KindMutex || r.header.kind == KindBlock {
		r.convertCycles()
		if r.period > 0 {
			p.Period = r.period
		}
	}
	if p.Memory != nil {
		p.Memory.settle()
	}
	a.Go = r.rows.goVersion(r.header.kind)
	r.rows.finish(p)
	a.Profile, a.Format = p, Format(r.header.name+"/debug1")
	if r.foreign > 0 {
		r.in.lose(r.foreignOff, 0, InReading, "%d lines are not of the profile, the first here", r.foreign)
	}
}

// convertCycles turns delays into nanoseconds as runtime/pprof does for the protobuf form.
func (r *debug1Reader) convertCycles() {
	if r.cyclesPerSecond <= 0 {
		return
	}
	r.p.SampleTypes = slices.Clone(r.p.SampleTypes)
	r.p.SampleTypes[1].Unit = "nanoseconds"
	perNano := float64(r.cyclesPerSecond) / 1e9
	for i := 1; i < len(r.rows.values); i += 2 {
		r.rows.values[i] = int64(float64(r.rows.values[i]) / perNano)
	}
}
