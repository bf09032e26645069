package analyze

import (
	"fmt"
	"time"
)

// When is the time from the first to the last of some instants, in Unix nanoseconds; the zero value is of none.
type When struct{ First, Last uint64 }

// See widens the time to an instant, 0 for one that is not known.
func (w *When) See(at uint64) {
	if at == 0 {
		return
	}
	if w.First == 0 {
		w.First = at
	}
	w.First, w.Last = min(w.First, at), max(w.Last, at)
}

// String is ", from A to B", ", at A" where the two read alike, and "" for no time: a part of a sentence.
func (w When) String() string {
	if w.First == 0 {
		return ""
	}
	first, last := Instant(w.First), Instant(w.Last)
	if first == last {
		return ", at " + first
	}
	return fmt.Sprintf(", from %s to %s", first, last)
}

// Instant writes Unix nanoseconds in UTC with milliseconds.
func Instant(nanos uint64) string {
	return time.Unix(0, int64(nanos)).UTC().Format("2006-01-02 15:04:05.000Z")
}
