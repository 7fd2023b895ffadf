#!/bin/bash
# A throwaway PostgreSQL 15 cluster for tests: Unix socket only, in a folder the caller made (mktemp -d) and removes.
# SPDX-License-Identifier: MPL-2.0
set -euo pipefail

usage() {
    cat >&2 <<'TEXT'
usage: tests/pg.sh start DIR                  makes a cluster in DIR, its roles and the database medkoord
       tests/pg.sh migrate DIR                applies sql/migrations
       tests/pg.sh url DIR ROLE               prints the connection string (ROLE: medkoord_server, medkoord_migrator, postgres)
       tests/pg.sh restart DIR [--immediate]  --immediate: as after a crash
       tests/pg.sh stop DIR [--immediate]     DIR itself is left to the caller
MEDKOORD_PG_CONF: lines for postgresql.conf that win over what suits tests (start)
TEXT
    exit 2
}
fail() {
    printf 'tests/pg.sh: %s\n' "$1" >&2
    exit 1
}

[ $# -ge 2 ] || usage
command=$1
dir=$(realpath -e -- "$2" 2>/dev/null) || fail "there is no folder $2: make it with mktemp -d"
[ -d "$dir" ] || fail "$dir is not a folder"
shift 2
top=$(cd "$(dirname "$0")/.." && pwd)
bin=${MEDKOORD_PG_BIN:-/usr/lib/postgresql/15/bin}
data=$dir/data
log=$dir/postgresql.log
[ -x "$bin/initdb" ] || fail "PostgreSQL 15 is not in $bin: apt-get install postgresql-15, or set MEDKOORD_PG_BIN"

# PostgreSQL refuses to run as root.
as_owner() {
    if [ "$(id -u)" = 0 ]; then
        (cd "$dir" && setpriv --reuid postgres --regid postgres --init-groups -- env HOME="$dir" "$@")
    else
        (cd "$dir" && "$@")
    fi
}
control() { as_owner "$bin/pg_ctl" --silent --pgdata "$data" "$@"; }
# Waits until connections are answered; on failure shows why.
start_server() {
    control --log "$log" --wait --timeout 60 start || { tail -n 20 "$log" >&2; fail "the server did not start"; }
}
url() { printf 'host=%s port=5432 dbname=%s user=%s\n' "$dir" "${2:-medkoord}" "$1"; }
sql() { # role, database, then psql's arguments
    local to
    to=$(url "$1" "$2")
    shift 2
    PGOPTIONS='-c client_min_messages=warning' psql --no-psqlrc --quiet --no-align --tuples-only \
        --set ON_ERROR_STOP=1 "$to" "$@"
}

start() {
    local socket=$dir/.s.PGSQL.5432
    [ "${#socket}" -le 107 ] || fail "$dir is too long for a socket (107 bytes with its name): use a folder under /tmp"
    [ ! -e "$data" ] || fail "$dir has a cluster already"
    chmod 0700 "$dir"
    [ "$(id -u)" != 0 ] || chown postgres: "$dir"
    as_owner "$bin/initdb" --pgdata "$data" --username postgres --auth trust --data-checksums --no-sync \
        --encoding UTF8 --locale C.UTF-8 >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; fail "initdb failed"; }
    # Whoever can reach the socket owns the 0700 folder (or is root), so trust is enough.
    as_owner tee "$data/pg_hba.conf" >/dev/null <<<'local all all trust'
    as_owner tee -a "$data/postgresql.conf" >/dev/null <<CONF
listen_addresses = ''
unix_socket_directories = '$dir'
unix_socket_permissions = 0700
port = 5432
fsync = off
full_page_writes = off
shared_buffers = 64MB
max_connections = 100
max_wal_size = 512MB
wal_level = minimal
max_wal_senders = 0
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u '
${MEDKOORD_PG_CONF:-}
CONF
    start_server
    sql postgres postgres --command 'CREATE DATABASE medkoord'
    sql postgres medkoord --file "$top/sql/roles.sql"
}

# As `medkoordd migrate` does it: each file in one transaction, recorded with its digest, never twice.
migrate() {
    local file number name digest known
    sql medkoord_migrator medkoord --single-transaction --command 'SET ROLE medkoord_owner' --command "
        CREATE TABLE IF NOT EXISTS medkoord.schema_migration (
            number integer CONSTRAINT schema_migration_pkey PRIMARY KEY,
            name text NOT NULL,
            sha256 text NOT NULL CONSTRAINT schema_migration_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}\$'),
            applied_at timestamptz NOT NULL DEFAULT now());
        GRANT SELECT ON medkoord.schema_migration TO medkoord_server"
    for file in "$top"/sql/migrations/[0-9][0-9][0-9][0-9]_*.sql; do
        name=$(basename "$file" .sql)
        number=$((10#${name%%_*}))
        digest=$(sha256sum "$file" | cut -d' ' -f1)
        known=$(sql medkoord_migrator medkoord --command "SELECT sha256 FROM medkoord.schema_migration WHERE number = $number")
        if [ -n "$known" ]; then
            [ "$known" = "$digest" ] || fail "$name has changed since it was applied"
            continue
        fi
        sql medkoord_migrator medkoord --single-transaction --command 'SET ROLE medkoord_owner' --file "$file" \
            --command "INSERT INTO medkoord.schema_migration (number, name, sha256) VALUES ($number, '$name', '$digest')" \
            || fail "migration $name failed"
    done
}

mode=fast
if [ "$command" = stop ] || [ "$command" = restart ]; then
    [ $# = 0 ] || [ "$*" = --immediate ] || usage
    [ $# = 0 ] || mode=immediate
fi
case $command in
start) [ $# = 0 ] || usage; start ;;
migrate) [ $# = 0 ] || usage; migrate ;;
url) [ $# = 1 ] || usage; url "$1" ;;
stop) control --wait --mode "$mode" stop ;;
restart)
    # A cluster that is already down (killed by a test) is simply started.
    if control status >/dev/null; then control --wait --mode "$mode" stop; fi
    start_server
    ;;
*) usage ;;
esac
