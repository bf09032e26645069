# Everything a newcomer needs is `make demo` and `make test`; both need Go and make only.
GO          ?= go
# One version for everybody; fetched through the module proxy on first use.
STATICCHECK := $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 600s
ACTIONLINT  := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
# v2.18.2 needs a module that the proxy does not serve.
GORELEASER  := github.com/goreleaser/goreleaser/v2@v2.14.3
TOOLS       := $(CURDIR)/bin/tools
BIN         := bin/witnessmark

.PHONY: manual snippets release-check build demo test race fuzz bench eval check lint specimens conformance htmlcheck

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

# The HTML reports in a real Chromium, which it installs where it can and else is skipped. `make htmlcheck IMAGES=docs/img`
# also makes the pictures of the documents.
htmlcheck:
	GO="$(GO)" IMAGES="$(IMAGES)" sh internal/htmlcheck/run.sh

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

# Man pages and completions, for packages: the same bytes for the same commit.
manual: build
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} ./$(BIN) manual --man bin/man --completions bin/completions

# The CI integration with actionlint too; the tests skip what mandoc, pre-commit, jq and shells are not there for.
snippets:
	GOBIN=$(TOOLS) $(GO) install $(ACTIONLINT)
	PATH="$(TOOLS):$$PATH" $(GO) test -count=1 -run 'Action|Snippets|Man|Roff|Completions' ./cmd/witnessmark

# What a tag would release, without releasing it. Compiles goreleaser, which takes minutes the first time.
release-check:
	GOBIN=$(TOOLS) $(GO) install $(GORELEASER)
	$(TOOLS)/goreleaser check
	$(TOOLS)/goreleaser release --snapshot --clean --skip=publish

check: lint test race conformance snippets

# Captures the specimens anew: needs the Go toolchains of every release, through the module proxy.
specimens:
	@set -e; for g in testdata/programs/*/generate.sh; do echo "== $$g"; sh $$g; done
