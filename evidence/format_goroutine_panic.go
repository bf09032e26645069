package evidence

import "bytes"

// panicGuard keeps the message of a panic from making goroutines.
//
// Up to go1.22 the runtime prints the message as it is (runtime/panic.go, printpanics), so it may hold
// blank lines, headers and frames; since go1.23 printindented puts a tab after each newline, and column
// 0 belongs to the runtime. The text does not say which of the two wrote it. What is known of both:
//
//   - The first record after the message is that of the panicking goroutine: it has frames and its state
//     is "running". A header with another state before it, or one without a stack, is the message's.
//   - The runtime writes an empty line before that record (dopanic_m), and no other goroutine of the text
//     is printed as running with frames. So where a second such record follows after an empty line, with
//     nothing in between that ends the text, the first one was the message's, with all that followed it.
//
// The text ends at the next preamble, at "exit status" or "-----", after maxGap foreign lines, and at a
// running record that no empty line precedes, which is how a logged debug.Stack begins.
//
// What cannot be told apart: a message that forges one of these ends after its own records, a text cut
// inside a forged record, and the output of a program that prints "panic: " itself. Then the records
// stand, as the bytes are the same as those of an honest dump.
type panicGuard struct {
	open  bool // "panic: " was read, and its text may go on
	found bool // the record of the panicking goroutine was read, unless a better one comes

	// What to go back to when the record turns out to be the message's.
	rows, dumpStart int
	dump            uint32
	features        features
	foreign         int
}

// inMessage reports whether what is read is the message, as far as known.
func (g *panicGuard) inMessage() bool { return g.open && !g.found }

// refuses reports whether a header of this status can only be the message's.
func (g *panicGuard) refuses(st status) bool { return g.inMessage() && !st.running }

// lapse ends the guard after the panicking goroutine's record.
func (g *panicGuard) lapse() {
	if g.found {
		*g = panicGuard{}
	}
}

// openGuard begins the message of a panic.
func (p *dumpReader) openGuard() {
	p.guard = panicGuard{
		open: true, rows: len(p.d.Goroutines), dumpStart: p.dumpStart, dump: p.dump, features: p.features,
		foreign: p.d.ForeignLines,
	}
}

// confirm makes the header read last the beginning of a row; the line that follows it proves that it is
// one. It returns false where the header must be of a panic message.
func (p *dumpReader) confirm(unavailable bool) bool {
	if p.place != atHeader {
		return true
	}
	running := p.running && !unavailable
	switch g := &p.guard; {
	case !g.open:
	case unavailable && !g.found:
		p.place, p.dirty = outside, true
		return false
	case running && (!g.found || p.headerAfterBlank):
		p.rewind()
	case running:
		p.guard = panicGuard{}
	}
	p.place = inFrames
	p.enter(running)
	return true
}

// rewind drops the records since "panic: ": they were the message's.
func (p *dumpReader) rewind() {
	g := &p.guard
	if len(p.d.Goroutines) > g.rows {
		p.dirty = true
	}
	p.d.Goroutines = p.d.Goroutines[:g.rows]
	p.dump, p.dumpStart = g.dump, g.dumpStart
	p.features, p.d.ForeignLines = g.features, g.foreign
	p.ids.clear()
	p.crash = false
	p.why.fresh = true
	g.found = true
}

// enter puts the record into the current dump or begins a new one. A dump ends where the text says why
// another was printed, where a goroutine comes again, and where a running one comes that does not follow
// the record before it with an empty line between, as one dump writes them. Its state alone says nothing:
// a goroutine that is leaving a system call is shown running in the middle of a dump.
func (p *dumpReader) enter(running bool) {
	p.features |= p.rowFeatures
	repeat := p.ids.add(p.row.ID) && p.row.ID != 0
	fresh := p.why.fresh
	if !fresh && !p.crash {
		apart := !p.headerAfterBlank || p.headerGap > 0
		fresh = repeat || running && apart && p.row.Flags&GSystem == 0 && !p.signal.on
	}
	if len(p.d.Goroutines) == p.dumpStart {
		p.signal = signalText{on: p.why.signal}
	} else if fresh {
		p.dump++
		p.dumpStart = len(p.d.Goroutines)
		p.crash = false
		p.signal = signalText{on: p.why.signal}
		p.ids.clear()
		p.ids.add(p.row.ID)
	} else if repeat {
		p.row.Flags |= GRepeat
	}
	if p.d.Reason == "" && p.why.reason != "" {
		p.d.Reason, p.format = p.why.reason, p.why.format
	}
	p.why = preamble{}
	p.row.Dump = p.dump
}

// maxReason bounds Dump.Reason: a panic message may be of any length.
const maxReason = 4 << 10

// preamble is what was read before a record about why it was printed.
type preamble struct {
	fresh  bool // it was read after the last record
	signal bool
	format Format
	reason string
}

// because notes why the records that follow were printed.
func (p *dumpReader) because(format Format, reason []byte) {
	p.closeRecord()
	p.settle()
	p.guard = panicGuard{}
	p.why = preamble{fresh: true, format: format, reason: string(reason[:min(len(reason), maxReason)])}
}

// preambleLine reads the lines that the runtime prints around records.
func (p *dumpReader) preambleLine(line []byte) bool {
	switch {
	case bytes.HasPrefix(line, []byte("panic: ")):
		// A further one inside the message is the message's; the runtime indents those of a chain.
		if !p.guard.inMessage() {
			p.because(FormatGoroutinePanic, line)
			p.openGuard()
		}
		return true
	case bytes.HasPrefix(line, []byte("fatal error: ")):
		p.because(FormatGoroutineFatal, line)
		return true
	case isSignalLine(line):
		p.signal.line = string(line[:min(len(line), maxReason)])
		return true
	case p.guard.inMessage():
		return true
	case string(line) == "runtime stack:":
		p.closeRecord()
		p.place = inRuntimeStack
		return true
	case bytes.HasPrefix(line, []byte("exit status ")):
		p.closeRecord()
		p.guard.lapse()
		return true
	case string(line) == "-----":
		p.closeRecord()
		p.guard.lapse()
		p.crash = len(p.d.Goroutines) > p.dumpStart
		return true
	case p.signal.register(line):
		p.closeRecord()
		return true
	}
	return bytes.HasPrefix(line, []byte("runtime: ")) || bytes.HasPrefix(line, []byte("[signal ")) ||
		bytes.HasPrefix(line, []byte("instruction bytes: ")) ||
		string(line) == "signal arrived during cgo execution"
}

// signalText is what the reader knows of the output of a signal: "SIGQUIT: quit", "PC=0x...", records,
// registers (runtime/signal_unix.go, sighandler).
type signalText struct {
	line string // "SIGQUIT: quit", which counts once "PC=" follows
	on   bool   // the current dump is a signal's
	// first and last register printed.
	first, last string
}

func isSignalLine(line []byte) bool {
	name, _, ok := bytes.Cut(line, []byte(": "))
	if !ok || !bytes.HasPrefix(name, []byte("SIG")) {
		return false
	}
	for _, c := range name {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// afterSignal looks at a line after "SIGQUIT: quit" and reports whether it is the one that the runtime
// prints there. In crash output each thread prints one, inside one dump.
func (p *dumpReader) afterSignal(line []byte) bool {
	text := []byte(p.signal.line)
	if !bytes.HasPrefix(line, []byte("PC=0x")) {
		if len(line) == 0 || p.gap >= maxGap || isSignalLine(line) {
			p.signal.line = ""
			p.foreign(1)
		}
		return false
	}
	p.signal.line = ""
	p.afterBlank = false
	if p.crash {
		return true
	}
	format := FormatGoroutineFatal
	if bytes.HasPrefix(text, []byte("SIGQUIT: ")) || bytes.HasPrefix(text, []byte("SIGABRT: ")) {
		format = FormatGoroutineQuit
	}
	p.because(format, text)
	p.why.signal = true
	return true
}

// register reads a line of a signal's registers: "rax    0x1". It is none before a signal's records.
func (s *signalText) register(line []byte) bool {
	if !s.on {
		return false
	}
	name, value, ok := bytes.Cut(line, []byte(" "))
	value = bytes.TrimLeft(value, " ")
	if !ok || len(name) > 8 || !bytes.HasPrefix(value, []byte("0x")) {
		return false
	}
	s.last = string(name)
	if s.first == "" {
		s.first = s.last
	}
	return true
}

// lastRegisters names the register that runtime/signal_ARCH.go, dumpregs, prints last, by the first: 386
// and amd64 begin with eax and rax, arm with trap, arm64 with r0. Others are not known.
var lastRegisters = map[string]string{"eax": "gs", "rax": "gs", "trap": "fault", "r0": "fault"}

// complete reports whether the registers were printed to the last one.
func (s *signalText) complete() bool {
	last, known := lastRegisters[s.first]
	return s.first != "" && (!known || s.last == last)
}
