#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
claim "a configuration file, checked, started with, changed, compared and saved"

file=$work/skink.conf
flow=$build/bench/flow
kind=tap
(: <>/dev/net/tun) 2>/dev/null || kind=veth

write_file() {
    cat >"$file" <<TXT
# everything that can be said
[stack]
Instance=lab
Forwarding=on            ; also behind a value

[link near]
Type=$kind
Address=10.7.0.2/24
Address=10.7.0.3/24
MTU=1400
Offloads=off
Impair=out:delay=1ms,seed=5

[link away]
Type=$kind
Address=10.8.0.2/24

[route]
Default=10.7.0.1
Route=192.0.2.0/24 via 10.8.0.1 metric 7 mtu 1280
Route=198.51.100.0/24 dev away

[tcp]
CongestionControl=reno
SendBuffer=256K
ReceiveBuffer=1M

[supervise]
TXT
}

# --- What a file may not say -----------------------------------------------

# refuses LINES ERROR: a file of these lines; the error says where and what.
refuses() {
    local status=0 said
    printf '%b\n' "$1" >"$work/bad.conf"
    said=$("$skink" config check "$work/bad.conf" 2>&1 >/dev/null) || status=$?
    same "refused: ${1//\\n/ | }" "1 bad.conf:$2" "$status ${said#"$work/"}"
}

refuses '[stack]\nAdress=1' "2: unknown key 'Adress' in [stack]"
refuses '[link tap0]\nAdress=10.7.0.2/24' \
    "2: unknown key 'Adress' in [link tap0] (did you mean 'Address'?)"
refuses '[lnk tap0]' "1: unknown section 'lnk' (did you mean 'link'?)"
refuses 'MTU=1500' "1: 'MTU' stands before any section"
refuses '[stack' "1: a section ends with ']'"
refuses '[link]' "1: a link needs a name (write it like [link tap0])"
refuses '[tcp x]' "1: [tcp] has no name (write it alone)"
refuses '\n\n[stack]\nnonsense' "4: 'nonsense' is neither Key=value nor [section]"
refuses '[link a]\nMTU=100' \
    "2: MTU: '100' is not a number from 576 to 65535 (write it in digits alone)"
refuses '[link a]\nOffloads=maybe' \
    "2: Offloads: 'maybe' is not a switch (write on or off)"
refuses '[link a]\nAddress=10.7.0.0/24' \
    "2: Address: 10.7.0.0/24 is the network's own or its broadcast address (choose another address of that network)"
refuses '[link a]\nType=carrier-pigeon' \
    "2: Type: unknown link 'carrier-pigeon' (there are tap[:NAME], veth[:NAME], packet:IF and pair:PATH)"
refuses '[link a]\nImpair=loss=200%' \
    "2: Impair: '200%' is not a chance from 0% to 100% (write it like 2% or 0.5%)"
refuses '[link a]\n[link a]' \
    "2: there are two links 'a' (give each a name of its own)"
refuses '[route]\nDefault=here' \
    "2: Default: 'here' is not an address (write the gateway like 10.7.0.1, or none)"
refuses '[route]\nRoute=10.0.0.1/8 via 10.7.0.1' \
    "2: Route: 10.0.0.1/8 has bits set behind its prefix (did you mean 10.0.0.0/8?)"
refuses '[tcp]\nSendBuffer=1G' \
    "2: SendBuffer: '1G' is not a size from 4096 to 4063232 bytes (write bytes, like 65536, 64K or 4M)"
refuses '[tcp]\nCongestionControl=cubic' \
    "2: CongestionControl: cubic is not there yet (write reno)"
refuses '[supervise]\nRestartDelay=0ms' \
    "2: [supervise] is reserved: this version has no keys in it"

printf '[stack]\nX=1\n[tcp]\nY=2\n' >"$work/bad.conf"
same "all errors of a file are told" 2 \
    "$("$skink" config check "$work/bad.conf" 2>&1 | grep -c 'unknown key')"
check "and nothing starts with it" \
    [ "$("$skink" up --netns --config "$work/bad.conf" 2>&1 | wc -l)" -le 2 ]

# --- A file in use ---------------------------------------------------------

lab() { "$skink" -i lab "$@"; }

# shows TEXT: a line of what runs.
shows() { lab config show | grep -qxF -- "$1"; }

same_as_file() { check "$1" lab config diff; }

# silent CLAIM COMMAND...: the command does it and has nothing to say.
silent() {
    local text=$1 said status=0
    shift
    said=$("$@" 2>&1) || status=$?
    same "$text" "0 " "$status $said"
}

edit() { # SED-SCRIPT: of the file, which is then taken over
    sed -i "$1" "$file"
    check "the file differs: $1" differs
    silent "reload takes it over" lab config reload
    same_as_file "and there is no difference any more"
}

differs() { ! lab config diff; }

# refused CLAIM STATUS WORDS COMMAND...
refused() {
    local status=0 said
    said=$(lab "${@:4}" 2>&1 >/dev/null) || status=$?
    same "$1" "$2 $3" "$status $(sed -n '1s/^skink: //p' <<<"$said")"
    check "$1: with a hint" grep -q '^hint: ' <<<"$said"
}

write_file
same "the file is good" "$file: ok" "$("$skink" config check "$file")"
up_as lab --netns --config "$file"
same_as_file "what runs is what the file says"
lab config save "$work/saved" >"$work/path"
same "save tells where" "$work/saved" "$(<"$work/path")"
check "what was saved is good" "$skink" config check "$work/saved"
check "and is what runs" lab config diff "$work/saved"

"$flow" serve -i lab 10.7.0.2 5001 >"$work/ready" &
started[flow]=$!
wait_until 10 grep -q ready "$work/ready" || bail "flow starts"
lab exec "$flow" send --kernel --verify --seconds 2 10.7.0.2 5001 \
    >"$work/rate" 2>"$work/transfer" &
transfer=$!

edit 's/10.7.0.3/10.7.0.4/'
check "the new address answers" lab exec ping -n -q -c 1 -W 2 10.7.0.4
check "the old one does not" [ "$(lab exec ping -n -c 1 -W 1 10.7.0.3 \
    >/dev/null 2>&1 || echo $?)" = 1 ]
edit 's/^Forwarding=on/Forwarding=off/'
edit 's/metric 7/metric 8/'
edit 's/^Impair=.*/Impair=delay=2ms,seed=1/'
check "2 ms each way are felt" \
    awk -v ms="$(lab exec ping -n -c 3 -i 0.01 10.7.0.4 |
        sed -n 's|^rtt [^=]*= \([0-9.]*\)/.*|\1|p')" 'BEGIN { exit ms < 4 }'
edit '/^Impair=/d'
edit 's/256K/128K/'

sed -i 's/^MTU=1400/MTU=1500/' "$file"
refused "what cannot change is refused" 1 \
    "near's MTU cannot change while the instance runs; nothing was changed" \
    config reload
sed -i 's/^MTU=1500/MTU=1400/' "$file"

silent "a route is added" lab route add 203.0.113.0/24 via 10.7.0.9
check "and there" shows "Route=203.0.113.0/24 via 10.7.0.9 dev near"
check "and used" [ "$(lab routes get 203.0.113.5 | cut -d' ' -f1-5)" = \
    "203.0.113.5 via 10.7.0.9 dev near" ]
refused "twice is too often" 1 \
    "a route to 203.0.113.0/24 with metric 0 is there already" \
    route add 203.0.113.0/24 via 10.7.0.9
silent "a route is taken away" lab route del 203.0.113.0/24
refused "what is not there cannot go" 1 \
    "there is no such route to 203.0.113.0/24" \
    route del 203.0.113.0/24
refused "a gateway out of reach" 1 \
    "the gateway 172.16.0.1 is in no network of ours" \
    route add 203.0.113.0/24 via 172.16.0.1
refused "a link that is not there" 1 "there is no link 'tap9'" \
    route add 203.0.113.0/24 dev tap9
silent "an address is added" lab addr add 10.8.0.9/24 dev away
check "and there" shows "Address=10.8.0.9/24"
refused "no address twice" 1 "10.8.0.9 is there already" \
    addr add 10.8.0.9/24 dev away
silent "an address is taken away" lab addr del 10.8.0.9/24 dev away
refused "nor taken away twice" 1 \
    "there is no address 10.8.0.9/24 on that link" \
    addr del 10.8.0.9/24 dev away
same_as_file "all is as the file says again"

wait "$transfer" && status=0 || status=$?
same "the transfer has noticed nothing" 0 "$status"
echo "#   $(cat "$work/transfer" "$work/rate")"

silent "its address goes" lab addr del 10.7.0.2/24 dev near
check "save keeps the old file" lab config save
check "as FILE~" grep -q 'Address=10.7.0.2/24' "$file~"
check "and writes the new one" [ "$(grep -c 'Address=10.7.0.2/24' "$file")" = 0 ]
same_as_file "which is what runs"
