// Command otlp writes an OTLP export of an invented shop to standard output, and the truth about it, as
// JSON, to standard error.
//
//	go run ./testdata/programs/otlp -spans 130000 -form framed > traces.binpb
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

func main() {
	seed := flag.Uint64("seed", 1, "seed")
	spans := flag.Int("spans", 1000, "number of spans before faults")
	form := flag.String("form", "framed", "framed (descending, as the collector), framed-ascending, varint or message")
	perResource := flag.Int("per-resource", 0, "spans per ResourceSpans; default 128")
	perRequest := flag.Int("per-request", 0, "spans per request; default 1024")
	var f gen.Faults
	flag.IntVar(&f.Orphaned, "orphaned", 0, "spans to leave out that have children")
	flag.IntVar(&f.Resent, "resent", 0, "spans to repeat byte for byte")
	flag.IntVar(&f.Shared, "shared", 0, "server spans to give their client's id")
	flag.IntVar(&f.Conflicting, "conflicting", 0, "spans to repeat with other times")
	flag.IntVar(&f.BadIDs, "bad-ids", 0, "invalid ids")
	flag.IntVar(&f.Early, "early", 0, "spans to move before their parent on one host")
	flag.IntVar(&f.Outlive, "outlive", 0, "spans to end after their parent")
	flag.IntVar(&f.Consumers, "consumers", 0, "consumers that begin after their producer ended")
	flag.DurationVar(&f.SkewedHost, "skewed-host", 0, "clock error of host 0")
	flag.Parse()
	o := gen.Options{Seed: *seed, Spans: *spans, SpansPerResource: *perResource, SpansPerRequest: *perRequest, Faults: f}
	if err := run(o, *form); err != nil {
		fmt.Fprintln(os.Stderr, "otlp:", err)
		os.Exit(1)
	}
}

func run(o gen.Options, form string) error {
	w := bufio.NewWriterSize(os.Stdout, 1<<20)
	g := gen.New(o)
	for td := range g.Requests() {
		var b []byte
		switch form {
		case "framed":
			b = gen.AppendFrame(nil, td, gen.Descending)
		case "framed-ascending":
			b = gen.AppendFrame(nil, td, gen.Ascending)
		case "varint":
			msg := gen.Marshal(td, gen.Ascending)
			b = append(binary.AppendUvarint(nil, uint64(len(msg))), msg...)
		case "message":
			b = gen.Marshal(td, gen.Ascending)
		default:
			return fmt.Errorf("unknown form %q", form)
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stderr).Encode(g.Truth())
}
