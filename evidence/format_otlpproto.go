package evidence

import (
	"encoding/binary"
	"math"

	"github.com/witnessmark/witnessmark/internal/wire"
)

// OTLP as protobuf: TracesData, which is the same on the wire as ExportTraceServiceRequest, alone or as
// a stream of messages that each stand behind their length. Only a span or a resource is ever held in
// memory; the messages around them are walked field by field and may be larger than the window. The
// collector writes the fields of every message in descending order (pdata since 1.4x writes messages
// from their end), so that a resource comes after its spans; the official libraries write it before.

// formatOTLPFramed is a stream of messages, each behind its length: 4 bytes big-endian, as the file
// exporter of the collector writes (exporter/fileexporter/file_writer.go, exportMessageAsBuffer), or a
// varint, as protodelim and its like in other languages do.
var formatOTLPFramed = format{
	sniff: func(head []byte, _ bool) bool {
		_, ok := sniffFraming(head)
		return ok
	},
	read: func(in *input) bool {
		in.fill(sniffBytes)
		f, ok := sniffFraming(in.data())
		if ok {
			newProtoWalk(in).readFrames(f)
		}
		return ok
	},
}

// formatOTLPMessage is one message, without a length before it.
var formatOTLPMessage = format{
	sniff: func(head []byte, _ bool) bool { return sniffMessage(head) != signalNone },
	read: func(in *input) bool {
		in.fill(sniffBytes)
		signal := sniffMessage(in.data())
		if signal != signalNone {
			newProtoWalk(in).readMessage(signal)
		}
		return signal != signalNone
	},
}

// framing is how a stream tells its messages apart.
type framing struct {
	encoding string // of the artifact
	varint   bool
}

var (
	framedBigEndian = framing{encoding: "protobuf-framed"}
	framedVarint    = framing{encoding: "protobuf-varint", varint: true}
)

// maxFrameHeader is the length of the longest header: a varint of 32 bits.
const maxFrameHeader = 5

// header reads the length that d begins with. size is how many bytes it takes: 0 if d is too short, -1
// if d does not begin with a length.
func (f framing) header(d []byte) (length int64, size int) {
	if !f.varint {
		if len(d) < 4 {
			return 0, 0
		}
		return int64(binary.BigEndian.Uint32(d)), 4
	}
	v, next := wire.Uvarint(d[:min(len(d), maxFrameHeader)], 0)
	switch {
	case next < 0 && len(d) < maxFrameHeader:
		return 0, 0
	case next < 0 || v > math.MaxUint32:
		return 0, -1
	}
	return int64(v), next
}

// protoWalk reads one stream.
type protoWalk struct {
	in      *input
	batch   *spanBatch
	span    protoSpan
	res     protoResource
	scratch []byte
	maxLeaf int // a span or resource larger than this is lost

	traces   bool           // a message of traces was read
	other    map[string]int // messages of other signals
	nameSaid bool           // the Loss about names that are no UTF-8 was recorded

	tornOff  int64  // start of the innermost element that the end of an outer message cuts
	tornWhat string // what that element is
	lost     string // why the end of the frame at hand cannot be relied on; "" if it can
	lostOff  int64

	resource  []byte // encoded resource of the ResourceSpans at hand
	scopesNum uint32 // field number of its scopes; 0 before the first
}

func newProtoWalk(in *input) *protoWalk {
	return &protoWalk{in: in, batch: newSpanBatch(), maxLeaf: maxLeafBytes}
}

// readMessage reads a stream that is one message.
func (w *protoWalk) readMessage(signal protoSignal) {
	if signal == signalTraces {
		w.traces = true
		w.walk(&protoLevel{kind: levelMessage, end: unknownEnd})
	} else {
		w.count(signal)
	}
	w.finish("protobuf")
}

// readFrames reads a stream of messages.
func (w *protoWalk) readFrames(f framing) {
	last := signalTraces
	for w.frame(f, &last) {
	}
	w.finish(f.encoding)
}

// frame reads one message with the length before it. It returns false at the end of the stream. last is
// the signal of the message before, which decides for one that does not tell: a resource without spans.
func (w *protoWalk) frame(f framing, last *protoSignal) bool {
	in := w.in
	start := in.off()
	length, size, ok := w.frameHeader(f)
	if !ok {
		return false
	}
	if length == 0 && size > 0 {
		in.advance(size)
		return true
	}
	if size < 0 {
		return w.resume(f, w.search(f, start, "no batch begins here"))
	}
	signal, sure := w.probe(size, length)
	if !sure && !w.bounded(f, size, length) {
		return w.resume(f, w.search(f, start, "no batch begins here"))
	}
	if signal <= signalOpen {
		signal = *last // damaged near its start, or without a span
	}
	*last = signal
	in.advance(size)
	if signal != signalTraces {
		w.count(signal)
		if in.skip(length) < length {
			in.cut(start, in.off(), "the file ends inside a batch of other signals")
			return false
		}
		return true
	}
	return w.message(f, in.off()+length)
}

// message reads the resources of a framed message up to end. Where the bytes show that end is wrong, it
// goes on at the next resource or message.
func (w *protoWalk) message(f framing, end int64) bool {
	w.traces = true
	if !w.walk(&protoLevel{kind: levelMessage, end: end, framed: true}) {
		return false
	}
	return w.lost == "" || w.resume(f, w.search(f, w.lostOff, w.lost))
}

// resume goes on with what a search has found: with the next message by returning, or with the resources
// of a message whose start and length are lost.
func (w *protoWalk) resume(f framing, found protoFound) bool {
	for found == foundResource {
		w.lost, w.traces = "", true
		if !w.walk(&protoLevel{kind: levelMessage, end: unknownEnd, framed: true}) {
			return false
		}
		w.in.fill(searchBytes)
		if f.at(w.in.data()) == foundMessage {
			found = foundMessage // what stopped walk is the length of the next
			break
		}
		found = w.search(f, w.lostOff, w.lost)
	}
	w.lost = ""
	return found == foundMessage
}

// frameHeader reads the length at the window's start without consuming it. ok is false where the stream
// ends first.
func (w *protoWalk) frameHeader(f framing) (length int64, size int, ok bool) {
	in := w.in
	for {
		length, size = f.header(in.data())
		if size != 0 {
			return length, size, true
		}
		if !in.more() {
			if n := int64(len(in.data())); n > 0 {
				in.cut(in.off(), in.off()+n, "the file ends inside the length of a batch")
			}
			return 0, 0, false
		}
	}
}

// maxProbeBytes is how far probe looks for a record that tells the signal: behind a large resource.
const maxProbeBytes = 256 << 10

// probe says what signal the message is that begins size bytes from the window's start, and whether it
// surely is one. It looks into few bytes first, because nearly always they tell.
func (w *protoWalk) probe(size int, length int64) (signal protoSignal, sure bool) {
	for n := int64(4 << 10); ; n = maxProbeBytes {
		want := size + int(min(length, n))
		w.in.fill(want)
		d := w.in.data()
		d = d[min(size, len(d)):min(len(d), want)]
		p := protoProbe{left: maxProbeFields}
		signal = p.fields(d, 0)
		sure = signal > signalOpen || signal == signalOpen && (p.some() || int64(len(d)) < min(length, n) && firstFits(d, length))
		if signal != signalOpen || n == maxProbeBytes || int64(len(d)) < n {
			return signal, sure
		}
	}
}

// searchBytes is how much of the stream is in sight where a message must be told from chance: enough that
// the end of a usual one is too.
const searchBytes = 1 << 20

// bounded reports whether a message that does not tell its signal still has a length to rely on: behind
// it the stream ends or the next message begins.
func (w *protoWalk) bounded(f framing, size int, length int64) bool {
	w.in.fill(size + int(min(length, searchBytes)) + maxFrameHeader + 16)
	d := w.in.data()[size:]
	return length <= int64(len(d)) && f.follows(d[length:])
}

// search looks for the next message, or the next resource of a message that is damaged before it, from
// the window's start on, and records what was passed over since from.
func (w *protoWalk) search(f framing, from int64, why string) protoFound {
	in := w.in
	for {
		in.fill(searchBytes)
		d := in.data()
		// Where the stream goes on, what comes last is looked at again with more behind it in sight.
		last := len(d)
		if !in.eof {
			last = max(1, last/2)
		}
		for i := range last {
			if found := f.at(d[i:]); found != foundNone {
				in.advance(i)
				in.lose(from, in.off()-from, InReading, "%s", why)
				return found
			}
		}
		in.advance(last)
		if len(in.data()) == 0 && !in.more() {
			in.lose(from, in.off()-from, InReading, "%s, and none in what follows", why)
			return foundNone
		}
	}
}

// count counts a message of another signal.
func (w *protoWalk) count(s protoSignal) {
	if w.other == nil {
		w.other = map[string]int{}
	}
	w.other[otherSignals[otherFields[s]].key]++
}

// otherFields relates the signals that are only counted to the keys of OTLP/JSON.
var otherFields = map[protoSignal]jsonField{
	signalMetrics: fieldMetrics, signalLogs: fieldLogs, signalProfiles: fieldProfiles,
}

// finish hands what was read to the artifact.
func (w *protoWalk) finish(encoding string) {
	art := w.in.art
	art.Encoding = encoding
	if !w.traces {
		for _, s := range []protoSignal{signalMetrics, signalLogs, signalProfiles} {
			if signal := otherSignals[otherFields[s]]; w.other[signal.key] > 0 {
				art.Format, art.Status = signal.format, StatusOK
				return
			}
		}
	}
	art.Format = FormatOTLPTraces
	art.Window = w.batch.window
	if art.Window.Known() {
		art.Window.Rule = "spans: earliest start to latest end"
	}
	w.batch.stats.Other = w.other
	w.batch.stats.Resources = len(w.batch.resources)
	art.Traces = &w.batch.stats
	art.batch = w.batch
}
