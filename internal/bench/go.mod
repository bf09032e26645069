module github.com/witnessmark/witnessmark/internal/bench

go 1.26.0

replace github.com/witnessmark/witnessmark => ../..

require github.com/witnessmark/witnessmark v0.0.0-00010101000000-000000000000

require (
	github.com/DataDog/gostackparse v0.7.0 // indirect
	github.com/chzyer/readline v1.5.1 // indirect
	github.com/google/pprof v0.0.0-20260906184651-6331bc6350fe // indirect
	github.com/ianlancetaylor/demangle v0.0.0-20250417193237-f615e6bd150b // indirect
	go.opentelemetry.io/collector/pdata v1.70.0 // indirect
	go.opentelemetry.io/proto/otlp v1.11.1 // indirect
	golang.org/x/sys v0.49.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)
