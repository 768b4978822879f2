#!/bin/sh
# Installs the executable of a release, once its checksum is right:
#   curl -fsSL https://example.com/releases/latest/download/install.sh | sh -s -- --from https://example.com/releases/latest/download
# Options: --from URL (a folder with the executables and SHA256SUMS), --to DIR (/usr/local/bin).
set -eu

from=${ARTIFACT_VAULT_FROM:-@RELEASE_URL@}
to=/usr/local/bin

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

usage() {
  echo "usage: install.sh [--from URL] [--to DIR]" >&2
  exit 2
}

target() {
  case "$(uname -s)" in
    Linux) system=unknown-linux-gnu ;;
    Darwin) system=apple-darwin ;;
    *) fail "there is no executable for $(uname -s)" ;;
  esac
  case "$(uname -m)" in
    x86_64 | amd64) machine=x86_64 ;;
    aarch64 | arm64) machine=aarch64 ;;
    *) fail "there is no executable for $(uname -m)" ;;
  esac
  echo "$machine-$system"
}

fetch() {
  if command -v curl >/dev/null; then curl -fsSL --retry 3 -o "$2" "$1"
  elif command -v wget >/dev/null; then wget -q -O "$2" "$1"
  else fail "it needs curl or wget"; fi || fail "cannot download $1"
}

sum() {
  if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

# All of it is here before anything is done, also where a pipe breaks.
main() {
  while [ $# -gt 0 ]; do
    [ $# -gt 1 ] || usage
    case "$1" in
      --from) from=$2 ;;
      --to) to=$2 ;;
      *) usage ;;
    esac
    shift 2
  done
  case "$from" in
    @* | "") fail "name the folder of a release with --from URL" ;;
  esac
  command -v sha256sum >/dev/null || command -v shasum >/dev/null || fail "it needs sha256sum or shasum"
  name=artifact-vault-$(target)
  folder=$(mktemp -d)
  new=$to/.artifact-vault.new
  trap 'rm -rf "$folder" "$new"' EXIT
  trap 'exit 1' HUP INT TERM
  fetch "${from%/}/SHA256SUMS" "$folder/SHA256SUMS"
  wanted=$(sed -n "s/^\([0-9a-f]\{64\}\) [ *]$name\$/\1/p" "$folder/SHA256SUMS")
  [ -n "$wanted" ] || fail "SHA256SUMS does not name $name"
  fetch "${from%/}/$name" "$folder/$name"
  actual=$(sum "$folder/$name")
  [ "$actual" = "$wanted" ] || fail "$name has the checksum $actual, and not $wanted: nothing was installed"
  mkdir -p "$to" 2>/dev/null || fail "cannot make $to; choose another folder with --to, or use sudo"
  [ ! -d "$to/artifact-vault" ] || fail "$to/artifact-vault is a folder; choose another one with --to"
  cp "$folder/$name" "$new" 2>/dev/null && chmod 755 "$new" ||
    fail "cannot write to $to; choose another folder with --to, or use sudo"
  # Before the old one is gone: where this one does not run, as on Alpine, nothing changes.
  version=$("$new" --version 2>/dev/null) ||
    fail "$name does not run on this machine (Linux needs glibc 2.27 and libgcc_s, not musl): nothing was installed"
  # One that runs goes on: the file is replaced, and not written to.
  mv -f "$new" "$to/artifact-vault" || fail "cannot write to $to/artifact-vault"
  echo "installed $to/artifact-vault ($version)"
}

main "$@"
