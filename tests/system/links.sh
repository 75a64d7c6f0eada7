#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
claim "20 MB each way over every kind of link, good and bad"

size=20000000 lossy_size=3400000 # bytes each way; the latter on six links
bad="loss=2%,reorder=2%,dup=1%,corrupt=1%"
seed=${SKINK_SEED:-$((${EPOCHREALTIME/./} % 1000000))}
flow=$build/bench/flow
echo "# seed $seed"

# both_ways COMMAND...: the command and its rest are a client; at the same time
# it sends and receives, and every byte is compared.
both_ways() {
    local status=0 pid
    "${1}" send "${@:2}" >"$work/sent" &
    pid=$!
    "${1}" receive "${@:2}" >"$work/received" || status=1
    wait "$pid" || status=1
    return "$status"
}

rates() {
    awk '{ printf " %.0f", $1 / $2 / 1e6 }' "$work/sent" "$work/received"
}

kernel_flow() { kernel "$flow" "$1" --kernel "${@:2}"; }
pair_flow() { "$flow" "$1" -i right "${@:2}"; }

# twice WHAT INSTANCE LINK CLIENT ADDR: over the link as it is, then made worse.
twice() {
    local client=("$4" --verify --seed "$seed" "$5" 5001)
    check "$1" both_ways "${client[@]:0:1}" --bytes "$size" "${client[@]:1}"
    echo "#  $(rates) MB/s"
    check "$1: is made worse" "$skink" -i "$2" impair "$3" "$bad,seed=$seed"
    check "$1, lossy" both_ways "${client[@]:0:1}" --bytes "$lossy_size" \
        "${client[@]:1}"
    echo "#  $(rates) MB/s"
    check "$1, lossy: frames were lost" \
        [ "$(counter link.drop.impaired "$2")" -gt 10 ]
}

over_kernel() { # KIND OFFLOADS
    up --link "$1:link" --offloads "$2"
    start flow "$flow" serve "$stack" 5001
    twice "$1, offloads $2" default link kernel_flow "$stack"
    stop flow
    down
}

over_pair() { # OFFLOADS
    local link=(--link "pair:$work/pair" --offloads "$1" --gw none)
    up_as left "${link[@]}" --addr 10.9.0.1/24
    up_as right "${link[@]}" --addr 10.9.0.2/24
    start flow "$flow" serve -i left 10.9.0.1 5001
    twice "pair, offloads $1" right pair0 pair_flow 10.9.0.1
    stop flow
    down left
    down right
}

# arrived SPEC: which of 400 pings are answered.
arrived() {
    "$skink" impair tap0 off
    kernel ping -n -q -c 1 "$stack" >/dev/null # linkd has seen it
    "$skink" impair tap0 "$1"
    kernel ping -n -c 400 -i 0.001 -W 1 "$stack" | grep -o 'icmp_seq=[0-9]*'
}

# On the way in there is nothing but the pings: nothing of IPv6, and nobody asks
# who we are.
same_fate() {
    local first again other
    up --link tap
    kernel sh -c 'echo 1 >/proc/sys/net/ipv6/conf/tap0/disable_ipv6' ||
        kernel ip link set tap0 multicast off
    kernel ping -n -q -c 1 "$stack" >/dev/null
    kernel ip neigh replace "$stack" dev tap0 nud permanent \
        lladdr "$("$skink" links | grep -oE '([0-9a-f]{2}:){5}[0-9a-f]{2}')"
    first=$(arrived "in:loss=20%,seed=7")
    again=$(arrived "in:loss=20%,seed=7")
    other=$(arrived "in:loss=20%,seed=8")
    same "one seed is one fate for each frame" "$(digest <<<"$first")" \
        "$(digest <<<"$again")"
    check "and another seed another" [ "$first" != "$other" ]
    down
}

kinds=(tap veth)
(: <>/dev/net/tun) 2>/dev/null || kinds=(veth)
for offloads in on off; do
    for kind in "${kinds[@]}"; do
        over_kernel "$kind" "$offloads"
    done
    over_pair "$offloads"
done
[ "${kinds[0]}" != tap ] || same_fate
