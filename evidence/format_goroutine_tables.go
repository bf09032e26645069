package evidence

import (
	"hash/maphash"
	"math/bits"
)

// dumpTables holds the distinct states, frames, stacks and label sets of a dump while it is read.
// Index 0 of each is the empty value.
type dumpTables struct {
	seed maphash.Seed

	states     []string
	stateIndex map[string]uint32
	statuses   map[string]status // by the text between the brackets

	frames []Frame
	// locs holds "file:line" of each frame as printed; Frame.File is the start of it.
	locs       []string
	frameSlots []uint32 // open addressing, 0 where free

	stacks    [][]uint32
	nodes     []stackNode
	nodeSlots []uint32 // open addressing by parent and frame, 0 where free
	nodeSeed  uint64
	arena     []uint32 // where the next stacks are stored

	labelSets  [][]Label
	labelIndex map[string]uint32 // by the text of the block
}

func (t *dumpTables) init() {
	t.seed = maphash.MakeSeed()
	t.states, t.stateIndex = []string{""}, map[string]uint32{"": 0}
	t.statuses = map[string]status{}
	t.frames, t.locs = []Frame{{}}, []string{""}
	t.frameSlots = make([]uint32, 256)
	t.stacks, t.nodes = [][]uint32{nil}, []stackNode{{}}
	t.nodeSlots, t.nodeSeed = make([]uint32, 256), maphash.Bytes(t.seed, nil)
	t.labelSets, t.labelIndex = [][]Label{nil}, map[string]uint32{}
}

func (t *dumpTables) state(s string) uint32 {
	i, ok := t.stateIndex[s]
	if !ok {
		i = uint32(len(t.states))
		t.states = append(t.states, s)
		t.stateIndex[s] = i
	}
	return i
}

// labels returns the index of the label set that block spells, false where it is no label block.
func (t *dumpTables) labels(block []byte) (uint32, bool) {
	if i, ok := t.labelIndex[string(block)]; ok {
		return i, true
	}
	set, ok := parseLabels(block)
	if !ok {
		return 0, false
	}
	i := uint32(len(t.labelSets))
	t.labelSets = append(t.labelSets, set)
	t.labelIndex[string(block)] = i
	return i, true
}

// frame returns the index of the frame of function fn at loc, where loc[:colon] is the file.
func (t *dumpTables) frame(fn, loc []byte, colon, line int, inlined bool) uint32 {
	h := maphash.Bytes(t.seed, fn) ^ bits.RotateLeft64(maphash.Bytes(t.seed, loc), 17)
	mask := uint64(len(t.frameSlots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		n := t.frameSlots[i]
		if n == 0 {
			n = uint32(len(t.frames))
			t.frameSlots[i] = n
			s := string(loc)
			t.frames = append(t.frames, Frame{Func: string(fn), File: s[:colon], Line: line, Inlined: inlined})
			t.locs = append(t.locs, s)
			if 2*len(t.frames) > len(t.frameSlots) {
				t.growFrames()
			}
			return n
		}
		if f := &t.frames[n]; f.Inlined == inlined && f.Func == string(fn) && t.locs[n] == string(loc) {
			return n
		}
	}
}

func (t *dumpTables) growFrames() {
	slots := make([]uint32, 2*len(t.frameSlots))
	mask := uint64(len(slots) - 1)
	for n := 1; n < len(t.frames); n++ {
		h := maphash.String(t.seed, t.frames[n].Func) ^ bits.RotateLeft64(maphash.String(t.seed, t.locs[n]), 17)
		i := h & mask
		for slots[i] != 0 {
			i = (i + 1) & mask
		}
		slots[i] = uint32(n)
	}
	t.frameSlots = slots
}

// stackNode is a stack read so far, from the innermost frame on: its last frame, below the node of the
// rest. Node 0 is the empty stack.
type stackNode struct {
	parent, frame uint32
	// next is the node that followed last time. Stacks repeat, so it is nearly always right, and to
	// compare bytes with what is known is cheaper than to parse them.
	next  uint32
	stack uint32 // index into stacks, once a record ended here
	depth uint32
}

// child returns the node of a frame after node, and remembers it as the guess.
func (t *dumpTables) child(node, frame uint32) uint32 {
	mask := uint64(len(t.nodeSlots) - 1)
	for i := t.hashNode(node, frame) & mask; ; i = (i + 1) & mask {
		n := t.nodeSlots[i]
		if n == 0 {
			n = uint32(len(t.nodes))
			t.nodeSlots[i] = n
			t.nodes = append(t.nodes, stackNode{parent: node, frame: frame, depth: t.nodes[node].depth + 1})
			if 2*len(t.nodes) > len(t.nodeSlots) {
				t.growNodes()
			}
		}
		if t.nodes[n].parent == node && t.nodes[n].frame == frame {
			t.nodes[node].next = n
			return n
		}
	}
}

// hashNode depends on a secret, so that no input chooses collisions.
func (t *dumpTables) hashNode(parent, frame uint32) uint64 {
	hi, lo := bits.Mul64(t.nodeSeed^uint64(parent)<<32^uint64(frame), 0x9e3779b97f4a7c15)
	return hi ^ lo
}

func (t *dumpTables) growNodes() {
	slots := make([]uint32, 2*len(t.nodeSlots))
	mask := uint64(len(slots) - 1)
	for n := 1; n < len(t.nodes); n++ {
		i := t.hashNode(t.nodes[n].parent, t.nodes[n].frame) & mask
		for slots[i] != 0 {
			i = (i + 1) & mask
		}
		slots[i] = uint32(n)
	}
	t.nodeSlots = slots
}

// stack returns the index of the stack that node ends.
func (t *dumpTables) stack(node uint32) uint32 {
	if node == 0 {
		return 0
	}
	end := &t.nodes[node]
	if end.stack == 0 {
		end.stack = uint32(len(t.stacks))
		frames := t.room(int(end.depth))
		for n := node; n != 0; n = t.nodes[n].parent {
			frames[t.nodes[n].depth-1] = t.nodes[n].frame
		}
		t.stacks = append(t.stacks, frames)
	}
	return end.stack
}

// room returns memory for a stack; many share one allocation.
func (t *dumpTables) room(frames int) []uint32 {
	if len(t.arena)+frames > cap(t.arena) {
		t.arena = make([]uint32, 0, max(1024, frames))
	}
	first := len(t.arena)
	t.arena = t.arena[:first+frames]
	return t.arena[first : first+frames : first+frames]
}

// idSet is a set of goroutine ids, which are dense: one word holds 64 of them.
type idSet struct {
	words map[uint64]uint64
	// page and word are the last word used, which words may not hold yet.
	page, word uint64
}

// add adds id and reports whether it was there.
func (s *idSet) add(id uint64) bool {
	if page := id >> 6; page != s.page || s.words == nil {
		if s.words == nil {
			s.words = map[uint64]uint64{}
		} else {
			s.words[s.page] = s.word
		}
		s.page, s.word = page, s.words[page]
	}
	bit := uint64(1) << (id & 63)
	was := s.word&bit != 0
	s.word |= bit
	return was
}

func (s *idSet) clear() { *s = idSet{} }
