package evidence

// merger joins the batches of artifacts into one Bundle, in artifact order, so that the result does not
// depend on which worker finished first.
type merger struct {
	bundle    *Bundle
	strings   interner
	traces    traceTable
	resources map[resourceKey]uint32
	origins   map[Origin]uint32
	rest      *SpanChunk // the last rows of the artifacts so far; nil or not full
}

func newMerger(b *Bundle) *merger {
	m := &merger{bundle: b, resources: map[resourceKey]uint32{}, origins: map[Origin]uint32{}}
	m.strings.init()
	return m
}

// adopt takes over the spans of one artifact; sb must not be used afterwards. Full chunks move without a
// copy. Of the rows of a partial chunk there is one copy at most: ten thousand files must not each keep
// a chunk that is mostly empty until the last one is read.
func (m *merger) adopt(artifact uint32, sb *spanBatch) {
	m.bundle.Links = append(m.bundle.Links, sb.links...)
	tr := m.translate(artifact, sb)
	for _, c := range sb.full {
		tr.apply(c)
		m.push(c)
	}
	if sb.cur == nil {
		return
	}
	tr.apply(sb.cur)
	if m.rest == nil {
		m.keep(sb.cur)
		return
	}
	for first := 0; first < len(sb.cur.ID); {
		if m.rest == nil {
			m.rest = newSpanChunk(chunkRows)
		} else if len(m.rest.ID) == cap(m.rest.ID) {
			m.rest = m.rest.grown()
		}
		first += m.rest.appendRows(sb.cur, first)
		m.keep(m.rest)
	}
}

// keep makes c the rest, or pushes it if it is full.
func (m *merger) keep(c *SpanChunk) {
	m.rest = c
	if len(c.ID) == chunkRows {
		m.push(c)
		m.rest = nil
	}
}

// translation maps the local numbers of one batch to those of the bundle.
type translation struct{ strings, traces, origins []uint32 }

func (m *merger) translate(artifact uint32, sb *spanBatch) translation {
	tr := translation{
		strings: make([]uint32, len(sb.strings.list)),
		traces:  make([]uint32, len(sb.traces.ids)),
		origins: make([]uint32, len(sb.slots)),
	}
	for i, s := range sb.strings.list {
		tr.strings[i] = m.strings.bytes([]byte(s))
	}
	for i, id := range sb.traces.ids {
		tr.traces[i] = m.traces.index(id)
	}
	byResource := make([]uint32, len(sb.resources))
	for i, r := range sb.resources {
		byResource[i] = m.origin(Origin{artifact, m.resource(r)})
	}
	none := noResource // the origin of spans without a resource
	for i, local := range sb.slots {
		switch {
		case local != noResource:
			tr.origins[i] = byResource[local]
			continue
		case none == noResource:
			none = m.origin(Origin{artifact, m.resource(Resource{Ref: Ref{Artifact: artifact}})})
		}
		tr.origins[i] = none
	}
	return tr
}

func (tr *translation) apply(c *SpanChunk) {
	for i := range c.ID {
		c.Name[i] = tr.strings[c.Name[i]]
		c.Route[i] = tr.strings[c.Route[i]]
		c.Origin[i] = tr.origins[c.Origin[i]]
		if c.Trace[i] != NoTrace {
			c.Trace[i] = tr.traces[c.Trace[i]]
		}
	}
}

func (m *merger) push(c *SpanChunk) {
	t := &m.bundle.Spans
	c.Base = t.n
	t.chunks = append(t.chunks, c)
	t.n += len(c.ID)
}

func (m *merger) resource(r Resource) uint32 {
	k := resourceKey{r.Digest, r.Identity}
	i, ok := m.resources[k]
	if !ok {
		i = uint32(len(m.bundle.Resources))
		m.bundle.Resources = append(m.bundle.Resources, r)
		m.resources[k] = i
	}
	return i
}

func (m *merger) origin(o Origin) uint32 {
	i, ok := m.origins[o]
	if !ok {
		i = uint32(len(m.bundle.Origins))
		m.bundle.Origins = append(m.bundle.Origins, o)
		m.origins[o] = i
	}
	return i
}

// finish hands the tables to the bundle.
func (m *merger) finish() {
	if m.rest != nil {
		m.push(m.rest)
	}
	m.bundle.Strings = m.strings.list
	m.bundle.Traces = m.traces.ids
}
