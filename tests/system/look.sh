#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
claim "conns, tables, counters and captures show what is, and disturb nothing"

flow=$build/bench/flow probe=$build/bench/probe
kind=tap
(: <>/dev/net/tun) 2>/dev/null || kind=veth

# said COMMAND...: what it prints within two seconds.
said() { timeout 2 "$skink" "$@" 2>&1; }

matches() { # PATTERN TEXT
    grep -qE -- "$1" <<<"$2" || { echo "$2" && return 1; }
}

has() { # CLAIM PATTERN COMMAND...
    local output
    output=$(said "${@:3}") || true
    check "$1" matches "$2" "$output"
}

counts() { # CLAIM NUMBER PATTERN COMMAND...
    same "$1" "$2" "$(said "${@:4}" | grep -cE -- "$3")"
}

json() { # COMMAND...
    check "$* is JSON" valid_json "$(said "$@")"
}

up --link "$kind:link"

# --- Captures --------------------------------------------------------------

# Types of the blocks of a pcapng file, in words of the machine's order; false:
# lengths that do not fit together.
blocks() {
    od -An -v -tu4 -w4 "$1" | awk '
        { word[NR] = $1 }
        END {
            for (at = 1; at <= NR; at += len / 4) {
                len = word[at + 1]
                if (len < 12 || len % 4 || word[at + len / 4 - 1] != len)
                    exit 1
                print word[at]
            }
        }'
}
packets() { blocks "$1" | grep -cx 6; } # enhanced packet blocks

# capture NAME ARGS...: in the background, into files of that name.
capture() {
    "$skink" capture "${@:2}" >"$work/$1.text" 2>"$work/$1.words" &
    started[$1]=$!
    wait_until 5 grep -q '^capturing on' "$work/$1.words" ||
        bail "$1: the capture starts"
}

finish() { # NAME: as Ctrl-C does
    local status=0
    kill -INT "${started[$1]}"
    wait "${started[$1]}" || status=$?
    unset "started[$1]"
    same "$1: the capture ends well" 0 "$status"
}

pings() { kernel ping -n -q -c "$1" -i 0.01 -W 1 "$stack" >/dev/null || true; }
seen() { [ "$(grep -cE "$2" "$work/$1.text")" -ge "$3" ]; }

capture file -w "$work/file.pcapng" icmp
pings 3
sleep 0.05
finish file
same "3 pings are 6 packets in the file" 6 "$(packets "$work/file.pcapng")"
# In a user namespace it cannot give up rights, and so does nothing at all.
tcpdump_works() {
    printf '\xd4\xc3\xb2\xa1\2\0\4\0%08d\0\0\4\0\1\0\0\0' 0 |
        tr 0 '\0' | tcpdump -Z root -r - >/dev/null 2>&1
}

if tcpdump_works; then
    same "tcpdump reads the same" 6 \
        "$(tcpdump -Z root -n -r "$work/file.pcapng" 2>/dev/null | grep -c ICMP)"
fi
capture stream -w - 'icmp[icmptype] == icmp-echo'
pings 3
sleep 0.05
finish stream
same "to stdout, only the requests" 3 "$(packets "$work/stream.text")"
capture few -c 2 icmp
pings 3
wait "${started[few]}" && status=0 || status=$?
unset "started[few]"
same "-c 2 ends after two" "0 2" "$status $(grep -c ICMP "$work/few.text")"

capture drops --on all -w "$work/drops.pcapng" tcp port 9
kernel timeout 2 bash -c "exec 3<>/dev/tcp/$stack/9" 2>/dev/null || true
sleep 0.05
finish drops
check "a segment that nobody listens for is marked" \
    grep -qa 'dropped by tcpd: tcp.drop.no_listener' "$work/drops.pcapng"
check "in a file that is one" blocks "$work/drops.pcapng"

capture damage icmp
"$skink" impair link in corrupt=100%,seed=1
pings 20
"$skink" impair link in off
check "damaged packets are marked" wait_until 2 \
    seen damage 'dropped by ipd: (ip|icmp|eth)\.drop\.' 1
finish damage

# --- A transfer that goes on all the time ----------------------------------

start flow "$flow" serve "$stack" 5001
start probe "$probe" serve "$stack" 5002
start kernel_probe "$skink" exec "$probe" serve --kernel "$host" 5003
kernel "$flow" send --kernel --verify --bytes 50000000000 --seed 9 \
    "$stack" 5001 >"$work/rate" 2>"$work/transfer" &
started[transfer]=$!

# --- Connections -----------------------------------------------------------

mkfifo "$work/hold"
kernel "$probe" hold --kernel --count 3 "$stack" 5002 <"$work/hold" \
    >"$work/held" &
exec 9>"$work/hold"
check "three connections are held" wait_until 5 grep -q ready "$work/held"
"$probe" churn --fin --total 5 --count 1 "$host" 5003 >/dev/null

few() { [ "$(said conns "$@" | grep -c "$stack")" = "$count" ]; }
count=4 && check "conns shows what is established" \
    wait_until 2 few state established
count=3 && check "and what a filter leaves" \
    wait_until 2 few state established and sport = 5002
count=2 && check "listeners" wait_until 2 few -l
count=5 && check "and TIME-WAIT" wait_until 2 few state time-wait
counts "by peer port" 5 TIME-WAIT conns state all and dport = 5003
counts "by network" 0 "$stack" conns dst 192.0.2.0/24
counts "negated" 0 ":5002 " conns 'state established and not sport = 5002'
has "-t -i: how it goes" 'reno wscale:[0-9]+,[0-9]+ rto:[0-9]+ .*mss:1448' \
    conns -ti
has "-p: whose it is" "probe\([0-9]+\) handle [0-9]+" conns -p
has "-m: buffers" 'skmem:\(r' conns -m
has "-o: timers" 'timer:\(timewait,[0-9.]+sec,0\)' conns -ao
has "-l -i: what listeners have accepted" 'accepted:3 overflow:0' conns -li
for words in conns "conns -a" "conns -l" "config show" neigh routes "routes get $host" links \
    stats status top; do
    # shellcheck disable=SC2086 # words
    json $words -j
done

# --- Tables and counters ---------------------------------------------------

has "neigh: the kernel" \
    "^$host dev link lladdr ([0-9a-f]{2}:){5}[0-9a-f]{2} REACHABLE" neigh
"$skink" ping -q -c 1 -W 4 10.7.0.77 >/dev/null || true
has "neigh: who does not answer" '^10.7.0.77 dev link FAILED' neigh
has "routes" "^default via $host dev link proto static" routes
has "routes get" "^192.0.2.1 via $host dev link src $stack mtu 1500" \
    routes get 192.0.2.1
has "links" "^1: link: $kind link mtu 1500 state UP" links
has "top" '^ DAEMON +CPU' top

every_counter() {
    local name
    for name in $("$skink" stats | awk '{ print $1 }'); do
        "$skink" stats --explain "$name" | grep -q "^$name  counter" ||
            { echo "$name" && return 1; }
    done
}
check "each of $("$skink" stats | wc -l) counters has a meaning" every_counter

# --- A capture under load, and daemons that are not there -------------------

capture killed icmp
pings 2
pid=$(daemon linkd PID)
kill -KILL "$pid"
check "linkd is killed and back" wait_until 5 replaced linkd "$pid"
pings 5
check "and the capture goes on" wait_until 2 seen killed 'echo re' 1
finish killed

pid=$(daemon tcpd PID)
kill -STOP "$pid"
has "tcpd stands still: conns" "^ESTAB .* $stack:5002" conns
has "tcpd stands still: stats" '^tcp.in.segs +[1-9]' stats
has "tcpd stands still: status" "^tcpd .* $pid " status
kill -CONT "$pid"
same "and goes on" "$pid" "$(daemon tcpd PID)"

check "the transfer has gone on all the time" \
    kill -0 "${started[transfer]}"
same "and has nothing to complain of" "" "$(cat "$work/transfer")"
exec 9>&-
