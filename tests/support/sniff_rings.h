/* SPDX-License-Identifier: MIT */
/* An instance's rings in this process's memory, with the test as every daemon: it
 * stages, publishes, takes and sleeps step by step. */
#ifndef TESTS_SUPPORT_SNIFF_RINGS_H
#define TESTS_SUPPORT_SNIFF_RINGS_H

#include "ctl/look.h"
#include "proto/shm/packet.h"

/* One link: linkd, ipd, tcpd. */
struct sniff_rings {
    struct look look;
    struct region conf;
    struct cnc cnc[DAEMONS];
    struct ring producer[RINGS], consumer[RINGS];
    struct area area[RINGS];
    uint32_t staged[RINGS];
};

void sniff_rings_open(struct sniff_rings *r);
void sniff_rings_close(struct sniff_rings *r);

/* Into the ring's area, `len` bytes of value `fill`; not published. Returns the
 * slot. */
struct packet *sniff_stage(struct sniff_rings *r, enum ring_id ring,
                           uint8_t fill, uint32_t len);

/* A packet without payload. */
void sniff_stage_headers(struct sniff_rings *r, enum ring_id ring,
                         uint8_t header_len);

/* A packet of `origin`, by reference, behind `header_len` bytes of headers. */
struct packet *sniff_pass_on(struct sniff_rings *r, enum ring_id ring,
                             enum ring_id origin, uint64_t at,
                             uint8_t header_len);

/* Everything that is staged; the turn goes on. */
void sniff_publish(struct sniff_rings *r, enum ring_id ring);

/* Publishes, and the producer's turn is over. */
void sniff_end_turn(struct sniff_rings *r, enum ring_id ring);

/* One packet in a turn of its own. */
void sniff_send(struct sniff_rings *r, enum ring_id ring, uint8_t fill,
                uint32_t len);

/* The next packet's bytes lie at the front of the area again, if nothing is held. */
void sniff_to_the_front(struct sniff_rings *r, enum ring_id ring);

/* The consumer takes all, and is done with it or holds it. */
void sniff_take(struct sniff_rings *r, enum ring_id ring, bool release);

#endif
