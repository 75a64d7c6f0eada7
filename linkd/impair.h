/* SPDX-License-Identifier: MIT */
/* A bad network, for one direction of a link: loses, repeats, damages, reorders
 * and delays frames, and lets only so many bytes a second pass. Pure: the same
 * seed decides the same for the same sequence of frames, whatever the time. */
#ifndef LINKD_IMPAIR_H
#define LINKD_IMPAIR_H

#include "base/rng.h"
#include "base/time.h"
#include "linkd/frame.h"
#include "proto/shm/conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMPAIR_PACKETS 2048      /* in the line at once */
#define IMPAIR_BYTES   (4 << 20) /* of them */
#define IMPAIR_BACK    4         /* held back at once */

/* What a limited rate lets wait; beyond it frames are lost. */
#define IMPAIR_QUEUE_PACKETS 256
#define IMPAIR_QUEUE_BYTES   (1 << 20)

/* Bytes that the caller gives, once. */
#define IMPAIR_MEMORY ((size_t)IMPAIR_BYTES + (size_t)IMPAIR_BACK * PACKET_MAX)

/* A frame on its way. */
struct impair_packet {
    uint32_t at, len;  /* in the memory */
    instant_t departs; /* onto a link that has room for it */
    instant_t due;     /* at the other end */
};

/* A frame that others are to overtake. */
struct impair_back {
    uint32_t len;    /* 0: none */
    uint32_t passes; /* how many are still to overtake it */
    instant_t until; /* it does not wait longer for them */
    duration_t jitter;
};

struct impair {
    struct conf_impair set;
    bool on; /* is anything to be done at all? */
    struct rng rng;
    uint8_t *memory;
    uint32_t first, departed, end; /* of the line: free-running, in order */
    uint32_t next;                 /* where the next frame's bytes begin */
    uint32_t waiting;              /* bytes of [departed, end) */
    uint32_t lost;                 /* since impair_lost was asked */
    instant_t free;                /* when the limited link is */
    uint32_t held;                 /* how many are held back */
    struct impair_back back[IMPAIR_BACK];
    struct impair_packet line[IMPAIR_PACKETS];
};

/* Boot only: `memory` is IMPAIR_MEMORY bytes. Nothing is done to frames yet. */
void impair_init(struct impair *im, uint8_t *memory);

/* From now on so. Other settings than before begin their seed's sequence anew;
 * what is under way is not touched. */
void impair_set(struct impair *im, const struct conf_impair *set);

/* Do frames have to come through here? */
static inline bool
impair_active(const struct impair *im)
{
    return im->on || im->first != im->end || im->held > 0;
}

/* Takes a copy of a frame of the wire. Flags are not looked at: its checksums
 * are complete. One of more than PACKET_MAX bytes is lost. */
void impair_put(struct impair *im, const struct frame *f, instant_t now);

/* The next frame that is due, *len bytes, or NULL; the same until
 * impair_pop. */
const uint8_t *impair_peek(struct impair *im, instant_t now, uint32_t *len);
void impair_pop(struct impair *im);

/* How many frames were lost since it was last asked. Duplicates do not
 * count. */
uint32_t impair_lost(struct impair *im);

/* When impair_peek may have a frame; INSTANT_NEVER: nothing is under way. */
instant_t impair_deadline(const struct impair *im);

#endif
