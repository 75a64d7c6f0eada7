/* SPDX-License-Identifier: MIT */
/* ARP input and output (RFC 826, RFC 5227).
 *
 * Answered is every well-formed request for our address, also a probe from a
 * host that has no address yet. Learnt is only what neigh.c admits, and only of
 * hosts that we could send to. Announcements and replies that nobody asked for
 * teach nothing; an announcement that contradicts what we know makes us ask. */
#include "ipd/core/arp.h"

#include "ipd/core/route.h"

static void
write_frame(uint8_t out[ARP_FRAME], struct mac dst, const struct arp *a)
{
    const struct ether link = {
        .dst = dst,
        .src = a->sender_mac,
        .type = ETHER_ARP,
    };

    ether_encode(out, &link);
    arp_encode(out + ETHER_LEN, a);
}

/* Who sent it must be one host, or in a request one without an address (RFC
 * 5227 1.1), and not us. */
static enum drop
check_sender(const struct ip_config *cfg, const struct arp *a)
{
    static const struct mac none;

    if (mac_is_group(a->sender_mac) || mac_equal(a->sender_mac, none) ||
        mac_equal(a->sender_mac, cfg->mac))
        return DROP_ARP_BAD_SENDER;
    if (addr_equal(a->sender, cfg->address))
        return DROP_ARP_CONFLICT;
    if (a->op == ARP_REQUEST && addr_is_any(a->sender))
        return DROP_NONE;
    return route_is_host(cfg, a->sender) ? DROP_NONE : DROP_ARP_BAD_SENDER;
}

static enum drop
take_request(struct neigh_table *t, const struct arp *a, instant_t now,
             uint8_t reply[ARP_FRAME])
{
    const struct arp answer = {
        .op = ARP_REPLY,
        .sender_mac = t->cfg->mac,
        .sender = t->cfg->address,
        .target_mac = a->sender_mac,
        .target = a->sender,
    };
    struct mac known;
    bool for_us = addr_equal(a->target, t->cfg->address);

    if (route_is_neighbour(t->cfg, a->sender) &&
        (for_us || neigh_look(t, a->sender, &known) == NEIGH_KNOWN))
        neigh_claim(t, a->sender, a->sender_mac, now);
    if (!for_us)
        return DROP_ARP_NOT_FOR_US;
    write_frame(reply, a->sender_mac, &answer);
    return DROP_NONE;
}

static enum drop
take_reply(struct neigh_table *t, const struct arp *a, instant_t now)
{
    if (!addr_equal(a->target, t->cfg->address) ||
        !neigh_confirm(t, a->sender, a->sender_mac, now))
        return DROP_ARP_NOT_FOR_US;
    return DROP_NONE;
}

enum drop
arp_input(struct neigh_table *t, const uint8_t *bytes, size_t len,
          instant_t now, enum arp_meaning *meaning, uint8_t reply[ARP_FRAME])
{
    struct arp a;
    enum drop why = arp_decode(bytes, len, &a);

    if (why == DROP_NONE)
        why = check_sender(t->cfg, &a);
    if (why != DROP_NONE)
        return why;
    *meaning = a.op == ARP_REQUEST ? ARP_ASKS_US : ARP_ANSWERS;
    return a.op == ARP_REQUEST ? take_request(t, &a, now, reply)
                               : take_reply(t, &a, now);
}

void
arp_request_frame(const struct ip_config *cfg, const struct neigh_request *r,
                  uint8_t out[ARP_FRAME])
{
    const struct arp a = {
        .op = ARP_REQUEST,
        .sender_mac = cfg->mac,
        .sender = cfg->address,
        .target = r->addr,
    };

    write_frame(out, r->mac, &a);
}

void
arp_announcement_frame(const struct ip_config *cfg, uint8_t out[ARP_FRAME])
{
    const struct neigh_request everybody = {
        .addr = cfg->address,
        .mac = mac_broadcast(),
    };

    arp_request_frame(cfg, &everybody, out);
}
