/* SPDX-License-Identifier: MIT */
/* Sleeping without missing what comes, waking without a system call a packet.
 *
 * The sleeper stores `sleeping` and then loads its inputs; the ringer stores an
 * input and then loads `sleeping`. With acquire and release alone both may
 * load the old value, since every processor keeps its stores back for a while
 * (x86 too), and the sleeper sleeps for good. A sequentially consistent fence
 * between store and load on both sides rules that out: of two such fences one
 * is first, and whoever fences second sees the other's store (C17 7.17.3
 * p10-11). This is the only place of the project that needs that order. */
#include "proto/shm/doorbell.h"

#include <stdatomic.h>
#include <unistd.h>

void
doorbell_barrier(void)
{
    atomic_thread_fence(memory_order_seq_cst);
}

void
doorbell_ring(const struct doorbell *b)
{
    static const uint64_t one = 1;

    doorbell_barrier();
    /* Pairs with the store of doorbell_doze through both barriers. */
    if (b->fd < 0 ||
        atomic_load_explicit(&b->peer->sleeping, memory_order_relaxed) == 0)
        return;
    /* It fails only when the eventfd's counter is full, and then the sleeper
     * is woken anyhow. */
    ssize_t written = write(b->fd, &one, sizeof one);

    (void)written;
}

void
doorbell_doze(struct cnc *c, instant_t until)
{
    atomic_store_explicit(&c->shm->sleep_until_ns, until.ns,
                          memory_order_relaxed);
    /* Release pairs with cnc_look; the barrier with that of doorbell_ring. */
    atomic_store_explicit(&c->shm->sleeping, 1, memory_order_release);
    doorbell_barrier();
}

void
doorbell_wake(struct cnc *c)
{
    atomic_store_explicit(&c->shm->sleeping, 0, memory_order_release);
}

void
doorbell_drain(int fd)
{
    uint64_t rings;
    ssize_t got = read(fd, &rings, sizeof rings);

    (void)got; /* nothing there: somebody else's wake-up, or a spurious one */
}
