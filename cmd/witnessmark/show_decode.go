package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/report"
)

func indentJSON(data []byte) (string, bool) {
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		return "", false
	}
	return b.String(), true
}

// decodeSpan renders a span with the official types, which are used here and in tests only. Bytes that
// merely happen to parse are refused: a span has a name or an id.
func decodeSpan(data []byte) (string, bool) {
	var s tracepb.Span
	if err := proto.Unmarshal(data, &s); err != nil || len(s.SpanId) == 0 && s.Name == "" {
		return "", false
	}
	var b strings.Builder
	field := func(name, value string) { fmt.Fprintf(&b, "%-12s %s\n", name, value) }
	field("trace", fmt.Sprintf("%x", s.TraceId))
	field("span", fmt.Sprintf("%x", s.SpanId))
	if len(s.ParentSpanId) > 0 {
		field("parent", fmt.Sprintf("%x", s.ParentSpanId))
	}
	field("name", s.Name)
	field("kind", strings.ToLower(strings.TrimPrefix(s.Kind.String(), "SPAN_KIND_")))
	field("start", instant(s.StartTimeUnixNano))
	end := instant(s.EndTimeUnixNano)
	if s.StartTimeUnixNano != 0 && s.EndTimeUnixNano != 0 {
		end += "  (" + report.Duration(int64(s.EndTimeUnixNano-s.StartTimeUnixNano)) + ")"
	}
	field("end", end)
	if s.Status != nil {
		field("status", strings.TrimSpace(strings.ToLower(strings.TrimPrefix(s.Status.Code.String(), "STATUS_CODE_"))+" "+s.Status.Message))
	}
	field("flags", flags(evidence.SpanFlags(s.Flags)))
	if s.TraceState != "" {
		field("tracestate", s.TraceState)
	}
	attributes(&b, "", s.Attributes)
	for _, e := range s.Events {
		field("event", instant(e.TimeUnixNano)+"  "+e.Name)
		attributes(&b, "  ", e.Attributes)
	}
	for _, l := range s.Links {
		field("link", fmt.Sprintf("trace %x span %x", l.TraceId, l.SpanId))
		attributes(&b, "  ", l.Attributes)
	}
	if unknown := len(s.ProtoReflect().GetUnknown()); unknown > 0 {
		field("unknown", fmt.Sprintf("%d bytes in fields that are not known", unknown))
	}
	return b.String(), true
}

func attributes(b *strings.Builder, indent string, kvs []*commonpb.KeyValue) {
	for _, kv := range kvs {
		fmt.Fprintf(b, "%s  %s = %s\n", indent, kv.Key, anyValue(kv.Value, 0))
	}
}

// anyValue renders an attribute value. Values may nest as deep as the library lets them; what is deeper
// than a screen can show is left out.
func anyValue(v *commonpb.AnyValue, depth int) string {
	if depth > 20 {
		return "…"
	}
	switch x := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return x.StringValue
	case *commonpb.AnyValue_ArrayValue:
		var parts []string
		for _, e := range x.ArrayValue.GetValues() {
			parts = append(parts, anyValue(e, depth+1))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *commonpb.AnyValue_KvlistValue:
		var parts []string
		for _, e := range x.KvlistValue.GetValues() {
			parts = append(parts, e.Key+": "+anyValue(e.Value, depth+1))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case *commonpb.AnyValue_IntValue:
		return fmt.Sprint(x.IntValue)
	case *commonpb.AnyValue_DoubleValue:
		return fmt.Sprint(x.DoubleValue)
	case *commonpb.AnyValue_BoolValue:
		return fmt.Sprint(x.BoolValue)
	case *commonpb.AnyValue_BytesValue:
		return fmt.Sprintf("0x%x", x.BytesValue)
	}
	return "(no value)"
}

func flags(f evidence.SpanFlags) string {
	var parts []string
	if f&evidence.FlagSampled != 0 {
		parts = append(parts, "sampled")
	}
	if f&evidence.FlagHasRemote != 0 {
		parent := "parent in the same process"
		if f&evidence.FlagRemote != 0 {
			parent = "parent in another process"
		}
		parts = append(parts, parent)
	}
	return strings.TrimSpace(fmt.Sprintf("%#x %s", uint16(f), strings.Join(parts, ", ")))
}

func instant(nanos uint64) string {
	if nanos == 0 {
		return "absent"
	}
	if nanos > 1<<63-1 {
		return fmt.Sprint(nanos)
	}
	return time.Unix(0, int64(nanos)).UTC().Format("2006-01-02T15:04:05.000000000Z")
}

// decodeSample renders the sample of a profile that stands at a range.
func decodeSample(p *evidence.Profile, off, n int64) (string, bool) {
	for s := range p.Samples() {
		if s.Ref.Off != off || s.Ref.Len != n {
			continue
		}
		var b strings.Builder
		for i, v := range s.Values {
			if i < len(p.SampleTypes) {
				fmt.Fprintf(&b, "%-12s %d %s\n", p.SampleTypes[i].Type, v, p.SampleTypes[i].Unit)
			}
		}
		for _, l := range s.Labels {
			fmt.Fprintf(&b, "%-12s %s = %s\n", "label", l.Key, l.Value)
		}
		for _, l := range s.NumLabels {
			fmt.Fprintf(&b, "%-12s %s = %d %s\n", "label", l.Key, l.Value, l.Unit)
		}
		fmt.Fprintf(&b, "%-12s %d frames, innermost first\n", "stack", s.Depth)
		for _, l := range s.Locations {
			frames(&b, p, l)
		}
		return b.String(), true
	}
	return "", false
}

// frames renders the lines of one location, innermost first, or its address where it has none.
func frames(b *strings.Builder, p *evidence.Profile, location int32) {
	if location < 0 {
		b.WriteString("  (a location that the profile does not hold)\n")
		return
	}
	l := &p.Locations[location]
	if len(l.Lines) == 0 {
		fmt.Fprintf(b, "  %#x", l.Addr)
		if l.Mapping >= 0 && int(l.Mapping) < len(p.Mappings) {
			b.WriteString("  " + p.Mappings[l.Mapping].File)
		}
		b.WriteByte('\n')
	}
	for _, line := range l.Lines {
		if line.Function < 0 || p.Functions[line.Function].Name == "" {
			fmt.Fprintf(b, "  (no name) %#x\n", l.Addr)
			continue
		}
		fn := &p.Functions[line.Function]
		fmt.Fprintf(b, "  %s  %s:%d\n", fn.Name, fn.File, line.Line)
	}
}
