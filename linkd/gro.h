/* SPDX-License-Identifier: MIT */
/* Joins TCP segments that follow each other into one large packet, for devices
 * that do not: what comes after is paid for once a packet. Pure. */
#ifndef LINKD_GRO_H
#define LINKD_GRO_H

#include "linkd/tcpv4.h"
#include "proto/shm/packet.h"

#include <stdbool.h>
#include <stdint.h>

/* A packet that grows. */
struct gro {
    uint8_t *bytes;  /* of the first frame, the others' payload behind it */
    uint32_t len;    /* of all of it; room there is for PACKET_MAX */
    struct tcpv4 at; /* of the first frame */
    uint32_t size;   /* payload of each segment but the last */
    uint32_t segments;
    bool open; /* may another one follow? */
};

/* Begins with the frame at `bytes`, of which the device says what is in p. When
 * it is one of TCP's with text its checksum is looked at, and p's flags say
 * PACKET_CSUM_VOUCHED if it is right. True: others may be added. False: the
 * frame is passed on as it is. */
bool gro_start(struct gro *g, uint8_t *bytes, uint32_t len, struct packet *p)
    __attribute__((warn_unused_result));

/* Adds the frame at `frame`, which may lie anywhere behind the packet, if it is
 * the next segment of the same flow. False: nothing has changed. */
bool gro_add(struct gro *g, const uint8_t *frame, uint32_t len,
             const struct packet *p) __attribute__((warn_unused_result));

/* Ends it: headers and p's offload metadata describe the whole. p is the one
 * that gro_start was given. */
void gro_finish(struct gro *g, struct packet *p);

#endif
