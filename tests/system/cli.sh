#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The command as people meet it: what it prints, what it exits with, and that
# an error is one line and a hint. With the real daemons, in private namespaces.
set -euo pipefail

skink=${SKINK_BUILD:?names the build directory}/bin/skink
if [ -z "${CLI_INSIDE:-}" ]; then
    flags=(-pf --mount-proc --kill-child -n)
    [ "$(id -u)" -eq 0 ] || flags=(-Ur "${flags[@]}")
    CLI_INSIDE=1 exec unshare "${flags[@]}" bash "$0"
fi
(: <>/dev/net/tun) 2>/dev/null || exit 77

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export SKINK_RUNDIR=$dir/run
ip link set lo up
failures=0

fail() {
    echo "cli: $*" >&2
    sed 's/^/    /' "$dir/out" "$dir/err" >&2
    failures=$((failures + 1))
}

# expect STATUS OUT ERR ARGS...: OUT and ERR are extended regular expressions of
# which stdout and stderr must have a line; '' means that there is none at all.
expect() {
    local status=$1 out=$2 err=$3 got=0
    shift 3
    "$skink" "$@" >"$dir/out" 2>"$dir/err" || got=$?
    [ "$got" -eq "$status" ] || fail "skink $*: exit $got, not $status"
    if [ -n "$out" ]; then
        grep -qE -- "$out" "$dir/out" || fail "skink $*: no '$out' on stdout"
    elif [ -s "$dir/out" ]; then
        fail "skink $*: stdout is not empty"
    fi
    if [ -n "$err" ]; then
        grep -qE -- "$err" "$dir/err" || fail "skink $*: no '$err' on stderr"
    elif [ -s "$dir/err" ]; then
        fail "skink $*: stderr is not empty"
    fi
    [ "$(wc -l <"$dir/err")" -le 2 ] || fail "skink $*: too many words"
}

pid_of() { "$skink" status | awk -v d="$1" '$1 == d { print $3 }'; }

# await COMMAND...: within five seconds.
await() {
    for _ in $(seq 500); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.01
    done
    fail "not in time: $*"
}

# --- Without an instance
expect 0 '^Usage: skink' '' help
expect 0 '^Usage: skink' '' --help
expect 0 '^skink [0-9.]+$' '' --version
expect 2 '' "^hint: 'skink help'"
expect 2 '' "unknown command 'stauts'" stauts
expect 2 '' "did you mean '--netns'" up --ntns
expect 2 '' "did you mean '--instance'" status --instnce lab
expect 2 '' "unknown option '--colour'$" status --colour
expect 2 '' "^skink: '../x' is not a name for an instance" -i ../x status
expect 2 '' '^hint: take up to 32 letters' -i ../x status
expect 2 '' 'is longer than 32 letters' -i "$(printf 'x%.0s' {1..33})" status
SKINK_RUNDIR=here expect 2 '' "SKINK_RUNDIR is 'here', which is not" status
SKINK_RUNDIR=here expect 2 '' "^hint: begin it with '/'" status
expect 3 '' "^skink: instance 'default' is not running" status
expect 3 '' "^hint: start it with '(sudo )?skink up" status
expect 3 '' "^hint: .*'(sudo )?skink -i lab up'" -i lab status
expect 3 '' "instance 'lab' is not running" status -i lab
SKINK_INSTANCE=other expect 3 '' "instance 'other' is not running" status
SKINK_INSTANCE=other expect 3 '' "instance 'lab' is not running" -i lab status
expect 3 '' "^skink: instance 'default' is not running" down
[ "$(wc -l <"$dir/err")" -eq 1 ] || fail "down gives advice on starting"
expect 3 '' "instance 'lab' is not running" -i lab restart tcpd
expect 3 '' 'not running' exec true
expect 0 '^tcp.retrans.segs  counter' '' stats --explain tcp.retrans.segs
expect 1 '' 'there is no counter' stats --explain tcp.nothing
expect 0 '^\{"name":"tcp.retrans.segs",' '' stats -j --explain tcp.retrans.segs
expect 1 '' "no counter's name matches 'nosuch'" stats nosuch
expect 2 '' 'PATTERN is one as of grep -E' stats '*bad('
expect 0 'usage: skink up' '' up --help
expect 0 'usage: skink status' '' help status
expect 0 'usage: skink status' '' --help status
expect 0 '^  exec COMMAND' '' help help
expect 0 'SKINK_INSTANCE' '' help
expect 0 "$SKINK_RUNDIR/INSTANCE/log" '' help
expect 2 '' "unknown command 'nosuch'" help nosuch

# --- What cannot be
expect 2 '' 'is not an address with a prefix' up --addr 10.7.0.2
expect 2 '' 'is not in the network of' up --addr 10.7.0.2/24 --gw 10.8.0.1
expect 2 '' "unknown link 'eth'" up --link eth
expect 2 '' '--mtu' up --mtu 1
expect 2 '' '--cpus' up --cpus 1023
expect 1 '' 'is not a TAP device' up --link tap:lo
ip addr add 10.7.0.2/32 dev lo
expect 1 '' 'already belongs to interface lo' up
ip addr del 10.7.0.2/32 dev lo
ip addr add 10.7.0.1/32 dev lo
expect 1 '' '^skink: the gateway 10.7.0.1 already belongs' up
ip addr del 10.7.0.1/32 dev lo
SKINK_RUNDIR=$dir/$(printf 'x%.0s' {1..90}) expect 1 '' 'too long' status
SKINK_LIBEXEC=$dir expect 1 '' "cannot start $dir/linkd" up
[ ! -e "$SKINK_RUNDIR" ] || fail "a failed up leaves a directory behind"
[ "$(ip -br link | wc -l)" -eq 1 ] || fail "a device was left behind"

# --- A running instance
expect 0 '^default up  10.7.0.2/24 gw 10.7.0.1  tap0 1500  pid' '' up
expect 1 '' "already running \(pid [0-9]+\)" up
expect 1 '' 'tap0 is in use' -i two up
expect 0 '^tcpd +ok ' '' status
expect 0 '^linkd>ipd +[0-9]+ +[0-9]+/[0-9]+' '' status
expect 0 '"name":"tcpd","state":"ok"' '' -j status
expect 0 '"name":"tcpd","state":"ok"' '' status -j
expect 0 '^tcp.in.segs +0$' '' stats tcp.in
expect 0 '"tcp.in.segs":0' '' stats -j
expect 2 '' 'not a regular expression' stats '('
expect 2 '' "did you mean 'tcpd'" restart tcp
expect 2 '' "no daemon 'nginx'" restart nginx
expect 2 '' 'usage: skink restart' restart
expect 0 'tap0 +UNKNOWN' '' exec ip -br link
expect 127 '' 'No such file' exec no-such-program
expect 127 '' '^hint: it is not in PATH' exec no-such-program
expect 126 '' 'Permission denied' exec /etc/passwd
expect 126 '' '^hint: make it executable' exec /etc/passwd
expect 126 '' 'cannot execute /etc: Is a directory' exec /etc
expect 126 '' '^hint: name a program in it' exec /etc
expect 0 "^default $SKINK_RUNDIR$" '' exec \
    sh -c 'echo "$SKINK_INSTANCE" "$SKINK_RUNDIR"'
expect 0 '"opened":0,"reset":0' '' status -j
expect 0 "\"log\":\"$SKINK_RUNDIR/default/log\"" '' status -j
expect 0 '^default  up ' '' status -i default
expect 3 '' '^hint: these are running: default$' -i lab down
expect 7 '' '' exec sh -c 'exit 7'

expect 0 '^tcpd restarted, .* ms outage; no connection was open$' '' restart tcpd
expect 0 '^\{"daemon":"tcpd","result":"tcpd restarted' '' restart tcpd -j
for daemon in linkd ipd tcpd apid; do
    expect 0 "^$daemon restarted, [0-9.]+ ms outage" '' restart $daemon
done
before=$(pid_of linkd)
kill -KILL "$(pid_of ipd)"
# shellcheck disable=SC2016 # $1 and $5 are awk's
await sh -c "$skink status | awk '\$1 == \"ipd\" && \$2 == \"ok\" && \$5 == 2 { f = 1 } END { exit !f }'"
expect 0 '^ipd +ok .* SIGKILL, [0-9.]+ ms outage' '' status
grep -qE '^20[0-9-]+T[0-9:.]+Z skink: ipd ended: SIGKILL$' \
    "$SKINK_RUNDIR/default/log" || fail "the log does not say when ipd ended"
[ "$(pid_of linkd)" = "$before" ] || fail "linkd was replaced with ipd"

# --- Words that are not understood: refuse STATUS TEXT ARGS...
refuse() {
    expect "$1" '' "^skink: .*$2" "${@:3}"
    grep -q '^hint: ' "$dir/err" || fail "skink ${*:3}: no hint"
}

refuse 2 "'10.7.0.300/24' is not an address with" -i two up --addr 10.7.0.300/24
refuse 2 "option '--addr' needs a value" up --addr
refuse 2 "'x' is not an address" up --gw x
refuse 2 "which one\? 'packet' alone" up --link packet
refuse 2 "'rel' is not an absolute path" up --link pair:rel
refuse 2 'cannot be the name of an interface' up --link tap:much-too-long-a-name
refuse 2 "'maybe' is not a switch" up --offloads maybe
refuse 2 "'x' is not a chance from 0% to 100%" up --impair loss=x
refuse 2 "'nosuch' is no impairment" up --impair nosuch=1
refuse 2 "'5' is not a time of up to a minute" up --impair delay=5
refuse 2 "'1X' is not a rate" up --impair rate=1X
refuse 2 "'x' is not a network" up --route x
refuse 2 'a route needs a gateway or a link' up --route 10.0.0.0/8
refuse 2 '1 comes after 0' up --cpus 1-0
refuse 2 "'70000' is not a number from 576 to 65535" up --mtu 70000
refuse 2 "unexpected operand 'operand'" up operand
expect 1 '' '^skink: cannot read /no/file: No such file' up --config /no/file

refuse 2 "after 'state' stands" conns state
refuse 2 "after 'state' stands" conns 'state nosuch'
refuse 2 "stands a port, 0 to 65535" conns dport = x
refuse 2 'a condition begins with' conns '('
refuse 2 "unknown option '-z'" conns -z
refuse 2 "routes takes nothing, or 'get ADDR'" routes get
refuse 2 "'nowhere' is not an address" routes get nowhere
refuse 2 "unexpected operand 'x'" neigh x
refuse 2 "unexpected operand 'x'" links x
refuse 2 "unexpected operand 'x'" top x
refuse 2 'ping needs an address' ping
refuse 2 "'nowhere' is not an address" ping nowhere
refuse 2 'is not a number of seconds' ping --interval 0 10.7.0.1
expect 2 '' "'70000' is not a number from 0 to 65507" ping -s 70000 10.7.0.1
refuse 1 "there is no link or ring 'nosuch'" capture --on nosuch
refuse 2 "'tcp prt 80' is no filter" capture 'tcp prt 80'
expect 1 '' 'cannot write /no/file: No such file' capture -w /no/file

refuse 2 "config has no 'chek' \(did you mean 'check'\?\)" config chek
refuse 2 'show takes no file' config show x
refuse 1 'cannot write /no/file' config save /no/file
expect 1 '' 'cannot read /no/file' config check /no/file
refuse 2 'add or del\?' route
refuse 2 'the first word is add or del' route nosuch
refuse 2 'a route to where\?' route add
refuse 2 "'via' is followed by nothing" route add default via
refuse 2 "a route has no 'foo'" route add default foo bar
refuse 1 'a route needs a gateway or a link' route add default
refuse 1 'is there already' route add default via 10.7.0.1
refuse 1 'there is no such route' route del 10.9.0.0/16
refuse 2 'which address, on which link\?' addr add
refuse 1 "there is no link 'nosuch'" addr add 10.9.0.1/24 dev nosuch
refuse 1 'there is no address 10.9.0.1/24' addr del 10.9.0.1/24
refuse 1 '10.7.0.2 is there already' addr add 10.7.0.2/24
refuse 2 'which link\?' impair
refuse 1 "there is no link 'nosuch'" impair nosuch off
refuse 2 'in or out\?' impair tap0 up loss=1%
refuse 2 "'101%' is not a chance" impair tap0 in loss=101%
expect 0 '^tap0 in off$' '' impair tap0

# --- A second instance in its own network, a dead supervisor, the end
expect 0 '^lab up ' '^hint: run programs' -i lab up --netns
expect 0 'tap0 +UNKNOWN' '' -i lab exec ip -br link
expect 0 '' '' -i lab down
kill -KILL "$(cat "$SKINK_RUNDIR/default/lock")"
await sh -c "! $skink status"
expect 3 '' 'not running' status
expect 0 '^default up ' '' up
expect 0 '' '' down
expect 3 '' 'not running' status
expect 0 '^default up ' '' up --cpus none --mtu 9000
expect 0 ' tap0 9000$' '' status
expect 0 '' '' down
[ "$(ip -br link | wc -l)" -eq 1 ] || fail "a device was left behind"

[ "$failures" -eq 0 ] || { echo "cli: $failures failed" >&2; exit 1; }
echo "cli: all as promised"
