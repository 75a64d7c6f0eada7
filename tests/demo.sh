#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The stack at work: unmodified curl against skink's web server, skink's client
# against a web server of the kernel, daemons killed amid a download, and the
# speed of one connection beside the kernel's own. `./dev demo` builds it and
# runs it in private namespaces; all that it makes is gone when it ends.
set -euo pipefail
export LC_ALL=C

build=$(cd "${SKINK_BUILD:?run ./dev demo}" && pwd)
skink=$build/bin/skink
stack=10.7.0.2 host=10.7.0.1 # skink's address, and the kernel's side
size=$((50 * 1000 * 1000))
link=${SKINK_LINK:-}
if [ -z "$link" ]; then # as `skink up --netns` chooses
    if (: <>/dev/net/tun) 2>/dev/null; then link=tap; else link=veth; fi
fi

work=$(mktemp -d)
export SKINK_RUNDIR=$work/run
background=()

clean_up() {
    local status=$?
    trap - EXIT
    set +e
    kill "${background[@]}" 2>/dev/null
    "$skink" down 2>/dev/null
    rm -rf "$work"
    [ "$status" -ne 130 ] || echo
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# --- What people see -------------------------------------------------------

bold='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
fi

# step NAME WHAT: the left half of a line; `result` is the right one.
step() { printf '  %s%-8s%s  %-36s' "$bold" "$1" "$plain" "$2"; }

result() { # TIME [RATE VERDICT]
    printf '%9s' "$1"
    [ $# -eq 1 ] || printf '  %s%9s%s  %s' "$bold" "$2" "$plain" "$3"
    echo
}

fail() {
    printf '\ndemo: %s\n' "$*" >&2
    [ ! -s "$work/said" ] || sed 's/^/  /' "$work/said" >&2
    [ ! -s "$SKINK_RUNDIR/default/log" ] ||
        sed 's/^/  /' "$SKINK_RUNDIR/default/log" >&2
    exit 1
}

# since MICROSECONDS: until now, in seconds.
since() {
    local us=$((${EPOCHREALTIME/./} - $1))
    printf '%d.%06d' $((us / 1000000)) $((us % 1000000))
}

ms() { awk -v s="$1" 'BEGIN { printf "%.0f ms", s * 1000 }'; }

rate() { # BYTES SECONDS
    awk -v b="$1" -v s="$2" 'BEGIN {
        r = b / s
        printf r < 1e9 ? "%.0f MB/s" : "%.2f GB/s", r < 1e9 ? r / 1e6 : r / 1e9
    }'
}

# --- The parts -------------------------------------------------------------

kernel() { "$skink" exec "$@"; }

# start COMMAND...: in the background; returns when it has said its first line.
start() {
    local ready=$work/ready
    mkfifo "$ready"
    "$@" >"$ready" 2>"$work/said" &
    background+=($!)
    read -r -t 10 _ <"$ready" || fail "$1 does not start"
    rm "$ready"
}

answers() { kernel curl -s -o /dev/null --max-time 2 "http://$stack/"; }

start_httpd() {
    "$build/examples/httpd" --upload "$work" >"$work/said" 2>&1 &
    background+=($!)
    for _ in {1..300}; do
        ! answers || return 0
        sleep 0.01
    done
    fail "httpd does not answer"
}

digest() { openssl dgst -sha256 -r "$1" | cut -d' ' -f1; }

# arrived FILE SECONDS: the end of a transfer's line.
arrived() {
    [ "$(digest "$1")" = "$expected" ] || fail "${1##*/} is not what was sent"
    result "$(ms "$2")" "$(rate "$size" "$2")" "SHA-256 ok"
    rm "$1"
}

# curl_takes OUTPUT CURL-ARGUMENTS...: seconds, as curl measured them.
curl_takes() {
    kernel curl -sSf --max-time 20 -o "$1" -w '%{time_total}' "${@:2}" \
        2>"$work/said" || fail "curl: exit status $?"
}

instance_comes_up() {
    local start=${EPOCHREALTIME/./}
    step up "four daemons, $stack on a $link"
    "$skink" up --netns --link "$link" >/dev/null 2>"$work/said" ||
        fail "it does not come up"
    result "$(ms "$(since "$start")")"
    start_httpd
}

curl_downloads() {
    local seconds
    step download "curl on the kernel < httpd on skink"
    seconds=$(curl_takes "$work/down" "http://$stack/random")
    arrived "$work/down" "$seconds"
}

curl_uploads() {
    local seconds
    step upload "curl on the kernel > httpd on skink"
    seconds=$(curl_takes /dev/null -T "$work/random" "http://$stack/up")
    arrived "$work/up" "$seconds"
}

get_downloads() {
    local begin seconds
    step fetch "get on skink < server on the kernel"
    start "$skink" exec "$build/bench/serve" "$host" 80 "$work/random" \
        "$work/taken"
    begin=${EPOCHREALTIME/./}
    "$build/examples/get" -o "$work/got" "http://$host/random" \
        2>"$work/said" || fail "get: exit status $?"
    seconds=$(since "$begin")
    arrived "$work/got" "$seconds"
}

pid_of() { "$skink" status 2>/dev/null | awk -v name="$1" '$1 == name { print $3 }'; }

longest_outage() {
    "$skink" status 2>/dev/null | sed -n 's/.* \([0-9.]* ms\) outage.*/\1/p' | sort -rn | sed q
}

# Piece by piece through a pipe, so that each kill is amid the transfer.
daemons_die() {
    local begin=${EPOCHREALTIME/./} victim sum
    step "kill -9" "linkd, ipd and apid, amid a download"
    sum=$(kernel curl -sSf --max-time 20 "http://$stack/random" 2>"$work/said" | {
        for victim in linkd ipd apid; do
            head -c $((size / 4))
            kill -KILL "$(pid_of "$victim")"
        done
        cat
    } | digest -) || fail "curl: exit status $?"
    [ "$sum" = "$expected" ] || fail "the bytes are not what was sent"
    result "$(ms "$(since "$begin")")" "no reset" "SHA-256 ok"
}

# --- Beside the kernel -----------------------------------------------------

# Two namespaces of the kernel's, with a veth pair between them.
make_veth() {
    local pids=()
    for _ in left right; do
        start unshare -n sh -c 'ip link set lo up && echo && exec sleep 60'
        pids+=("${background[-1]}")
    done
    left=(nsenter -t "${pids[0]}" -n)
    right=(nsenter -t "${pids[1]}" -n)
    "${left[@]}" ip link add veth type veth peer name veth netns "${pids[1]}"
    "${left[@]}" ip addr add 10.8.0.1/24 dev veth
    "${right[@]}" ip addr add 10.8.0.2/24 dev veth
    "${left[@]}" ip link set veth up
    "${right[@]}" ip link set veth up
}

flow=$build/bench/flow

# compare NAME WHAT SKINK'S-VERB: two seconds of skink, two of the kernel.
compare() {
    local ours theirs
    step "$1" "$2"
    ours=$(kernel "$flow" "$3" --kernel "$stack" 5001 2>"$work/said") ||
        fail "flow: exit status $?"
    # shellcheck disable=SC2086 # bytes and seconds
    printf '%9s' "$(rate $ours)"
    theirs=$("${left[@]}" "$flow" "$3" --kernel 10.8.0.2 5001 \
        2>"$work/said") || fail "flow: exit status $?"
    # shellcheck disable=SC2086
    printf '  %9s' "$(rate $theirs)"
    awk -v bold="$bold" -v plain="$plain" -v o="$ours" -v t="$theirs" 'BEGIN {
        split(o, a); split(t, b)
        printf "  %s%8.0f %%%s\n", bold, 100 * (a[1] / a[2]) / (b[1] / b[2]), plain
    }'
}

compare_both_ways() {
    start "$flow" serve "$stack" 5001
    make_veth
    start "${right[@]}" "$flow" serve --kernel 10.8.0.2 5001
    printf '\n  %s%-46s%9s  %9s  %10s%s\n' "$dim" \
        "two seconds beside the kernel's own TCP" skink kernel ratio "$plain"
    compare receive "one connection, kernel > skink" send
    compare send "one connection, skink > kernel" receive
}

head -c "$size" /dev/urandom >"$work/random"
expected=$(digest "$work/random")

printf '%sskink%s  a TCP/IP stack in restartable daemons, in a network of its own\n\n' \
    "$bold" "$plain"
instance_comes_up
curl_downloads
curl_uploads
get_downloads
daemons_die
outage=$(longest_outage)
compare_both_ways
printf '\nEverything arrived as it was sent. Killed daemons were back within %s.\n' \
    "$outage"
