/* SPDX-License-Identifier: MIT */
/* What a daemon says of itself. Every word has one writer, so adding is a load
 * and a store, never a locked instruction; readers pair with release stores. */
#include "proto/shm/cnc.h"

#include "base/bits.h"
#include "base/check.h"

#include <string.h>

struct cnc_shm *
cnc_of(const struct region *region)
{
    if (region->base == NULL || region->size < sizeof(struct cnc_shm))
        return NULL;
    return (void *)region->base;
}

struct ring_cursor *
cnc_cursor(const struct region *region, enum ring_id ring)
{
    struct cnc_shm *s = cnc_of(region);

    CHECK(ring < RINGS);
    return s == NULL ? NULL : &s->cursors[ring];
}

void
cnc_start(struct cnc *c, const struct region *region, uint32_t pid,
          instant_t now)
{
    struct cnc_shm *s = cnc_of(region);

    CHECK(s != NULL && region->writable);
    c->shm = s;
    atomic_store_explicit(&s->sleeping, 0, memory_order_relaxed);
    atomic_store_explicit(&s->work, 0, memory_order_relaxed);
    atomic_store_explicit(&s->pid, pid, memory_order_relaxed);
    atomic_store_explicit(&s->started_ns, now.ns, memory_order_relaxed);
    cnc_set_state(c, CNC_STARTING);
    /* Last, pairs with cnc_look: a new epoch shows all of the above. */
    uint64_t epoch = atomic_load_explicit(&s->epoch, memory_order_relaxed);
    atomic_store_explicit(&s->epoch, epoch + 1, memory_order_release);
}

void
cnc_set_state(struct cnc *c, enum cnc_state state)
{
    atomic_store_explicit(&c->shm->state, (uint32_t)state,
                          memory_order_release);
}

static void
add(counter_t *word, uint64_t n)
{
    uint64_t v = atomic_load_explicit(word, memory_order_relaxed);

    atomic_store_explicit(word, v + n, memory_order_relaxed);
}

void
cnc_heartbeat(struct cnc *c)
{
    add(&c->shm->turns, 1);
}

void
cnc_working_on(struct cnc *c, enum cnc_work kind, uint64_t what)
{
    /* The fence keeps the compiler from moving the work before the word that
     * names it; a death happens in program order, so that is enough. */
    atomic_store_explicit(&c->shm->work, cnc_work_word(kind, what),
                          memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
}

void
cnc_count(struct cnc *c, enum counter counter, uint64_t n)
{
    CHECK(counter < COUNTERS);
    add(&c->shm->counters[counter], n);
}

void
cnc_set(struct cnc *c, enum counter counter, uint64_t value)
{
    CHECK(counter < COUNTERS);
    atomic_store_explicit(&c->shm->counters[counter], value,
                          memory_order_relaxed);
}

void
cnc_drop(struct cnc *c, enum drop why)
{
    struct cnc_shm *s = c->shm;
    uint64_t n = atomic_load_explicit(&s->dropped, memory_order_relaxed);

    CHECK(why < DROPS);
    if (why == DROP_NONE)
        return;
    add(&s->drops[why], 1);
    /* Pairs with forget_overwritten: who sees a word of this entry sees that
     * all before it are there. */
    atomic_thread_fence(memory_order_release);
    atomic_store_explicit(&s->drop_log[n % CNC_DROPS].work,
                          atomic_load_explicit(&s->work, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(&s->drop_log[n % CNC_DROPS].why, (uint64_t)why,
                          memory_order_relaxed);
    /* Pairs with cnc_dropped: who sees the number sees the entry. */
    atomic_store_explicit(&s->dropped, n + 1, memory_order_release);
}

/* Of `n` entries from number `first` on, those that were not overwritten while
 * they were copied; the one after the newest may be half written. */
static size_t
forget_overwritten(const struct cnc_shm *s, uint64_t first,
                   struct cnc_dropped *out, size_t n)
{
    uint64_t age, lost;

    atomic_thread_fence(memory_order_acquire);
    age = atomic_load_explicit(&s->dropped, memory_order_relaxed) - first;
    lost = age < CNC_DROPS ? 0 : min_u64(age - CNC_DROPS + 1, n);
    memmove(out, out + lost, (n - lost) * sizeof *out);
    return n - lost;
}

/* A margin keeps away from the oldest entries, which are overwritten next. */
size_t
cnc_dropped(const struct cnc_shm *s, uint64_t *next, struct cnc_dropped *out,
            size_t room)
{
    uint64_t end = atomic_load_explicit(&s->dropped, memory_order_acquire);
    uint64_t first;
    size_t n = 0;

    if (end - *next > CNC_DROPS / 2)
        *next = end < CNC_DROPS / 2 ? 0 : end - CNC_DROPS / 2;
    first = *next;
    for (; n < room && *next != end; (*next)++, n++) {
        uint64_t at = *next % CNC_DROPS;
        uint64_t why =
            atomic_load_explicit(&s->drop_log[at].why, memory_order_relaxed);

        out[n].work =
            atomic_load_explicit(&s->drop_log[at].work, memory_order_relaxed);
        out[n].why = why < DROPS ? (enum drop)why : DROP_NONE;
    }
    return forget_overwritten(s, first, out, n);
}

uint64_t
cnc_counter(const struct cnc_shm *s, enum counter counter)
{
    CHECK(counter < COUNTERS);
    return atomic_load_explicit(&s->counters[counter], memory_order_relaxed);
}

uint64_t
cnc_drops(const struct cnc_shm *s, enum drop why)
{
    CHECK(why < DROPS);
    return atomic_load_explicit(&s->drops[why], memory_order_relaxed);
}

/* A state that is none of ours is shown as stopped: nothing runs by it. */
static enum cnc_state
state_of(uint32_t word)
{
    return word <= CNC_STOPPED ? (enum cnc_state)word : CNC_STOPPED;
}

struct cnc_view
cnc_look(const struct cnc_shm *s)
{
    struct cnc_view v;

    v.epoch = atomic_load_explicit(&s->epoch, memory_order_acquire);
    v.state = state_of(atomic_load_explicit(&s->state, memory_order_acquire));
    v.pid = atomic_load_explicit(&s->pid, memory_order_relaxed);
    v.started.ns = atomic_load_explicit(&s->started_ns, memory_order_relaxed);
    v.turns = atomic_load_explicit(&s->turns, memory_order_relaxed);
    v.work = atomic_load_explicit(&s->work, memory_order_relaxed);
    /* Pairs with doorbell_doze: who sleeps has said until when. */
    v.sleeping = atomic_load_explicit(&s->sleeping, memory_order_acquire) != 0;
    v.sleep_until.ns =
        atomic_load_explicit(&s->sleep_until_ns, memory_order_relaxed);
    return v;
}
