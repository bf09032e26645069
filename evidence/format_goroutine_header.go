package evidence

import (
	"bytes"
	"strconv"
)

// status is what the brackets of a header say, labels apart.
type status struct {
	state    uint32 // index into Dump.States
	running  bool
	minutes  int32
	bubble   int32
	flags    GoroutineFlags
	features features
}

// header reads "goroutine N [status]:" in all its forms and holds it until a line of its record follows.
// It returns false where the line is no header, or one that a panic message must have forged.
func (p *dumpReader) header(line []byte, off, next int64) bool {
	row, st, feat, ok := p.parseHeader(line)
	if !ok {
		return false
	}
	if p.guard.refuses(st) {
		p.dirty = true
		return false
	}
	p.closeRecord()
	p.settle()
	row.Ref = p.in.ref(off, next-off)
	p.row, p.place, p.end = row, atHeader, next
	p.headerAfterBlank, p.headerGap, p.running = p.afterBlank, p.gap, st.running
	p.rowFeatures = feat
	p.node, p.section, p.detailed = 0, section{id: row.ID}, false
	return true
}

// parseHeader applies the grammar
//
//	"goroutine " id [" gp=0x" hex " m=" (int " mp=0x" hex / "nil")] " [" status [labels26] "]" [labels27] ":"
//
// of runtime/traceback.go, goroutineheader: gp= from go1.22, labels inside the brackets in go1.26 with
// GODEBUG=tracebacklabels=1, and after them from go1.27.
func (p *dumpReader) parseHeader(line []byte) (row Goroutine, st status, feat features, ok bool) {
	rest := line[len("goroutine "):]
	row.ID, rest, ok = cutUint(rest)
	if !ok {
		return row, st, 0, false
	}
	open := bytes.Index(rest, []byte(" ["))
	switch {
	case open < 0:
		return row, st, 0, false
	case open > 0:
		if !bytes.HasPrefix(rest, []byte(" gp=")) {
			return row, st, 0, false
		}
		row.Flags |= GSystem
		feat |= featGP
	}
	inside, labels, syntax, ok := splitStatus(rest[open+2:])
	if !ok {
		return row, st, 0, false
	}
	if labels != nil {
		if row.Labels, ok = p.t.labels(labels); !ok {
			return row, st, 0, false
		}
		feat |= syntax
	}
	st = p.status(inside)
	row.State, row.WaitMinutes, row.Bubble = st.state, st.minutes, st.bubble
	row.Flags |= st.flags
	return row, st, feat | st.features, true
}

// cutUint reads a decimal number at the start of b.
func cutUint(b []byte) (n uint64, rest []byte, ok bool) {
	i := 0
	for ; i < len(b) && b[i]-'0' < 10; i++ {
		if n > (1<<64-1-9)/10 {
			return 0, b, false
		}
		n = 10*n + uint64(b[i]-'0')
	}
	return n, b[i:], i > 0
}

// splitStatus takes what follows the opening bracket apart into the status and the label block, braces
// included. Labels may hold anything, "]:" too, inside quotes; a status holds neither ']' nor '{'.
func splitStatus(b []byte) (inside, labels []byte, syntax features, ok bool) {
	i := bytes.IndexAny(b, "]{")
	if i < 0 {
		return nil, nil, 0, false
	}
	if b[i] == '{' {
		inside, ok = bytes.CutSuffix(b[:i], []byte(" labels:"))
		if !ok {
			return nil, nil, 0, false
		}
		labels, ok = bytes.CutSuffix(b[i:], []byte("]:"))
		return inside, labels, featLabels26, ok && len(labels) > 0
	}
	inside, b = b[:i], b[i+1:]
	if len(b) == 1 && b[0] == ':' {
		return inside, nil, 0, true
	}
	labels, ok = bytes.CutSuffix(b, []byte(":"))
	if !ok || !bytes.HasPrefix(labels, []byte(" {")) {
		return nil, nil, 0, false
	}
	return inside, labels[1:], featLabels27, true
}

// parseLabels reads "{" pair *(", " pair) "}" with pair = str ": " str. A str is quoted, or made of
// [A-Za-z0-9./_] only, which includes the empty string (go1.27: runtime/traceback.go, printlabels).
func parseLabels(b []byte) ([]Label, bool) {
	b, ok := bytes.CutPrefix(b, []byte("{"))
	if !ok {
		return nil, false
	}
	var labels []Label
	for {
		var l Label
		if l.Key, b, ok = cutLabelText(b); !ok {
			return nil, false
		}
		if b, ok = bytes.CutPrefix(b, []byte(": ")); !ok {
			return nil, false
		}
		if l.Value, b, ok = cutLabelText(b); !ok {
			return nil, false
		}
		labels = append(labels, l)
		if string(b) == "}" {
			return labels, true
		}
		if b, ok = bytes.CutPrefix(b, []byte(", ")); !ok {
			return nil, false
		}
	}
}

func cutLabelText(b []byte) (text string, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		i := 0
		for i < len(b) && isPlainLabel(b[i]) {
			i++
		}
		return string(b[:i]), b[i:], true
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			text, err := strconv.Unquote(string(b[:i+1]))
			return text, b[i+1:], err == nil
		}
	}
	return "", nil, false
}

func isPlainLabel(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '/' || c == '_'
}

// status returns what the text between the brackets says. There are few distinct ones in a dump.
func (p *dumpReader) status(text []byte) status {
	if st, ok := p.t.statuses[string(text)]; ok {
		return st
	}
	st := p.parseStatus(text)
	p.t.statuses[string(text)] = st
	return st
}

var statusMarks = []struct {
	text string
	flag GoroutineFlags
	feat features
}{
	{" (leaked)", GLeaked, featLeaked},
	{" (scan)", GScan, 0},
	{" (durable)", GDurable, featDurable},
}

// parseStatus keeps what it does not know in the state, so that nothing of a status is lost.
func (p *dumpReader) parseStatus(text []byte) status {
	st := status{minutes: -1}
	base, more, _ := bytes.Cut(text, []byte(", "))
	for again := true; again; {
		again = false
		for _, m := range statusMarks {
			if b, ok := bytes.CutSuffix(base, []byte(m.text)); ok {
				base, again = b, true
				st.flags |= m.flag
				st.features |= m.feat
			}
		}
	}
	st.running = string(base) == "running"
	state := string(base)
	for part := range bytes.SplitSeq(more, []byte(", ")) {
		if len(part) > 0 && !st.detail(part) {
			state += ", " + string(part)
		}
	}
	st.state = p.t.state(state)
	return st
}

// detail reads one of the parts after the state: minutes, locked to thread, synctest group or bubble.
func (st *status) detail(part []byte) bool {
	if string(part) == "locked to thread" {
		st.flags |= GLocked
		return true
	}
	if text, ok := bytes.CutSuffix(part, []byte(" minutes")); ok {
		n, rest, ok := cutUint(text)
		if ok && len(rest) == 0 && n < 1<<31 {
			st.minutes = int32(n)
			return true
		}
	}
	text, ok := bytes.CutPrefix(part, []byte("synctest "))
	if !ok {
		return false
	}
	feat := featBubble
	number, ok := bytes.CutPrefix(text, []byte("bubble "))
	if !ok {
		feat = featGroup
		if number, ok = bytes.CutPrefix(text, []byte("group ")); !ok {
			return false
		}
	}
	n, rest, ok := cutUint(number)
	if !ok || len(rest) > 0 || n >= 1<<31 {
		return false
	}
	st.bubble = int32(n)
	st.features |= feat
	return true
}
