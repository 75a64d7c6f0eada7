/* SPDX-License-Identifier: MIT */
/* The messages by which the supervisor hands a daemon what it may touch: one
 * message, one descriptor. The same socket later brings tcpd its clients. */
#ifndef PROTO_SHM_HANDOVER_H
#define PROTO_SHM_HANDOVER_H

#include "proto/shm/layout.h"
#include "proto/shm/region.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum handover_kind {
    HANDOVER_DONE,       /* nothing follows: start */
    HANDOVER_REGION,     /* id: region; writable */
    HANDOVER_BELL_IN,    /* id: enum daemon_id that rings me on this eventfd */
    HANDOVER_BELL_OUT,   /* id: enum daemon_id that I ring on this eventfd */
    HANDOVER_LINK,       /* linkd: id: which link it is; its device */
    HANDOVER_LISTEN,     /* apid: ROUTER's listening socket */
    HANDOVER_CLIENT_TX,  /* tcpd: id: client number; region, read-only */
    HANDOVER_CLIENT_RX,  /* tcpd: id: client number; region, writable */
    HANDOVER_CLIENT,     /* tcpd: id: client number; its connection, token.
                             Last of three */
    HANDOVER_CLIENT_GONE /* tcpd -> supervisor: id: client number is free */
};

#define TOKEN_SIZE 16 /* bytes of a client's secret */

struct handover {
    uint32_t kind; /* enum handover_kind */
    uint32_t id;
    uint32_t writable; /* 0 or 1 */
    uint32_t uid;      /* HANDOVER_CLIENT: who owns it */
    uint8_t token[TOKEN_SIZE];
    uint64_t serial; /* HANDOVER_CLIENT: never the same twice in an instance */
};
static_assert(sizeof(struct handover) == 40, "handover ABI v1");

/* A daemon's tables, filled by handover_adopt as messages arrive. */
struct tables {
    struct region regions[REGION_IDS]; /* by region id */
    int bell_in[DAEMONS];              /* -1: none */
    int bell_out[DAEMONS];
    int link, listen;    /* -1: none */
    uint32_t link_index; /* which one `link` is, below LINKS_MAX */
};

/* All empty. */
void tables_init(struct tables *t);

/* A boot_adopt (base/os/boot.h) for everything but clients: maps a region and
 * closes its descriptor, keeps the others. */
bool handover_adopt(void *tables, const void *msg, size_t len, int fd);

#endif
