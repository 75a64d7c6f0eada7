#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The installation as a stranger's build sees it: the header is C99 and C++,
# pkg-config and find_package lead to the library, the library exports
# skink_ names alone, and the daemons are where `skink` looks for them.
#
#   tests/install.sh BUILD
set -euo pipefail

build=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
fail() { echo "install: $*" >&2; exit 1; }

cmake --install "$build" --prefix "$root/usr" >"$root/log" ||
    { cat "$root/log"; fail "cmake --install failed"; }
pc=$(find "$root/usr" -name skink.pc)
lib=$(dirname "$(dirname "$pc")")

for daemon in "$build"/libexec/skink/*; do
    [ -x "$root/usr/libexec/skink/${daemon##*/}" ] ||
        fail "${daemon##*/} is not in libexec/skink"
done
[ -x "$root/usr/bin/skink" ] || fail "skink is not in bin"
[ -e "$lib/libskink.so.0" ] || fail "no libskink.so.0"

foreign=$(nm -D --defined-only "$lib/libskink.so.0" |
    awk '$2 != "A" && $3 !~ /^skink_[a-z]/ { print $3 }')
[ -z "$foreign" ] || fail "exported by mistake: $foreign"
nm -D --defined-only "$lib/libskink.so.0" | grep -q ' T skink_' ||
    fail "exports nothing"
headers=$(find "$root/usr/include" -type f -printf '%P\n')
[ "$headers" = skink/client.h ] || fail "headers installed: $headers"

cat >"$root/user.c" <<'TXT'
#include <skink/client.h>
int main(void) { return 0; }
TXT
cp "$root/user.c" "$root/user.cc"
docs=$(dirname "$0")/../docs/api.md
awk '/^```$/ { code = 0 } code; /^```c$/ { code = 1 }' "$docs" >"$root/hello.c"
grep -q skink_open "$root/hello.c" || fail "docs/api.md has no program"
export PKG_CONFIG_PATH=${pc%/*}
flags=$(pkg-config --cflags --libs skink)
# shellcheck disable=SC2086 # flags are words
{
    cc -std=c99 -pedantic-errors -Wall -Werror "$root/user.c" $flags -o "$root/c99"
    c++ -std=c++11 -pedantic-errors -Wall -Werror "$root/user.cc" $flags -o "$root/cxx"
    cc -std=gnu99 -pedantic-errors -Wall -Wextra -Werror "$root/hello.c" $flags \
        -o "$root/hello"
}

mkdir "$root/project"
cat >"$root/project/CMakeLists.txt" <<'TXT'
cmake_minimum_required(VERSION 3.25)
project(user C)
find_package(skink 0.1 REQUIRED)
add_executable(user ../user.c)
target_link_libraries(user PRIVATE skink::client)
TXT
configured=(cmake -S "$root/project" -B "$root/project/build"
    -DCMAKE_PREFIX_PATH="$root/usr")
if ! "${configured[@]}" >"$root/log" ||
    ! cmake --build "$root/project/build" >>"$root/log"; then
    cat "$root/log"
    fail "find_package(skink) leads nowhere"
fi
"$root/project/build/user" || fail "a linked program does not start"
