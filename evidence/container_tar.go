package evidence

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"
)

var layerTar = layer{
	name: "tar",
	sniff: func(head []byte, _ bool) bool {
		if len(head) < 512 {
			return false
		}
		return string(head[257:262]) == "ustar" || head[0] != 0 && tarChecksum(head[:512])
	},
	archive: (*fileLoad).tar,
}

// tarChecksum reports whether the header's checksum is right: the test for archives older than ustar.
func tarChecksum(h []byte) bool {
	var claimed, sum, digits int64
	for _, c := range h[148:156] {
		switch {
		case c >= '0' && c <= '7':
			claimed = claimed<<3 | int64(c-'0')
			digits++
		case c != ' ' && c != 0:
			return false
		}
	}
	for i, c := range h {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int64(c)
	}
	return digits >= 4 && sum == claimed
}

// tar visits the files of an archive in its order, each as it passes by.
func (f *fileLoad) tar(s *stream) {
	from := f.archiveStart()
	names := memberNames{}
	tr := tar.NewReader(s.r)
	for {
		h, err := tr.Next()
		if err == io.EOF {
			f.archiveDone(s, "tar", from, nil)
			return
		}
		// An insecure path is none here: nothing is written.
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			f.archiveDone(s, "tar", from, layerErr("tar", err))
			return
		}
		if h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeGNUSparse {
			continue
		}
		if f.skipMember(s, h.Name) {
			continue
		}
		member := &layerReader{r: tr, name: "tar"}
		if !f.member(s, names.unique(h.Name), h.Size, member, nil) {
			f.archiveDone(s, "tar", from, nil)
			return
		}
	}
}

// skipMember reports whether a member is no evidence. A manifest inside an archive is not read, which
// deserves a word.
func (f *fileLoad) skipMember(s *stream, name string) bool {
	if path.Base(name) != manifestName {
		return inGit(name)
	}
	f.notes = append(f.notes, fmt.Sprintf("%s!%s: a manifest inside an archive is not read", s.path, name))
	return true
}

// layerReader names the layer in the errors of r.
type layerReader struct {
	r    io.Reader
	name string
}

func (l *layerReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	return n, layerErr(l.name, err)
}

// memberNames tells members of the same name apart: tar's append mode leaves several.
type memberNames map[string]int

func (m memberNames) unique(name string) string {
	m[name]++
	if n := m[name]; n > 1 {
		return fmt.Sprintf("%s#%d", name, n)
	}
	return name
}
