package goruntime

import "strings"

// knownRoots are functions that stand at the root of a whole stack: what the runtime and the standard
// library start goroutines with, and the placeholders of the profiler. runtime.goexit, which called them,
// is never in a profile (runtime/pprof/proto.go, allFrames). Seen at the root in profiles of go1.18 to
// go1.27, or read in their source.
var knownRoots = set(
	"runtime.main", "runtime.mcall", "runtime.mstart", "runtime.mstart1", "runtime.systemstack",
	"runtime.morestack", "runtime.gcBgMarkWorker", "runtime.bgsweep", "runtime.bgscavenge",
	"runtime.forcegchelper", "runtime.runfinq", "runtime.runFinalizers", "runtime.runCleanups",
	"runtime.corostart", "runtime.rt0_go", "runtime.(*traceAdvancerState).start.func1",
	"runtime._System", "runtime._GC", "runtime._ExternalCode", "runtime._VDSO",
	"runtime._LostExternalCode", "runtime._LostSIGPROFDuringAtomic64", "runtime._LostContendedRuntimeLock",
	"runtime/pprof.lostProfileEvent", "runtime/pprof.profileWriter",
	"net/http.(*conn).serve", "net/http.(*persistConn).readLoop", "net/http.(*persistConn).writeLoop",
	"net/http.(*connReader).backgroundRead", "os/signal.loop", "database/sql.(*DB).connectionOpener",
	"sync.(*WaitGroup).Go.func1",
)

// IsKnownRoot reports whether a stack whose outermost frame is the function is whole. A compiler's
// wrapper of a go statement with arguments (".gowrapN", cmd/compile/internal/walk/order.go, go1.22) is an
// entry function by construction.
func IsKnownRoot(function string) bool { return knownRoots[function] || isGoWrap(function) }

func isGoWrap(function string) bool {
	i := strings.LastIndex(function, ".gowrap")
	return i >= 0 && strings.Trim(function[i+len(".gowrap"):], "0123456789") == ""
}

// IsBackground reports whether a stack with this root runs no code that could have been labelled: the
// garbage collector, the scheduler, the profiler and tracer themselves, and finalizers and cleanups,
// whose goroutine the runtime creates without labels (runtime/mfinal.go, createfing). A root without a
// package, such as the assembly function gogo, is a stack that could not be unwound.
func IsBackground(root string) bool {
	switch {
	case root == "runtime.main" || root == "runtime.corostart":
		return false
	case strings.HasPrefix(root, "runtime."), strings.HasPrefix(root, "runtime/trace."),
		root == "runtime/pprof.profileWriter", root == "runtime/pprof.lostProfileEvent":
		return true
	}
	return !strings.Contains(root, ".")
}

// infrastructure are goroutines that libraries start once for a connection or a process. They hold the
// labels of whoever was first, or none: neither says anything of the work at hand.
var infrastructure = []string{
	"net/http.(*persistConn).", "net/http.(*Transport).", "net/http.(*connReader).", "net/http.(*http2",
	"golang.org/x/net/http2.", "net/http/internal/http2.",
	"google.golang.org/grpc/internal/", "google.golang.org/grpc.(*Server).handleRawConn",
	"google.golang.org/grpc.(*addrConn).", "google.golang.org/grpc.(*ccBalancerWrapper).",
	"os/signal.loop", "database/sql.(*DB).connectionOpener", "database/sql.(*DB).connectionCleaner",
	"go.opentelemetry.io/otel/sdk/",
}

// IsInfrastructure reports whether an entry function is of a goroutine that a library keeps for itself.
// The net/http and database/sql names were seen in profiles of go1.18 to go1.27, those of gRPC and
// OpenTelemetry in profiles of grpc-go 1.7x and OpenTelemetry 1.47 services.
func IsInfrastructure(entry string) bool {
	for _, prefix := range infrastructure {
		if strings.HasPrefix(entry, prefix) {
			return true
		}
	}
	return false
}

// frameworkModules are import paths of libraries that serve, call and observe on behalf of a program. The
// list decides which samples nobody can label, so it holds only what was seen in profiles of services.
var frameworkModules = []string{
	"google.golang.org/grpc", "google.golang.org/protobuf", "golang.org/x/net", "go.opentelemetry.io",
	"github.com/prometheus/client_golang", "github.com/felixge/httpsnoop", "github.com/go-logr",
}

// standardPackages are the first elements of the import paths of the standard library, go1.18 to go1.27.
var standardPackages = set("archive", "bufio", "bytes", "cmp", "compress", "container", "context", "crypto",
	"database", "debug", "embed", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image",
	"index", "internal", "io", "iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect",
	"regexp", "runtime", "slices", "sort", "strconv", "strings", "structs", "sync", "syscall", "testing", "text",
	"time", "unicode", "unique", "unsafe", "vendor", "weak")

// IsFramework reports whether a function is of the standard library or of a library that works on a
// program's behalf, as opposed to the program itself. A name without a package is assembly of the runtime.
func IsFramework(function string) bool {
	if i := strings.IndexByte(function, '['); i > 0 {
		function = function[:i] // type arguments hold other packages' names
	}
	slash := strings.IndexByte(function, '/')
	dot := strings.IndexByte(function, '.')
	switch {
	case dot < 0:
		return true
	case slash < 0 || dot < slash && !strings.Contains(function[:slash], "."):
		return standardPackages[function[:dot]]
	case dot > slash:
		return standardPackages[function[:slash]]
	}
	for _, module := range frameworkModules {
		if rest, ok := strings.CutPrefix(function, module); ok && rest != "" && (rest[0] == '/' || rest[0] == '.') {
			return true
		}
	}
	return false
}

// IsLauncher reports whether a root only starts the function that was passed to it: the frame below is
// the goroutine's entry as its author knows it.
func IsLauncher(root string) bool {
	return root == "runtime.main" || root == "sync.(*WaitGroup).Go.func1" || root == "golang.org/x/sync/errgroup.(*Group).Go.func1" || isGoWrap(root)
}

// Server describes goroutines that serve requests with code of their own around the handler: parsing and
// answering happen outside of anything that a program can label.
type Server int

// Servers whose goroutines are known.
const (
	NoServer Server = iota
	HTTPServer
	GRPCServer
)

// ServerOf returns which server a root belongs to.
func ServerOf(root string) Server {
	switch {
	case root == "net/http.(*conn).serve":
		return HTTPServer
	case strings.HasPrefix(root, "google.golang.org/grpc.(*Server).serveStreams."),
		strings.HasPrefix(root, "google.golang.org/grpc.(*Server).initServerWorkers"),
		strings.HasPrefix(root, "google.golang.org/grpc.(*Server).serverWorker"):
		return GRPCServer
	}
	return NoServer
}

// HandlerOf returns the server whose handlers run below the frame; samples of the server's goroutines
// without such a frame cannot be labelled.
func HandlerOf(function string) Server {
	switch function {
	case "net/http.serverHandler.ServeHTTP":
		return HTTPServer
	case "google.golang.org/grpc.(*Server).processUnaryRPC", "google.golang.org/grpc.(*Server).processStreamingRPC":
		return GRPCServer
	}
	return NoServer
}

// IsLostMarker reports whether a frame stands for data that the profiler lost: runtime/proc.go
// _LostExternalCode and _LostSIGPROFDuringAtomic64, runtime/pprof/pprof.go lostProfileEvent, and from
// go1.22 runtime/proc.go _LostContendedRuntimeLock.
func IsLostMarker(function string) bool {
	switch function {
	case "runtime/pprof.lostProfileEvent", "runtime._LostExternalCode",
		"runtime._LostSIGPROFDuringAtomic64", "runtime._LostContendedRuntimeLock":
		return true
	}
	return false
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}
