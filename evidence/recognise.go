package evidence

import (
	"bytes"
	"fmt"
	"strings"
)

// A recogniser names a format that is listed and not read. It decides by the head alone; its stream is
// then passed over to its end, so that a cut or a limit is noticed.

// recognisers in the order in which they are asked.
var recognisers = []format{
	formatGoTrace,
	formatMetrics,
	formatChronyTracking,
	formatChronySources,
	formatChronySourcestats,
	formatChronyTrackingLog,
	formatChronyStatisticsLog,
	formatChronyMeasurementsLog,
	formatNTPVariables,
	formatLoopstats,
	formatTimesyncStatus,
	formatShowTimesync,
	formatPTP,
	formatClockCSV,
	recognise("chrony/selectdata", sniffChronySelectdata),
	recognise("chrony/activity", sniffChronyActivity),
	formatChronyError,
	formatK8s,
	formatEC2,
	formatGCE,
	formatAzure,
	formatHostCSV,
	recognise("jaeger/ui-json", sniffJaeger),
	recognise("zipkin/v2-json", sniffZipkin),
	formatErrorBody,
	formatHTML,
}

// formatGctrace is a log of GODEBUG=gctrace=1.
var formatGctrace = recognise("gctrace/log", sniffGctrace)

func recognise(name Format, sniff func(head []byte, whole bool) bool) format {
	return format{
		sniff:  sniff,
		listed: true,
		read: func(in *input) bool {
			in.art.Format = name
			return true
		},
	}
}

// refuse is a format that says why it holds no evidence: an error where a capture was expected.
func refuse(name Format, sniff func(head []byte, whole bool) bool, what func(head []byte) string) format {
	f := recognise(name, sniff)
	f.read = func(in *input) bool {
		in.art.Format, in.art.Status = name, StatusUnreadable
		head := in.data()
		in.lose(in.off(), int64(len(head)), InCapture, "%s", what(head))
		return true
	}
	return f
}

// sniffGoTrace recognises the header of an execution trace: "go 1.26 trace" and three zero bytes. It
// names the version of the trace format, not the release (internal/trace/version, go1.27).
func sniffGoTrace(head []byte, _ bool) bool {
	if len(head) < 16 || !bytes.HasPrefix(head, []byte("go 1.")) {
		return false
	}
	version, rest, found := bytes.Cut(head[len("go 1."):16], []byte{' '})
	return found && allDigits(version) && bytes.HasPrefix(rest, []byte("trace\x00"))
}

func sniffGctrace(head []byte, whole bool) bool {
	if !isTextual(head) {
		return false
	}
	var lines, hits int
	headLines(head, whole, func(line []byte, _ bool) bool {
		if len(line) > 0 {
			lines++
		}
		if isGctrace(line) {
			hits++
		}
		return lines < sniffLines
	})
	return hits > 0 && 2*hits >= lines
}

// isGctrace recognises "gc 1 @0.012s 2%: …" (runtime/mgc.go, gcMarkTermination).
func isGctrace(line []byte) bool {
	rest, found := bytes.CutPrefix(line, []byte("gc "))
	number, rest, ok := bytes.Cut(rest, []byte(" @"))
	_, rest, percent := bytes.Cut(rest, []byte("s "))
	return found && ok && percent && allDigits(number) && bytes.Contains(rest, []byte("%: ")) &&
		bytes.Contains(rest, []byte(" ms clock"))
}

// quoteLine puts the first line of a text into a message.
func quoteLine(text []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(text), newline)
	const most = 200
	if len(line) > most {
		line = append(bytes.Clone(line[:most]), "…"...)
	}
	return fmt.Sprintf("%q", strings.ToValidUTF8(string(bytes.TrimSpace(line)), "\uFFFD"))
}
