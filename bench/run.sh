#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# skink beside the kernel's own TCP and beside the least that a TAP can carry,
# in one run, in turns, so that a noisy machine is as noisy for each. Medians.
# ./dev bench runs this in a private network.
#
#   run.sh [--json FILE] [--save] [--rounds N] [--seconds S]
#
# The client is always the kernel's TCP (CUBIC). The server is, in turns: skink
# on a TAP; the kernel in another namespace behind a veth pair, since there is no
# kernel-to-kernel TAP; bench/raw.c on a TAP of its own.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
build=${SKINK_BUILD:?is the build directory, say build/release}
build=$(cd "$build" && pwd)
skink=$build/bin/skink
json='' save='' rounds=3 seconds=2 idle=10000
while [ $# -gt 0 ]; do
    case $1 in
    --json) json=${2:?--json FILE} && shift ;;
    --save) save=1 ;;
    --rounds) rounds=${2:?--rounds N} && shift ;;
    --seconds) seconds=${2:?--seconds S} && shift ;;
    *)
        echo "bench: unknown option '$1'" >&2
        echo "hint: --json FILE, --save, --rounds N, --seconds S" >&2
        exit 2
        ;;
    esac
    shift
done

work=$(mktemp -d)
export SKINK_RUNDIR=$work/run
declare -A address=([skink]=10.7.0.2 [kernel]=10.8.0.2 [raw]=10.9.0.2)
pids=()

clean_up() {
    trap - EXIT
    kill "${pids[@]}" 2>/dev/null || true
    wait "${pids[@]}" 2>/dev/null || true
    "$skink" down 2>/dev/null || true
    "$skink" -i idle down 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

die() {
    echo "bench: $*" >&2
    exit 1
}

# --- The three servers -----------------------------------------------------

# start COMMAND...: in the background, until its first line.
start() {
    local fifo=$work/ready
    mkfifo "$fifo"
    "$@" >"$fifo" &
    pids+=($!)
    read -r -t 20 _ <"$fifo" || die "'$*' does not start"
    rm "$fifo"
}

kernel() { "$skink" exec "$@"; }

start_skink() {
    "$skink" up --netns --link tap >/dev/null
    start "$build/bench/flow" serve "${address[skink]}" 5001
    start "$build/bench/probe" serve "${address[skink]}" 5002
}

# A namespace that lives as long as its first process.
start_kernel() {
    kernel unshare -n sleep infinity &
    far=$!
    pids+=("$far")
    kernel ip link add near type veth peer name far
    until [ "$(readlink "/proc/$far/ns/net")" != \
        "$(kernel readlink /proc/self/ns/net)" ]; do sleep 0.01; done
    kernel ip link set far netns "$far"
    kernel ip addr add 10.8.0.1/24 dev near
    kernel ip link set near up
    nsenter -t "$far" -n ip addr add 10.8.0.2/24 dev far
    nsenter -t "$far" -n ip link set far up
    start nsenter -t "$far" -n "$build/bench/flow" serve --kernel \
        "${address[kernel]}" 5001
    start nsenter -t "$far" -n "$build/bench/probe" serve --kernel \
        "${address[kernel]}" 5002
}

start_raw() {
    start "$skink" exec "$build/bench/raw" raw0 "${address[raw]}" 5001
    kernel ip addr add 10.9.0.1/24 dev raw0
    kernel ip link set raw0 up
    kernel ip neigh add "${address[raw]}" lladdr 02:00:00:00:00:02 dev raw0 \
        nud permanent
}

# --- Measuring -------------------------------------------------------------

# throughput VERB CONNECTIONS SERVER: GB/s
throughput() {
    kernel "$build/bench/flow" "$1" --kernel --seconds "$seconds" \
        --connections "$2" "${address[$3]}" 5001 |
        awk '{ printf "%.3f\n", $1 / $2 / 1e9 }'
}

# latency FIELD SERVER: us; 1 is the median, 2 the 99th percentile.
latency() {
    kernel "$build/bench/probe" ask --kernel --seconds "$seconds" \
        "${address[$2]}" 5002 | cut -d' ' -f"$1"
}

# latency_awake FIELD SERVER: with the CPUs kept from sleeping deeply.
latency_awake() {
    local held
    exec {held}<>/dev/cpu_dma_latency
    printf '\0\0\0\0' >&"$held"
    latency "$@"
    exec {held}>&-
}

# churn SERVER: connections a second, 64 under way, closed by RST.
churn() {
    kernel "$build/bench/probe" churn --kernel --seconds "$seconds" \
        "${address[$1]}" 5002 | awk '{ printf "%.0f\n", $1 / $2 }'
}

median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# rows: name|unit|better|command, with the server behind the command's words.
rows=(
    "in, 1 connection|GB/s|more|throughput send 1"
    "in, 8 connections|GB/s|more|throughput send 8"
    "in, 64 connections|GB/s|more|throughput send 64"
    "out, 1 connection|GB/s|more|throughput receive 1"
    "out, 8 connections|GB/s|more|throughput receive 8"
    "out, 64 connections|GB/s|more|throughput receive 64"
    "1-byte echo, median|us|less|latency 1"
    "1-byte echo, 99th percentile|us|less|latency 2"
    "connect, 1 byte, RST; 64 under way|1/s|more|churn"
)
if (: <>/dev/cpu_dma_latency) 2>/dev/null; then
    rows+=("1-byte echo, median, CPUs kept awake|us|less|latency_awake 1"
        "1-byte echo, 99th percentile, CPUs kept awake|us|less|latency_awake 2")
fi

# raw knows one stream at a time.
fits() { [ "$1" != raw ] || [[ ! $2 =~ (send|receive)\ (8|64) ]]; }

measure() {
    local round row name command server
    for ((round = 1; round <= rounds; round++)); do
        echo "round $round of $rounds" >&2
        for row in "${rows[@]}"; do
            IFS='|' read -r name _ _ command <<<"$row"
            for server in skink kernel raw; do
                fits "$server" "$command" || continue
                # shellcheck disable=SC2086 # the command is words
                $command "$server" >>"$work/$name.$server" ||
                    die "$name: $server failed"
            done
        done
    done
}

value() { [ ! -e "$work/$1.$2" ] || median <"$work/$1.$2"; }

# --- Memory of idle connections --------------------------------------------

# Each page of shared memory is counted once, in parts.
pss() {
    local pid sum=0 part
    for pid in "$@"; do
        part=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")
        sum=$((sum + part))
    done
    echo $((sum * 1024))
}

slab() { awk '/^(Slab|KernelStack|Percpu):/ { s += $2 } END { print s * 1024 }' /proc/meminfo; }

# hold PORTS SERVER [INSTANCE]: connections, half to each port, until the pipe closes.
hold() {
    local port
    for port in $1; do
        start kernel_hold "$port" "$2" "${3:-default}"
    done
}

kernel_hold() {
    exec "$skink" -i "$3" exec "$build/bench/probe" hold --kernel \
        --count $((idle / 2)) "${address[$2]}" "$1" < <(sleep infinity)
}

# An instance of its own, which has not had a connection yet.
idle_skink() {
    local daemons first=${#pids[@]} before
    "$skink" -i idle up --netns --link tap >/dev/null
    start "$build/bench/probe" serve -i idle "${address[skink]}" 5003
    start "$build/bench/probe" serve -i idle "${address[skink]}" 5004
    mapfile -t daemons < <("$skink" -i idle status -j | tr '{' '\n' |
        sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
    daemons+=("${pids[@]:first:2}")
    before=$(pss "${daemons[@]}")
    hold "5003 5004" skink idle
    echo $((($(pss "${daemons[@]}") - before) / idle)) >"$work/memory.skink"
    kill "${pids[@]:first}"
    wait "${pids[@]:first}" 2>/dev/null || true
    "$skink" -i idle down
}

# Both ends are the kernel's here: half of it is the server's.
idle_kernel() {
    local first=${#pids[@]} before
    start nsenter -t "$far" -n "$build/bench/probe" serve --kernel \
        "${address[kernel]}" 5003
    before=$(slab)
    hold "5003 5003" kernel
    echo $((($(slab) - before) / idle / 2)) >"$work/memory.kernel"
    kill "${pids[@]:first}"
    wait "${pids[@]:first}" 2>/dev/null || true
}

# --- Results ---------------------------------------------------------------

# results: name|unit|better|skink|kernel|raw, a line each.
results() {
    local row name unit better
    for row in "${rows[@]}"; do
        IFS='|' read -r name unit better _ <<<"$row"
        echo "$name|$unit|$better|$(value "$name" skink)|$(value "$name" kernel)|$(value "$name" raw)"
    done
    echo "memory of an idle connection|B|less|$(cat "$work/memory.skink")|$(cat "$work/memory.kernel")|"
}

as_text() {
    awk -F'|' '
        function ratio(a, b) { return b > 0 ? sprintf("%.0f %%", 100 * a / b) : "-" }
        BEGIN {
            printf "%-46s %9s %9s %9s %7s %7s\n", "", "skink", "kernel",
                "raw", "/kernel", "/raw"
        }
        { printf "%-46s %9s %9s %9s %7s %7s\n", $1 " [" $2 "]", $4, $5,
              $6 == "" ? "-" : $6, ratio($4, $5), ratio($4, $6) }'
}

as_json() {
    awk -F'|' -v date="$(date -u +%Y-%m-%dT%H:%M:%SZ)" -v rounds="$rounds" '
        BEGIN {
            printf "{\"date\":\"%s\",\"rounds\":%d,\"results\":[", date, rounds
        }
        {
            printf "%s{\"name\":\"%s\",\"unit\":\"%s\",", (NR > 1 ? "," : ""), $1, $2
            printf "\"better\":\"%s\",\"skink\":%s,", $3, $4
            printf "\"kernel\":%s,\"raw\":%s}", $5, ($6 == "" ? "null" : $6)
        }
        END { print "]}" }'
}

as_markdown() {
    cat <<TXT
# Measured

$(date -u +%Y-%m-%d), $(nproc) CPUs, $(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo), Linux $(uname -r).
\`./dev bench --save\` measured this: medians of $rounds rounds in one run, the three
servers in turns. Only the ratios mean something on another machine, or
tomorrow. The client is the kernel's TCP with CUBIC. *kernel* is its server in
another network namespace behind a veth pair (which passes packets on without
a copy; a TAP copies each once), *raw* is [the least that answers TCP on a
TAP](raw.c): no timers, no loss, one copy. The kernel's memory is half of what its
slabs grew by, skink's is what its daemons, its supervisor and the two servers
grew by, each shared page counted once.

![skink and raw as a share of the kernel](results.svg)

| | skink | kernel | raw | of the kernel | of raw |
|---|---|---|---|---|---|
TXT
    awk -F'|' '
        function ratio(a, b) { return b > 0 ? sprintf("%.0f %%", 100 * a / b) : "" }
        { printf "| %s, %s | %s | %s | %s | %s | %s |\n", $1, $2, $4, $5, $6,
              ratio($4, $5), ratio($4, $6) }'
}

# Bars: how well skink (dark) and raw (light) do, the kernel being 100 %; for
# times and memory the ratio is turned round, so that longer is always better.
as_svg() {
    awk -F'|' '
        function share(v, k, better) { return better == "more" ? v / k : k / v }
        function bar(y, part, colour) {
            w = part * 250
            if (w > 480)
                w = 480
            printf "<rect x=\"330\" y=\"%d\" width=\"%.1f\" height=\"9\" fill=\"%s\"/>\n",
                y, w, colour
            printf "<text x=\"%.1f\" y=\"%d\" font-size=\"10\">%.0f %%</text>\n",
                335 + w, y + 8, part * 100
        }
        { line[NR] = $0 }
        END {
            printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"880\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n", NR * 30 + 30
            print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
            for (i = 1; i <= NR; i++) {
                split(line[i], f, "|")
                y = i * 30 - 10
                printf "<text x=\"320\" y=\"%d\" text-anchor=\"end\">%s</text>\n", y + 8, f[1]
                if (f[5] > 0 && f[4] > 0)
                    bar(y - 3, share(f[4], f[5], f[3]), "#1f5fa8")
                if (f[5] > 0 && f[6] > 0)
                    bar(y + 8, share(f[6], f[5], f[3]), "#a8c6e8")
            }
            printf "<line x1=\"580\" y1=\"8\" x2=\"580\" y2=\"%d\" stroke=\"#444\" stroke-dasharray=\"3\"/>\n", NR * 30 + 10
            printf "<text x=\"584\" y=\"%d\" font-size=\"10\">the kernel = 100 %%; dark: skink, light: raw</text>\n", NR * 30 + 24
            print "</svg>"
        }'
}

ulimit -n 20000 2>/dev/null ||
    die "needs $idle descriptors: raise the limit with ulimit -n"
start_skink
start_kernel
start_raw
measure
echo "$idle idle connections" >&2
idle_skink
idle_kernel
results >"$work/results"
as_text <"$work/results"
[ -z "$json" ] || as_json <"$work/results" >"$json"
if [ -n "$save" ]; then
    as_markdown <"$work/results" >"$here/RESULTS.md"
    as_svg <"$work/results" >"$here/results.svg"
fi
