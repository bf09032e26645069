package spans

import (
	"fmt"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// Services numbers the services of a bundle, so that loops over spans compare numbers.
type Services struct {
	// ByOrigin holds the number of the service of each element of Bundle.Origins.
	ByOrigin []uint32
	// Names holds the names by number.
	Names []string
}

// ServiceIndex is the Services of the bundle.
var ServiceIndex = analyze.NewIndex(func(b *evidence.Bundle) *Services {
	s := &Services{ByOrigin: make([]uint32, len(b.Origins))}
	numbers := map[string]uint32{}
	for i := range b.Origins {
		name := b.Resource(uint32(i)).Identity.Service.Value
		if name == "" {
			name = unnamedService
		}
		n, ok := numbers[name]
		if !ok {
			n = uint32(len(s.Names))
			s.Names = append(s.Names, name)
			numbers[name] = n
		}
		s.ByOrigin[i] = n
	}
	return s
})

const (
	// unnamedService stands for the service of resources without service.name.
	unnamedService = "(no service.name)"
	// unknownService stands for a service that cannot be told.
	unknownService = "?"
	// otherSubjects stands for what is beyond the bound on findings.
	otherSubjects = "(other)"
)

// lacksService reports whether a resource does not say which service it is: SDKs fill in
// "unknown_service" or "unknown_service:PROCESS" where nobody configured a name (OpenTelemetry resource
// semantic conventions, service.name).
func lacksService(r *evidence.Resource) bool {
	s := r.Identity.Service.Value
	return s == "" || s == "unknown_service" || strings.HasPrefix(s, "unknown_service:")
}

// Exhibit points at the record of a span.
func Exhibit(b *evidence.Bundle, row uint32, role string) analyze.Exhibit {
	s := b.Span(int(row))
	var text strings.Builder
	if s.Trace == evidence.NoTrace {
		text.WriteString("trace=invalid")
	} else {
		fmt.Fprintf(&text, "trace=%x", b.Traces[s.Trace])
	}
	writeID(&text, "span", s.ID, s.Flags&evidence.BadSpanID != 0)
	if s.Parent != 0 || s.Flags&evidence.BadParentID != 0 {
		writeID(&text, "parent", s.Parent, s.Flags&evidence.BadParentID != 0)
	}
	if service := b.Resource(s.Origin).Identity.Service.Value; service != "" {
		text.WriteString(" " + service)
	}
	text.WriteString(" " + b.Strings[s.Name])
	return analyze.Exhibit{Ref: s.Ref, Role: role, Text: text.String()}
}

// writeID writes an id, or what is wrong with it: the column of a bad id holds its length.
func writeID(w *strings.Builder, key string, id uint64, bad bool) {
	if bad {
		fmt.Fprintf(w, " %s=invalid(%d bytes)", key, id)
		return
	}
	fmt.Fprintf(w, " %s=%016x", key, id)
}
