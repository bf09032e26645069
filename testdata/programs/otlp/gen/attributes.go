package gen

import (
	"fmt"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

const (
	zones        = 3
	podsPerZone  = 2
	hostsPerZone = 4
)

var (
	services = []string{
		"gateway", "catalog", "cart", "checkout", "payment", "inventory", "shipping", "pricing",
		"recommendation", "search", "profile", "mail", "fraud-check", "currency",
	}
	routes = []string{
		"/api/v1/products/{id}", "/api/v1/products", "/api/v1/cart/{user}", "/api/v1/cart/{user}/items",
		"/api/v1/checkout", "/api/v1/orders/{id}", "/api/v1/orders/{id}/status", "/api/v1/search",
		"/api/v1/recommendations", "/api/v1/users/{id}/profile", "/healthz", "/api/v1/shipping/quote",
	}
	methods  = []string{"GET", "POST", "PUT", "DELETE"}
	internal = []string{"render template", "validate input", "load cart", "apply discounts", "serialise answer", "lookup cache"}
	tables   = []string{"products", "orders", "carts", "users", "stock", "prices"}
	scopes   = []*commonpb.InstrumentationScope{
		{Name: "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", Version: "0.64.0"},
		{Name: "go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc", Version: "0.64.0"},
		{Name: "shop.example/internal/telemetry", Version: "2.3.1"},
	}
)

// attributes collects key-value pairs.
type attributes []*commonpb.KeyValue

func (a *attributes) add(key string, v any) {
	*a = append(*a, &commonpb.KeyValue{Key: key, Value: valueOf(v)})
}

func valueOf(v any) *commonpb.AnyValue {
	switch v := v.(type) {
	case string:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: v}}
	case int:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: int64(v)}}
	case bool:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: v}}
	case float64:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: v}}
	case []string:
		list := &commonpb.ArrayValue{}
		for _, s := range v {
			list.Values = append(list.Values, valueOf(s))
		}
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: list}}
	}
	panic(fmt.Sprintf("gen: no OTLP value for %T", v))
}

// resourceOf returns the resource of a process, with what Kubernetes, the cloud and the SDK add.
func resourceOf(p *process, name, podName string) *resourcepb.Resource {
	var a attributes
	a.add("service.name", name)
	a.add("service.namespace", "shop")
	a.add("service.version", fmt.Sprintf("3.%d.0", p.service))
	a.add("service.instance.id", fmt.Sprintf("%08x-0000-4000-8000-%012x", p.service*7919+1, p.zone*podsPerZone+p.pod))
	a.add("host.id", fmt.Sprintf("i-0%016x", 0xabc0de+p.host))
	a.add("host.name", fmt.Sprintf("ip-10-%d-%d-%d.eu-central-1.compute.internal", p.zone, p.host, 17+p.host))
	a.add("k8s.cluster.name", "shop-production")
	a.add("k8s.namespace.name", "shop")
	a.add("k8s.node.name", fmt.Sprintf("ip-10-%d-%d-%d.eu-central-1.compute.internal", p.zone, p.host, 17+p.host))
	a.add("k8s.pod.name", podName)
	a.add("k8s.pod.uid", fmt.Sprintf("%08x-1111-4000-9000-%012x", p.service*104729+3, p.zone*podsPerZone+p.pod))
	a.add("cloud.provider", "aws")
	a.add("cloud.region", "eu-central-1")
	a.add("cloud.availability_zone", "eu-central-1"+string(rune('a'+p.zone)))
	a.add("telemetry.sdk.language", "go")
	a.add("telemetry.sdk.name", "opentelemetry")
	a.add("telemetry.sdk.version", "1.47.0")
	a.add("process.pid", 1)
	a.add("process.runtime.name", "go")
	a.add("process.runtime.version", "go1.26.8")
	a.add("process.command_args", []string{"/app/" + name, "--config", "/etc/shop/config.yaml"})
	return &resourcepb.Resource{Attributes: a}
}

// describe names a span and gives it 10 to 28 attributes.
func (g *Generator) describe(n *node) {
	s, a := n.pb, attributes{}
	want := 10 + g.rng.IntN(19)
	database := s.Kind == tracepb.Span_SPAN_KIND_CLIENT && n.children == 0
	switch {
	case database:
		g.describeQuery(s, &a)
	case s.Kind == tracepb.Span_SPAN_KIND_INTERNAL:
		s.Name = internal[n.route%len(internal)]
	default:
		g.describeCall(n, &a)
	}
	if g.rng.IntN(60) == 0 {
		s.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: "upstream answered 503"}
		a.add("error.type", "503")
		g.truth.Errors++
	}
	for i := g.rng.IntN(len(extras)); len(a) < want; i++ {
		extras[i%len(extras)](g, &a)
	}
	s.Attributes = a
	if g.rng.IntN(4) == 0 {
		g.addEvents(s)
	}
	if g.rng.IntN(33) == 0 {
		s.Links = append(s.Links, &tracepb.Span_Link{TraceId: g.id(16), SpanId: g.id(8), Flags: 0x301})
	}
}

func (g *Generator) describeCall(n *node, a *attributes) {
	s, route := n.pb, routes[n.route]
	method := methods[n.route%len(methods)]
	s.Name = method
	a.add("http.request.method", method)
	if s.Kind == tracepb.Span_SPAN_KIND_SERVER {
		s.Name += " " + route
		a.add("http.route", route)
		a.add("url.scheme", "http")
		a.add("url.path", fmt.Sprintf("/api/v1/x/%d", g.rng.IntN(100_000)))
		a.add("client.address", fmt.Sprintf("10.%d.%d.%d", g.rng.IntN(3), g.rng.IntN(12), g.rng.IntN(250)))
		a.add("user_agent.original", "Go-http-client/1.1")
	} else {
		a.add("url.full", fmt.Sprintf("http://%s.shop.svc.cluster.local:8080/api/v1/x/%d", services[n.route], g.rng.IntN(100_000)))
	}
	a.add("server.address", services[n.route]+".shop.svc.cluster.local")
	a.add("server.port", 8080)
	a.add("network.protocol.version", "1.1")
	a.add("network.peer.address", fmt.Sprintf("10.%d.%d.%d", g.rng.IntN(3), g.rng.IntN(12), g.rng.IntN(250)))
	a.add("network.peer.port", 30000+g.rng.IntN(30000))
	a.add("http.response.status_code", 200)
}

func (g *Generator) describeQuery(s *tracepb.Span, a *attributes) {
	table := tables[g.rng.IntN(len(tables))]
	s.Name = "SELECT " + table
	a.add("db.system.name", "postgresql")
	a.add("db.namespace", "shop")
	a.add("db.operation.name", "SELECT")
	a.add("db.collection.name", table)
	a.add("db.query.text", "SELECT id, name, amount FROM "+table+" WHERE id = $1 AND tenant = $2 LIMIT 100")
	a.add("server.address", "postgres-"+table+".shop.svc.cluster.local")
	a.add("server.port", 5432)
	a.add("db.response.returned_rows", g.rng.IntN(100))
}

// extras are what applications add, in every value type.
var extras = []func(g *Generator, a *attributes){
	func(g *Generator, a *attributes) {
		a.add("enduser.id", fmt.Sprintf("user-%07d", g.rng.IntN(2_000_000)))
	},
	func(g *Generator, a *attributes) { a.add("shop.tenant", fmt.Sprintf("tenant-%03d", g.rng.IntN(200))) },
	func(g *Generator, a *attributes) { a.add("shop.cart.total", float64(g.rng.IntN(100_000))/100) },
	func(g *Generator, a *attributes) { a.add("shop.cart.items", g.rng.IntN(30)) },
	func(g *Generator, a *attributes) { a.add("shop.cache.hit", g.rng.IntN(2) == 0) },
	func(_ *Generator, a *attributes) { a.add("shop.currency", "EUR") },
	func(g *Generator, a *attributes) { a.add("session.id", fmt.Sprintf("%016x", g.rng.Uint64())) },
	func(g *Generator, a *attributes) { a.add("thread.id", g.rng.IntN(64)) },
	func(_ *Generator, a *attributes) {
		a.add("code.function.name", "shop.example/internal/cart.(*Service).Load")
	},
	func(g *Generator, a *attributes) { a.add("code.line.number", g.rng.IntN(900)) },
	func(_ *Generator, a *attributes) { a.add("code.file.path", "/src/internal/cart/service.go") },
	func(g *Generator, a *attributes) {
		a.add("feature_flag.key", fmt.Sprintf("experiment-%02d", g.rng.IntN(40)))
	},
	func(_ *Generator, a *attributes) { a.add("feature_flag.result.variant", "control") },
	func(_ *Generator, a *attributes) { a.add("deployment.environment.name", "production") },
	func(g *Generator, a *attributes) { a.add("shop.retry.attempt", g.rng.IntN(3)) },
	func(g *Generator, a *attributes) { a.add("shop.queue.depth", g.rng.IntN(500)) },
	func(_ *Generator, a *attributes) { a.add("shop.tags", []string{"web", "eu", "returning"}) },
	func(g *Generator, a *attributes) {
		a.add("shop.order.id", fmt.Sprintf("ord-%010d", g.rng.IntN(1_000_000_000)))
	},
}

func (g *Generator) addEvents(s *tracepb.Span) {
	for range 1 + g.rng.IntN(2) {
		var a attributes
		a.add("message.id", g.rng.IntN(1000))
		a.add("message.type", "RECEIVED")
		s.Events = append(s.Events, &tracepb.Span_Event{
			TimeUnixNano: s.StartTimeUnixNano + (s.EndTimeUnixNano-s.StartTimeUnixNano)/2, Name: "message", Attributes: a,
		})
	}
}
