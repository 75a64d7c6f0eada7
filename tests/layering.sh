#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Rules about the sources that no compiler checks: who may include whom, which
# system headers a pure module may use, sizes, licence lines, unfinished work,
# and that docs/map.md points at things that exist.
#
#   tests/layering.sh [ROOT]        prints "FILE:LINE: what is wrong", exit 1
#   tests/layering.sh --self-test   plants each violation in a copy, looks for it
# shellcheck disable=SC2016 # awk programs hold no shell variables
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "$0")/.." && pwd)
parts=(base proto linkd ipd tcpd libclient ctl tests bench)

c_files() {
    find "${parts[@]}" -name '*.[ch]' -type f 2>/dev/null | sort || true
}

# All that people write here, whatever the language.
text_files() {
    find "${parts[@]}" cmake docs dev .ci ./*.md CMakeLists.txt -type f \
        ! -name '*.pcap' ! -path 'tests/fuzz/corpus/*' 2>/dev/null | sort || true
}

# --- Include arrows and system headers -------------------------------------

# module: what it may include besides itself. "any" is everything. The last
# rule that matches a path decides which module it is in.
arrows='
base                base/
base/os             base/os/             base
proto/drops         proto/drops          base
proto/wire          proto/wire/          base proto/drops
proto/shm           proto/shm/           base proto/drops proto/wire/addr.h proto/wire/be.h proto/wire/net.h
proto/api           proto/api/
linkd               linkd/               base proto/drops base/os proto/shm proto/wire
ipd                 ipd/                 base proto/drops base/os proto/shm ipd/core
ipd/core            ipd/core/            base proto/drops proto/wire
tcpd                tcpd/                base proto/drops base/os proto/shm tcpd/core
tcpd/core           tcpd/core/           base proto/drops proto/wire
tcpd/api            tcpd/api/            base proto/drops base/os proto/shm proto/api
libclient           libclient/           base proto/drops base/os/fdpass.h base/os/rundir.h proto/shm proto/api proto/wire/addr.h
libclient/examples  libclient/examples/  libclient/client.h
ctl                 ctl/                 base proto/drops base/os proto/shm proto/api proto/wire
tests               tests/               any
bench               bench/               any
'

check_includes() {
    c_files | xargs -r awk -v arrows="$arrows" '
    function module_of(path,   i, found) {
        if (path ~ /^[a-z_]+\.pb-c\.h$/)
            return "proto/api"
        for (i = 1; i <= modules; i++)
            if (index(path, prefix[i]) == 1)
                found = name[i]
        return found
    }
    function bad(what) {
        printf "%s:%d: %s\n", FILENAME, FNR, what
    }
    function check_own(from, header,   to) {
        to = module_of(header)
        if (to == "")
            bad("\"" header "\" is not a path from the root")
        else if (to != from && !((from, to) in may) &&
                 !((from, header) in may) && !((from, "any") in may))
            bad(from " must not include " header)
    }
    function check_system(from, header) {
        if (header ~ /^skink\//)
            check_own(from, "libclient/client.h")
        if (header == "stdatomic.h" && from !~ /^(proto\/shm|tests)$/)
            bad("C11 atomics live in proto/shm alone")
        if (header ~ /^(zmq\.h|protobuf-c\/)/ &&
            from !~ /^(tcpd\/api|libclient|ctl|tests|bench)$/)
            bad("ZeroMQ and protobuf end in apid, libclient and ctl")
        if (from ~ /^(ipd\/core|tcpd\/core|proto\/wire)$/ &&
            header !~ /^(stdint|stdbool|stddef|string|assert|limits|stdalign|inttypes)\.h$/)
            bad("a pure module must not include <" header ">")
        if (from == "base" && header ~ /\// || from == "base" &&
            header ~ /^(fcntl|poll|pthread|sched|signal|dlfcn)\.h$/)
            bad("base is the C library only, not <" header ">")
    }
    BEGIN {
        rows = split(arrows, row, "\n")
        for (r = 1; r <= rows; r++) {
            words = split(row[r], word, " ")
            if (words < 2)
                continue
            name[++modules] = word[1]
            prefix[modules] = word[2]
            for (w = 3; w <= words; w++)
                may[word[1], word[w]]
        }
    }
    /^[ \t]*#[ \t]*include[ \t]*["<]/ {
        from = module_of(FILENAME)
        split($0, piece, /["<>]/)
        if ($0 ~ /include[ \t]*"/)
            check_own(from, piece[2])
        else
            check_system(from, piece[2])
    }'
}

# --- Sizes, licence lines, unfinished work ---------------------------------

check_length() {
    text_files | grep -E '\.([ch]|sh|py)$|^dev$' | xargs -r awk '
        FNR == 501 { print FILENAME ":501: longer than 500 lines: two ideas" }'
}

check_licence() {
    c_files | xargs -r awk '
        FNR == 1 && $0 != "/* SPDX-License-Identifier: MIT */" {
            print FILENAME ":1: the SPDX line is missing"
        }'
    text_files | grep -E '\.(sh|py|proto|def|cmake)$|CMakeLists|^dev$|^.ci/' |
        while read -r file; do
            head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' ||
                echo "$file:1: the SPDX line is missing"
        done
}

# Brackets keep the patterns from finding themselves.
check_words() {
    text_files | xargs -r grep -HnIwE '[T]ODO|[F]IXME|[X]XX|[H]ACK' |
        cut -d: -f1,2 | sed 's/$/: unfinished work/' || true
    text_files | xargs -r grep -HnIiE \
        '\b([s]ession|[i]ssue) ?#?[0-9]+\b|\.\./[s]hared|[A]I agent|[l]anguage model' |
        cut -d: -f1,2 | sed 's/$/: how work is organised is not said here/' || true
}

# --- docs/map.md -----------------------------------------------------------

# A function's name starts the line of its definition; in headers, tables and
# scripts the name alone must occur.
defines() {
    case $1 in
    *.c) grep -qE "^$2\(|^(static )?(const )?(struct|enum|union) $2\b|^# *define $2\b|\b$2(\[.*\])? = " "$1" ;;
    *) grep -qw -- "$2" "$1" ;;
    esac
}

check_map() {
    [ -e docs/map.md ] || return 0
    local entries entry line file name
    entries=$(grep -noE '[A-Za-z0-9_./-]+\.(c|h|def|proto|sh):[A-Za-z_][A-Za-z0-9_]*' \
        docs/map.md || true)
    if [ -z "$entries" ]; then
        echo "docs/map.md:1: names no file:function"
        return 0
    fi
    while IFS=: read -r line file name; do
        entry="docs/map.md:$line"
        if [ ! -e "$file" ]; then
            echo "$entry: no file $file"
        elif ! defines "$file" "$name"; then
            echo "$entry: no $name in $file"
        fi
    done <<<"$entries"
}

check_all() {
    check_includes
    check_length
    check_licence
    check_words
    check_map
}

# --- Self-test -------------------------------------------------------------

spdx='/* SPDX-License-Identifier: MIT */'
failures=0

# expect PLANTED-FILE MESSAGE CONTENT: with CONTENT added to the file, the
# checks must say MESSAGE about it. All are planted first: one look finds them.
expected=()
expect() {
    mkdir -p "$(dirname "$1")"
    printf '%s\n' "$3" >>"$1"
    expected+=("$1|$2")
}

expect_include() {
    expect "$1" "$2" "$spdx
#include $3"
}

plant() {
    expect_include tcpd/core/planted1.c 'must not include' '"proto/shm/ring.h"'
    expect_include tcpd/planted1.c 'must not include' '"ipd/core/planted.h"'
    expect_include tcpd/core/planted.h 'must not include' '"tcpd/planted.h"'
    expect_include base/planted1.c 'must not include' '"base/os/log.h"'
    expect_include proto/wire/planted.h 'must not include' '"proto/shm/ring.h"'
    expect_include linkd/planted.c 'must not include' '"client.pb-c.h"'
    expect_include libclient/planted.c 'must not include' '"base/os/log.h"'
    expect_include libclient/examples/planted.c 'must not include' '"base/time.h"'
    expect_include tcpd/planted2.c 'must not include' '<skink/client.h>'
    expect_include ctl/planted.c 'must not include' '"tcpd/core/planted.h"'
    expect_include ipd/planted1.c 'not a path from the root' '"planted.h"'
    expect_include tcpd/planted3.c 'atomics live' '<stdatomic.h>'
    expect_include ipd/planted2.c 'ZeroMQ' '<zmq.h>'
    expect_include tcpd/planted4.c 'ZeroMQ' '<protobuf-c/protobuf-c.h>'
    expect_include ipd/core/planted.c 'pure module' '<stdio.h>'
    expect_include proto/wire/planted.c 'pure module' '<sys/socket.h>'
    expect_include base/planted2.c 'C library only' '<sys/socket.h>'
    expect base/planted3.c 'SPDX' 'int planted;'
    expect tests/planted.sh 'SPDX' 'true'
    expect base/planted1.h 'longer than 500' "$(seq -f '/* %g */' 501)"
    # Taken apart, so that this file does not hold what it looks for.
    expect docs/planted1.md 'unfinished' "$(printf 'TO%s' DO)"
    expect docs/planted2.md 'organised' "$(printf 'iss%s' 'ue 7')"
    printf '%s\nint\nf(void)\n{\n    called();\n}\n' "$spdx" >base/planted4.c
    printf '%s\n' "$spdx" >base/planted2.h
    expect docs/map.md 'no file' 'base/absent.c:planted'
    expect docs/map.md 'no called in' 'base/planted4.c:called'
    expect docs/map.md 'no planted in' 'base/planted2.h:planted'
}

self_test() {
    local one
    copy=$(mktemp -d)
    trap 'rm -rf "$copy"' EXIT
    cd "$here"
    text_files | xargs cp --parents -t "$copy"
    cd "$copy"
    found=$(check_all)
    [ -z "$found" ] || fail "said of the tree as it is: $found"
    plant
    found=$(check_all)
    for one in "${expected[@]}"; do
        grep -F "${one%%|*}:" <<<"$found" | grep -qF "${one#*|}" ||
            fail "'${one#*|}' was not found in ${one%%|*}"
    done
    [ "$failures" -eq 0 ] || exit 1
    echo "layering self-test: every planted violation was found"
}

fail() {
    echo "self-test: $*"
    failures=$((failures + 1))
}

if [ "${1:-}" = --self-test ]; then
    self_test
else
    cd "${1:-$here}"
    found=$(check_all)
    [ -z "$found" ] || { echo "$found" >&2; exit 1; }
    echo "layering: $(c_files | wc -l) C files keep the rules"
fi
