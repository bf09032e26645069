package evidence

import (
	"fmt"
	"strings"
)

// tieToNodes gives the resources of pods that name no host the node on which the pod runs, and that
// node's clock: pods of one node share it. Only keys that no two pods can have lead there, and where
// another resource records the node, its key of the clock is taken over.
func (x *placeIndex) tieToNodes() {
	names := newHostNames(x.b.Resources)
	for i := range x.b.Resources {
		r := &x.b.Resources[i]
		if !weakDomain(r.Identity.Domain) {
			continue
		}
		node, from := x.nodeOf(r)
		if node == "" {
			continue
		}
		domain := node
		if m, ok := names.exact(node); ok {
			domain = m.domain.Value
		}
		r.Identity.Domain = Attr{domain, from}
		if r.Identity.Host.Value == "" {
			r.Identity.Host = Attr{node, from}
		}
	}
}

// weakDomain reports whether a clock is keyed by something that names no host.
func weakDomain(domain Attr) bool {
	switch domain.From {
	case "resource " + resourceKeys[resInstance], "resource " + resourceKeys[resPodUID]:
		return true
	}
	return strings.HasPrefix(domain.From, digestFrom)
}

// nodeOf returns the name of the node that the resource's pod runs on; "" where nothing tells, or two
// records of the pod disagree.
func (x *placeIndex) nodeOf(r *Resource) (node, from string) {
	for _, key := range []placeKey{
		{keyPodUID, r.Keys.PodUID}, {keyContainer, r.Keys.ContainerID}, {keyInstance, r.Identity.Instance.Value},
	} {
		for _, i := range x.of(key.kind, key.value, PlacePod) {
			p := &x.b.Places[i]
			switch {
			case p.Node == "":
			case node == "":
				node = p.Node
				from = fmt.Sprintf("%spod %s of %s, by %s", joinPrefix, p.Name, x.b.Artifacts[p.Ref.Artifact].Path, keyNames[key.kind])
			case node != p.Node:
				return "", ""
			}
		}
		if node != "" {
			return node, from
		}
	}
	return "", ""
}
