/* SPDX-License-Identifier: MIT */
/* One function a message and a direction. */
#include "ctl/message.h"

#include <string.h>

#define PPM_MAX   1000000
#define DELAY_MAX 60000000 /* us */

/* ---- into messages ---- */

static ProtobufCBinaryData
bytes_of(struct addr *a)
{
    return (ProtobufCBinaryData){.len = sizeof a->b, .data = a->b};
}

void
message_of_address(Skink__Control__Address *m, struct net_address *a)
{
    skink__control__address__init(m);
    m->addr = bytes_of(&a->addr);
    m->prefix_len = a->prefix_len;
    m->link = a->link;
}

void
message_of_route(Skink__Control__Route *m, struct net_route *r)
{
    skink__control__route__init(m);
    m->dst = bytes_of(&r->dst);
    m->prefix_len = r->prefix_len;
    m->gateway = bytes_of(&r->gateway);
    m->source = bytes_of(&r->source);
    m->link = r->link;
    m->metric = r->metric;
    m->mtu = r->mtu;
    m->proto = r->proto;
}

void
message_of_impair(Skink__Control__Impair *m, uint32_t link,
                  enum conf_direction direction, const struct conf_impair *i)
{
    skink__control__impair__init(m);
    m->link = link;
    m->direction = (uint32_t)direction;
    m->seed = i->seed;
    m->rate = i->rate;
    m->loss = i->loss;
    m->reorder = i->reorder;
    m->dup = i->dup;
    m->corrupt = i->corrupt;
    m->delay_us = i->delay_us;
    m->jitter_us = i->jitter_us;
}

/* ---- out of messages ---- */

bool
message_to_addr(const ProtobufCBinaryData *bytes, struct addr *a)
{
    if (bytes->len != sizeof a->b)
        return false;
    memcpy(a->b, bytes->data, sizeof a->b);
    return addr_is_v4(*a);
}

static bool
to_addr_or_any(const ProtobufCBinaryData *bytes, struct addr *a)
{
    *a = addr_any_v4();
    return bytes->len == 0 || message_to_addr(bytes, a);
}

bool
message_to_address(const Skink__Control__Address *m, struct net_address *a)
{
    if (m == NULL || !message_to_addr(&m->addr, &a->addr))
        return false;
    a->prefix_len = m->prefix_len;
    a->link = m->link;
    return true;
}

bool
message_to_route(const Skink__Control__Route *m, struct net_route *r)
{
    if (m == NULL || !message_to_addr(&m->dst, &r->dst) ||
        !to_addr_or_any(&m->gateway, &r->gateway) ||
        !to_addr_or_any(&m->source, &r->source) || m->proto > NET_PROTO_BOOT)
        return false;
    r->prefix_len = m->prefix_len;
    r->link = m->link;
    r->metric = m->metric;
    r->mtu = m->mtu;
    r->proto = m->proto;
    return true;
}

bool
message_to_impair(const Skink__Control__Impair *m, struct conf_tables *tables)
{
    if (m == NULL || m->link >= tables->net.links ||
        m->direction >= CONF_DIRECTIONS || m->loss > PPM_MAX ||
        m->reorder > PPM_MAX || m->dup > PPM_MAX || m->corrupt > PPM_MAX ||
        m->delay_us > DELAY_MAX || m->jitter_us > DELAY_MAX)
        return false;
    tables->impair[m->link][m->direction] = (struct conf_impair){
        .seed = m->seed,
        .rate = m->rate,
        .loss = m->loss,
        .reorder = m->reorder,
        .dup = m->dup,
        .corrupt = m->corrupt,
        .delay_us = m->delay_us,
        .jitter_us = m->jitter_us,
    };
    return true;
}
