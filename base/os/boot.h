/* SPDX-License-Identifier: MIT */
/* The prologue of every daemon: it is started by the supervisor with one
 * SEQPACKET socket, receives everything that it may touch over that socket,
 * message by message, and says that it is ready by sending one newline. */
#ifndef BASE_OS_BOOT_H
#define BASE_OS_BOOT_H

#include <stdbool.h>
#include <stddef.h>

#define BOOT_SOCKET  3   /* its number in every daemon */
#define BOOT_MESSAGE 256 /* bytes, the longest message of a handover */

/* Takes one message and its descriptor (-1: none) into the daemon's tables and
 * owns the descriptor from then on. False: refused; the daemon dies. */
typedef bool boot_adopt(void *tables, const void *msg, size_t len, int fd);

/* Names the process for log lines, dies with a hint when a person started it by
 * hand (no SEQPACKET socket on BOOT_SOCKET), pins it to the CPU given as
 * "--cpu N", blocks SIGTERM and SIGINT, and feeds messages to `adopt` until an
 * empty one (a single zero byte) says that all is there. Returns the stop
 * descriptor (stop.h). */
int boot(const char *name, int argc, char **argv, boot_adopt *adopt,
         void *tables);

/* After the sandbox is entered and recovery is done. */
void boot_ready(void);

#endif
