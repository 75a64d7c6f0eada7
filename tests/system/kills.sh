#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
claim "a hundred times kill -9 of linkd, ipd and apid under load: nothing is lost"

flow=$build/bench/flow probe=$build/bench/probe
rounds=${SKINK_KILLS:-34} # of one kill of each daemon
victims=(linkd ipd apid)

# strike DAEMON: kills it, and waits for its successor.
strike() {
    local pid
    pid=$(daemon "$1" PID)
    kill -KILL "$pid"
    wait_until 10 replaced "$1" "$pid"
}

strike_all() {
    local i victim
    for ((i = 0; i < rounds; i++)); do
        for victim in "${victims[@]}"; do
            strike "$victim" || {
                echo "$victim is not back, after $i rounds"
                return 1
            }
        done
    done
}

# load NAME COMMAND...: until `finish NAME`.
load() {
    "${@:2}" >"$work/$1.out" 2>"$work/$1.err" &
    started[$1]=$!
}


# Connections that are open all the time, both ways, and short ones: each opens
# another when it is done. Who has an answer to wait for, waits for it.
again_and_again() {
    while [ ! -e "$work/enough" ]; do
        "$@" || return 1
    done
}

finish() { # NAME CLAIM
    local status=0
    wait "${started[$1]}" || status=$?
    unset "started[$1]"
    same "$2" "0 " "$status $(cat "$work/$1.err")"
}

up
start flow "$flow" serve "$stack" 5001
start kernel_flow "$skink" exec "$flow" serve --kernel "$host" 5002
start probe "$probe" serve "$stack" 5003
start kernel_probe "$skink" exec "$probe" serve --kernel "$host" 5004
mkfifo "$work/hold"
kernel "$probe" hold --kernel --count 100 "$stack" 5003 <"$work/hold" \
    >"$work/hold.out" 2>"$work/hold.err" &
started[hold]=$!
exec 9>"$work/hold"
wait_until 5 grep -q ready "$work/hold.out" || bail "100 connections are held"
tcpd=$(daemon tcpd PID)

bulk=(--verify --seconds 1 --connections 4)
load up again_and_again kernel "$flow" send --kernel "${bulk[@]}" "$stack" 5001
load down again_and_again kernel "$flow" receive --kernel "${bulk[@]}" \
    "$stack" 5001
load out again_and_again "$flow" send "${bulk[@]}" "$host" 5002
load short again_and_again kernel "$probe" churn --kernel --fin --total 500 \
    --count 20 "$stack" 5003
load opened again_and_again "$probe" churn --fin --total 500 --count 20 \
    "$host" 5004

check "$((rounds * ${#victims[@]})) daemons are killed and replaced" strike_all
touch "$work/enough"
finish up "what the kernel sent has arrived"
finish down "what skink sent has arrived"
finish out "what skink's own client sent has arrived"
finish short "no short connection to skink was lost"
finish opened "nor one from skink"
same "100 connections are as they were" 100 \
    "$("$skink" conns 'state established and sport = 5003' | grep -c :5003)"
exec 9>&-
finish hold "and their owner knows of nothing"

for victim in "${victims[@]}"; do
    same "status counts the restarts of $victim" "$rounds" \
        "$(daemon "$victim" RESTARTS)"
done
same "tcpd was never replaced" "$tcpd" "$(daemon tcpd PID)"
same "and no connection was reset" 0 "$(status_json |
    grep -o '"reset":[0-9]*' | cut -d: -f2)"
"$skink" status 2>/dev/null | sed -n 's/^/#   /;/LAST EXIT/,/apid/p'
