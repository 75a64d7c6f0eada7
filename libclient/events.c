/* SPDX-License-Identifier: MIT */
/* The event queue: tcpd says at which slots to look. */
#include "libclient/instance.h"

#include "proto/shm/doorbell.h"

#define EVENT_BATCH 64

/* At most EVENT_BATCH; how many. */
static unsigned
take_batch(struct skink *s, int64_t ready)
{
    uint32_t slots[EVENT_BATCH];
    unsigned n = ready > EVENT_BATCH ? EVENT_BATCH : (unsigned)ready;

    for (unsigned i = 0; i < n; i++)
        slots[i] =
            client_queue_entry(&s->rx->event, s->event_head + i) % CLIENT_SLOTS;
    s->event_head += n;
    client_word_store(&s->tx->event_head, s->event_head);
    /* Our head before their slots: either we see what tcpd stores in them, or
     * it sees that the event was taken and adds another. */
    doorbell_barrier();
    for (unsigned i = 0; i < n; i++)
        sock_event(s, &s->socks[slots[i]]);
    return n;
}

unsigned
events_take(struct skink *s)
{
    unsigned taken = 0;

    /* Bounded: tcpd may add events as fast as they are taken. */
    while (taken < CLIENT_QUEUE && !s->down) {
        int64_t ready = client_queue_ready(&s->rx->event, s->event_head);

        if (ready == 0)
            break;
        if (ready < 0)
            s->down = true; /* a queue that runs backwards: not our tcpd */
        else
            taken += take_batch(s, ready);
    }
    return taken;
}
