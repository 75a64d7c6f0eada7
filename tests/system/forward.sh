#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
claim "two kernels, and skink as the router between them"
(: <>/dev/net/tun) 2>/dev/null || skip "/dev/net/tun cannot be opened here"

near_router=10.7.0.2 far_router=10.8.0.2 far=10.8.0.1
flow=$build/bench/flow
size=20000000

# The second link's kernel side goes into a network of its own.
make_far() {
    start far "$skink" exec unshare -n sh -c 'echo ready; exec sleep 600'
    at_far=("$skink" exec nsenter -t "${started[far]}" -n)
    kernel ip addr add 10.7.0.1/24 dev t0
    kernel ip link set t1 netns "${started[far]}"
    far ip link set lo up
    far ip addr add "$far/24" dev t1
    far ip link set t1 mtu "$1" up
    far ip route add 10.7.0.0/24 via "$far_router"
    kernel ip route replace 10.8.0.0/24 via "$near_router"
    start server "${at_far[@]}" "$flow" serve --kernel "$far" 5001
}

far() { "${at_far[@]}" "$@"; }

transfers() { # WHAT
    local verb
    for verb in send receive; do
        check "$1: 20 MB, $verb, every byte compared" kernel timeout 20 "$flow" \
            "$verb" --kernel --verify --bytes "$size" "$far" 5001
    done
}

# said COMMAND...: the line about the first ping, without times.
said() { "$@" 2>/dev/null | sed -n '2{s/ time=.*//;p}'; }

ping_says() { # CLAIM EXPECTED PING-ARGUMENTS...
    same "$1" "$2" "$(said kernel ping -n -c 1 -W 4 "${@:3}")"
}

mtu_to_far() { kernel ip route get "$far" | grep -o 'mtu [0-9]*'; }

# strike DAEMON: kills it, and waits for its successor.
strike() {
    local pid
    pid=$(daemon "$1" PID)
    kill -KILL "$pid"
    wait_until 10 replaced "$1" "$pid"
}

killed_amid() { # VERB
    local status=0 client
    kernel "$flow" "$1" --kernel --verify --seconds 1 "$far" 5001 >"$work/rate" &
    client=$!
    for victim in ipd linkd linkd1 ipd; do
        strike "$victim"
    done
    wait "$client" || status=1
    return "$status"
}

links=(--link tap:t0 --addr 10.7.0.2/24 --link tap:t1 --addr 10.8.0.2/24
    --gw none --forward)

up_as default --netns "${links[@]}"
make_far 1500
ping_says "the far kernel answers" "64 bytes from $far: icmp_seq=1 ttl=63" "$far"
transfers "links of one MTU"
check "8000 bytes in fragments" kernel ping -n -q -c 3 -i 0.01 -W 2 -s 8000 "$far"
ping_says "the time to live runs out" \
    "From $near_router icmp_seq=1 Time to live exceeded" -t 1 "$far"
kernel ip route add 192.0.2.0/24 via "$near_router"
ping_says "a network that nobody knows" \
    "From $near_router icmp_seq=1 Destination Net Unreachable" 192.0.2.1
ping_says "a neighbour that is not there" \
    "From $near_router icmp_seq=1 Destination Host Unreachable" 10.8.0.77
for reason in ttl no_route neigh_failed; do
    same "which is counted as $reason" 1 "$(counter "ip.drop.$reason")"
done
for verb in send receive; do
    check "ipd and each linkd are killed amid a transfer: $verb" \
        killed_amid "$verb"
    echo "#   $(awk '{ printf "%.0f", $1 / $2 / 1e6 }' "$work/rate") MB/s"
done
stop server
stop far
down

up_as default --netns "${links[@]:0:8}" --mtu 1000 \
    --gw none --forward
make_far 1500
transfers "the far link takes 1000 bytes, its kernel does not know"
same "the near kernel has learnt the path's MTU" "mtu 1000" "$(mtu_to_far)"
check "and cuts what is longer itself" \
    kernel ping -n -q -c 3 -i 0.01 -W 2 -s 3000 "$far"
check "skink cuts what may be cut" \
    kernel ping -n -q -M dont -c 3 -i 0.01 -W 2 -s 3000 "$far"
