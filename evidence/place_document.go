package evidence

import (
	"bytes"
	"net/netip"
	"strings"
)

// metadataFormat is a format of small JSON documents that each describe one machine. Several may stand
// one after the other or in an array, as who collects them from many hosts stores them.
func metadataFormat(name Format, sniff func(head []byte, whole bool) bool, read func(w *placeWalk, doc []byte) Place) format {
	return format{
		sniff: sniff,
		read: func(in *input) bool {
			w := newPlaceWalk(in)
			stats := &PlaceStats{}
			w.object = func() scanState {
				doc, state := w.leaf("a metadata document")
				if doc == nil {
					return state
				}
				p := read(w, doc)
				p.Ref = in.ref(in.off(), int64(len(doc)))
				in.advance(len(doc))
				stats.Hosts++
				in.art.places = append(in.art.places, p)
				return scanOK
			}
			in.art.Format, in.art.Places = name, stats
			w.run()
			return true
		},
	}
}

// firstKeys returns the keys of the first object of a stream: see headKeys.
func firstKeys(head []byte, path ...string) map[string]string {
	trimmed := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(trimmed) == 0:
		return nil
	case trimmed[0] == '[':
		return headKeys(head, append([]string{"["}, path...)...)
	case trimmed[0] == '{':
		return headKeys(head, path...)
	}
	return nil
}

// appendKnown appends those values that are not "".
func appendKnown(list []string, values ...string) []string {
	for _, v := range values {
		if v != "" {
			list = append(list, v)
		}
	}
	return list
}

// ec2Name returns the name that EC2 gives a machine by its private address: "ip-10-0-1-7" and that in
// its region's domain (EC2 user guide, "EC2 instance hostnames and domains", IP name).
func ec2Name(ip, region string) []string {
	if a, err := netip.ParseAddr(ip); err != nil || !a.Is4() {
		return nil
	}
	short := "ip-" + strings.ReplaceAll(ip, ".", "-")
	if region == "us-east-1" {
		return []string{short, short + ".ec2.internal"}
	}
	return []string{short, short + "." + region + ".compute.internal"}
}
