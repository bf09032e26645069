package align

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
)

// ErrFormat says that a file holds nothing that is rewritten: it is not copied either.
var ErrFormat = errors.New("nothing in it is rewritten")

// Job is one file to rewrite.
type Job struct {
	Artifact int    // index into the bundle
	In, Out  string // files
	Tool     string // for the sidecar
	Model    string // SHA-256 of the model's file
	Digest   string // algorithm of the files' digests: "crc32c" or "sha256"
}

// Apply writes the rewritten copy of one artifact, and beside it its sidecar and what reversing needs. The files appear whole or
// not at all; the sidecar before the output, so that an output can always be taken back. ctx ends the work early.
func (p *Plan) Apply(ctx context.Context, j Job) (*Sidecar, error) {
	s, f, err := p.write(ctx, j, nil)
	if err != nil {
		return nil, err
	}
	defer f.discard()
	return s, f.commit()
}

// write writes the files of Apply under other names. Where it fails they are gone. order, if there is one, gets the spans that
// were moved.
func (p *Plan) write(ctx context.Context, j Job, order *orderCheck) (*Sidecar, *fileSet, error) {
	f := &fileSet{out: j.Out}
	s, err := p.fill(ctx, f, j, order)
	if err == nil {
		err = f.close()
	}
	if err != nil {
		f.discard()
		return nil, nil, err
	}
	return s, f, nil
}

// fill writes the files of f.
func (p *Plan) fill(ctx context.Context, f *fileSet, j Job, order *orderCheck) (*Sidecar, error) {
	art := p.bundle.Artifacts[j.Artifact]
	s := &Sidecar{
		Schema: SidecarSchema, Tool: j.Tool, Format: string(art.Format),
		Transform: Transform{
			Model: j.Model, Reference: p.model.Reference, Trust: p.model.Trust, Compose: p.o.Compose,
			KeepOriginals: p.o.KeepOriginals, Labels: append([]string{}, p.o.Labels...), Zones: p.o.Zones, ReplaceZones: p.o.ReplaceZones,
		},
	}
	r := newRewriter(p, uint32(j.Artifact))
	r.order = order
	records, why, err := r.records(art)
	if err != nil {
		return nil, err
	}
	if records == nil {
		s.Undo.Kind = undoNone
		s.Receipt = Receipt{Notes: []string{why}, Domains: []DomainReceipt{}}
		err = f.copy(ctx, s, j)
	} else {
		err = r.file(ctx, f, s, j, records, packable(art.Containers))
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errCut // inside a container
	}
	if err != nil {
		return nil, err
	}
	text, err := s.encode()
	if err != nil {
		return nil, err
	}
	side, err := f.create(SidecarSuffix)
	if err != nil {
		return nil, err
	}
	_, err = side.Write(text)
	return s, err
}

// records returns what rewrites the artifact; nil for one that is copied as it is, because of why.
func (r *rewriter) records(art *evidence.Artifact) (records recordRewriter, why string, err error) {
	format := string(art.Format)
	signal, otlp := strings.CutPrefix(format, "otlp/")
	profile := strings.HasPrefix(format, "pprof/")
	switch {
	case !otlp && !profile:
		if strings.HasPrefix(format, "goroutine/") || strings.HasSuffix(format, "/debug1") {
			return nil, format + " holds no time of the host's clock, and no place for attributes: copied as it is", nil
		}
		return nil, "", fmt.Errorf("%s: %w", format, ErrFormat)
	case profile:
		records = &profileRewriter{rewriter: r}
	case art.Encoding == "json" || art.Encoding == "jsonl":
		r.json = true
		records = &jsonRewriter{rewriter: r}
	default:
		p := &protoRewriter{rewriter: r, signal: signal}
		switch art.Encoding {
		case "protobuf-framed":
			p.framing = framingBigEndian
		case "protobuf-varint":
			p.framing = framingVarint
		}
		records = p
	}
	for _, c := range art.Containers[len(packable(art.Containers)):] {
		// A byte order mark and the ends of lines stay where they are in JSON.
		if !r.json || c != "bom" && c != "crlf" {
			return nil, "", fmt.Errorf("%s inside %s cannot be rewritten: unpack it first", format, c)
		}
	}
	return records, "", nil
}

// packable returns the outermost containers that can be written again.
func packable(containers []string) []string {
	for i, c := range containers {
		if !evidence.CanRepack(c) {
			return containers[:i]
		}
	}
	return containers
}

// file rewrites the input into the files of f.
func (r *rewriter) file(ctx context.Context, f *fileSet, s *Sidecar, j Job, records recordRewriter, containers []string) error {
	exact := true
	s.Undo.Packings = []evidence.Packing{}
	var err error
	if len(containers) > 0 {
		if s.Undo.Packings, exact, err = evidence.FindPackings(j.In, containers); err != nil {
			return err
		}
	}
	in, err := os.Open(j.In)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	read, err := newSum(j.Digest)
	if err != nil {
		return err
	}
	written, _ := newSum(j.Digest)
	log := io.Discard
	var original io.Writer = io.Discard
	s.Undo.Kind = undoEdits
	suffix := undoSuffix
	if !exact {
		s.Undo.Kind, suffix = undoOriginal, originalSuffix
	}
	side, err := f.create(suffix)
	if err != nil {
		return err
	}
	if exact {
		log = side
	} else {
		original = side
	}
	raw := io.TeeReader(in, io.MultiWriter(read, original))
	out, err := f.create("")
	if err != nil {
		return err
	}
	// Large enough for system calls not to count, small enough to stay in cache. Small files are many and need no such buffer.
	buffered := bufio.NewWriterSize(io.MultiWriter(out, written), int(min(max(info.Size(), 4<<10), 256<<10)))
	if err := r.stream(ctx, raw, buffered, log, s.Undo.Packings, records); err != nil {
		return err
	}
	s.Input, s.Output = read.file(filepath.Base(j.In)), written.file(filepath.Base(j.Out))
	s.Undo.File = FileDigest{Name: filepath.Base(j.Out) + suffix, Bytes: s.Input.Bytes, Digest: s.Input.Digest}
	if exact {
		s.Undo.File.Bytes, s.Undo.File.Digest = r.editor.undo.size, fmt.Sprintf("crc32c:%08x", r.editor.undo.sum.Sum32())
	}
	s.Receipt = r.done()
	return nil
}

// stream rewrites the bytes of a file, through its containers.
func (r *rewriter) stream(ctx context.Context, raw io.Reader, out *bufio.Writer, log io.Writer, packings []evidence.Packing, records recordRewriter) error {
	content := raw
	for _, p := range packings {
		u, err := evidence.Unpack(content, p.Container)
		if err != nil {
			return err
		}
		defer u.Close()
		content = u
	}
	packed, closers, err := pack(out, packings)
	if err != nil {
		return err
	}
	r.editor.w, r.editor.undo = packed, newUndoWriter(log)
	if err := r.rewrite(ctx, content, records); err != nil {
		return err
	}
	if err := r.editor.undo.end(); err != nil {
		return err
	}
	for _, c := range closers {
		if err := c.Close(); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	// What stands behind the containers' end was refused by them; the digest is of the whole file.
	_, err = io.Copy(io.Discard, raw)
	return err
}

// pack returns a writer into containers, and what to close behind it, innermost first.
func pack(w io.Writer, packings []evidence.Packing) (io.Writer, []io.Closer, error) {
	var closers []io.Closer
	for _, p := range packings {
		c, err := p.Pack(w)
		if err != nil {
			return nil, nil, err
		}
		closers = append([]io.Closer{c}, closers...)
		w = c
	}
	return w, closers, nil
}
