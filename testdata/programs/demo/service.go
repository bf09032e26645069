package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

type service struct {
	name, listen, peer, collector, host, zone string

	client *http.Client
	orders chan order
}

type order struct {
	id   int
	done chan struct{}
}

func (s *service) run() error {
	ctx := context.Background()
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(s.collector), otlptracehttp.WithInsecure())
	if err != nil {
		return err
	}
	attrs := []attribute.KeyValue{
		attribute.String("service.name", s.name),
		attribute.String("host.name", s.host),
		attribute.String("service.instance.id", s.name+"-1"),
		attribute.String("process.runtime.version", runtime.Version()),
	}
	if s.zone != "" {
		attrs = append(attrs, attribute.String("cloud.availability_zone", s.zone))
	}
	provider := trace.NewTracerProvider(
		trace.WithBatcher(exporter, trace.WithBatchTimeout(400*time.Millisecond)),
		trace.WithResource(resource.NewSchemaless(attrs...)))
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.TraceContext{})
	s.client = &http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport)}

	mux := http.NewServeMux()
	switch s.name {
	case "frontend":
		s.route(mux, "GET /cart/{id}", s.cart)
	case "checkout":
		// The pool is older than every request: its goroutines inherit no labels.
		s.orders = make(chan order)
		for range 2 {
			go s.priceOrders()
		}
		s.route(mux, "POST /order/{id}", s.order)
	case "inventory":
		s.route(mux, "GET /stock/{id}", s.stock)
	default:
		return fmt.Errorf("no role %q", s.name)
	}
	mux.Handle("/debug/pprof/", http.DefaultServeMux)
	mux.HandleFunc("/debug/stack", saveStack)
	mux.HandleFunc("/quit", func(http.ResponseWriter, *http.Request) {
		if err := provider.Shutdown(ctx); err != nil {
			log.Print(err)
		}
		os.Exit(0)
	})
	log.Printf("%s ready on %s", s.name, s.listen)
	return http.ListenAndServe(s.listen, mux)
}

// route serves pattern traced, and labelled with the route and the tenant.
func (s *service) route(mux *http.ServeMux, pattern string, h func(context.Context, int) error) {
	traced := otelhttp.NewHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.PathValue("id"))
		labels := pprof.Labels("route", pattern, "tenant", "t"+strconv.Itoa(id%3))
		pprof.Do(r.Context(), labels, func(ctx context.Context) {
			if err := h(ctx, id); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		})
	}), pattern)
	mux.Handle(pattern, traced)
}

// saveStack saves the goroutines the way many debug handlers do: through a buffer of fixed size.
func saveStack(w http.ResponseWriter, _ *http.Request) {
	buf := make([]byte, 4<<10)
	w.Write(buf[:runtime.Stack(buf, true)])
}

func (s *service) call(ctx context.Context, method, path string) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.peer+path, nil)
	if err != nil {
		return err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	if resp.StatusCode >= 500 {
		return fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	return nil
}

func (s *service) cart(ctx context.Context, id int) error {
	ctx, span := otel.Tracer("shop").Start(ctx, "render cart")
	defer span.End()
	work(2)
	return s.call(ctx, "POST", fmt.Sprintf("/order/%d", id))
}

func (s *service) order(ctx context.Context, id int) error {
	tracer := otel.Tracer("shop")
	ctx, span := tracer.Start(ctx, "validate order")
	work(3)
	if id%7 == 3 {
		// The fault: this path returns without span.End.
		return s.call(ctx, "GET", fmt.Sprintf("/stock/%d", id))
	}
	defer span.End()
	o := order{id: id, done: make(chan struct{})}
	s.orders <- o
	<-o.done
	return s.call(ctx, "GET", fmt.Sprintf("/stock/%d", id))
}

// priceOrders is a worker of checkout's pool.
func (s *service) priceOrders() {
	for o := range s.orders {
		work(6)
		close(o.done)
	}
}

func (s *service) stock(ctx context.Context, id int) error {
	_, span := otel.Tracer("shop").Start(ctx, "read stock")
	defer span.End()
	work(2)
	if id%5 == 0 {
		go resolveBundle(180, make(chan struct{}))
	}
	return nil
}

// resolveBundle follows bundles that contain bundles, and waits for a part that never comes.
//
//go:noinline
func resolveBundle(depth int, part chan struct{}) int {
	if depth == 0 {
		<-part
		return 0
	}
	return resolveBundle(depth-1, part) + 1
}

// work burns about ms milliseconds of processor time.
func work(ms int) {
	var sum [32]byte
	for end := time.Now().Add(time.Duration(ms) * time.Millisecond); time.Now().Before(end); {
		for range 100 {
			sum = sha256.Sum256(sum[:])
		}
	}
	runtime.KeepAlive(sum)
}
