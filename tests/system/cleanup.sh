#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
claim "an instance leaves nothing behind, however it ends"

run=$SKINK_RUNDIR/default

supervisor() { cat "$run/lock"; }

# What belongs to the instance: processes that hold its lock file or live in
# its network.
owned() {
    find /proc/[0-9]*/fd -lname "$run/lock" 2>/dev/null | cut -d/ -f3
    find /proc/[0-9]*/ns/net -lname "$1" 2>/dev/null | cut -d/ -f3
}

network() { readlink "/proc/$(supervisor)/ns/net"; }

nothing_owned() { [ -z "$(owned "$1")" ]; }

# nothing_left HOW NETWORK
nothing_left() {
    check "$1: no process and no namespace is left" \
        wait_until 5 nothing_owned "$2"
    check "$1: no network is mounted" \
        sh -c '! grep -F " nsfs " /proc/self/mountinfo'
}

files() { find "$run" -type f -o -type s | sed "s|$run/||" | sort | xargs; }

works() {
    up
    same "$1: a new instance answers" "0% packet loss" \
        "$(kernel ping -n -q -c 1 -W 2 "$stack" |
            grep -o '[0-9]*% packet loss')"
}

# interrupt DELAY: Ctrl-C on `skink up` so many seconds after its start.
interrupt() {
    local pid status=0
    env --default-signal=INT "$skink" up --netns >/dev/null 2>&1 &
    pid=$!
    sleep "$1"
    kill -INT "$pid" 2>/dev/null || true
    wait "$pid" || status=$?
    return "$status"
}

nobody_holds_lock() { flock -n "$run/lock" true; }

works "at the start"
net=$(network)
check "skink down" "$skink" down
nothing_left "after down" "$net"
same "after down: the lock and the log stay, nothing else" "lock log" \
    "$(files)"
same "after down: status says that it does not run" 3 \
    "$("$skink" status >/dev/null 2>&1 || echo $?)"

works "after down"
net=$(network)
kill -KILL "$(supervisor)"
nothing_left "the supervisor killed" "$net"

works "on what the killed supervisor left"
net=$(network)
# shellcheck disable=SC2046 # pids are words
kill -KILL $(supervisor) $(owned "$net")
nothing_left "all killed" "$net"
works "on what all of them left"
"$skink" down

interrupted=0
for delay in 0.001 0.002 0.005 0.01 0.02 0.04 0.08; do
    if interrupt "$delay"; then
        "$skink" down
    else
        interrupted=$((interrupted + 1))
        check "up interrupted after $delay s: nobody is left" \
            wait_until 5 nobody_holds_lock
    fi
done
check "some of them were interrupted" [ "$interrupted" -gt 0 ]
works "after interruptions"
