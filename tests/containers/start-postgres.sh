#!/bin/sh
# Like the public image of PostgreSQL: creates, at the first start, the database that POSTGRES_USER,
# POSTGRES_PASSWORD and POSTGRES_DB describe, then executes the server.
set -eu
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    printf '%s\n' "${POSTGRES_PASSWORD:?}" >/tmp/password
    initdb --locale C.UTF-8 --username "$user" --pwfile /tmp/password --auth-host scram-sha-256 >/dev/null
    rm /tmp/password
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    [ "$database" = postgres ] ||
        echo "CREATE DATABASE \"$database\"" | postgres --single postgres >/dev/null
fi
exec postgres -c listen_addresses='*' -c unix_socket_directories=/tmp
