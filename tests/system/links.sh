#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/over_links.sh"
claim "20 MB each way over every kind of link"

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

plain() { # WHAT INSTANCE LINK CLIENT ADDR
    check "$1" both_ways "$4" --bytes "$size" --verify --seed "$seed" "$5" 5001
    echo "#  $(rates) MB/s"
}

for offloads in on off; do
    for kind in "${kinds[@]}"; do
        over_link plain "$kind" "$offloads"
    done
done
[ "${kinds[0]}" != tap ] || same_fate
