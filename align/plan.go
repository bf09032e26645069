package align

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/witnessmark/witnessmark/evidence"
)

// ApplyOptions say what Apply does besides moving times.
type ApplyOptions struct {
	// Zones declares the availability zone of clock domains, before every other source.
	Zones map[string]string
	// ReplaceZones replaces zones and regions that contradict the evidence; otherwise they stay, and are noted.
	ReplaceZones bool
	// Labels that every sample of a profile gets: "az", "host".
	Labels []string
	// KeepOriginals adds the recorded start, the correction and its bounds to every span.
	KeepOriginals bool
	// Compose allows to move what was moved before.
	Compose bool
}

// Resource attributes that rewriting sets.
const (
	attrPrefix     = "witnessmark.clock."
	attrDomain     = attrPrefix + "domain"
	attrReference  = attrPrefix + "reference"
	attrAssumption = attrPrefix + "assumption"
	attrStatus     = attrPrefix + "status"
	attrZone       = "cloud.availability_zone"
	attrRegion     = "cloud.region"
)

// Plan knows for every resource of a bundle which clock stamped it and where it ran. It is read-only
// after NewPlan but for what Apply keeps in its own copies.
type Plan struct {
	model  *Model
	o      ApplyOptions
	bundle *evidence.Bundle

	byDigest  map[resourceID]uint32 // index into bundle.Resources
	anyDigest map[uint64]uint32
	zones     map[string]evidence.Attr // by domain, where all its resources agree
	regions   map[string]string        // by zone, likewise
	conflicts map[uint32][]*evidence.PlaceConflict
	blocks    map[uint32][]block
	holds     map[string][]hold
	unsettled int
}

type resourceID struct {
	artifact uint32
	digest   uint64
}

// NewPlan prepares to rewrite the artifacts of a bundle. join is that of its spans: with it, causes stay
// before their effects to the nanosecond, and clocks that are anchored per trace are moved as a block. Without it
// the model alone decides.
func NewPlan(b *evidence.Bundle, join *evidence.SpanJoin, m *Model, o ApplyOptions) *Plan {
	p := &Plan{
		model: m, o: o,
		// Without the spans, which are most of it.
		bundle:   &evidence.Bundle{Artifacts: b.Artifacts, Resources: b.Resources, Origins: b.Origins},
		byDigest: map[resourceID]uint32{}, anyDigest: map[uint64]uint32{},
		conflicts: map[uint32][]*evidence.PlaceConflict{}, holds: map[string][]hold{},
	}
	for _, or := range b.Origins {
		digest := b.Resources[or.Resource].Digest
		p.byDigest[resourceID{or.Artifact, digest}] = or.Resource
		p.anyDigest[digest] = or.Resource
	}
	p.gatherZones()
	for i := range b.PlaceConflicts {
		if c := &b.PlaceConflicts[i]; c.Resource != evidence.NoResource {
			p.conflicts[c.Resource] = append(p.conflicts[c.Resource], c)
		}
	}
	if join != nil {
		p.settle(b, join)
	}
	return p
}

// gatherZones learns the zone of each domain, and the region of each zone, from what resources record or
// were joined with. Where two disagree there is none.
func (p *Plan) gatherZones() {
	p.zones, p.regions = map[string]evidence.Attr{}, map[string]string{}
	for i := range p.bundle.Resources {
		r := &p.bundle.Resources[i]
		zone := r.Identity.AZ
		if zone.Value == "" {
			continue
		}
		domain := p.domain(r.Identity.Domain)
		if known, ok := p.zones[domain]; !ok {
			p.zones[domain] = evidence.Attr{Value: zone.Value, From: "another resource of the same clock: " + zone.From}
		} else if known.Value != zone.Value {
			p.zones[domain] = evidence.Attr{}
		}
		if r.Region.Value == "" {
			continue
		}
		if known, ok := p.regions[zone.Value]; !ok {
			p.regions[zone.Value] = r.Region.Value
		} else if known != r.Region.Value {
			p.regions[zone.Value] = ""
		}
	}
}

// attr is one string attribute of a resource.
type attr struct{ key, value string }

// target is what to do with the records of one resource.
type target struct {
	domain string
	clock  *dial  // nil where times stay
	number uint32 // of the clock in orderCheck
	block  bool   // times move with their local root: see block
	events bool   // events move with their span: see countedEvents
	attrs  []attr // to set on the resource
	tally  *DomainReceipt
}

// rewriter is one run over one artifact.
type rewriter struct {
	plan     *Plan
	artifact uint32
	editor   editor
	receipt  Receipt
	clocks   map[string]*dial
	tallies  map[string]*DomainReceipt
	targets  map[string]*target // by encoded resource
	kept     int                // bytes of targets' keys
	json     bool
	moves    []movedTime
	ordinal  int // of the next span in the artifact
	blocks   []block
	order    *orderCheck // gets the spans that move; nil where the plan knows them
	ids      spanIDs     // of the span at hand
}

func newRewriter(p *Plan, artifact uint32) *rewriter {
	return &rewriter{
		plan: p, artifact: artifact, clocks: map[string]*dial{}, tallies: map[string]*DomainReceipt{},
		targets: map[string]*target{}, blocks: p.blocks[artifact],
	}
}

// clockOf returns the clock of a domain, and what the model says of it.
func (r *rewriter) clockOf(domain string) (*dial, *DomainReceipt) {
	if t, ok := r.tallies[domain]; ok {
		return r.clocks[domain], t
	}
	c, t := r.plan.dial(domain)
	r.clocks[domain], r.tallies[domain] = c, t
	return c, t
}

// dial makes a dial, nil for one whose readings stay.
func (p *Plan) dial(domain string) (*dial, *DomainReceipt) {
	t := &DomainReceipt{Domain: domain, Status: StatusNoPath, Why: "the model holds no such clock"}
	d := p.model.Domain(domain)
	switch {
	case domain == "":
		t.Why = "nothing says which clock this is"
	case d != nil:
		t.Status, t.Why = d.Status, d.Why
	}
	c := &dial{domain: d, drift: p.model.MaxDriftPPM, trust: p.model.Trust, holds: p.holds[domain]}
	if !c.aligned() {
		return nil, t
	}
	return c, t
}

// maxTargetBytes bounds the encoded resources that are remembered.
const maxTargetBytes = 4 << 20

// target returns what to do with the records of an encoded resource.
func (r *rewriter) target(encoded []byte) *target {
	if t, ok := r.targets[string(encoded)]; ok {
		return t
	}
	t := r.resolve(encoded)
	if r.kept += len(encoded) + 64; r.kept <= maxTargetBytes {
		r.targets[string(encoded)] = t
	}
	return t
}

func (r *rewriter) resolve(encoded []byte) *target {
	p := r.plan
	res := evidence.ResourceOf(encoded, r.json)
	index, ok := p.byDigest[resourceID{r.artifact, res.Digest}]
	if !ok {
		res.Identity = p.bundle.Artifacts[r.artifact].Identify(res.Identity)
		index, ok = p.anyDigest[res.Digest]
		if ok && p.bundle.Resources[index].Identity.Domain != res.Identity.Domain {
			ok = false
		}
	}
	if ok {
		res = p.bundle.Resources[index]
	} else {
		index = evidence.NoResource
	}
	domain := p.domain(res.Identity.Domain)
	c, tally := r.clockOf(domain)
	t := &target{domain: domain, clock: c, tally: tally, block: anchored(res.SDK), events: countedEvents(res.SDK)}
	if domain != "" {
		t.attrs = append(t.attrs, attr{attrDomain, domain})
	}
	if r.order != nil {
		t.number = r.order.clock(domain)
	}
	if c != nil {
		t.attrs = append(t.attrs, attr{attrReference, c.domain.Reference}, attr{attrAssumption, string(p.model.Trust)})
	}
	t.attrs = append(t.attrs, attr{attrStatus, string(tally.Status)})
	r.place(t, &res, index)
	return t
}

// place adds the zone and region that a resource lacks.
func (r *rewriter) place(t *target, res *evidence.Resource, index uint32) {
	p := r.plan
	zone, from := res.Identity.AZ.Value, res.Identity.AZ.From
	if zone == "" {
		zone, from = p.zones[t.domain].Value, p.zones[t.domain].From
	}
	if d := p.model.Domain(t.domain); zone == "" && d != nil {
		zone, from = d.AZ, "the model"
	}
	if z, ok := p.o.Zones[t.domain]; ok {
		zone, from = z, "--az"
	}
	region := res.Region.Value
	for _, c := range p.conflicts[index] {
		if c.Field == "az" && res.AZRecorded != "" && from != "--az" {
			zone, from = c.Other.Value, c.Other.From
		}
	}
	r.set(t, "zone", attr{attrZone, zone}, res.AZRecorded, from)
	recorded := ""
	if !res.Region.Joined() && res.Region.From == "resource "+attrRegion {
		recorded = region
	}
	if of := p.regions[zone]; of != "" {
		region = of
	}
	r.set(t, "region", attr{attrRegion, region}, recorded, "region of zone "+zone)
}

// set decides about one attribute of the place.
func (r *rewriter) set(t *target, what string, want attr, recorded, from string) {
	switch {
	case want.value == "" || want.value == recorded:
	case recorded == "":
		t.attrs = append(t.attrs, want)
	case r.plan.o.ReplaceZones:
		t.attrs = append(t.attrs, want)
	default:
		r.note("clock %s: its resource records %s %s, %s says %s: left as it is (--az-overwrite replaces it)",
			t.domain, what, recorded, from, want.value)
	}
}

func (r *rewriter) note(format string, args ...any) {
	n := fmt.Sprintf(format, args...)
	if !slices.Contains(r.receipt.Notes, n) {
		r.receipt.Notes = append(r.receipt.Notes, n)
	}
}

// moved notes a time that was moved by shift, to be counted once its record is whole. A record that is no JSON is whole, or the
// file is refused.
func (r *rewriter) moved(t *target, shift int64) {
	if !r.json {
		t.tally.count(shift)
		return
	}
	r.moves = append(r.moves, movedTime{t.tally, shift})
}

type movedTime struct {
	tally *DomainReceipt
	shift int64
}

// commit counts the moves of a record.
func (r *rewriter) commit() {
	for _, m := range r.moves {
		m.tally.count(m.shift)
	}
	r.moves = r.moves[:0]
}

func (d *DomainReceipt) count(shift int64) {
	if d.Times == 0 || shift < d.Least {
		d.Least = shift
	}
	if d.Times == 0 || shift > d.Most {
		d.Most = shift
	}
	d.Times++
}

// done completes the receipt.
func (r *rewriter) done() Receipt {
	for _, t := range r.tallies {
		r.receipt.Domains = append(r.receipt.Domains, *t)
		r.receipt.Times += t.Times
	}
	slices.SortFunc(r.receipt.Domains, func(a, b DomainReceipt) int { return cmp.Compare(a.Domain, b.Domain) })
	r.receipt.OutOfOrder = r.plan.unsettled
	for _, h := range r.plan.holds {
		r.receipt.Holds += len(h)
	}
	if r.receipt.Notes == nil {
		r.receipt.Notes = []string{}
	}
	return r.receipt
}
