#!/usr/bin/env bash
# A Docker engine with Compose v2 and buildx for the container tests.
#
#   engine.sh start   use a running engine, or install and start one
#   engine.sh stop    stop the engine, but only if `start` started it
#
# The script does not change a working engine. It installs one as root on Debian
# or Ubuntu; on other systems it prints what is missing.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

PID_FILE=$STATE_DIR/dockerd.pid
LOG_FILE=$STATE_DIR/dockerd.log

# `docker info` exits 0 in some clients even if no engine answers: print a field
# that only the engine knows.
answers() {
    have docker || return 1
    [ -n "$(timeout 20 docker info --format '{{.ServerVersion}}' 2>/dev/null 9>&-)" ]
}

# Process ids are reused after a restart of the machine, so the number alone
# proves nothing.
process_of() {
    local pid
    pid=$(cat "$1" 2>/dev/null) || return 1
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] && echo "$pid"
}

our_dockerd() { process_of "$PID_FILE" dockerd; }
gone() { ! our_dockerd >/dev/null; }

# A killed daemon leaves its pid file. If another process has that number now, a
# new dockerd refuses to start, or waits for a containerd that does not exist.
remove_stale_pid_files() {
    wait_until 60 gone || die "dockerd ($(our_dockerd)) runs but does not answer; its log: $LOG_FILE"
    rm -f "$PID_FILE"
    local containerd=/run/docker/containerd/containerd.pid
    process_of "$containerd" containerd >/dev/null || rm -f "$containerd"
}

# wait_until SECONDS COMMAND...
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.5
    done
}

start_daemon() {
    if answers; then
        say "using the engine that is running ($(docker version --format '{{.Server.Version}}'))"
        return
    fi
    # A local dockerd would not help: the client uses another address.
    [ -z "${DOCKER_HOST:-}" ] || die "DOCKER_HOST is set, but no engine answers there" "unset DOCKER_HOST"

    local missing=()
    have dockerd || missing+=(docker.io)
    # Newer Debian has a separate package for the client.
    if ! have docker && have apt-cache && apt-cache show docker-cli >/dev/null 2>&1; then
        missing+=(docker-cli)
    fi
    if [ ${#missing[@]} -gt 0 ]; then
        say "installing ${missing[*]} and dependencies"
        apt_install "${missing[@]}"
    fi
    # With systemd, the installation of the package has started the engine; a
    # second dockerd would compete for the socket.
    if [ -d /run/systemd/system ]; then
        wait_until 30 answers || die "no Docker engine answers" "sudo systemctl start docker"
        return
    fi
    [ "$(id -u)" -eq 0 ] || die "no Docker engine answers, and only root can start one" "sudo $0 start"

    # In its own session, so that the engine survives the end of the test run and
    # a Ctrl-C in the terminal.
    remove_stale_pid_files
    setsid dockerd --pidfile "$PID_FILE" >"$LOG_FILE" 2>&1 </dev/null 9>&- &
    local child=$!
    started() { answers || ! kill -0 "$child" 2>/dev/null; }
    if ! wait_until 90 started || ! answers; then
        tail -n 25 "$LOG_FILE" >&2
        kill "$child" 2>/dev/null || true
        die "dockerd did not start; the whole log: $LOG_FILE"
    fi
    say "started dockerd $(docker version --format '{{.Server.Version}}'), log in $LOG_FILE"
}

plugin_works() { docker "$1" version >/dev/null 2>&1; }

ensure_plugins() {
    if plugin_works compose && plugin_works buildx; then
        return
    fi
    # Debian since 13 and Ubuntu have packages of both, with two names for
    # Compose. A docker-compose is version 1 if no docker-buildx exists.
    if have apt-cache && apt-cache show docker-buildx >/dev/null 2>&1; then
        local compose=docker-compose
        ! apt-cache show docker-compose-v2 >/dev/null 2>&1 || compose=docker-compose-v2
        apt_install "$compose" docker-buildx
    else
        borrow_plugins
    fi
    for plugin in compose buildx; do
        plugin_works "$plugin" ||
            die "\`docker $plugin\` does not work; \`docker info\` lists the client's plug-in directories"
    done
}

# Debian 12 has neither; the plug-ins of Debian 13 need only a C library and run on it.
borrow_plugins() {
    borrow docker-compose docker-buildx
    # Every client, Debian's or one in /usr/local/bin, searches the user's folder
    # first.
    local to=${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins
    mkdir -p "$to"
    cp "$BORROWED"/usr/libexec/docker/cli-plugins/docker-{compose,buildx} "$to/"
    say "put Compose v2 and buildx of Debian 13 into $to"
}

stop_daemon() {
    local pid
    if ! pid=$(our_dockerd); then
        say "no engine to stop: this script did not start one"
        rm -f "$PID_FILE"
        return
    fi
    # On TERM it stops the containers first, with a limit of 15 s.
    kill "$pid"
    wait_until 60 gone || die "dockerd ($pid) still runs after 60 s; its log: $LOG_FILE" "sudo kill -KILL $pid"
    rm -f "$PID_FILE"
    say "stopped dockerd"
}

case ${1:-} in
start)
    lock engine
    start_daemon
    ensure_plugins
    say "ready: engine $(docker version --format '{{.Server.Version}}'), $(docker compose version), buildx $(docker buildx version | cut -d' ' -f2)"
    ;;
stop)
    lock engine
    stop_daemon
    ;;
*)
    echo "usage: $0 start|stop" >&2
    exit 2
    ;;
esac
