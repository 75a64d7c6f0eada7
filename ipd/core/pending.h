/* SPDX-License-Identifier: MIT */
/* Packets that wait for their next hop's MAC address: copies in memory of
 * their own, so that they pin nobody else's. */
#ifndef IPD_CORE_PENDING_H
#define IPD_CORE_PENDING_H

#include "ipd/core/ip_output.h"

#include <stdbool.h>
#include <stdint.h>

#define PENDING_PACKETS 64   /* in all */
#define PENDING_PER_HOP 4    /* to one next hop */
#define PENDING_CHUNK   2048 /* bytes */
#define PENDING_CHUNKS  128  /* 256 KiB in all */

struct pending_packet {
    struct outgoing out;
    uint16_t first; /* chunk */
};

struct pending {
    uint32_t count;
    uint16_t free; /* first free chunk, PENDING_CHUNKS: none */
    uint16_t free_chunks;
    uint16_t next[PENDING_CHUNKS];
    struct pending_packet packets[PENDING_PACKETS]; /* oldest first */
    uint8_t chunks[PENDING_CHUNKS][PENDING_CHUNK];
};

void pending_init(struct pending *p);

/* Keeps a copy of the packet's out->len bytes of payload. False: there are too
 * many already; of the last half of the memory, too many for what is only passed
 * on, which strangers may send us as much of as they like. */
bool pending_keep(struct pending *p, const struct outgoing *out,
                  const uint8_t *bytes) __attribute__((warn_unused_result));

/* Copies the payload of the i-th oldest packet (i < count) to `out`. */
void pending_read(const struct pending *p, uint32_t i, uint8_t *out);

/* Forgets the i-th oldest packet. */
void pending_remove(struct pending *p, uint32_t i);

#endif
