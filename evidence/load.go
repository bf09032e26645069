package evidence

import (
	"io"
)

// Options of Load. The zero value loads with the defaults.
type Options struct {
	// MaxDecoded bounds the decoded bytes of one artifact; default 64 GiB. What lies beyond is a Loss.
	MaxDecoded int64
	// Jobs is the number of artifacts read at once; default 1. The bundle does not depend on it.
	Jobs int
}

// formats in the order in which they are asked; the first whose sniff says yes and whose read agrees
// reads the artifact.
var formats = []format{}

// readArtifact reads one decoded stream into a.
func readArtifact(r io.Reader, a *Artifact, index uint32) {
	in := newInput(r, a, index)
	in.fill(sniffBytes)
	head := in.data()
	for _, f := range formats {
		if !f.sniff(head, in.eof) {
			continue
		}
		if f.read(in) {
			break
		}
	}
	in.close()
}
