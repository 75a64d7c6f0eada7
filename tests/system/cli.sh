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
expect 0 '^ipd +ok .* SIGKILL, [0-9.]+ ms outage' "^hint: .*/default/log$" status
grep -qE '^20[0-9-]+T[0-9:.]+Z skink: ipd ended: SIGKILL$' \
    "$SKINK_RUNDIR/default/log" || fail "the log does not say when ipd ended"
[ "$(pid_of linkd)" = "$before" ] || fail "linkd was replaced with ipd"

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
