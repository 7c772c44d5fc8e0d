#!/bin/sh
# Builds the programs that ask Juju's own code, two per generation, into bin/ beside this file, and asks each one
# question so that it is known to work. Arguments: the generations wanted (default: all).
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

# build PROGRAM GENERATION PACKAGE: bin/PROGRAM-GENERATION anew as bin/.PROGRAM-GENERATION.$$
build() {
  # A copy of the last build lets go see that nothing changed; the rename keeps a program that runs untouched.
  staged="bin/.$1-$2.$$"
  if [ -f "bin/$1-$2" ]; then cp "bin/$1-$2" "$staged"; fi
  (cd "juju-$2" && nice go build -ldflags='-s -w' -o "../$staged" "$3")
}

# check PROGRAM GENERATION ANSWER WANTED: takes what was built into use when it answers as it should
check() {
  if [ "$3" != "$4" ]; then
    echo "Juju $2: $1 answered $3, not $4" >&2
    exit 1
  fi
  mv "bin/.$1-$2.$$" "bin/$1-$2"
}

is_current() {
  [ -x "bin/$1" ] && [ -z "$(find run.sh ask "juju-$2" -newer "bin/$1")" ]
}

for generation in ${*:-3.6 2.9 2.8}; do
  if is_current "interop-$generation" "$generation" && is_current "decide-$generation" "$generation"; then
    echo "Juju $generation: bin/interop-$generation and bin/decide-$generation are up to date"
    continue
  fi
  if ! (cd "juju-$generation" && go list -deps ./... >/dev/null); then
    echo "Juju $generation could not be fetched from the Go module proxy: its code was not asked" >&2
    exit 3
  fi
  build interop "$generation" .
  answer=$(echo '[{"ask":"compare","a":"3.6-beta2","b":"3.6.0"}]' | "bin/.interop-$generation.$$" --select - | tr -d ' \n')
  check interop "$generation" "$answer" '[{"order":-1}]'
  build decide "$generation" ./decide
  answer=$(echo '[{"ask":"bootstrap","url":"http://127.0.0.1:9","client":"nonsense"}]' | "bin/.decide-$generation.$$" | tr -d ' \n')
  check decide "$generation" "$answer" '[{"outcome":"error","error":"invalidversion\"nonsense\""}]'
  echo "Juju $generation: bin/interop-$generation and bin/decide-$generation are ready"
done
