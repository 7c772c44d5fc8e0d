#!/bin/sh
# Builds the programs that ask Juju's own code, one per generation, into bin/ beside this file, and asks each one
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

for generation in ${*:-3.6 2.9 2.8}; do
  if [ -x "bin/interop-$generation" ] &&
    [ -z "$(find run.sh ask "juju-$generation" -newer "bin/interop-$generation")" ]; then
    echo "Juju $generation: bin/interop-$generation is up to date"
    continue
  fi
  if ! (cd "juju-$generation" && go list -deps . >/dev/null); then
    echo "Juju $generation could not be fetched from the Go module proxy: its code was not asked" >&2
    exit 3
  fi
  # A copy of the last build lets go see that nothing changed; the rename keeps a program that runs untouched.
  staged="bin/.interop-$generation.$$"
  if [ -f "bin/interop-$generation" ]; then cp "bin/interop-$generation" "$staged"; fi
  (cd "juju-$generation" && nice go build -ldflags='-s -w' -o "../$staged" .)
  answer=$(echo '[{"ask":"compare","a":"3.6-beta2","b":"3.6.0"}]' | "$staged" --select - | tr -d ' \n')
  if [ "$answer" != '[{"order":-1}]' ]; then
    echo "Juju $generation: 3.6-beta2 against 3.6.0 gave $answer, not [{\"order\":-1}]" >&2
    exit 1
  fi
  mv "$staged" "bin/interop-$generation"
  echo "Juju $generation: bin/interop-$generation is ready"
done
