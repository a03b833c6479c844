#!/usr/bin/env bash
# A Docker engine with Compose v2 and buildx for the container tests.
#
#   engine.sh start   use the engine that answers, or install and start one
#   engine.sh stop    stop the engine, but only if `start` started it
#
# An engine that works is left exactly as it is. Installing one takes root on
# Debian or Ubuntu; elsewhere the script says what is missing.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

PID_FILE=$STATE_DIR/dockerd.pid
LOG_FILE=$STATE_DIR/dockerd.log

# `docker info` exits 0 in some clients even if no engine answers: ask for a
# field that only the engine knows.
answers() {
    have docker || return 1
    [ -n "$(timeout 20 docker info --format '{{.ServerVersion}}' 2>/dev/null 9>&-)" ]
}

# Process ids are used again after a restart of the machine, so the number
# alone proves nothing.
process_of() {
    local pid
    pid=$(cat "$1" 2>/dev/null) || return 1
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] && echo "$pid"
}

our_dockerd() { process_of "$PID_FILE" dockerd; }
gone() { ! our_dockerd >/dev/null; }

# What was killed leaves its pid file, and a new dockerd refuses to start, or
# waits for a containerd that is none, if some other process has that number.
forget_the_dead() {
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
    # A local dockerd would not help: the client looks elsewhere.
    [ -z "${DOCKER_HOST:-}" ] || die "DOCKER_HOST is set, but no engine answers there" "unset DOCKER_HOST"

    local missing=()
    have dockerd || missing+=(docker.io)
    # Newer Debian packages the client by itself.
    if ! have docker && have apt-cache && apt-cache show docker-cli >/dev/null 2>&1; then
        missing+=(docker-cli)
    fi
    if [ ${#missing[@]} -gt 0 ]; then
        say "installing ${missing[*]} and what it needs"
        apt_install "${missing[@]}"
    fi
    # Where an init system runs, starting the engine is its job: installing
    # the package has just done so, and a second dockerd would fight it for
    # the socket.
    if [ -d /run/systemd/system ]; then
        wait_until 30 answers || die "no Docker engine answers" "sudo systemctl start docker"
        return
    fi
    [ "$(id -u)" -eq 0 ] || die "no Docker engine answers, and only root can start one" "sudo $0 start"

    # In a session of its own, so that the end of the test run or a Ctrl-C in
    # the terminal does not take the engine along.
    forget_the_dead
    setsid dockerd --pidfile "$PID_FILE" >"$LOG_FILE" 2>&1 </dev/null 9>&- &
    local child=$!
    started() { answers || ! kill -0 "$child" 2>/dev/null; }
    if ! wait_until 90 started || ! answers; then
        tail -n 25 "$LOG_FILE" >&2
        kill "$child" 2>/dev/null || true
        die "dockerd did not come up; the whole log: $LOG_FILE"
    fi
    say "started dockerd $(docker version --format '{{.Server.Version}}'), log in $LOG_FILE"
}

plugin_works() { docker "$1" version >/dev/null 2>&1; }

ensure_plugins() {
    if plugin_works compose && plugin_works buildx; then
        return
    fi
    # Debian since 13 and Ubuntu have both as packages, under two names for
    # Compose. A docker-compose without docker-buildx beside it is version 1.
    if have apt-cache && apt-cache show docker-buildx >/dev/null 2>&1; then
        local compose=docker-compose
        ! apt-cache show docker-compose-v2 >/dev/null 2>&1 || compose=docker-compose-v2
        apt_install "$compose" docker-buildx
    else
        borrow_plugins
    fi
    for plugin in compose buildx; do
        plugin_works "$plugin" ||
            die "\`docker $plugin\` does not work; \`docker info\` lists where the client looks for plug-ins"
    done
}

# Debian 12 has neither, but those of Debian 13 need no more than a C library and run there.
borrow_plugins() {
    borrow docker-compose docker-buildx
    # The user's own folder is the one place where every client looks first,
    # whether it is Debian's or one in /usr/local/bin.
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
    # TERM lets it stop the containers first; it asks them for 15 s at most.
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
