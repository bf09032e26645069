package status_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/status"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/tiny"
)

// object is a JSON object as a test writes it.
type object map[string]any

func node(name, instance, zone string) object {
	return object{
		"apiVersion": "v1", "kind": "Node",
		"metadata": object{"name": name, "uid": "uid-" + name, "labels": object{"topology.kubernetes.io/zone": zone}},
		"spec":     object{"providerID": "aws:///" + zone + "/" + instance},
	}
}

func ec2(instance, zone, account string) object {
	return object{"accountId": account, "availabilityZone": zone, "instanceId": instance, "privateIp": "10.0.0.7", "region": zone[:len(zone)-1]}
}

func list(items ...object) object {
	return object{"apiVersion": "v1", "items": items, "kind": "List"}
}

func load(t *testing.T, spans []tiny.Span, files map[string]object) *evidence.Bundle {
	t.Helper()
	t.Chdir(t.TempDir())
	if len(spans) > 0 {
		write(t, "traces.json", tiny.JSON(spans...))
	}
	for name, o := range files {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		write(t, name, text)
	}
	entries, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	b, err := evidence.Load(entries, evidence.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(name, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// specimen is a capture and what the detectors say of it.
type specimen struct {
	name  string
	spans []tiny.Span
	files map[string]object
	want  []string
}

func testSpecimens(t *testing.T, id string, specimens []specimen) {
	t.Helper()
	for _, s := range specimens {
		t.Run(s.name, func(t *testing.T) {
			r := analyze.Run(load(t, s.spans, s.files), status.Detectors, analyze.Options{})
			var got []string
			for _, c := range r.Checks {
				if c.Outcome == analyze.Failed {
					t.Errorf("%s failed: %s", c.ID, c.Reason)
				}
			}
			for _, f := range r.Findings {
				if f.ID != id {
					continue
				}
				got = append(got, fmt.Sprintf("%s %s %s", f.Severity, f.Basis, f.Message))
				var roles []string
				for _, e := range f.Exhibits {
					roles = append(roles, e.Role)
				}
				got = append(got, "  "+strings.Join(roles, " "))
			}
			if diff := cmp.Diff(s.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func span(service, host, zone string) tiny.Span {
	return tiny.Span{Service: service, Host: host, Zone: zone, ID: 1, Name: "x", Start: 1, End: 2}
}

func TestWithoutAZ(t *testing.T) {
	testSpecimens(t, "WM6001", []specimen{
		{
			name:  "fires: another resource has a zone",
			spans: []tiny.Span{span("a", "h1", "us-east-1a"), {Service: "b", Host: "h2", ID: 2, Name: "x"}},
			want: []string{
				"warning proven 1 span of b, in 1 resource, names no availability zone, and nothing in the input tells it", "  resource",
			},
		},
		{
			name:  "fires: a node tells it",
			spans: []tiny.Span{span("a", "i-1", "")},
			files: map[string]object{"nodes.json": list(node("n1", "i-1", "us-east-1a"))},
			want: []string{
				"note proven 1 span of a, in 1 resource, names no availability zone, but joins find us-east-1a " +
					"(node n1 of nodes.json, label topology.kubernetes.io/zone, by host id)", "  resource node",
			},
		},
		{
			name:  "fires: another resource of the host tells it",
			spans: []tiny.Span{span("a", "h1", "us-east-1a"), {Service: "b", Host: "h1", ID: 2, Name: "x"}},
			want: []string{
				"note proven 1 span of b, in 1 resource, names no availability zone, but joins find us-east-1a " +
					"(resource of traces.json of the same host, resource cloud.availability_zone, by host id)", "  resource resource",
			},
		},
		{
			name:  "near miss: no zone anywhere",
			spans: []tiny.Span{span("a", "h1", ""), span("b", "h2", "")},
			files: map[string]object{"nodes.json": list(object{"apiVersion": "v1", "kind": "Node", "metadata": object{"name": "n1"}})},
		},
		{
			name:  "near miss: the node of another instance",
			spans: []tiny.Span{span("a", "i-2", "")},
			files: map[string]object{"nodes.json": list(node("n1", "i-1", "us-east-1a"))},
			want: []string{
				"warning proven 1 span of a, in 1 resource, names no availability zone, and nothing in the input tells it", "  resource",
			},
		},
		{
			name:  "near miss: two instances of one id in different zones tell nothing",
			spans: []tiny.Span{span("a", "i-1", "")},
			files: map[string]object{"1.json": ec2("i-1", "us-east-1a", "1"), "2.json": ec2("i-1", "us-east-1b", "2")},
			want: []string{
				"warning proven 1 span of a, in 1 resource, names no availability zone, and nothing in the input tells it", "  resource",
			},
		},
		{name: "silent", spans: []tiny.Span{span("a", "h1", "us-east-1a")}},
	})
}

func TestAZConflict(t *testing.T) {
	testSpecimens(t, "WM6002", []specimen{
		{
			name:  "fires: the node is elsewhere",
			spans: []tiny.Span{span("a", "i-1", "us-east-1b")},
			files: map[string]object{"nodes.json": list(node("n1", "i-1", "us-east-1a"))},
			want: []string{
				"error proven 1 span of a, in 1 resource: us-east-1b by resource cloud.availability_zone, but us-east-1a by " +
					"node n1 of nodes.json, label topology.kubernetes.io/zone, by host id (not every account is recorded)",
				"  resource node",
			},
		},
		{
			name:  "fires: the instance is elsewhere than its node",
			files: map[string]object{"1.json": ec2("i-1", "us-east-1b", "1"), "nodes.json": list(node("n1", "i-1", "us-east-1a"))},
			want: []string{
				"error proven host n1: us-east-1a by node n1 of nodes.json, label topology.kubernetes.io/zone, but us-east-1b by " +
					"host i-1 of 1.json, availabilityZone (not every account is recorded)",
				"  node host",
			},
		},
		{
			name:  "fires: two resources of a host",
			spans: []tiny.Span{span("a", "h1", "us-east-1a"), {Service: "b", Host: "h1", Zone: "us-east-1b", ID: 2, Name: "x"}},
			want: []string{
				"warning proven 1 span of b, in 1 resource: us-east-1b by resource cloud.availability_zone, but us-east-1a by " +
					"resource of traces.json of the same host, resource cloud.availability_zone, by host id (not every account is recorded)",
				"  resource resource",
			},
		},
		{
			name:  "near miss: the zone's id is not its name",
			spans: []tiny.Span{span("a", "i-1", "use1-az4")},
			files: map[string]object{"nodes.json": list(node("n1", "i-1", "us-east-1a"))},
		},
		{
			name:  "near miss: the same instance id in two accounts",
			files: map[string]object{"1.json": ec2("i-1", "us-east-1a", "1"), "2.json": ec2("i-1", "us-east-1b", "2")},
		},
		{
			name:  "silent",
			spans: []tiny.Span{span("a", "i-1", "us-east-1a")},
			files: map[string]object{"1.json": ec2("i-1", "us-east-1a", "1"), "nodes.json": list(node("n1", "i-1", "us-east-1a"))},
		},
	})
}

// TestMeasures: spans are counted by what their own resources say, also where a join fills the hole.
func TestMeasures(t *testing.T) {
	r := analyze.Run(load(t, []tiny.Span{span("a", "i-1", ""), {Service: "b", ID: 2, Name: "x"}, {Service: "c", Zone: "us-east-1a", ID: 3, Name: "x"}},
		map[string]object{"nodes.json": list(node("n1", "i-1", "us-east-1a"))}), status.Detectors, analyze.Options{})
	got := map[string]float64{}
	for _, m := range r.Measures {
		got[m.Name] = m.Value
	}
	want := map[string]float64{"resources.az_recoverable": 1, "resources.az_conflict": 0}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestBounded: what is beyond the limit on findings shares one.
func TestBounded(t *testing.T) {
	var spans []tiny.Span
	for i := range uint64(5) {
		spans = append(spans, tiny.Span{Service: fmt.Sprint("s", i), Host: fmt.Sprint("i-", i), ID: 1 + i, Name: "x"})
	}
	spans = append(spans, tiny.Span{Service: "z", Zone: "us-east-1a", ID: 9, Name: "x"})
	r := analyze.Run(load(t, spans, nil), status.Detectors, analyze.Options{MaxSubjects: 2})
	if n := len(r.Findings); n != 3 {
		t.Fatalf("%d findings, want 3", n)
	}
	want := "3 spans of 3 subjects beyond those listed, in 3 resources, name no availability zone, whether or not a join tells it"
	if got := r.Findings[0].Message; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
