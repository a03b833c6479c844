# Shared by engine.sh and bases.sh: sourced, never run by itself.
# shellcheck shell=bash

# Downloads, logs and the pid of a dockerd that engine.sh started live here.
# Nothing else is kept outside Docker, so removing this folder is always safe
# once the engine is stopped.
STATE_DIR=${XDG_CACHE_HOME:-$HOME/.cache}/trust-init-tests
mkdir -p "$STATE_DIR"

# Debian keeps dockerd and debootstrap in sbin, which a plain user's PATH may lack.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# die WHAT-IS-WRONG [COMMAND-THAT-MENDS-IT]
die() {
    say "$1"
    [ $# -lt 2 ] || printf '  try: %s\n' "$2" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Tests run in parallel and each may ask for the engine or the images: the
# second one waits until the first has made them. Children that outlive the
# script must close descriptor 9.
lock() {
    exec 9>"$STATE_DIR/$1.lock"
    flock -w 1800 9 || die "waited 30 minutes for another ${0##*/} to finish"
}

# logged SECONDS LOGFILE COMMAND...: quiet while all is well, and the end of
# the log when it is not. No command here may hang a test run for ever.
logged() {
    local limit=$1 log=$2 status=0
    shift 2
    timeout "$limit" "$@" >>"$log" 2>&1 9>&- </dev/null || status=$?
    [ "$status" -eq 0 ] && return
    [ "$status" -ne 124 ] || say "stopped after ${limit}s: $1"
    say "failed (exit $status): $*"
    tail -n 25 "$log" >&2
    say "the whole log: $log"
    return "$status"
}

# apt_install PACKAGE...: only where that can work; says what to run elsewhere.
apt_install() {
    local hint="sudo apt-get install -y $*"
    have apt-get || die "needed but not here, and there is no apt-get: $*" "install Docker Engine with Compose v2 and buildx, and debootstrap, by your system's own means"
    [ "$(id -u)" -eq 0 ] || die "needed but not here, and only root can install: $*" "$hint"
    local log=$STATE_DIR/apt.log
    : >"$log"
    # Without recommended packages: those bring a second git, apparmor, …
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300
        install -y --no-install-recommends "$@")
    logged 300 "$log" apt-get -o DPkg::Lock::Timeout=300 update || die "apt-get update failed" "$hint"
    logged 900 "$log" "${install[@]}" || die "could not install: $*" "$hint"
}

# The Debian mirror that this machine's own apt sources name; nothing where
# they name none (Ubuntu), and then debootstrap uses its built-in default.
# It is asked for rather than written here, because machines behind a firewall
# often reach one mirror only.
debian_mirror() {
    have apt-get || return 0
    # The $(…) are apt's own placeholders. Suites like bookworm-security are
    # kept elsewhere than the suites that debootstrap reads.
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(COMPONENT) $(REPO_URI)' 'Identifier: Packages' |
        awk '$1 == "Debian" && $2 ~ /^[a-z]+$/ && $3 == "main" && $4 ~ /^https?:/ && !seen++ { print $4 }'
}

# borrow PACKAGE...: what is in these packages of Debian 13, in the folder $BORROWED. They are taken out of its
# packages, which apt checks against Debian's keys, without adding Debian 13 to the machine's own sources.
borrow() {
    local mirror tmp
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || die "missing, and this machine has no Debian sources to take them from: $*" \
        "install them by your system's own means"
    tmp=$(mktemp -d)
    # shellcheck disable=SC2064  # the folder's name is fixed now
    trap "rm -rf '$tmp'" EXIT
    mkdir -p "$tmp/lists/partial" "$tmp/cache/archives/partial"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$tmp/sources.list"
    local apt=(apt-get -o Dir::Etc::SourceList="$tmp/sources.list" -o Dir::Etc::SourceParts=-
        -o Dir::State::Lists="$tmp/lists" -o Dir::State::status=/dev/null
        -o Dir::Cache="$tmp/cache" -o APT::Sandbox::User=)
    local log=$STATE_DIR/borrow.log
    : >"$log"
    logged 300 "$log" "${apt[@]}" update || exit 1
    # apt-get download writes to the current folder.
    (cd "$tmp" && logged 600 "$log" "${apt[@]}" download "$@") || exit 1
    for deb in "$tmp"/*.deb; do
        dpkg-deb -x "$deb" "$tmp/root"
    done
    # shellcheck disable=SC2034  # read by whoever borrows
    BORROWED=$tmp/root
}
