/* SPDX-License-Identifier: MIT */
/* Writes and recovers records that become true together.
 *
 * Theory of operation. What stays in memory when a process is killed is what it
 * had stored before some point of its program order: no store is lost that
 * precedes the point, none appears that follows it, on any machine, because
 * the kernel reaps the process before a successor looks. So only the order in
 * which the compiler emits stores matters. Where the next store must not
 * move up there is an atomic_signal_fence, which costs nothing, and the last
 * store of each group is a release store.
 *
 * During turn t, with the word `turn` at t - 1, the older copy of a record goes
 * through: tag 0 | body and checksum | tag t. Up to the first store it is what
 * it was, older than its neighbour; then it is void; then it is tagged above
 * `turn`: whenever the writer dies before the word is stored, the
 * neighbour, which no store of this turn touches, is the one that counts.
 * Once the word is t, all copies tagged t count at the same moment.
 *
 * Recovery voids the copies above `turn`, or the turn with the same number that
 * the successor does would make them true. It may itself be killed anywhere: it
 * only voids, and the next one finds the rest. */
#include "proto/shm/record.h"

#include "base/bits.h"
#include "base/check.h"
#include "base/hash.h"

#include <stdatomic.h>
#include <string.h>

/* Each copy begins its own cache line. */
#define COPY_UNIT 64

static uint32_t
stride_of(uint32_t body_size)
{
    uint64_t bytes = sizeof(struct record_copy) + (uint64_t)body_size;

    return (uint32_t)bits_round_up(bytes, COPY_UNIT);
}

uint64_t
record_set_size(uint32_t count, uint32_t body_size)
{
    return (uint64_t)count * 2 * stride_of(body_size);
}

bool
record_set_join(struct record_set *s, const struct region *region,
                uint64_t *offset, uint32_t count, uint32_t body_size)
{
    uint64_t size = record_set_size(count, body_size);
    uint8_t *base = region_at(region, *offset, size);

    CHECK(body_size % 8 == 0 && *offset % 8 == 0);
    if (base == NULL || *offset < STATE_BODY)
        return false;
    *s = (struct record_set){
        .base = base,
        .count = count,
        .body_size = body_size,
        .stride = stride_of(body_size),
    };
    *offset += size;
    return true;
}

static struct state_shm *
state_of(const struct region *region)
{
    struct state_shm *s = region_at(region, STATE_OFFSET, sizeof *s);

    CHECK(s != NULL);
    return s;
}

uint64_t
state_turn(const struct region *region)
{
    return atomic_load_explicit(&state_of(region)->turn, memory_order_acquire);
}

void
state_commit(const struct region *region, uint64_t turn)
{
    atomic_store_explicit(&state_of(region)->turn, turn, memory_order_release);
    /* What is published next reflects this turn and must not move up. */
    atomic_signal_fence(memory_order_seq_cst);
}

static struct record_copy *
copy_at(const struct record_set *s, uint32_t i, uint32_t which)
{
    CHECK(i < s->count);
    return (void *)(s->base + ((uint64_t)i * 2 + which) * s->stride);
}

static uint64_t
tag_of(const struct record_copy *c)
{
    return atomic_load_explicit(&c->tag, memory_order_relaxed);
}

static uint64_t
checksum_of(uint64_t tag, const void *body, uint32_t body_size)
{
    const uint64_t both[2] = {tag, hash_checksum(body, body_size)};

    return hash_checksum(both, sizeof both);
}

static void
copy_void(struct record_copy *c)
{
    atomic_store_explicit(&c->tag, 0, memory_order_relaxed);
    /* The body must not change under a tag that counts. */
    atomic_signal_fence(memory_order_seq_cst);
}

void
record_write(struct record_set *s, uint32_t i, uint64_t turn, const void *body)
{
    struct record_copy *a = copy_at(s, i, 0);
    struct record_copy *b = copy_at(s, i, 1);
    struct record_copy *older = tag_of(a) <= tag_of(b) ? a : b;

    CHECK(tag_of(a) < turn && tag_of(b) < turn);
    copy_void(older);
    memcpy(older + 1, body, s->body_size);
    older->checksum = checksum_of(turn, body, s->body_size);
    atomic_store_explicit(&older->tag, turn, memory_order_release);
    /* Neither may `turn` become true before its records are whole. */
    atomic_signal_fence(memory_order_seq_cst);
}

/* Copies out what copy `c` holds, if it is whole. */
static bool
copy_read(const struct record_set *s, const struct record_copy *c, void *body)
{
    memcpy(body, c + 1, s->body_size);
    return c->checksum == checksum_of(tag_of(c), body, s->body_size);
}

/* No kill leaves this. The older copy goes first: if we are killed between the
 * two, the state that it holds must not come back as the newest. */
static enum record_found
give_up(struct record_copy *older, struct record_copy *newer)
{
    copy_void(older);
    copy_void(newer);
    return RECORD_CORRUPT;
}

enum record_found
record_recover(struct record_set *s, uint32_t i, uint64_t turn, void *body)
{
    struct record_copy *a = copy_at(s, i, 0);
    struct record_copy *b = copy_at(s, i, 1);
    struct record_copy *newer = tag_of(a) >= tag_of(b) ? a : b;
    struct record_copy *older = newer == a ? b : a;

    /* A tag is stored last, so what has one is whole. */
    if (tag_of(newer) != 0 && !copy_read(s, newer, body))
        return give_up(older, newer);
    if (tag_of(newer) == turn + 1) { /* the turn that did not happen */
        copy_void(newer);
        if (tag_of(older) != 0 && !copy_read(s, older, body))
            return give_up(newer, older);
        newer = older;
    }
    if (tag_of(newer) > turn)
        return give_up(older, newer);
    return tag_of(newer) == 0 ? RECORD_NONE : RECORD_FOUND;
}
