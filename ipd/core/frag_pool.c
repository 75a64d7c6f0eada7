/* SPDX-License-Identifier: MIT */
/* The memory for reassembly, and fairness.
 *
 * There are two things to share: places for datagrams and blocks. A source may
 * have so many of each; above that its own oldest datagram makes room. When all
 * of either are taken, room is made by the first of these that there is:
 *
 *   1. the oldest datagram of all that is stale: the fragments of one datagram
 *      leave together, so that what lacks a part after seconds has lost it;
 *   2. the oldest datagram of the source that has most, if it has more than the
 *      one that asks would have then;
 *   3. the oldest other datagram of the source that asks.
 *
 * So a source cannot push out fresh datagrams of others that have no more than
 * itself, whatever it sends, and a newcomer finds room next to big ones. Who
 * commands many source addresses can fill all, though only with one datagram
 * each, and only for as long as a datagram is fresh. */
#include "ipd/core/frag_pool.h"

#include "base/bits.h"
#include "base/check.h"

#include <stddef.h>
#include <string.h>

void
frag_pool_init(struct frag_table *t)
{
    memset(t->sources, 0, sizeof t->sources);
    memset(t->datagrams, 0, sizeof t->datagrams);
    t->free = 0;
    t->free_blocks = FRAG_BLOCKS;
    for (uint16_t i = 0; i < FRAG_BLOCKS; i++)
        t->chain[i] = (uint16_t)(i + 1);
}

static struct frag_source *
source_of(struct frag_table *t, const struct frag_datagram *d)
{
    return &t->sources[d->source];
}

/* ---- giving back ---- */

void
frag_pool_strip(struct frag_table *t, struct frag_datagram *d)
{
    for (uint32_t i = 0; i < FRAG_PER_DATAGRAM; i++) {
        uint16_t block = d->block[i];

        if (block == FRAG_BLOCKS)
            continue;
        t->chain[block] = t->free;
        t->free = block;
        d->block[i] = FRAG_BLOCKS;
    }
    t->free_blocks = (uint16_t)(t->free_blocks + d->blocks);
    source_of(t, d)->blocks = (uint16_t)(source_of(t, d)->blocks - d->blocks);
    d->blocks = 0;
}

void
frag_pool_release(struct frag_table *t, struct frag_datagram *d)
{
    frag_pool_strip(t, d);
    source_of(t, d)->datagrams--;
    d->state = FRAG_FREE;
}

static void
give_up(struct frag_table *t, struct frag_datagram *d)
{
    t->given_up += d->state == FRAG_OPEN;
    frag_pool_release(t, d);
}

/* ---- who makes room ---- */

/* What there is too little of, and who asks for how much of it. */
struct claim {
    bool of_blocks;
    uint16_t n;
    const struct frag_source *source;    /* NULL: one that has nothing yet */
    const struct frag_datagram *sparing; /* NULL: none */
    instant_t now;
};

static uint16_t
share(const struct claim *c, const struct frag_source *s)
{
    if (s == NULL)
        return 0;
    return c->of_blocks ? s->blocks : s->datagrams;
}

/* The oldest datagram of `s` (NULL: of all) that would help, or NULL. */
static struct frag_datagram *
oldest(struct frag_table *t, const struct claim *c, const struct frag_source *s)
{
    struct frag_datagram *found = NULL;

    for (uint32_t i = 0; i < FRAG_DATAGRAMS; i++) {
        struct frag_datagram *d = &t->datagrams[i];

        if (d->state == FRAG_FREE || d == c->sparing ||
            (c->of_blocks && d->blocks == 0) ||
            (s != NULL && source_of(t, d) != s))
            continue;
        if (found == NULL || instant_before(d->since, found->since))
            found = d;
    }
    return found;
}

static const struct frag_source *
largest(const struct frag_table *t, const struct claim *c)
{
    const struct frag_source *found = &t->sources[0];

    for (uint32_t i = 1; i < FRAG_DATAGRAMS; i++) {
        if (share(c, &t->sources[i]) > share(c, found))
            found = &t->sources[i];
    }
    return found;
}

/* Room for one claim at everybody's cost. False: there is no one to take from. */
static bool
push_out(struct frag_table *t, const struct claim *c)
{
    struct frag_datagram *victim = oldest(t, c, NULL);
    const struct frag_source *big = largest(t, c);

    if (victim == NULL)
        return false;
    if (!instant_due(instant_add(victim->since, FRAG_STALE), c->now)) {
        if (share(c, big) > share(c, c->source) + c->n)
            victim = oldest(t, c, big);
        else
            victim = c->source == NULL ? NULL : oldest(t, c, c->source);
    }
    if (victim != NULL)
        give_up(t, victim);
    return victim != NULL;
}

/* Room below the source's own limit, at its own cost. */
static void
keep_within(struct frag_table *t, const struct claim *c, uint32_t limit)
{
    while (c->source != NULL && share(c, c->source) + c->n > limit) {
        struct frag_datagram *victim = oldest(t, c, c->source);

        CHECK(victim != NULL); /* one datagram alone stays within the limit */
        give_up(t, victim);
    }
}

/* ---- places for datagrams ---- */

static struct frag_source *
find_source(struct frag_table *t, struct addr addr)
{
    for (uint32_t i = 0; i < FRAG_DATAGRAMS; i++) {
        struct frag_source *s = &t->sources[i];

        if (s->datagrams > 0 && addr_equal(s->addr, addr))
            return s;
    }
    return NULL;
}

static struct frag_datagram *
find_free(struct frag_table *t)
{
    for (uint32_t i = 0; i < FRAG_DATAGRAMS; i++) {
        if (t->datagrams[i].state == FRAG_FREE)
            return &t->datagrams[i];
    }
    return NULL;
}

/* There is a free entry: there are as many as datagrams. */
static struct frag_source *
new_source(struct frag_table *t, struct addr addr)
{
    uint32_t i = 0;

    while (t->sources[i].datagrams > 0)
        i++;
    t->sources[i] = (struct frag_source){.addr = addr};
    return &t->sources[i];
}

struct frag_datagram *
frag_pool_take(struct frag_table *t, const struct ipv4 *ip, instant_t now)
{
    const struct claim c = {
        .n = 1, .source = find_source(t, ip->src), .now = now};
    struct frag_datagram *d;
    struct frag_source *s;

    keep_within(t, &c, FRAG_SOURCE_MAX);
    d = find_free(t);
    if (d == NULL && push_out(t, &c))
        d = find_free(t);
    if (d == NULL)
        return NULL;
    /* Again: its only datagram may have been the one to go. */
    s = find_source(t, ip->src);
    if (s == NULL)
        s = new_source(t, ip->src);
    s->datagrams++;
    *d = (struct frag_datagram){
        .src = ip->src,
        .dst = ip->dst,
        .id = ip->id,
        .proto = ip->proto,
        .state = FRAG_OPEN,
        .source = (uint8_t)(s - t->sources),
        .since = now,
    };
    for (uint32_t i = 0; i < FRAG_PER_DATAGRAM; i++)
        d->block[i] = FRAG_BLOCKS;
    return d;
}

/* ---- blocks ---- */

bool
frag_pool_reserve(struct frag_table *t, struct frag_datagram *d,
                  uint32_t offset, uint32_t len, instant_t now)
{
    uint32_t first = offset / FRAG_BLOCK;
    uint32_t last = (offset + len - 1) / FRAG_BLOCK;
    struct frag_source *s = source_of(t, d);
    struct claim c = {.of_blocks = true, .source = s, .sparing = d, .now = now};

    CHECK(len > 0 && last < FRAG_PER_DATAGRAM);
    for (uint32_t i = first; i <= last; i++)
        c.n = (uint16_t)(c.n + (d->block[i] == FRAG_BLOCKS));
    keep_within(t, &c, FRAG_SOURCE_BLOCKS);
    while (t->free_blocks < c.n) {
        if (!push_out(t, &c))
            return false;
    }
    for (uint32_t i = first; i <= last; i++) {
        if (d->block[i] != FRAG_BLOCKS)
            continue;
        d->block[i] = t->free;
        t->free = t->chain[t->free];
    }
    t->free_blocks = (uint16_t)(t->free_blocks - c.n);
    s->blocks = (uint16_t)(s->blocks + c.n);
    d->blocks = (uint16_t)(d->blocks + c.n);
    return true;
}
