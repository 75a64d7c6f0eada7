/* SPDX-License-Identifier: MIT */
/* A ZeroMQ peer by hand (ZMTP 3.0, mechanism NULL), for what libzmq would never
 * send. */
#ifndef TESTS_SUPPORT_ZMTP_H
#define TESTS_SUPPORT_ZMTP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

/* A DEALER that has said its greeting to the socket at that address; its answer
 * is not waited for. -1, errno set. */
int zmtp_connect(const struct sockaddr_un *at);

/* Fills `buf` with empty frames after each of which more are to follow: two bytes
 * each. */
void zmtp_fill_more(uint8_t *buf, size_t len);

#endif
