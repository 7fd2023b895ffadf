# lib.sh: what deploy/run, deploy/token and deploy/check share. Sourced, never run.
# SPDX-License-Identifier: MPL-2.0
# shellcheck shell=bash disable=SC2034 # much is read only by the scripts that source this
# Expects $PROGRAM, the name that messages begin with.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin:/usr/local/sbin # Debian's programs before a user's own python or meson
export LC_ALL=C.UTF-8
export PYTHONDONTWRITEBYTECODE=1 # nothing generated outside build/ and var/

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
PG_MAJOR=15 # Debian 12's
PG_BIN=/usr/lib/postgresql/$PG_MAJOR/bin
PACKAGES_RUN=(gcc libc6-dev pkg-config meson ninja-build python3 python3-yaml libmicrohttpd-dev libpq-dev libjansson-dev
    libjwt-dev libssl-dev libcurl4-openssl-dev zlib1g-dev "postgresql-$PG_MAJOR" "postgresql-client-$PG_MAJOR"
    ca-certificates curl jq procps util-linux)
PACKAGES_CHECK=(check "postgresql-$PG_MAJOR-pgtap" libtap-parser-sourcehandler-pgtap-perl python3-pytest python3-requests
    python3-jsonschema python3-cryptography python3-icalendar python3-html5lib libfaketime zsh fish g++
    openssl clang libclang-rt-14-dev gcovr
    debhelper dpkg-dev fakeroot lintian mandoc abigail-tools valgrind)
PACKAGES_PACKAGE=(debhelper dpkg-dev)
PACKAGES_BENCH=(wrk)

# ---- talking ----

say() {
    printf '%-10s %s\n' "$1" "$2"
}

die() {
    printf '%s: %s\n' "$PROGRAM" "$1" >&2
    exit 1
}

# quietly LOG COMMAND...: the output goes to LOG; of a command that fails, the end is shown.
quietly() {
    local log=$1
    shift
    if ! "$@" >"$log" 2>&1 </dev/null 9>&-; then
        tail -n 25 "$log" >&2
        printf '%s: all of this is in %s\n' "$PROGRAM" "$log" >&2
        return 1
    fi
}

# ---- packages ----

missing_packages() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
    done
}

# A default cluster `main` comes with postgresql-15 when it is first installed. Nobody asked for it: when it was not there
# before and is there now, it is stopped and dropped, so that nothing runs or starts at boot but what deploy/run starts.
# The package's own switches for this are files in /etc, which are not ours to write.
default_cluster_exists() {
    [ -e "/etc/postgresql/$PG_MAJOR/main" ] || [ -e "/var/lib/postgresql/$PG_MAJOR/main" ]
}

# install_packages LOG PACKAGE...
install_packages() {
    local log=$1 missing had_cluster=no privileged=()
    shift
    command -v apt-get >/dev/null ||
        die "this is not Debian: install the packages named in deploy/lib.sh by hand, or use Debian 12"
    mapfile -t missing < <(missing_packages "$@")
    if [ ${#missing[@]} -eq 0 ]; then
        say packages "all installed"
        return
    fi
    say packages "installing ${missing[*]}"
    if [ "$EUID" -ne 0 ]; then
        command -v sudo >/dev/null || die "packages are missing: run this as root, or first: apt-get install ${missing[*]}"
        privileged=(sudo)
        sudo -v || die "packages are missing and sudo refused: run as root, or first: apt-get install ${missing[*]}"
    fi
    ! default_cluster_exists || had_cluster=yes
    local apt=("${privileged[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)
    # An update that fails (no network) is no obstacle where the lists at hand and the cache suffice.
    quietly "$log" "${apt[@]}" update || say packages "apt-get update failed; trying with the package lists at hand"
    quietly "$log" "${apt[@]}" install --no-install-recommends "${missing[@]}" ||
        die "cannot install ${missing[*]}: check the network and the package sources in /etc/apt (Debian 12, bookworm, main is needed)"
    if [ $had_cluster = no ] && [ -e "/etc/postgresql/$PG_MAJOR/main" ]; then
        "${privileged[@]}" pg_dropcluster --stop $PG_MAJOR main >>"$log" 2>&1 9>&- ||
            say packages "Debian's default PostgreSQL cluster $PG_MAJOR/main could not be dropped; it is not used here"
    fi
}

# ---- building ----

# build DIRECTORY MESON_OPTION...: configured once, then only what changed is built.
build() {
    local directory=$1 log
    shift
    mkdir -p "$directory" || die "cannot write $directory"
    [ -w "$directory" ] || die "$directory belongs to $(stat -c %U "$directory"): run as that user or as root, or remove it"
    log=$directory/build.log
    if [ ! -e "$directory/build.ninja" ]; then
        # What an interrupted configuration left is no start for another.
        find "$directory" -mindepth 1 -delete
        say build "configuring ${directory#"$ROOT"/}"
        quietly "$log" meson setup "$@" "$directory" "$ROOT" || die "cannot configure the build"
    fi
    say build "compiling in ${directory#"$ROOT"/}"
    quietly "$log" ninja -C "$directory" || die "cannot build"
    # Built as root in somebody's checkout: theirs, so that they can build and clean up without root.
    [ "$EUID" -ne 0 ] || chown -Rh --reference="$ROOT" "$ROOT/build"
}

# ---- the instance under var/ ----

# What the instance is made of comes from its own configuration, never from a variable meant for another one.
NOT_PASSED=(-u MEDKOORD_STATE -u MEDKOORD_PORT -u MEDKOORD_PORT_FILE -u MEDKOORD_LISTEN_ADDRESS -u MEDKOORD_DATABASE
    -u MEDKOORD_MIGRATE_DATABASE -u MEDKOORD_JWKS -u MEDKOORD_ISSUER -u MEDKOORD_AUDIENCE)

# Sets STATE and its parts, RUN_USER (an ordinary user, who owns the cluster and runs the server) and AS (the prefix that
# makes a command run as that user).
find_instance() {
    STATE=${MEDKOORD_STATE:-$ROOT/var}
    case $STATE in
    /*) ;;
    *) STATE=$PWD/$STATE ;;
    esac
    STATE=$(realpath -m -- "$STATE") # as the kernel will name it in /proc
    case $STATE in
    *[\'\"\\,=]* | *$'\n'*) die "the folder's name $STATE has a quote, backslash, comma or equals sign: set MEDKOORD_STATE" ;;
    esac
    CLUSTER=$STATE/pg SOCKETS=$STATE/run LOGS=$STATE/log KEYS=$STATE/keys
    PROGRAM_FILE=$STATE/bin/medkoordd CONF=$STATE/medkoord.conf PID_FILE=$STATE/run/medkoordd.pid
    SERVER_LOG=$LOGS/medkoordd.log
    local socket=$SOCKETS/.s.PGSQL.5432 bytes
    bytes=$(printf '%s' "$socket" | wc -c)
    [ "$bytes" -le 107 ] ||
        die "the path of the database socket would be $bytes bytes long (107 at most): set MEDKOORD_STATE to a folder with a shorter path"
    if [ -d "$CLUSTER" ]; then
        RUN_USER=$(stat -c %U "$CLUSTER")
        [ "$EUID" -eq 0 ] || [ "$RUN_USER" = "$(id -un)" ] ||
            die "$STATE belongs to $RUN_USER: run this as root or as $RUN_USER, or set MEDKOORD_STATE to a folder of your own"
    elif [ "$EUID" -ne 0 ]; then
        RUN_USER=$(id -un)
    elif [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ]; then
        RUN_USER=$SUDO_USER
    else
        RUN_USER=postgres # comes with the package, which refuses to run as root
    fi
    AS=()
}

# After the packages: before, the user postgres may not exist yet.
become_able_to_run_as_user() {
    [ -d "$STATE" ] || own_folder "$STATE" 0755 # one that was there stays whose it is
    [ "$EUID" -eq 0 ] || return 0
    local as=(setpriv --reuid "$RUN_USER" --regid "$(id -g "$RUN_USER")" --init-groups) home
    home=$(getent passwd "$RUN_USER" | cut -d: -f6)
    AS=("${as[@]}" env "HOME=$home" "USER=$RUN_USER")
    # stat and not test -x: access(2) does not count capabilities.
    "${AS[@]}" stat "$STATE/." >/dev/null 2>&1 && return
    # Beneath a closed directory, such as /root: the user may pass through it, and read, with this one capability.
    AS=("${as[@]}" --inh-caps=+dac_read_search --ambient-caps=+dac_read_search env "HOME=$home" "USER=$RUN_USER")
    "${AS[@]}" stat "$STATE/." >/dev/null 2>&1 ||
        die "the user $RUN_USER cannot reach $STATE: set MEDKOORD_STATE to a folder that it can reach, such as /var/lib/medkoord"
    [ "$PROGRAM" != deploy/run ] || say state "$STATE lies in a closed folder: $RUN_USER gets the capability to read through it"
}

# own_folder PATH MODE: of the ordinary user.
own_folder() {
    mkdir -p "$1" 2>/dev/null || die "cannot make $1: set MEDKOORD_STATE to a folder that can be written"
    [ "$EUID" -ne 0 ] || chown "$RUN_USER:" "$1"
    chmod "$2" "$1"
}

# Files that root wrote, so that the ordinary user can go on without root the next time.
own_files() {
    [ "$EUID" -eq 0 ] || return 0
    chown -h "$RUN_USER:" "$STATE/lock" "$CONF" "$PROGRAM_FILE" "$STATE/demo-loaded" "$LOGS"/* "$SOCKETS"/*.pid
}

server_pid() { # of the server that deploy/run started for this state, if it runs
    local pid
    pid=$(cat "$PID_FILE" 2>/dev/null) || return 1
    [[ $pid =~ ^[0-9]+$ ]] || return 1
    case $("${AS[@]}" readlink "/proc/$pid/exe" 2>/dev/null) in
    "$PROGRAM_FILE" | "$PROGRAM_FILE (deleted)") printf '%s\n' "$pid" ;;
    *) return 1 ;;
    esac
}

cluster_pid() { # of the cluster's first process, if it runs; its working directory is its data
    local pid
    pid=$("${AS[@]}" head -n 1 "$CLUSTER/postmaster.pid" 2>/dev/null) || return 1
    [[ $pid =~ ^[0-9]+$ ]] && [ "$("${AS[@]}" readlink "/proc/$pid/cwd" 2>/dev/null)" = "$CLUSTER" ] || return 1
    printf '%s\n' "$pid"
}

stop_server() {
    local pid i
    pid=$(server_pid) || {
        rm -f "$PID_FILE"
        return 1
    }
    "${AS[@]}" kill -TERM "$pid" 2>/dev/null
    for ((i = 0; i < 400; i++)); do
        server_pid >/dev/null || break
        sleep 0.1
    done
    if server_pid >/dev/null; then
        say server "did not stop within 40 seconds: killed"
        "${AS[@]}" kill -KILL "$pid"
    fi
    rm -f "$PID_FILE"
}

stop_cluster() {
    cluster_pid >/dev/null || return 1
    "${AS[@]}" "$PG_BIN/pg_ctl" -D "$CLUSTER" -m fast -w -t 60 stop >/dev/null 9>&- ||
        die "the cluster in $CLUSTER does not stop: see $LOGS/postgresql.log"
}
