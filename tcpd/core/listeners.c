/* SPDX-License-Identifier: MIT */
/* Binds ports and lets them listen.
 *
 * A port is taken while a listener has it, and while a connection that was
 * opened from here uses it: both were promised to somebody. Accepted
 * connections do not hold their port, so that a server can start again while
 * connections of its past live on or wait (what SO_REUSEADDR asks for). */
#include "tcpd/core/listeners.h"

#include "base/bits.h"
#include "base/check.h"
#include "tcpd/core/demux.h"
#include "tcpd/core/internal.h"
#include "tcpd/core/release.h"

bool
port_is_bound(struct tcp *tcp, const struct addr *addr, uint16_t port)
{
    return tcp_find_listener(tcp, addr, port) != NULL ||
           (addr_is_any(*addr) && listener_on_port(tcp, port));
}

static bool
port_is_taken(struct tcp *tcp, const struct addr *addr, uint16_t port)
{
    return tcp->opened[port] > 0 || port_is_bound(tcp, addr, port);
}

/* A free ephemeral port that nobody can foresee, or 0. */
static uint16_t
pick_port(struct tcp *tcp, const struct addr *addr)
{
    const uint32_t range = TCP_PORT_LAST - TCP_PORT_FIRST + 1;
    struct addr none = addr_any_v4();
    uint64_t start =
        flow_hash(tcp, FLOW_PORT, addr, 0, &none, (uint16_t)++tcp->port_hint);

    for (uint32_t i = 0; i < range; i++) {
        uint16_t port = (uint16_t)(TCP_PORT_FIRST + (start + i) % range);

        if (!port_is_taken(tcp, addr, port))
            return port;
    }
    return 0;
}

/* One after the other: only a bind looks for one, and there are few. */
static struct listener *
unused_listener(struct tcp *tcp)
{
    for (uint32_t i = 0; i < tcp->config.listeners; i++)
        if (!tcp->listeners[i].used)
            return &tcp->listeners[i];
    return NULL;
}

struct listener *
tcp_call_bind(struct tcp *tcp, const struct owner *owner,
              const struct addr *addr, uint16_t port, enum tcp_error *error)
{
    struct listener *l = unused_listener(tcp);

    *error = TCP_OK;
    if (!addr_is_any(*addr) && net_own(tcp->config.net, *addr) == NULL)
        *error = TCP_ADDR_NOT_OURS;
    else if (port != 0 && port_is_taken(tcp, addr, port))
        *error = TCP_ADDR_IN_USE;
    else if (port == 0 && (port = pick_port(tcp, addr)) == 0)
        *error = TCP_NO_PORT;
    else if (l == NULL)
        *error = TCP_NO_MEMORY;
    if (*error != TCP_OK)
        return NULL;

    l->used = 1;
    l->port = port;
    l->addr = *addr;
    l->owner = *owner;
    l->backlog = 0;
    l->queued = 0;
    l->opening = 0;
    l->cookies_at = INSTANT_NEVER;
    l->accepted = 0;
    l->overflows = 0;
    tcp_settings_default(tcp, &l->settings);
    l->pool = NULL;
    list_init(&l->children);
    listener_hash(tcp, l);
    return l;
}

void
tcp_call_listen(struct tcp *tcp, struct listener *l, uint32_t backlog,
                const struct tcp_settings *settings, struct chunk_pool *pool)
{
    if (settings != NULL)
        settings_take(tcp, settings, &l->settings);
    l->backlog = min_u32(max_u32(backlog, 1), TCP_BACKLOG_MAX);
    l->pool = pool;
}

void
tcp_call_unbind(struct tcp *tcp, struct listener *l, instant_t now)
{
    while (!list_empty(&l->children)) {
        struct tcb *tcb = list_item(l->children.next, struct tcb, siblings);

        tcb_abandon(tcp, tcb, now);
    }
    CHECK(l->queued == 0);
    listener_unhash(tcp, l);
    l->used = 0;
    l->backlog = 0;
    l->pool = NULL;
}

/* As Linux, which lets one more in than listen() said. */
bool
listener_is_full(const struct listener *l)
{
    return l->queued - l->opening > l->backlog;
}

/* Half of the tcbs are for what was opened by somebody who answers. */
bool
listener_is_flooded(const struct tcp *tcp, const struct listener *l)
{
    return l->opening >= l->backlog ||
           tcp->opening >= (tcp->config.tcbs + 1) / 2;
}

/* One that is in SYN-RECEIVED comes or goes. */
static void
count_opening(struct tcp *tcp, struct listener *l, bool comes, bool goes)
{
    l->opening += comes;
    l->opening -= goes;
    tcp->opening += comes;
    tcp->opening -= goes;
}

void
listener_state(struct tcp *tcp, const struct tcb *tcb, enum tcb_state to)
{
    if (tcb->listener == LISTENER_NONE)
        return;
    count_opening(tcp, &tcp->listeners[tcb->listener], to == TCB_SYN_RECEIVED,
                  tcb->state == TCB_SYN_RECEIVED);
}

void
listener_adopt(struct tcp *tcp, struct listener *l, struct tcb *tcb)
{
    list_append(&l->children, &tcb->siblings);
    l->queued++;
    count_opening(tcp, l, tcb->state == TCB_SYN_RECEIVED, false);
    tcb->listener = l->index;
}

void
listener_release(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->listener == LISTENER_NONE)
        return;
    list_remove(&tcb->siblings);
    tcp->listeners[tcb->listener].queued--;
    count_opening(tcp, &tcp->listeners[tcb->listener], false,
                  tcb->state == TCB_SYN_RECEIVED);
    tcb->listener = LISTENER_NONE;
    tcb->flags &= ~(uint32_t)TCB_QUEUED;
}
