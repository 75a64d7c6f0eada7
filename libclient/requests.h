/* SPDX-License-Identifier: MIT */
/* What is asked of tcpd by way of apid: numbered protobuf messages over
 * ZeroMQ, never lost and never executed twice. The instance's mutex is held. */
#ifndef LIBCLIENT_REQUESTS_H
#define LIBCLIENT_REQUESTS_H

#include "base/list.h"
#include "base/time.h"
#include "proto/shm/api.h"
#include "proto/shm/cnc.h"
#include "proto/wire/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct skink;
struct sock;

enum ask {
    ASK_HELLO,
    ASK_BIND,
    ASK_LISTEN,
    ASK_CONNECT,
    ASK_SET,
    ASK_GET,
    ASK_INFO
};

#define ANSWER_VALUE 192 /* bytes; as in struct api_result */

struct request {
    enum ask ask;
    uint32_t slot;
    struct addr addr; /* BIND, CONNECT; of the answer: where the socket is */
    uint16_t port;
    uint16_t value_len;
    uint32_t backlog;             /* LISTEN */
    struct api_settings settings; /* LISTEN, CONNECT */
    int level, name;              /* SET, GET */
    uint8_t value[ANSWER_VALUE]; /* SET, 64 bytes; of the answer to GET, INFO */

    uint64_t number;
    struct list outstanding;
    struct sock *sock; /* whose slot it is; NULL: HELLO */
    bool awaited;      /* by request_wait, which frees it */
    bool answered;
    int error; /* of the answer: 0 or -errno */
};

struct requests {
    void *context, *socket; /* ZeroMQ's; one thread at a time */
    int fd;                 /* ZMQ_FD: edge-triggered */
    uint8_t token[16];
    const struct cnc_shm *apid;
    uint64_t apid_epoch;
    uint64_t next;      /* number of the next request */
    uint64_t next_send; /* first that was not sent, or is to be sent again */
    uint64_t answers;   /* ever received */
    instant_t moved_at; /* last time that the oldest was sent, or answered */
    bool signalled;     /* `fd` was readable */
    struct list outstanding; /* in the order of their numbers */
};

/* False, errno set: ZeroMQ has no socket for it. */
bool requests_open(struct skink *s, const char *endpoint,
                   const uint8_t token[16], const struct cnc_shm *apid)
    __attribute__((warn_unused_result));
void requests_close(struct requests *q);

/* Puts `what` on its way. NULL: no memory. Only if `awaited` is what comes back
 * of use, for request_wait. */
struct request *request_start(struct skink *s, struct sock *k,
                              const struct request *what);

/* Waits for the answer, frees the request, returns the answer's error. `out`
 * (may be NULL) becomes what was answered. */
int request_wait(struct skink *s, struct request *r, struct request *out);

/* Takes all results that are there; sends again what is overdue. True: there was
 * news. */
bool requests_receive(struct skink *s);

/* message.c: one request as protobuf, and what a result says. */
#define REQUEST_MOST 512 /* bytes */
size_t request_encode(const struct request *r, const uint8_t token[16],
                      uint64_t acknowledged, uint8_t bytes[REQUEST_MOST]);

struct result {
    uint64_t number, next;
    int error; /* 0 or -errno */
    bool placed;
    struct addr addr; /* if `placed` */
    uint16_t port, value_len;
    uint8_t value[ANSWER_VALUE];
};
bool result_decode(const void *bytes, size_t len, struct result *out)
    __attribute__((warn_unused_result));

#endif
