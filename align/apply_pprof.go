package align

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/internal/wire"
)

// A profile (profile.proto of google/pprof) holds one reading of its host's clock, time_nanos: a varint, which may
// change its length. What was there and what was done is kept in comments; their text, and that of labels, goes behind the
// string table. Nothing encloses these fields, so that no length changes but those of samples that get labels.

const (
	profSample, profString, profTime, profComment = 2, 6, 9, 13
	sampleLabel                                   = 3
	labelKey, labelStr                            = 1, 2

	originalTime = "witnessmark.original.time_nanos"
)

// profileRewriter rewrites one profile.
type profileRewriter struct {
	*rewriter
	strings int // in the table
	names   map[string]uint64
	added   []byte
}

// next rewrites the profile b, which must be whole: the string table may stand behind everything.
func (r *profileRewriter) next(b []byte, base int, last bool) (int, error) {
	if !last {
		return 0, nil
	}
	time, at, err := r.scan(b)
	if err != nil {
		return 0, err
	}
	art := r.plan.bundle.Artifacts[r.artifact]
	domain := r.plan.domain(art.Identity.Domain)
	c, tally := r.clockOf(domain)
	t := &target{domain: domain, clock: c, tally: tally}
	var comments []string
	if domain != "" {
		comments = append(comments, attrDomain+"="+domain)
	}
	if c != nil {
		comments = append(comments, attrReference+"="+c.domain.Reference, attrAssumption+"="+string(r.plan.model.Trust))
	}
	comments = append(comments, attrStatus+"="+string(tally.Status))
	if c != nil && time != 0 {
		if shift, ok := r.shiftOf(t, time); ok {
			r.moved(t, shift)
			text := binary.AppendUvarint(r.editor.bytes(binary.MaxVarintLen64), time-uint64(shift))
			r.editor.replace(base+at.Start, at.End-at.Start, text)
			comments = append(comments, originalTime+"="+strconv.FormatUint(time, 10), attrCorrection+"="+strconv.FormatInt(shift, 10))
		}
	}
	if err := r.label(b, base, art, domain); err != nil {
		return 0, err
	}
	for _, text := range comments {
		n := r.text(text)
		r.added = binary.AppendUvarint(append(r.added, profComment<<3), n)
	}
	r.editor.replace(base+len(b), 0, r.added)
	return len(b), nil
}

// scan reads the time and the string table.
func (r *profileRewriter) scan(b []byte) (time uint64, at wire.Field, err error) {
	r.names = map[string]uint64{}
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) {
		switch {
		case f.Num == profTime && f.Type == wire.Varint:
			time, at = f.Value, f // the last counts
		case f.Num == profSample && f.Type == wire.Bytes:
			r.receipt.Samples++
		case f.Num == profString && f.Type == wire.Bytes:
			if strings.HasPrefix(string(f.Bytes), attrStatus) && !r.plan.o.Compose {
				return 0, at, ErrMoved
			}
			for _, l := range r.plan.o.Labels {
				if string(f.Bytes) == l {
					r.names[l] = uint64(r.strings)
				}
			}
			r.strings++
		}
	}
	if w.Stop() == wire.Cut {
		return 0, at, errCut
	}
	if time > math.MaxInt64 {
		time = 0
	}
	return time, at, damage(&w, 0)
}

// text appends a string to the table and returns its index.
func (r *profileRewriter) text(s string) uint64 {
	if r.strings == 0 {
		r.added = appendBytes(r.added, profString, nil) // the first is the empty one
		r.strings++
	}
	r.added = appendBytes(r.added, profString, []byte(s))
	r.strings++
	return uint64(r.strings - 1)
}

// labelValue returns the value of a label that every sample of the artifact gets, "" where nothing tells.
func (p *Plan) labelValue(label string, art *evidence.Artifact, domain string) string {
	d := p.model.Domain(domain)
	if d == nil {
		d = &Domain{}
	}
	values := []string{art.Identity.Host.Value, d.Host}
	if label == "az" {
		values = []string{p.o.Zones[domain], art.Identity.AZ.Value, p.zones[domain].Value, d.AZ}
	}
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// errLabel names the labels that there are.
var errLabel = errors.New("want az or host")

// label adds the labels to every sample that has none of that name.
func (r *profileRewriter) label(b []byte, base int, art *evidence.Artifact, domain string) error {
	var labels [][]byte
	var keys []uint64
	for _, name := range r.plan.o.Labels {
		if name != "az" && name != "host" {
			return fmt.Errorf("label %q: %w", name, errLabel)
		}
		value := r.plan.labelValue(name, art, domain)
		if value == "" {
			r.note("label %s: nothing says what it is for this profile", name)
			continue
		}
		key, known := r.names[name]
		if !known {
			key = r.text(name)
		}
		field := binary.AppendUvarint([]byte{labelKey << 3}, key)
		field = binary.AppendUvarint(append(field, labelStr<<3), r.text(value))
		labels = append(labels, appendBytes(nil, sampleLabel, field))
		keys = append(keys, key)
	}
	if len(labels) == 0 {
		return nil
	}
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) {
		if f.Num != profSample || f.Type != wire.Bytes {
			continue
		}
		has, err := labelKeys(f.Bytes, base+f.Start)
		if err != nil {
			return err
		}
		text := r.editor.bytes(32)
		for i, l := range labels {
			if has[keys[i]] {
				r.note("label %s: samples that have it already keep theirs", r.plan.o.Labels[i])
				continue
			}
			text = append(text, l...)
		}
		if len(text) > 0 {
			r.editor.replace(base+f.End, 0, text)
			r.editor.grow(b, base, &f, len(text))
			r.receipt.SamplesLabeled++
		}
	}
	return nil
}

// labelKeys returns the keys of a sample's labels.
func labelKeys(sample []byte, base int) (map[uint64]bool, error) {
	var keys map[uint64]bool
	w := wire.Walk(sample)
	var f wire.Field
	for w.Next(&f) {
		if f.Num != sampleLabel || f.Type != wire.Bytes {
			continue
		}
		label := wire.Walk(f.Bytes)
		var l wire.Field
		for label.Next(&l) {
			if l.Num == labelKey && l.Type == wire.Varint {
				if keys == nil {
					keys = map[uint64]bool{}
				}
				keys[l.Value] = true
			}
		}
	}
	return keys, damage(&w, base)
}
