/* SPDX-License-Identifier: MIT */
/* Sequence numbers, timestamps and ports that nobody off the path can guess:
 * each is a clock or counter plus a keyed hash of the 4-tuple. */
#include "tcpd/core/demux.h"
#include "tcpd/core/internal.h"
#include "tcpd/core/listeners.h"

static uint32_t
tuple_hash(const struct tcp *tcp, enum flow_use use, const struct tcb *tcb)
{
    return (uint32_t)flow_hash(tcp, use, &tcb->local, tcb->local_port,
                               &tcb->remote, tcb->remote_port);
}

seq_t
isn_choose(const struct tcp *tcp, const struct tcb *tcb, instant_t now)
{
    uint32_t clock = (uint32_t)(now.ns / 4000);

    return seq(clock + tuple_hash(tcp, FLOW_ISN, tcb));
}

uint32_t
isn_ts_offset(const struct tcp *tcp, const struct tcb *tcb)
{
    return tuple_hash(tcp, FLOW_TIMESTAMP, tcb);
}

uint32_t
isn_ts_now(const struct tcb *tcb, instant_t now)
{
    return (uint32_t)(now.ns / 1000000) + tcb->ts_offset;
}

/* A connection to itself would be made when all four numbers are pairwise the
 * same: legal, but never what connect() without bind() means. */
static bool
is_self(const struct addr *local, const struct addr *remote, uint16_t port,
        uint16_t remote_port)
{
    return port == remote_port && addr_equal(*local, *remote);
}

uint16_t
isn_port(struct tcp *tcp, const struct addr *local, const struct addr *remote,
         uint16_t remote_port)
{
    const uint32_t range = TCP_PORT_LAST - TCP_PORT_FIRST + 1;
    uint32_t offset =
        (uint32_t)flow_hash(tcp, FLOW_PORT, local, 0, remote, remote_port);

    for (uint32_t i = 0; i < range; i++) {
        uint32_t step = tcp->port_hint++ % range + offset % range;
        uint16_t port = (uint16_t)(TCP_PORT_FIRST + step % range);

        if (!port_is_bound(tcp, local, port) &&
            !is_self(local, remote, port, remote_port) &&
            tcp_find(tcp, local, port, remote, remote_port) == NULL)
            return port;
    }
    return 0;
}
