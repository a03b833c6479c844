#!/usr/bin/env bash
# Shows the effect of trust-init on this machine: real clients refuse a server
# with a private certificate, and accept it if trust-init starts them. Then, if
# a Docker engine answers, the same in containers; and compose/voice-agent, a
# project for which setup and removal run.
#
#   ./scripts/demo.sh
#
# Needs Rust, and curl or python3. Removes all that it creates. Exits non-zero
# if any step is not as expected.
#   DEMO_IMAGE=IMAGE    the image for the containers, with curl and python3
#   DEMO_PYTHON=IMAGE   the base image of the voice agent, with this machine's
#                       network and CA, instead of python:3.13-slim
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
server='' container='' voice=''
remove_voice() {
    local project
    for project in "$voice-servers" "$voice"; do
        timeout 120 docker compose -p "$project" down --timeout 5 || true
    done >/dev/null 2>&1
    docker images --format '{{.Repository}}' "$voice*" | xargs -r docker rmi >/dev/null 2>&1 || true
}
finish() {
    [ -z "$voice" ] || remove_voice
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$container" ] || docker rm -f "$container" >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap finish EXIT

heading() { printf '\n== %s\n' "$*"; }
die() {
    printf 'demo.sh: error: %s\n' "$*" >&2
    exit 1
}

heading "building trust-init"
programs=$(scripts/build.sh)
scripts/build.sh --example peer >/dev/null
peer=$programs/examples/peer

heading "making a private CA, and a server certificate that it signed"
"$peer" make "$work/certs" "Demo CA"
(cd "$work/certs" && ls)

heading "starting an HTTPS server with it"
"$peer" serve "$work/certs/server.pem" "$work/certs/server-key.pem" 127.0.0.1 >"$work/address" &
server=$!
for _ in $(seq 100); do
    [ ! -s "$work/address" ] || break
    kill -0 "$server" 2>/dev/null || die "the server ended"
    sleep 0.1
done
address=$(sed -n 's/^listening on //p' "$work/address")
[ -n "$address" ] || die "the server did not start within 10 seconds"
echo "https://$address"

get='import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode(), end="")'
served="served over a verified connection"

# expect refused|served NAME COMMAND...: runs the command and prints its result.
expect() {
    local wanted=$1 name=$2 found=refused
    shift 2
    "$@" >"$work/out" 2>"$work/err" && grep -qx "$served" "$work/out" && found=served
    printf '%-26s %s\n' "$name:" "$found"
    grep -E "^trust-init|rror" "$work/err" | tail -n 2 | cut -c 1-160 | sed 's/^/    /' || true
    [ "$found" = "$wanted" ] || {
        cat "$work/out" "$work/err" >&2
        die "$name: expected $wanted"
    }
}

# The clients get a clean environment: this machine's own trust variables
# would change the results.
clean=(env -i PATH="$PATH" HOME="$work")
front=("${clean[@]}" "$programs/trust-init" --ca "$work/certs" --dir "$work" --log quiet --)
heading "clients on this machine"
clients=0
if command -v curl >/dev/null; then
    expect refused "curl" "${clean[@]}" curl -sS "https://$address"
    expect served "trust-init -- curl" "${front[@]}" curl -sS "https://$address"
    clients=$((clients + 1))
fi
if command -v python3 >/dev/null; then
    expect refused "python3" "${clean[@]}" python3 -c "$get" "https://$address"
    expect served "trust-init -- python3" "${front[@]}" python3 -c "$get" "https://$address"
    clients=$((clients + 1))
fi
[ "$clients" -gt 0 ] || die "cannot find curl or python3: install one of them"

heading "clients in containers"
if ! docker info >/dev/null 2>&1; then
    echo "skipped: no Docker engine answers"
    exit 0
fi
# An image with curl and python3: DEMO_IMAGE, an image of the tests, or a public one.
image=${DEMO_IMAGE:-}
for candidate in python:3.13 trust-init-test/bookworm; do
    [ -n "$image" ] || ! docker image inspect "$candidate" >/dev/null 2>&1 || image=$candidate
done
if [ -z "$image" ]; then
    docker pull -q python:3.13 2>"$work/err" || {
        echo "skipped: no image exists, and python:3.13 cannot be pulled: $(tail -n 1 "$work/err")"
        echo "         set DEMO_IMAGE to an image with curl and python3"
        exit 0
    }
    image=python:3.13
fi
docker image inspect "$image" >/dev/null 2>&1 || docker pull -q "$image" || die "cannot pull $image"
echo "in $image"
# The clients share the server's network, so that its name is the same as above.
container=$(docker run -d -v "$peer:/peer:ro" -v "$work/certs:/certs:ro" --entrypoint /peer "$image" \
    serve /certs/server.pem /certs/server-key.pem 127.0.0.1:8443)
for _ in $(seq 100); do
    docker logs "$container" 2>/dev/null | grep -q listening && break
    sleep 0.1
done
plain=(docker run --rm --network "container:$container")
front=("${plain[@]}" -v "$programs/trust-init:/trust-init:ro"
    -v "$work/certs/ca.crt:/usr/local/share/ca-certificates/custom-ca.crt:ro" --entrypoint /trust-init)
url=https://localhost:8443
expect refused "curl" "${plain[@]}" --entrypoint curl "$image" -sS "$url"
expect served "trust-init -- curl" "${front[@]}" "$image" -- curl -sS "$url"
expect refused "python3" "${plain[@]}" --entrypoint python3 "$image" -c "$get" "$url"
expect served "trust-init -- python3" "${front[@]}" "$image" -- python3 -c "$get" "$url"
# Hardened: another user, a read-only file system, no capabilities.
front+=(--user 1000 --read-only --cap-drop ALL --security-opt no-new-privileges)
expect served "the same, hardened" "${front[@]}" "$image" -- curl -sS "$url"

heading "a voice agent, with its servers bundled"
docker compose version >/dev/null 2>&1 || {
    echo "skipped: docker has no Compose plug-in"
    exit 0
}
python=${DEMO_PYTHON:-python:3.13-slim}
docker image inspect "$python" >/dev/null 2>&1 || timeout 300 docker pull -q "$python" 2>"$work/err" || {
    echo "skipped: $python cannot be pulled: $(tail -n 1 "$work/err")"
    exit 0
}
unset COMPOSE_FILE COMPOSE_PATH_SEPARATOR COMPOSE_PROFILES COMPOSE_PROJECT_NAME
# Its own network and port avoid conflicts with running projects.
voice=trust-init-demo-$$
export LAN=$voice-lan LAN_SUBNET=10.89.76 SERVERS=$voice-servers AGENT_PORT=0
cp -R compose/voice-agent "$work/$voice"
cd "$work/$voice"
# Remove files of an earlier run of its README.
rm -rf .env .trust certs docker-compose.ca.yml

# build IMAGE FOLDER: builds the image of this program, or of the agent or its servers.
build() {
    local options=(--build-arg "BASE=$python" --build-arg "TRUST_INIT=$voice-trust-init")
    [ -z "${DEMO_PYTHON:-}" ] || options+=(--network host
        --secret "id=ca,src=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}")
    timeout 900 docker build -q "${options[@]}" -t "$1" "$2" >/dev/null 2>"$work/err" || {
        cat "$work/err" >&2
        die "cannot build $2"
    }
}
mkdir "$work/programs"
cp "$programs/trust-init" "$work/programs"
printf 'FROM scratch\nCOPY trust-init /\n' >"$work/programs/Dockerfile"
build "$voice-trust-init" "$work/programs"
build "$voice-agent" agent
build "$voice-livekit" stand-ins
for name in speaches kokoro ollama servers-stt servers-tts servers-n8n; do
    docker tag "$voice-livekit" "$voice-$name"
done

# quietly COMMAND...: prints the output only if the command fails.
quietly() {
    timeout 300 "$@" >"$work/out" 2>&1 || {
        cat "$work/out" >&2
        die "$* failed"
    }
}
# Speech to text, Ollama's reply, text to speech; prints the decoded reply.
turn='import urllib.error, urllib.request
def post(path, body):
    return urllib.request.urlopen("http://localhost:8080" + path, body).read()
try:
    print(post("/hear", post("/turn", post("/say", b"Hello there"))).decode())
except urllib.error.HTTPError as error:
    print(error.read().decode())'
# converse TEXT: fails unless a conversation with the agent ends with TEXT.
converse() {
    local said
    quietly docker compose up -d --wait
    said=$(timeout 60 docker compose exec -T agent python -c "$turn") || die "the agent does not answer"
    echo "$said" | cut -c 1-150
    [[ $said = *"$1"* ]] || die "expected: $1"
    docker compose ps --services | sort | paste -sd ' ' | sed 's/^/    running: /'
}
converse "You said: Hello there"

heading "Whisper and Kokoro are on another machine, behind TLS with a private CA"
quietly "$programs/trust-compose" certs "IP:$LAN_SUBNET.10" "IP:$LAN_SUBNET.11" "IP:$LAN_SUBNET.12"
(cd servers && quietly docker compose up -d --wait)
sed "s/10\.89\.77/$LAN_SUBNET/" .env.example >.env
converse CERTIFICATE_VERIFY_FAILED

heading "trust-compose setup --custom-ca certs/ --without speaches --without kokoro"
quietly "$programs/trust-compose" setup --custom-ca certs/ --without speaches --without kokoro --activate --up
converse "You said: Hello there"

heading "trust-compose setup, without a CA"
quietly "$programs/trust-compose" setup
converse CERTIFICATE_VERIFY_FAILED
