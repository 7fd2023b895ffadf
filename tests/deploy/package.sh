#!/bin/bash
# tests/deploy/package.sh: builds the Debian packages, installs them in an empty root, uses what is there, and removes them.
# TAP on standard output. SPDX-License-Identifier: MPL-2.0
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C.UTF-8
work=$(mktemp -d /tmp/medkoord-package.XXXXXX)
trap 'rm -rf "$work"' EXIT
debs=$work/debs root=$work/root
arch=$(dpkg --print-architecture) triplet=$(dpkg-architecture -qDEB_HOST_MULTIARCH)

n=0
ok() { # WHAT COMMAND...
    local what=$1
    shift
    n=$((n + 1))
    if "$@" >"$work/out" 2>&1; then
        echo "ok $n - $what"
    else
        echo "not ok $n - $what"
        sed 's/^/# /' "$work/out" | tail -n 40
    fi
}

# An empty root has no libc to depend on and nothing that scripts could run: only dpkg's own book-keeping.
in_root() {
    fakeroot dpkg --root="$root" --force-not-root --force-depends --force-script-chrootless --log="$work/dpkg.log" "$@"
}
files() { (cd "$root" && find . -path ./var/lib/dpkg -prune -o ! -type d -print | sort); }
has() { # FILE...
    local file
    for file in "$@"; do
        [ -e "$root/$file" ] || { echo "missing: $file"; return 1; }
    done
}
program() { LD_LIBRARY_PATH=$root/usr/lib/$triplet "$root/usr/bin/$1" "${@:2}"; }
explains() { # FUNCTION: its page, by its own name
    MANWIDTH=80 MAN_KEEP_FORMATTING='' man -M "$root/usr/share/man" 3 "$1" | grep -E "^ +$1\\(" || { echo "no page of $1"; return 1; }
}
not_enabled() { # UNIT: no target wants it, and nothing that was installed starts it
    [ -z "$(find "$root/etc/systemd" "$root/lib/systemd" -path '*.wants/*' -name "$1" 2>/dev/null)" ] &&
        ! grep -hE 'deb-systemd-invoke.*start|systemctl.*(start|enable)|invoke-rc.d' "$root"/var/lib/dpkg/info/medkoordd.postinst
}
only_these() { # the packages are four, and each is built for this machine
    diff <(ls "$debs"/*.deb | grep -v dbgsym | sed 's,.*/,,; s/_.*//') <(printf '%s\n' libmedkoord-dev libmedkoord0 medkoord medkoordd)
}
only_own_removed() { [ -e "$debs/other_1.0_all.deb" ] && [ ! -e "$debs/medkoord_0.0.1_$arch.deb" ]; }
compiles_outside() { # STANDARD COMPILER: with nothing but what pkg-config says of the installed files
    local flags
    flags=$(PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_PATH=$root/usr/lib/$triplet/pkgconfig pkg-config --cflags --libs medkoord) || return
    # shellcheck disable=SC2086 # flags are words
    "$2" -x "${1%%[0-9]*}" "-std=$1" -Wall -Wextra -pedantic -Werror tests/client/outside.c -x none -o "$work/outside" $flags &&
        LD_LIBRARY_PATH=$root/usr/lib/$triplet "$work/outside"
}

mkdir "$debs" && touch "$debs/other_1.0_all.deb" "$debs/medkoord_0.0.1_$arch.deb"
ok "deploy/package builds" deploy/package --out "$debs"
ok "packages that are not its own stay, its own of before go" only_own_removed
rm -f "$debs/other_1.0_all.deb"
ok "four packages" only_these
ok "lintian finds no error" lintian --allow-root --fail-on error --suppress-tags no-manual-page "$debs"/*.deb
mkdir -p "$root/var/lib/dpkg/updates" "$root/var/lib/dpkg/info"
: >"$root/var/lib/dpkg/status"
before=$(files)
mapfile -t packages < <(ls "$debs"/*.deb | grep -v dbgsym)
ok "they install in an empty root" in_root --install "${packages[@]}"
ok "the server, its unit and its example are there" has usr/bin/medkoordd lib/systemd/system/medkoordd.service \
    usr/share/medkoordd/roles.sql usr/share/doc/medkoordd/examples/medkoord.conf.example
ok "the library is there" has "usr/lib/$triplet/libmedkoord.so.0" "usr/lib/$triplet/libmedkoord.a" usr/include/medkoord.h \
    "usr/lib/$triplet/pkgconfig/medkoord.pc" usr/share/man/man3/libmedkoord.3.gz
ok "a function of an operation has a page by its name" explains mk_get_hospital
ok "one that is written by hand, too" explains mk_response_header_at
ok "the server's unit is neither enabled nor started" not_enabled medkoordd.service
ok "the command is there" has usr/bin/medkoord usr/share/man/man1/medkoord.1.gz \
    usr/share/bash-completion/completions/medkoord usr/share/zsh/vendor-completions/_medkoord \
    usr/share/fish/vendor_completions.d/medkoord.fish
ok "medkoordd runs" program medkoordd --version
ok "medkoord runs" program medkoord --version
for standard in c11:gcc c17:gcc c++17:g++; do
    ok "a program builds with pkg-config alone as ${standard%:*}" compiles_outside "${standard%:*}" "${standard#*:}"
done
ok "every manual page is well formed" bash -c "shopt -s globstar; for f in $root/usr/share/man/**/*.gz; do
    zcat \"\$f\" | mandoc -T lint -W error >/dev/null || { echo \"\$f\"; exit 1; }; done"
ok "they are removed again" in_root --purge medkoord medkoordd libmedkoord-dev libmedkoord0
ok "nothing stays" test "$(files)" = "$before"
echo "1..$n"
