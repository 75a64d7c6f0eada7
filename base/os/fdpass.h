/* SPDX-License-Identifier: MIT */
/* Messages with descriptors over an AF_UNIX SEQPACKET socket. */
#ifndef BASE_OS_FDPASS_H
#define BASE_OS_FDPASS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define FDPASS_MAX 32 /* descriptors a message */

/* Sends one message with n descriptors (they stay open here). Never blocks,
 * never raises SIGPIPE. False, errno set. */
bool fdpass_send(int sock, const void *msg, size_t len, const int *fds,
                 size_t n) __attribute__((warn_unused_result));

/* Receives one message of at most `size` bytes. Descriptors arrive close-on-exec;
 * *n is room on entry, count on return; a message that brought more than
 * `room` descriptors, or was longer than `size`, is refused with EMSGSIZE and
 * all it brought is closed. Returns its length, 0 at end of file, -1 with
 * errno (EAGAIN when `flags` has MSG_DONTWAIT and nothing is there). */
ssize_t fdpass_receive(int sock, void *msg, size_t size, int *fds, size_t *n,
                       int flags) __attribute__((warn_unused_result));

#endif
