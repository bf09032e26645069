package evidence

import (
	"fmt"
	"strings"
)

// join finds the zone of every resource and artifact that does not say it, and what contradicts
// those that do. It runs once, when all artifacts are merged, so that the result depends on no order of
// workers.
//
// What is recorded or declared is kept; then counts, in this order, the node that a resource runs on,
// the host's own metadata, what another resource of the host records, and an address. A key that leads
// to places in different zones leads nowhere.
func (x *placeIndex) join() {
	x.indexHosts()
	x.conflictsOfPlaces()
	for i := range x.b.Resources {
		x.joinResource(uint32(i))
	}
	x.joinArtifacts()
}

// probe is one way from a resource to its place.
type probe struct {
	kind  keyKind
	value string
	basis JoinBasis
	kinds []PlaceKind // nil for resources and artifacts of the same host
}

var (
	podOnly  = []PlaceKind{PlacePod}
	nodeOnly = []PlaceKind{PlaceNode}
	hostOnly = []PlaceKind{PlaceHost}
	anyPlace = []PlaceKind{PlaceNode, PlaceHost}
)

// probes lists the ways, strongest first.
func (r *Resource) probes() []probe {
	k := &r.Keys
	podName := ""
	if k.Namespace != "" && k.PodName != "" {
		podName = k.Namespace + "/" + k.PodName
	}
	host := k.HostName
	if h := r.Identity.Host; h.Value != "" && !strings.HasPrefix(h.From, "resource ") {
		host = h.Value // declared: whoever did knows better than an SDK in a container
	}
	list := []probe{
		{keyPodUID, k.PodUID, JoinNode, podOnly},
		{keyPodName, podName, JoinNode, podOnly},
		{keyContainer, k.ContainerID, JoinNode, podOnly},
		{keyInstance, r.Identity.Instance.Value, JoinNode, podOnly},
		{keyNodeUID, k.NodeUID, JoinNode, nodeOnly},
		{keyNodeName, k.NodeName, JoinNode, nodeOnly},
		{keyHostID, k.HostID, JoinNode, nodeOnly},
		{keyHostName, host, JoinNode, nodeOnly},
		{keyHostID, k.HostID, JoinMetadata, hostOnly},
		{keyHostName, host, JoinMetadata, hostOnly},
		{keyHostName, k.NodeName, JoinMetadata, hostOnly},
		{keyNodeUID, k.NodeUID, JoinHost, nil},
		{keyHostID, k.HostID, JoinHost, nil},
		{keyHostName, k.NodeName, JoinHost, nil},
		{keyHostName, host, JoinHost, nil},
		{keyIP, k.PodIP, JoinIP, []PlaceKind{PlacePod, PlaceNode}},
	}
	for ip := range strings.SplitSeq(k.HostIPs, ",") {
		list = append(list, probe{keyIP, ip, JoinIP, anyPlace})
	}
	return append(list, probe{keyEC2Name, host, JoinIP, hostOnly}, probe{keyEC2Name, k.NodeName, JoinIP, hostOnly})
}

// find follows one way. The resource itself is no witness of where it is.
func (x *placeIndex) find(p probe, resource uint32, account string) (located, bool) {
	if p.value == "" {
		return located{}, false
	}
	var l located
	ok := false
	if p.kinds != nil {
		k := foundKey{placeKey{p.kind, p.value}, p.basis, p.kinds[0], account}
		known, asked := x.found[k]
		if !asked {
			known.located, known.ok = x.agreed(x.of(p.kind, p.value, p.kinds...), account, p.basis)
			x.found[k] = known
		}
		l, ok = known.located, known.ok
	} else if k := (placeKey{p.kind, p.value}); !x.rival[k] || resource != NoResource {
		for _, other := range x.onHost[k] {
			if other.resource != resource || resource == NoResource {
				l, ok = other, !otherAccount(other.provider, account, other.account)
				break
			}
		}
	}
	if ok {
		l.from += ", by " + keyNames[p.kind]
	}
	return l, ok
}

// joinResource finds the places of a resource. The first that tells a zone fills the hole, and each
// that differs from what is kept is a conflict.
func (x *placeIndex) joinResource(i uint32) {
	r := &x.b.Resources[i]
	x.conflictsOfRegion(i)
	var first located
	found := false
	var last JoinBasis
	for _, p := range r.probes() {
		l, ok := x.find(p, i, r.Keys.Account)
		if !ok {
			continue
		}
		if p.kinds == nil && r.Identity.AZ.Value == "" && x.rival[placeKey{p.kind, p.value}] {
			continue // the host's resources contradict each other
		}
		if !found || first.zone == "" && l.zone != "" {
			first, found = l, true
		}
		if l.basis != last {
			x.conflictsOfResource(i, &l)
			last = l.basis
		}
	}
	if !found {
		return
	}
	from := joinPrefix + first.from
	if r.Identity.AZ.Value == "" && first.zone != "" {
		r.Identity.AZ = Attr{first.zone, from}
	}
	if r.Region.Value == "" && first.region != "" {
		r.Region = Attr{first.region, from}
	}
	x.b.PlaceJoins = append(x.b.PlaceJoins, PlaceJoin{
		Resource: i, Zone: first.zone, Region: first.region, Basis: first.basis, From: first.from, Refs: first.refs,
	})
}

// indexHosts notes the resources and artifacts that know their host and their zone.
func (x *placeIndex) indexHosts() {
	note := func(l located, keys ...placeKey) {
		for _, k := range keys {
			if k.value == "" {
				continue
			}
			list := x.onHost[k]
			if len(list) > 0 && !sameZone(list[0].zone, &l) && !otherAccount(l.provider, list[0].account, l.account) {
				x.rival[k] = true
			}
			if len(list) < 2 { // one of them may be the one that asks
				x.onHost[k] = append(list, l)
			}
		}
	}
	for i := range x.b.Resources {
		r := &x.b.Resources[i]
		if r.Identity.AZ.Value == "" {
			continue
		}
		l := located{
			zone: r.Identity.AZ.Value, region: r.Region.Value, basis: JoinHost, refs: []Ref{r.Ref}, resource: uint32(i),
			account: r.Keys.Account, provider: r.Keys.Provider,
			from: fmt.Sprintf("resource of %s of the same host, %s", x.b.Artifacts[r.Ref.Artifact].Path, r.Identity.AZ.From),
		}
		note(l, placeKey{keyNodeUID, r.Keys.NodeUID}, placeKey{keyHostID, r.Keys.HostID}, placeKey{keyHostName, r.Keys.HostName})
		if r.Keys.NodeName != r.Keys.HostName {
			note(l, placeKey{keyHostName, r.Keys.NodeName})
		}
	}
	for i, a := range x.b.Artifacts {
		if a.Traces == nil && a.Identity.AZ.Value != "" && a.Identity.Host.Value != "" {
			note(located{
				zone: a.Identity.AZ.Value, basis: JoinHost, refs: []Ref{{Artifact: uint32(i)}}, resource: NoResource,
				from: fmt.Sprintf("%s of the same host, %s", a.Path, a.Identity.AZ.From),
			}, placeKey{keyHostName, a.Identity.Host.Value})
		}
	}
}
