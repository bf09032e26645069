package evidence

// formatAzure reads metadata/instance of Azure's instance metadata service, or its compute part.
var formatAzure = metadataFormat("azure/metadata", sniffAzure, readAzure)

// azureCompute is the part of an instance's metadata that says where it is.
type azureCompute struct {
	Location     string `json:"location"`
	Name         string `json:"name"`
	Subscription string `json:"subscriptionId"`
	VMID         string `json:"vmId"`
	Zone         string `json:"zone"`
	Profile      struct {
		ComputerName string `json:"computerName"`
	} `json:"osProfile"`
}

func readAzure(w *placeWalk, doc []byte) Place {
	var d struct {
		azureCompute
		Compute *azureCompute `json:"compute"`
		Network struct {
			Interfaces []struct {
				IPv4 struct {
					Addresses []struct {
						Private string `json:"privateIpAddress"`
					} `json:"ipAddress"`
				} `json:"ipv4"`
			} `json:"interface"`
		} `json:"network"`
	}
	w.decode(doc, &d)
	c := &d.azureCompute
	if d.Compute != nil {
		c = d.Compute
	}
	p := Place{Kind: PlaceHost, Name: c.Name, Account: c.Subscription, Provider: "azure"}
	p.HostIDs = appendKnown(nil, c.VMID)
	if c.Profile.ComputerName != c.Name {
		p.Names = appendKnown(nil, c.Profile.ComputerName)
	}
	for _, n := range d.Network.Interfaces {
		for _, a := range n.IPv4.Addresses {
			p.IPs = appendKnown(p.IPs, a.Private)
		}
	}
	if c.Location != "" {
		p.Region = Attr{c.Location, "location"}
	}
	if zone := azureZone(c.Zone, c.Location); zone != "" {
		p.Zone = Attr{zone, "zone"}
	}
	return p
}

// azureZone returns a zone as Kubernetes and its users name it, "westus2-1". Metadata has the number
// alone, and "" where a machine is in no zone; 0 is a fault domain, and zones count from 1.
func azureZone(zone, region string) string {
	switch {
	case zone == "" || zone == "0":
		return ""
	case isFaultDomain(zone) && region != "":
		return region + "-" + zone
	}
	return zone
}

// sniffAzure recognises metadata/instance of the Azure instance metadata service.
func sniffAzure(head []byte, _ bool) bool {
	return has(firstKeys(head, "compute"), "vmId", "location") || has(firstKeys(head), "vmId", "location", "azEnvironment")
}
