#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
claim "unmodified curl finds in httpd a web server like any other"

www=$work/www
sizes=(0 1 1447 1448 1449 65535 65536 65537)

# told FORMAT PATH [CURL OPTIONS]: what curl writes of a transfer.
told() {
    fetch "$2" -o /dev/null -w "$1" "${@:3}"
}

# piece PATH RANGE: status and digest of a part of a file.
piece() {
    told '%{http_code} ' "$1" -r "$2"
    fetch "$1" -r "$2" | digest
}

header() { # PATH NAME: of the answer to HEAD
    fetch "$1" -I | tr -d '\r' | awk -F': ' -v name="$2" '
        tolower($1) == tolower(name) { print $2 }'
}

mkdir "$www"
echo secret >"$work/secret"
for size in "${sizes[@]}"; do
    random_bytes "$size" "$((size + 1))" >"$www/$size"
done
up
start_httpd "$www"

for size in "${sizes[@]}"; do
    same "file of $size bytes" "$(digest "$www/$size")" \
        "$(fetch "$size" | digest)"
done

same "two URLs go over one connection" $'200 1\n200 0' \
    "$(kernel curl -sS --max-time 20 -w '%{http_code} %{num_connects}\n' \
        "http://$stack/1448" -o /dev/null \
        "http://$stack/65537" -o /dev/null)"

same "the middle of a file" \
    "206 $(tail -c +1001 "$www/65536" | head -c 5000 | digest)" \
    "$(piece 65536 1000-5999)"
same "the end of a file" \
    "206 $(tail -c +65001 "$www/65536" | digest)" "$(piece 65536 65000-)"
same "the last bytes of a file" \
    "206 $(tail -c 100 "$www/65536" | digest)" "$(piece 65536 -100)"
same "a range beyond the end" 416 "$(told '%{http_code}' 65536 -r 70000-)"

same "HEAD tells the length" 65537 "$(header 65537 Content-Length)"
same "HEAD sends no body" "200 0" \
    "$(told '%{http_code} %{size_download}' 65537 -I)"
same "what is not there" 404 "$(told '%{http_code}' absent)"
same "what is above the directory stays there" "" \
    "$(fetch ../secret --path-as-is | grep secret || true)"
same "the server still answers" "200 1" \
    "$(told '%{http_code} %{size_download}' 1)"
