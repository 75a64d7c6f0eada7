#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
[ $# -gt 0 ] || claim "an ordinary user needs no root"

# Seen from inside of mounts of its own: programs that everybody can reach, and
# a TAP device that everybody may open, as ordinary machines have it, or none.
own=/dev/net

prepare_for_nobody() {
    mount -t tmpfs -o mode=755 tmpfs "$own"
    mkdir "$own/build" "$own/tests"
    mount --bind -o ro "$build" "$own/build"
    mount --bind -o ro "$(dirname "$0")" "$own/tests"
    chown 65534:65534 "$work"
}

as_nobody() {
    setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
        --bounding-set=-all "$@"
}

this_as_nobody() {
    (
        cd "$work"
        as_nobody env -u XDG_RUNTIME_DIR TMPDIR="$work" HOME="$work" \
            SKINK_BUILD="$own/build" LD_LIBRARY_PATH="$own/build/lib" \
            bash "$own/tests/user.sh" --as-nobody
    )
}

run_as_nobody() {
    local status=0
    [ -d "$own" ] || skip "there is no $own to mount on"
    as_nobody unshare -Un true 2>/dev/null ||
        skip "user namespaces are disabled on this host"
    prepare_for_nobody
    this_as_nobody || status=$?
    if mknod -m 666 "$own/tun" c 10 200 2>/dev/null; then
        this_as_nobody || status=$?
    fi
    trap - EXIT
    rm -rf "$work"
    exit "$status"
}

# Root inside of a user namespace is an ordinary user already.
really_root() {
    [ "$(id -u)" -eq 0 ] &&
        [ "$(awk 'NR == 1 { print $3 }' /proc/self/uid_map)" -gt 1 ]
}

if really_root; then
    if [ "${1:-}" != --own-mounts ]; then
        rm -rf "$work"
        exec unshare -m bash "$0" --own-mounts
    fi
    run_as_nobody
fi

size=$((50 * 1000 * 1000))
kind=veth
if (: <>/dev/net/tun) 2>/dev/null; then kind=tap; fi
mkdir "$work/www"
random_bytes "$size" >"$work/www/file"
up
same "uid $(id -u): the link is a $kind" "\"link_kind\":\"$kind\"" \
    "$(status_json | grep -o '"link_kind":"[a-z]*"')"
start_httpd "$work/www"
same "uid $(id -u): curl downloads from httpd" "$(digest "$work/www/file")" \
    "$(fetch file | digest)"
check "uid $(id -u): ping" kernel ping -q -c 1 -W 2 "$stack"
check "uid $(id -u): status" "$skink" status
