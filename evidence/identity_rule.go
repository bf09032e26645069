package evidence

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// IdentityRule declares what the bytes do not tell, or tell wrongly, for the artifacts whose path
// matches Glob. Empty fields declare nothing.
type IdentityRule struct {
	// Glob matches an artifact's path as given, the path below the folder given or beside the manifest,
	// or, where it has no slash, the last element of the path. ** stands for any number of folders. A
	// glob that matches an archive matches its members too.
	Glob                                string
	Service, Instance, Host, AZ, Domain string
	// At is when a capture was made that does not say so itself, as RFC 3339.
	At string
}

// identityKeys in the order in which messages name them.
var identityKeys = []string{"service", "instance", "host", "az", "domain", "at"}

// field returns the rule's field for a key of identityKeys.
func (r *IdentityRule) field(key string) *string {
	switch key {
	case "service":
		return &r.Service
	case "instance":
		return &r.Instance
	case "host":
		return &r.Host
	case "az":
		return &r.AZ
	case "domain":
		return &r.Domain
	case "at":
		return &r.At
	}
	return nil
}

// field returns the identity's field for a key, nil for one that it does not hold.
func (id *Identity) field(key string) *Attr {
	switch key {
	case "service":
		return &id.Service
	case "instance":
		return &id.Instance
	case "host":
		return &id.Host
	case "az":
		return &id.AZ
	case "domain":
		return &id.Domain
	}
	return nil
}

// ParseIdentity parses "GLOB:key=value,key=value", the argument of --identity.
func ParseIdentity(s string) (IdentityRule, error) {
	// The glob may hold colons itself: the first one behind which a key stands ends it.
	split := -1
	for i := range len(s) {
		if s[i] == ':' {
			if key, _, found := strings.Cut(s[i+1:], "="); found && isKey(key) {
				split = i
				break
			}
		}
	}
	if split < 0 {
		return IdentityRule{}, fmt.Errorf("identity %q: want GLOB:key=value,…, such as '*/portal-0/*:host=ip-10-0-1-7,az=us-east-1a'", s)
	}
	r := IdentityRule{Glob: s[:split]}
	for pair := range strings.SplitSeq(s[split+1:], ",") {
		key, value, found := strings.Cut(pair, "=")
		field := r.field(key)
		switch {
		case !found:
			return r, fmt.Errorf("identity %q: %q is not key=value", s, pair)
		case field == nil:
			return r, fmt.Errorf("identity %q: unknown key %q, want one of %s", s, key, strings.Join(identityKeys, ", "))
		case value == "":
			return r, fmt.Errorf("identity %q: no value for %q", s, key)
		case *field != "":
			return r, fmt.Errorf("identity %q: %q is given twice", s, key)
		}
		*field = value
	}
	if err := r.check(); err != nil {
		return r, fmt.Errorf("identity %q: %w", s, err)
	}
	return r, nil
}

func isKey(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && c != '_' {
			return false
		}
	}
	return s != ""
}

func (r *IdentityRule) check() error {
	if r.Glob == "" {
		return errors.New("the glob is empty")
	}
	if !doublestar.ValidatePattern(r.Glob) {
		return fmt.Errorf("%q is not a valid glob", r.Glob)
	}
	if r.At != "" {
		if _, err := parseAt(r.At); err != nil {
			return err
		}
	}
	return nil
}

// parseAt parses an instant into Unix nanoseconds.
func parseAt(s string) (uint64, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, fmt.Errorf("at %q: want RFC 3339, such as 2026-11-20T10:51:33.5Z", s)
	}
	// UnixNano is defined from 1678 to 2262 only.
	if t.Year() < 1970 || t.Year() > 2261 {
		return 0, fmt.Errorf("at %q: the year is not between 1970 and 2261", s)
	}
	return uint64(t.UnixNano()), nil
}

// matches reports whether the rule is for one of an artifact's names.
func (r *IdentityRule) matches(names []string) bool {
	for _, name := range names {
		archive, _, isMember := strings.Cut(name, "!")
		for _, n := range []string{name, archive} {
			if doublestar.MatchUnvalidated(r.Glob, n) {
				return true
			}
			if !strings.Contains(r.Glob, "/") && doublestar.MatchUnvalidated(r.Glob, n[strings.LastIndexByte(n, '/')+1:]) {
				return true
			}
			if !isMember {
				break
			}
		}
	}
	return false
}

// declaration is one identity rule set with its origin.
type declaration struct {
	rule *IdentityRule
	from string
}

// identify sets the identity of an artifact and of its resources, in this order of sources: --identity,
// the manifest, attributes inside the file, the manifest's from_path. A declared host is the clock
// domain too, unless a domain is declared: the user knows which machine stamped the file.
func (f *fileLoad) identify(a *Artifact) {
	var declared Identity
	var at declaration
	apply := func(rules []IdentityRule, from string, names []string, matched []bool) {
		for i := range rules {
			r := &rules[i]
			if !r.matches(names) {
				continue
			}
			matched[i] = true
			for _, key := range identityKeys {
				if field := declared.field(key); field != nil && field.Value == "" && *r.field(key) != "" {
					*field = Attr{Value: *r.field(key), From: from}
				}
			}
			if at.rule == nil && r.At != "" {
				at = declaration{r, from}
			}
		}
	}
	apply(f.o.Identity, "--identity", f.names(a.Path, f.entry.root), f.matched)
	m := f.entry.manifest
	if m != nil {
		apply(m.captures, "manifest "+m.shown, []string{m.relative(a.Path, f.entry.file)}, make([]bool, len(m.captures)))
	}
	if declared.Domain.Value == "" && declared.Host.Value != "" {
		declared.Domain = Attr{Value: declared.Host.Value, From: declared.Host.From + ", host"}
	}
	var guessed Identity
	if m != nil {
		guessed = m.guess(m.relative(a.Path, f.entry.file))
	}
	if a.batch != nil {
		a.batch.identify(a.index, declared, guessed)
		a.Identity = a.batch.common()
	} else {
		a.Identity = merged(declared, a.Identity, guessed)
	}
	if at.rule != nil && !a.Window.Known() {
		if t, err := parseAt(at.rule.At); err == nil {
			a.Window = Window{Start: t, End: t, Rule: at.from + ": at"}
		}
	}
}

// names returns the names by which a rule of the command line may call an artifact.
func (f *fileLoad) names(path, root string) []string {
	names := []string{path}
	if below, found := strings.CutPrefix(path, root); found && root != "" {
		names = append(names, below)
	}
	return names
}

// merged fills the holes of declared from found, and those that are left from guessed.
func merged(declared, found, guessed Identity) Identity {
	if strings.HasPrefix(found.Domain.From, digestFrom) && guessed.Host.Value != "" {
		// Any name of a host is more than the digest that stands where there is none.
		found.Domain = Attr{}
	}
	id := declared
	for _, other := range []Identity{found, guessed} {
		for _, key := range identityKeys {
			if field := id.field(key); field != nil && field.Value == "" {
				*field = *other.field(key)
			}
		}
	}
	if id.Domain.Value == "" && id.Host.Value != "" {
		id.Domain = Attr{Value: id.Host.Value, From: id.Host.From + ", host"}
	}
	return id
}

// digestFrom is the provenance of a domain that is only a digest: see resourceBuilder.domain.
const digestFrom = "digest"

// identify merges what was declared and guessed into every resource, those that are missing included.
func (b *spanBatch) identify(artifact uint32, declared, guessed Identity) {
	for i := range b.resources {
		b.resources[i].Identity = merged(declared, b.resources[i].Identity, guessed)
	}
	id := merged(declared, Identity{}, guessed)
	if id == (Identity{}) {
		return
	}
	for slot, r := range b.slots {
		if r == noResource {
			b.fillSlot(uint32(slot), Resource{Ref: Ref{Artifact: artifact}, Identity: id})
		}
	}
}

// common returns what all resources agree on.
func (b *spanBatch) common() Identity {
	if len(b.resources) == 0 {
		return Identity{}
	}
	id := b.resources[0].Identity
	for i := range b.resources[1:] {
		other := &b.resources[1+i].Identity
		for _, key := range identityKeys {
			if field := id.field(key); field != nil && field.Value != other.field(key).Value {
				*field = Attr{}
			}
		}
	}
	return id
}
