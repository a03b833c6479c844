#!/usr/bin/env bash
# Builds the release programs twice, in different folders and with different homes of cargo, and compares
# them byte by byte. Prints their digests, to be compared with those of another machine's build.
#
#   ./scripts/reproduce.sh [WORD...]     words are cargo's: --bin trust-init, --no-default-features
#
# The second build compiles everything again: three minutes and 500 MB for all programs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

first=$(scripts/build.sh "$@")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/a folder with another name"
elsewhere=$work/"a folder with another name"
tar -c --exclude=./target --exclude=./.git . | tar -x -C "$elsewhere"
# The crates that cargo has fetched, under another path.
mkdir "$elsewhere/home"
ln -s "${CARGO_HOME:-$HOME/.cargo}"/* "$elsewhere/home/"
second=$(env -u CARGO_TARGET_DIR CARGO_HOME="$elsewhere/home" "$elsewhere/scripts/build.sh" "$@")

for program in "$second"/trust-*; do
    [ -x "$program" ] || continue
    name=${program##*/}
    sha256sum "$first/$name" | sed "s|$first/||"
    if ! cmp "$first/$name" "$program"; then
        echo "reproduce.sh: error: $name differs in another folder" >&2
        exit 1
    fi
done
echo "the same bytes in another folder, with another home of cargo"
