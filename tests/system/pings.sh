#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
claim "pings of any size, in fragments too, over links of any MTU; and skink's own"

sizes=(0 1 8 55 56 1000 1471 1472 1473 8000 65507)

# flood COUNT SIZE: each is answered. ping gives the last ones hardly more time than
# they took so far, so that skink's counter is what is looked at.
flood() {
    local all=$(($(counter icmp.out.echo_reps) + $1))
    kernel ping -n -q -f -c "$1" -s "$2" "$stack" || true
    wait_until 5 has_answered "$all"
}

has_answered() { [ "$(counter icmp.out.echo_reps)" -eq "$1" ]; }

# every_size COMMAND...: a ping of each. One at a time: once the kernel's has had
# an answer, it waits for others hardly longer than that one took.
every_size() {
    local size said
    for size in "${sizes[@]}"; do
        said=$("${@:1:$#-1}" -s "$size" "${!#}" 2>&1) || {
            echo "$size bytes: $said"
            return 1
        }
    done
}

in_both_directions() { # WHAT
    check "$1: the kernel pings skink" \
        every_size kernel ping -n -q -c 1 -W 2 "$stack"
    check "$1: skink pings the kernel" \
        every_size "$skink" ping -q -c 1 -W 2 "$host"
    check "$1: skink pings itself" \
        every_size "$skink" ping -q -c 1 -W 2 "$stack"
}

# fragments CLAIM ANSWER REASON COUNT PIECE...: so many of them are dropped for
# that reason.
fragments() {
    local before
    before=$(counter "ip.drop.$3")
    same "$1" "$2" "$(kernel "$build/tests/system/fragments" "$stack" "${@:5}")"
    same "$1: $3" $((before + $4)) "$(counter "ip.drop.$3")"
}

# said COMMAND...: the line about the first ping, without times.
said() { "$@" 2>/dev/null | sed -n '2{s/ time=.*//;p}'; }

# All of one source that may wait for the rest, and one more.
too_many() {
    printf 'new 0+1000+ %.0s' 1 2 3 4 5 6 7 8 9
}

for mtu in 576 9000 1500; do
    for offloads in off on; do
        up --mtu "$mtu" --offloads "$offloads"
        in_both_directions "mtu $mtu, offloads $offloads"
        [ "$mtu$offloads" = 1500on ] || down
    done
done

check "flood of 2000 pings" flood 2000 56
check "flood of 1000 full pings" flood 1000 1472
check "flood of 200 pings in six fragments" flood 200 8000

fragments "in order" reply frag_overlap 0 0+1000+ 1000+1000
fragments "the last one first" reply frag_overlap 0 1000+1000 0+1000+
fragments "one comes twice" reply frag_duplicate 1 0+1000+ 0+1000+ 1000+1000
fragments "two overlap" silence frag_overlap 1 0+1000+ 992+1008
fragments "one lies in another" silence frag_overlap 2 \
    0+1000+ 200+96+ 1000+1000
fragments "two ends" silence frag_overlap 1 1992+8 2000+8
fragments "a length that is no multiple of 8" silence frag_bad 1 0+1001+
fragments "beyond the longest packet" silence frag_bad 1 65528+1000
# shellcheck disable=SC2046 # words
fragments "too many unfinished ones" silence frag_quota 1 $(too_many)
fragments "and good ones again" reply frag_overlap 0 0+1000+ 1000+1000

same "an answer is a line" "64 bytes from $host: icmp_seq=1 ttl=64" \
    "$(said "$skink" ping -c 1 "$host")"
same "a neighbour that is not there" \
    "icmp_seq=1 Destination Host Unreachable" \
    "$(said timeout 5 "$skink" ping -c 1 -W 4 10.7.0.77)"
"$skink" route del default
same "a network without route" "icmp_seq=1 Network is unreachable" \
    "$(said "$skink" ping -c 1 192.0.2.1)"
same "no answer is a failure" 1 \
    "$("$skink" ping -q -c 1 192.0.2.1 >/dev/null 2>&1 || echo $?)"
