/* SPDX-License-Identifier: MIT */
/* Records that become true together, by one store.
 *
 * A state region holds the word `turn` and sets of records, each in two copies.
 * During turn t a changed record is written into the older of its copies: tag
 * voided, body, checksum, tag = t. Then the word `turn` is stored: t has
 * happened. A successor ignores copies tagged above `turn` and takes the
 * newer of the others, so it sees all of a turn or nothing of it, wherever its
 * predecessor was killed. Only the region's writer may call what writes. */
#ifndef PROTO_SHM_RECORD_H
#define PROTO_SHM_RECORD_H

#include "proto/shm/layout.h"
#include "proto/shm/region.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

struct state_shm {
    _Alignas(SHM_LINE) _Atomic uint64_t turn; /* writer stores (release) */
    uint8_t unused[SHM_LINE - 8];
};
static_assert(sizeof(struct state_shm) == SHM_LINE, "shm ABI v1");

/* Head of each copy; the body follows. */
struct record_copy {
    _Atomic uint64_t tag; /* the turn that wrote it; 0: void */
    uint64_t checksum;    /* of tag and body */
};

/* A set of `count` records of `body_size` bytes, laid out at `offset` (behind
 * the header and struct state_shm) of a state region. */
struct record_set {
    uint8_t *base;
    uint32_t count;
    uint32_t body_size; /* bytes, multiple of 8 */
    uint32_t stride;    /* bytes a copy */
};

#define STATE_OFFSET SHM_LINE /* of struct state_shm in its region */
#define STATE_BODY   (STATE_OFFSET + sizeof(struct state_shm))

/* Bytes that a set takes in its region. */
uint64_t record_set_size(uint32_t count, uint32_t body_size);

/* Boot only: false when it does not fit the region. On success *offset is moved
 * behind the set. */
bool record_set_join(struct record_set *s, const struct region *region,
                     uint64_t *offset, uint32_t count, uint32_t body_size)
    __attribute__((warn_unused_result));

/* The turn that last became true; 0 in a new region. */
uint64_t state_turn(const struct region *region);

/* Writes record i as of turn `turn` (state_turn() + 1). At most once a turn. */
void record_write(struct record_set *s, uint32_t i, uint64_t turn,
                  const void *body);

/* All records written for `turn` are true from this store on. */
void state_commit(const struct region *region, uint64_t turn);

/* Recovery only, for every record before the first one is written: voids the
 * copies of record i tagged above `turn`, then copies the newest remaining body
 * out. A corrupt record is voided as a whole, since its older copy is the past;
 * what is in `body` then means nothing. */
enum record_found {
    RECORD_NONE, /* never written */
    RECORD_FOUND,
    RECORD_CORRUPT /* the newest copy fails its checksum */
};
enum record_found record_recover(struct record_set *s, uint32_t i,
                                 uint64_t turn, void *body);

#endif
