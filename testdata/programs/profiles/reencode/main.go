// Command reencode writes what google/pprof makes of profiles: the same one encoded anew, and several
// merged. Its arguments are the folder to write to and the folders that command profiles wrote.
package main

import (
	"encoding/json"
	"log"
	"os"
	"path/filepath"
	"strconv"

	"github.com/google/pprof/profile"
)

// truth has the fields of command profiles' truth that are known here.
type truth struct {
	File     string `json:"file"`
	Kind     string `json:"kind"`
	StartMin string `json:"start_min"`
	StartMax string `json:"start_max"`
	EndMin   string `json:"end_min"`
	EndMax   string `json:"end_max"`
	Total    int64  `json:"total"`
	Samples  int    `json:"samples"`
}

func main() {
	log.SetFlags(0)
	to, from := os.Args[1], os.Args[2:]
	check(os.MkdirAll(to, 0o755))
	var all struct {
		Go         string  `json:"go"` // "" because several releases wrote it
		Provenance string  `json:"provenance"`
		Profiles   []truth `json:"profiles"`
	}
	all.Provenance = "re-encoded"
	for _, kind := range []string{"cpu", "heap", "allocs", "goroutine", "mutex", "block"} {
		var merge []*profile.Profile
		for _, dir := range from {
			merge = append(merge, read(filepath.Join(dir, kind+".pb.gz")))
		}
		merged, err := profile.Merge(merge)
		check(err)
		all.Profiles = append(all.Profiles, write(to, kind+".merged", kind, merged))
	}
	all.Profiles = append(all.Profiles, write(to, "cpu", "cpu", read(filepath.Join(from[0], "cpu.pb.gz"))))
	out, err := json.MarshalIndent(all, "", "  ")
	check(err)
	check(os.WriteFile(filepath.Join(to, "truth.json"), append(out, '\n'), 0o644))
}

func write(to, name, kind string, p *profile.Profile) truth {
	start, end := p.TimeNanos, p.TimeNanos
	if kind == "cpu" {
		end += p.DurationNanos
	}
	t := truth{File: name + ".pb.gz", Kind: kind, Samples: len(p.Sample)}
	t.StartMin, t.StartMax = strconv.FormatInt(start, 10), strconv.FormatInt(start, 10)
	t.EndMin, t.EndMax = strconv.FormatInt(end, 10), strconv.FormatInt(end, 10)
	for _, s := range p.Sample {
		t.Total += s.Value[0]
	}
	f, err := os.Create(filepath.Join(to, t.File))
	check(err)
	check(p.Write(f))
	check(f.Close())
	return t
}

func read(path string) *profile.Profile {
	f, err := os.Open(path)
	check(err)
	defer f.Close()
	p, err := profile.Parse(f)
	check(err)
	return p
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
