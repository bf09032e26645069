package align

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"

	"github.com/witnessmark/witnessmark/evidence"
)

// SidecarSchema is the value of Sidecar.Schema.
const SidecarSchema = "witnessmark.rewrite/1"

// Names of the files beside an output: its name and one of these.
const (
	SidecarSuffix  = evidence.SidecarSuffix
	undoSuffix     = evidence.UndoSuffix
	originalSuffix = evidence.OriginalSuffix
)

// Sidecar says how an output came about, and how to go back.
type Sidecar struct {
	Schema string `json:"schema"`
	// Tool that wrote it, such as "witnessmark 0.3.0".
	Tool      string     `json:"tool"`
	Format    string     `json:"format"`
	Transform Transform  `json:"transform"`
	Input     FileDigest `json:"input"`
	Output    FileDigest `json:"output"`
	Undo      Undo       `json:"undo"`
	Receipt   Receipt    `json:"receipt"`
}

// Transform says what was asked for.
type Transform struct {
	// Model is the SHA-256 of the model's file.
	Model         string            `json:"model_sha256"`
	Reference     string            `json:"reference"`
	Trust         Trust             `json:"trust"`
	Compose       bool              `json:"compose"`
	KeepOriginals bool              `json:"keep_originals"`
	Labels        []string          `json:"labels"`
	Zones         map[string]string `json:"zones"`
	ReplaceZones  bool              `json:"replace_zones"`
}

// FileDigest identifies the bytes of a file.
type FileDigest struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	// Digest is "crc32c:" and eight hexadecimal digits, or "sha256:" and sixty-four.
	Digest string `json:"digest"`
}

// Undo says where the bytes of the input can be had from.
type Undo struct {
	// Kind is "none" where the output is the input, "edits" where File is an undo log of the decoded bytes, "original" where
	// File is the input itself: what compressed it cannot be done again.
	Kind string     `json:"kind"`
	File FileDigest `json:"file"`
	// Packings of the containers, outermost first; see evidence.Packing.
	Packings []evidence.Packing `json:"packings"`
}

// Kinds of Undo.
const (
	undoNone     = "none"
	undoEdits    = "edits"
	undoOriginal = "original"
)

// sum counts and digests what passes.
type sum struct {
	name string
	h    hash.Hash
	n    int64
}

// errDigest names the algorithms that there are.
var errDigest = errors.New("want crc32c or sha256")

func newSum(algorithm string) (*sum, error) {
	switch algorithm {
	case "crc32c":
		return &sum{name: algorithm, h: crc32.New(castagnoli)}, nil
	case "sha256":
		return &sum{name: algorithm, h: sha256.New()}, nil
	}
	return nil, fmt.Errorf("digest %q: %w", algorithm, errDigest)
}

func (s *sum) Write(p []byte) (int, error) {
	s.n += int64(len(p))
	return s.h.Write(p)
}

func (s *sum) file(name string) FileDigest {
	return FileDigest{Name: name, Bytes: s.n, Digest: s.name + ":" + hex.EncodeToString(s.h.Sum(nil))}
}

// same reports whether the digests are of equal bytes.
func (d FileDigest) same(o FileDigest) bool { return d.Bytes == o.Bytes && d.Digest == o.Digest }

// algorithm returns the one that made the digest.
func (d FileDigest) algorithm() string {
	name, _, _ := bytes.Cut([]byte(d.Digest), []byte{':'})
	return string(name)
}

// maxSidecarBytes bounds a sidecar that is read.
const maxSidecarBytes = 64 << 20

// ReadSidecar reads the sidecar of an output.
func ReadSidecar(output string) (*Sidecar, error) {
	f, err := os.Open(output + SidecarSuffix)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSidecarBytes))
	if err != nil {
		return nil, err
	}
	s := &Sidecar{}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("%s%s: %w", output, SidecarSuffix, err)
	}
	if s.Schema != SidecarSchema {
		return nil, fmt.Errorf("%s%s: schema %q: this release reads %s", output, SidecarSuffix, s.Schema, SidecarSchema)
	}
	return s, nil
}

func (s *Sidecar) encode() ([]byte, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}
