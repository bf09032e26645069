package analyze

import (
	"path"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
)

// Process names the process that an artifact is of: by what identifies it, else by its folder. Artifacts of one
// process have one name, those of two may.
func Process(a *evidence.Artifact) string {
	id := a.Identity
	var parts []string
	for _, v := range []string{id.Service.Value, id.Instance.Value, id.Host.Value} {
		if v != "" {
			parts = append(parts, v)
		}
	}
	if len(parts) > 0 {
		return strings.Join(parts, " ")
	}
	return path.Dir(a.Path)
}

// ProcessSubject is the name of a process as a subject has it: without the folders above its own, which have other
// names in the next capture.
func ProcessSubject(process string) string { return process[strings.LastIndexByte(process, '/')+1:] }
