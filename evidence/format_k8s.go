package evidence

import (
	"encoding/json"
	"strings"
)

// formatK8s reads what `kubectl get nodes,pods -o json` prints: a list, one object, objects one after
// the other (-w, or one a line), an array of them, and the typed lists of the API itself.
//
// It keeps what places a pod on a node and a node in a zone; other kinds are counted.
var formatK8s = format{
	sniff: sniffK8sList,
	read: func(in *input) bool {
		w := &k8sWalk{placeWalk: newPlaceWalk(in), stats: &PlaceStats{}}
		w.object = w.document
		in.art.Format, in.art.Places = "k8s/list", w.stats
		w.run()
		return true
	},
}

type k8sWalk struct {
	*placeWalk
	stats *PlaceStats
}

// k8sObject is the part of a Node or Pod that says where it is (k8s.io/api/core/v1, types.go).
type k8sObject struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name      string            `json:"name"`
		Namespace string            `json:"namespace"`
		UID       string            `json:"uid"`
		Labels    map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		NodeName   string `json:"nodeName"`
		ProviderID string `json:"providerID"`
	} `json:"spec"`
	Status struct {
		Addresses []struct {
			Type    string `json:"type"`
			Address string `json:"address"`
		} `json:"addresses"`
		NodeInfo struct {
			MachineID  string `json:"machineID"`
			SystemUUID string `json:"systemUUID"`
		} `json:"nodeInfo"`
		HostIP                string         `json:"hostIP"`
		PodIP                 string         `json:"podIP"`
		PodIPs                []k8sIP        `json:"podIPs"`
		ContainerStatuses     []k8sContainer `json:"containerStatuses"`
		InitContainerStatuses []k8sContainer `json:"initContainerStatuses"`
	} `json:"status"`
}

type k8sIP struct {
	IP string `json:"ip"`
}

type k8sContainer struct {
	ContainerID string `json:"containerID"`
}

// document reads a list or an object. kubectl sorts keys, so that the kind of a list comes behind its
// items, which name their own; the API's typed lists name it before.
func (w *k8sWalk) document() scanState {
	const inside = "a Kubernetes object"
	from := w.in.off()
	var o k8sObject
	members := map[string]any{"kind": &o.Kind, "metadata": &o.Metadata, "spec": &o.Spec, "status": &o.Status}
	list := false
	w.in.advance(1)
	for {
		ch, ok := w.next()
		switch {
		case !ok:
			return w.ends(from, inside)
		case ch == ',':
			w.in.advance(1)
			continue
		case ch == '}':
			w.in.advance(1)
			if !list {
				w.add(&o, w.in.ref(from, w.in.off()-from))
			}
			return scanOK
		}
		key, state := w.key(inside)
		if state != scanOK {
			return state
		}
		ch, ok = w.next()
		if !ok {
			return w.ends(from, inside)
		}
		if key == "items" && ch == '[' {
			list = true
			state = w.items(from, strings.TrimSuffix(o.Kind, "List"))
		} else {
			state = w.member(members[key], inside)
		}
		if state != scanOK {
			return state
		}
	}
}

// member reads a value into v, which is nil for one that is not needed.
func (w *k8sWalk) member(v any, inside string) scanState {
	value, state := w.leaf(inside)
	if v != nil && value != nil {
		w.decode(value, v)
	}
	w.in.advance(len(value))
	return state
}

// decode reads the value at the window's start. What has a wrong type is left out and recorded.
func (w *placeWalk) decode(value []byte, v any) {
	if err := json.Unmarshal(value, v); err != nil {
		w.in.lose(w.in.off(), int64(len(value)), InReading, "%s", strings.TrimPrefix(err.Error(), "json: "))
	}
}

// items reads the items of a list that begins at from, at their opening bracket. kind is theirs where
// they do not name it.
func (w *k8sWalk) items(from int64, kind string) scanState {
	w.in.advance(1)
	for {
		ch, ok := w.next()
		switch {
		case !ok:
			return w.ends(w.in.off(), "a list of Kubernetes objects")
		case ch == ']':
			w.in.advance(1)
			return scanOK
		case ch == ',':
			w.in.advance(1)
			continue
		case ch != '{':
			return w.bad(0, "want an object in a list of Kubernetes objects")
		}
		indent := w.indent
		value, state := w.leaf("a Kubernetes object")
		if state == scanBad && indent > 0 && w.resume(indent) {
			continue
		}
		if state != scanOK {
			return state
		}
		if value == nil {
			continue
		}
		o := k8sObject{Kind: kind}
		w.decode(value, &o)
		w.add(&o, w.in.ref(w.in.off(), int64(len(value))))
		w.in.advance(len(value))
	}
}

func (w *k8sWalk) add(o *k8sObject, ref Ref) {
	var p Place
	switch o.Kind {
	case "Node":
		w.stats.Nodes++
		p = o.node()
	case "Pod":
		w.stats.Pods++
		p = o.pod()
	default:
		w.stats.Other++
		return
	}
	p.Ref = ref
	w.in.art.places = append(w.in.art.places, p)
}

func (o *k8sObject) node() Place {
	m, s := &o.Metadata, &o.Status
	p := Place{Kind: PlaceNode, Name: m.Name, UID: m.UID}
	p.provider(o.Spec.ProviderID)
	p.labels(m.Labels)
	for _, id := range []string{s.NodeInfo.MachineID, s.NodeInfo.SystemUUID} {
		if id != "" {
			p.HostIDs = append(p.HostIDs, id)
		}
	}
	for _, a := range s.Addresses {
		switch a.Type {
		case "InternalIP", "ExternalIP":
			p.IPs = append(p.IPs, a.Address)
		case "Hostname", "InternalDNS", "ExternalDNS":
			if a.Address != p.Name {
				p.Names = append(p.Names, a.Address)
			}
		}
	}
	return p
}

func (o *k8sObject) pod() Place {
	m, s := &o.Metadata, &o.Status
	p := Place{Kind: PlacePod, Name: m.Name, UID: m.UID, Namespace: m.Namespace, Node: o.Spec.NodeName, NodeIP: s.HostIP}
	p.labels(m.Labels)
	if s.PodIP != "" {
		p.IPs = append(p.IPs, s.PodIP)
	}
	for _, ip := range s.PodIPs {
		if ip.IP != s.PodIP {
			p.IPs = append(p.IPs, ip.IP)
		}
	}
	for _, list := range [][]k8sContainer{s.ContainerStatuses, s.InitContainerStatuses} {
		for _, c := range list {
			if _, id, found := strings.Cut(c.ContainerID, "://"); found {
				p.Containers = append(p.Containers, id)
			}
		}
	}
	return p
}

// provider reads spec.providerID: aws:///ZONE/INSTANCE, gce://PROJECT/ZONE/NAME,
// azure:///subscriptions/ACCOUNT/…/virtualMachines/NAME.
func (p *Place) provider(id string) {
	scheme, path, found := strings.Cut(id, "://")
	parts := strings.Split(path, "/")
	if !found {
		return
	}
	const from = "spec.providerID"
	switch {
	case scheme == "aws" && len(parts) == 3:
		p.Provider = "aws"
		p.HostIDs = append(p.HostIDs, parts[2])
		p.Zone = Attr{parts[1], from}
	case scheme == "gce" && len(parts) == 3:
		// The account of a resource is the project's name too (semantic conventions, cloud.account.id).
		p.Provider, p.Account = "gcp", parts[0]
		p.Zone = Attr{parts[1], from}
		p.Names = append(p.Names, parts[2])
	case scheme == "azure":
		p.Provider = "azure"
		if len(parts) > 2 && parts[1] == "subscriptions" {
			p.Account = parts[2]
		}
	}
	if p.Zone.Value == "" {
		p.Zone = Attr{}
	}
}

// Labels of nodes, and of pods since KEP-4742 copies them (alpha in 1.33, beta in 1.35). The older
// names are deprecated since 1.17 and still on nodes of old clusters.
var (
	zoneLabels   = []string{"topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"}
	regionLabels = []string{"topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"}
)

// zoneIDLabel is the one that cloud-provider-aws sets.
const zoneIDLabel = "topology.k8s.aws/zone-id"

func (p *Place) labels(labels map[string]string) {
	for _, l := range zoneLabels {
		zone := labels[l]
		if zone == "" || isFaultDomain(zone) && (p.Provider == "azure" || p.Kind == PlacePod) {
			continue
		}
		p.Zone = Attr{zone, "label " + l}
		break
	}
	for _, l := range regionLabels {
		if labels[l] != "" {
			p.Region = Attr{labels[l], "label " + l}
			break
		}
	}
	p.ZoneID = labels[zoneIDLabel]
}
