package evidence

import (
	"bytes"
)

// Goroutine text is what the runtime prints for debug=2, runtime.Stack, a panic, a fatal error and
// SIGQUIT. This reader knows the forms of go1.18 to go1.27 (runtime/traceback.go, goroutineheader,
// traceback2 and printcreatedby; runtime/panic.go, printpanics; runtime/signal_unix.go, sighandler).
//
// Rules:
//   - The text may stand anywhere in a log, and log lines may stand between the lines of a record. A line
//     that is neither is foreign: counted, never a frame.
//   - A frame is a pair of lines, "func(args)" at column 0 and an indented "file:line". A header becomes a
//     row once a frame, a "created by" or the word that the stack is unavailable follows it, or the file
//     ends there.
//   - A panic message must not make a goroutine; see panicGuard for how far that can be proved.
//   - Memory holds the distinct frames, stacks, states and label sets, one small row for each goroutine,
//     and one line: the state between lines is all in dumpReader, so that a window may end anywhere.

// formatGoroutine is the fallback for text of any sort: read refuses a stream without a record.
var formatGoroutine = format{sniff: sniffGoroutine, read: readGoroutine}

const (
	// maxLineBytes bounds a line: a longer one is foreign, and is passed without being held. Frames are
	// shorter than 2 KiB, and a header holds labels, of which profiles with more than a few KiB are
	// refused by every backend.
	maxLineBytes = 1 << 20
	// maxGap is how many foreign lines in a row may interrupt a record. After a longer gap what follows
	// belongs to something else.
	maxGap = 64
)

func sniffGoroutine(head []byte, whole bool) bool {
	if whole && !bytes.Contains(head, []byte("goroutine ")) {
		return false
	}
	return len(head) > 0 && bytes.IndexByte(head[:min(len(head), 4<<10)], 0) < 0
}

func readGoroutine(in *input) bool {
	p := newDumpReader(in)
	p.run()
	return p.finish()
}

// place says what the next line may be.
type place uint8

const (
	outside        place = iota // between records
	atHeader                    // after a header that is not yet a row
	inFrames                    // among the frames of a record
	inCreated                   // after "created by", before its file line
	afterCreated                // the record is complete; ancestors may follow
	inAncestor                  // after "[originating from goroutine N]:"
	inRuntimeStack              // after "runtime stack:", which is no goroutine
)

// dumpReader is the state between two lines of goroutine text.
type dumpReader struct {
	in       *input
	d        *Dump
	t        dumpTables
	guard    panicGuard
	ids      idSet
	features features // evidence of the release that no row keeps

	place place
	// afterBlank says that the line before was empty, or that there was none.
	afterBlank bool
	gap        int // foreign lines since the last line that belonged to something

	row         Goroutine // the record being read
	rowFeatures features  // evidence in its header
	running     bool      // its state is "running"
	node        uint32    // its stack so far
	end         int64     // decoded offset after the last line of the record
	section     section
	detailed    bool // its frames are printed with fp= sp= pc=: all of them, down to runtime.goexit

	headerAfterBlank bool // the line before its header was empty
	headerGap        int  // foreign lines between its header and what came before
	// pending is the function of a frame, without arguments, whose file line was not read yet.
	pending        []byte
	pendingInlined bool
	pendingLoose   bool // it may as well be a foreign line: only the file line of a C frame makes it a frame
	pendingCreator bool // it is the creator
	creatorID      uint64

	why       preamble // what the text since the last record says about the next
	format    Format   // "" until a preamble decided it
	dumpStart int      // first row of the current dump
	dump      uint32
	crash     bool // "-----" was read: GOTRACEBACK=crash prints goroutines once more for each thread
	signal    signalText
	dirty     bool // the tables may hold what no row uses

	partial    bool // the stream ends in a line without newline, at partialOff
	partialOff int64

	noGuess bool // tests: read every line the long way
}

func newDumpReader(in *input) *dumpReader {
	p := &dumpReader{in: in, d: &Dump{}, afterBlank: true}
	p.t.init()
	return p
}

// run reads the stream line by line.
func (p *dumpReader) run() {
	for {
		data := p.in.data()
		if (p.place == inFrames || p.place == atHeader) && len(p.pending) == 0 && !p.noGuess {
			if n := p.guess(data); n > 0 {
				p.in.advance(n)
				continue
			}
		}
		nl := bytes.IndexByte(data, '\n')
		if nl < 0 {
			if len(data) < maxLineBytes && p.in.more() {
				continue
			}
			if !p.lastLine() {
				return
			}
			continue
		}
		off := p.in.off()
		p.in.advance(nl + 1)
		p.line(trimLine(data[:nl]), off, off+int64(nl)+1)
	}
}

// lastLine handles data without a newline: the end of the stream, or a line over maxLineBytes. It returns
// false at the end of the stream.
func (p *dumpReader) lastLine() bool {
	data, off := p.in.data(), p.in.off()
	if len(data) < maxLineBytes {
		p.in.advance(len(data))
		p.endOfText(trimLine(data), off)
		return false
	}
	p.settle()
	p.foreign(1)
	for {
		data := p.in.data()
		if nl := bytes.IndexByte(data, '\n'); nl >= 0 {
			p.in.advance(nl + 1)
			return true
		}
		p.in.advance(len(data))
		if !p.in.more() {
			p.endOfText(nil, p.in.off())
			return false
		}
	}
}

// trimLine removes what pasting and Windows add to the end of a line.
func trimLine(line []byte) []byte {
	for len(line) > 0 {
		switch line[len(line)-1] {
		case '\r', ' ', '\t':
			line = line[:len(line)-1]
		default:
			return line
		}
	}
	return line
}

// line reads one whole line that lies at off and ends, newline included, at next.
func (p *dumpReader) line(line []byte, off, next int64) {
	if p.signal.line != "" && p.afterSignal(line) {
		return
	}
	if len(line) == 0 {
		p.blank()
		return
	}
	known := false
	switch {
	case line[0] == '\t' || line[0] == ' ':
		known = p.indented(line, next)
	case bytes.HasPrefix(line, []byte("goroutine ")) && p.header(line, off, next):
		known = true
	case p.place == outside:
		known = p.preambleLine(line)
	default:
		known = p.recordLine(line, next) || p.preambleLine(line)
	}
	p.afterBlank = false
	if known {
		p.gap = 0
		return
	}
	p.stray(line)
}

// blank ends a record.
func (p *dumpReader) blank() {
	p.closeRecord()
	p.settle()
	p.afterBlank = true
}

// stray takes a line that nothing knows. In a record it may be the function of a C frame, which has no
// parentheses: the next line tells.
func (p *dumpReader) stray(line []byte) {
	p.gap++
	if p.place != outside && len(p.pending) == 0 && line[0] != '\t' && line[0] != ' ' && len(line) < 4096 {
		p.pending = append(p.pending[:0], line...)
		p.pendingInlined, p.pendingLoose, p.pendingCreator = false, true, false
	} else {
		p.foreign(1)
	}
	if p.gap > maxGap {
		p.closeRecord()
		p.settle()
		p.guard.lapse()
		if p.why.format != FormatGoroutinePanic {
			p.why = preamble{}
		}
	}
}

// foreign counts lines that belong to nothing known. Those of a panic message are the panic's.
func (p *dumpReader) foreign(n int) {
	if !p.guard.inMessage() {
		p.d.ForeignLines += n
	}
}

// settle gives up on a function that no file line followed.
func (p *dumpReader) settle() {
	if len(p.pending) > 0 {
		p.pending = p.pending[:0]
		p.foreign(1)
	}
}

// closeRecord ends the record being read: it becomes a row, or, where nothing followed its header, a
// foreign line.
func (p *dumpReader) closeRecord() {
	switch p.place {
	case outside:
	case inRuntimeStack:
	case atHeader:
		p.dirty = true
		p.foreign(1)
	default:
		p.settle()
		p.push()
	}
	p.place = outside
}

// push appends the record as a row.
func (p *dumpReader) push() {
	p.row.Ref.Len = p.end - p.row.Ref.Off
	p.row.Stack = p.t.stack(p.node)
	rows := p.d.Goroutines
	if len(rows) == cap(rows) {
		// Growing fourfold by make costs addresses, not memory: fresh pages that nothing was written to
		// are not resident. append would copy more often and clear the rest.
		rows = make([]Goroutine, len(rows), max(64, 4*cap(rows)))
		copy(rows, p.d.Goroutines)
	}
	p.d.Goroutines = append(rows, p.row)
}
