package evidence

import "strings"

// hostNames finds the clock domain behind a host's name among the resources of a bundle.
type hostNames struct {
	domains map[string]Attr // by name; the Value is "" where resources of that name disagree
	hosts   map[string]string
}

// newHostNames indexes the names under which resources know their host: host.name, k8s.node.name and
// host.id. A domain that is only a digest of the resource says nothing about a host.
func newHostNames(resources []Resource) *hostNames {
	h := &hostNames{domains: map[string]Attr{}, hosts: map[string]string{}}
	for i := range resources {
		id := &resources[i].Identity
		if id.Domain.Value == "" || strings.HasPrefix(id.Domain.From, digestFrom) {
			continue
		}
		h.add(id.Host.Value, id.Host.From, id)
		h.add(id.Domain.Value, id.Domain.From, id)
	}
	return h
}

func (h *hostNames) add(name, from string, id *Identity) {
	if name == "" {
		return
	}
	known, seen := h.domains[name]
	switch {
	case !seen:
		h.domains[name] = Attr{Value: id.Domain.Value, From: from}
	case known.Value != id.Domain.Value:
		h.domains[name] = Attr{}
	}
	if host, seen := h.hosts[name]; !seen {
		h.hosts[name] = id.Host.Value
	} else if host != id.Host.Value {
		h.hosts[name] = ""
	}
}

// hostMatch is a name that was found.
type hostMatch struct {
	name string
	host string // "" where the resources of the name have different ones
	// domain of the clock; its From is where the resources have the name from.
	domain Attr
}

// exact returns what is known under a name.
func (h *hostNames) exact(name string) (m hostMatch, ok bool) {
	domain := h.domains[name]
	return hostMatch{name, h.hosts[name], domain}, domain.Value != ""
}

// beginning returns the longest name with which the last element of a path begins, followed by a dot or
// the end, as in "ip-10-0-1-7.ec2.internal.tracking.txt". Names that two clocks share match nothing,
// and hide shorter ones: those would be no better.
func (h *hostNames) beginning(path string) (m hostMatch, ok bool) {
	base := path[strings.LastIndexAny(path, "/!")+1:]
	for end := len(base); end > 0; end = strings.LastIndexByte(base[:end], '.') {
		if _, seen := h.domains[base[:end]]; seen {
			return h.exact(base[:end])
		}
	}
	return m, false
}

// tieClocks ties clock evidence that names no host to the host after which its file is called, and the
// rows that name no clock of their own to that of their artifact, or to that of the host that they name. Rows that
// only tell the time since the boot are then dated by it.
func tieClocks(b *Bundle) {
	if len(b.Clocks) == 0 {
		return
	}
	names := newHostNames(b.Resources)
	for _, a := range b.Artifacts {
		if a.Clock != nil {
			names.tie(a)
		}
	}
	for i := range b.Clocks {
		r := &b.Clocks[i]
		id := &b.Artifacts[r.Ref.Artifact].Identity
		switch {
		case r.Domain != "":
		case r.Host == "", declared(id.Domain):
			r.Host, r.Domain = id.Host.Value, id.Domain.Value
		default:
			r.Domain = r.Host
			if m, ok := names.exact(r.Host); ok {
				r.Domain = m.domain.Value
			}
		}
	}
	dateByBoot(b)
}

// tie fills in the clock domain of an artifact whose host is known by name, or whose file is called after
// a host. A domain that was declared itself stays.
func (h *hostNames) tie(a *Artifact) {
	id := &a.Identity
	if id.Host.Value != "" {
		m, ok := h.exact(id.Host.Value)
		if ok && (id.Domain.Value == "" || id.Domain.From == id.Host.From+", host") {
			id.Domain = Attr{Value: m.domain.Value, From: id.Host.From + ", " + m.domain.From}
		}
		return
	}
	if m, ok := h.beginning(a.Path); ok && id.Domain.Value == "" {
		from := "file name begins with " + m.domain.From
		id.Domain = Attr{Value: m.domain.Value, From: from}
		if m.host != "" {
			id.Host = Attr{Value: m.host, From: from}
		}
	}
}

// declared reports whether the user said so, by --identity or a manifest.
func declared(a Attr) bool {
	return strings.HasPrefix(a.From, "--identity") || strings.HasPrefix(a.From, "manifest ")
}
