package evidence

import "strings"

// joinArtifacts gives artifacts the zone that follows from their host, or from their resources.
func (x *placeIndex) joinArtifacts() {
	x.singlePlaces()
	resources := x.resourcesByArtifact()
	names := newHostNames(x.b.Resources)
	for i, a := range x.b.Artifacts {
		if a.Profile != nil || a.Dump != nil {
			x.nameHost(a, names)
		}
		switch {
		case a.Identity.AZ.Value != "":
		case a.Traces != nil:
			a.Identity.AZ = x.commonZone(resources[i])
		case a.Identity.Host.Value != "":
			x.joinHost(a)
		}
	}
}

// nameHost finds the host of a profile or dump that says nothing of it in its path: captures of many hosts
// are kept in files and folders that begin with the host's name. The element nearest the file counts.
func (x *placeIndex) nameHost(a *Artifact, names *hostNames) {
	id := &a.Identity
	if id.Host.Value != "" || id.Domain.Value != "" {
		return
	}
	what := "file name"
	for path := a.Path; path != ""; what = "folder name" {
		if m, ok := names.beginning(path); ok {
			from := what + " begins with " + m.domain.From
			id.Domain = Attr{m.domain.Value, from}
			if id.Host = (Attr{m.host, from}); m.host == "" {
				id.Host = Attr{m.name, from}
			}
			return
		}
		base := path[strings.LastIndexAny(path, "/!")+1:]
		for end := len(base); end > 0; end = strings.LastIndexByte(base[:end], '.') {
			if len(x.of(keyHostName, base[:end], PlaceNode, PlaceHost)) > 0 {
				from := what + " begins with the name of a node or host"
				id.Host, id.Domain = Attr{base[:end], from}, Attr{base[:end], from}
				return
			}
		}
		path = path[:max(0, strings.LastIndexAny(path, "/!"))]
	}
}

// singlePlaces says what an artifact is of that describes one host.
func (x *placeIndex) singlePlaces() {
	for i := range x.b.Places {
		p := &x.b.Places[i]
		a := x.b.Artifacts[p.Ref.Artifact]
		if s := a.Places; p.Kind != PlaceHost || s.Hosts != 1 || s.Nodes+s.Pods+s.Other > 0 {
			continue
		}
		if a.Identity.Host.Value == "" && p.Name != "" {
			a.Identity.Host = Attr{p.Name, string(a.Format)}
		}
		if a.Identity.AZ.Value == "" && p.Zone.Value != "" {
			a.Identity.AZ = Attr{p.Zone.Value, string(a.Format) + " " + p.Zone.From}
		}
	}
}

// resourcesByArtifact returns, for each artifact, the resources of its spans.
func (x *placeIndex) resourcesByArtifact() map[int][]uint32 {
	out := map[int][]uint32{}
	for _, o := range x.b.Origins {
		out[int(o.Artifact)] = append(out[int(o.Artifact)], o.Resource)
	}
	return out
}

// commonZone is the zone on which resources agree, none of them without one.
func (x *placeIndex) commonZone(resources []uint32) Attr {
	var az Attr
	for n, i := range resources {
		other := x.b.Resources[i].Identity.AZ
		if n > 0 && other.Value != az.Value {
			return Attr{}
		}
		if n == 0 {
			az = other
		}
	}
	return az
}

// joinHost finds the zone of an artifact by its host, which was declared.
func (x *placeIndex) joinHost(a *Artifact) {
	host := a.Identity.Host.Value
	for _, p := range []probe{
		{keyHostName, host, JoinNode, nodeOnly},
		{keyHostID, host, JoinNode, nodeOnly},
		{keyHostName, host, JoinMetadata, hostOnly},
		{keyHostID, host, JoinMetadata, hostOnly},
		{keyHostName, host, JoinHost, nil},
		{keyHostID, host, JoinHost, nil},
		{keyIP, hostIP(host), JoinIP, anyPlace},
		{keyEC2Name, host, JoinIP, hostOnly},
	} {
		if l, ok := x.find(p, NoResource, ""); ok && l.zone != "" {
			a.Identity.AZ = Attr{l.zone, joinPrefix + l.from}
			return
		}
	}
}
