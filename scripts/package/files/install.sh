#!/bin/sh
# Installs jam from the files next to this script. Needs sh, tar, gzip and the usual small programs (cp, ln, mkdir, mv, rm,
# uname); INSTALL.txt says what to do without them. No network is used.
set -eu
umask 022

usage='Usage: sh install.sh [--prefix FOLDER] [--bin FOLDER | --no-bin] [ARCHIVE]

  --prefix FOLDER  where the program goes, in a folder for each version (default: /opt/jam)
  --bin FOLDER     where the command jam is linked (default: /usr/local/bin)
  --no-bin         no link there: FOLDER/jam of the prefix is the command
  ARCHIVE          jam-VERSION-linux-ARCH.tar.gz (default: the one for this machine next to this script)'

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

prefix=/opt/jam
bin=/usr/local/bin
archive=
while [ $# -gt 0 ]; do
  case $1 in
    --prefix | --bin)
      [ $# -gt 1 ] || fail "$1 needs a folder."
      if [ "$1" = --prefix ]; then prefix=$2; else bin=$2; fi
      shift
      ;;
    --prefix=*) prefix=${1#*=} ;;
    --bin=*) bin=${1#*=} ;;
    --no-bin) bin= ;;
    -h | --help)
      echo "$usage"
      exit 0
      ;;
    -*) fail "$1 is not an option. sh install.sh --help lists them." ;;
    *) archive=$1 ;;
  esac
  shift
done
case $prefix in
  /*) ;;
  *) prefix=$PWD/$prefix ;;
esac
case $prefix in
  *[:\;\$]*) fail "$prefix: the path of the program may not contain : ; or \$." ;;
esac

case $0 in
  */*) here=${0%/*} ;;
  *) here=. ;;
esac
here=$(CDPATH='' cd -- "$here" && pwd)

if [ -z "$archive" ]; then
  case $(uname -m) in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "there is no jam for $(uname -m)." ;;
  esac
  for file in "$here"/jam-*-linux-"$arch".tar.gz; do
    [ -e "$file" ] || fail "there is no jam-VERSION-linux-$arch.tar.gz in $here."
    [ -z "$archive" ] || fail "there are several versions in $here. Name the archive: sh install.sh ARCHIVE"
    archive=$file
  done
fi
[ -r "$archive" ] || fail "cannot read $archive."
file=${archive##*/}
name=${file%.tar.gz}
case $archive in
  */*) folder=${archive%/*} ;;
  *) folder=. ;;
esac

if [ -r "$folder/SHA256SUMS" ] && command -v sha256sum >/dev/null; then
  sum=$(sha256sum <"$archive")
  grep -qxF "${sum%% *}  $file" "$folder/SHA256SUMS" ||
    fail "$file is not the file that SHA256SUMS lists. Copy it again; nothing was installed."
  echo "$file is as SHA256SUMS lists it."
else
  echo "install.sh: warning: $file is not compared with SHA256SUMS: it or the program sha256sum is missing." >&2
fi

[ ! -d "$prefix/jam" ] || fail "$prefix/jam is a folder; it has to be free for the link to the command."
mkdir -p "$prefix"
staged=$prefix/.installing-$$
trap 'rm -rf "$staged"' EXIT
trap 'exit 130' INT TERM HUP
mkdir "$staged"
tar -xzf "$archive" -C "$staged" || fail "$file cannot be unpacked; nothing was installed."
new=$staged/$name
[ -x "$new/jam" ] || fail "$file does not contain $name/jam; nothing was installed."
"$new/jam" self verify || fail "$file is damaged, or this system cannot run it; nothing was installed."
if [ -e "$prefix/$name" ]; then
  "$prefix/$name/jam" self verify >/dev/null ||
    fail "$prefix/$name exists and is damaged. Move it away, then run this again."
  echo "$prefix/$name is installed already."
else
  mv "$new" "$prefix/$name"
fi
# The files next to the program say who made it, and go with it when it is carried on.
for list in SHA256SUMS SHA256SUMS.asc; do
  if [ -r "$folder/$list" ]; then cp "$folder/$list" "$prefix/$list"; else rm -f "$prefix/$list"; fi
done
ln -s "$name/jam" "$staged/jam"
mv -f "$staged/jam" "$prefix/jam"
echo "Installed $prefix/jam -> $name/jam"

if [ -n "$bin" ]; then
  if [ -e "$bin/jam" ] || [ -L "$bin/jam" ]; then
    if [ "$bin/jam" -ef "$prefix/jam" ] 2>/dev/null; then
      echo "$bin/jam is this jam."
    else
      fail "$bin/jam is something else and stays. Remove it, or use --bin or --no-bin; $prefix/jam is installed."
    fi
  else
    mkdir -p "$bin"
    ln -s "$prefix/jam" "$bin/jam"
    echo "Linked $bin/jam"
  fi
fi
for old in "$prefix"/jam-*-linux-*; do
  [ "$old" = "$prefix/$name" ] || echo "An older version is kept. Restart the servers that run, then: rm -r $old"
done
"$prefix/jam" --version
