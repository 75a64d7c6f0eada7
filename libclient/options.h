/* SPDX-License-Identifier: MIT */
/* What setsockopt has set, here and at tcpd. The instance's mutex is held. */
#ifndef LIBCLIENT_OPTIONS_H
#define LIBCLIENT_OPTIONS_H

#include "base/time.h"
#include "proto/shm/api.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct skink;
struct sock;

enum option_flag {
    OPTION_CORK = 1,
    OPTION_REUSEADDR = 2,
    OPTION_BROADCAST = 4,
    OPTION_DONTROUTE = 8,
    OPTION_OOBINLINE = 16
};

/* An accepted sock begins with its listener's. */
struct options {
    struct api_settings tcpd; /* as it gets them; a field of 0: its default */
    uint32_t flags;           /* enum option_flag, of no concern to tcpd */
    uint32_t lowat;           /* SO_RCVLOWAT: bytes, at least 1 */
    uint32_t receive_buffer;  /* SO_RCVBUF: bytes; 0: not set */
    uint32_t window_clamp;    /* bytes; 0: none */
    int linger;               /* seconds; -1: off */
    int linger2;              /* seconds; -1: none at all; 0: not set */
    const char *congestion;   /* its name; NULL: not set */
    duration_t receive_timeout, send_timeout; /* 0: none */
};

void options_init(struct options *o);

/* What the settings of a request cannot say; after it. */
void options_tell_rest(struct skink *s, struct sock *k);

/* ---- one value in and out, as the kernel does it; 0 or -errno ---- */

int option_take_int(const void *value, socklen_t len, int *out);
/* May be cut off. */
int option_give_int(int n, void *value, socklen_t *len);

/* Tells tcpd, if it knows the socket; waits for nothing. */
void option_tell(struct skink *s, struct sock *k, int level, int name,
                 const void *value, size_t len);
/* Asks tcpd, if it knows the socket, and waits. -ENOTCONN: it does not. */
int option_ask(struct skink *s, struct sock *k, int level, int name,
               void *value, socklen_t *len);

/* ---- tcp_options.c: level IPPROTO_TCP ---- */

int tcp_option_set(struct skink *s, struct sock *k, int name, const void *value,
                   socklen_t len);
int tcp_option_get(struct skink *s, struct sock *k, int name, void *value,
                   socklen_t *len);
/* SO_RCVBUF and TCP_WINDOW_CLAMP: the smaller one counts. */
void tcp_option_limit_window(struct skink *s, struct sock *k);

/* ---- info.c ---- */

int info_give_tcp_info(struct skink *s, struct sock *k, void *value,
                       socklen_t *len);

#endif
