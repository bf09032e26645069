package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// jsonObject is a JSON object as a test writes it.
type jsonObject map[string]any

func k8sNode(name, provider, zone string) jsonObject {
	return jsonObject{
		"apiVersion": "v1", "kind": "Node",
		"metadata": jsonObject{"name": name, "uid": "uid-" + name, "labels": jsonObject{
			"topology.kubernetes.io/zone": zone, "topology.kubernetes.io/region": "r1", "topology.k8s.aws/zone-id": "use1-az1",
		}},
		"spec": jsonObject{"providerID": provider},
		"status": jsonObject{
			"addresses": []jsonObject{{"type": "InternalIP", "address": "10.0.0.1"}, {"type": "InternalDNS", "address": name + ".internal"}},
			"nodeInfo":  jsonObject{"machineID": "machine-" + name, "systemUUID": ""},
		},
	}
}

func k8sPod(name, node string) jsonObject {
	return jsonObject{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": jsonObject{"name": name, "namespace": "ns", "uid": "uid-" + name},
		"spec":     jsonObject{"nodeName": node},
		"status": jsonObject{
			"hostIP": "10.0.0.1", "podIP": "10.1.0.1", "podIPs": []jsonObject{{"ip": "10.1.0.1"}, {"ip": "fd00::1"}},
			"containerStatuses": []jsonObject{{"containerID": "containerd://c-" + name}},
		},
	}
}

func k8sList(items ...jsonObject) jsonObject {
	return jsonObject{"apiVersion": "v1", "items": items, "kind": "List"}
}

// text marshals v, indented as kubectl does it.
func (o jsonObject) text(t testing.TB, indent string) string {
	t.Helper()
	out, err := json.MarshalIndent(o, "", indent)
	if indent == "" {
		out, err = json.Marshal(o)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(out) + "\n"
}

const (
	ec2Document   = `{"accountId":"123456789012","availabilityZone":"us-west-2b","instanceId":"i-1","privateIp":"172.22.11.78","region":"us-west-2"}`
	gceDocument   = `{"attributes":{},"hostname":"vm-1.c.p1.internal","id":7142935823464012345,"machineType":"m","name":"vm-1","networkInterfaces":[{"ip":"10.0.0.9"}],"zone":"projects/1/zones/us-central1-a"}`
	gceServer     = `{"instance":` + gceDocument + `,"oslogin":{},"project":{"numericProjectId":1,"projectId":"p1"}}`
	azureDocument = `{"compute":{"azEnvironment":"AzurePublicCloud","location":"westus2","name":"vm","osProfile":{"computerName":"vm000"},"platformFaultDomain":"0","subscriptionId":"s1","vmId":"u1","zone":"1"},` +
		`"network":{"interface":[{"ipv4":{"ipAddress":[{"privateIpAddress":"10.0.0.4"}]}}]}}`
	hostTable = "host,az,region\nh1,us-east-1a,us-east-1\n\"h2\", us-east-1b ,\n"
)

// placeInputs are captures of every format that tells places.
func placeInputs(t testing.TB) map[string][]byte {
	t.Helper()
	nodes, pod := k8sNode("n1", "aws:///us-east-1a/i-1", "us-east-1a"), k8sPod("p1", "n1")
	return map[string][]byte{
		"k8s-list.json":    []byte(k8sList(nodes, pod, k8sPod("p2", "n1")).text(t, "    ")),
		"k8s-objects.json": []byte(nodes.text(t, "") + pod.text(t, "")),
		"ec2.json":         []byte(ec2Document + "\n"),
		"gce.json":         []byte(gceServer + "\n"),
		"azure.json":       []byte(azureDocument + "\n"),
		"hosts.csv":        []byte(hostTable),
	}
}

func TestK8sForms(t *testing.T) {
	node, pod := k8sNode("n1", "aws:///us-east-1a/i-1", "us-east-1a"), k8sPod("p1", "n1")
	list := k8sList(node, pod)
	bare := func(o jsonObject) jsonObject { // as the API's typed lists hold it
		return jsonObject{"metadata": o["metadata"], "spec": o["spec"], "status": o["status"]}
	}
	want := []Place{
		{
			Kind: PlaceNode, Name: "n1", UID: "uid-n1", HostIDs: []string{"i-1", "machine-n1"}, Names: []string{"n1.internal"},
			IPs: []string{"10.0.0.1"}, Zone: Attr{"us-east-1a", "label topology.kubernetes.io/zone"}, ZoneID: "use1-az1",
			Region: Attr{"r1", "label topology.kubernetes.io/region"}, Provider: "aws",
		},
		{
			Kind: PlacePod, Name: "p1", UID: "uid-p1", Namespace: "ns", Node: "n1", NodeIP: "10.0.0.1",
			IPs: []string{"10.1.0.1", "fd00::1"}, Containers: []string{"c-p1"},
		},
	}
	for name, in := range map[string]string{
		"list, as kubectl prints it": list.text(t, "    "),
		"list on one line":           list.text(t, ""),
		"objects, one a line":        node.text(t, "") + pod.text(t, ""),
		"objects, as -w prints them": node.text(t, "    ") + pod.text(t, "    "),
		"slurped by jq":              "[" + node.text(t, "") + "," + pod.text(t, "") + "]",
		"lists slurped by jq":        "[" + k8sList(node).text(t, "  ") + ",\n" + k8sList(pod).text(t, "  ") + "]",
		"typed lists of the API": `{"kind":"NodeList","apiVersion":"v1","metadata":{},"items":[` + bare(node).text(t, "") + "]}\n" +
			`{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[` + bare(pod).text(t, "") + "]}",
		"with other kinds": k8sList(jsonObject{"kind": "Service", "metadata": jsonObject{"name": "s"}}, node, pod).text(t, " "),
	} {
		t.Run(name, func(t *testing.T) {
			b := LoadReader("x", strings.NewReader(in), Options{})
			a := b.Artifacts[0]
			if a.Format != "k8s/list" || a.Status != StatusOK || a.Places == nil || a.Places.Nodes != 1 || a.Places.Pods != 1 {
				t.Fatalf("%s, %s, %+v, losses %v", a.Format, a.Status, a.Places, a.Losses)
			}
			for i := range b.Places {
				r := b.Places[i].Ref
				var o struct{ Metadata struct{ Name string } }
				if err := json.Unmarshal([]byte(in[r.Off:r.Off+r.Len]), &o); err != nil || o.Metadata.Name != b.Places[i].Name {
					t.Errorf("%v shows %q", r, in[r.Off:r.Off+r.Len])
				}
				b.Places[i].Ref = Ref{}
			}
			if diff := cmp.Diff(want, b.Places); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNodeZones(t *testing.T) {
	labels := func(kv ...string) jsonObject {
		l := jsonObject{}
		for i := 0; i < len(kv); i += 2 {
			l[kv[i]] = kv[i+1]
		}
		return l
	}
	const now, old = "topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"
	for _, c := range []struct {
		name, provider string
		labels         jsonObject
		want           Attr
	}{
		{"label", "", labels(now, "a", old, "b"), Attr{"a", "label " + now}},
		{"old label", "", labels(old, "b"), Attr{"b", "label " + old}},
		{"provider alone", "aws:///us-east-1a/i-1", nil, Attr{"us-east-1a", "spec.providerID"}},
		{"gce", "gce://p1/us-central1-a/vm", nil, Attr{"us-central1-a", "spec.providerID"}},
		{"azure", "azure:///subscriptions/s1/x", labels(now, "westus2-1"), Attr{"westus2-1", "label " + now}},
		{"azure fault domain", "azure:///subscriptions/s1/x", labels(now, "0"), Attr{}},
		{"a number that is no fault domain", "kind://docker/kind/n1", labels(now, "1"), Attr{"1", "label " + now}},
		{"none", "", nil, Attr{}},
		{"odd provider", "aws://x", nil, Attr{}},
	} {
		o := jsonObject{"apiVersion": "v1", "kind": "Node", "metadata": jsonObject{"name": "n", "labels": c.labels}, "spec": jsonObject{"providerID": c.provider}}
		b := LoadReader("x", strings.NewReader(o.text(t, " ")), Options{})
		if len(b.Places) != 1 || b.Places[0].Zone != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, b.Places, c.want)
		}
	}
}

func TestMetadataDocuments(t *testing.T) {
	ec2 := Place{Kind: PlaceHost, Name: "i-1", HostIDs: []string{"i-1"}, IPs: []string{"172.22.11.78"}, Zone: Attr{"us-west-2b", "availabilityZone"},
		Region: Attr{"us-west-2", "region"}, Account: "123456789012", Provider: "aws"}
	gce := Place{Kind: PlaceHost, Name: "vm-1", HostIDs: []string{"7142935823464012345"}, Names: []string{"vm-1.c.p1.internal"}, IPs: []string{"10.0.0.9"},
		Zone: Attr{"us-central1-a", "zone"}, Region: Attr{"us-central1", "zone"}, Provider: "gcp"}
	server := gce
	server.Account = "p1"
	azure := Place{Kind: PlaceHost, Name: "vm", HostIDs: []string{"u1"}, Names: []string{"vm000"}, IPs: []string{"10.0.0.4"},
		Zone: Attr{"westus2-1", "zone"}, Region: Attr{"westus2", "location"}, Account: "s1", Provider: "azure"}
	zoneless := azure
	zoneless.Zone = Attr{}
	for _, c := range []struct {
		name, in string
		format   Format
		want     []Place
	}{
		{"ec2", ec2Document, "ec2/identity", []Place{ec2}},
		{"ec2, one a line", ec2Document + "\n" + ec2Document + "\n", "ec2/identity", []Place{ec2, ec2}},
		{"ec2, slurped", "[" + ec2Document + ",\n" + ec2Document + "]", "ec2/identity", []Place{ec2, ec2}},
		{"gce", gceDocument, "gce/metadata", []Place{gce}},
		{"gce server", gceServer, "gce/metadata", []Place{server}},
		{"gce zone", "projects/123/zones/us-central1-a\n", "gce/metadata", []Place{{Kind: PlaceHost, Zone: gce.Zone, Region: gce.Region, Provider: "gcp"}}},
		{"azure", azureDocument, "azure/metadata", []Place{azure}},
		{"azure, no zone", strings.Replace(azureDocument, `"zone":"1"`, `"zone":""`, 1), "azure/metadata", []Place{zoneless}},
		{"azure, 0 is no zone", strings.Replace(azureDocument, `"zone":"1"`, `"zone":"0"`, 1), "azure/metadata", []Place{zoneless}},
		{"table", hostTable, "host-az/csv", []Place{
			{Kind: PlaceHost, Name: "h1", HostIDs: []string{"h1"}, Zone: Attr{"us-east-1a", "column az"}, Region: Attr{"us-east-1", "column region"}},
			{Kind: PlaceHost, Name: "h2", HostIDs: []string{"h2"}, Zone: Attr{"us-east-1b", "column az"}},
		}},
		{"table, other order", "Zone,Hostname\n# from the rack plan\n\nz1,10.0.0.1", "host-az/csv", []Place{
			{Kind: PlaceHost, Name: "10.0.0.1", HostIDs: []string{"10.0.0.1"}, IPs: []string{"10.0.0.1"}, Zone: Attr{"z1", "column az"}},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := LoadReader("x", strings.NewReader(c.in), Options{})
			if a := b.Artifacts[0]; a.Format != c.format || a.Status != StatusOK || !a.Read() {
				t.Fatalf("%s, %s, losses %v", a.Format, a.Status, a.Losses)
			}
			for i := range b.Places {
				b.Places[i].Ref = Ref{}
			}
			if diff := cmp.Diff(c.want, b.Places); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, in := range []string{"host,zone,colour\nh1,a,red\n", "domain,time,offset,error\n", "host,host,az\n", "az,region\n"} {
		if a := LoadReader("x", strings.NewReader(in), Options{}).Artifacts[0]; a.Format == "host-az/csv" {
			t.Errorf("%q is taken for a host table", in)
		}
	}
}

// TestPlacesCut: of a capture cut at any byte, every record before the cut is kept, and one Loss says
// where it ends. A table has no end that could be missed.
func TestPlacesCut(t *testing.T) {
	for name, whole := range placeInputs(t) {
		full := LoadReader("x", bytes.NewReader(whole), Options{})
		for n := range whole {
			b := LoadReader("x", bytes.NewReader(whole[:n]), Options{})
			a := b.Artifacts[0]
			if a.Places == nil {
				continue // too little to tell what it is
			}
			ends := 0
			for i := range full.Places {
				if p := full.Places[i].Ref; p.Off+p.Len <= int64(n) {
					ends++
				}
			}
			if name == "hosts.csv" {
				continue
			}
			border := len(bytes.TrimSpace(whole)) // of a document
			if name == "k8s-objects.json" && ends > 0 {
				border = int(full.Places[ends-1].Ref.Off + full.Places[ends-1].Ref.Len)
			}
			complete := len(bytes.TrimSpace(whole[:n])) == border
			if len(b.Places) != ends || (len(a.Losses) == 0) != complete || len(a.Losses) > 1 || !complete && a.Cut() == nil {
				t.Fatalf("%s cut at %d: %d places, want %d; losses %v", name, n, len(b.Places), ends, a.Losses)
			}
		}
	}
}

// TestPlacesDamaged: reading goes on at the next object of an indented list, or on the next line.
func TestPlacesDamaged(t *testing.T) {
	var nodes []jsonObject
	var lines strings.Builder
	for i := range 5 {
		n := k8sNode(fmt.Sprint("n", i), "", "a")
		nodes = append(nodes, n)
		lines.WriteString(n.text(t, ""))
	}
	for name, in := range map[string]string{"list": k8sList(nodes...).text(t, "    "), "lines": lines.String()} {
		damaged := strings.Replace(in, `"uid-n2"`, `"uid-n2`+"\x00", 1)
		b := LoadReader("x", strings.NewReader(damaged), Options{})
		a := b.Artifacts[0]
		if len(b.Places) != 4 || len(a.Losses) != 1 || a.Status != StatusDamaged {
			t.Errorf("%s: %d places, %s, losses %v", name, len(b.Places), a.Status, a.Losses)
			continue
		}
		if l := a.Losses[0]; !strings.Contains(damaged[l.Ref.Off:l.Ref.Off+l.Ref.Len], `"uid-n2`) {
			t.Errorf("%s: the loss %v is not where the damage is", name, l)
		}
	}
	wrong := strings.Replace(nodes[0].text(t, ""), `"uid-n0"`, `7`, 1)
	b := LoadReader("x", strings.NewReader(wrong), Options{})
	if a := b.Artifacts[0]; len(b.Places) != 1 || len(a.Losses) != 1 || b.Places[0].Name != "n0" {
		t.Errorf("a value of the wrong type: %+v, losses %v", b.Places, a.Losses)
	}
}

// FuzzPlaces reads any bytes as each of the formats: no panic, every record inside the input.
func FuzzPlaces(f *testing.F) {
	for _, x := range placeInputs(f) {
		f.Add(x)
	}
	list := []format{formatK8s, formatEC2, formatGCE, formatAzure, formatHostCSV}
	f.Fuzz(func(t *testing.T, x []byte) {
		for _, reader := range list {
			a := &Artifact{}
			in := newInput(bytes.NewReader(x), a, 0)
			in.fill(sniffBytes)
			reader.read(in)
			in.drain()
			in.close()
			last := int64(0)
			for i := range a.places {
				r := a.places[i].Ref
				if r.Off < last || r.Len < 0 || r.Off+r.Len > int64(len(x)) {
					t.Errorf("%s: place %d lies at %v of %d bytes", a.Format, i, r, len(x))
				}
				last = r.Off + r.Len
			}
			for _, l := range a.Losses {
				if l.Ref.Off < 0 || l.Ref.Len < 0 || l.Ref.Off+l.Ref.Len > int64(len(x)) {
					t.Errorf("%s: loss %+v of %d bytes", a.Format, l, len(x))
				}
			}
		}
		LoadReader("x", bytes.NewReader(x), Options{MaxDecoded: 1 << 20})
	})
}
