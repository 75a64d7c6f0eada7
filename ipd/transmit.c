/* SPDX-License-Identifier: MIT */
/* The shapes of the frames that leave ipd. What another daemon's region holds
 * stays there, also when it leaves in fragments, each of which names the same
 * origin. */
#include "ipd/transmit.h"

#include "base/check.h"
#include "ipd/core/fragment.h"

#include <string.h>

#define ANSWER_SLOTS 64 /* of an ip.tx, that bulk leaves free */

/* linkd gives its device 10 ms for a frame: who takes nothing for that long does
 * not run. */
#define PATIENCE duration_ms(100)

static struct packet *
next_slot(struct outlet *o)
{
    return ring_stage(&o->ring, o->staged);
}

/* ---- one frame ---- */

static void
write_ether(const struct ipd *d, uint32_t link, struct mac to, uint8_t *out)
{
    const struct ether eth = {
        .dst = to,
        .src = d->net.link[link].mac,
        .type = ETHER_IPV4,
    };

    ether_encode(out, &eth);
}

/* `len` bytes of the payload from `from` on follow what is in the slot. */
static bool
put_payload(struct outlet *tx, struct packet *slot, const struct payload *p,
            uint32_t from, uint32_t len)
{
    uint8_t *room;

    if (len == 0)
        return true;
    if (p->in != NULL) {
        slot->region = p->in->packet.region;
        slot->offset = p->in->packet.offset + p->offset + from;
        slot->len = len;
        slot->origin_ring = (uint8_t)p->in->ring;
        slot->origin = p->in->at;
        return true;
    }
    room = area_reserve(&tx->made, tx->staged, len);
    if (room == NULL)
        return false;
    memcpy(room, p->bytes + from, len);
    area_commit(&tx->made, slot, len);
    return true;
}

/* The next slot with both headers and `extra` bytes more; NULL: no room. */
static struct packet *
begin_frame(struct ipd *d, const struct outgoing *o, struct mac to,
            const uint8_t *header, uint32_t extra)
{
    struct packet *slot = next_slot(&d->link[o->path.link].tx);

    if (slot == NULL)
        return NULL;
    *slot = (struct packet){
        .header_len = (uint8_t)(IP_OUTPUT_HEADERS + extra),
        .origin_ring = RINGS,
    };
    write_ether(d, o->path.link, to, slot->header);
    memcpy(slot->header + ETHER_LEN, header, IPV4_HEADER_LEN);
    memcpy(slot->header + IP_OUTPUT_HEADERS, o->head + IPV4_HEADER_LEN, extra);
    return slot;
}

static bool
transmit_whole(struct ipd *d, const struct outgoing *o, struct mac to,
               const struct payload *p)
{
    struct outlet *tx = &d->link[o->path.link].tx;
    struct packet *slot =
        begin_frame(d, o, to, o->head, o->head_len - IPV4_HEADER_LEN);

    if (slot == NULL || !put_payload(tx, slot, p, 0, o->len))
        return false;
    if (o->gso_size != 0)
        slot->flags |= PACKET_GSO_TCPV4;
    if (o->csum_partial)
        slot->flags |= PACKET_CSUM_PARTIAL;
    slot->gso_size = o->gso_size;
    slot->csum_start = o->csum_start;
    slot->csum_offset = o->csum_offset;
    tx->staged++;
    cnc_count(&d->cnc, COUNTER_IP_OUT_TRANSMITS, 1);
    return true;
}

/* ---- fragments ---- */

/* The first one carries what of the payload stands in o->head. */
static bool
transmit_fragment(struct ipd *d, const struct outgoing *o, struct mac to,
                  const struct payload *p, const struct fragment *f)
{
    struct outlet *tx = &d->link[o->path.link].tx;
    uint32_t extra = o->head_len - (uint32_t)IPV4_HEADER_LEN;
    uint32_t inline_len = f->offset == 0 ? extra : 0;
    uint32_t from = f->offset == 0 ? 0 : f->offset - extra;
    struct packet *slot = begin_frame(d, o, to, f->header, inline_len);

    if (slot == NULL || !put_payload(tx, slot, p, from, f->len - inline_len))
        return false;
    tx->staged++;
    return true;
}

static bool
transmit_pieces(struct ipd *d, const struct outgoing *o, struct mac to,
                const struct payload *p)
{
    struct outlet *tx = &d->link[o->path.link].tx;
    uint32_t before = tx->staged;
    struct fragmentation f;
    struct fragment piece;
    struct ipv4 ip;

    CHECK(ipv4_decode(o->head, IPV4_HEADER_LEN, IPV4_PACKET_MAX, &ip) ==
          DROP_NONE);
    fragment_start(&f, &ip, o->head_len - (uint32_t)IPV4_HEADER_LEN + o->len,
                   o->path.mtu);
    while (fragment_next(&f, &piece)) {
        if (!transmit_fragment(d, o, to, p, &piece)) {
            tx->staged = before;
            return false;
        }
    }
    cnc_count(&d->cnc, COUNTER_IP_FRAG_OK, 1);
    cnc_count(&d->cnc, COUNTER_IP_FRAG_CREATES, tx->staged - before);
    cnc_count(&d->cnc, COUNTER_IP_OUT_TRANSMITS, tx->staged - before);
    return true;
}

/* No device completes a checksum across fragments: it is done here, on a
 * copy. */
static bool
transmit_fragments(struct ipd *d, const struct outgoing *o, struct mac to,
                   const struct payload *p)
{
    const struct payload copy = {.bytes = d->scratch};
    struct outgoing whole = *o;

    if (!o->csum_partial)
        return transmit_pieces(d, o, to, p);
    memmove(d->scratch, p->bytes, o->len); /* it may lie there already */
    ip_output_complete(&whole, d->scratch);
    return transmit_pieces(d, &whole, to, &copy);
}

bool
transmit_packet(struct ipd *d, const struct outgoing *o, struct mac to,
                const struct payload *p)
{
    if (ip_output_too_long(o))
        return transmit_fragments(d, o, to, p);
    return transmit_whole(d, o, to, p);
}

enum drop
transmit_arp(struct ipd *d, uint32_t link, const uint8_t frame[ARP_FRAME],
             enum drop full)
{
    struct outlet *tx = &d->link[link].tx;
    struct packet *out = next_slot(tx);

    if (out == NULL)
        return full;
    *out = (struct packet){.header_len = ARP_FRAME, .origin_ring = RINGS};
    memcpy(out->header, frame, ARP_FRAME);
    tx->staged++;
    return DROP_NONE;
}

/* ---- room ---- */

/* Of one link alone nobody is held up but it. */
enum transmit_room
transmit_patience(struct ipd *d, uint32_t link, instant_t now)
{
    struct outlet *tx = &d->link[link].tx;

    if (instant_is_never(tx->full_since))
        tx->full_since = now;
    if (d->links > 1) {
        instant_t end = instant_add(tx->full_since, PATIENCE);

        if (instant_due(end, now))
            return TRANSMIT_NEVER;
        d->retry = instant_min(d->retry, end);
    }
    d->waits = true;
    return TRANSMIT_WAIT;
}

bool
transmit_has_room(struct ipd *d, uint32_t link)
{
    struct outlet *tx = &d->link[link].tx;

    return ring_stage(&tx->ring, tx->staged + ANSWER_SLOTS) != NULL;
}

enum transmit_room
transmit_room(struct ipd *d, uint32_t link, instant_t now)
{
    if (!transmit_has_room(d, link))
        return transmit_patience(d, link, now);
    d->link[link].tx.full_since = INSTANT_NEVER;
    return TRANSMIT_ROOM;
}
