package evidence

import (
	"net/netip"
	"strings"
)

// PlaceKind says what a Place is of.
type PlaceKind string

// Kinds of places.
const (
	PlaceNode PlaceKind = "node" // a Kubernetes node
	PlacePod  PlaceKind = "pod"  // a Kubernetes pod
	PlaceHost PlaceKind = "host" // a machine, as its cloud or a table describes it
)

// Place is one record that says where something runs: a node or pod of a `kubectl get -o json`, the
// metadata of one cloud instance, or a row of a host,az table. Values are as recorded, but for
// zones: see Zone.
type Place struct {
	Ref  Ref
	Kind PlaceKind
	// Name of the node, pod or host; "" where the record has none.
	Name string
	// UID of a node or pod.
	UID string
	// Namespace and Node (spec.nodeName) of a pod, and the address of its node (status.hostIP).
	Namespace, Node, NodeIP string
	// HostIDs are the ids that OpenTelemetry's host.id may hold: of the cloud instance, of the machine
	// (/etc/machine-id), of its firmware.
	HostIDs []string
	// Names are further names of the host.
	Names []string
	// IPs of the host or pod.
	IPs []string
	// Containers are the ids of a pod's containers, without the runtime's prefix.
	Containers []string
	// Zone as resources name it: without the path that GCE puts before it, and with the region that
	// Azure's metadata leaves out ("westus2-1"). "" for none; Azure writes a fault domain where a machine
	// is in no zone, which is none.
	Zone Attr
	// ZoneID is the name of the zone that is the same in every AWS account, such as "usw2-az1".
	ZoneID string
	Region Attr
	// Account that owns the machine, and its cloud, as OpenTelemetry names it: "aws", "gcp", "azure".
	Account, Provider string
}

// PlaceKeys are the attributes of a resource by which it is found among places; "" where absent.
type PlaceKeys struct {
	HostID, HostName                        string
	NodeUID, NodeName                       string
	PodUID, PodName, Namespace, ContainerID string
	PodIP                                   string
	HostIPs                                 string // separated by commas
	Account, Provider                       string
}

// PlaceStats counts the records of an artifact that holds places.
type PlaceStats struct {
	Nodes, Pods, Hosts int
	// Other counts Kubernetes objects of other kinds, which say nothing about places.
	Other int
}

// JoinBasis says how strongly a resource is tied to the place that was found for it, strongest first.
type JoinBasis uint8

const (
	JoinNode     JoinBasis = iota + 1 // through a Kubernetes node, or the pod that runs on it
	JoinMetadata                      // through the host's own metadata, or a host,az table
	JoinHost                          // another resource of the same host records it
	JoinIP                            // by an address alone, which another network may use too
)

// joinPrefix begins Attr.From of a value that a join filled in.
const joinPrefix = "join: "

// Joined reports whether the value was not recorded but found by joining the resource or artifact with
// places.
func (a Attr) Joined() bool { return strings.HasPrefix(a.From, joinPrefix) }

// PlaceJoin is what the places tell about one resource.
type PlaceJoin struct {
	Resource uint32 // index into Bundle.Resources
	Zone     string
	Region   string
	Basis    JoinBasis
	// From names the records and the keys that led to them: "node n1 of k8s/nodes.json, by pod uid".
	From string
	// Refs of the records, the one that holds the zone last.
	Refs []Ref
}

// PlaceClaim is one of two values that contradict each other.
type PlaceClaim struct {
	Value, From string
	Ref         Ref
}

// PlaceConflict is a contradiction about where something is. Kept comes first in the order of the
// sources: what was declared or recorded, then the node, then the host's metadata, then other resources
// of the host, then addresses. Zone names of AWS and Azure are compared only within one account.
type PlaceConflict struct {
	// Resource is an index into Bundle.Resources; NoResource where two places contradict each other.
	Resource uint32
	Field    string // "az" or "region"
	// Of names the service of the resource, or the node or host.
	Of string
	// Basis says how strongly the two are tied together.
	Basis       JoinBasis
	Kept, Other PlaceClaim
	// AccountUnknown says that one of the two does not name its account.
	AccountUnknown bool
}

// NoResource is PlaceConflict.Resource of a contradiction between two places.
const NoResource = noResource

// isFaultDomain reports whether a zone label is a bare number: what Azure's cloud provider writes on
// nodes that are in no zone (kubernetes#68718, failure domains of availability sets and scale sets).
func isFaultDomain(zone string) bool { return zone != "" && allDigits([]byte(zone)) }

// isZoneID reports whether a zone is named by AWS's id, such as "usw2-az1", and not by an account's name.
func isZoneID(zone string) bool {
	_, n, found := strings.Cut(zone, "-az")
	return found && allDigits([]byte(n))
}

// afterSlash returns the last element of a path, as of "projects/1/zones/us-central1-a".
func afterSlash(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

// ipList takes apart the canonical text of a list of addresses, or of one, and leaves those that say
// nothing about a host because every host has them.
func ipList(text string) string {
	var kept []string
	for s := range strings.SplitSeq(strings.Trim(text, "[]"), ",") {
		if ip := hostIP(s); ip != "" {
			kept = append(kept, ip)
		}
	}
	return strings.Join(kept, ",")
}

// hostIP returns an address in its shortest form, "" for one that names no single host.
func hostIP(s string) string {
	ip, err := netip.ParseAddr(strings.TrimSpace(s))
	if err != nil {
		return ""
	}
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() {
		return "" // loopback, link-local, multicast, unspecified
	}
	return ip.String()
}
