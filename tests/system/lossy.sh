#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
# With KIND and OFFLOADS: over that link alone. Without: over all of them at once,
# each in a process of its own, for they wait more than they work.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/over_links.sh"
claim "20 MB each way over links that lose, reorder, repeat and corrupt"

bad="loss=2%,reorder=2%,dup=1%,corrupt=1%"

lossy() { # WHAT INSTANCE LINK CLIENT ADDR
    check "$1: is made worse" "$skink" -i "$2" impair "$3" "$bad,seed=$seed"
    check "$1: every byte arrives" both_ways "$4" --bytes "$size" --verify \
        --seed "$seed" "$5" 5001
    echo "#  $(rates) MB/s"
    check "$1: frames were lost" \
        [ "$(counter link.drop.impaired "$2")" -gt 100 ]
    check "$1: segments were changed" \
        [ "$(counter tcp.drop.bad_checksum "$2")" -gt 10 ]
}

all_at_once() {
    local kind offloads
    for kind in "${kinds[@]}"; do
        for offloads in on off; do
            SKINK_SEED=$seed bash "$0" "$kind" "$offloads" \
                >"$work/$kind.$offloads" 2>&1 &
            started[$kind.$offloads]=$!
        done
    done
    for kind in "${kinds[@]}"; do
        for offloads in on off; do
            if wait "${started[$kind.$offloads]}"; then
                ok "$kind, offloads $offloads"
            else
                not_ok "$kind, offloads $offloads"
            fi
            unset "started[$kind.$offloads]"
            sed 's/^/#   /' "$work/$kind.$offloads"
        done
    done
}

if [ $# -eq 2 ]; then
    over_link lossy "$1" "$2"
else
    all_at_once
fi
