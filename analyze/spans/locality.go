package spans

import "github.com/witnessmark/witnessmark/evidence"

// Locality says whether a span's parent is in the span's own process.
type Locality uint8

// Localities, by what tells them.
const (
	// Remote parents are in another process, or nothing tells.
	Remote Locality = iota
	// LocalByKind: there are no flags, and the span is of a kind that begins no work for a remote caller.
	LocalByKind
	// LocalByFlag: the span's flags say so.
	LocalByFlag

	localities
)

// LocalityOf tells the locality of a span.
func LocalityOf(kind evidence.SpanKind, flags evidence.SpanFlags) Locality {
	switch {
	case flags&evidence.FlagHasRemote != 0:
		if flags&evidence.FlagRemote == 0 {
			return LocalByFlag
		}
	case kind == evidence.KindInternal, kind == evidence.KindClient, kind == evidence.KindProducer:
		return LocalByKind
	}
	return Remote
}
