/* SPDX-License-Identifier: MIT */
/* Requests and results of fixed size between apid, which speaks protobuf with
 * clients, and tcpd, which knows no transport: bytes in, result out. */
#ifndef PROTO_SHM_API_H
#define PROTO_SHM_API_H

#include "proto/shm/handover.h"
#include "proto/wire/addr.h"

#include <assert.h>
#include <stdint.h>

enum api_op {
    API_HELLO,     /* no effect; proves the token, learns the last number */
    API_BIND,      /* slot, local -> local */
    API_LISTEN,    /* slot, backlog, settings (bound or not) -> local */
    API_CONNECT,   /* slot, remote, settings -> local, once the SYN may be sent;
                      the outcome of the handshake is in the slot */
    API_SETOPTION, /* slot, level, name, value */
    API_GETOPTION, /* slot, level, name -> value */
    API_INFO,      /* slot -> struct view_info (view.h) */
    API_OPS
};

/* Linux's numbers of the options that tcpd knows. Their values are an int32_t
 * each, in seconds where Linux's are, but for TCP_CONGESTION's, a name. */
enum api_level { API_LEVEL_SOCKET = 1, API_LEVEL_TCP = 6 };

enum api_socket_option {
    API_SO_SNDBUF = 7, /* bytes, kept as given: not doubled as by Linux */
    API_SO_RCVBUF = 8,
    API_SO_KEEPALIVE = 9
};

enum api_tcp_option {
    API_TCP_NODELAY = 1,
    API_TCP_MAXSEG = 2,
    API_TCP_CORK = 3,
    API_TCP_KEEPIDLE = 4,
    API_TCP_KEEPINTVL = 5,
    API_TCP_KEEPCNT = 6,
    API_TCP_SYNCNT = 7,
    API_TCP_LINGER2 = 8,
    API_TCP_QUICKACK = 12,
    API_TCP_CONGESTION = 13,
    API_TCP_USER_TIMEOUT = 18 /* ms */
};

#define API_VALUE 64 /* bytes of an option's value */

/* What a socket was set to before it connects or listens: the value of API_CONNECT
 * and API_LISTEN; none: all defaults. A field of 0 is the default. tcpd brings
 * into its range what is not. */
struct api_settings {
    uint32_t flags; /* enum api_setting */
    uint32_t keep_idle_ms, keep_interval_ms, keep_count;
    uint32_t user_timeout_ms;
    uint32_t send_buffer, receive_buffer; /* bytes */
    uint32_t mss_limit;
    uint32_t fin_timeout_ms;
    uint32_t congestion_control; /* enum conf_cc */
    uint32_t syn_tries;
};
enum api_setting {
    API_SET_NODELAY = 1,
    API_SET_KEEPALIVE = 2,
    API_SET_CORK = 4
};
static_assert(sizeof(struct api_settings) == 44, "api ABI v1");
static_assert(sizeof(struct api_settings) <= API_VALUE, "a request's value");

/* apid -> tcpd. apid has checked lengths and ranges; tcpd checks again. */
struct api_request {
    uint8_t token[TOKEN_SIZE];
    uint64_t number;       /* starts at 1, one client's requests in order */
    uint64_t acknowledged; /* results up to here may be forgotten */
    uint64_t route;        /* apid's way back; returned as it came */
    uint32_t op;           /* enum api_op */
    uint32_t slot;         /* of the client's socket */
    struct addr addr;
    uint16_t port;
    uint16_t value_len;
    uint32_t backlog;
    int32_t level, name; /* Linux's numbers */
    uint8_t value[API_VALUE];
    uint8_t unused[112];
};
static_assert(sizeof(struct api_request) == 256, "api ABI v1");

/* tcpd -> apid. Also kept in tcpd's state until acknowledged. */
struct api_result {
    uint64_t route;
    uint64_t number;
    uint64_t
        next; /* the number tcpd will start next: a gap asks for re-sending */
    int32_t error; /* 0 or -errno */
    uint32_t op;
    uint32_t slot;
    uint16_t port;
    uint16_t value_len;
    struct addr addr;
    uint8_t value[192]; /* an option's value, or struct view_info */
    uint8_t unused[8];
};
static_assert(sizeof(struct api_result) == 256, "api ABI v1");

#endif
