package evidence

import "bytes"

// clockReader is what the readers of clock evidence in lines share.
type clockReader struct {
	in    *input
	stats *ClockStats
}

// newClockReader makes the artifact one of clock evidence.
func newClockReader(in *input, format Format) *clockReader {
	in.art.Format = format
	in.art.Clock = &ClockStats{}
	return &clockReader{in, in.art.Clock}
}

// each hands every line to use, without its end. A last line that no newline ends may be cut inside a
// number, which would still be one: it counts only where whole says that its form shows it to be whole.
func (c *clockReader) each(use func(line []byte, ref Ref), whole func(line []byte) bool) {
	in := c.in
	for {
		line, off, next, ok := nextLine(in)
		if !ok {
			break
		}
		use(line, in.ref(off, next-off))
	}
	rest, off := in.data(), in.off()
	switch {
	case len(rest) == 0:
		return
	case !in.eof:
		in.cut(off, off+int64(len(rest)), "a line is longer than %s: what follows is not read", sizeText(maxLineBytes))
		return
	}
	line, ref := trimLine(rest), in.ref(off, int64(len(rest)))
	if in.err == nil && whole != nil && whole(line) {
		use(line, ref)
		in.advance(len(rest))
		return
	}
	if len(line) > 0 {
		in.cut(off, off+int64(len(rest)), "the file ends inside a line")
	}
	in.advance(len(rest))
}

// csv is each for rows of comma-separated values; those that parse refuses are lost.
func (c *clockReader) csv(what string, parse func(f [][]byte, ref Ref) bool, whole func(f [][]byte) bool) {
	c.each(func(line []byte, ref Ref) {
		if len(line) > 0 && !parse(bytes.Split(line, []byte{','}), ref) {
			c.lose(ref, "%s", what)
		}
	}, func(line []byte) bool { return whole != nil && whole(bytes.Split(line, []byte{','})) })
}

func (c *clockReader) lose(ref Ref, format string, args ...any) {
	c.in.lose(ref.Off, ref.Len, InReading, format, args...)
}
