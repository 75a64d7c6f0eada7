/* SPDX-License-Identifier: MIT */
/* The way to the peer: local address and size of segments.
 *
 * The route's MTU is where path MTU discovery begins and what it never
 * exceeds. Only an ICMP error lowers it (RFC 1191), for this connection alone;
 * ipd remembers it for others. It is not raised again while the connection
 * lives. */
#include "tcpd/core/path.h"

#include "base/bits.h"

#define MTU_WITHOUT_ROUTE 576 /* RFC 9293 3.7.1: what every host takes */
#define TIMESTAMP_BYTES   12

bool
path_source(const struct tcp *tcp, struct addr remote, struct addr *local)
{
    struct net_path path;

    if (net_path(tcp->config.net, remote, &path) == NET_NONE ||
        addr_is_any(path.source) || net_is_broadcast(tcp->config.net, remote))
        return false;
    *local = path.source;
    return true;
}

static uint32_t
route_mtu(const struct tcp *tcp, struct addr remote)
{
    struct net_path path;

    return net_path(tcp->config.net, remote, &path) == NET_NONE
               ? MTU_WITHOUT_ROUTE
               : path.mtu;
}

static uint32_t
limited(const struct tcp_settings *settings, uint32_t mss)
{
    return settings->mss_limit != 0 ? min_u32(mss, settings->mss_limit) : mss;
}

uint16_t
path_offered_mss(const struct tcp *tcp, const struct tcp_settings *settings,
                 struct addr remote)
{
    return (uint16_t)limited(settings, route_mtu(tcp, remote) - PATH_HEADERS);
}

void
path_begin(const struct tcp *tcp, struct tcb *tcb)
{
    tcb->pmtu = route_mtu(tcp, tcb->remote);
    tcb->peer_mss = TCP_MSS_DEFAULT;
    path_apply(tcp, tcb);
}

/* RFC 6691: the MSS does not allow for options. The congestion window lets at
 * least one segment go, also one that has become larger. */
void
path_apply(const struct tcp *tcp, struct tcb *tcb)
{
    uint32_t mss = min_u32(tcb->peer_mss, tcb->pmtu - PATH_HEADERS);

    if (tcp->config.gso_max != 0)
        mss = min_u32(mss, tcp->config.gso_max);
    mss = limited(&tcb->settings, mss);
    if (tcb->flags & TCB_TIMESTAMPS)
        mss -= TIMESTAMP_BYTES;
    tcb->snd_mss = mss;
    tcb->cwnd = max_u32(tcb->cwnd, mss);
    tcb->ssthresh = max_u32(tcb->ssthresh, 2 * mss);
}

/* RFC 1191 7.1: a router that does not name its MTU has one of these. */
static uint32_t
plateau_below(uint32_t mtu)
{
    static const uint32_t plateaus[] = {32000, 17914, 8166, 4352,
                                        2002,  1492,  1006, TCP_PMTU_MIN};

    for (size_t i = 0; i < ARRAY_LEN(plateaus); i++)
        if (plateaus[i] < mtu)
            return plateaus[i];
    return TCP_PMTU_MIN;
}

bool
path_lower(const struct tcp *tcp, struct tcb *tcb, uint32_t mtu)
{
    if (mtu == 0)
        mtu = plateau_below(tcb->pmtu);
    mtu = max_u32(mtu, TCP_PMTU_MIN);
    if (mtu >= tcb->pmtu)
        return false;
    tcb->pmtu = mtu;
    path_apply(tcp, tcb);
    return true;
}

bool
path_follow_route(const struct tcp *tcp, struct tcb *tcb)
{
    uint32_t mtu = route_mtu(tcp, tcb->remote);

    if (mtu >= tcb->pmtu)
        return false;
    tcb->pmtu = mtu;
    path_apply(tcp, tcb);
    return true;
}
