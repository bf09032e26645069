package evidence

import (
	"bufio"
	"bytes"
	"io"
)

// Log shippers put a prefix before every line, or every line into a JSON object. A lineWrapper knows one
// such form; unwrapper removes it, line by line. Rules:
//   - A form is recognised by the share of lines in the head that have it; the form with the largest
//     share wins, and at least half of the lines must have it.
//   - A line without the prefix passes unchanged.
//   - Lines of several sources (pods, containers, units) that are interleaved come out one source after
//     the other, in the order in which the sources first appear. What waits is held in memory, up to
//     spoolBytes: beyond that it is let out, and if the interleaving goes on, a Loss says that records
//     at that place may be torn.
//   - The two streams of one container keep their order; only the pieces of a split line are joined.
//   - A line longer than maxWrappedLine passes in pieces, of which only the first loses its prefix.
type lineWrapper struct {
	name string
	// parse takes a line without its end apart. cut says that line is the beginning of a longer one.
	parse func(line []byte, cut bool) (l wrappedLine, ok bool)
	// streams says that source tells the streams of one container apart, not several writers.
	streams bool
	// dropsBlank says that the shipper drops empty lines, so that the one before a goroutine header has
	// to be put back.
	dropsBlank bool
}

// wrappedLine is one line as its program wrote it.
type wrappedLine struct {
	source  string
	content []byte
	partial bool // the next line of the source continues this one
	// stamp is the time in the prefix as written, nil for none, and host the host.
	stamp, host []byte
}

const (
	maxWrappedLine = 16 << 20
	spoolBytes     = 64 << 20
	// sniffLines bounds the lines of the head that are tried against every form.
	sniffLines = 200
)

// lineWrappers in the order in which equal shares are decided: a CRI line also has a timestamp.
var lineWrappers = []*lineWrapper{
	&wrapperDocker, &wrapperJournalJSON, &wrapperKubectl, &wrapperCRI, &wrapperSyslog, &wrapperJournald,
	&wrapperTimestamps,
}

var lineLayers = func() map[*lineWrapper]*layer {
	layers := map[*lineWrapper]*layer{}
	for _, w := range lineWrappers {
		layers[w] = &layer{name: w.name, open: func(_ *fileLoad, s *stream) io.Reader {
			u := newUnwrapper(s.r, w, s.losses)
			s.stamps = &u.stamps
			return u
		}}
	}
	return layers
}()

// findLineWrapper returns the layer of the form that most lines of head have, or nil.
func findLineWrapper(head []byte, whole bool) *layer {
	if len(head) == 0 || !isTextual(head) {
		return nil
	}
	counts := make([]int, len(lineWrappers))
	var lines int
	headLines(head, whole, func(line []byte, cut bool) bool {
		if len(line) == 0 {
			return true
		}
		lines++
		for i, w := range lineWrappers {
			if _, ok := w.parse(line, cut); ok {
				counts[i]++
			}
		}
		return lines < sniffLines
	})
	best := 0
	for i, n := range counts {
		if n > counts[best] {
			best = i
		}
	}
	if counts[best] == 0 || 2*counts[best] < lines {
		return nil
	}
	return lineLayers[lineWrappers[best]]
}

// unwrapper removes one form from a stream.
type unwrapper struct {
	src    *bufio.Reader
	w      *lineWrapper
	losses *lossLog
	err    error
	out    [][]byte // to be delivered, in order
	done   int      // elements of out that are delivered
	line   []byte   // scratch: the line that is read
	mid    bool     // the last piece read did not end its line

	current string            // the source whose lines are let out
	begun   bool              // current is set
	open    bool              // the line of current has not ended
	last    string            // the source of the last line read
	waiting map[string][]byte // lines of the other sources
	order   []string          // of waiting
	spooled int
	spool   int             // how much may wait
	gone    map[string]bool // sources let out by an overflow
	torn    bool            // the Loss was recorded
	blank   blankRestorer
	stamps  stampLog
}

func newUnwrapper(src *bufio.Reader, w *lineWrapper, losses *lossLog) *unwrapper {
	return &unwrapper{src: src, w: w, losses: losses, spool: spoolBytes, waiting: map[string][]byte{}, gone: map[string]bool{}}
}

func (u *unwrapper) Read(p []byte) (int, error) {
	for {
		for ; u.done < len(u.out); u.done++ {
			if n := copy(p, u.out[u.done]); n > 0 || len(p) == 0 {
				u.out[u.done] = u.out[u.done][n:]
				return n, nil
			}
		}
		if u.err != nil {
			return 0, u.err
		}
		// The scratch of the last line has been delivered.
		u.out, u.done = u.out[:0], 0
		u.step()
	}
}

// step reads one line, or a piece of a long one.
func (u *unwrapper) step() {
	line, ended, err := u.readLine()
	if err != nil {
		u.err = err
	}
	if len(line) > 0 || ended {
		continued := u.mid
		u.mid = !ended
		u.take(line, ended, continued)
	}
	if u.err != nil {
		u.flush()
	}
}

// readLine returns the next line without its end, or up to maxWrappedLine of it.
func (u *unwrapper) readLine() (line []byte, ended bool, err error) {
	u.line = u.line[:0]
	for {
		piece, err := u.src.ReadSlice('\n')
		if err == nil && len(u.line) == 0 {
			return piece[:len(piece)-1], true, nil
		}
		u.line = append(u.line, piece...)
		if err == nil {
			return u.line[:len(u.line)-1], true, nil
		}
		if err != bufio.ErrBufferFull {
			return u.line, false, err
		}
		if len(u.line) >= maxWrappedLine {
			return u.line, false, nil
		}
	}
}

// take sorts one line, or piece of a line, into its source.
func (u *unwrapper) take(line []byte, ended, continued bool) {
	l := wrappedLine{source: u.last, content: line}
	foreign := true
	if !continued {
		if parsed, ok := u.w.parse(line, !ended); ok {
			l, foreign = parsed, false
			u.last = l.source
		}
	}
	if foreign && !u.begun {
		u.deliver(line)
		if ended {
			u.deliver(newline)
		}
		return
	}
	partial := l.partial || !ended
	if u.w.dropsBlank && !foreign && !u.openIn(l.source) && u.blank.wants(l.source, l.content) {
		u.emit(l.source, newline)
	}
	if len(l.stamp) > 0 && isClockLogLine(l.content) {
		u.stamps.note(u, &l)
	}
	u.emit(l.source, l.content)
	if !partial {
		u.emit(l.source, newline)
	}
	u.ended(l.source, partial)
}

var newline = []byte{'\n'}

// openIn reports whether the line of a source has not ended.
func (u *unwrapper) openIn(source string) bool {
	if u.begun && source == u.current {
		return u.open
	}
	return endsOpen(u.waiting[source])
}

func endsOpen(text []byte) bool { return len(text) > 0 && text[len(text)-1] != '\n' }

// emit lets text of a source out, or has it wait.
func (u *unwrapper) emit(source string, text []byte) {
	switch {
	case !u.begun:
		u.begun, u.current = true, source
	case source != u.current && u.w.streams && !u.open && len(u.order) == 0:
		u.current = source
	}
	if source == u.current {
		u.deliver(text)
		return
	}
	if _, ok := u.waiting[source]; !ok {
		if u.gone[source] && !u.torn && !u.w.streams {
			u.torn = true
			u.losses.lose(InReading, "lines of several sources are interleaved over more than %s: records at that distance may be torn", sizeText(int64(u.spool)))
		}
		u.order = append(u.order, source)
	}
	u.waiting[source] = append(u.waiting[source], text...)
	u.spooled += len(text)
}

// ended notes that a line of source, or a piece of it, is complete.
func (u *unwrapper) ended(source string, partial bool) {
	if source == u.current {
		u.open = partial
	}
	if u.spooled > u.spool || u.w.streams && !u.open && len(u.order) > 0 {
		u.flush()
	}
}

// flush lets out what waits. The source of the last line read becomes the current one.
func (u *unwrapper) flush() {
	if len(u.order) == 0 {
		return
	}
	if u.open {
		u.deliver(newline)
	}
	u.gone[u.current] = true
	u.open = false
	for i, source := range u.order {
		text := u.waiting[source]
		u.stamps.release(source)
		u.stamps.written += int64(len(text))
		u.out = append(u.out, text)
		u.gone[source] = true
		u.current = source
		u.open = endsOpen(text)
		if u.open && i < len(u.order)-1 {
			u.deliver(newline)
		}
		delete(u.waiting, source)
	}
	delete(u.gone, u.current)
	u.order, u.spooled = u.order[:0], 0
}

func (u *unwrapper) deliver(text []byte) {
	if len(text) > 0 {
		u.stamps.written += int64(len(text))
		u.out = append(u.out, text)
	}
}

// blankRestorer knows where a shipper that drops empty lines dropped the one that separates two
// goroutine records. journald does (src/journal/journald-stream.c, stdout_stream_log returns early for
// an empty line, systemd v229 to v259).
type blankRestorer struct{ previous map[string]bool }

// wants reports whether a blank line belongs before content: a goroutine header that follows directly on
// a line of a stack. A header elsewhere, such as one inside a panic message, stays as it is.
func (b *blankRestorer) wants(source string, content []byte) bool {
	if b.previous == nil {
		b.previous = map[string]bool{}
	}
	stack := b.previous[source]
	b.previous[source] = len(content) > 0 && content[0] == '\t'
	return stack && bytes.HasPrefix(content, []byte("goroutine ")) && bytes.HasSuffix(content, []byte(":"))
}
