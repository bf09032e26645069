package evidence

import "strings"

// What a writer needs that goes through OTLP on its own: the reader's view of one resource and of one
// message.

// ResourceOf reads the resource that an encoded Resource message holds, or the object of one in
// OTLP/JSON. Its identity is what the attributes alone tell; see Artifact.Identify for the rest.
func ResourceOf(encoded []byte, json bool) Resource {
	if json {
		var r jsonResource
		return r.read(encoded, Ref{})
	}
	var r protoResource
	return r.read(encoded, Ref{})
}

// Identify returns the identity of a resource of the artifact: what --identity and the manifest declare,
// then what the resource's attributes tell, then what the path does.
func (a *Artifact) Identify(attributes Identity) Identity {
	var declared, guessed Identity
	for _, key := range identityKeys {
		from := a.Identity.field(key)
		switch {
		case from == nil || from.Value == "":
		case strings.HasPrefix(from.From, "--identity"), strings.HasPrefix(from.From, "manifest "):
			*declared.field(key) = *from
		case strings.HasPrefix(from.From, "path"):
			*guessed.field(key) = *from
		}
	}
	return merged(declared, attributes, guessed)
}

// OTLPSignal says which signal a protobuf message of OTLP is of: "traces", "metrics", "logs" or
// "profiles"; "" where the message does not tell, as one without a record.
func OTLPSignal(message []byte) string {
	p := protoProbe{left: maxProbeFields}
	switch p.fields(message, 0) {
	case signalTraces:
		return "traces"
	case signalMetrics:
		return "metrics"
	case signalLogs:
		return "logs"
	case signalProfiles:
		return "profiles"
	}
	return ""
}
