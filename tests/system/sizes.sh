#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
claim "streams of any size arrive whole, and ends of connections are what they are"

talk=$build/bench/talk
mss=1448 # of an MTU of 1500, with timestamps
sizes=(0 1 2 $((mss - 1)) "$mss" $((mss + 1)) $((2 * mss)) 65535 65536 65537
    131071 131072 131073 1048575 1048576 1048577 5000001)

from_kernel() { kernel "$talk" "$1" --kernel "$stack" 5001 "${@:2}"; }
from_skink() { "$talk" "$1" "$host" 5002 "${@:2}"; }
to_itself() { "$talk" "$1" "$stack" 5001 "${@:2}"; }

# The servers say on each connection's end how it was.
ended_as() { [ "$(tail -n 1 "$work/$1.said")" = "$2" ]; }

serve() { # NAME COMMAND...
    rm -f "$work/$1.said" # of the one before
    "${@:2}" >"$work/$1.said" &
    started[$1]=$!
    wait_until 10 grep -q ready "$work/$1.said" || bail "$1 starts"
}

# within NAME LEAST MOST TEXT: the error of that name, after so many ms.
within() {
    local name ms
    read -r name ms <<<"$4"
    [ "$name" = "$1" ] && [ "$ms" -ge "$2" ] && [ "$ms" -le "$3" ]
}

fails() { # CLAIM NAME LEAST MOST COMMAND...
    local said
    said=$("${@:5}" 2>&1) || true
    check "$1 ($said ms)" within "$2" "$3" "$4" "$said"
}

ends() { # CLIENT SERVER
    check "$1: ${#sizes[@]} sizes are echoed, up to FIN" "$1" echo "${sizes[@]}"
    check "$1: and go on after the other's FIN" "$1" first "${sizes[@]}"
    check "$1: all of them, as the server has seen it" wait_until 5 \
        ended_as "$2" ok
    fails "$1: who is reset hears of it" ECONNRESET 0 1000 "$1" reset
    check "$1: who aborts is content" "$1" abort
    check "$1: and its peer hears of that" wait_until 5 ended_as "$2" ECONNRESET
}

for mtu in 1500 576; do
    up --mtu "$mtu"
    serve skink "$talk" serve "$stack" 5001
    serve kernel "$skink" exec "$talk" serve --kernel "$host" 5002
    claim "mtu $mtu"
    ends from_kernel skink
    ends from_skink kernel
    ends to_itself skink
    [ "$mtu" = 1500 ] || continue
    stop skink
    stop kernel
    down
done

fails "nobody listens at the kernel" ECONNREFUSED 0 1000 \
    "$talk" connect "$host" 9
fails "nobody listens at skink" ECONNREFUSED 0 1000 \
    kernel "$talk" connect --kernel "$stack" 9
fails "nobody listens at skink, says skink" ECONNREFUSED 0 1000 \
    "$talk" connect "$stack" 9
fails "a neighbour that is not there" EHOSTUNREACH 2000 4500 \
    "$talk" connect 10.7.0.77 80
check "the default route goes" "$skink" route del default
fails "a network without route" ENETUNREACH 0 1000 "$talk" connect 192.0.2.1 80

"$talk" hold "$host" 5002 1 >"$work/held" &
started[hold]=$!
check "a connection is held" wait_until 5 grep -q ready "$work/held"
kernel ip link set "$(kernel ip -o link | grep -oE '(tap|veth)0' | sed q)" down
check "keep-alive finds its peer dead" wait_until 8 grep -q ETIMEDOUT "$work/held"
check "after 3 s ($(tail -n 1 "$work/held"))" within ETIMEDOUT 2000 5000 \
    "$(tail -n 1 "$work/held")"
same "and is counted" 1 "$(counter tcp.keep.drops)"
