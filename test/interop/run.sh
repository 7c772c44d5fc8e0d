#!/bin/sh
# Builds the programs that ask Juju's own code, two per generation, into bin/ next to this file, and asks each one
# question so that it is known to work. Arguments: the generations wanted (default: all).
# A generation whose sources, modules and Go are those of its last build is not built again.
# Exit status: 0 built, or Go is not installed (which it says); 1 does not build or answers wrongly;
# 3 Juju's modules could not be fetched.
set -eu
cd "$(dirname "$0")"

if ! command -v go >/dev/null 2>&1; then
  echo "Go is not installed: Juju's own code was not asked"
  exit 0
fi

# The packages asked need no C compiler; go.sum pins every module, so nothing may be changed on the way.
export CGO_ENABLED=0 GOFLAGS="${GOFLAGS:-} -mod=readonly" GOWORK=off
mkdir -p bin
staged="bin/.staged.$$"
trap 'rm -rf "$staged"' EXIT

hash_text() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum; else shasum -a 256; fi
}

# sources GENERATION: a hash of everything that its programs are made of; go.sum stands for the modules
sources() {
  { go version; find run.sh ask "juju-$1" -type f | LC_ALL=C sort | xargs cat; } | hash_text | cut -d' ' -f1
}

# is_current GENERATION SOURCES
is_current() {
  [ -x "bin/interop-$1" ] && [ -x "bin/decide-$1" ] && [ "$(cat "bin/$1.sources" 2>/dev/null)" = "$2" ]
}

# check PROGRAM GENERATION ANSWER WANTED
check() {
  if [ "$3" != "$4" ]; then
    echo "Juju $2: $1 answered $3, not $4" >&2
    exit 1
  fi
}

for generation in ${*:-3.6 2.9 2.8}; do
  wanted=$(sources "$generation")
  if is_current "$generation" "$wanted"; then
    echo "Juju $generation: bin/interop-$generation and bin/decide-$generation are up to date"
    continue
  fi
  echo "Juju $generation: fetching its modules"
  if ! (cd "juju-$generation" && go list -deps ./... >/dev/null); then
    echo "Juju $generation could not be fetched from the Go module proxy: its code was not asked" >&2
    exit 3
  fi
  echo "Juju $generation: building"
  mkdir -p "$staged"
  (cd "juju-$generation" && nice go build -ldflags='-s -w' -o "../$staged/" . ./decide)
  mv "$staged/juju-$generation" "$staged/interop"
  answer=$(echo '[{"ask":"compare","a":"3.6-beta2","b":"3.6.0"}]' | "$staged/interop" --select - | tr -d ' \n')
  check interop "$generation" "$answer" '[{"order":-1}]'
  answer=$(echo '[{"ask":"bootstrap","url":"http://127.0.0.1:9","client":"nonsense"}]' | "$staged/decide" | tr -d ' \n')
  check decide "$generation" "$answer" '[{"outcome":"error","error":"invalidversion\"nonsense\""}]'
  # A rename leaves a program that runs untouched.
  mv "$staged/interop" "bin/interop-$generation"
  mv "$staged/decide" "bin/decide-$generation"
  echo "$wanted" >"bin/$generation.sources"
  echo "Juju $generation: bin/interop-$generation and bin/decide-$generation are ready"
done
