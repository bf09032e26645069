package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Options of Load. The zero value loads with the defaults.
type Options struct {
	// MaxDecoded bounds the bytes that decompression may deliver from one input file, summed over the
	// members of an archive and counted for each depth of nesting on its own; default 64 GiB. What lies
	// beyond is a Loss. Bytes that were never compressed are not counted: their number is no surprise.
	MaxDecoded int64
	// Jobs is the number of files read at once; default 1. The bundle does not depend on it.
	Jobs int
	// Stdin is what the path "-" reads; nil makes "-" an error.
	Stdin io.Reader
	// Identity holds the rules that come before every other source of identity, the first match first.
	Identity []IdentityRule
	// ResourcesOnly passes over the spans of traces unread: artifacts, resources and places are what they are else, but
	// there are no spans, nothing counted or dated by them, and nobody notices what is damaged inside of them.
	ResourcesOnly bool
}

const defaultMaxDecoded = 64 << 30

func (o Options) withDefaults() Options {
	if o.MaxDecoded <= 0 {
		o.MaxDecoded = defaultMaxDecoded
	}
	if o.Jobs <= 0 {
		o.Jobs = 1
	}
	return o
}

// formats in the order in which they are asked; the first whose sniff says yes and whose read agrees
// reads the artifact. gctrace stands behind goroutine text because a program run with GODEBUG=gctrace=1
// may die in the middle of its log.
var formats = slices.Concat(
	[]format{formatPprof, formatOTLPFramed, formatOTLPMessage, formatOTLPJSON, formatDebug1},
	recognisers,
	[]format{formatGoroutine, formatGctrace, formatChronyd},
)

// Load reads every input that paths name: files, folders (recursively, in the order of their names),
// globs with **, archives, and "-" for Options.Stdin. A file that several paths lead to is read once,
// under the first of them.
//
// The bundle is never nil and holds everything that could be read. The error joins one error for each
// path that names nothing (missing, an empty folder, a glob without a match) and for each manifest that
// is wrong: those are mistakes of whoever asked. A file that exists and cannot be read is evidence, an
// Artifact with StatusUnreadable, and no error.
func Load(paths []string, o Options) (*Bundle, error) {
	o = o.withDefaults()
	w := newWalker()
	for _, p := range paths {
		w.add(p)
	}
	if n := w.besideNote(); n != "" {
		w.notes = append(w.notes, n)
	}
	b := loadEntries(w.entries, o)
	b.Notes = append(w.notes, b.Notes...)
	return b, errors.Join(w.errs...)
}

// LoadReader reads one stream as Load reads a file called name. No manifest applies to it.
func LoadReader(name string, r io.Reader, o Options) *Bundle {
	return loadEntries([]entry{{path: name, stream: r}}, o.withDefaults())
}

// task is one input file on its way through the workers.
type task struct {
	entry entry
	first uint32 // the index that the first artifact of the file will have if each file before has one
	load  *fileLoad
	done  chan struct{}
}

// loadEntries reads the entries with o.Jobs workers and merges them in order. A worker may run ahead of
// the merger by a few files only, so that memory does not grow with the number of files.
func loadEntries(entries []entry, o Options) *Bundle {
	b := &Bundle{}
	m := newMerger(b)
	ordered := make(chan *task, 2*o.Jobs)
	work := make(chan *task)
	go func() {
		for i, e := range entries {
			t := &task{entry: e, first: uint32(i), done: make(chan struct{})}
			ordered <- t
			work <- t
		}
		close(ordered)
		close(work)
	}()
	for range o.Jobs {
		go func() {
			for t := range work {
				t.load = loadFile(t.entry, t.first, o)
				close(t.done)
			}
		}()
	}
	matched := make([]bool, len(o.Identity))
	for t := range ordered {
		<-t.done
		for i, is := range t.load.matched {
			matched[i] = matched[i] || is
		}
		b.Notes = append(b.Notes, t.load.notes...)
		for _, a := range t.load.artifacts {
			index := uint32(len(b.Artifacts))
			renumber(a, index)
			b.Artifacts = append(b.Artifacts, a)
			if a.batch != nil {
				m.adopt(index, a.batch)
				a.batch = nil
			}
			m.adoptClock(a)
			b.Places = append(b.Places, a.places...)
			a.places = nil
		}
	}
	for i, is := range matched {
		if !is {
			b.Unmatched = append(b.Unmatched, o.Identity[i])
		}
	}
	m.finish()
	x := newPlaceIndex(b)
	x.tieToNodes()
	tieClocks(b)
	x.join()
	return b
}

// renumber gives an artifact the index that it has in the bundle, where the guess made when it was read
// is wrong: a file before it turned out to hold several artifacts, or it is not the first of its own.
func renumber(a *Artifact, index uint32) {
	guess := a.index
	if guess == index {
		return
	}
	a.index = index
	for i := range a.Losses {
		a.Losses[i].Ref.Artifact = index
	}
	if a.Dump != nil {
		for i := range a.Dump.Goroutines {
			a.Dump.Goroutines[i].Ref.Artifact = index
		}
	}
	if a.Clock != nil {
		for i := range a.Clock.rows {
			a.Clock.rows[i].Ref.Artifact = index
		}
	}
	for i := range a.places {
		a.places[i].Ref.Artifact = index
	}
	if a.batch != nil {
		for i := range a.batch.resources {
			a.batch.resources[i].Ref.Artifact = index
		}
	}
	if p := a.Profile; p != nil && p.iterate != nil {
		inner := p.iterate
		p.iterate = func(yield func(*Sample) bool) {
			inner(func(s *Sample) bool {
				s.Ref.Artifact = index
				return yield(s)
			})
		}
	}
}

// readArtifact reads the decoded stream of a with the first format that accepts it, and leaves in a
// what it learnt. compressed says that reading on to the end can teach something about a stream that no
// reader wants: where it is cut, or over the limit.
func readArtifact(a *Artifact, r io.Reader, compressed bool) {
	in := newInput(r, a, a.index)
	in.fill(sniffBytes)
	// A copy, because what a reader that refuses has done to the window is its own business.
	head, whole := bytes.Clone(in.data()), in.eof
	if len(head) == 0 && whole {
		a.Format = FormatEmpty
		if in.err == nil {
			in.lose(0, 0, InReading, "no bytes")
		}
		in.close()
		return
	}
	saved := *a
	for _, f := range formats {
		gone := in.base > 0 && !f.listed
		if gone || !f.sniff(head, whole) {
			continue
		}
		if f.read(in) {
			in.drain()
			in.close()
			if !f.listed && !a.Read() && a.Status == "" {
				a.Status = StatusUnreadable
			}
			return
		}
		*a = saved
		in.cutDone = false
		if in.base == 0 {
			in.pos = 0
		}
	}
	a.Format = FormatUnknown
	if compressed {
		in.drain()
	}
	in.close()
}

// statusOf summarises how reading went. Every Loss counts, whoever lost the data: a dump that the
// runtime cut at 64 MiB is as incomplete as one that was cut by a full disk.
func statusOf(a *Artifact) Status {
	damaged := len(a.Losses) > 0 || a.MoreLosses > 0
	switch {
	case a.Status == StatusUnreadable, a.Format == FormatEmpty:
		return StatusUnreadable
	case a.Format == FormatUnknown || a.Format == "":
		return StatusUnknown
	case a.Read() && rows(a) == 0 && damaged:
		return StatusUnreadable
	case damaged:
		return StatusDamaged
	}
	return StatusOK
}

// rows counts what was read, of any kind.
func rows(a *Artifact) int {
	var n int
	if a.Profile != nil {
		n += a.Profile.Len()
	}
	if a.Dump != nil {
		n += len(a.Dump.Goroutines)
	}
	if a.Clock != nil {
		n += a.Clock.Rows()
	}
	if p := a.Places; p != nil {
		n += p.Nodes + p.Pods + p.Hosts + p.Other
	}
	if a.Traces != nil {
		n += a.Traces.Spans
		for _, k := range a.Traces.Other {
			n += k
		}
	}
	return n
}

// sizeText writes a number of bytes for a message.
func sizeText(n int64) string {
	for _, u := range []struct {
		shift uint
		name  string
	}{{30, "GiB"}, {20, "MiB"}, {10, "KiB"}} {
		if n >= 1<<u.shift && n%(1<<u.shift) == 0 {
			return fmt.Sprintf("%d %s", n>>u.shift, u.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
