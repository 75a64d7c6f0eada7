#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
claim "status and stats tell the truth, also while a daemon is failed"

looks_fine() {
    check "$1: skink status" "$skink" status
    check "$1: skink stats" "$skink" stats --nonzero
    check "$1: status -j is JSON" valid_json "$("$skink" status -j)"
    check "$1: stats -j is JSON" valid_json "$("$skink" stats -j)"
}

settled() { [[ $(daemon ipd STATE) =~ ^(ok|failed)$ ]]; }

# A daemon that dies of its own fault again and again is failed: from then on
# it is tried once a second.
crash_until_failed() {
    local pid
    for _ in 1 2 3 4 5 6 7 8; do
        wait_until 5 settled || return 1
        [ "$(daemon ipd STATE)" != failed ] || return 0
        pid=$(daemon ipd PID)
        kill -SEGV "$pid"
        wait_until 5 pid_is_not "$pid"
    done
    return 1
}

pid_is_not() { [ "$(daemon ipd PID)" != "$1" ]; }

alive_again() { [ "$(daemon ipd STATE)" = ok ]; }

up
looks_fine "at the start"
for name in linkd ipd tcpd apid; do
    same "$name is ok" ok "$(daemon $name STATE)"
done

before=$(counter icmp.in.echos)
kernel ping -q -c 5 -i 0.01 -W 2 "$stack" >/dev/null
same "five pings count as five" $((before + 5)) "$(counter icmp.in.echos)"
check "a counter's meaning is told" "$skink" stats --explain icmp.in.echos

check "ipd crashes until it is failed" crash_until_failed
looks_fine "while ipd is failed"
check "ipd is tried again and comes back" wait_until 10 alive_again
check "and pings are answered" kernel ping -q -c 3 -i 0.01 -W 2 "$stack"
