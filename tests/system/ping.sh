#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
claim "skink answers the kernel's ping, of any size and a thousand at once"

# losses OPTIONS...: what ping says of lost packets.
losses() {
    kernel ping -n -q -W 2 "$@" "$stack" | grep -oE '[0-9.]+% packet loss'
}

up
for size in 0 1 8 56 1000 1471 1472; do
    same "ping of $size bytes" "0% packet loss" \
        "$(losses -c 3 -i 0.01 -s "$size")"
done
same "flood of 1000 pings" "0% packet loss" "$(losses -f -c 1000)"
same "flood of 1000 full pings" "0% packet loss" "$(losses -f -c 1000 -s 1472)"
