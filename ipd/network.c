/* SPDX-License-Identifier: MIT */
/* Looks at conf. Routes take effect by being there; neighbours and announcements
 * are brought in line. */
#include "ipd/network.h"

#include "base/hash.h"
#include "base/os/log.h"
#include "ipd/transmit.h"

#include <string.h>

void
network_init(struct ipd *d)
{
    d->conf_version = CONF_UNSEEN;
    announce_init(&d->announce, &d->net);
    neigh_init(&d->neigh, &d->net);
}

/* What is wrong with the new one, or NULL. */
static const char *
refusal(const struct ipd *d)
{
    const char *wrong = net_check(&d->tables.net);

    if (wrong == NULL && d->tables.net.links != d->links)
        return "it has other links than this instance";
    return wrong;
}

uint32_t
network_look(struct ipd *d, instant_t now)
{
    const char *wrong;

    if (!conf_look(d->conf, &d->conf_version, &d->tables))
        return 0;
    d->ping_due = true;
    wrong = refusal(d);
    if (wrong != NULL) {
        if (!d->net_refused)
            log_line("the new network is ignored: %s", wrong);
        d->net_refused = true;
        return 1;
    }
    d->net_refused = false;
    if (memcmp(&d->net, &d->tables.net, sizeof d->net) != 0) {
        d->net = d->tables.net;
        d->net_sum = hash_checksum(&d->net, sizeof d->net);
        neigh_review(&d->neigh);
        announce_review(&d->announce, now);
    }
    return 1;
}

void
network_is_announced(struct ipd *d)
{
    announce_done(&d->announce);
}

uint32_t
network_announce(struct ipd *d, instant_t now)
{
    uint8_t frame[ARP_FRAME];
    struct addr addr;
    uint32_t link;
    uint32_t n = 0;

    for (; announce_pull(&d->announce, now, &link, &addr); n++) {
        arp_announcement_frame(&d->net, link, addr, frame);
        cnc_drop(&d->cnc, transmit_arp(d, link, frame, DROP_IP_RING_FULL));
    }
    return n;
}
