// Package artifacts judges whole files: those that are damaged, those of no known format, and goroutine
// dumps that end early. It counts artifacts and goroutines also where nothing is wrong.
package artifacts

import (
	"path"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// Detectors of the family, in ID order.
var Detectors = []analyze.Detector{
	Damaged,
	Unknown,
	DumpCut,
}

// baseName is the last element of an artifact's path, also behind an archive's name. It stands in
// subjects: the folder in front of it has another name in the next capture.
func baseName(a *evidence.Artifact) string {
	name := a.Path
	if i := strings.LastIndexByte(name, '!'); i >= 0 {
		name = name[i+1:]
	}
	return path.Base(name)
}

// fileKey is the subject of a finding about a file.
type fileKey struct{ name, format, service string }

func keyOf(a *evidence.Artifact) fileKey {
	return fileKey{baseName(a), string(a.Format), a.Identity.Service.Value}
}

func (k fileKey) subject() map[string]string {
	s := analyze.Subject("artifact", k.name, "format", k.format)
	if k.service != "" {
		s["service"] = k.service
	}
	return s
}

// otherFiles is the key of what is beyond the bound on findings.
var otherFiles = fileKey{name: "(other)", format: "(any)"}
