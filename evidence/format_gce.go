package evidence

import (
	"bytes"
	"encoding/json"
	"strings"
)

// formatGCE reads computeMetadata/v1/instance/?recursive=true, the whole server with project and
// instance, and the bare answer of instance/zone, "projects/NUMBER/zones/ZONE".
var formatGCE = func() format {
	f := metadataFormat("gce/metadata", sniffGCE, readGCE)
	documents := f.read
	f.read = func(in *input) bool {
		if text := in.data(); !beginsJSON(text) {
			zone := string(bytes.TrimSpace(text))
			p := gcePlace(zone)
			p.Ref = in.ref(in.off(), int64(len(text)))
			in.art.Format, in.art.Places = "gce/metadata", &PlaceStats{Hosts: 1}
			in.art.places = []Place{p}
			return true
		}
		return documents(in)
	}
	return f
}()

// gceInstance is the part of an instance's metadata that says where it is.
type gceInstance struct {
	ID         json.Number `json:"id"` // above 2^53
	Name       string      `json:"name"`
	Hostname   string      `json:"hostname"`
	Zone       string      `json:"zone"`
	Interfaces []struct {
		IP string `json:"ip"`
	} `json:"networkInterfaces"`
}

func readGCE(w *placeWalk, doc []byte) Place {
	var d struct {
		gceInstance
		Instance *gceInstance `json:"instance"`
		Project  struct {
			ID string `json:"projectId"`
		} `json:"project"`
	}
	w.decode(doc, &d)
	i := &d.gceInstance
	if d.Instance != nil {
		i = d.Instance
	}
	p := gcePlace(i.Zone)
	p.Name, p.Account = i.Name, d.Project.ID
	if p.Name == "" {
		p.Name, _, _ = strings.Cut(i.Hostname, ".")
	}
	p.HostIDs = appendKnown(nil, i.ID.String())
	p.Names = appendKnown(nil, i.Hostname)
	for _, n := range i.Interfaces {
		p.IPs = appendKnown(p.IPs, n.IP)
	}
	return p
}

// gcePlace is a machine in a zone; a zone's name is its region's and a letter.
func gcePlace(zone string) Place {
	p := Place{Kind: PlaceHost, Provider: "gcp"}
	if zone = afterSlash(zone); zone == "" {
		return p
	}
	p.Zone = Attr{zone, "zone"}
	if i := strings.LastIndexByte(zone, '-'); i > 0 {
		p.Region = Attr{zone[:i], "zone"}
	}
	return p
}

// sniffGCE recognises the metadata of an instance, and the bare zone.
func sniffGCE(head []byte, whole bool) bool {
	if zone, found := bytes.CutPrefix(bytes.TrimSpace(head), []byte("projects/")); found && whole {
		number, rest, _ := bytes.Cut(zone, []byte("/zones/"))
		return allDigits(number) && isWord(rest)
	}
	k := firstKeys(head)
	if has(k, "instance", "project") {
		k = firstKeys(head, "instance")
	}
	return has(k, "machineType", "zone") || has(k, "networkInterfaces", "zone", "hostname")
}
