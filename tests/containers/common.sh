# Shared by engine.sh, bases.sh and kubernetes.sh; sourced only.
# shellcheck shell=bash

# Contains downloads, logs and the pid of a dockerd that engine.sh started.
# The scripts keep nothing else outside Docker, so this folder can be removed
# once the engine is stopped.
STATE_DIR=${XDG_CACHE_HOME:-$HOME/.cache}/trust-init-tests
mkdir -p "$STATE_DIR"

# Debian keeps dockerd and debootstrap in sbin, which a plain user's PATH may lack.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# die CAUSE [FIX-COMMAND]
die() {
    say "$1"
    [ $# -lt 2 ] || printf '  try: %s\n' "$2" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Tests run in parallel and each may start these scripts: the second one waits
# until the first has finished. Children that outlive the script must close
# descriptor 9.
lock() {
    exec 9>"$STATE_DIR/$1.lock"
    flock -w 1800 9 || die "waited 30 minutes for another ${0##*/} to finish"
}

# logged SECONDS LOGFILE COMMAND...: runs a command with a time limit, and prints
# the end of the log only if it fails.
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

# apt_install PACKAGE...: installs them as root with apt, else prints the command to run.
apt_install() {
    local hint="sudo apt-get install -y $*"
    have apt-get || die "missing, and apt-get does not exist: $*" "install Docker Engine with Compose v2 and buildx, and debootstrap, by your system's package manager"
    [ "$(id -u)" -eq 0 ] || die "missing, and only root can install: $*" "$hint"
    local log=$STATE_DIR/apt.log
    : >"$log"
    # Without recommended packages, which include a second git, apparmor, …
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300
        install -y --no-install-recommends "$@")
    logged 300 "$log" apt-get -o DPkg::Lock::Timeout=300 update || die "apt-get update failed" "$hint"
    logged 900 "$log" "${install[@]}" || die "could not install: $*" "$hint"
}

# Prints the Debian mirror of this machine's apt sources; nothing if they have
# none (Ubuntu), and then debootstrap uses its built-in default. The mirror is
# not fixed here, because machines behind a firewall often reach only one.
debian_mirror() {
    have apt-get || return 0
    # The $(…) are apt's own placeholders. The pattern excludes suites such as
    # bookworm-security, which have another mirror than debootstrap's suites.
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(COMPONENT) $(REPO_URI)' 'Identifier: Packages' |
        awk '$1 == "Debian" && $2 ~ /^[a-z]+$/ && $3 == "main" && $4 ~ /^https?:/ && !seen++ { print $4 }'
}

# borrow PACKAGE...: extracts packages of Debian 13 into the folder $BORROWED. apt checks them against
# Debian's keys; Debian 13 is not added to the machine's own sources.
borrow() {
    local mirror tmp
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || die "missing, and this machine has no Debian sources to get them from: $*" \
        "install them by your system's package manager"
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
    # shellcheck disable=SC2034  # read by callers of borrow
    BORROWED=$tmp/root
}
