package evidence

import (
	"bytes"
	"time"
)

// A log line about a clock is worth little without the time that the shipper put before it, which its
// wrapper takes off. stampLog keeps those times, and those only, by the place of the line behind the
// wrapper.
type stampLog struct {
	written int64 // bytes that the unwrapper has let out
	list    []lineStamp
	// waiting holds those of sources that wait, their places counted from where the source's text begins.
	waiting map[string][]lineStamp
	noted   int
}

// lineStamp is what the prefix of one line said.
type lineStamp struct {
	off        int64
	time, host string
}

// maxStamps bounds the log: a daemon that writes a line a second for a day and a half.
const maxStamps = 1 << 17

// note keeps the stamp of the line that is about to be let out, or to wait.
func (s *stampLog) note(u *unwrapper, l *wrappedLine) {
	if s.noted == maxStamps {
		return
	}
	s.noted++
	stamp := lineStamp{time: string(l.stamp), host: string(l.host)}
	// As emit decides it.
	current := !u.begun || l.source == u.current || u.w.streams && !u.open && len(u.order) == 0
	if current {
		stamp.off = s.written
		s.list = append(s.list, stamp)
		return
	}
	stamp.off = int64(len(u.waiting[l.source]))
	if s.waiting == nil {
		s.waiting = map[string][]lineStamp{}
	}
	s.waiting[l.source] = append(s.waiting[l.source], stamp)
}

// release is told that the text of a source that waited is let out here.
func (s *stampLog) release(source string) {
	for _, stamp := range s.waiting[source] {
		stamp.off += s.written
		s.list = append(s.list, stamp)
	}
	delete(s.waiting, source)
}

// clockLogWords are in every line that the readers of clock logs look for.
var clockLogWords = [][]byte{
	[]byte("ystem clock was stepped"), []byte("ystem clock wrong by"), []byte("time jump detected"), []byte(" offset "), []byte(" rms "),
}

// isClockLogLine reports whether the stamp of a line may be asked for.
func isClockLogLine(line []byte) bool {
	if len(line) > 400 {
		return false
	}
	for _, w := range clockLogWords {
		if bytes.Contains(line, w) {
			return true
		}
	}
	return false
}

// at returns the stamp of the line at off. Lines are asked for in the order of their places.
func (s *stampLog) at(off int64) (stamp lineStamp, ok bool) {
	if s == nil {
		return stamp, false
	}
	for len(s.list) > 0 && s.list[0].off < off {
		s.list = s.list[1:]
	}
	if len(s.list) == 0 || s.list[0].off != off {
		return stamp, false
	}
	return s.list[0], true
}

// instant returns the earliest and latest instant that a stamp may mean: what it leaves out of a second,
// or a microsecond, it has cut off. Times without a year, and with a zone of which only the abbreviation
// is known, mean none.
func (s *lineStamp) instant() (from, to int64, ok bool) {
	text := s.time
	width := time.Second
	if d, digits := parseNanos([]byte(text), unitMicros); digits && allDigits([]byte(text)) && len(text) >= 15 {
		return d.nanos, d.nanos + int64(time.Microsecond), d.nanos > 0
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "Mon 2006-01-02 15:04:05.999999999 UTC"} {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if i := bytes.IndexByte([]byte(text), '.'); i >= 0 {
			for n := i + 1; n < len(text) && isDigit(text[n]) && width > 1; n++ {
				width /= 10
			}
		}
		if t.Year() < 1971 || t.Year() > 2261 {
			return 0, 0, false
		}
		return t.UnixNano(), t.UnixNano() + int64(width), true
	}
	if d, digits := parseNanos([]byte(text), unitSeconds); digits && d.nanos > 0 {
		return d.nanos, d.nanos + max(1, 2*d.slack), true
	}
	return 0, 0, false
}
