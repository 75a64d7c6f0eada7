/* SPDX-License-Identifier: MIT */
/* What people see of connections: rows in tcpd.view.
 *
 * Nobody may pay for being looked at. A row is written at once when a
 * connection's state changes, which is rare in a connection's life. Its figures
 * change with every segment, so a connection that has changed only waits in a
 * queue, at most once; VIEW_PERIOD_MS after the first one came, the queue is
 * written off, VIEW_BATCH rows a turn. Between two such moments a turn costs one
 * look at two bytes for each changed connection.
 *
 * Listeners are few: all are compared with their rows whenever figures are
 * written, and when one was bound or closed. */
#include "tcpd/view.h"

#include "base/bits.h"
#include "tcpd/info.h"

#include <string.h>

bool
views_join(struct views *v, const struct region *region, const struct tcp *tcp)
{
    memset(v, 0, sizeof *v);
    v->tcp = tcp;
    v->due = INSTANT_NEVER;
    return tcpd_view_join(&v->shm, region);
}

/* ---- rows ---- */

static void
write_conn(struct views *v, uint32_t i, instant_t now)
{
    const struct tcb *tcb = &v->tcp->tcbs[i];
    struct view_conn row = {.client = OWNER_NONE};

    if (tcb->state != TCB_CLOSED) {
        row = (struct view_conn){.local = tcb->local,
                                 .remote = tcb->remote,
                                 .local_port = tcb->local_port,
                                 .remote_port = tcb->remote_port,
                                 .client = tcb->owner.client,
                                 .slot = tcb->owner.slot,
                                 .written_ns = now.ns,
                                 .info = info_of_tcb(tcb, now)};
    }
    v->shown[i] = tcb->state;
    view_write(&v->shm.conns, i, &row);
}

static struct view_listener
row_of_listener(const struct listener *l)
{
    if (!l->used)
        return (struct view_listener){.used = 0};
    return (struct view_listener){.addr = l->addr,
                                  .client = l->owner.client,
                                  .slot = l->owner.slot,
                                  .port = l->port,
                                  .used = 1,
                                  .backlog = l->backlog,
                                  .queued = l->queued - l->opening,
                                  .accepted = l->accepted,
                                  .overflows = l->overflows};
}

/* The core gives out the lowest index that is free. */
static uint32_t
listeners_used(const struct views *v)
{
    uint32_t n = v->listeners;

    while (n < v->tcp->config.listeners && v->tcp->listeners[n].used)
        n++;
    return n;
}

static void
write_listeners(struct views *v)
{
    v->listeners = listeners_used(v);
    for (uint32_t i = 0; i < v->listeners; i++) {
        struct view_listener row = row_of_listener(&v->tcp->listeners[i]);

        if (memcmp(&row, &v->listener[i], sizeof row) == 0)
            continue;
        v->listener[i] = row;
        view_write(&v->shm.listeners, i, &row);
    }
    while (v->listeners > 0 && !v->tcp->listeners[v->listeners - 1].used)
        v->listeners--;
}

/* ---- a successor's start ---- */

/* A row that cannot be read shows nothing to anybody. */
static void
start_conn(struct views *v, uint32_t i, instant_t now)
{
    struct view_conn left;

    if (v->tcp->tcbs[i].state != TCB_CLOSED ||
        (view_read(&v->shm.conns, i, &left) && left.info.state != VIEW_CLOSED))
        write_conn(v, i, now);
}

static void
start_listener(struct views *v, uint32_t i)
{
    struct view_listener left;

    if (view_read(&v->shm.listeners, i, &left) && left.used) {
        v->listener[i] = left;
        v->listeners = i + 1;
    }
}

void
views_start(struct views *v, instant_t now)
{
    for (uint32_t i = 0; i < v->tcp->config.tcbs; i++)
        start_conn(v, i, now);
    for (uint32_t i = 0; i < v->tcp->config.listeners; i++)
        start_listener(v, i);
    write_listeners(v);
}

/* ---- a turn ---- */

static void
enqueue(struct views *v, uint32_t i)
{
    if (v->waits[i])
        return;
    v->waits[i] = true;
    v->waiting[(v->first + v->count++) % TCPD_TCBS] = (uint16_t)i;
}

void
views_commit(struct views *v, bool bound, instant_t now)
{
    const struct list *changed = &v->tcp->changed;

    for (struct list *l = changed->next; l != changed; l = l->next) {
        const struct tcb *tcb = list_item(l, struct tcb, changed);

        if (tcb->state != v->shown[tcb->index])
            write_conn(v, tcb->index, now);
        if (tcb->state != TCB_CLOSED)
            enqueue(v, tcb->index);
    }
    if (bound)
        write_listeners(v);
    if (instant_is_never(v->due))
        v->due = instant_add(now, duration_ms(VIEW_PERIOD_MS));
}

void
views_expire(struct views *v, instant_t now)
{
    if (!instant_due(v->due, now))
        return;
    for (uint32_t n = min_u32(v->count, VIEW_BATCH); n > 0; n--) {
        uint32_t i = v->waiting[v->first];

        v->first = (v->first + 1) % TCPD_TCBS;
        v->count--;
        v->waits[i] = false;
        if (v->tcp->tcbs[i].state != TCB_CLOSED)
            write_conn(v, i, now);
    }
    write_listeners(v);
    if (v->count == 0)
        v->due = INSTANT_NEVER;
}
