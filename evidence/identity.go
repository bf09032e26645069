package evidence

// Attr is one identity value and where it came from.
type Attr struct {
	Value string
	// From names the source, such as "resource host.name", "manifest witnessmark.yaml", "--identity" or
	// "path". "" when Value is "".
	From string
}

// Identity says which process, host and zone an artifact or resource is of.
type Identity struct {
	Service, Instance, Host, AZ Attr
	// Domain keys the clock that stamped it. Splitting one clock in two is sound, merging two is not, so
	// the key is the strongest host identity that the evidence holds.
	Domain Attr
}

// Resource is one distinct OTLP resource: the attributes that identify a process, and a digest of all.
type Resource struct {
	Ref      Ref // where it was first seen
	Identity Identity
	Region   Attr // cloud.region
	// AZRecorded is the attribute cloud.availability_zone as it stands in the bytes, "" if absent or
	// empty. Identity.AZ may come from elsewhere, see Attr.From.
	AZRecorded string
	// Keys find the resource among the bundle's places.
	Keys PlaceKeys
	// Version is service.version, of the program; "" if absent.
	Version string
	// SDK names the telemetry SDK, as "go/1.47.0" (telemetry.sdk.language/version); "" if absent.
	SDK string
	// RuntimeVersion is process.runtime.version, such as "go1.26.8"; "" if absent.
	RuntimeVersion string
	// Digest of all attributes, independent of their order and of the encoding.
	Digest uint64
}

// DomainByDigest is Attr.From of a clock domain that nothing but a digest of all resource attributes
// keys: processes with equal attributes, such as replicas without identity, then share one key.
const DomainByDigest = "digest of all resource attributes"
