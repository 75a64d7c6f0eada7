/* SPDX-License-Identifier: MIT */
/* Keeps waiting packets in chains of chunks: few small ones, or one large. */
#include "ipd/core/pending.h"

#include "base/bits.h"
#include "base/check.h"

#include <string.h>

void
pending_init(struct pending *p)
{
    p->count = 0;
    p->free = 0;
    p->free_chunks = PENDING_CHUNKS;
    for (uint16_t i = 0; i < PENDING_CHUNKS; i++)
        p->next[i] = (uint16_t)(i + 1);
}

static uint32_t
chunks_of(uint32_t len)
{
    return (len + PENDING_CHUNK - 1) / PENDING_CHUNK;
}

static uint32_t
count_to(const struct pending *p, const struct net_path *to)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < p->count; i++) {
        const struct net_path *path = &p->packets[i].out.path;

        n += path->link == to->link && addr_equal(path->next_hop, to->next_hop);
    }
    return n;
}

static void
fill_chunks(struct pending *p, const uint8_t *bytes, uint32_t len)
{
    while (len > 0) {
        uint32_t part = min_u32(len, PENDING_CHUNK);

        memcpy(p->chunks[p->free], bytes, part);
        p->free = p->next[p->free];
        p->free_chunks--;
        bytes += part;
        len -= part;
    }
}

static bool
has_room(const struct pending *p, const struct outgoing *out)
{
    bool ours = out->kind != OUTGOING_FORWARD;
    uint32_t packets = ours ? PENDING_PACKETS : PENDING_PACKETS / 2;
    uint32_t kept_free = ours ? 0 : PENDING_CHUNKS / 2;

    return p->count < packets &&
           chunks_of(out->len) + kept_free <= p->free_chunks;
}

bool
pending_keep(struct pending *p, const struct outgoing *out,
             const uint8_t *bytes)
{
    if (!has_room(p, out) || count_to(p, &out->path) >= PENDING_PER_HOP)
        return false;
    p->packets[p->count++] = (struct pending_packet){
        .out = *out,
        .first = p->free,
    };
    fill_chunks(p, bytes, out->len);
    return true;
}

void
pending_read(const struct pending *p, uint32_t i, uint8_t *out)
{
    uint32_t left = p->packets[i].out.len;
    uint16_t at = p->packets[i].first;

    while (left > 0) {
        uint32_t part = min_u32(left, PENDING_CHUNK);

        memcpy(out, p->chunks[at], part);
        at = p->next[at];
        out += part;
        left -= part;
    }
}

void
pending_remove(struct pending *p, uint32_t i)
{
    uint32_t chunks = chunks_of(p->packets[i].out.len);
    uint16_t last = p->packets[i].first;

    CHECK(i < p->count);
    if (chunks > 0) {
        for (uint32_t n = 1; n < chunks; n++)
            last = p->next[last];
        p->next[last] = p->free;
        p->free = p->packets[i].first;
        p->free_chunks = (uint16_t)(p->free_chunks + chunks);
    }
    p->count--;
    memmove(&p->packets[i], &p->packets[i + 1],
            (p->count - i) * sizeof p->packets[0]);
}
