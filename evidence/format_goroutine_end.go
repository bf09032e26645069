package evidence

import (
	"bytes"
	"strings"
)

// runtimeCutBytes is the size at which runtime/pprof stops writing a debug=2 dump (runtime/pprof/pprof.go,
// writeGoroutineStacks, go1.18 to go1.27): a dump of exactly this size is cut.
const runtimeCutBytes = 64 << 20

// section is a run of frames of one goroutine: a record's own, or an ancestor's.
type section struct {
	id      uint64
	root    []byte // function of an ancestor's outermost frame so far
	creator bool   // an ancestor's "created by" was read
}

// endOfText takes the last bytes of the stream, which no newline ends. They count as the line that they
// look like only where no further bytes could make it another one.
func (p *dumpReader) endOfText(line []byte, off int64) {
	if len(line) == 0 {
		return
	}
	foreign := p.d.ForeignLines
	p.partialOff, p.partial = off, true
	inRecord := p.inRecord()
	if text := bytes.TrimLeft(line, "\t "); len(text) < len(line) && len(p.pending) > 0 {
		// The line number may go on, unless an offset follows it.
		if loc, _, _, ok := cutLocation(text, p.pendingLoose); ok && len(loc) == len(text) {
			return
		}
	}
	p.line(line, off, p.in.off())
	if inRecord || p.inRecord() {
		return
	}
	if foreign > 0 && p.d.ForeignLines > foreign && !bytes.HasPrefix(line, []byte("goroutine ")) {
		// The last line of a log, which may end without a newline.
		p.partial = false
		return
	}
	p.d.ForeignLines = foreign
}

// inRecord reports whether the next line may belong to a goroutine's record.
func (p *dumpReader) inRecord() bool { return p.place != outside && p.place != inRuntimeStack }

// finish ends the dump at the end of the stream and hands it to the artifact. It returns false where the
// stream held no record.
func (p *dumpReader) finish() bool {
	cutInside := p.endRecord()
	d := p.d
	if len(d.Goroutines) == 0 {
		return false
	}
	if p.dirty {
		p.compact()
	}
	d.States, d.Frames, d.Stacks, d.Labels = p.t.states, p.t.frames, p.t.stacks, p.t.labelSets
	d.Dumps = int(p.dump) + 1
	a := p.in.art
	a.Dump, a.Format = d, p.format
	if p.format == "" {
		a.Format = FormatGoroutineDebug2
	}
	a.Go = p.goVersion()
	p.recordCut(cutInside)
	return true
}

// endRecord ends the record that the stream ends in, and reports whether it is cut.
func (p *dumpReader) endRecord() bool {
	if len(p.pending) > 0 && p.pendingLoose && !p.partial {
		p.settle()
	}
	if !p.inRecord() {
		return false
	}
	cut := p.partial || !p.whole()
	if p.place == atHeader {
		// A header at the very end is a cut record; one that log lines follow is none. It does not show
		// that the records before it were a panic message's: that would take its frames.
		p.guard.lapse()
		if p.gap > 0 && !p.partial || !p.confirm(false) {
			p.closeRecord()
			return false
		}
	}
	if cut {
		p.row.Flags |= GCut
	}
	p.push()
	p.place = outside
	return cut
}

// whole reports whether the record being read may be complete where the stream ends. All but these end
// with the file line of "created by" (runtime/traceback.go, printcreatedby): goroutine 1, whose outermost
// frame is main.main or an initialiser, or runtime.goexit where frames are printed in detail; goroutine 0
// of a thread, which registers follow in a signal's output; and goroutines of C threads, whose frames
// begin at a callback. A goroutine that the runtime itself started, such as the one that runs
// finalizers, is taken for a cut one if it is the last of a text.
func (p *dumpReader) whole() bool {
	if len(p.pending) > 0 && !p.pendingLoose {
		return false
	}
	root, printed := p.section.root, uint32(0)
	switch p.place {
	case afterCreated:
		return true
	case inAncestor:
		if p.section.creator {
			return true
		}
	case inFrames:
		n := &p.t.nodes[p.node]
		printed, root = n.depth, []byte(p.t.frames[n.frame].Func)
	default:
		return false
	}
	switch {
	case p.section.id == 0:
		return !p.signal.on
	case p.section.id != 1:
		return p.row.Flags&GLocked != 0 &&
			(string(root) == "runtime.goexit" || bytes.HasPrefix(root, []byte("_cgoexp_")))
	case p.place == inFrames && p.row.Flags&GUnavailable != 0:
		return true
	}
	if p.place == inFrames && p.detailed {
		return string(root) == "runtime.goexit" || p.row.Elided < 0
	}
	// Up to go1.20 the runtime prints the innermost 97 to 100 frames and then stops, often unmarked.
	return printed >= 97 && p.row.Elided <= 0 || isMainRoot(string(root))
}

// isMainRoot reports whether fn can be the outermost printed frame of goroutine 1.
func isMainRoot(fn string) bool {
	if fn == "main.main" || fn == "runtime.goexit" {
		return true
	}
	_, name, _ := strings.Cut(fn[strings.LastIndexByte(fn, '/')+1:], ".")
	return name == "init" || strings.HasPrefix(name, "init.")
}

// recordCut records the one Loss of a text that ends early.
func (p *dumpReader) recordCut(inside bool) {
	in, rows := p.in, p.d.Goroutines
	last := &rows[len(rows)-1]
	total := in.off()
	switch {
	case total == runtimeCutBytes && in.err == nil && rows[0].Ref.Off == 0 && p.d.Reason == "":
		off := total
		if inside {
			off = last.Ref.Off
		}
		in.cutBy(InCapture, off, total, "the dump is exactly 64 MiB, where the runtime stops: goroutine %d is the last", last.ID)
	case inside && p.partial:
		in.cut(last.Ref.Off, total, "inside a line of goroutine %d", last.ID)
	case inside:
		in.cut(last.Ref.Off, total, "after a line of goroutine %d, before the end of its record", last.ID)
	case p.partial:
		in.cut(p.partialOff, total, "inside the last line, which has no newline")
	case p.signal.on && !p.crash && p.gap == 0 && !p.signal.complete():
		in.cut(total, total, "before the end of the registers, which end the output of a signal")
	}
}

// compact removes from the tables what no row uses: the states, labels and frames of a panic message
// must not be found in a dump.
func (p *dumpReader) compact() {
	var old dumpTables
	old, p.t = p.t, dumpTables{}
	p.t.init()
	frames := make([]uint32, len(old.frames))
	frame := func(i uint32) uint32 {
		if i != 0 && frames[i] == 0 {
			frames[i] = uint32(len(p.t.frames))
			p.t.frames = append(p.t.frames, old.frames[i])
		}
		return frames[i]
	}
	stacks := make([]uint32, len(old.stacks))
	labels := make([]uint32, len(old.labelSets))
	for i := range p.d.Goroutines {
		g := &p.d.Goroutines[i]
		g.State = p.t.state(old.states[g.State])
		g.CreatedBy = frame(g.CreatedBy)
		if g.Labels != 0 && labels[g.Labels] == 0 {
			labels[g.Labels] = uint32(len(p.t.labelSets))
			p.t.labelSets = append(p.t.labelSets, old.labelSets[g.Labels])
		}
		g.Labels = labels[g.Labels]
		if g.Stack != 0 && stacks[g.Stack] == 0 {
			for j, f := range old.stacks[g.Stack] {
				old.stacks[g.Stack][j] = frame(f)
			}
			stacks[g.Stack] = uint32(len(p.t.stacks))
			p.t.stacks = append(p.t.stacks, old.stacks[g.Stack])
		}
		g.Stack = stacks[g.Stack]
	}
}
