package evidence

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

	// Localities is the number of localities.
	Localities
)

// LocalityOf tells the locality of a span.
func LocalityOf(kind SpanKind, flags SpanFlags) Locality {
	switch {
	case flags&FlagHasRemote != 0:
		if flags&FlagRemote == 0 {
			return LocalByFlag
		}
	case kind == KindInternal, kind == KindClient, kind == KindProducer:
		return LocalByKind
	}
	return Remote
}

// OneClock reports whether parent and child were stamped by one clock for certain: they are of one
// process, or name one host. Taking one clock for two costs a statement, taking two for one makes a
// false one, so a domain that is but a hash of the resource is not enough for a remote parent: replicas
// without identity have equal resources.
func OneClock(parent, child *Resource, local Locality) bool {
	pd, cd := parent.Identity.Domain, child.Identity.Domain
	switch {
	case local == LocalByFlag:
		return true
	case pd.Value == "" || pd.Value != cd.Value:
		return false
	}
	return local == LocalByKind || pd.From != DomainByDigest
}
