#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Do the proofs that docs/rfc9293.md and docs/faults.md name exist: functions as
# file:function, scripts of segments as NAME.tcp?
#
#   tests/proofs.sh               prints "FILE:LINE: what is wrong", exit 1
#   tests/proofs.sh --self-test   plants what does not exist and looks for it
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "$0")/.." && pwd)
docs=(docs/rfc9293.md docs/faults.md)

# A function's name starts the line of its definition; in headers, tables and
# scripts the name alone must occur.
defines() {
    case $1 in
    *.c) grep -qE "^$2\(" "$1" ;;
    *) grep -qw -- "$2" "$1" ;;
    esac
}

check_functions() {
    local doc=$1 line file name
    grep -noE '[A-Za-z0-9_./-]+\.(c|h|def|sh):[A-Za-z_][A-Za-z0-9_]*' "$doc" |
        while IFS=: read -r line file name; do
            if [ ! -e "$file" ]; then
                echo "$doc:$line: no file $file"
            elif ! defines "$file" "$name"; then
                echo "$doc:$line: no $name in $file"
            fi
        done
}

check_scripts() {
    local doc=$1 line name
    grep -noE '[A-Za-z0-9_.-]+\.tcp\b' "$doc" |
        while IFS=: read -r line name; do
            [ -e "tests/script/$name" ] || echo "$doc:$line: no script $name"
        done
}

check_all() {
    local doc
    for doc in "$@"; do
        check_functions "$doc"
        check_scripts "$doc"
    done
}

self_test() {
    local found failures=0
    planted=$(mktemp)
    trap 'rm -f "$planted"' EXIT
    printf '%s\n' 'base/absent.c:planted' 'base/check.c:planted' \
        '3.1-planted.tcp' 'base/check.c:check_failed' >"$planted"
    found=$(check_all "$planted")
    for message in '1: no file base/absent.c' '2: no planted in base/check.c' \
        '3: no script 3.1-planted.tcp'; do
        grep -qF "$planted:$message" <<<"$found" || {
            echo "self-test: '$message' was not found"
            failures=1
        }
    done
    [ "$(wc -l <<<"$found")" -eq 3 ] || {
        echo "self-test: more was found than was planted: $found"
        failures=1
    }
    [ "$failures" -eq 0 ] || exit 1
    echo "proofs self-test: all that was planted was found"
}

cd "$here"
if [ "${1:-}" = --self-test ]; then
    self_test
else
    found=$(check_all "${docs[@]}")
    [ -z "$found" ] || { echo "$found" >&2; exit 1; }
    echo "proofs: all that ${docs[*]} name exist"
fi
