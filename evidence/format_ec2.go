package evidence

// formatEC2 reads the instance identity document, latest/dynamic/instance-identity/document. It holds
// the zone's name, which differs from account to account, and not its id.
var formatEC2 = metadataFormat("ec2/identity", sniffEC2, func(w *placeWalk, doc []byte) Place {
	var d struct {
		AccountID  string `json:"accountId"`
		Zone       string `json:"availabilityZone"`
		InstanceID string `json:"instanceId"`
		PrivateIP  string `json:"privateIp"`
		Region     string `json:"region"`
	}
	w.decode(doc, &d)
	p := Place{Kind: PlaceHost, Name: d.InstanceID, Account: d.AccountID, Provider: "aws"}
	p.HostIDs = appendKnown(nil, d.InstanceID)
	p.IPs = appendKnown(nil, d.PrivateIP)
	if d.Zone != "" {
		p.Zone = Attr{d.Zone, "availabilityZone"}
	}
	if d.Region != "" {
		p.Region = Attr{d.Region, "region"}
	}
	return p
})

// sniffEC2 recognises the instance identity document.
func sniffEC2(head []byte, _ bool) bool {
	return has(firstKeys(head), "instanceId", "availabilityZone", "accountId")
}
