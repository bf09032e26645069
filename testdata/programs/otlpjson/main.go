// Command otlpjson writes the OTLP/JSON specimens: one small export with faults, in the collector's byte
// shape, as protojson writes it (base64 ids, names of enumerations), and indented.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: otlpjson DIR")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "otlpjson:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	files := map[string]*bytes.Buffer{"collector.jsonl": {}, "protojson.jsonl": {}, "indented.json": {}}
	g := gen.New(gen.Options{Seed: 7, Spans: 12, SpansPerRequest: 6, Faults: gen.Faults{Orphaned: 1, BadIDs: 2}})
	for td := range g.Requests() {
		line := gen.AppendJSON(nil, td)
		files["collector.jsonl"].Write(line)
		if err := json.Indent(files["indented.json"], line, "", "  "); err != nil {
			return err
		}
		b, err := protojson.Marshal(td)
		if err != nil {
			return err
		}
		// protojson varies its white space on purpose.
		if err := json.Compact(files["protojson.jsonl"], b); err != nil {
			return err
		}
		files["protojson.jsonl"].WriteByte('\n')
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}
