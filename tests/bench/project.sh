#!/usr/bin/env bash
# The part of scripts/bench.sh about `trust-compose setup`: a project of 1,000 services, read by Compose
# and by trust-compose itself, and for comparison only the docker commands of setup.
# Usage: project.sh WORK PROGRAM ROUNDS. Writes WORK/project.
set -euo pipefail
work=$1 program=$2 rounds=$3
project=$work/project.d
mkdir "$project"
{
    echo "services:"
    for number in {0000..0999}; do
        cat <<EOF
  service-$number:
    image: registry.invalid/team/service-${number:2}:1
    environment: {NUMBER: "$number", LEVEL: info}
    volumes: ["./data:/data"]
    depends_on: [service-0000]
EOF
    done
} | sed '0,/^    depends_on/{/^    depends_on/d}' >"$project/docker-compose.yml"

setup="setup --dry-run -f $project/docker-compose.yml --custom-ca $work/ca.crt"
echo "none|1|||$work/true" >"$work/plan"
echo "alone|1|||/usr/bin/env PATH=/nowhere $program $setup" >>"$work/plan"
if docker compose version >/dev/null 2>&1; then
    # The docker commands of setup, with the same parallelism. Without an engine some of them fail.
    images=$(printf 'registry.invalid/team/service-%s:1 ' {00..99})
    cat >"$work/docker" <<EOF
#!/bin/sh
docker context inspect --format '{{.Endpoints.docker.Host}}' &
docker compose -f $project/docker-compose.yml --profile '*' config
wait
docker info --format '{{json .}}' &
docker image inspect --format '{{json .}}' -- $images
wait
docker ps -a --filter label=com.docker.compose.project=project.d --format '{{.Names}}' || true
EOF
    chmod +x "$work/docker"
    config="compose -f $project/docker-compose.yml --profile * config"
    cat >>"$work/plan" <<EOF
config|1|||$(command -v docker) $config
docker|1|||$work/docker
setup|1|||$program $setup
EOF
fi
env -i HOME="$HOME" PATH="$PATH" "$work/runner" "$rounds" "$work/plan" </dev/null >"$work/project"
