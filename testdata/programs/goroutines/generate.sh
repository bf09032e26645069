#!/bin/sh
# Captures the specimens of goroutine text and of text profiles anew, one folder for each Go release.
# Needs go, which fetches the toolchains through the module proxy.
set -eu
cd "$(dirname "$0")"
out=$PWD/../../specimens/goroutine
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GOWORK=off GOFLAGS=-trimpath CGO_ENABLED=0
ulimit -c 0

# crash SPECIMEN MODE [ENV=VALUE...]: what the program writes to stderr as it dies.
crash() {
	specimen=$1 mode=$2
	shift 2
	env GOTRACEBACK=all "$@" "$work/prog" -dir "$dir" -name "$specimen" $flags "$mode" 2>"$dir/$specimen" || true
}

# text SPECIMEN MODE [ENV=VALUE...]: what the program writes itself.
text() {
	specimen=$1 mode=$2
	shift 2
	env "$@" "$work/prog" -dir "$dir" -name "$specimen" $flags "$mode"
}

all() {
	crash panic.txt panic
	crash repanic.txt repanic
	crash nilpanic.txt nilpanic
	crash forged.txt forged
	crash running.txt running
	crash embedded.txt embedded
	crash deadlock.txt deadlock
	crash unlock.txt unlock
	crash spinning.txt spinning GODEBUG=asyncpreemptoff=1 GOMAXPROCS=4
	text goroutine.debug2.txt debug2
	text goroutine.debug1.txt debug1
}

for version in 1.18.10 1.20.14 1.21.13 1.22.12 1.24.13 1.26.8 1.27.1; do
	export GOTOOLCHAIN=go$version
	dir=$out/go$version flags=
	rm -rf "$dir"
	mkdir -p "$dir"
	modfile=go.mod
	case $version in 1.27.*) modfile=go127.mod flags=-labelled ;; esac
	go build -modfile=$modfile -o "$work/prog" .
	all
	case $version in
	1.20.* | 1.27.*)
		text heap.debug1.txt heap
		text mutex.debug1.txt contended
		text custom.debug1.txt custom
		crash overflow.txt overflow
		;;
	esac
	case $version in
	1.18.* | 1.22.* | 1.27.*)
		crash sigquit.txt sigquit GOMAXPROCS=2
		text threadcreate.debug1.txt threads
		;;
	esac
	case $version in
	1.26.*)
		flags=-labelled
		text labels.debug2.txt debug2 GODEBUG=tracebacklabels=1
		;;
	1.27.*)
		crash crash.txt sigquit GOTRACEBACK=crash GOMAXPROCS=2
		text ancestors.debug2.txt debug2 GODEBUG=tracebackancestors=3
		text goroutineleak.debug1.txt leak
		SPECIMEN_DIR=$dir go test -modfile=$modfile -count=1 -run Bubble . >/dev/null
		;;
	esac
done
