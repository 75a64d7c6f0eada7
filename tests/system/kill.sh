#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
claim "kill -9 of a daemon amid a transfer costs no byte, and no other daemon"

size=$((256 * 1024 * 1024))
half=$((size / 2))
www=$work/www
daemons=(linkd ipd apid)

# strike DAEMON: kills it, and waits for its successor.
strike() {
    local pid
    pid=$(daemon "$1" PID)
    kill -KILL "$pid"
    wait_until 10 replaced "$1" "$pid"
}

# Half of the bytes are through when it strikes; the rest is on its way.
download() {
    fetch big | {
        head -c "$half"
        strike "$1"
        cat
    } | digest
}

upload() {
    {
        head -c "$half" "$www/big"
        strike "$1"
        tail -c "+$((half + 1))" "$www/big"
    } | kernel curl -sS --max-time 60 -o /dev/null -w '%{http_code}' -T - \
        -H 'Transfer-Encoding:' -H "Content-Length: $size" \
        "http://$stack/$1"
}

others() { # DAEMON: the pids of all but this one
    "$skink" status 2>/dev/null | awk -v name="$1" '
        /^RING/ { exit }
        $1 ~ /d$/ && $1 != name { print $1, $3 }'
}

last_exit() {
    "$skink" status 2>/dev/null | awk -v name="$1" '$1 == name { print $8 }' | tr -d ,
}

mkdir "$www"
random_bytes "$size" >"$www/big"
expected=$(digest "$www/big")
up
start_httpd --upload "$www"

for victim in "${daemons[@]}"; do
    [ "$(daemon "$victim" STATE)" = ok ] || continue
    before=$(others "$victim")
    same "download while $victim is killed" "$expected" "$(download "$victim")"
    same "upload while $victim is killed" 201 "$(upload "$victim")"
    same "and all of it arrived" "$expected" "$(digest "$www/$victim")"
    same "status counts 2 restarts of $victim" 2 "$(daemon "$victim" RESTARTS)"
    same "and names the cause" SIGKILL "$(last_exit "$victim")"
    same "the other daemons live on" "$before" "$(others "$victim")"
    rm -f "$www/$victim"
done
same "a new connection finds everything in order" "$expected" \
    "$(fetch big | digest)"

# The end of tcpd is the end of its connections, and they are told so; those who
# listen go on.
check "tcpd is killed amid a download, which ends" \
    test "$(download tcpd 2>/dev/null)" != "$expected"
check "the same server answers again" wait_until 5 answers
same "and serves the whole file" "$expected" "$(fetch big | digest)"
