/* SPDX-License-Identifier: MIT */
/* Announcements. A new address is used at once, without a probe (RFC 5227 2.1):
 * whoever configures it twice sees the conflict counted. It is never given up,
 * so a conflict is answered as RFC 5227 2.4 (c) has it. */
#include "ipd/core/announce.h"

#include <stddef.h>

#define ANNOUNCE_NUM      2
#define ANNOUNCE_INTERVAL duration_ms(2000)
#define DEFEND_INTERVAL   duration_ms(10000)

void
announce_init(struct announce *a, const struct net *net)
{
    *a = (struct announce){.net = net, .next = INSTANT_NEVER};
}

static struct announced *
find(struct announce *a, uint32_t link, struct addr addr)
{
    for (uint32_t i = 0; i < a->count; i++) {
        if (a->addresses[i].link == link &&
            addr_equal(a->addresses[i].addr, addr))
            return &a->addresses[i];
    }
    return NULL;
}

void
announce_review(struct announce *a, instant_t now)
{
    struct announce before = *a;

    a->count = a->net->addresses;
    for (uint32_t i = 0; i < a->count; i++) {
        const struct net_address *own = &a->net->address[i];
        const struct announced *was = find(&before, own->link, own->addr);

        a->addresses[i] = (struct announced){
            .addr = own->addr,
            .link = own->link,
            .left = ANNOUNCE_NUM,
            .due = now,
        };
        if (was != NULL)
            a->addresses[i] = *was;
    }
    a->next = now;
}

void
announce_done(struct announce *a)
{
    for (uint32_t i = 0; i < a->count; i++)
        a->addresses[i].left = 0;
    a->next = INSTANT_NEVER;
}

bool
announce_defend(struct announce *a, uint32_t link, struct addr addr,
                instant_t now)
{
    struct announced *own = find(a, link, addr);

    if (own == NULL ||
        (own->defended.ns != 0 &&
         !instant_due(instant_add(own->defended, DEFEND_INTERVAL), now)))
        return false;
    own->defended = now;
    if (own->left == 0)
        own->left = 1;
    own->due = now;
    a->next = now;
    return true;
}

bool
announce_pull(struct announce *a, instant_t now, uint32_t *link,
              struct addr *addr)
{
    instant_t next = INSTANT_NEVER;

    if (!instant_due(a->next, now))
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        struct announced *own = &a->addresses[i];

        if (own->left == 0)
            continue;
        if (instant_due(own->due, now)) {
            own->left--;
            own->due = instant_add(now, ANNOUNCE_INTERVAL);
            *link = own->link;
            *addr = own->addr;
            return true;
        }
        next = instant_min(next, own->due);
    }
    a->next = next;
    return false;
}
