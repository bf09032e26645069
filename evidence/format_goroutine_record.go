package evidence

import (
	"bytes"
	"strconv"
)

// recordLine reads a line at column 0 inside a record. It returns false where the line is not of one.
func (p *dumpReader) recordLine(line []byte, next int64) bool {
	switch {
	case bytes.HasPrefix(line, []byte("created by ")):
		return p.createdBy(line)
	case bytes.HasPrefix(line, []byte("...")):
		return p.elision(line, next)
	case bytes.HasPrefix(line, []byte("[originating from goroutine ")):
		return p.ancestor(line, next)
	case p.place == inCreated || p.place == afterCreated:
		return false
	case line[len(line)-1] == ')' && p.function(line):
		return true
	case bytes.HasPrefix(line, []byte("non-Go function at pc=0x")):
		// One line, no file: runtime/traceback.go prints it where no symbolizer is set.
		p.addFrame([]byte("non-Go function"), nil, 0, 0, false, next)
		return true
	}
	return p.broken(line, next)
}

// function holds the first line of a frame. What stands before the last parenthesis is the name, and the
// arguments are of a small alphabet: "0xc000012345?, {0x1, ...}, _" or "..." of an inlined frame.
func (p *dumpReader) function(line []byte) bool {
	open := bytes.LastIndexByte(line, '(')
	if open <= 0 || bytes.IndexByte(line[:open], ' ') >= 0 {
		return false
	}
	args := line[open+1 : len(line)-1]
	for _, c := range args {
		if !isArgument[c] {
			return false
		}
	}
	p.settle()
	p.pending = append(p.pending[:0], line[:open]...)
	p.pendingInlined = string(args) == "..."
	p.pendingLoose, p.pendingCreator = false, false
	return true
}

// isArgument holds the bytes that arguments are made of.
var isArgument = func() (set [256]bool) {
	for _, c := range []byte("0123456789abcdefx, ?.{}_") {
		set[c] = true
	}
	return set
}()

// createdBy holds the function of "created by F [in goroutine N]" until its file line. The goroutine is
// printed since go1.21.
func (p *dumpReader) createdBy(line []byte) bool {
	if p.place == inCreated || p.place == afterCreated || p.place == inRuntimeStack {
		return false
	}
	if !p.confirm(false) {
		return false
	}
	fn := line[len("created by "):]
	p.creatorID = 0
	digits := len(fn)
	for digits > 0 && fn[digits-1]-'0' < 10 {
		digits--
	}
	if creator, ok := bytes.CutSuffix(fn[:digits], []byte(" in goroutine ")); ok {
		if id, _, ok := cutUint(fn[digits:]); ok {
			fn, p.creatorID = creator, id
		}
	}
	p.settle()
	p.pending = append(p.pending[:0], fn...)
	p.pendingInlined, p.pendingLoose, p.pendingCreator = false, false, true
	if p.place != inAncestor {
		p.place = inCreated
	}
	return true
}

// elision reads "...N frames elided..." (go1.21) and "...additional frames elided..." (before, and in
// ancestors always).
func (p *dumpReader) elision(line []byte, next int64) bool {
	text, ok := bytes.CutSuffix(line[len("..."):], []byte(" frames elided..."))
	if !ok || p.place == inCreated || p.place == afterCreated || p.place == atHeader {
		return false
	}
	if p.place != inFrames {
		return string(text) == "additional"
	}
	n, rest, ok := cutUint(text)
	switch {
	case ok && len(rest) == 0 && n < 1<<31:
		p.row.Elided = int32(n)
		p.features |= featElidedCount
	case string(text) == "additional":
		p.row.Elided = -1
		p.features |= featElidedUncounted
	default:
		return false
	}
	p.settle()
	p.end = next
	return true
}

// ancestor reads "[originating from goroutine N]:" (GODEBUG=tracebackancestors). The frames below it are
// of goroutine N when it created this one; they are no part of this one's stack.
func (p *dumpReader) ancestor(line []byte, next int64) bool {
	if p.place != afterCreated && p.place != inAncestor && p.place != inFrames {
		return false
	}
	id, rest, ok := cutUint(line[len("[originating from goroutine "):])
	if !ok || string(rest) != "]:" {
		return false
	}
	p.settle()
	p.row.Flags |= GAncestors
	p.place, p.section, p.end = inAncestor, section{id: id}, next
	return true
}

// broken reads what the runtime says where it cannot go on: "runtime: g 5: unexpected return pc for F
// called from 0x..." and the memory it prints after that (runtime/traceback.go, tracebackHexdump).
func (p *dumpReader) broken(line []byte, next int64) bool {
	switch {
	case bytes.HasPrefix(line, []byte("runtime: g ")) &&
		(bytes.Contains(line, []byte(": unexpected return pc for ")) || bytes.Contains(line, []byte(": unknown pc "))):
		if p.place == atHeader && !p.confirm(false) {
			return false
		}
		if p.place != inRuntimeStack {
			p.row.Flags |= GBroken
		}
	case p.row.Flags&GBroken == 0:
		return false
	case bytes.HasPrefix(line, []byte("stack: frame={sp:0x")):
	case bytes.HasPrefix(line, []byte("0x")) && bytes.Contains(line, []byte(": ")):
	default:
		return false
	}
	p.end = next
	return true
}

// indented reads an indented line: the file line of the function held, or the word that there is no
// stack. A pasted tab may have become spaces.
func (p *dumpReader) indented(line []byte, next int64) bool {
	if p.place == outside {
		return p.guard.inMessage() || bytes.HasPrefix(line, []byte("\tpanic: "))
	}
	text := bytes.TrimLeft(line, "\t ")
	if len(p.pending) > 0 {
		loc, colon, n, ok := cutLocation(text, p.pendingLoose)
		if ok {
			if bytes.Contains(text[len(loc):], []byte(" fp=0x")) {
				p.detailed = true
			}
			p.takePending(loc, colon, n, next)
			return true
		}
	}
	if p.place != atHeader || !bytes.HasPrefix(text, []byte("goroutine ")) ||
		!bytes.HasSuffix(text, []byte("; stack unavailable")) || !p.confirm(true) {
		return false
	}
	p.settle()
	p.row.Flags |= GUnavailable
	p.end = next
	return true
}

// takePending makes a frame of the function held and its file line.
func (p *dumpReader) takePending(loc []byte, colon, n int, next int64) {
	switch p.place {
	case inCreated:
		p.row.CreatedBy = p.t.frame(p.pending, loc, colon, n, false)
		p.row.CreatorID = p.creatorID
		p.features |= creatorFeature(p.pending, p.creatorID)
		p.place, p.end = afterCreated, next
	case inAncestor:
		p.section.root = append(p.section.root[:0], p.pending...)
		p.section.creator, p.end = p.pendingCreator, next
	default:
		p.addFrame(p.pending, loc, colon, n, p.pendingInlined, next)
	}
	p.pending = p.pending[:0]
}

// addFrame appends a frame to the record, which its first frame makes a row.
func (p *dumpReader) addFrame(fn, loc []byte, colon, n int, inlined bool, next int64) {
	if p.place == inRuntimeStack || !p.confirm(false) {
		return
	}
	id := p.t.frame(fn, loc, colon, n, inlined)
	p.node = p.t.child(p.node, id)
	p.end = next
}

// cutLocation takes "file:line[ +0xN][ fp=0xN sp=0xN pc=0xN]" apart. cgo says that only the file line of
// a C frame will do, which ends in " pc=0xN" or, without symbols, is "pc=0xN" alone.
func cutLocation(b []byte, cgo bool) (loc []byte, colon, line int, ok bool) {
	if bytes.HasPrefix(b, []byte("pc=0x")) && isHex(b[len("pc=0x"):]) {
		return nil, 0, 0, true
	}
	// Nothing after the line number holds a colon.
	colon = bytes.LastIndexByte(b, ':')
	if colon <= 0 {
		return nil, 0, 0, false
	}
	end := colon + 1
	for end < len(b) && b[end]-'0' < 10 {
		end++
	}
	tail := b[end:]
	if end == colon+1 || end > colon+10 || len(tail) > 0 && !isLocationTail(tail) ||
		cgo && !bytes.HasPrefix(tail, []byte(" pc=0x")) {
		return nil, 0, 0, false
	}
	line, err := strconv.Atoi(string(b[colon+1 : end]))
	return b[:end], colon, line, err == nil
}

// isLocationTail reports whether b is what may follow a line number.
func isLocationTail(b []byte) bool {
	if rest, ok := bytes.CutPrefix(b, []byte(" +0x")); ok {
		n := hexLen(rest)
		if n == len(rest) {
			return n > 0
		}
		b = rest[n:]
	}
	if rest, ok := bytes.CutPrefix(b, []byte(" fp=0x")); ok {
		rest, ok = bytes.CutPrefix(rest[hexLen(rest):], []byte(" sp=0x"))
		if !ok {
			return false
		}
		b = rest[hexLen(rest):]
	}
	rest, ok := bytes.CutPrefix(b, []byte(" pc=0x"))
	return ok && isHex(rest)
}

func isHex(b []byte) bool { return len(b) > 0 && hexLen(b) == len(b) }

// hexLen returns how many hexadecimal digits b begins with.
func hexLen(b []byte) int {
	for i, c := range b {
		if c-'0' >= 10 && c-'a' >= 6 {
			return i
		}
	}
	return len(b)
}

// guess reads frames from the start of data as long as each is the one that followed the same stack last
// time, and returns how many bytes they took. It accepts a strict subset of what function and
// indented accept, with the same result.
func (p *dumpReader) guess(data []byte) int {
	n := 0
	off := p.in.off()
	for {
		next := p.t.nodes[p.node].next
		if next == 0 {
			return n
		}
		size, ok := p.matchFrame(data[n:], p.t.nodes[next].frame)
		if !ok || !p.confirm(false) {
			return n
		}
		n += size
		p.node = next
		p.end = off + int64(n)
		p.gap, p.afterBlank = 0, false
	}
}

// matchFrame reports whether data begins with the two lines of frame id, and how long they are.
func (p *dumpReader) matchFrame(data []byte, id uint32) (size int, ok bool) {
	f := &p.t.frames[id]
	k := len(f.Func)
	if len(data) <= k || data[k] != '(' || string(data[:k]) != f.Func {
		return 0, false
	}
	nl := bytes.IndexByte(data[k:], '\n')
	if nl < 2 || data[k+nl-1] != ')' {
		return 0, false
	}
	args := data[k+1 : k+nl-1]
	if (string(args) == "...") != f.Inlined {
		return 0, false
	}
	for _, c := range args {
		if !isArgument[c] {
			return 0, false
		}
	}
	size = k + nl + 1
	loc := p.t.locs[id]
	data = data[size:]
	if len(data) < len(loc)+2 || data[0] != '\t' || string(data[1:1+len(loc)]) != loc || loc == "" {
		return 0, false
	}
	tail := data[1+len(loc):]
	if tail[0] == '\n' {
		return size + 1 + len(loc) + 1, true
	}
	end := bytes.IndexByte(tail, '\n')
	if end < 0 || !isLocationTail(tail[:end]) {
		return 0, false
	}
	if end >= len(" fp=0x0 sp=0x0 pc=0x0") && bytes.Contains(tail[:end], []byte(" fp=0x")) {
		p.detailed = true
	}
	return size + 1 + len(loc) + end + 1, true
}
