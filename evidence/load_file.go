package evidence

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

const (
	// maxNesting bounds how deep containers and wrappers may be nested, members of archives included.
	maxNesting = 8
	// maxMembers bounds the members that one input file may hold, over all its archives.
	maxMembers = 100_000
)

// fileLoad reads one input file, which may turn out to hold many artifacts.
type fileLoad struct {
	o         Options
	entry     entry
	first     uint32 // guess at the index of the first artifact
	visit     func(f *fileLoad, a *Artifact, s *stream)
	used      [maxNesting + 1]int64 // bytes delivered by decompression, by depth
	members   int
	artifacts []*Artifact
	notes     []string
	matched   []bool // the rules of o.Identity that were for an artifact
	closers   []func()
	stopped   bool // visit has what it wanted
	exact     bool // decompress with the decoder that delivers the last byte: see newGunzipper
	torn      bool // a compressed stream is cut or damaged
}

// stream is one sequence of bytes on its way from the file to a reader, peeled layer by layer.
type stream struct {
	path       string // as shown
	size       int64
	r          *bufio.Reader
	whole      *io.SectionReader // the same bytes by offset, nil unless r is at their start
	containers []string
	// decompressed says that bytes were decompressed on the way.
	decompressed bool
	losses       *lossLog
	// stamps of lines about clocks, where the innermost layer takes them off; else nil.
	stamps *stampLog
}

// lossLog collects what layers have to say about a stream, at the place where it was when they said it.
type lossLog struct {
	delivered int64 // decoded bytes handed to the reader so far
	list      []Loss
}

func (l *lossLog) lose(origin LossOrigin, format string, args ...any) {
	if len(l.list) < maxLosses {
		l.list = append(l.list, Loss{Ref: Ref{Off: l.delivered}, Origin: origin, What: fmt.Sprintf(format, args...)})
	}
}

// loadFile reads one entry into artifacts whose indexes count from first.
func loadFile(e entry, first uint32, o Options) *fileLoad {
	f := newFileLoad(e, first, o)
	f.exact = e.file == "" || !isRegular(e.file)
	f.run()
	if f.torn && !f.exact {
		f = newFileLoad(e, first, o)
		f.exact = true
		f.run()
	}
	return f
}

func newFileLoad(e entry, first uint32, o Options) *fileLoad {
	return &fileLoad{o: o, entry: e, first: first, visit: (*fileLoad).read, matched: make([]bool, len(o.Identity))}
}

// isRegular reports whether a file can be read twice.
func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func (f *fileLoad) run() {
	e := &f.entry
	defer func() {
		for _, c := range slices.Backward(f.closers) {
			c()
		}
		f.closers = nil
	}()
	switch {
	case e.err != nil:
		f.fail(e.path, 0, nil, e.err)
		return
	case e.stdin && f.o.Stdin == nil:
		f.fail(e.path, 0, nil, errors.New("there is no standard input"))
		return
	case e.stdin:
		e.stream = f.o.Stdin
	}
	if e.stream != nil {
		n := &countReader{r: e.stream}
		known := len(f.artifacts)
		f.peel(f.newStream(e.path, 0, n, nil))
		for _, a := range f.artifacts[known:] {
			if a.Path == e.path {
				a.SizeBytes = n.n
			}
		}
		return
	}
	file, err := os.Open(e.file)
	if err != nil {
		f.fail(e.path, 0, nil, err)
		return
	}
	f.closers = append(f.closers, func() { file.Close() })
	var size int64
	var whole *io.SectionReader
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
		whole = io.NewSectionReader(file, 0, size)
	}
	f.peel(f.newStream(e.path, size, file, whole))
}

func (f *fileLoad) newStream(path string, size int64, r io.Reader, whole *io.SectionReader) *stream {
	return &stream{path: path, size: size, r: peekable(r), whole: whole, losses: &lossLog{}}
}

// peekable returns a reader that can show the head of r. Its errors stick, which bufio's do not.
func peekable(r io.Reader) *bufio.Reader {
	return bufio.NewReaderSize(&stickyReader{r: r}, sniffBytes)
}

// peel removes one layer after the other, outermost first, until none is left, and hands the rest to
// visit; an archive hands each of its members to peel.
func (f *fileLoad) peel(s *stream) {
	for !f.stopped {
		head, err := s.r.Peek(sniffBytes)
		whole := err != nil
		l := findLayer(head, whole)
		if l == nil {
			f.leaf(s)
			return
		}
		if len(s.containers) >= maxNesting {
			f.fail(s.path, s.size, s.containers,
				fmt.Errorf("a %s container inside %d others: not opened", l.name, maxNesting))
			return
		}
		s.containers = append(s.containers[:len(s.containers):len(s.containers)], l.name)
		if l.archive != nil {
			l.archive(f, s)
			return
		}
		s.stamps = nil
		r := l.open(f, s)
		if l.expands {
			s.decompressed = true
			r = &limitReader{r: r, used: &f.used[len(s.containers)], limit: f.o.MaxDecoded}
		}
		s.r, s.whole = peekable(r), nil
	}
}

// leaf visits a stream that has no layer left.
func (f *fileLoad) leaf(s *stream) {
	f.visit(f, f.newArtifact(s), s)
}

func (f *fileLoad) newArtifact(s *stream) *Artifact {
	a := &Artifact{Path: s.path, SizeBytes: s.size, Containers: s.containers}
	a.index = f.first + uint32(len(f.artifacts))
	return a
}

// read is the visit of Load.
func (f *fileLoad) read(a *Artifact, s *stream) {
	f.artifacts = append(f.artifacts, a)
	a.stamps, a.resourcesOnly = s.stamps, f.o.ResourcesOnly
	var r io.Reader = &deliver{r: s.r, log: s.losses}
	if f.o.ResourcesOnly && len(s.containers) == 0 && s.whole != nil {
		r = s.whole
	}
	readArtifact(a, r, s.decompressed)
	a.stamps = nil
	addLosses(a, s.losses.list)
	a.Status = statusOf(a)
	f.identify(a)
	settleClock(a)
}

// addLosses adds the losses of the layers in file order. Both lists are bounded.
func addLosses(a *Artifact, list []Loss) {
	if len(list) == 0 {
		return
	}
	of := a.Losses
	a.Losses = nil
	for _, l := range list {
		l.Ref.Artifact = a.index
		a.lose(l)
	}
	a.Losses = append(a.Losses, of...)
	slices.SortStableFunc(a.Losses, func(x, y Loss) int {
		return int(min(1, max(-1, x.Ref.Off-y.Ref.Off)))
	})
}

// fail adds an artifact of which nothing can be read.
func (f *fileLoad) fail(path string, size int64, containers []string, err error) {
	a := &Artifact{
		Path: path, SizeBytes: size, Containers: containers,
		Format: FormatUnknown, Status: StatusUnreadable,
		index: f.first + uint32(len(f.artifacts)),
	}
	a.lose(Loss{Ref: Ref{Artifact: a.index}, Origin: InReading, What: endReason(err)})
	f.identify(a)
	f.artifacts = append(f.artifacts, a)
}

// archiveStart is where the artifacts and the members of an archive begin.
type archiveStart struct{ artifacts, members int }

func (f *fileLoad) archiveStart() archiveStart { return archiveStart{len(f.artifacts), f.members} }

// archiveDone adds an artifact for the archive itself, before its members, where that has something to
// say: it is damaged, or it holds no file.
func (f *fileLoad) archiveDone(s *stream, format Format, from archiveStart, err error) {
	empty := f.members == from.members
	a := f.newArtifact(s)
	a.Format = format
	if err != nil {
		what := fmt.Sprintf("%s: what follows the members listed here is not read", endReason(err))
		a.lose(Loss{Ref: Ref{Artifact: a.index}, Origin: InReading, What: what, Cut: true})
	} else if empty {
		a.lose(Loss{Ref: Ref{Artifact: a.index}, Origin: InReading, What: "the archive holds no file"})
	}
	for _, l := range s.losses.list {
		// The archive is not an artifact that can be shown, so that its losses have no place in it.
		a.lose(Loss{Ref: Ref{Artifact: a.index}, Origin: l.Origin, What: l.What})
	}
	if len(a.Losses) == 0 || f.stopped {
		return
	}
	a.Status = StatusDamaged
	if empty {
		a.Status = StatusUnreadable
	}
	f.identify(a)
	f.artifacts = slices.Insert(f.artifacts, from.artifacts, a)
}

// member peels one file of an archive. It reports whether the archive should go on.
func (f *fileLoad) member(s *stream, name string, size int64, r io.Reader, whole *io.SectionReader) bool {
	if f.members++; f.members > maxMembers {
		s.losses.lose(InReading, "more than %d members: the rest is not read", maxMembers)
		return false
	}
	m := f.newStream(s.path+"!"+name, size, r, whole)
	m.containers, m.decompressed = s.containers, s.decompressed
	f.peel(m)
	return !f.stopped
}
