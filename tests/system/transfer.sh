#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
claim "1 GiB each way arrives byte by byte"

size=$((1024 * 1024 * 1024))
www=$work/www

# Memory where there is room, else the disk.
room=$(df --output=avail -B1 "$work" | tail -n 1)
if [ "$room" -lt $((size + size / 4)) ]; then
    www=$(mktemp -d -p /var/tmp)
    trap 'rm -rf "$www"; clean_up' EXIT
fi
mkdir -p "$www"

# The file is made where it arrives: it need not exist twice.
upload() {
    random_bytes "$size" |
        kernel curl -sS --max-time 120 -o /dev/null -w '%{http_code}' -T - \
            -H 'Transfer-Encoding:' -H "Content-Length: $size" \
            "http://$stack/big"
}

up
expected=$(random_bytes "$size" | digest)
start_httpd --upload "$www"

same "curl uploads to httpd" 201 "$(upload)"
same "SHA-256 of what arrived" "$expected" "$(digest "$www/big")"
same "SHA-256 of what curl downloads from httpd" "$expected" \
    "$(fetch big | digest)"

start serve "$skink" exec "$build/bench/serve" "$host" 80 "$www/big" \
    "$work/taken"
same "SHA-256 of what get downloads from the kernel" "$expected" \
    "$("$build/examples/get" "http://$host/big" | digest)"
rm "$www/big"
