package evidence

import (
	"fmt"
	"strings"
)

// conflictsOfResource compares what a resource records or declares with what a place tells about it.
func (x *placeIndex) conflictsOfResource(i uint32, l *located) {
	r := &x.b.Resources[i]
	// Of two resources of one host that contradict each other, the later says so.
	if l.resource != NoResource && l.resource > i {
		return
	}
	c := PlaceConflict{
		Resource: i, Of: r.Identity.Service.Value, Basis: l.basis,
		AccountUnknown: l.provider != "gcp" && (r.Keys.Account == "" || l.account == ""),
	}
	ref := l.refs[len(l.refs)-1]
	az, region := r.Identity.AZ, r.Region
	switch {
	case az.Value != "" && l.zone != "" && !sameZone(az.Value, l):
		c.Field = "az"
		c.Kept, c.Other = PlaceClaim{az.Value, az.From, r.Ref}, PlaceClaim{l.zone, l.from, ref}
	case region.Value != "" && l.region != "" && !strings.EqualFold(region.Value, l.region):
		c.Field = "region"
		c.Kept, c.Other = PlaceClaim{region.Value, region.From, r.Ref}, PlaceClaim{l.region, l.from, ref}
	default:
		return
	}
	x.b.PlaceConflicts = append(x.b.PlaceConflicts, c)
}

// conflictsOfRegion finds a resource whose zone is in another region than it records. A zone's name
// begins with its region's on AWS (us-west-2b, us-west-2-lax-1a) and GCE (us-central1-a).
func (x *placeIndex) conflictsOfRegion(i uint32) {
	r := &x.b.Resources[i]
	az, region := r.Identity.AZ, r.Region
	provider := r.Keys.Provider
	if az.Value == "" || region.Value == "" || provider != "aws" && provider != "gcp" || isZoneID(az.Value) ||
		strings.HasPrefix(az.Value, region.Value) {
		return
	}
	x.b.PlaceConflicts = append(x.b.PlaceConflicts, PlaceConflict{
		Resource: i, Field: "region", Of: r.Identity.Service.Value, Basis: JoinNode,
		Kept: PlaceClaim{az.Value, az.From, r.Ref}, Other: PlaceClaim{region.Value, region.From, r.Ref},
	})
}

// conflictsOfPlaces compares records of the same machine: of the same node, of a node and its instance,
// of a host in two tables. Nodes of the same name are not the same node.
func (x *placeIndex) conflictsOfPlaces() {
	for i := range x.b.Places {
		p := &x.b.Places[i]
		if p.Zone.Value == "" {
			continue
		}
		var others []uint32
		switch p.Kind {
		case PlaceNode:
			others = x.of(keyNodeUID, p.UID, PlaceNode)
			for _, id := range p.HostIDs {
				others = append(others, x.of(keyHostID, id, PlaceHost)...)
			}
			if len(x.of(keyNodeName, p.Name, PlaceNode)) == 1 {
				others = append(others, x.of(keyHostName, p.Name, PlaceHost)...)
			}
		case PlaceHost:
			for _, id := range p.HostIDs {
				others = append(others, x.of(keyHostID, id, PlaceHost)...)
			}
		}
		x.conflictOfPlace(uint32(i), others)
	}
}

// conflictOfPlace records the first of others that is in another zone than place i.
func (x *placeIndex) conflictOfPlace(i uint32, others []uint32) {
	p := &x.b.Places[i]
	for _, j := range others {
		q := &x.b.Places[j]
		l := located{zone: q.Zone.Value, zoneID: q.ZoneID, region: q.Region.Value, provider: q.Provider}
		// Two of the same kind meet twice: the later one tells.
		if i == j || q.Kind == p.Kind && j > i || l.zone == "" || sameZone(p.Zone.Value, &l) ||
			otherAccount(p.Provider, p.Account, q.Account) {
			continue
		}
		claim := func(p *Place) PlaceClaim {
			from := fmt.Sprintf("%s %s of %s, %s", p.Kind, p.shown(), x.b.Artifacts[p.Ref.Artifact].Path, p.Zone.From)
			return PlaceClaim{p.Zone.Value, from, p.Ref}
		}
		x.b.PlaceConflicts = append(x.b.PlaceConflicts, PlaceConflict{
			Resource: NoResource, Field: "az", Of: p.shown(), Basis: JoinNode, Kept: claim(p), Other: claim(q),
			AccountUnknown: p.Provider != "gcp" && (p.Account == "" || q.Account == ""),
		})
		return
	}
}
