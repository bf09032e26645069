# Everything a newcomer needs is `make demo` and `make test`; both need Go and make only.
GO          ?= go
# One version for everybody; fetched through the module proxy on first use.
STATICCHECK := $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 600s
BIN         := bin/witnessmark

.PHONY: build demo test race fuzz bench eval check lint specimens conformance

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN) ./cmd/witnessmark

demo: build
	./$(BIN) demo

test:
	$(GO) test ./...

race:
	$(GO) test -race -short -timeout 30m ./...

lint:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt needed:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(STATICCHECK) ./...

# The differential tests against the OpenTelemetry collector live in a module of their own, so that its
# dependencies stay out of ours.
conformance:
	cd internal/conformance && $(GO) test ./...

# Every fuzz target in turn, FUZZTIME each.
fuzz:
	@set -e; for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "== $$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x $$pkg; \
		done; \
	done

# Ratios of CPU time against the official libraries, subject and baseline in turn in one run.
bench:
	cd internal/bench && $(GO) run .

# Errors and bounds of align on simulated fleets, beside those of other methods; fails when a claim of
# docs/alignment.md does not hold. Seeds from 1000 are held out: `make eval EVALFLAGS=-first=1000`.
eval:
	$(GO) run ./internal/clockeval/eval $(EVALFLAGS)

check: lint test race conformance

# Captures the specimens anew: needs the Go toolchains of every release, through the module proxy.
specimens:
	@set -e; for g in testdata/programs/*/generate.sh; do echo "== $$g"; sh $$g; done
