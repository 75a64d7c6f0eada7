/* SPDX-License-Identifier: MIT */
/* The atomic accesses to a client's regions, and the two queues of slots. */
#include "proto/shm/client.h"

#include <stdatomic.h>

/* A status word, and a flags word: generation on top. */
#define GENERATION_SHIFT 32
#define FLAGS_SHIFT      8
#define STATE_MASK       0xffu
#define FLAGS_MASK       0xffffffu

void
client_slot_look(const struct client_rx_slot *s, struct slot_view *v)
{
    /* Pairs with client_slot_publish: whoever sees a status sees the cursors
     * stored before it. The cursors are loaded after it and may be newer. */
    uint64_t status = atomic_load_explicit(&s->status, memory_order_acquire);

    v->generation = (uint32_t)(status >> GENERATION_SHIFT);
    v->state = (enum slot_state)(status & STATE_MASK);
    v->flags = (uint32_t)(status >> FLAGS_SHIFT) & FLAGS_MASK;
    v->read_limit = atomic_load_explicit(&s->read_limit, memory_order_acquire);
    v->freed = atomic_load_explicit(&s->freed, memory_order_acquire);
    v->send_limit = atomic_load_explicit(&s->send_limit, memory_order_acquire);
    v->error = atomic_load_explicit(&s->error, memory_order_relaxed);
}

void
client_slot_publish(struct client_rx_slot *s, const struct slot_view *v)
{
    uint64_t status = (uint64_t)v->generation << GENERATION_SHIFT |
                      (uint64_t)v->flags << FLAGS_SHIFT | (uint64_t)v->state;

    atomic_store_explicit(&s->error, v->error, memory_order_relaxed);
    atomic_store_explicit(&s->send_limit, v->send_limit, memory_order_release);
    atomic_store_explicit(&s->freed, v->freed, memory_order_release);
    atomic_store_explicit(&s->read_limit, v->read_limit, memory_order_release);
    atomic_store_explicit(&s->status, status, memory_order_release);
}

void
client_work_look(const struct client_tx_slot *s, struct work_view *v)
{
    /* Flags first: a client that says "closed" has stored its last cursors
     * before (client_set_flags, release). */
    uint64_t flags = atomic_load_explicit(&s->flags, memory_order_acquire);

    v->generation = (uint32_t)(flags >> GENERATION_SHIFT);
    v->flags = (uint32_t)flags;
    v->write_end = atomic_load_explicit(&s->write_end, memory_order_acquire);
    v->read_end = atomic_load_explicit(&s->read_end, memory_order_acquire);
}

/* Each of the three pairs with the acquire load in client_work_look. */
void
client_set_write_end(struct client_tx_slot *s, uint64_t end)
{
    atomic_store_explicit(&s->write_end, end, memory_order_release);
}

void
client_set_read_end(struct client_tx_slot *s, uint64_t end)
{
    atomic_store_explicit(&s->read_end, end, memory_order_release);
}

void
client_set_flags(struct client_tx_slot *s, uint32_t generation, uint32_t flags)
{
    atomic_store_explicit(&s->flags,
                          (uint64_t)generation << GENERATION_SHIFT | flags,
                          memory_order_release);
}

/* Ordered by the cursor that is stored after it and loaded before it. */
void
client_chunk_store(_Atomic uint16_t *chunk, uint64_t offset, uint16_t n)
{
    atomic_store_explicit(&chunk[offset / CHUNK % SLOT_CHUNKS], n,
                          memory_order_relaxed);
}

uint16_t
client_chunk_load(const _Atomic uint16_t *chunk, uint64_t offset)
{
    return atomic_load_explicit(&chunk[offset / CHUNK % SLOT_CHUNKS],
                                memory_order_relaxed);
}

void
client_queue_add(struct client_queue *q, uint64_t *tail, uint32_t slot)
{
    atomic_store_explicit(&q->entry[*tail % CLIENT_QUEUE], slot,
                          memory_order_relaxed);
    (*tail)++;
    /* Pairs with the load in client_queue_ready. */
    atomic_store_explicit(&q->tail, *tail, memory_order_release);
}

int64_t
client_queue_ready(const struct client_queue *q, uint64_t head)
{
    uint64_t tail = atomic_load_explicit(&q->tail, memory_order_acquire);

    return tail - head > CLIENT_QUEUE ? -1 : (int64_t)(tail - head);
}

uint32_t
client_queue_entry(const struct client_queue *q, uint64_t at)
{
    return atomic_load_explicit(&q->entry[at % CLIENT_QUEUE],
                                memory_order_relaxed);
}

uint64_t
client_word_load(const _Atomic uint64_t *w)
{
    return atomic_load_explicit(w, memory_order_acquire);
}

void
client_word_store(_Atomic uint64_t *w, uint64_t v)
{
    atomic_store_explicit(w, v, memory_order_release);
}

uint32_t
client_flag_load(const _Atomic uint32_t *w)
{
    return atomic_load_explicit(w, memory_order_acquire);
}

void
client_flag_store(_Atomic uint32_t *w, uint32_t v)
{
    atomic_store_explicit(w, v, memory_order_release);
}
