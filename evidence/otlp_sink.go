package evidence

import (
	"hash/fnv"
	"strconv"
	"strings"
)

// The two OTLP front ends, protobuf and JSON, feed the types of this file, so that the same export gives
// the same rows in either encoding.

// attrKind is the type of an attribute value. The front ends reduce every value to a kind and a
// canonical text, so that digests agree between encodings: integers in decimal, doubles as
// strconv.FormatFloat(v, 'g', -1, 64), booleans as true and false, bytes in lower-case hex, arrays as
// [a,b] and key-value lists as {k:v,…} of the canonical texts.
type attrKind byte

const (
	attrString attrKind = iota + 1
	attrBool
	attrInt
	attrDouble
	attrBytes
	attrArray
	attrKVList
)

// resourceBuilder collects the attributes of one resource.
type resourceBuilder struct {
	digest uint64
	values [len(resourceKeys)]string
}

// The resource attributes that identify a process, by their OpenTelemetry names.
const (
	resService = iota
	resInstance
	resHostID
	resHostName
	resNodeUID
	resNodeName
	resPodUID
	resPodName
	resContainerID
	resAZ
	resRegion
	resSDKLanguage
	resSDKVersion
	resRuntimeVersion
	resNodeZone
	resNodeRegion
	resNamespace
	resPodIP
	resHostIP
	resAccount
	resProvider
	resClock
	resVersion
)

var resourceKeys = [...]string{
	resService:        "service.name",
	resInstance:       "service.instance.id",
	resHostID:         "host.id",
	resHostName:       "host.name",
	resNodeUID:        "k8s.node.uid",
	resNodeName:       "k8s.node.name",
	resPodUID:         "k8s.pod.uid",
	resPodName:        "k8s.pod.name",
	resContainerID:    "container.id",
	resAZ:             "cloud.availability_zone",
	resRegion:         "cloud.region",
	resSDKLanguage:    "telemetry.sdk.language",
	resSDKVersion:     "telemetry.sdk.version",
	resRuntimeVersion: "process.runtime.version",
	resNodeZone:       "k8s.node.label.topology.kubernetes.io/zone",
	resNodeRegion:     "k8s.node.label.topology.kubernetes.io/region",
	resNamespace:      "k8s.namespace.name",
	resPodIP:          "k8s.pod.ip",
	resHostIP:         "host.ip",
	resAccount:        "cloud.account.id",
	resProvider:       "cloud.provider",
	resClock:          "witnessmark.clock.domain",
	resVersion:        "service.version",
}

func (rb *resourceBuilder) reset() { *rb = resourceBuilder{} }

// attr adds one attribute. The digest is a sum over attributes, so that their order does not matter.
func (rb *resourceBuilder) attr(key []byte, kind attrKind, text []byte) {
	h := fnv.New64a()
	h.Write(key)
	h.Write([]byte{0, byte(kind)})
	h.Write(text)
	rb.digest += h.Sum64()
	for i, k := range resourceKeys {
		// host.ip alone is a list.
		if string(key) == k && (kind == attrString || kind == attrArray && i == resHostIP) {
			rb.values[i] = string(text)
			return
		}
	}
}

// build returns the resource that was seen first at ref.
func (rb *resourceBuilder) build(ref Ref) Resource {
	v := &rb.values
	r := Resource{
		Ref:            ref,
		Keys:           rb.keys(),
		AZRecorded:     v[resAZ],
		RuntimeVersion: v[resRuntimeVersion],
		Version:        v[resVersion],
		Digest:         rb.digest,
	}
	r.Identity.Service = rb.from(resService)
	r.Identity.Instance = rb.from(resInstance)
	r.Identity.Host = rb.from(resHostName)
	if r.Identity.Host.Value == "" {
		r.Identity.Host = rb.from(resNodeName)
	}
	r.Region = rb.region()
	r.Identity.AZ = rb.zone()
	r.Identity.Domain = rb.domain()
	if v[resSDKLanguage] != "" {
		r.SDK = v[resSDKLanguage] + "/" + v[resSDKVersion]
	}
	return r
}

// keys returns what finds the resource among places.
func (rb *resourceBuilder) keys() PlaceKeys {
	v := &rb.values
	host := ""
	if rb.namesHost() {
		host = v[resHostName]
	}
	return PlaceKeys{
		HostID: v[resHostID], HostName: host, NodeUID: v[resNodeUID], NodeName: v[resNodeName],
		PodUID: v[resPodUID], PodName: v[resPodName], Namespace: v[resNamespace], ContainerID: v[resContainerID],
		PodIP: v[resPodIP], HostIPs: ipList(v[resHostIP]), Account: v[resAccount], Provider: v[resProvider],
	}
}

// region returns the region as recorded.
func (rb *resourceBuilder) region() Attr {
	if a := rb.from(resRegion); a.Value != "" {
		return a
	}
	return rb.from(resNodeRegion)
}

// zone returns the zone as recorded; what is no zone on Azure is none.
func (rb *resourceBuilder) zone() Attr {
	for _, i := range []int{resAZ, resNodeZone} {
		a := rb.from(i)
		if a.Value == "" {
			continue
		}
		provider := rb.values[resProvider]
		if provider == "azure" && (a.Value == "0" || i == resNodeZone && isFaultDomain(a.Value)) {
			continue
		}
		return a
	}
	return Attr{}
}

func (rb *resourceBuilder) from(i int) Attr {
	if rb.values[i] == "" {
		return Attr{}
	}
	return Attr{Value: rb.values[i], From: "resource " + resourceKeys[i]}
}

// namesHost reports whether host.name is the name of a host, and not of a pod or container, which share
// their node's clock with others; a container's default host name is the first 12 digits of its id.
func (rb *resourceBuilder) namesHost() bool {
	name, container := rb.values[resHostName], rb.values[resContainerID]
	isContainer := container != "" && len(name) >= 12 && len(name) <= len(container) && container[:len(name)] == name
	return name != "" && name != rb.values[resPodName] && !isContainer
}

// domain returns the key of the clock that stamped the resource's spans: the strongest identity of a
// host. What align apply recorded comes first, so that a clock keeps its name in a copy, where also the
// digest of the attributes is another.
func (rb *resourceBuilder) domain() Attr {
	if a := rb.from(resClock); strings.HasPrefix(a.Value, digestPrefix) {
		return Attr{Value: a.Value, From: DomainByDigest}
	} else if a.Value != "" {
		return a
	}
	for _, i := range []int{resHostID, resNodeUID, resNodeName} {
		if a := rb.from(i); a.Value != "" {
			return a
		}
	}
	if rb.namesHost() {
		return rb.from(resHostName)
	}
	for _, i := range []int{resInstance, resPodUID} {
		if a := rb.from(i); a.Value != "" {
			return a
		}
	}
	return Attr{Value: digestPrefix + strconv.FormatUint(rb.digest, 16), From: DomainByDigest}
}

// digestPrefix begins the clock domains that a digest keys.
const digestPrefix = "resource-"

// spanAttrs holds the span attributes that name a route, and the response codes, which may be numbers. Its slices alias the
// window.
type spanAttrs struct {
	httpRoute, rpcService, rpcMethod, destination []byte
	httpCode, rpcCode                             []byte
}

// spanAttrLens has a bit for the length of every key that slot knows.
const spanAttrLens = uint64(1)<<len("http.route") | 1<<len("rpc.service") | 1<<len("messaging.destination.name") | 1<<len("messaging.destination") |
	1<<len("http.response.status_code") | 1<<len("http.status_code") | 1<<len("rpc.response.status_code") | 1<<len("rpc.grpc.status_code") | 1<<len("rpc.status_code")

// slot returns where to put the value of a span attribute, nil for one that is not needed. It is for strings; see number.
func (s *spanAttrs) slot(key []byte) *[]byte {
	if n := len(key); n >= 64 || spanAttrLens>>n&1 == 0 {
		return nil
	}
	switch string(key) {
	case "http.route":
		return &s.httpRoute
	case "rpc.method":
		return &s.rpcMethod
	case "rpc.service":
		return &s.rpcService
	case "messaging.destination.name", "messaging.destination":
		return &s.destination
	case "http.response.status_code", "http.status_code":
		return &s.httpCode
	case "rpc.response.status_code", "rpc.grpc.status_code", "rpc.status_code":
		return &s.rpcCode
	}
	return nil
}

// number reports whether a slot takes whole numbers too, as their digits.
func (s *spanAttrs) number(slot *[]byte) bool { return slot == &s.httpCode || slot == &s.rpcCode }

// response is what the response codes say. A call of gRPC over HTTP may have both; its own is the one that tells.
func (s *spanAttrs) response() ResponseClass {
	if s.rpcCode != nil {
		if c := rpcClass(s.rpcCode); c != NoResponse {
			return c
		}
	}
	if s.httpCode != nil {
		return httpClass(s.httpCode)
	}
	return NoResponse
}

// route interns the route: http.route, else rpc.service/rpc.method (newer conventions hold both in
// rpc.method), else the messaging destination, else none.
func (s *spanAttrs) route(b *spanBatch, scratch *[]byte) uint32 {
	switch {
	case len(s.httpRoute) > 0:
		return b.strings.bytes(s.httpRoute)
	case len(s.rpcMethod) > 0 && len(s.rpcService) > 0:
		*scratch = append(append(append((*scratch)[:0], s.rpcService...), '/'), s.rpcMethod...)
		return b.strings.bytes(*scratch)
	case len(s.rpcMethod) > 0:
		return b.strings.bytes(s.rpcMethod)
	case len(s.destination) > 0:
		return b.strings.bytes(s.destination)
	}
	return 0
}
