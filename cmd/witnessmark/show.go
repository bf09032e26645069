package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/report"
)

// show is the command show: the evidence behind an exhibit, or one trace.
type show struct {
	app        *app
	maxDecoded string
}

func showCommand(a *app) *cobra.Command {
	o := &show{app: a}
	cmd := &cobra.Command{
		Use:   "show NAME@OFFSET+LENGTH | TRACE-ID PATH…",
		Short: "Print the evidence behind an exhibit, decoded, or one trace",
		Long: `show prints a byte range of an artifact, as findings give it, decoded for its format: a span, a sample of
a profile with its stack and labels, a goroutine. Offsets count decoded bytes: after containers and log
prefixes were peeled. With a trace id it prints the spans of that trace as a tree.`,
		Example: `  witnessmark show 'dumps/traces.binpb@4711+633'
  witnessmark show 'bundle.tar.gz!pod/cpu.pb.gz@179+93'
  witnessmark show 4bf92f3577b34da6a3ce929d0e0e4736 dumps/`,
		Args: atLeast(1),
		RunE: func(_ *cobra.Command, args []string) error { return o.run(args) },
	}
	cmd.Flags().StringVar(&o.maxDecoded, "max-decoded", "64GiB", "`SIZE` that decompression of one file may deliver")
	return cmd
}

var (
	placePattern = regexp.MustCompile(`^(.+)@(\d+)\+(\d+)$`)
	tracePattern = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)
)

func (o *show) run(args []string) error {
	limit, err := parseSize(o.maxDecoded)
	if err != nil {
		return fmt.Errorf("--max-decoded: %w", err)
	}
	load := evidence.Options{MaxDecoded: limit, Stdin: o.app.stdin}
	if tracePattern.MatchString(args[0]) && len(args) > 1 {
		return o.trace(args[0], args[1:], load)
	}
	if len(args) > 1 {
		return fmt.Errorf("%q is no trace id: want 32 hex digits", args[0])
	}
	m := placePattern.FindStringSubmatch(args[0])
	if m == nil {
		return fmt.Errorf("%q names no byte range\nwant NAME@OFFSET+LENGTH as findings print it, or a trace id of 32 hex digits and the files to look in", args[0])
	}
	off, err1 := strconv.ParseInt(m[2], 10, 64)
	n, err2 := strconv.ParseInt(m[3], 10, 64)
	if err1 != nil || err2 != nil {
		return fmt.Errorf("%q: the range is too large", args[0])
	}
	return o.place(m[1], off, n, load)
}

func (o *show) place(path string, off, n int64, load evidence.Options) error {
	data, err := evidence.ReadRange(path, off, n, load)
	if err != nil {
		return err
	}
	text := o.decode(path, off, n, data, load)
	for _, line := range splitLines(text) {
		if _, err := fmt.Fprintln(o.app.stdout, report.Clean(strings.ReplaceAll(line, "\t", "    "))); err != nil {
			return err
		}
	}
	return nil
}

// decode renders the bytes for the format of their artifact, and as they are where that does not work.
func (o *show) decode(path string, off, n int64, data []byte, load evidence.Options) string {
	if a := artifactOf(path, load); a != nil {
		switch {
		case a.Format == evidence.FormatOTLPTraces && strings.HasPrefix(a.Encoding, "json"):
			if text, ok := indentJSON(data); ok {
				return text
			}
		case a.Format == evidence.FormatOTLPTraces:
			if text, ok := decodeSpan(data); ok {
				return text
			}
		case a.Profile != nil && !a.Profile.Text:
			if text, ok := decodeSample(a.Profile, off, n); ok {
				return text
			}
		}
	}
	if isText(data) {
		return string(data)
	}
	if text, ok := decodeSpan(data); ok && path == "-" { // cannot be read twice to learn its format
		return text
	}
	return hex.Dump(data)
}

// artifactOf loads the file of a path once more and returns its artifact of that name.
func artifactOf(path string, load evidence.Options) *evidence.Artifact {
	file := path
	for {
		if _, err := os.Stat(file); err == nil {
			break
		}
		i := strings.LastIndexByte(file, '!')
		if i < 0 {
			return nil
		}
		file = file[:i]
	}
	b, _ := evidence.Load([]string{file}, load)
	for _, a := range b.Artifacts {
		if a.Path == path {
			return a
		}
	}
	return nil
}

func isText(data []byte) bool {
	for _, c := range data {
		if c < 0x20 && c != '\n' && c != '\t' && c != '\r' || c == 0x7f {
			return false
		}
	}
	return true
}
