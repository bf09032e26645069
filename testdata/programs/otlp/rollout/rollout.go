// Package rollout makes the spans of a small fleet while one of its services is replaced: gateway calls orders, orders
// calls stock, and gateway calls users beside it. What goes wrong is chosen by Options; Truth says how often it did.
package rollout

import (
	"math/rand/v2"

	"github.com/witnessmark/witnessmark/testdata/programs/otlp/tiny"
)

// Options choose what goes wrong. The zero value of each is that nothing does.
type Options struct {
	Seed     uint64
	Requests int
	// Gap is the mean time between requests in nanoseconds; 50 ms if 0.
	Gap float64
	// Replaced makes the second half of the requests go to orders 2.0.0 and not 1.0.0.
	Replaced bool
	// Deaf makes orders of the last version neither read nor send a context.
	Deaf bool
	// Dropped is the share of the calls to orders that lose their header on the way.
	Dropped float64
	// Linking makes orders begin new traces on purpose, with a link to the caller.
	Linking bool
	// Killed loses the spans of orders 1.0.0, and Absent those of every version.
	Killed, Absent bool
	// Proxied puts a proxy before orders that is traced elsewhere.
	Proxied bool
	// Lost is the share of spans that are lost at random.
	Lost float64
	// Outside is the number of calls of orders from outside, without a context, for each request.
	Outside int
	// Ahead is how far orders' clock is ahead, in nanoseconds.
	Ahead int64
	// HTTP names calls by their method only.
	HTTP bool
}

// Truth counts what went wrong.
type Truth struct {
	// ToOrders and ToStock are calls that lost their context, by the service called.
	ToOrders, ToStock int
	// Kept are calls to orders and stock that kept it.
	Kept int
	// Silent are the calls of gateway that orders took and passed on without exporting a span.
	Silent int
}

const (
	begin = 1_700_000_000_000_000_000
	ms    = 1_000_000
)

// fleet is one run.
type fleet struct {
	Options
	*rand.Rand
	spans []tiny.Span
	truth Truth
	trace uint64
	id    uint64
}

// Make makes the spans.
func Make(o Options) ([]tiny.Span, Truth) {
	if o.Gap == 0 {
		o.Gap = 50 * ms
	}
	f := &fleet{Options: o, Rand: rand.New(rand.NewPCG(o.Seed, 1))}
	at := int64(begin)
	for n := range o.Requests {
		at += int64(f.ExpFloat64() * o.Gap)
		f.request(at, n >= o.Requests/2)
		for range o.Outside {
			f.trace++
			f.serve(at+int64(f.Float64()*o.Gap), f.orders(n >= o.Requests/2), 0, f.trace, 5*ms)
		}
	}
	return f.spans, f.truth
}

func (f *fleet) next() uint64 { f.id++; return f.id }

// lasting is a time of ten milliseconds or so.
func (f *fleet) lasting() int64 { return int64((5 + 10*f.Float64()) * ms) }

func (f *fleet) add(s tiny.Span, lost bool) {
	if !lost && (f.Lost == 0 || f.Float64() >= f.Lost) {
		f.spans = append(f.spans, s)
	}
}

// orders is the program that serves orders.
func (f *fleet) orders(late bool) tiny.Span {
	s := tiny.Span{Service: "orders", Version: "1.0.0", Host: "host-orders-1", Name: "shop.Orders/Place"}
	if f.Replaced && late {
		s.Version, s.Host = "2.0.0", "host-orders-2"
	}
	return s
}

func (f *fleet) request(at int64, late bool) {
	f.trace++
	trace, root := f.trace, f.next()
	gateway := tiny.Span{Service: "gateway", Version: "7.1.0", Host: "host-gateway", Trace: trace}
	work := f.lasting()
	f.callUsers(gateway, root, at+ms)
	if lasts := f.callOrders(gateway, root, at+2*ms, late); lasts > 0 {
		work += lasts
	}
	gateway.ID, gateway.Name, gateway.Kind = root, "GET /buy", tiny.Server
	gateway.Start, gateway.End = uint64(at), uint64(at+work+5*ms)
	f.add(gateway, false)
}

// callUsers is the call that is always whole.
func (f *fleet) callUsers(from tiny.Span, parent uint64, at int64) {
	call, lasts := f.next(), f.lasting()
	from.ID, from.Parent, from.Kind, from.Flags = call, parent, tiny.Client, tiny.Local
	from.Name, from.Start, from.End = f.name("shop.Users/Get"), uint64(at), uint64(at+lasts)
	f.add(from, false)
	f.add(tiny.Span{Service: "users", Version: "3.0.0", Host: "host-users", Trace: from.Trace, ID: f.next(), Parent: call, Kind: tiny.Server, Flags: tiny.Remote,
		Name: "shop.Users/Get", Route: f.route("/users"), Start: uint64(at + ms), End: uint64(at + lasts - ms)}, false)
}

// callOrders makes the call that may lose its context, and what it leads to.
func (f *fleet) callOrders(from tiny.Span, parent uint64, at int64, late bool) (lasts int64) {
	call, orders := f.next(), f.orders(late)
	deaf := f.Deaf && (late || !f.Replaced)
	trace, caller := from.Trace, call
	switch {
	case f.Linking, deaf, f.Float64() < f.Dropped:
		f.trace++
		trace, caller = f.trace, 0
		if !f.Linking {
			f.truth.ToOrders++
		}
	case f.Proxied:
		caller = f.next()
	default:
		f.truth.Kept++
	}
	served := f.serve(at+ms+int64(f.Float64()*ms), orders, caller, trace, f.lasting())
	lasts = served + 4*ms
	from.ID, from.Parent, from.Kind, from.Flags = call, parent, tiny.Client, tiny.Local
	from.Name, from.Start, from.End = f.name("shop.Orders/Place"), uint64(at), uint64(at+lasts)
	f.add(from, false)
	return lasts
}

// serve makes orders' spans of one request, which calls stock.
func (f *fleet) serve(at int64, orders tiny.Span, caller, trace uint64, lasts int64) int64 {
	late := orders.Version == "2.0.0"
	silent := f.Absent || f.Killed && !late
	if silent && caller != 0 {
		f.truth.Silent++
	}
	server, call, stock := f.next(), f.next(), f.lasting()
	lasts += stock + 4*ms
	s := orders
	s.ID, s.Parent, s.Trace, s.Kind, s.Route = server, caller, trace, tiny.Server, f.route("/orders")
	s.Linked = f.Linking
	if caller != 0 {
		s.Flags = tiny.Remote
	}
	s.Start, s.End = uint64(at+f.Ahead), uint64(at+lasts+f.Ahead)
	f.add(s, silent)

	c := orders
	c.ID, c.Parent, c.Trace, c.Kind, c.Flags, c.Name = call, server, trace, tiny.Client, tiny.Local, f.name("shop.Stock/Take")
	c.Start, c.End = uint64(at+ms+f.Ahead), uint64(at+ms+stock+2*ms+f.Ahead)
	f.add(c, silent)

	if f.Deaf && (late || !f.Replaced) {
		f.trace++
		trace, call = f.trace, 0
		f.truth.ToStock++
	} else {
		f.truth.Kept++
	}
	k := tiny.Span{Service: "stock", Version: "1.2.3", Host: "host-stock", Trace: trace, ID: f.next(), Parent: call, Kind: tiny.Server,
		Name: "shop.Stock/Take", Route: f.route("/stock"), Start: uint64(at + 2*ms), End: uint64(at + 2*ms + stock)}
	if call != 0 {
		k.Flags = tiny.Remote
	}
	f.add(k, false)
	return lasts
}

func (f *fleet) name(procedure string) string {
	if f.HTTP {
		return "POST"
	}
	return procedure
}

func (f *fleet) route(r string) string {
	if f.HTTP {
		return r
	}
	return ""
}
