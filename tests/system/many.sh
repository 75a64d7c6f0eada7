#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
claim "a hundred connections at once do not mix their bytes"

count=100
www=$work/www

download_all() {
    kernel curl -sS --max-time 50 --parallel --parallel-immediate \
        --parallel-max "$count" --no-keepalive \
        "http://$stack/[1-$count]" -o "$work/got/#1"
}

mkdir "$www" "$work/got"
for i in $(seq "$count"); do
    random_bytes $((200000 + i * 1000)) "$i" >"$www/$i"
done
up
start_httpd "$www"
check "curl downloads $count files at once" download_all
check "each file is itself" diff -r "$www" "$work/got"
stop httpd

start flow "$build/bench/flow" serve "$stack" 5001
for verb in send receive; do
    check "$count connections $verb at once, every byte compared" \
        kernel "$build/bench/flow" "$verb" --kernel --verify --seconds 2 \
        --connections "$count" "$stack" 5001
done
stop flow

start kernel_flow "$skink" exec "$build/bench/flow" serve --kernel "$host" 5002
for verb in send receive; do
    check "skink opens $count connections and they $verb" \
        "$build/bench/flow" "$verb" --verify --seconds 2 \
        --connections "$count" "$host" 5002
done
