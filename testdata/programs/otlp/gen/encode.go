package gen

import (
	"encoding/binary"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// Order is the order of the fields inside each message.
type Order int

const (
	// Ascending is what the official library writes: a resource comes before its spans.
	Ascending Order = iota
	// Descending is what the collector's file exporter writes since pdata writes messages from their
	// end to their start: the reverse of the order of declaration in the .proto file. The resource comes
	// after its spans, a span's ids come last. Elements of a repeated field keep their order.
	Descending
)

// Marshal returns the message in the given order.
func Marshal(td *tracepb.TracesData, order Order) []byte {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(td)
	if err != nil {
		panic(fmt.Sprintf("gen: marshal: %v", err)) // only invalid UTF-8, which nothing here makes
	}
	if order == Descending {
		b = appendDescending(nil, b, td.ProtoReflect().Descriptor())
	}
	return b
}

// AppendFrame appends the message with its length before it, 4 bytes big-endian, as the collector's file
// exporter writes it.
func AppendFrame(dst []byte, td *tracepb.TracesData, order Order) []byte {
	b := Marshal(td, order)
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(b))), b...)
}

// Framed returns a whole export as frames.
func Framed(o Options, order Order) ([]byte, Truth) {
	g := New(o)
	var out []byte
	for td := range g.Requests() {
		out = AppendFrame(out, td, order)
	}
	return out, g.Truth()
}

// Message returns a whole export as one message: messages written one after the other are one message
// with the repeated fields of all.
func Message(o Options, order Order) ([]byte, Truth) {
	g := New(o)
	var out []byte
	for td := range g.Requests() {
		out = append(out, Marshal(td, order)...)
	}
	return out, g.Truth()
}

// appendDescending appends the fields of msg in reverse order of their declaration, recursively. The
// length of no message changes, so that its prefix can be copied.
func appendDescending(dst, msg []byte, d protoreflect.MessageDescriptor) []byte {
	type field struct {
		index            int
		off, start, stop int
		inner            protoreflect.MessageDescriptor
	}
	var fields []field
	for at := 0; at < len(msg); {
		num, typ, tag := protowire.ConsumeTag(msg[at:])
		size := protowire.ConsumeFieldValue(num, typ, msg[at+tag:])
		if tag < 0 || size < 0 {
			panic("gen: the official library wrote an invalid field")
		}
		fd := d.Fields().ByNumber(num)
		f := field{index: fd.Index(), off: at, start: at + tag, stop: at + tag + size}
		if typ == protowire.BytesType && fd.Message() != nil {
			_, prefix := protowire.ConsumeVarint(msg[f.start:])
			f.start += prefix
			f.inner = fd.Message()
		}
		fields = append(fields, f)
		at = f.stop
	}
	slices.SortStableFunc(fields, func(a, b field) int { return b.index - a.index })
	for _, f := range fields {
		dst = append(dst, msg[f.off:f.start]...)
		if f.inner != nil {
			dst = appendDescending(dst, msg[f.start:f.stop], f.inner)
		} else {
			dst = append(dst, msg[f.start:f.stop]...)
		}
	}
	return dst
}
