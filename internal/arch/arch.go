// Package arch holds the import table of the project: which package may import which, and where each
// third-party module is confined. Its test fails the build when an import breaks the table.
package arch

// Module is the path of this module.
const Module = "github.com/witnessmark/witnessmark"

// Rule says what the packages that match Package may import. Only the imports of non-test files count.
type Rule struct {
	// Package relative to Module. "x/..." matches x and everything below it; the first rule that
	// matches a package applies.
	Package string
	// Internal packages of this module that it may import, in the same notation.
	Internal []string
	// External modules or package prefixes outside the standard library that it may import.
	External []string
}

// Table is the import table. evidence may use internal/goruntime for one thing: the fingerprint of the
// Go release, which a reader records as evidence.
var Table = []Rule{
	{Package: "cmd/witnessmark/...",
		Internal: []string{"analyze/...", "align", "align/verify", "report", "evidence", "internal/config"},
		External: []string{"github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/term",
			"go.opentelemetry.io/proto/otlp/trace/v1", "go.opentelemetry.io/proto/otlp/common/v1",
			"google.golang.org/protobuf"}},
	{Package: "evidence",
		Internal: []string{"internal/wire", "internal/goruntime"},
		External: []string{"github.com/klauspost/compress", "github.com/goccy/go-yaml",
			"github.com/bmatcuk/doublestar/v4", "golang.org/x/text", "golang.org/x/exp/trace", "google.golang.org/protobuf/encoding/protowire"}},
	{Package: "analyze", Internal: []string{"evidence"}},
	{Package: "analyze/all", Internal: []string{"analyze/..."}},
	{Package: "analyze/spans", Internal: []string{"analyze", "evidence", "align", "internal/chance"}},
	{Package: "analyze/clocks", Internal: []string{"analyze", "analyze/spans", "evidence", "align"}},
	{Package: "analyze/status", Internal: []string{"analyze", "analyze/spans", "evidence"}},
	{Package: "analyze/windows", Internal: []string{"analyze", "analyze/clocks", "analyze/spans", "evidence", "align"}},
	{Package: "analyze/stacks", Internal: []string{"analyze", "evidence", "internal/chance", "internal/goruntime"}},
	{Package: "analyze/artifacts", Internal: []string{"analyze", "evidence", "internal/chance"}},
	{Package: "analyze/labels", Internal: []string{"analyze", "evidence", "internal/goruntime"}},
	{Package: "analyze/...", Internal: []string{"analyze", "evidence"}},
	{Package: "align", Internal: []string{"evidence", "internal/wire"},
		External: []string{"gonum.org/v1/gonum/mat", "gonum.org/v1/gonum/lapack", "gonum.org/v1/gonum/blas"}},
	{Package: "align/verify", Internal: []string{"evidence"}},
	{Package: "report", Internal: []string{"analyze", "evidence", "align", "internal/chance"},
		External: []string{"github.com/olekukonko/tablewriter"}},
	{Package: "internal/wire", External: []string{"google.golang.org/protobuf/encoding/protowire"}},
	{Package: "internal/goruntime"},
	{Package: "internal/chance", External: []string{"gonum.org/v1/gonum/mathext"}},
	{Package: "internal/config", Internal: []string{"analyze"}, External: []string{"github.com/goccy/go-yaml", "github.com/bmatcuk/doublestar/v4"}},
	{Package: "internal/arch"},
	{Package: "internal/attacks"},
	{Package: "internal/htmlcheck", Internal: []string{"analyze/all", "internal/attacks", "report"}},
	{Package: "internal/clocksim", Internal: []string{"align"},
		External: []string{"go.opentelemetry.io/proto/otlp", "google.golang.org/protobuf/proto"}},
	{Package: "internal/clockeval/...", Internal: []string{"align", "internal/clocksim", "internal/clockeval"}},
	{Package: "internal/bench/...", Internal: []string{"..."}, External: []string{"..."}},
	{Package: "testdata/...", Internal: []string{"testdata/..."}, External: []string{"..."}},
}

// Banned packages must not be linked into the witnessmark binary: the core has no network code, and the
// collector's packages pull in gRPC. Package net itself is linked by pflag, for its types of flags. The
// simulator and the methods that align is compared with serve tests only.
var Banned = []string{
	"net/http",
	"go.opentelemetry.io/proto/otlp/collector/trace/v1",
	"google.golang.org/grpc",
	Module + "/internal/attacks",
	Module + "/internal/clocksim",
	Module + "/internal/clockeval",
}
