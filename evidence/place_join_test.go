package evidence

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// resourceDoc is an export of one span of each of the resources, whose attributes alternate keys and values.
func resourceDoc(t testing.TB, resources ...[]string) string {
	t.Helper()
	var spans []jsonObject
	for i, kv := range resources {
		var attributes []jsonObject
		for k := 0; k+1 < len(kv); k += 2 {
			value := jsonObject{"stringValue": kv[k+1]}
			if kv[k] == "host.ip" {
				var list []jsonObject
				for ip := range strings.SplitSeq(kv[k+1], " ") {
					list = append(list, jsonObject{"stringValue": ip})
				}
				value = jsonObject{"arrayValue": jsonObject{"values": list}}
			}
			attributes = append(attributes, jsonObject{"key": kv[k], "value": value})
		}
		spans = append(spans, jsonObject{
			"resource": jsonObject{"attributes": attributes},
			"scopeSpans": []jsonObject{{"spans": []jsonObject{{
				"traceId": "66e865a27c5f6ea7798a64409f5480db", "spanId": fmt.Sprintf("%016x", i+1), "name": "x",
			}}}},
		})
	}
	text, err := json.Marshal(jsonObject{"resourceSpans": spans})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func ec2Of(instance, zone, account, ip string) string {
	return fmt.Sprintf(`{"accountId":%q,"availabilityZone":%q,"instanceId":%q,"privateIp":%q,"region":"us-east-1"}`, account, zone, instance, ip)
}

// joinCase is a capture of one resource and what tells its zone.
type joinCase struct {
	name     string
	resource []string
	files    map[string]string
	// az and from are what the resource gets, and region what its region is.
	az, from, region string
	conflicts        []string
}

func joinCases(t *testing.T) []joinCase {
	node := func(name, instance, zone string) jsonObject { return k8sNode(name, "aws:///"+zone+"/"+instance, zone) }
	cluster := k8sList(node("n1", "i-1", "us-east-1a"), node("n2", "i-2", "us-east-1b"), k8sPod("p1", "n1")).text(t, " ")
	const label = ", label topology.kubernetes.io/zone, by "
	pod := k8sPod("p9", "gone")
	pod["metadata"].(jsonObject)["labels"] = jsonObject{"topology.kubernetes.io/zone": "us-east-1c"}
	bare := jsonObject{"apiVersion": "v1", "kind": "Node", "metadata": jsonObject{"name": "n5", "uid": "u5"},
		"spec": jsonObject{"providerID": "aws:////i-5"}}
	return []joinCase{
		{"pod uid", []string{"k8s.pod.uid", "uid-p1"}, map[string]string{"k.json": cluster}, "us-east-1a", "node n1 of k.json" + label + "pod uid", "r1", nil},
		{"pod name", []string{"k8s.namespace.name", "ns", "k8s.pod.name", "p1"}, map[string]string{"k.json": cluster}, "us-east-1a", "node n1 of k.json" + label + "pod name", "r1", nil},
		{"pod name without its namespace", []string{"k8s.pod.name", "p1"}, map[string]string{"k.json": cluster}, "", "", "", nil},
		{"container id", []string{"container.id", "c-p1"}, map[string]string{"k.json": cluster}, "us-east-1a", "node n1 of k.json" + label + "container id", "r1", nil},
		{"instance", []string{"service.instance.id", "uid-p1"}, map[string]string{"k.json": cluster}, "us-east-1a", "node n1 of k.json" + label + "pod uid in service.instance.id", "r1", nil},
		{"node name", []string{"k8s.node.name", "n2"}, map[string]string{"k.json": cluster}, "us-east-1b", "node n2 of k.json" + label + "node name", "r1", nil},
		{"node's machine id", []string{"host.id", "machine-n2"}, map[string]string{"k.json": cluster}, "us-east-1b", "node n2 of k.json" + label + "host id", "r1", nil},
		{"host name is a node's DNS name", []string{"host.name", "n2.internal"}, map[string]string{"k.json": cluster}, "us-east-1b", "node n2 of k.json" + label + "host name", "r1", nil},
		{"host name is the pod's", []string{"host.name", "n2", "k8s.pod.name", "n2"}, map[string]string{"k.json": cluster}, "", "", "", nil},
		{"pod address", []string{"k8s.pod.ip", "10.1.0.1"}, map[string]string{"k.json": cluster}, "us-east-1a", "node n1 of k.json" + label + "address", "r1", nil},
		{"an address of two nodes", []string{"host.ip", "127.0.0.1 10.0.0.1"}, map[string]string{"k.json": cluster}, "", "", "", nil},
		{"pod's own label where its node is unknown", []string{"k8s.pod.uid", "uid-p9"}, map[string]string{"k.json": k8sList(pod).text(t, "")},
			"us-east-1c", "pod p9 of k.json" + label + "pod uid", "", nil},
		{"node without a label, instance known", []string{"k8s.node.name", "n5"}, map[string]string{"k.json": bare.text(t, ""), "e.json": ec2Of("i-5", "us-east-1d", "1", "")},
			"us-east-1d", "host i-5 of e.json, availabilityZone, by node name", "us-east-1", nil},
		{"instance id", []string{"host.id", "i-7"}, map[string]string{"e.json": ec2Of("i-7", "us-east-1d", "1", "")}, "us-east-1d", "host i-7 of e.json, availabilityZone, by host id", "us-east-1", nil},
		{"EC2's name of an address", []string{"host.name", "ip-10-0-0-9.ec2.internal"}, map[string]string{"e.json": ec2Of("i-7", "us-east-1d", "1", "10.0.0.9")},
			"us-east-1d", "host i-7 of e.json, availabilityZone, by address in the host name", "us-east-1", nil},
		{"table", []string{"host.name", "h1"}, map[string]string{"t.csv": "host,az\nh1,z1\n"}, "z1", "host h1 of t.csv, column az, by host name", "", nil},
		{"another account's metadata", []string{"host.id", "i-7", "cloud.account.id", "2"}, map[string]string{"e.json": ec2Of("i-7", "us-east-1d", "1", "")}, "", "", "", nil},
		{"the node goes before the metadata, and both before the address", []string{"host.id", "i-1", "host.ip", "10.0.0.9"},
			map[string]string{"k.json": node("n1", "i-1", "us-east-1a").text(t, ""), "e.json": ec2Of("i-1", "us-east-1b", "1", ""), "t.csv": "host,az\n10.0.0.9,us-east-1c\n"},
			"us-east-1a", "node n1 of k.json" + label + "host id", "r1", []string{"az of n1: us-east-1a or us-east-1b"}},
		{"recorded goes before all", []string{"host.id", "i-1", "cloud.availability_zone", "us-east-1c"}, map[string]string{"k.json": cluster},
			"us-east-1c", "resource cloud.availability_zone", "r1", []string{"az of : us-east-1c or us-east-1a"}},
		{"recorded as the zone's id", []string{"host.id", "i-1", "cloud.availability_zone", "use1-az1"}, map[string]string{"k.json": cluster},
			"use1-az1", "resource cloud.availability_zone", "r1", nil},
		{"recorded by label", []string{"k8s.node.label.topology.kubernetes.io/zone", "z", "k8s.node.label.topology.kubernetes.io/region", "r"}, nil,
			"z", "resource k8s.node.label.topology.kubernetes.io/zone", "r", nil},
		{"region recorded otherwise", []string{"host.id", "i-1", "cloud.region", "eu-west-1"}, map[string]string{"k.json": cluster},
			"us-east-1a", "node n1 of k.json" + label + "host id", "eu-west-1", []string{"region of : eu-west-1 or r1"}},
		{"zone of another region", []string{"cloud.provider", "aws", "cloud.region", "eu-west-1", "cloud.availability_zone", "us-east-1a"}, nil,
			"us-east-1a", "resource cloud.availability_zone", "eu-west-1", []string{"region of : us-east-1a or eu-west-1"}},
		{"local zone of its region", []string{"cloud.provider", "aws", "cloud.region", "us-west-2", "cloud.availability_zone", "us-west-2-lax-1a"}, nil,
			"us-west-2-lax-1a", "resource cloud.availability_zone", "us-west-2", nil},
		{"Azure's 0 is no zone", []string{"cloud.provider", "azure", "cloud.availability_zone", "0", "host.id", "u1"}, map[string]string{"a.json": azureDocument},
			"westus2-1", "host vm of a.json, zone, by host id", "westus2", nil},
		{"Azure's number is the zone", []string{"cloud.provider", "azure", "cloud.availability_zone", "1", "host.id", "u1"}, map[string]string{"a.json": azureDocument},
			"1", "resource cloud.availability_zone", "westus2", nil},
		{"GCE's zones are the same in all projects", []string{"host.id", "7142935823464012345", "cloud.account.id", "other"}, map[string]string{"g.json": gceServer},
			"us-central1-a", "host vm-1 of g.json, zone, by host id", "us-central1", nil},
		{"nothing", []string{"service.name", "a"}, map[string]string{"k.json": cluster}, "", "", "", nil},
	}
}

func TestPlaceJoin(t *testing.T) {
	for _, c := range joinCases(t) {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{"traces.json": resourceDoc(t, c.resource)}
			for name, text := range c.files {
				files[name] = text
			}
			tree(t, files)
			b, err := Load([]string{"."}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			r := b.Resources[0]
			from := c.from
			if from != "" && !strings.HasPrefix(from, "resource cloud") && !strings.HasPrefix(from, "resource k8s") {
				from = joinPrefix + from
			}
			if got := (Attr{r.Identity.AZ.Value, strings.ReplaceAll(r.Identity.AZ.From, " ./", " ")}); got != (Attr{c.az, from}) {
				t.Errorf("zone %+v, want %+v", got, Attr{c.az, from})
			}
			if r.Identity.AZ.Joined() != strings.HasPrefix(from, joinPrefix) {
				t.Errorf("%+v is joined: %v", r.Identity.AZ, r.Identity.AZ.Joined())
			}
			if r.Region.Value != c.region {
				t.Errorf("region %+v, want %q", r.Region, c.region)
			}
			var conflicts []string
			for _, x := range b.PlaceConflicts {
				conflicts = append(conflicts, fmt.Sprintf("%s of %s: %s or %s", x.Field, x.Of, x.Kept.Value, x.Other.Value))
			}
			if diff := cmp.Diff(c.conflicts, conflicts); diff != "" {
				t.Errorf("conflicts (-want +got):\n%s", diff)
			}
			again, err := Load([]string{"."}, Options{Jobs: 4})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(b.Resources, again.Resources); diff != "" {
				t.Errorf("with 4 workers (-1 +4):\n%s", diff)
			}
		})
	}
}

// TestPlaceJoinClusters: two clusters whose nodes have the same names.
func TestPlaceJoinClusters(t *testing.T) {
	cluster := func(pod, zone string) string {
		return k8sList(k8sNode("n1", "", zone), k8sPod(pod, "n1")).text(t, "")
	}
	tree(t, map[string]string{
		"a/k.json": cluster("p1", "us-east-1a"), "b/k.json": cluster("p2", "us-east-1b"),
		"traces.json": resourceDoc(t, []string{"k8s.pod.uid", "uid-p1"}, []string{"k8s.pod.uid", "uid-p2"}, []string{"k8s.node.name", "n1"}),
	})
	b, err := Load([]string{"a", "b", "traces.json"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range b.Resources {
		got = append(got, b.Resources[i].Identity.AZ.Value)
	}
	if diff := cmp.Diff([]string{"us-east-1a", "us-east-1b", ""}, got); diff != "" {
		t.Errorf("zones (-want +got):\n%s", diff)
	}
}

// TestPlaceJoinHosts: what one resource or artifact knows of its host holds for the others, where none
// contradicts it.
func TestPlaceJoinHosts(t *testing.T) {
	tree(t, map[string]string{
		"witnessmark.yaml": "captures: [{match: declared/**, host: h4, az: z4}, {match: heap.txt, host: h1}]\n",
		"heap.txt":         metricsPage,
		"declared/m.prom":  metricsPage,
		"traces.json": resourceDoc(t,
			[]string{"service.name", "a", "host.id", "h1", "host.name", "h1", "cloud.availability_zone", "z1"},
			[]string{"service.name", "b", "host.id", "h1"},
			[]string{"service.name", "c", "host.id", "h2", "cloud.availability_zone", "z1"},
			[]string{"service.name", "d", "host.id", "h2", "cloud.availability_zone", "z2"},
			[]string{"service.name", "e", "host.id", "h2"},
			[]string{"service.name", "f", "host.name", "h4"}),
	})
	b, err := Load([]string{"."}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for i := range b.Resources {
		got[b.Resources[i].Identity.Service.Value] = b.Resources[i].Identity.AZ.Value
	}
	for _, a := range b.Artifacts {
		got[strings.TrimPrefix(a.Path, "./")] = a.Identity.AZ.Value
	}
	want := map[string]string{"a": "z1", "b": "z1", "c": "z1", "d": "z2", "e": "", "f": "z4", "heap.txt": "z1", "declared/m.prom": "z4", "traces.json": ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("zones (-want +got):\n%s", diff)
	}
	if len(b.PlaceConflicts) != 1 || b.PlaceConflicts[0].Of != "d" || b.PlaceConflicts[0].Basis != JoinHost {
		t.Errorf("conflicts %+v", b.PlaceConflicts)
	}
}

// TestHostOfPath: a profile or dump is of the host that its file or folder is called after.
func TestHostOfPath(t *testing.T) {
	dump := string(wrapInputs(t)["goroutine.debug2"])
	tree(t, map[string]string{
		"h1.example.goroutine.txt": dump, "h1.example/x.txt": dump, "n1.txt": dump, "n1/h1.example.txt": dump, "h1.examples.txt": dump, "h9.txt": dump,
		"k.json":      k8sNode("n1", "", "z2").text(t, ""),
		"traces.json": resourceDoc(t, []string{"host.id", "i-1", "host.name", "h1.example", "cloud.availability_zone", "z1"}),
	})
	b, err := Load([]string{"."}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][3]string{}
	for _, a := range b.Artifacts {
		if a.Dump != nil {
			got[strings.TrimPrefix(a.Path, "./")] = [3]string{a.Identity.Host.Value, a.Identity.Domain.Value, a.Identity.AZ.Value}
		}
	}
	want := map[string][3]string{
		"h1.example.goroutine.txt": {"h1.example", "i-1", "z1"}, "h1.example/x.txt": {"h1.example", "i-1", "z1"}, "n1.txt": {"n1", "n1", "z2"},
		"n1/h1.example.txt": {"h1.example", "i-1", "z1"}, "h1.examples.txt": {}, "h9.txt": {},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("host, domain and zone (-want +got):\n%s", diff)
	}
}

// TestTieToNodes: pods that name no host share the clock of their node, whatever keys it elsewhere.
func TestTieToNodes(t *testing.T) {
	other := k8sPod("p2", "n2")
	cluster := k8sList(k8sNode("n1", "aws:///us-east-1a/i-1", "us-east-1a"), k8sPod("p1", "n1"), other).text(t, " ")
	load := func(files map[string]string) *Bundle {
		tree(t, files)
		b, err := Load([]string{"k.json", "t.json"}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	const from = "join: pod p1 of k.json, by "
	for _, c := range []struct {
		name           string
		resource       []string
		domain, source string
		host           string
	}{
		{"pod uid", []string{"service.name", "s", "k8s.pod.uid", "uid-p1"}, "n1", from + "pod uid", "n1"},
		{"container, host name is its id", []string{"service.name", "s", "container.id", "c-p1", "service.instance.id", "x"}, "n1", from + "container id", "n1"},
		{"instance", []string{"service.name", "s", "service.instance.id", "uid-p1"}, "n1", from + "pod uid in service.instance.id", "n1"},
		{"a pod's name may be another's later", []string{"service.name", "s", "k8s.namespace.name", "ns", "k8s.pod.name", "p1", "k8s.pod.uid", "y"}, "y", "resource k8s.pod.uid", ""},
		{"recorded", []string{"service.name", "s", "host.name", "h", "k8s.pod.uid", "uid-p1"}, "h", "resource host.name", "h"},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := load(map[string]string{"k.json": cluster, "t.json": resourceDoc(t, c.resource)}).Resources[0].Identity
			if id.Domain != (Attr{c.domain, c.source}) || id.Host.Value != c.host {
				t.Errorf("clock %+v, host %+v; want %s from %q, host %q", id.Domain, id.Host, c.domain, c.source, c.host)
			}
		})
	}
	t.Run("the node's clock has another key", func(t *testing.T) {
		b := load(map[string]string{"k.json": cluster, "t.json": resourceDoc(t,
			[]string{"service.name", "s", "k8s.pod.uid", "uid-p1"},
			[]string{"service.name", "r", "host.id", "i-1", "host.name", "n1"})})
		for i := range b.Resources {
			if d := b.Resources[i].Identity.Domain.Value; d != "i-1" {
				t.Errorf("%s: clock %q, want i-1", b.Resources[i].Identity.Service.Value, d)
			}
		}
	})
}
