package wire

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
)

func TestNext(t *testing.T) {
	rows := []struct {
		name string
		in   []byte
		want []Field
		stop Stop
		pos  int
	}{
		{"empty", nil, nil, End, 0},
		{"varint", []byte{0x08, 0x96, 0x01}, []Field{{Num: 1, Type: Varint, Value: 150, Start: 1, End: 3}}, End, 3},
		{"bytes", []byte{0x12, 2, 'o', 'k'}, []Field{{Num: 2, Type: Bytes, Bytes: []byte("ok"), Start: 2, End: 4}}, End, 4},
		{"empty bytes", []byte{0x12, 0}, []Field{{Num: 2, Type: Bytes, Bytes: []byte{}, Start: 2, End: 2}}, End, 2},
		{"fixed64", []byte{0x09, 1, 0, 0, 0, 0, 0, 0, 0x80}, []Field{{Num: 1, Type: Fixed64, Value: 1<<63 | 1, Start: 1, End: 9}}, End, 9},
		{"fixed32", []byte{0x0d, 1, 0, 0, 0x80}, []Field{{Num: 1, Type: Fixed32, Value: 1<<31 | 1, Start: 1, End: 5}}, End, 5},
		{"group", []byte{0x0b, 0x08, 5, 0x13, 0x14, 0x0c}, []Field{{Num: 1, Type: Group, Bytes: []byte{0x08, 5, 0x13, 0x14}, Start: 1, End: 6}}, End, 6},
		{"padded varint", []byte{0x08, 0x80, 0x80, 0x00}, []Field{{Num: 1, Type: Varint, Start: 1, End: 4}}, End, 4},
		{"cut in tag", []byte{0x80}, nil, Cut, 0},
		{"cut in varint", []byte{0x08, 0x80}, nil, Cut, 0},
		{"cut in length", []byte{0x0a, 0x80}, nil, Cut, 0},
		{"cut in bytes", []byte{0x0a, 3, 'a', 'b'}, nil, Cut, 0},
		{"cut in fixed64", []byte{0x09, 1, 2, 3}, nil, Cut, 0},
		{"cut in fixed32", []byte{0x0d, 1, 2, 3}, nil, Cut, 0},
		{"cut in group", []byte{0x0b, 0x08, 5}, nil, Cut, 0},
		{"length of 2^63", []byte{0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, nil, Cut, 0},
		{"overlong varint", append([]byte{0x08}, bytes.Repeat([]byte{0xff}, 10)...), nil, BadVarint, 0},
		{"field 0", []byte{0x00, 0x00}, nil, BadNumber, 0},
		{"field 2^29", protowire.AppendVarint(nil, 1<<32), nil, BadNumber, 0},
		{"wire type 6", []byte{0x0e}, nil, BadType, 0},
		{"wire type 7", []byte{0x0f}, nil, BadType, 0},
		{"end of no group", []byte{0x0c}, nil, BadGroup, 0},
		{"end of another group", []byte{0x0b, 0x14}, nil, BadGroup, 0},
		{"groups too deep", bytes.Repeat([]byte{0x0b}, 100), nil, BadGroup, 0},
		{"second field damaged", []byte{0x08, 1, 0x0f}, []Field{{Num: 1, Type: Varint, Value: 1, Start: 1, End: 2}}, BadType, 2},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			w := Walk(r.in)
			var got []Field
			var f Field
			for w.Next(&f) {
				if f.Type == Bytes || f.Type == Group {
					f.Value = 0
				}
				got = append(got, f)
			}
			if d := cmp.Diff(r.want, got); d != "" {
				t.Errorf("fields (-want +got):\n%s", d)
			}
			if w.Stop() != r.stop || w.Pos() != r.pos {
				t.Errorf("stopped at %d: %v, want at %d: %v", w.Pos(), w.Stop(), r.pos, r.stop)
			}
			if w.Next(&f) {
				t.Error("Next goes on after it has stopped")
			}
		})
	}
}

// TestCutField looks at what Next leaves in the field after a cut.
func TestCutField(t *testing.T) {
	w := Walk([]byte{0x08, 1, 0x1a, 100, 'a', 'b'})
	var f Field
	if !w.Next(&f) || w.Next(&f) || w.Stop() != Cut {
		t.Fatalf("walk ends with %v, want one field and a cut", w.Stop())
	}
	want := Field{Num: 3, Type: Bytes, Bytes: []byte("ab"), Off: 2, Start: 4, End: 6, Value: 1}
	if d := cmp.Diff(want, f); d != "" {
		t.Errorf("cut field (-want +got):\n%s", d)
	}
}

// FuzzWalk compares the walker with protowire on every input.
func FuzzWalk(f *testing.F) {
	f.Add([]byte{0x08, 0x96, 0x01, 0x12, 2, 'o', 'k', 0x0b, 0x08, 5, 0x0c})
	f.Add([]byte{0x09, 1, 0, 0, 0, 0, 0, 0, 0x80, 0x0d, 1, 0, 0, 0x80})
	f.Fuzz(func(t *testing.T, in []byte) {
		w := Walk(in)
		var got Field
		pos := 0
		for w.Next(&got) {
			num, typ, n := protowire.ConsumeField(in[pos:])
			if n < 0 {
				t.Fatalf("field at %d: protowire refuses it: %v", pos, protowire.ParseError(n))
			}
			if int32(num) != got.Num || Type(typ) != got.Type || got.Off != pos || got.End != pos+n || w.Pos() != got.End {
				t.Fatalf("field at %d: got %+v, protowire reads number %d type %d length %d", pos, got, num, typ, n)
			}
			if got.Start <= got.Off || got.Start > got.End || got.Bytes != nil && got.Start+len(got.Bytes) > got.End {
				t.Fatalf("field at %d: offsets out of order: %+v", pos, got)
			}
			pos += n
		}
		if w.Pos() != pos {
			t.Fatalf("stopped at %d, last field ended at %d", w.Pos(), pos)
		}
		if (w.Stop() == End) != (pos == len(in)) {
			t.Fatalf("stop %v at %d of %d", w.Stop(), pos, len(in))
		}
		// protowire alone has looser bounds for field numbers and group depth; package proto checks the former.
		if w.Stop() != End && w.Stop() != BadGroup && w.Stop() != BadNumber {
			if _, _, n := protowire.ConsumeField(in[pos:]); n >= 0 {
				t.Fatalf("stop %v at %d, but protowire reads %d bytes", w.Stop(), pos, n)
			}
		}
	})
}
