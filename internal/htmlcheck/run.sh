#!/bin/sh
# Checks the HTML reports in a real browser. Installs Debian's chromium and the pinned axe-core where it can, as root on
# Debian with npm; elsewhere it says what is missing and passes. IMAGES=docs/img also writes the pictures of the documents.
set -eu
cd "$(dirname "$0")/../.."
axe_version=4.14.1
axe_sha512=1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5

skip() { echo "htmlcheck: skipped: $1"; exit 0; }

if ! command -v chromium >/dev/null; then
	command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || skip "no chromium, and this is no Debian of which we are root"
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core; } >/dev/null 2>&1 ||
		skip "chromium cannot be installed here"
fi
command -v npm >/dev/null || skip "no npm to fetch axe-core with"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "axe-core@$axe_version" >/dev/null 2>&1) || skip "axe-core cannot be fetched here"
# A package that is there and not the one we know is no reason to pass.
echo "$axe_sha512  $work/axe-core-$axe_version.tgz" | sha512sum -c --quiet -
tar -xzf "$work/axe-core-$axe_version.tgz" -C "$work" package/axe.min.js

${GO:-go} build -o "$work/witnessmark" ./cmd/witnessmark
${GO:-go} build -o "$work/htmlcheck" ./internal/htmlcheck
(
	cd "$work"
	# A finding makes the exit code 1, which is no failure here; 2 is.
	run() { ./witnessmark "$@" || [ $? != 2 ]; }
	run demo --extract incident
	run examine -q --require-label route -o html=demo.html -o json=demo.json incident
	run inspect -q -o html=inspect.html incident
	run diff -q -o html=diff.html -o json=diff.json incident/inventory incident/checkout
	run trend -q -o html=trend.html -o json=trend.json incident/inventory/goroutine.pb.gz incident/checkout/goroutine.pb.gz
)
"$work/htmlcheck" -axe "$work/package/axe.min.js" -images "${IMAGES:-}" -report "$work/demo.json" -diff "$work/diff.json" -trend "$work/trend.json" \
	"$work/demo.html" "$work/inspect.html" "$work/diff.html" "$work/trend.html" "$@"
