# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the system tests share; each sources it, starts its own instance and
# leaves nothing. A test prints "ok" or "not ok" and its claim for each check,
# and exits with 0 when all held, 1 when not, 77 when this machine lacks what
# it needs.
set -euo pipefail
export LC_ALL=C
ulimit -c 0

build=${SKINK_BUILD:?is the build directory, say build/release}
build=$(cd "$build" && pwd)
skink=$build/bin/skink
# shellcheck disable=SC2034 # used by tests
stack=10.7.0.2 host=10.7.0.1 # skink's address, and the kernel's side

work=$(mktemp -d)
export SKINK_RUNDIR=$work/run
declare -A started=() # name: pid of a program in the background
instances=()
checks=0 failures=0

# --- Verdicts --------------------------------------------------------------

claim() { echo "# $*"; }

ok() {
    checks=$((checks + 1))
    echo "ok $checks - $*"
}

not_ok() {
    checks=$((checks + 1))
    failures=$((failures + 1))
    echo "not ok $checks - $*"
}

# check CLAIM COMMAND...: what the command prints belongs to a failure.
check() {
    local text=$1 output
    shift
    if output=$("$@" 2>&1); then
        ok "$text"
    else
        not_ok "$text"
        printf '%s\n' "${output:-failed: $*}" | sed 's/^/#   /'
    fi
}

# same CLAIM EXPECTED ACTUAL
same() {
    if [ "$2" = "$3" ]; then
        ok "$1"
    else
        not_ok "$1"
        printf '#   expected: %s\n#   actual:   %s\n' "$2" "$3"
    fi
}

bail() {
    not_ok "$*"
    exit 1
}

skip() {
    echo "SKIP: $*"
    exit 77
}

# --- Waiting ---------------------------------------------------------------

# wait_until SECONDS COMMAND...: runs it every 10 ms until it succeeds; for
# what sends no event to a shell.
wait_until() {
    local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
        sleep 0.01
    done
}

gone() { ! kill -0 "$1" 2>/dev/null; }

# --- The instance ----------------------------------------------------------

# up [OPTIONS]: in a network of its own, on the link that SKINK_LINK names, else
# on what `skink up` chooses.
up() { up_as default --netns ${SKINK_LINK:+--link "$SKINK_LINK"} "$@"; }

# up_as INSTANCE OPTIONS...
up_as() {
    "$skink" -i "$1" up "${@:2}" >"$work/up" 2>&1 || {
        cat "$work/up" >&2
        bail "the instance comes up"
    }
    instances+=("$1")
}

down() { "$skink" -i "${1:-default}" down; }

# kernel COMMAND...: on the kernel's side of the link.
kernel() { "$skink" exec "$@"; }

status_json() { "$skink" status -j 2>/dev/null; }

# daemon NAME COLUMN: a field of the daemon's line in `skink status`.
daemon() {
    "$skink" status 2>/dev/null | awk -v name="$1" -v column="$2" '
        $1 == "DAEMON" { for (i = 1; i <= NF; i++) at[$i] = i }
        $1 == name { print $at[column] }'
}

# counter NAME [INSTANCE]: its value.
counter() {
    "$skink" -i "${2:-default}" stats -j "^$1\$" | grep -oE '[0-9]+}' | tr -d '}'
}

# valid_json TEXT: by whatever parser there is.
valid_json() {
    if command -v python3 >/dev/null; then
        python3 -m json.tool <<<"$1"
    elif command -v node >/dev/null; then
        node -e 'JSON.parse(require("fs").readFileSync(0, "utf8"))' <<<"$1"
    else
        grep -qzE '^(\{.*\}|\[.*\])\s*$' <<<"$1"
    fi
}

# replaced NAME OLD-PID: another process does its work.
replaced() {
    [ "$(daemon "$1" STATE)" = ok ] && [ "$(daemon "$1" PID)" != "$2" ]
}

# --- Programs in the background --------------------------------------------

# start NAME COMMAND...: until `stop NAME` or the end of the test. Returns when
# the program has printed its first line.
start() {
    local name=$1 fifo=$work/$1.ready
    shift
    mkfifo "$fifo"
    "$@" >"$fifo" &
    started[$name]=$!
    read -r -t 20 _ <"$fifo" || bail "$1 starts"
    rm "$fifo"
}

stop() {
    kill "${started[$1]}" 2>/dev/null || true
    wait "${started[$1]}" 2>/dev/null || true
    unset "started[$1]"
}

answers() { kernel curl -s -o /dev/null --max-time 2 "http://$stack/"; }

# start_httpd [OPTIONS] DIRECTORY: skink's web server on port 80.
start_httpd() {
    "$build/examples/httpd" "$@" >"$work/httpd.log" 2>&1 &
    started[httpd]=$!
    wait_until 10 answers || {
        sed 's/^/#   /' "$work/httpd.log"
        bail "httpd answers"
    }
}

# --- Bytes -----------------------------------------------------------------

# random_bytes COUNT [SEED]: on stdout, the same for the same seed.
random_bytes() {
    head -c "$1" /dev/zero |
        openssl enc -aes-128-ctr -nosalt -iv 0 \
            -K "$(printf '%032x' "${2:-1}")" 2>/dev/null
}

# digest [FILE]: SHA-256 of the file or of stdin.
digest() { openssl dgst -sha256 -r "$@" | cut -d' ' -f1; }

# fetch PATH [CURL OPTIONS]: from httpd to stdout.
fetch() {
    local path=$1
    shift
    kernel curl -sS --max-time 60 "$@" "http://$stack/$path"
}

# --- The end ---------------------------------------------------------------

said_by_instances() {
    local log
    for log in "$SKINK_RUNDIR"/*/log; do
        [ -s "$log" ] || continue
        echo "# $log:"
        tail -n 30 "$log" | sed 's/^/#   /'
    done
}

clean_up() {
    local status=$? name
    trap - EXIT
    set +e
    for name in "${!started[@]}"; do
        stop "$name"
    done
    [ "$failures" -eq 0 ] || said_by_instances
    for name in "${instances[@]}"; do
        down "$name" 2>/dev/null
    done
    rm -rf "$work"
    [ "$status" -ne 0 ] || echo "1..$checks"
    [ "$failures" -eq 0 ] || status=1
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
