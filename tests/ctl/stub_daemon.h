/* SPDX-License-Identifier: MIT */
/* A daemon that does nothing, or misbehaves when a file tells it to. A test links
 * it and stands in for the daemons itself, under their names. */
#ifndef TESTS_CTL_STUB_DAEMON_H
#define TESTS_CTL_STUB_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#define STUB_WORK UINT64_C(0x0100000000000042)

/* Was this program started under the name of a daemon? */
bool stub_daemon_named(const char *argv0);

/* A daemon's main. Orders lie in $SKINK_STUBS/NAME and are read at each start:
 *   die    ends before it is ready        slow   is never ready
 *   crash  aborts when it is ready        hang   stands still in a turn
 *   doze   sleeps beyond its own deadline
 *   work   says that it works on STUB_WORK
 * The tcpd among the stubs counts its clients in tcp.curr_estab and gives them back
 * when they go. */
int stub_daemon_main(int argc, char **argv);

#endif
