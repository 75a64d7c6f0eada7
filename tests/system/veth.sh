#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
SKINK_LINK=veth:pair
. "$(dirname "$0")/lib.sh"
claim "a veth pair does where there is no TAP"

size=$((128 * 1024 * 1024))
www=$work/www

# strike: kills linkd, and waits for its successor.
strike() {
    local pid
    pid=$(daemon linkd PID)
    kill -KILL "$pid"
    wait_until 10 replaced linkd "$pid"
}

# A quarter of the bytes between one death and the next.
download() {
    fetch big | {
        for _ in 1 2 3; do
            head -c $((size / 4))
            strike
        done
        cat
    } | digest
}

upload() {
    {
        for i in 0 1 2; do
            tail -c "+$((i * size / 4 + 1))" "$www/big" | head -c $((size / 4))
            strike
        done
        tail -c "+$((3 * size / 4 + 1))" "$www/big"
    } | kernel curl -sS --max-time 60 -o /dev/null -w '%{http_code}' -T - \
        -H 'Transfer-Encoding:' -H "Content-Length: $size" "http://$stack/up"
}

json() { status_json | grep -o "\"$1\":[^,]*" | sed q; }

same "it is refused in a network that is not the instance's own" 2 \
    "$("$skink" up --link veth >/dev/null 2>&1 || echo $?)"
same "a name that is taken is refused" 1 \
    "$("$skink" up --netns --link veth:lo >/dev/null 2>&1 || echo $?)"

mkdir "$www"
random_bytes "$size" >"$www/big"
expected=$(digest "$www/big")
up
start_httpd --upload "$www"
same "status names it" '"link":"pair"' "$(json link)"
same "and its kind" '"link_kind":"veth"' "$(json link_kind)"
same "ping with full packets" "0% packet loss" \
    "$(kernel ping -n -q -c 20 -i 0.01 -W 2 -s 1472 "$stack" |
        grep -oE '[0-9.]+% packet loss')"

same "download while linkd is killed three times" "$expected" "$(download)"
same "upload while linkd is killed three times" 201 "$(upload)"
same "and all of it arrived" "$expected" "$(digest "$www/up")"
same "status counts 6 restarts" 6 "$(daemon linkd RESTARTS)"
rm "$www/up"

start serve "$skink" exec "$build/bench/serve" "$host" 80 "$www/big" \
    "$work/taken"
same "get downloads from the kernel" "$expected" \
    "$("$build/examples/get" "http://$host/big" | digest)"

# Down, linkd sees an error of its socket; up again, it goes on.
check "the kernel's end goes down" kernel ip link set pair down
check "and up again" kernel ip link set pair up
check "our end goes down" kernel ip link set skink down
check "and up again" kernel ip link set skink up
check "and the server answers" wait_until 5 answers
same "by the same linkd" 6 "$(daemon linkd RESTARTS)"
