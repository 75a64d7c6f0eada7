/* SPDX-License-Identifier: MIT */
/* ARP input and output (RFC 826, RFC 5227).
 *
 * Answered is every well-formed request for an address of ours on the link that
 * it came in on, also a probe from a host that has no address yet. Learnt is only
 * what neigh.c admits, and only of hosts that we could send to. Announcements
 * and replies that nobody asked for teach nothing; an announcement that
 * contradicts what we know makes us ask. */
#include "ipd/core/arp.h"

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

/* Is the address ours on that very link? */
static bool
is_ours(const struct net *net, uint32_t link, struct addr a)
{
    const struct net_address *own = net_own(net, a);

    return own != NULL && own->link == link;
}

/* Who sent it must be one host, or in a request one without an address (RFC
 * 5227 1.1), and not us. */
static enum drop
check_sender(const struct net *net, uint32_t link, const struct arp *a)
{
    static const struct mac none;

    if (mac_is_group(a->sender_mac) || mac_equal(a->sender_mac, none) ||
        mac_equal(a->sender_mac, net->link[link].mac))
        return DROP_ARP_BAD_SENDER;
    if (is_ours(net, link, a->sender))
        return DROP_ARP_CONFLICT;
    if (a->op == ARP_REQUEST && addr_is_any(a->sender))
        return DROP_NONE;
    if (!net_is_host(net, a->sender) || net_own(net, a->sender) != NULL)
        return DROP_ARP_BAD_SENDER;
    return DROP_NONE;
}

static enum drop
take_request(struct neigh_table *t, uint32_t link, const struct arp *a,
             instant_t now, uint8_t reply[ARP_FRAME])
{
    const struct arp answer = {
        .op = ARP_REPLY,
        .sender_mac = t->net->link[link].mac,
        .sender = a->target,
        .target_mac = a->sender_mac,
        .target = a->sender,
    };
    struct mac known;
    bool for_us = is_ours(t->net, link, a->target);

    if (net_is_neighbour(t->net, link, a->sender) &&
        (for_us || neigh_look(t, link, a->sender, &known) == NEIGH_KNOWN))
        neigh_claim(t, link, a->sender, a->sender_mac, now);
    if (!for_us)
        return DROP_ARP_NOT_FOR_US;
    write_frame(reply, a->sender_mac, &answer);
    return DROP_NONE;
}

static enum drop
take_reply(struct neigh_table *t, uint32_t link, const struct arp *a,
           instant_t now)
{
    if (net_own(t->net, a->target) == NULL ||
        !neigh_confirm(t, link, a->sender, a->sender_mac, now))
        return DROP_ARP_NOT_FOR_US;
    return DROP_NONE;
}

enum drop
arp_input(struct neigh_table *t, uint32_t link, const uint8_t *bytes,
          size_t len, instant_t now, struct arp_result *out)
{
    struct arp a;
    enum drop why = arp_decode(bytes, len, &a);

    if (why != DROP_NONE)
        return why;
    out->claimed = a.sender;
    why = check_sender(t->net, link, &a);
    if (why != DROP_NONE)
        return why;
    out->meaning = a.op == ARP_REQUEST ? ARP_ASKS_US : ARP_ANSWERS;
    return a.op == ARP_REQUEST ? take_request(t, link, &a, now, out->reply)
                               : take_reply(t, link, &a, now);
}

/* The link's first address asks; another link's for one that has none. */
static struct addr
asking_address(const struct net *net, uint32_t link)
{
    const struct net_address *first = net_first(net, link);

    if (first != NULL)
        return first->addr;
    return net->addresses > 0 ? net->address[0].addr : addr_any_v4();
}

void
arp_request_frame(const struct net *net, const struct neigh_request *r,
                  uint8_t out[ARP_FRAME])
{
    const struct arp a = {
        .op = ARP_REQUEST,
        .sender_mac = net->link[r->link].mac,
        .sender = asking_address(net, r->link),
        .target = r->addr,
    };

    write_frame(out, r->mac, &a);
}

void
arp_announcement_frame(const struct net *net, uint32_t link, struct addr addr,
                       uint8_t out[ARP_FRAME])
{
    const struct arp a = {
        .op = ARP_REQUEST,
        .sender_mac = net->link[link].mac,
        .sender = addr,
        .target = addr,
    };

    write_frame(out, mac_broadcast(), &a);
}
