#!/bin/bash
# Tests deploy/run, deploy/token and deploy/demo/load on a copy of the tree; prints TAP.
# SPDX-License-Identifier: MPL-2.0
set -uo pipefail
export LC_ALL=C.UTF-8
unset MEDKOORD_STATE MEDKOORD_PORT
top=$(cd "$(dirname "$0")/../.." && pwd)
# A space in the path finds every quote that was forgotten.
box=$(mktemp -d "/tmp/medkoord deploy.XXXX")
tree=$box/tree
listener=
tests=0 failures=0

cleanup() {
    [ -z "$listener" ] || kill "$listener" 2>/dev/null
    [ ! -x "$tree/deploy/run" ] || { "$tree/deploy/run" --stop && MEDKOORD_STATE=$box/other "$tree/deploy/run" --stop; } >/dev/null 2>&1
    cd / && rm -rf "$box"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# ok NAME COMMAND...: one test; what the command said is shown when it fails.
ok() {
    local name=$1
    shift
    tests=$((tests + 1))
    if "$@" >"$box/said" 2>&1; then
        printf 'ok %d - %s\n' $tests "$name"
    else
        failures=$((failures + 1))
        printf 'not ok %d - %s\n' $tests "$name"
        sed 's/^/#   /' "$box/said"
    fi
}

# refused WORDS COMMAND...: fails, and the last line of its errors is from us and has WORDS.
refused() {
    local words=$1 errors=$box/errors
    shift
    if "$@" >"$box/output" 2>"$errors" </dev/null; then
        echo "it succeeded"
        return 1
    fi
    cat "$errors"
    tail -n 1 "$errors" | grep -Eq "^deploy/[a-z]+: .*$words"
}
only_line() { # the refusal was a single line
    [ "$(wc -l <"$box/errors")" -eq 1 ]
}

free_port() {
    /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
listens() {
    (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}
api() { # PATH: as the forum's secretariat
    curl -sS --fail-with-body --max-time 30 -H "Authorization: Bearer $(deploy/token --role forum_secretariat)" "http://127.0.0.1:$port$1"
}
sql() {
    local as=()
    [ "$EUID" -ne 0 ] || as=(setpriv --reuid "$(stat -c %u var/pg)" --regid "$(stat -c %g var/pg)" --clear-groups)
    (cd / && "${as[@]}" /usr/lib/postgresql/15/bin/psql -X -At -h "$tree/var/run" -U postgres -d medkoord -c "$1")
}
contents() { # all that users see and that a second load could change
    sql "SELECT (SELECT count(*) FROM medkoord.population), (SELECT count(*) FROM medkoord.hospital),
        (SELECT count(*) FROM medkoord.atc_code), (SELECT array_agg(id ORDER BY id) FROM medkoord.consumption_delivery),
        (SELECT count(*) FROM medkoord.consumption_row), (SELECT sum(ddd_e4) FROM medkoord.consumption_hospital_month)"
}
is() { # GOT WANTED
    printf 'got:    %s\nwanted: %s\n' "$1" "$2"
    [ "$1" = "$2" ]
}
own_processes() { # that run from the tree's state
    local link
    for link in /proc/[0-9]*/exe /proc/[0-9]*/cwd; do
        case $(readlink "$link" 2>/dev/null) in "$box"/*/pg | "$box"/*/bin/medkoordd*) echo "$link" ;; esac
    done
}
nothing_runs() {
    is "$(own_processes)" ""
}

mkdir "$tree"
(cd "$top" && tar -c --exclude=./.git --exclude=./build --exclude=./var --exclude=__pycache__ .) | tar -x -C "$tree"
chmod 0755 "$box"
if [ "$EUID" -eq 0 ]; then
    chown -R postgres: "$tree" # so that the second half can go on without root
fi
cd "$tree" || exit 1
port=$(free_port)
export MEDKOORD_PORT=$port
find . -type f | sort >"$box/files"

# ---- before there is an instance ----

ok "run --help tells the options" grep -q -- --background <(deploy/run --help)
ok "run refuses an unknown option" refused "unknown option --backgroud" deploy/run --backgroud
ok "run refuses a port that is none" refused "MEDKOORD_PORT is '80a'" env MEDKOORD_PORT=80a deploy/run --background
ok "run names a state folder whose socket path would be too long" \
    refused "set MEDKOORD_STATE" env MEDKOORD_STATE="$box/$(printf 'x%.0s' {1..90})" deploy/run --background
ok "token wants an instance" refused "run deploy/run first" deploy/token --role reader
ok "stop with nothing to stop succeeds" deploy/run --stop
fake_apt() { # a machine that lacks a package and has no source for it
    mkdir -p "$box/fake"
    printf '#!/bin/sh\nexit 100\n' >"$box/fake/apt-get"
    chmod +x "$box/fake/apt-get"
    bash -c 'PROGRAM=deploy/run; . deploy/lib.sh; PATH=$1:$PATH; sudo() { [ "$1" = -v ] || "$@"; }
        install_packages "$2" no-such-package-as-this' _ "$box/fake" "$box/apt.log"
}
ok "a missing package source is named in one line" refused "cannot install no-such-package-as-this: check .*sources in /etc/apt" fake_apt
/usr/bin/python3 -m http.server --bind 127.0.0.1 "$port" >/dev/null 2>&1 &
listener=$!
for _ in {1..50}; do listens "$port" && break || sleep 0.1; done
ok "a taken port is refused" refused "port $port is taken by another program: set MEDKOORD_PORT" deploy/run --background
ok "... in one line" only_line
kill $listener
wait $listener 2>/dev/null
listener=

# ---- the first run ----

mkdir -p var/pg.new/base # as an interrupted run leaves it
[ "$EUID" -ne 0 ] || chown -R postgres: var
ok "the first run, after one that was interrupted" eval 'deploy/run --background >"$box/first" 2>&1 || { cat "$box/first"; false; }'
if [ $failures -gt 0 ]; then
    printf '1..%d\nBail out! there is no instance to test\n' $tests
    exit 1
fi
ok "... prints the URL" grep -q "http://127.0.0.1:$port" "$box/first"
ok "... is ready" is "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/readyz")" 200
token=$(sed -n 's/^ *TOKEN=//p' "$box/first")
sed -n 's/^  curl /curl /p' "$box/first" >"$box/tries"
ok "... prints three commands to try" is "$(wc -l <"$box/tries")" 3
try() {
    (cd "$box" && TOKEN=$token bash -euo pipefail -c "${1/curl /curl -sS --fail-with-body }" >"$box/tried" && cat "$box/tried" && [ -s "$box/tried" -o -s "$box/chart.svg" ])
}
while IFS= read -r line; do
    ok "... which works: ${line##*127.0.0.1:"$port"}" try "$line"
done <"$box/tries"
ok "the demo's divergence is of real figures" \
    eval 'api "/v1/divergence?from_month=2020-01&to_month=2020-12&atc=J01CR05" | jq -e ".items | length == 1 and .[0].name != null and (.[0].regions | length == 5) and .[0].max_min_ratio > 1"'
ok "the database holds every row of the demo" is "$(sql 'SELECT count(*), sum(ddd_e4) FROM medkoord.consumption_row')" "51999|252865693400"
ok "the cluster has checksums and no TCP" is "$(sql 'SHOW data_checksums')$(sql 'SHOW listen_addresses')" on
ok "the cluster and the server run as an ordinary user" \
    eval 'for link in $(own_processes); do [ "$(stat -c %u "${link%/*}")" -ne 0 ] || exit 1; done; [ -n "$(own_processes)" ]'
ok "nobody gets into the database by another name" \
    eval '! setpriv --reuid nobody --clear-groups /usr/lib/postgresql/15/bin/psql -X -h "$tree/var/run" -U medkoord_server -d medkoord -c "SELECT 1"'
ok "nothing is made outside build/ and var/" \
    diff "$box/files" <(find . -type f -not -path './build/*' -not -path './var/*' | sort)

# ---- tokens ----

for role in reader amgros forum_secretariat auditor admin; do
    ok "a token of a $role is accepted" eval 'curl -sS --fail-with-body -H "Authorization: Bearer $(deploy/token --role '$role')" "http://127.0.0.1:$port/v1/regions"'
done
ok "a region coordinator's token has a region" \
    eval 'curl -sS --fail-with-body -H "Authorization: Bearer $(deploy/token --role region_coordinator --region nordjylland --subject kaj --expires 60)" "http://127.0.0.1:$port/v1/regions"'
ok "token wants a role" refused "role is missing" deploy/token
ok "token takes no other key" refused "unknown option --key" deploy/token --role admin --key /etc/hostname
ok "token refuses a role that does not exist" eval '! deploy/token --role king'

# ---- again ----

before=$(contents)
ok "loading the demo again changes nothing" \
    eval 'MEDKOORD_URL=http://127.0.0.1:$port deploy/demo/load && is "$(contents)" "$before"'
# Without root where the first run had it: what it made must not stand in the way.
again=(deploy/run)
[ "$EUID" -ne 0 ] || again=(setpriv --reuid postgres --regid postgres --init-groups env HOME=/tmp deploy/run)
began=$SECONDS
ok "the second run, as the cluster's own user" "${again[@]}" --background
ok "... is up in a few seconds" [ $((SECONDS - began)) -le 15 ]
ok "... with its data kept" is "$(contents)" "$before"
ok "... and its keys: the first token still works" curl -sS --fail-with-body -H "Authorization: Bearer $token" "http://127.0.0.1:$port/v1/regions"
ok "stop stops the server and the cluster" eval 'deploy/run --stop && nothing_runs && ! listens $port'

# ---- in the foreground ----

foreground() {
    setsid "${again[@]}" >"$box/foreground" 2>&1 </dev/null &
    running=$!
    for _ in {1..300}; do
        grep -q "log follows" "$box/foreground" && return 0
        kill -0 $running 2>/dev/null || break
        sleep 0.1
    done
    cat "$box/foreground"
    return 1
}
ok "a run in the foreground comes up and shows the log" eval 'foreground && api /v1/regions && sleep 1.5 && grep -q "\"/v1/regions\|list_regions" "$box/foreground" || { cat "$box/foreground"; false; }'
ok "a second run beside it is refused" refused "another deploy/run is at work" deploy/run --background
ok "a termination ends the script, the server and the cluster" eval 'kill -TERM $running; wait $running; is $? 0 && nothing_runs'
ok "a run in the foreground comes up again" foreground
ok "stop from another terminal ends it" eval 'deploy/run --stop; wait $running; is $? 0 && nothing_runs'

# ---- trouble ----

ok "after a crash of everything, a run recovers" eval '"${again[@]}" --background >/dev/null && kill -9 $(head -n 1 var/pg/postmaster.pid) $(cat var/run/medkoordd.pid) && sleep 1 && "${again[@]}" --background && is "$(contents)" "$before"'
# On an instance that has nothing but the demo in it, as README.md's reader has.
ok "README.md's session prints what README.md says" tests/deploy/readme.py "http://127.0.0.1:$port"
deploy/run --stop >/dev/null
echo 14 >var/pg/PG_VERSION
ok "a cluster of another version is refused" refused "is of PostgreSQL 14 and this needs 15: .*--fresh" deploy/run --background
ok "... in one line" only_line
echo 15 >var/pg/PG_VERSION
ok "--fresh asks" refused "say --yes too" deploy/run --background --fresh
ok "... and without an answer keeps everything" test -s var/pg/PG_VERSION
sql_marker() { "${again[@]}" --background >/dev/null && sql "CREATE TABLE marker ()" && sql "SELECT * FROM marker"; }
ok "a mark is set in the database" sql_marker
ok "--fresh --yes starts from nothing" eval 'deploy/run --background --fresh --yes && ! sql "SELECT * FROM marker"'
ok "... with the demo loaded" is "$(sql 'SELECT count(*) FROM medkoord.consumption_row')" 51999
ok "... and a new key: the old token is refused" \
    is "$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" "http://127.0.0.1:$port/v1/regions")" 401
deploy/run --stop >/dev/null
ok "nothing is left running" nothing_runs

printf '1..%d\n' $tests
[ $failures -eq 0 ]
