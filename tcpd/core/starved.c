/* SPDX-License-Identifier: MIT */
/* Connections whose window is small because their client's pool is short.
 *
 * Chunks come back when some other connection of the client is read or ends, and
 * the peers of those that wait would not learn of it before they probe. So a few
 * are looked at whenever chunks have come back, and each that needed them no
 * longer has the next one looked at: the work at once is bounded, and in the end
 * everybody is told. */
#include "tcpd/core/starved.h"

#define WAKE_AT_ONCE 4

static void
wake(struct tcp *tcp, struct chunk_pool *pool, uint32_t most)
{
    struct list *link;

    while (most-- > 0 && pool->free_count > 0 &&
           (link = list_pop(&pool->starved)) != NULL)
        tcb_want_output(tcp, list_item(link, struct tcb, starved));
}

void
starved_note(struct tcp *tcp, struct tcb *tcb, bool starved)
{
    if (tcb->pool == NULL)
        return;
    if (!starved) {
        list_remove(&tcb->starved);
        wake(tcp, tcb->pool, 1);
    } else if (list_empty(&tcb->starved)) {
        list_append(&tcb->pool->starved, &tcb->starved);
    }
}

void
starved_wake(struct tcp *tcp, struct chunk_pool *pool)
{
    if (pool != NULL)
        wake(tcp, pool, WAKE_AT_ONCE);
}
