package evidence

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// placeTruth is the part of a capture's truth.json that says where its processes ran.
type placeTruth struct {
	Processes []struct {
		Service string `json:"service"`
		Host    string `json:"host"`
		Zone    string `json:"zone"`
		Pod     string `json:"pod"`
		Style   string `json:"resource_style"`
	} `json:"processes"`
}

// zoneOf returns the zone of the process that a resource is of, and how much that recorded of itself.
func (t *placeTruth) zoneOf(r *Resource) (zone, style string) {
	for _, p := range t.Processes {
		k := &r.Keys
		if p.Service == r.Identity.Service.Value && (k.PodName == "" || k.PodName == p.Pod) && (k.HostName == "" || k.HostName == p.Host) {
			if zone != "" && zone != p.Zone {
				return "", "ambiguous"
			}
			zone, style = p.Zone, p.Style
		}
	}
	return zone, style
}

// TestCapturesPlaces: the zone of every resource that records any key of a host or pod is that of
// truth.json, and the others have none.
func TestCapturesPlaces(t *testing.T) {
	truths, err := filepath.Glob(filepath.Join(sharedCaptures, "*/k8s/nodes.json.gz"))
	if err != nil || len(truths) == 0 {
		t.Skip("no captures to look at")
	}
	joined := 0
	for _, nodes := range truths {
		dir := filepath.Dir(filepath.Dir(nodes))
		t.Run(filepath.Base(dir), func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, "truth.json"))
			if err != nil {
				t.Fatal(err)
			}
			var truth placeTruth
			if err := json.Unmarshal(text, &truth); err != nil {
				t.Fatal(err)
			}
			traces, _ := filepath.Glob(filepath.Join(dir, "otlp/traces.jsonl*"))
			if len(traces) == 0 {
				t.Skip("no traces")
			}
			// Once with both, and once each with Kubernetes' account and the machines' alone.
			for _, with := range [][]string{{"k8s", "hosts"}, {"k8s"}, {"hosts"}} {
				paths := traces
				for _, w := range with {
					paths = append(paths, filepath.Join(dir, w))
				}
				b, err := Load(paths, Options{})
				if err != nil {
					t.Fatal(err)
				}
				if len(b.PlaceConflicts) > 0 {
					t.Errorf("with %v: conflicts %+v", with, b.PlaceConflicts)
				}
				for i := range b.Resources {
					r := &b.Resources[i]
					zone, style := truth.zoneOf(r)
					// An SDK's own resource names no host; service.instance.id is the pod's uid there.
					if style == "sdk" || style == "instance" && with[0] == "hosts" {
						zone = ""
					}
					if r.Identity.AZ.Value != zone {
						t.Errorf("with %v: %s (%s) is in %+v, want %q", with, r.Identity.Service.Value, style, r.Identity.AZ, zone)
					}
					if r.Identity.AZ.Joined() {
						joined++
						if r.Region.Value != "us-west-2" || !r.Region.Joined() {
							t.Errorf("with %v: %s has region %+v", with, r.Identity.Service.Value, r.Region)
						}
					}
				}
			}
		})
	}
	if joined == 0 {
		t.Error("no resource was joined")
	}
}

// TestCapturesPlaceCounts: what kubectl printed is read to the last object.
func TestCapturesPlaceCounts(t *testing.T) {
	lists, _ := filepath.Glob(filepath.Join(sharedCaptures, "*/k8s/*.json.gz"))
	if len(lists) == 0 {
		t.Skip("no captures to look at")
	}
	for _, path := range lists {
		b, err := Load([]string{path}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		a := b.Artifacts[0]
		n := a.Places.Nodes + a.Places.Pods
		if a.Status != StatusOK || n < 7 || n != len(b.Places) || a.Places.Other > 0 {
			t.Errorf("%s: %s, %+v, %d places, losses %v", path, a.Status, a.Places, len(b.Places), a.Losses)
		}
		for i := range b.Places {
			p := &b.Places[i]
			if p.UID == "" || p.Name == "" || len(p.IPs) == 0 || p.Kind == PlaceNode && p.Zone.Value == "" || p.Kind == PlacePod && p.Node == "" {
				t.Errorf("%s: %+v", path, p)
			}
		}
	}
}
