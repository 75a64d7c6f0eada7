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
    API_HELLO,   /* no effect; proves the token, learns the last number */
    API_BIND,    /* slot, local -> local */
    API_LISTEN,  /* slot, backlog (bound or not) -> local */
    API_CONNECT, /* slot, remote -> local, once the SYN may be sent; the outcome
                      of the handshake is in the slot */
    API_SETOPTION, /* slot, level, name, value */
    API_GETOPTION, /* slot, level, name -> value */
    API_INFO,      /* slot -> info */
    API_OPS
};

/* Linux's numbers of the options that tcpd knows. */
#define API_LEVEL_TCP   6
#define API_TCP_NODELAY 1

#define API_VALUE 64 /* bytes of an option's value */

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
    uint8_t value[192]; /* an option's value, or info */
    uint8_t unused[8];
};
static_assert(sizeof(struct api_result) == 256, "api ABI v1");

#endif
