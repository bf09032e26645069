// Command stacks writes profiles and goroutine dumps whose stacks and labels are known, into the folder
// named by its second argument, with a file that says what is so. The first argument names the part. It builds with go1.18.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
)

// truth is what the program knows about what one part of it captured.
type truth struct {
	Go string `json:"go"`
	// Limit is the number of frames that goroutine, mutex and block profiles keep, runtime.goexit among
	// them.
	Limit int `json:"limit"`
	// Parked holds the goroutines that wait in stacks of known depth. Those from DumpOnly on started
	// after the profile and before the dump.
	Parked   []parked `json:"parked,omitempty"`
	DumpOnly int      `json:"dump_only,omitempty"`
	// CPU holds the depths of the frame that burns, by the label "depth" of the samples.
	CPU []int `json:"cpu,omitempty"`
	// Labels holds what the functions of the label captures should show.
	Labels []labelled `json:"labels,omitempty"`
}

var (
	dir   string
	facts truth
)

// parts are captured in processes of their own, so that each shows its own goroutines only.
var parts = map[string]func(){
	"stacks":  captureStacks,
	"labels":  captureLabels,
	"healthy": captureHealthy,
	"deeper":  captureDeeper,
}

func main() {
	log.SetFlags(0)
	part := os.Args[1]
	dir = os.Args[2]
	facts.Go = runtime.Version()
	facts.Limit = 128
	if minor() < 23 {
		facts.Limit = 32
	}
	check(os.MkdirAll(dir, 0o755))
	parts[part]()
	out, err := json.MarshalIndent(facts, "", " ")
	check(err)
	check(os.WriteFile(filepath.Join(dir, part+".truth.json"), append(out, '\n'), 0o644))
}

// minor returns 22 for go1.22.12.
func minor() int {
	n, err := strconv.Atoi(strings.Split(strings.TrimPrefix(runtime.Version(), "go"), ".")[1])
	check(err)
	return n
}

// write captures a named profile. Text is compressed: the same frames fill most of it.
func write(file, profile string, debug int) {
	var b bytes.Buffer
	if debug == 0 {
		check(pprof.Lookup(profile).WriteTo(&b, debug))
	} else {
		file += ".gz"
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		check(err)
		check(pprof.Lookup(profile).WriteTo(z, debug))
		check(z.Close())
	}
	check(os.WriteFile(filepath.Join(dir, file), b.Bytes(), 0o644))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
