/* SPDX-License-Identifier: MIT */
/* The first row that begins a counter's name, or is all of it, says where to
 * look. */
#include "ctl/stats_hint.h"

#include "base/bits.h"

#include <stddef.h>
#include <string.h>

/* clang-format off */
static const struct {
    const char *prefix, *look;
} hints[] = {
    {"ip.drop.no_route", "skink routes get ADDR"},
    {"ip.drop.no_source", "skink links; skink addr add ADDR/LEN dev LINK"},
    {"ip.drop.not_for_us", "skink links, and Forwarding= in skink config show"},
    {"ip.drop.ttl", "skink routes get ADDR, for a loop"},
    {"ip.drop.frag", "skink capture 'ip[6:2] & 0x3fff != 0'"},
    {"ip.drop.ring_full", "skink status, for a ring that stays deep"},
    {"link.drop.impaired", "skink links, for what was asked of impair"},
    {"link.drop.ring_full", "skink status, for a ring that stays deep"},
    {"link.drop.device", "ip -s link show, on the host's side of the link"},
    {"link.drop.no_peer", "skink -i PEER status"},
    {"link.drop.", "skink capture"},
    {"eth.drop.", "skink capture -w FILE, for the frames' addresses"},
    {"arp.", "skink neigh; skink capture arp"},
    {"ip.drop.neigh", "skink neigh; skink capture arp"},
    {"icmp.", "skink capture icmp"},
    {"ip.drop.", "skink capture, which says what was dropped"},
    {"tcp.drop.listen_queue", "skink conns -li, for accept queues"},
    {"tcp.drop.", "skink capture --on 'ipd>tcpd', which says what was dropped"},
    {"tcp.retrans", "skink conns -ti"},
    {"tcp.attempt_fails", "skink capture 'tcp[tcpflags] & tcp-rst != 0'"},
    {"tcp.estab_resets", "skink capture 'tcp[tcpflags] & tcp-rst != 0'"},
    {"tcp.cookies", "skink conns -li, for accept queues that overflow"},
    {"tcp.curr_estab", "skink conns"},
    {"tcp.", "skink conns -ti"},
    {"api.", "skink conns -ap, for the clients"},
    {"ping.", "skink ping ADDR"},
    {"link.", "skink links"},
};
/* clang-format on */

const char *
stats_hint(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
        if (strncmp(name, hints[i].prefix, strlen(hints[i].prefix)) == 0)
            return hints[i].look;
    }
    return NULL;
}
