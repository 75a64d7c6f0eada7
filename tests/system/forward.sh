#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
claim "packets pass from link to link, and from instance to instance"

pings() { kernel ping -q -n -c 5 -i 0.02 -W 2 "$@"; }
silent() { ! kernel ping -q -n -c 1 -W 1 "$1"; }
fragments() {
    kernel ping -q -n -c 20 -i 0.01 -W 2 -s 3000 10.30.0.2 |
        grep -q ' 0% packet loss'
}

"$skink" up --netns --link veth --link veth:veth1 --addr 10.8.0.2/24 \
    --link "pair:$work/pair" --addr 10.30.0.1/24 --forward \
    >"$work/up" 2>&1 || bail "an instance with three links comes up"
"$skink" -i far up --netns --link "pair:$work/pair" --addr 10.30.0.2/24 \
    --gw 10.30.0.1 >>"$work/up" 2>&1 || bail "the other end comes up"
kernel ip route add 10.30.0.0/24 via 10.7.0.2

for name in linkd linkd1 linkd2; do
    same "$name is ok" ok "$(daemon $name STATE)"
done
same "there is no linkd3" "" "$(daemon linkd3 STATE)"
check "the first link answers" pings 10.7.0.2
check "the second link answers" pings 10.8.0.2
check "the other instance answers through the first one" pings 10.30.0.2
check "also in fragments" fragments

old=$(daemon linkd2 PID)
kill -9 "$old"
check "a linkd is replaced" wait_until 5 replaced linkd2 "$old"
same "and the first one is not" 0 "$(daemon linkd RESTARTS)"
check "packets pass again" pings 10.30.0.2

"$skink" -i far down
check "an end that is gone is silent" silent 10.30.0.2
"$skink" -i far up --netns --link "pair:$work/pair" --addr 10.30.0.2/24 \
    --gw 10.30.0.1 >>"$work/up" 2>&1 || bail "the other end comes again"
check "an end that comes again is there at once" pings 10.30.0.2
"$skink" -i far down
"$skink" down
same "the pair leaves no files" "" "$(find "$work" -name 'pair.*')"
