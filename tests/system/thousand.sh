#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
claim "a thousand connections at once, and ten thousand one after another"

count=1000
size=100000
flow=$build/bench/flow probe=$build/bench/probe

left_behind() {
    wait_until 2 none_is_left || true
    counter tcp.curr_estab
}

no_more_than() { [ "$(counter tcp.curr_estab)" -le "$1" ]; }

none_is_left() { [ "$(counter tcp.curr_estab)" = 0 ]; }

at_once() { # NAME COMMAND...
    local verb
    for verb in send receive; do
        check "$1: $count connections $verb, every byte compared" \
            "$2" "$flow" "$verb" --verify --connections "$count" \
            --bytes "$size" "${@:3}"
    done
    check "$1: none is left" wait_until 5 none_is_left
}

one_by_one() { # NAME COMMAND...
    local end before left=0
    for end in "" --fin; do
        before=$(counter tcp.attempt_fails)
        check "$1: 10000 connections, ${end:-"each reset"}" \
            "$2" "$probe" churn --total 10000 --count 200 ${end:+"$end"} "${@:3}"
        same "$1: none of them failed" "$before" "$(counter tcp.attempt_fails)"
        # A RST is sent once: where a link loses one, its peer never hears. A TAP
        # loses none here; the receive ring of a packet socket runs over.
        [ -n "$end" ] || left=$(left_behind)
    done
    [ "$kind" != tap ] || same "$1: RST leaves none behind" 0 "$left"
    check "$1: FIN leaves none behind" wait_until 5 no_more_than "$left"
    echo "# $left resets were lost"
}

directly() { "$@"; }

ulimit -n "$(ulimit -Hn)"
up
kind=$("$skink" links -j | grep -oE '"kind":"[a-z]+"' | cut -d'"' -f4)
start flow "$flow" serve "$stack" 5001
start kernel_flow "$skink" exec "$flow" serve --kernel "$host" 5002
at_once "to skink" kernel --kernel "$stack" 5001
at_once "from skink" directly "$host" 5002
stop flow
stop kernel_flow

start probe "$probe" serve "$stack" 5003
start kernel_probe "$skink" exec "$probe" serve --kernel "$host" 5004
one_by_one "to skink" kernel --kernel "$stack" 5003
one_by_one "from skink" directly "$host" 5004
