/* SPDX-License-Identifier: MIT */
/* Tests of what is remembered of paths' MTUs. */
#include "tests/ipd/core/two_links.h"

#include "ipd/core/pmtu.h"
#include "tests/proto/wire/fixture.h"

#define LINK 1500

static struct pmtu_table table;

static int
nothing_learnt(void **state)
{
    (void)state;
    memset(&table, 0xcc, sizeof table);
    pmtu_init(&table);
    return 0;
}

static bool
learn(uint32_t dst, uint32_t mtu, instant_t now)
{
    return pmtu_learn(&table, addr_v4(dst), mtu, LINK, LINK, now);
}

static uint32_t
look(uint32_t dst, instant_t now)
{
    return pmtu_look(&table, addr_v4(dst), LINK, now);
}

static uint32_t
rows(instant_t now)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < PMTU_PATHS; i++)
        n += pmtu_path(&table, i, now) != NULL;
    return n;
}

static void
unknown_path_is_as_wide_as_its_link(void **state)
{
    (void)state;
    assert_int_equal(look(FAR, after_ms(0)), LINK);
    assert_int_equal(pmtu_look(&table, addr_v4(FAR), 9000, after_ms(0)), 9000);
}

static void
message_narrows_one_path_for_ten_minutes(void **state)
{
    (void)state;
    assert_true(learn(FAR, 1400, after_ms(0)));
    assert_int_equal(look(FAR, after_ms(0)), 1400);
    assert_int_equal(look(PEER, after_ms(0)), LINK);
    assert_int_equal(look(FAR, after_ms(599999)), 1400);
    assert_int_equal(look(FAR, after_ms(600000)), LINK);
    assert_int_equal(rows(after_ms(599999)), 1);
    assert_int_equal(rows(after_ms(600000)), 0);
}

static void
message_never_raises(void **state)
{
    (void)state;
    assert_true(learn(FAR, 1300, after_ms(0)));
    assert_false(learn(FAR, 1400, after_ms(1000)));
    assert_int_equal(look(FAR, after_ms(1000)), 1300);
    assert_int_equal(look(FAR, after_ms(600000)), LINK);
    assert_false(learn(PEER, LINK, after_ms(0)));
    assert_false(learn(PEER, 9000, after_ms(0)));
    assert_false(learn(PEER, UINT32_MAX, after_ms(0)));
    assert_int_equal(rows(after_ms(0)), 1);
}

static void
repeated_message_keeps_the_value(void **state)
{
    (void)state;
    assert_true(learn(FAR, 1300, after_ms(0)));
    assert_false(learn(FAR, 1300, after_ms(500000)));
    assert_int_equal(look(FAR, after_ms(1099999)), 1300);
    assert_int_equal(look(FAR, after_ms(1100000)), LINK);
    assert_int_equal(rows(after_ms(500000)), 1);
}

static void
nobody_makes_us_send_tiny_packets(void **state)
{
    (void)state;
    assert_true(learn(FAR, 68, after_ms(0)));
    assert_int_equal(look(FAR, after_ms(0)), PMTU_MIN);
    assert_false(learn(FAR, 1, after_ms(0)));
    assert_int_equal(look(FAR, after_ms(0)), PMTU_MIN);
}

static void
narrower_link_holds_over_what_was_learnt(void **state)
{
    (void)state;
    assert_true(learn(FAR, 1400, after_ms(0)));
    assert_int_equal(pmtu_look(&table, addr_v4(FAR), 1280, after_ms(0)), 1280);
    assert_false(
        pmtu_learn(&table, addr_v4(FAR), 1300, 1400, 1280, after_ms(0)));
}

/* RFC 1191 3: a packet no longer than the MTU would have passed. */
static void
contradiction_in_itself_is_not_believed(void **state)
{
    (void)state;
    assert_false(
        pmtu_learn(&table, addr_v4(FAR), 1400, 1400, LINK, after_ms(0)));
    assert_false(pmtu_learn(&table, addr_v4(FAR), 1400, 40, LINK, after_ms(0)));
    assert_false(pmtu_learn(&table, addr_v4(FAR), 0, 0, LINK, after_ms(0)));
    assert_true(
        pmtu_learn(&table, addr_v4(FAR), 1400, 1401, LINK, after_ms(0)));
}

static void
old_router_leads_down_the_plateaus(void **state)
{
    static const uint32_t plateaus[] = {1492, 1006, PMTU_MIN};

    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(learn(FAR, 0, after_ms(0)));
        assert_int_equal(look(FAR, after_ms(0)), plateaus[i]);
    }
    assert_false(learn(FAR, 0, after_ms(0)));
    assert_true(pmtu_learn(&table, addr_v4(PEER), 0, 1492, LINK, after_ms(0)));
    assert_int_equal(look(PEER, after_ms(0)), 1006);
    assert_true(
        pmtu_learn(&table, addr_v4(OURS), 0, 65535, 65535, after_ms(0)));
    assert_int_equal(pmtu_look(&table, addr_v4(OURS), 65535, after_ms(0)),
                     32000);
}

static void
flood_pushes_out_the_oldest(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < PMTU_PATHS; i++)
        assert_true(learn(FAR + i, 1400, after_ms(i)));
    assert_false(learn(FAR, 1400, after_ms(1000))); /* seen anew */
    assert_true(learn(PEER, 1400, after_ms(1001)));
    assert_int_equal(look(FAR, after_ms(1001)), 1400);
    assert_int_equal(look(FAR + 1, after_ms(1001)), LINK);
    assert_int_equal(look(FAR + 2, after_ms(1001)), 1400);
    assert_int_equal(look(PEER, after_ms(1001)), 1400);
    assert_int_equal(rows(after_ms(1001)), PMTU_PATHS);
}

static void
row_shows_what_is_known(void **state)
{
    const struct pmtu_path *p;

    (void)state;
    assert_true(learn(FAR, 1400, after_ms(0)));
    p = pmtu_path(&table, 0, after_ms(0));
    assert_non_null(p);
    assert_true(addr_equal(p->dst, addr_v4(FAR)));
    assert_int_equal(p->mtu, 1400);
    assert_int_equal(p->expires.ns, after_ms(600000).ns);
    assert_null(pmtu_path(&table, PMTU_PATHS - 1, after_ms(0)));
}

static void
whatever_comes_stays_in_bounds(void **state)
{
    struct rng r;
    instant_t now = after_ms(0);

    (void)state;
    seed_from_clock(&r);
    for (uint32_t i = 0; i < 200000; i++) {
        uint32_t dst = (uint32_t)rng_below(&r, 100);
        uint32_t before = look(dst, now);
        bool lowered =
            pmtu_learn(&table, addr_v4(dst),
                       (uint32_t)rng_below(&r, rng_below(&r, 2) ? 2000 : 70000),
                       (uint32_t)rng_below(&r, 65536), LINK, now);
        uint32_t after = look(dst, now);

        assert_true(lowered ? after < before : after == before);
        assert_in_range(after, PMTU_MIN, LINK);
        now = instant_add(now, duration_ms((int64_t)rng_below(&r, 10000)));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(unknown_path_is_as_wide_as_its_link,
                               nothing_learnt),
        cmocka_unit_test_setup(message_narrows_one_path_for_ten_minutes,
                               nothing_learnt),
        cmocka_unit_test_setup(message_never_raises, nothing_learnt),
        cmocka_unit_test_setup(repeated_message_keeps_the_value,
                               nothing_learnt),
        cmocka_unit_test_setup(nobody_makes_us_send_tiny_packets,
                               nothing_learnt),
        cmocka_unit_test_setup(narrower_link_holds_over_what_was_learnt,
                               nothing_learnt),
        cmocka_unit_test_setup(contradiction_in_itself_is_not_believed,
                               nothing_learnt),
        cmocka_unit_test_setup(old_router_leads_down_the_plateaus,
                               nothing_learnt),
        cmocka_unit_test_setup(flood_pushes_out_the_oldest, nothing_learnt),
        cmocka_unit_test_setup(row_shows_what_is_known, nothing_learnt),
        cmocka_unit_test_setup(whatever_comes_stays_in_bounds, nothing_learnt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
