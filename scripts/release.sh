#!/usr/bin/env bash
# Creates the files of a release in dist/. The workflow calls the parts; you can, too.
#
#   ./scripts/release.sh                      the programs for this machine, and their sums
#   ./scripts/release.sh programs [TARGET]    an archive, and a bill of materials for each program
#   ./scripts/release.sh sums                 the bill of the image, the VEX, and SHA256SUMS of all files in dist/
#   ./scripts/release.sh image NAME WORD...   an image of the archives in dist/; the words are options of
#                                             `docker buildx build`: --push or --load; prints its digest,
#                                             and the path of its bill of materials
#   ./scripts/release.sh check TAG            fails unless TAG is this version's, and the changelog has its date
#
# All times in an archive are that of the last commit, or SOURCE_DATE_EPOCH, so the archives are reproducible.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

die() {
    printf 'release.sh: error: %s\n' "$1" >&2
    exit 1
}

programs() {
    local target=${1:-$(rustc -vV | sed -n 's/^host: //p')}
    local name=trust-init-$version-$target names=(trust-compose trust-doctor trust-init) words=()
    # trust-init and trust-doctor run in containers, so they exist for Linux only.
    if [[ $target = *-apple-darwin ]]; then
        names=(trust-compose)
        words=(--no-default-features --features compose --bin trust-compose)
    fi
    local built
    built=$(scripts/build.sh --target "$target" ${words[@]+"${words[@]}"})
    mkdir -p dist
    local program
    for program in "${names[@]}"; do
        scripts/sbom.py "$program" "$target" "$built/$program" >"dist/$program-$version-$target.cdx.json"
    done
    # GNU tar, by its name on macOS.
    local tar
    tar=$(command -v gtar || command -v tar)
    "$tar" --create --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        --mode=u=rwX,go=rX --transform="s|^|$name/|" --directory="$built" "${names[@]}" \
        --directory="$PWD" LICENSE-APACHE LICENSE-MIT | gzip --best --no-name >"dist/$name.tar.gz"
    echo "dist/$name.tar.gz" >&2
}

image_bill=dist/trust-init-image-$version.cdx.json

sums() {
    rm -f "$image_bill"
    local bills=(dist/*-linux-*.cdx.json)
    [ ! -e "${bills[0]}" ] || scripts/sbom.py image "${bills[@]}" >"$image_bill"
    scripts/vex.py >"dist/trust-init-$version.openvex.json"
    cd dist
    rm -f SHA256SUMS
    sha256sum -- *.tar.gz *.json >SHA256SUMS
}

image() {
    local name=$1 work platforms='' arch machine archive
    shift
    work=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" EXIT
    for arch in amd64:x86_64 arm64:aarch64; do
        machine=${arch#*:} arch=${arch%:*}
        for archive in "dist/trust-init-$version-$machine-unknown-linux-"*.tar.gz; do
            [ -e "$archive" ] || continue
            mkdir -p "$work/$arch"
            tar --extract --file="$archive" --directory="$work/$arch" --strip-components=1 \
                --wildcards '*/trust-*'
            platforms+=${platforms:+,}linux/$arch
        done
    done
    [ -n "$platforms" ] || die "dist/ contains no archive for Linux"
    docker buildx build --quiet --platform "$platforms" --tag "$name:$version" --provenance=false \
        --metadata-file "$work.json" --file docker/release.Dockerfile "$@" "$work" >&2
    sed -n 's/.*"containerimage.digest": "\(.*\)".*/digest=\1/p' "$work.json"
    echo "bill=$image_bill"
    rm "$work.json"
}

check() {
    [ "$1" = "v$version" ] || die "the tag $1 is not that of version $version (Cargo.toml)"
    grep -q "^## $version (20[0-9-]*)" CHANGELOG.md || die "CHANGELOG.md has no date for $version"
}

case ${1:-} in
    '')
        programs ''
        sums
        ;;
    programs | sums | image | check) "$@" ;;
    *) die "unknown part $1" ;;
esac
