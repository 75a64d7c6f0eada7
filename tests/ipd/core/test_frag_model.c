/* SPDX-License-Identifier: MIT */
/* Tests of reassembly against a naive model of it. */
#include "tests/ipd/core/frag_cuts.h"

#include "base/bits.h"

#define MODEL_DATAGRAMS 12 /* of 4 sources, so that no quota is reached */
#define MODEL_PARTS     9000

struct model {
    bool dead;
    uint32_t n;
    struct cut parts[MODEL_PARTS];
};

static struct model models[MODEL_DATAGRAMS];

static enum drop
model_add(struct model *m, const struct cut *c)
{
    for (uint32_t i = 0; i < m->n && !m->dead; i++) {
        const struct cut *p = &m->parts[i];
        uint32_t end = p->offset + p->len;

        if (p->offset == c->offset && p->len == c->len && p->more == c->more)
            return DROP_IP_FRAG_DUPLICATE;
        if ((c->offset < end && p->offset < c->offset + c->len) ||
            (!p->more && c->offset >= end) ||
            (!c->more && p->offset > c->offset))
            m->dead = true;
    }
    if (m->dead)
        return DROP_IP_FRAG_OVERLAP;
    m->parts[m->n++] = *c;
    return DROP_NONE;
}

/* The length of the whole datagram, or 0. */
static uint32_t
model_whole(const struct model *m)
{
    uint32_t held = 0;
    uint32_t end = 0;

    for (uint32_t i = 0; i < m->n; i++) {
        held += m->parts[i].len;
        if (!m->parts[i].more)
            end = m->parts[i].offset + m->parts[i].len;
    }
    return held == end ? end : 0;
}

static void
compare(uint32_t which, struct cut c)
{
    struct model *m = &models[which];
    int32_t complete;
    enum drop expected = model_add(m, &c);
    uint32_t whole = expected == DROP_NONE ? model_whole(m) : 0;

    c.src = PEER + which % 4;
    c.id = (uint16_t)(which / 4);
    assert_int_equal(add_at(&c, START, &complete), expected);
    if (whole == 0) {
        assert_int_equal(complete, -1);
        return;
    }
    take_back(complete, whole);
    memset(m, 0, sizeof *m);
}

/* Cuts `len` bytes at random places into *parts, shuffled, a few twice and a
 * few lost. */
static uint32_t
cut_up(struct rng *r, uint32_t len, struct cut *parts)
{
    uint32_t n = 0;
    uint32_t step = 1 + (uint32_t)rng_below(r, 1 + len / 16);

    for (uint32_t at = 0; at < len && n < 1000;) {
        uint32_t part = 8 * (1 + (uint32_t)rng_below(r, step));
        struct cut c = {.offset = at, .len = min_u32(part, len - at)};

        c.more = at + c.len < len;
        at += c.len;
        for (uint64_t copy = rng_below(r, 1001); copy < 1000; copy += 980)
            parts[n++] = c;
    }
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = (uint32_t)rng_below(r, i);
        struct cut c = parts[i - 1];

        parts[i - 1] = parts[j];
        parts[j] = c;
    }
    return n;
}

static void
any_order_duplicates_and_losses_match_the_model(void **state)
{
    static struct cut parts[2200];
    struct frag_expired e;
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    memset(models, 0, sizeof models);
    for (uint32_t round = 0; round < 1500; round++) {
        uint32_t which = (uint32_t)rng_below(&r, MODEL_DATAGRAMS);
        uint32_t len = 1 + (uint32_t)rng_below(&r, round % 2 == 0 ? BIG : 3000);
        uint32_t n = cut_up(&r, len, parts);

        /* Of the one before, which was lost in part, nothing is left. */
        if (models[which].n > 0 || models[which].dead) {
            while (frag_expire(&table, after_ms(30000), &e))
                ;
            memset(models, 0, sizeof models);
            assert_empty();
        }
        for (uint32_t i = 0; i < n; i++)
            compare(which, parts[i]);
    }
}

static void
hostile_fragments_match_the_model(void **state)
{
    struct frag_expired e;
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    memset(models, 0, sizeof models);
    for (uint32_t i = 0; i < 200000; i++) {
        uint32_t which = (uint32_t)rng_below(&r, MODEL_DATAGRAMS);
        struct cut c = {
            .offset = 8 * (uint32_t)rng_below(&r, 6),
            .len = 8 * (1 + (uint32_t)rng_below(&r, 2)),
            .more = rng_below(&r, 4) != 0,
        };

        if (!c.more)
            c.len -= (uint32_t)rng_below(&r, 8);
        compare(which, c);
        if (rng_below(&r, 100) == 0) {
            while (frag_expire(&table, after_ms(30000), &e))
                ;
            memset(models, 0, sizeof models);
            assert_empty();
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(any_order_duplicates_and_losses_match_the_model,
                               nothing_held),
        cmocka_unit_test_setup(hostile_fragments_match_the_model, nothing_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
