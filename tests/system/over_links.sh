# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # lib.sh sets build, stack, work
# What links.sh and lossy.sh share: transfers over one link of any kind.
size=20000000 # bytes each way
seed=${SKINK_SEED:-$((${EPOCHREALTIME/./} % 1000000))}
flow=$build/bench/flow
echo "# seed $seed"

kinds=(tap veth pair)
(: <>/dev/net/tun) 2>/dev/null || kinds=(veth pair)

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
    awk '{ printf " %.1f", $1 / $2 / 1e6 }' "$work/sent" "$work/received"
}

kernel_flow() { kernel "$flow" "$1" --kernel "${@:2}"; }
pair_flow() { "$flow" "$1" -i right "${@:2}"; }

over_kernel() { # TRANSFER KIND OFFLOADS
    up --link "$2:link" --offloads "$3"
    start flow "$flow" serve "$stack" 5001
    "$1" "$2, offloads $3" default link kernel_flow "$stack"
    stop flow
    down
}

over_pair() { # TRANSFER OFFLOADS
    local link=(--link "pair:$work/pair" --offloads "$2" --gw none)
    up_as left "${link[@]}" --addr 10.9.0.1/24
    up_as right "${link[@]}" --addr 10.9.0.2/24
    start flow "$flow" serve -i left 10.9.0.1 5001
    "$1" "pair, offloads $2" right pair0 pair_flow 10.9.0.1
    stop flow
    down left
    down right
}

# over_link TRANSFER KIND OFFLOADS: the transfer is called with WHAT INSTANCE LINK
# CLIENT ADDR while the link is up.
over_link() {
    if [ "$2" = pair ]; then
        over_pair "$1" "$3"
    else
        over_kernel "$@"
    fi
}
