package evidence

import (
	"fmt"
	"unicode/utf8"

	"github.com/witnessmark/witnessmark/internal/wire"
)

// pprofStrings is the string table. Strings of one window share one allocation.
type pprofStrings struct {
	list    []string
	pending []pprofSpan // of the window, not copied yet
	maxRef  uint64      // the largest index that anything refers to; a negative index is huge
}

type pprofSpan struct{ start, end int }

func (t *pprofStrings) refer(index uint64) { t.maxRef = max(t.maxRef, index) }

// flush copies the pending strings out of the window.
func (t *pprofStrings) flush(window []byte) {
	if len(t.pending) == 0 {
		return
	}
	first := t.pending[0].start
	run := string(window[first:t.pending[len(t.pending)-1].end])
	for _, s := range t.pending {
		t.list = append(t.list, run[s.start-first:s.end-first])
	}
	t.pending = t.pending[:0]
}

// at returns the string of an index and whether the table holds it. Index 0 is "" even where the table
// is missing: protobuf leaves out a zero, so it means "not set".
func (t *pprofStrings) at(index uint64) (s string, ok bool) {
	if index == 0 {
		return "", true
	}
	if index < uint64(len(t.list)) {
		return t.list[index], true
	}
	return "", false
}

// missing reports whether anything refers to a string that the table does not hold.
func (t *pprofStrings) missing() bool { return t.maxRef != 0 && t.maxRef >= uint64(len(t.list)) }

func (r *pprofReader) string(f *wire.Field, off, length int64) {
	t := &r.strings
	if len(t.list)+len(t.pending) == 0 && len(f.Bytes) > 0 {
		r.in.lose(off, length, InReading, "the first string is not empty; index 0 is read as the empty string")
	}
	if !utf8.Valid(f.Bytes) {
		r.in.lose(off, length, InReading, "string %d is not valid UTF-8; its bytes are kept", len(t.list)+len(t.pending))
	}
	t.pending = append(t.pending, pprofSpan{f.Start, f.End})
}

// pprofTables holds functions, locations and mappings until their references can be resolved.
type pprofTables struct {
	functions, locations, mappings pprofIDs
	rawFunctions                   []pprofFunction
	rawLocations                   []pprofLocation
	rawMappings                    []pprofMapping
	lineFunctions                  []uint64 // function ids, parallel to Profile.Lines
}

type pprofFunction struct {
	off, length        int64
	name, system, file uint64
}

type pprofLocation struct {
	off, length int64
	mapping     uint64
	firstLine   int // in Profile.Lines; the next location's is the end
}

type pprofMapping struct {
	off, length   int64
	file, buildID uint64
}

func (r *pprofReader) function(b []byte, off, length int64) {
	var v [6]uint64
	r.scalars(profFunction, b, off, length, v[:], 0, nil)
	for _, s := range v[2:5] {
		r.strings.refer(s)
	}
	r.define(&r.tables.functions, v[1], profFunction, off, length)
	r.tables.rawFunctions = append(r.tables.rawFunctions, pprofFunction{off, length, v[2], v[3], v[4]})
	r.p.Functions = append(r.p.Functions, Function{StartLine: int64(v[5])})
}

func (r *pprofReader) mapping(b []byte, off, length int64) {
	var v [11]uint64
	r.scalars(profMapping, b, off, length, v[:], 0, nil)
	r.strings.refer(v[5])
	r.strings.refer(v[6])
	r.define(&r.tables.mappings, v[1], profMapping, off, length)
	r.tables.rawMappings = append(r.tables.rawMappings, pprofMapping{off, length, v[5], v[6]})
	r.p.Mappings = append(r.p.Mappings, Mapping{Start: v[2], Limit: v[3], Offset: v[4], HasFunctions: v[7] != 0})
}

func (r *pprofReader) location(b []byte, off, length int64) {
	first := len(r.p.Lines)
	var v [6]uint64
	r.scalars(profLocation, b, off, length, v[:], 4, func(line []byte) {
		var l [4]uint64
		r.scalars(profLocation, line, off, length, l[:], 0, nil)
		r.p.Lines = append(r.p.Lines, Line{Function: -1, Line: int64(l[2])})
		r.tables.lineFunctions = append(r.tables.lineFunctions, l[1])
	})
	r.define(&r.tables.locations, v[1], profLocation, off, length)
	r.tables.rawLocations = append(r.tables.rawLocations, pprofLocation{off, length, v[2], first})
	r.p.Locations = append(r.p.Locations, Location{Addr: v[3], Mapping: -1})
}

// define gives the next row of a table its id. The first row with an id keeps it.
func (r *pprofReader) define(ids *pprofIDs, id uint64, num int32, off, length int64) {
	switch {
	case !ids.add(id):
		r.in.lose(off, length, InReading, "%s has the id %d of an earlier one; nothing can refer to it", profName(num), id)
	case id == 0:
		r.in.lose(off, length, InReading, "%s has no id; nothing can refer to it", profName(num))
	}
}

// pprofIDs maps the ids of a table to its rows. Every known encoder counts from 1; other ids cost a map.
type pprofIDs struct {
	rows   int
	dense  []int32 // row by id, -1 where there is none
	named  int     // entries of dense that are not -1
	sparse map[uint64]int32
}

// add gives the next row an id and reports whether the id is new. Id 0 means "none" and is never found.
func (t *pprofIDs) add(id uint64) bool {
	row := int32(t.rows)
	t.rows++
	if t.dense == nil {
		t.dense = append(t.dense, -1)
	}
	if id == 0 {
		return true
	}
	if t.row(id) >= 0 {
		return false
	}
	if id < uint64(len(t.dense)) {
		t.dense[id] = row
		t.named++
		return true
	}
	// The slice may grow ahead of the ids seen by a bounded factor only: an id is a claim of the input.
	if id < 2*uint64(t.rows)+64 {
		for uint64(len(t.dense)) < id {
			t.dense = append(t.dense, -1)
		}
		t.dense = append(t.dense, row)
		t.named++
		return true
	}
	if t.sparse == nil {
		t.sparse = map[uint64]int32{}
	}
	t.sparse[id] = row
	return true
}

// row returns the row of an id, -1 if there is none.
func (t *pprofIDs) row(id uint64) int32 {
	if id < uint64(len(t.dense)) && t.dense[id] >= 0 {
		return t.dense[id]
	}
	if row, ok := t.sparse[id]; ok {
		return row
	}
	return -1
}

// whole reports whether every id from 1 to the largest has a row.
func (t *pprofIDs) whole() bool { return t.named+1 >= len(t.dense) && t.sparse == nil }

// resolveTables turns indexes and ids into strings and rows, now that all tables are read.
func (r *pprofReader) resolveTables() {
	t, p := &r.tables, r.p
	for i, f := range t.rawFunctions {
		p.Functions[i].Name = r.text(f.name, f.off, f.length, profFunction)
		r.text(f.system, f.off, f.length, profFunction) // not kept, but it must not dangle unseen
		p.Functions[i].File = r.text(f.file, f.off, f.length, profFunction)
	}
	for i, m := range t.rawMappings {
		p.Mappings[i].File = r.text(m.file, m.off, m.length, profMapping)
		p.Mappings[i].BuildID = r.text(m.buildID, m.off, m.length, profMapping)
	}
	for i, l := range t.rawLocations {
		end := len(p.Lines)
		if i+1 < len(t.rawLocations) {
			end = t.rawLocations[i+1].firstLine
		}
		p.Locations[i].Lines = p.Lines[l.firstLine:end:end]
		for k := l.firstLine; k < end; k++ {
			row := t.functions.row(t.lineFunctions[k])
			p.Lines[k].Function = row
			if row < 0 {
				r.dangle(profFunction, l.off, l.length, "a location refers to function %d, which the profile does not hold", t.lineFunctions[k])
			}
		}
		if p.Locations[i].Mapping = t.mappings.row(l.mapping); l.mapping != 0 && p.Locations[i].Mapping < 0 {
			r.dangle(profMapping, l.off, l.length, "a location refers to mapping %d, which the profile does not hold", l.mapping)
		}
	}
}

// text returns a string for a field of the message num at off, recording an index that dangles.
func (r *pprofReader) text(index uint64, off, length int64, num int32) string {
	s, ok := r.strings.at(index)
	if !ok {
		r.dangle(profString, off, length, "%s refers to string %d, which the profile does not hold", profName(num), int64(index))
	}
	return s
}

// dangle holds back the Loss of a reference into a table that lacks the row, until danglesAtEnd decides.
func (r *pprofReader) dangle(table int32, off, length int64, format string, args ...any) {
	r.missing[table] = true
	if len(r.dangling) >= maxLosses {
		r.moreDangling++
		return
	}
	r.dangling = append(r.dangling, Loss{Ref: r.in.ref(off, length), Origin: InReading, What: fmt.Sprintf(format, args...)})
}
