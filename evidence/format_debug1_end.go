package evidence

// end looks at how the text ends. runtime/pprof writes an empty line after each record, and the memory
// statistics after those of a heap profile; a record whose lines are not all there is dropped, because a
// stack that lacks its end would be taken for a short one.
func (r *debug1Reader) end() {
	in := r.in
	off, rest := in.off(), len(in.data())
	in.skip(1 << 62)
	total := in.off()
	long, partial := rest >= maxLineBytes, rest > 0
	switch {
	case r.stopped:
	case long:
		in.lose(off, total-off, InReading, "a line of more than 1 MiB: nothing after it is read")
		r.dropRecord()
	case r.rec.open && partial:
		in.cut(r.rec.off, total, "inside a record")
		r.dropRecord()
	case r.rec.open && !r.rows.covered(&r.rec):
		in.cut(r.rec.off, total, "among the frames of a record")
		r.dropRecord()
	case r.rec.open:
		first := r.rec.off
		r.endRecord()
		in.cut(first, total, "after a record, before the empty line that ends it")
	case r.headerCut():
		in.cut(0, total, "inside the header")
	case r.header.kind == KindHeap && (!r.tailDone || partial):
		in.cut(off, total, "before the end of the memory statistics")
	case r.sum[0] < r.header.total && r.header.kind != KindHeap:
		in.cut(off, total, "the header promises %d, the records hold %d", r.header.total, r.sum[0])
	case partial && r.header.total != r.sum[0]:
		in.cut(off, total, "inside a line")
	case partial:
		r.stray(off)
	}
	r.checkTotals()
}

// headerCut reports whether the lines that follow the first of a mutex or block profile are missing.
func (r *debug1Reader) headerCut() bool {
	switch r.header.kind {
	case KindMutex:
		return r.cyclesPerSecond == 0 || r.period < 0
	case KindBlock:
		return r.cyclesPerSecond == 0
	}
	return false
}

func (r *debug1Reader) dropRecord() { r.rec.open = false }

// checkTotals compares the header with the records of a text that is whole.
func (r *debug1Reader) checkTotals() {
	in, h := r.in, &r.header
	if in.cutDone || in.err != nil {
		return
	}
	switch h.kind {
	case KindMutex, KindBlock:
	case KindHeap:
		// In the order of the header. runtime/pprof adds one byte to what was allocated where it would
		// equal what is in use (writeHeapInternal).
		sums := [4]int64{r.sum[2], r.sum[3], r.sum[0], r.sum[1]}
		if sums[1] == sums[3] {
			sums[3]++
		}
		if sums != h.heap {
			in.lose(0, 0, InReading, "the header promises %v, the records hold %v: the text was edited", h.heap, sums)
		}
	default:
		if r.sum[0] != h.total {
			in.lose(0, 0, InReading, "the header promises %d, the records hold %d: the text was edited", h.total, r.sum[0])
		}
	}
}

// finish hands the rows to the profile.
func (t *debug1Rows) finish(p *Profile) {
	p.Functions, p.Lines = t.functions, t.lines
	p.Locations = make([]Location, len(t.locations))
	for i, l := range t.locations {
		p.Locations[i] = Location{Addr: l.addr, Mapping: -1, Lines: t.lines[l.first:l.last:l.last]}
	}
	p.samples = t.len()
	width := len(p.SampleTypes)
	p.iterate = func(yield func(*Sample) bool) {
		var s Sample
		first := 0
		for i := range t.off {
			s = Sample{
				Ref:       t.ref(i),
				Locations: t.locs[first:t.locEnd[i]:t.locEnd[i]],
				Values:    t.values[i*width : (i+1)*width : (i+1)*width],
				Labels:    t.labelSets[t.labels[i]],
				ZeroPCs:   int(t.zeroPCs[i]),
			}
			for _, l := range s.Locations {
				s.Depth += len(p.Locations[l].Lines)
			}
			first = t.locEnd[i]
			if !yield(&s) {
				return
			}
		}
	}
}

func (t *debug1Rows) ref(i int) Ref {
	return Ref{Artifact: t.artifact, Off: t.off[i], Len: t.length[i]}
}

// goVersion bounds the release by the names and places of frames, and by two lengths of stacks.
func (t *debug1Rows) goVersion(kind Kind) GoVersion {
	var v versionBounds
	for i := range t.functions {
		v.add(frameBound(&Frame{Func: t.functions[i].Name, File: t.functions[i].File}))
	}
	if t.maxPCs > 32 && kind != KindCustom {
		// runtime/pprof.go, pprofRecordBuffers and before it [32]uintptr.
		v.add(bound{23, 0, "stacks of more than 32 program counters"})
	}
	for _, n := range t.zeroPCs {
		if n > 1 && kind == KindThreadCreate {
			v.add(bound{23, 0, "stacks of zeros in threadcreate"})
			break
		}
	}
	return v.result()
}
