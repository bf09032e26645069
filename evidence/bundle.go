package evidence

// merger joins the batches of artifacts into one Bundle, in artifact order, so that the result does not
// depend on which worker finished first.
type merger struct {
	bundle    *Bundle
	strings   interner
	traces    traceTable
	resources map[resourceKey]uint32
	origins   map[Origin]uint32
	rests     []*SpanChunk // the last, partial chunk of each artifact
}

func newMerger(b *Bundle) *merger {
	m := &merger{bundle: b, resources: map[resourceKey]uint32{}, origins: map[Origin]uint32{}}
	m.strings.init()
	return m
}

// adopt takes over the spans of one artifact; sb must not be used afterwards. Full chunks move without
// a copy; partial ones wait for finish.
func (m *merger) adopt(artifact uint32, sb *spanBatch) {
	strings := make([]uint32, len(sb.strings.list))
	for i, s := range sb.strings.list {
		strings[i] = m.strings.bytes([]byte(s))
	}
	traces := make([]uint32, len(sb.traces.ids))
	for i, id := range sb.traces.ids {
		traces[i] = m.traces.index(id)
	}
	resources := make([]uint32, len(sb.resources))
	for i, r := range sb.resources {
		resources[i] = m.resource(r)
	}
	none := noResource
	origins := make([]uint32, len(sb.slots))
	for i, local := range sb.slots {
		global := none
		if local != noResource {
			global = resources[local]
		} else if none == noResource {
			none = m.resource(Resource{Ref: Ref{Artifact: artifact}})
			global = none
		}
		origins[i] = m.origin(Origin{artifact, global})
	}
	chunks := sb.full
	if sb.cur != nil {
		chunks = append(chunks, sb.cur)
	}
	for _, c := range chunks {
		for i := range c.ID {
			c.Name[i] = strings[c.Name[i]]
			c.Route[i] = strings[c.Route[i]]
			c.Origin[i] = origins[c.Origin[i]]
			if c.Trace[i] != NoTrace {
				c.Trace[i] = traces[c.Trace[i]]
			}
		}
		if len(c.ID) == chunkRows {
			m.push(c)
		} else {
			m.rests = append(m.rests, c)
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

// finish packs the partial chunks and hands the tables to the bundle.
func (m *merger) finish() {
	var total int
	for _, c := range m.rests {
		total += len(c.ID)
	}
	var cur *SpanChunk
	for _, c := range m.rests {
		for first := 0; first < len(c.ID); {
			if cur == nil || len(cur.ID) == cap(cur.ID) {
				if cur != nil {
					m.push(cur)
				}
				cur = newSpanChunk(min(chunkRows, total))
			}
			n := cur.appendRows(c, first)
			first += n
			total -= n
		}
	}
	if cur != nil {
		m.push(cur)
	}
	m.bundle.Strings = m.strings.list
	m.bundle.Traces = m.traces.ids
}
