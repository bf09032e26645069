package evidence

import (
	"fmt"
	"slices"
	"strings"
)

// keyKind says what names a place.
type keyKind uint8

const (
	keyPodUID keyKind = iota
	keyPodName
	keyContainer
	keyNodeUID
	keyNodeName
	keyHostID
	keyHostName
	keyIP
	keyEC2Name // made of an address, and no better than one
	keyInstance
)

// keyNames as they stand in provenance.
var keyNames = [...]string{
	keyPodUID: "pod uid", keyPodName: "pod name", keyContainer: "container id", keyNodeUID: "node uid",
	keyNodeName: "node name", keyHostID: "host id", keyHostName: "host name", keyIP: "address",
	keyEC2Name: "address in the host name", keyInstance: "pod uid in service.instance.id",
}

type placeKey struct {
	kind  keyKind
	value string
}

// foundKey is a key as a resource of an account asks for it.
type foundKey struct {
	key     placeKey
	basis   JoinBasis
	kind    PlaceKind // the first that is asked for
	account string
}

type foundPlace struct {
	located
	ok bool
}

// placeIndex finds places by their keys, in the order of the places.
type placeIndex struct {
	b     *Bundle
	byKey map[placeKey][]uint32
	// onHost finds resources and artifacts that know both their host and their zone.
	onHost map[placeKey][]located
	// found keeps what a key leads to, as thousands of resources may ask for the same one.
	found map[foundKey]foundPlace
	// rival says that two of those that one key names are in different zones.
	rival map[placeKey]bool
}

// located is a zone with all that is known of where it comes from.
type located struct {
	zone, zoneID, region string
	from                 string
	basis                JoinBasis
	refs                 []Ref
	account, provider    string
	resource             uint32 // that records it; NoResource where a place does
}

func newPlaceIndex(b *Bundle) *placeIndex {
	x := &placeIndex{b: b, byKey: map[placeKey][]uint32{}, onHost: map[placeKey][]located{}, rival: map[placeKey]bool{}, found: map[foundKey]foundPlace{}}
	for i := range b.Places {
		p := &b.Places[i]
		if p.Kind == PlaceHost && p.Name == "" && len(p.HostIDs) == 0 {
			// A bare zone, whose file somebody has said to be of a host.
			p.Name = b.Artifacts[p.Ref.Artifact].Identity.Host.Value
		}
		x.add(uint32(i), p)
	}
	return x
}

func (x *placeIndex) add(i uint32, p *Place) {
	put := func(kind keyKind, values ...string) {
		for _, v := range values {
			k := placeKey{kind, v}
			if list := x.byKey[k]; v != "" && (len(list) == 0 || list[len(list)-1] != i) && !x.repeated(list, p) {
				x.byKey[k] = append(list, i)
			}
		}
	}
	if p.Kind == PlacePod {
		put(keyPodUID, p.UID)
		put(keyInstance, p.UID)
		if p.Namespace != "" && p.Name != "" {
			put(keyPodName, p.Namespace+"/"+p.Name)
		}
		put(keyContainer, p.Containers...)
	} else {
		put(keyHostID, p.HostIDs...)
		put(keyHostName, p.Name)
		put(keyHostName, p.Names...)
	}
	if p.Kind == PlaceNode {
		put(keyNodeUID, p.UID)
		put(keyNodeName, p.Name)
	}
	for _, s := range p.IPs {
		ip := hostIP(s)
		put(keyIP, ip)
		if p.Kind == PlaceHost && p.Provider == "aws" {
			put(keyEC2Name, ec2Name(ip, p.Region.Value)...)
		}
	}
}

// repeated reports whether a host is described again as before: metadata may be captured every minute,
// and a thousand equal answers say no more than the first.
func (x *placeIndex) repeated(list []uint32, p *Place) bool {
	const looked = 32
	for _, i := range list[:min(looked, len(list))] {
		q := &x.b.Places[i]
		if q.Kind == PlaceHost && p.Kind == PlaceHost && q.Zone == p.Zone && q.Region == p.Region && q.Account == p.Account && q.Provider == p.Provider {
			return true
		}
	}
	return false
}

// of returns the places of some kinds that a key names.
func (x *placeIndex) of(kind keyKind, value string, kinds ...PlaceKind) []uint32 {
	if value == "" {
		return nil
	}
	var out []uint32
	for _, i := range x.byKey[placeKey{kind, value}] {
		if slices.Contains(kinds, x.b.Places[i].Kind) {
			out = append(out, i)
		}
	}
	return out
}

// locate follows a place to its zone.
func (x *placeIndex) locate(i uint32) (located, bool) {
	switch p := &x.b.Places[i]; p.Kind {
	case PlacePod:
		return x.locatePod(p)
	case PlaceNode:
		return x.locateNode(p)
	default:
		return x.own(p, JoinMetadata)
	}
}

// own is the zone that a record itself names.
func (x *placeIndex) own(p *Place, basis JoinBasis) (located, bool) {
	l := located{
		zone: p.Zone.Value, zoneID: p.ZoneID, region: p.Region.Value, basis: basis, refs: []Ref{p.Ref},
		account: p.Account, provider: p.Provider, resource: NoResource,
	}
	from := p.Zone.From
	if from == "" {
		from = p.Region.From
	}
	l.from = fmt.Sprintf("%s %s of %s, %s", p.Kind, p.shown(), x.b.Artifacts[p.Ref.Artifact].Path, from)
	return l, l.zone != "" || l.region != ""
}

// shown is the name of a place in provenance.
func (p *Place) shown() string {
	if p.Name == "" && len(p.HostIDs) > 0 {
		return p.HostIDs[0]
	}
	return p.Name
}

// locateNode takes the zone of a node from its labels, else from the metadata of its machine. The latter
// also tells the account, which Kubernetes does not on AWS.
func (x *placeIndex) locateNode(p *Place) (located, bool) {
	l, ok := x.own(p, JoinNode)
	for _, id := range p.HostIDs {
		h, found := x.agreed(x.of(keyHostID, id, PlaceHost), "", JoinMetadata)
		if !found {
			continue
		}
		if l.account == "" {
			l.account, l.provider = h.account, h.provider
		}
		if l.zone == "" {
			h.refs = append(slices.Clone(l.refs), h.refs...)
			return h, true
		}
	}
	if l.zone == "" {
		if h, found := x.agreed(x.of(keyHostName, p.Name, PlaceHost), l.account, JoinMetadata); found {
			h.refs = append(slices.Clone(l.refs), h.refs...)
			return h, true
		}
	}
	return l, ok
}

// locatePod takes the zone of a pod from its node, else from its own labels, else from the address of
// its node.
func (x *placeIndex) locatePod(p *Place) (located, bool) {
	nodes := x.near(p, x.of(keyNodeName, p.Node, PlaceNode))
	l, ok := x.agreed(nodes, "", JoinNode)
	if !ok || l.zone == "" {
		if own, found := x.own(p, JoinNode); found && own.zone != "" {
			return own, true
		}
	}
	if !ok {
		l, ok = x.agreed(x.of(keyHostName, p.Node, PlaceHost), "", JoinMetadata)
	}
	if !ok {
		l, ok = x.agreed(x.of(keyIP, hostIP(p.NodeIP), PlaceNode, PlaceHost), "", JoinIP)
	}
	if ok {
		l.refs = append([]Ref{p.Ref}, l.refs...)
	}
	return l, ok
}

// near keeps, of nodes with the same name, those of the pod's own file, else of its folder: clusters
// often name their nodes alike.
func (x *placeIndex) near(p *Place, nodes []uint32) []uint32 {
	if len(nodes) < 2 {
		return nodes
	}
	path := x.b.Artifacts[p.Ref.Artifact].Path
	folder := path[:strings.LastIndexByte(path, '/')+1]
	for _, same := range []func(a uint32) bool{
		func(a uint32) bool { return a == p.Ref.Artifact },
		func(a uint32) bool {
			other := x.b.Artifacts[a].Path
			return other[:strings.LastIndexByte(other, '/')+1] == folder
		},
	} {
		var kept []uint32
		for _, i := range nodes {
			if same(x.b.Places[i].Ref.Artifact) {
				kept = append(kept, i)
			}
		}
		if len(kept) > 0 {
			return kept
		}
	}
	return nodes
}

// agreed is the zone on which all places agree that are in an account, unknown ones included. Where two
// differ, nothing tells which of them is meant. The basis is none stronger than the key is.
func (x *placeIndex) agreed(places []uint32, account string, basis JoinBasis) (located, bool) {
	var kept located
	found := false
	for _, i := range places {
		l, ok := x.locate(i)
		if !ok || otherAccount(l.provider, account, l.account) {
			continue
		}
		switch {
		case !found:
			kept, found = l, true
		case !sameZone(kept.zone, &l) || kept.region != "" && l.region != "" && kept.region != l.region:
			return located{}, false
		}
	}
	kept.basis = max(kept.basis, basis)
	return kept, found
}

// otherAccount reports whether two accounts are known to differ, so that their names of zones must not
// be compared: AWS and Azure map names to zones anew for each account. GCE does not.
func otherAccount(provider, a, b string) bool {
	return provider != "gcp" && a != "" && b != "" && a != b
}

// sameZone reports whether zone may be a name of where l is.
func sameZone(zone string, l *located) bool {
	switch {
	case strings.EqualFold(zone, l.zone) || l.zoneID != "" && zone == l.zoneID:
		return true
	case isZoneID(zone) != isZoneID(l.zone):
		return l.zoneID == "" // a name and an id cannot be compared
	case l.provider == "azure" && isFaultDomain(zone):
		return strings.EqualFold(azureZone(zone, l.region), l.zone)
	}
	return false
}
