package evidence

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	stdgzip "compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
)

// wrapping is one way to wrap a capture.
type wrapping struct {
	name string
	// containers that Load names for it, outermost first.
	containers []string
	wrap       func(t testing.TB, x []byte) []byte
	text       bool // wraps text only
	member     string
}

var stamp = time.Date(2026, 11, 20, 10, 51, 33, 375589919, time.UTC)

// prefixLines puts a prefix before every line of x, which may differ from line to line.
func prefixLines(x []byte, prefix func(i int) string) []byte {
	var out bytes.Buffer
	for i, line := range lines(x) {
		out.WriteString(prefix(i))
		out.Write(line)
		out.WriteByte('\n')
	}
	return out.Bytes()
}

func lines(x []byte) [][]byte {
	return bytes.Split(bytes.TrimSuffix(x, newline), newline)
}

func later(i int) time.Time { return stamp.Add(time.Duration(i) * 1300 * time.Nanosecond) }

func prefixing(name string, containers []string, prefix func(i int) string) wrapping {
	return wrapping{name: name, containers: containers, text: true, wrap: func(_ testing.TB, x []byte) []byte {
		return prefixLines(x, prefix)
	}}
}

func gzipped(t testing.TB, x []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := stdgzip.NewWriter(&out)
	if _, err := w.Write(x); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// zstdEncoder is made once: it is large.
var zstdEncoder = sync.OnceValues(func() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
})

func zstded(t testing.TB, x []byte) []byte {
	t.Helper()
	w, err := zstdEncoder()
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(x, nil)
}

func tarred(t testing.TB, x []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	w.WriteHeader(&tar.Header{Name: "d/", Typeflag: tar.TypeDir, Mode: 0o755})
	if err := w.WriteHeader(&tar.Header{Name: "d/x", Size: int64(len(x)), Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	w.Write(x)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zipped(t testing.TB, x []byte, method uint16) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, err := w.CreateHeader(&zip.FileHeader{Name: "d/x", Method: method})
	if err != nil {
		t.Fatal(err)
	}
	f.Write(x)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func chunkedBody(x []byte) []byte {
	var out bytes.Buffer
	for len(x) > 0 {
		n := min(len(x), 1000)
		fmt.Fprintf(&out, "%x\r\n%s\r\n", n, x[:n])
		x = x[n:]
	}
	out.WriteString("0\r\n\r\n")
	return out.Bytes()
}

func utf16ed(x []byte, order binary.AppendByteOrder, bom bool) []byte {
	var out []byte
	if bom {
		out = order.AppendUint16(out, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(string(x))) {
		out = order.AppendUint16(out, u)
	}
	return out
}

// cri splits long lines into pieces, as containerd does at 16 KiB.
func cri(x []byte, split int, stream string) []byte {
	var out bytes.Buffer
	for i, line := range lines(x) {
		t := later(i).Format(time.RFC3339Nano)
		for ; len(line) > split; line = line[split:] {
			fmt.Fprintf(&out, "%s %s P %s\n", t, stream, line[:split])
		}
		fmt.Fprintf(&out, "%s %s F %s\n", t, stream, line)
	}
	return out.Bytes()
}

func dockerJSON(t testing.TB, x []byte, split int) []byte {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	for i, line := range lines(x) {
		line = append(line[:len(line):len(line)], '\n')
		for len(line) > 0 {
			n := min(len(line), split)
			record := struct {
				Log    string `json:"log"`
				Stream string `json:"stream"`
				Time   string `json:"time"`
			}{string(line[:n]), "stderr", later(i).Format(time.RFC3339Nano)}
			if err := enc.Encode(record); err != nil {
				t.Fatal(err)
			}
			line = line[n:]
		}
	}
	return out.Bytes()
}

func journalJSON(t testing.TB, x []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	for i, line := range lines(x) {
		var message any = string(line)
		if i%3 == 0 {
			numbers := make([]int, len(line))
			for j, c := range line {
				numbers[j] = int(c)
			}
			message = numbers
		}
		text, err := json.Marshal(map[string]any{
			"__REALTIME_TIMESTAMP": fmt.Sprint(later(i).UnixMicro()), "_HOSTNAME": "node1", "_PID": "17",
			"SYSLOG_IDENTIFIER": "app", "MESSAGE": message,
		})
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(text, '\n'))
	}
	return out.Bytes()
}

const httpHeadText = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nX-Content-Type-Options: nosniff\r\n"

func wrappings() []wrapping { return append(binaryWrappings(), textWrappings()...) }

// binaryWrappings are those that any bytes can be wrapped into.
func binaryWrappings() []wrapping {
	return []wrapping{
		{name: "gzip", containers: []string{"gzip"}, wrap: gzipped},
		{name: "gzip of two members", containers: []string{"gzip"}, wrap: func(t testing.TB, x []byte) []byte {
			return append(gzipped(t, x[:len(x)/2]), append(gzipped(t, x[len(x)/2:]), make([]byte, 100)...)...)
		}},
		{name: "zstd", containers: []string{"zstd"}, wrap: zstded},
		{name: "zstd of two frames", containers: []string{"zstd"}, wrap: func(t testing.TB, x []byte) []byte {
			return append(zstded(t, x[:len(x)/2]), zstded(t, x[len(x)/2:])...)
		}},
		{name: "tar", containers: []string{"tar"}, member: "d/x", wrap: tarred},
		{name: "zip", containers: []string{"zip"}, member: "d/x", wrap: func(t testing.TB, x []byte) []byte {
			return zipped(t, x, zip.Deflate)
		}},
		{name: "stored zip", containers: []string{"zip"}, member: "d/x", wrap: func(t testing.TB, x []byte) []byte {
			return zipped(t, x, zip.Store)
		}},
		{name: "http", containers: []string{"http"}, wrap: func(_ testing.TB, x []byte) []byte {
			return fmt.Appendf(nil, "%sContent-Length: %d\r\n\r\n%s", httpHeadText, len(x), x)
		}},
		{name: "http chunked", containers: []string{"http"}, wrap: func(_ testing.TB, x []byte) []byte {
			return fmt.Appendf(nil, "%sTransfer-Encoding: chunked\r\n\r\n%s", httpHeadText, chunkedBody(x))
		}},
		{name: "http, chunks removed by curl", containers: []string{"http"}, wrap: func(_ testing.TB, x []byte) []byte {
			return fmt.Appendf(nil, "%sTransfer-Encoding: chunked\r\n\r\n%s", httpHeadText, x)
		}},
	}
}

// textWrappings are those that only text can be wrapped into.
func textWrappings() []wrapping {
	return []wrapping{
		{name: "bom", containers: []string{"bom"}, text: true, wrap: func(_ testing.TB, x []byte) []byte {
			return slices.Concat(bomUTF8, x)
		}},
		{name: "utf-16le with bom", containers: []string{"utf-16"}, text: true, wrap: func(_ testing.TB, x []byte) []byte {
			return utf16ed(x, binary.LittleEndian, true)
		}},
		{name: "utf-16be with bom", containers: []string{"utf-16"}, text: true, wrap: func(_ testing.TB, x []byte) []byte {
			return utf16ed(x, binary.BigEndian, true)
		}},
		{name: "utf-16le", containers: []string{"utf-16"}, text: true, wrap: func(_ testing.TB, x []byte) []byte {
			return utf16ed(x, binary.LittleEndian, false)
		}},
		{name: "crlf", containers: []string{"crlf"}, text: true, wrap: func(_ testing.TB, x []byte) []byte {
			return bytes.ReplaceAll(x, newline, []byte("\r\n"))
		}},
		{name: "cri", containers: []string{"cri"}, text: true, wrap: func(_ testing.TB, x []byte) []byte {
			return cri(x, 16<<10, "stderr")
		}},
		{name: "cri in small pieces", containers: []string{"cri"}, text: true, wrap: func(_ testing.TB, x []byte) []byte {
			return cri(x, 50, "stdout")
		}},
		{name: "docker-json", containers: []string{"docker-json"}, text: true, wrap: func(t testing.TB, x []byte) []byte {
			return dockerJSON(t, x, 16<<10)
		}},
		{name: "journald json", containers: []string{"journald"}, text: true, wrap: journalJSON},
		prefixing("journald short", []string{"journald"}, func(i int) string {
			return later(i).Format(time.Stamp) + " node1 app[17]: "
		}),
		prefixing("journald short-precise", []string{"journald"}, func(i int) string {
			return later(i).Format(time.StampMicro) + " node1 app[17]: "
		}),
		prefixing("journald short-iso", []string{"journald"}, func(i int) string {
			return later(i).Format("2006-01-02T15:04:05-0700") + " node1 app[17]: "
		}),
		prefixing("journald short-full", []string{"journald"}, func(i int) string {
			return later(i).Format("Mon 2006-01-02 15:04:05.000000 MST") + " node1 app[17]: "
		}),
		prefixing("journald short-unix", []string{"journald"}, func(i int) string {
			return fmt.Sprintf("%d.%06d node1 app[17]: ", later(i).Unix(), later(i).Nanosecond()/1000)
		}),
		prefixing("rsyslog file", []string{"journald"}, func(i int) string {
			return later(i).Format("2006-01-02T15:04:05.000000-07:00") + " node1 app: "
		}),
		prefixing("syslog rfc3164", []string{"syslog"}, func(i int) string {
			return "<11>" + later(i).Format(time.Stamp) + " node1 app[17]: "
		}),
		prefixing("syslog rfc5424", []string{"syslog"}, func(i int) string {
			return "<11>1 " + later(i).Format(time.RFC3339Nano) + ` node1 app 17 - [x@32473 a="b \] c"][y@1 z="1"] `
		}),
		prefixing("kubectl --prefix", []string{"kubectl"}, func(int) string { return "[pod/shelves-8q9-6f/app] " }),
		prefixing("kubectl --timestamps", []string{"timestamps"}, func(i int) string {
			return later(i).Format(time.RFC3339Nano) + " "
		}),
		prefixing("kubectl --prefix --timestamps", []string{"kubectl", "timestamps"}, func(i int) string {
			return "[pod/shelves-8q9-6f/app] " + later(i).Format(time.RFC3339Nano) + " "
		}),
	}
}
