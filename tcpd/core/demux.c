/* SPDX-License-Identifier: MIT */
/* Finds the connection or the listener that a segment is for.
 *
 * Connections hang in chains by the SipHash of their 4-tuple, so that nobody
 * outside can make a chain long. There are at least as many chains as
 * connections. A tcb is in demux from its opening until tcb_end(), TIME-WAIT
 * included. Listeners, bound ones included, hang in chains by the low bits of
 * their port, which only our own clients choose. */
#include "tcpd/core/demux.h"

#include "base/bits.h"
#include "base/check.h"

#define CHAIN_END UINT32_MAX

uint64_t
flow_hash(const struct tcp *tcp, enum flow_use use, const struct addr *local,
          uint16_t local_port, const struct addr *remote, uint16_t remote_port)
{
    return flow_hash_in(tcp, use, 0, local, local_port, remote, remote_port);
}

uint64_t
flow_hash_in(const struct tcp *tcp, enum flow_use use, uint32_t period,
             const struct addr *local, uint16_t local_port,
             const struct addr *remote, uint16_t remote_port)
{
    struct {
        struct addr local, remote;
        uint16_t local_port, remote_port;
        uint32_t use;
    } key = {*local, *remote, local_port, remote_port, use | period << 8};

    static_assert(sizeof key == 40, "no padding is hashed");
    return hash_keyed(&tcp->config.secret, &key, sizeof key);
}

uint32_t
demux_buckets(uint32_t things)
{
    uint32_t buckets = 1;

    while (buckets < things)
        buckets *= 2;
    return buckets;
}

static uint32_t *
chain_of(struct tcp *tcp, const struct addr *local, uint16_t local_port,
         const struct addr *remote, uint16_t remote_port)
{
    uint64_t hash =
        flow_hash(tcp, FLOW_DEMUX, local, local_port, remote, remote_port);

    return &tcp->buckets[hash & tcp->bucket_mask];
}

void
tcb_hash(struct tcp *tcp, struct tcb *tcb)
{
    uint32_t *head = chain_of(tcp, &tcb->local, tcb->local_port, &tcb->remote,
                              tcb->remote_port);

    tcb->hash_next = *head;
    *head = tcb->index;
}

void
demux_remove(struct tcp *tcp, struct tcb *tcb)
{
    uint32_t *link = chain_of(tcp, &tcb->local, tcb->local_port, &tcb->remote,
                              tcb->remote_port);

    while (*link != tcb->index) {
        CHECK(*link != CHAIN_END);
        link = &tcp->tcbs[*link].hash_next;
    }
    *link = tcb->hash_next;
    tcb->hash_next = CHAIN_END;
}

struct tcb *
tcp_find(struct tcp *tcp, const struct addr *local, uint16_t local_port,
         const struct addr *remote, uint16_t remote_port)
{
    uint32_t i = *chain_of(tcp, local, local_port, remote, remote_port);

    for (; i != CHAIN_END; i = tcp->tcbs[i].hash_next) {
        struct tcb *tcb = &tcp->tcbs[i];

        if (tcb->remote_port == remote_port && tcb->local_port == local_port &&
            addr_equal(tcb->remote, *remote) && addr_equal(tcb->local, *local))
            return tcb;
    }
    return NULL;
}

static uint32_t *
chain_of_port(struct tcp *tcp, uint16_t port)
{
    return &tcp->ports[port & tcp->port_mask];
}

void
listener_hash(struct tcp *tcp, struct listener *l)
{
    uint32_t *head = chain_of_port(tcp, l->port);

    l->port_next = *head;
    *head = l->index;
}

void
listener_unhash(struct tcp *tcp, struct listener *l)
{
    uint32_t *link = chain_of_port(tcp, l->port);

    while (*link != l->index) {
        CHECK(*link != CHAIN_END);
        link = &tcp->listeners[*link].port_next;
    }
    *link = l->port_next;
}

bool
listener_on_port(const struct tcp *tcp, uint16_t port)
{
    uint32_t i = tcp->ports[port & tcp->port_mask];

    while (i != CHAIN_END && tcp->listeners[i].port != port)
        i = tcp->listeners[i].port_next;
    return i != CHAIN_END;
}

struct listener *
tcp_find_listener(struct tcp *tcp, const struct addr *local, uint16_t port)
{
    struct listener *any = NULL;
    uint32_t i = *chain_of_port(tcp, port);

    for (; i != CHAIN_END; i = tcp->listeners[i].port_next) {
        struct listener *l = &tcp->listeners[i];

        if (l->port != port)
            continue;
        if (addr_equal(l->addr, *local))
            return l;
        if (addr_is_any(l->addr))
            any = l;
    }
    return any;
}
