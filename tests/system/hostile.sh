#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
claim "a client that lies, floods, stalls or dies hurts nobody but itself"

ulimit -S -n 1024 # descriptors of a daemon, as most systems have it

seconds=2
daemons=(linkd ipd tcpd apid)
rss_limit=$((384 * 1024)) # KiB a daemon, shared memory counted

# Who connects until libzmq has no descriptors left, or never ends a message, makes
# apid die: that is known and costs no data, so its restarts are not counted there.
all="cursors chunks flags requests deaf doorbell descriptors oversized death
    connects multipart"
read -r -d '' -a modes <<<"${SKINK_MODES:-$all}" || true
kills_apid() { [[ $1 =~ ^(connects|multipart|oversized)$ ]]; }

quiet() { exec "$@" 2>>"$work/noise"; }

# --- The healthy client ----------------------------------------------------

# flow_rate VERB: MB/s of a transfer in which every byte was compared.
flow_rate() {
    kernel "$build/bench/flow" "$1" --kernel --verify --seconds 1 \
        "$stack" 5001 | awk '{ printf "%d", $1 / $2 / 1e6 }'
}

# both_ways NAME: leaves the two rates in files.
both_ways() {
    local verb
    for verb in send receive; do
        flow_rate "$verb" >"$work/$1.$verb" || return 1
    done
}

compare() { # NAME: with what it is alone
    local verb alone now
    for verb in send receive; do
        alone=$(<"$work/alone.$verb") now=$(<"$work/$1.$verb")
        echo "#   kernel $verb: $now MB/s, alone $alone MB/s" \
            "($((100 * now / (alone > 0 ? alone : 1))) %)"
    done
}

# Needs apid, unlike the connections that the kernel opens.
connects() {
    "$build/bench/flow" send --verify --seconds 1 "$host" 5002
}

# --- The daemons -----------------------------------------------------------

restarts() { # MODE: of those that may not die in it
    local name
    for name in "${daemons[@]}"; do
        if [ "$name" = apid ] && kills_apid "$1"; then continue; fi
        echo "$name $(daemon "$name" RESTARTS)"
    done
}

clients() {
    status_json | grep -o '"clients": *[0-9]*' | head -n 1 | tr -dc 0-9
}

clients_are() { [ "$(clients)" = "$1" ]; }

all_ok() {
    local name
    for name in "${daemons[@]}"; do
        [ "$(daemon "$name" STATE)" = ok ] || return 1
    done
}

# memory MODE: prints and judges what each daemon holds now.
memory() {
    local name pid rss line="#   RSS in KiB:" good=true
    for name in "${daemons[@]}"; do
        pid=$(daemon "$name" PID)
        rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status" 2>/dev/null)
        line+=" $name ${rss:-?}"
        [ "${rss:-0}" -le "$rss_limit" ] || good=false
    done
    echo "$line"
    $good
}

# --- The attacks -----------------------------------------------------------

attack() { # MODE
    local before status=0 pid
    before=$(restarts "$1")
    "$build/tests/system/hostile_client" --seconds "$seconds" \
        ${SKINK_SEED:+--seed "$SKINK_SEED"} "$1" "$host" 5002 \
        >"$work/attack" 2>&1 &
    pid=$!
    started[attack]=$pid
    check "$1: verified transfers in both directions go on" both_ways "$1"
    wait "$pid" || status=$?
    unset "started[attack]"
    sed 's/^/#   /' "$work/attack"
    compare "$1" 2>/dev/null || true
    same "$1: the attacker was left to itself" 0 "$status"
    check "$1: all daemons are there" wait_until 10 all_ok
    same "$1: none that may not was restarted" "$before" "$(restarts "$1")"
    check "$1: the attacker's places are free" wait_until 20 clients_are "$calm"
    echo "#   restarts of apid so far: $(daemon apid RESTARTS)"
    memory || not_ok "$1: a daemon holds more than $rss_limit KiB"
    check "$1: a new client connects" wait_until 10 connects
}

up
start flow "$build/bench/flow" serve "$stack" 5001
start kernel_flow quiet "$skink" exec "$build/bench/flow" serve --kernel \
    "$host" 5002
calm=$(clients)
check "alone" both_ways alone
for mode in "${modes[@]}"; do
    attack "$mode"
done
