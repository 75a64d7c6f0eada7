#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
claim "what is configured holds at once, and what is saved comes back"

file=$work/skink.conf

# says TEXT COMMAND...: the command fails and says so, with a hint.
says() {
    local text=$1 output
    shift
    if output=$("$@" 2>&1); then
        not_ok "'${*:2}' is refused"
    elif [[ $output == *"$text"*$'\n'hint:* ]]; then
        ok "'${*:2}' is refused: $text"
    else
        not_ok "'${*:2}' is refused: $text"
        printf '%s\n' "$output" | sed 's/^/#   /'
    fi
}

links() { "$skink" config show | sed -n "s|^\[link \(.*\)\]|\1|p"; }

unreachable() { ! kernel ping -q -c 1 -W 1 "$1"; }

up
check "an address is added" "$skink" addr add 10.8.0.2/24 dev "$(links)"
kernel ip addr add 10.8.0.1/24 dev "$(links)"
check "and answers at once" kernel ping -q -c 1 -W 2 10.8.0.2
check "a route is added" "$skink" route add 10.9.0.0/16 via 10.8.0.1 metric 5
check "an impairment is set" "$skink" impair "$(links)" in delay=1ms,seed=4

says "is there already" "$skink" addr add 10.8.0.2/24
says "is there already" "$skink" route add 10.9.0.0/16 via 10.8.0.1 metric 5
says "is in no network of ours" "$skink" route add 10.9.0.0/16 via 10.77.0.1
says "no such route" "$skink" route del 10.99.0.0/16
says "there is no link" "$skink" impair nowhere off

check "the configuration is saved" "$skink" config save "$file"
check "it is the running one" "$skink" config diff "$file"
check "and it is one" "$skink" config check "$file"
"$skink" config show >"$work/before"

check "the address goes" "$skink" addr del 10.8.0.2/24 dev "$(links)"
check "and does not answer" unreachable 10.8.0.2
same "the route went with it" "" "$("$skink" config show | grep 10.9.0.0)"
same "which is the difference" "-Address=10.8.0.2/24" \
    "$("$skink" config diff "$file" | grep '^-Address')"
check "reload brings both back" "$skink" config reload "$file"
same "as they were" "$(<"$work/before")" "$("$skink" config show)"
check "the address answers again" kernel ping -q -c 1 -W 2 10.8.0.2

sed -i 's/^MTU=.*/MTU=1400/; s/^Forwarding=.*/Forwarding=on/' "$file"
says "MTU cannot change while the instance runs" "$skink" config reload "$file"
same "and nothing was changed" "$(<"$work/before")" "$("$skink" config show)"

"$skink" down
"$skink" up --netns --config "$file" >"$work/up" 2>&1 ||
    bail "the instance comes up from the file"
check "the instance that comes up is the file's" "$skink" config diff "$file"
same "with its MTU and forwarding" "MTU=1400 Forwarding=on" \
    "$("$skink" config show | grep -E '^(MTU|Forwarding)' | sort -r | xargs)"
