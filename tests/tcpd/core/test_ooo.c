/* SPDX-License-Identifier: MIT */
/* Ranges above rcv_nxt: sorted, disjoint, and the same set as a bitmap's. */
#include "base/rng.h"
#include "tcpd/core/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define BASE 0xffffff80u /* rcv_nxt: the ranges wrap around */

static struct tcb
receiver(void)
{
    return (struct tcb){.rcv_nxt = {BASE}};
}

static seq_t
at(uint32_t n)
{
    return seq(BASE + n);
}

static void
add(struct tcb *tcb, uint32_t left, uint32_t right)
{
    assert_true(ooo_fits(tcb, at(left), at(right)));
    ooo_add(tcb, at(left), at(right));
}

static void
assert_range(const struct tcb *tcb, uint32_t place, uint32_t left,
             uint32_t right)
{
    assert_true(place < tcb->ooo_count);
    assert_int_equal(tcb->ooo[place].left.v, at(left).v);
    assert_int_equal(tcb->ooo[place].right.v, at(right).v);
}

static void
ranges_are_sorted_across_the_wrap(void **state)
{
    struct tcb tcb = receiver();

    (void)state;
    add(&tcb, 200, 210);
    add(&tcb, 100, 110);
    add(&tcb, 300, 310);
    assert_int_equal(tcb.ooo_count, 3);
    assert_range(&tcb, 0, 100, 110);
    assert_range(&tcb, 1, 200, 210);
    assert_range(&tcb, 2, 300, 310);
}

static void
touching_ranges_become_one(void **state)
{
    struct tcb tcb = receiver();

    (void)state;
    add(&tcb, 100, 110);
    add(&tcb, 120, 130);
    add(&tcb, 110, 120);
    assert_int_equal(tcb.ooo_count, 1);
    assert_range(&tcb, 0, 100, 130);
}

static void
a_range_swallows_all_that_it_covers(void **state)
{
    struct tcb tcb = receiver();

    (void)state;
    add(&tcb, 100, 110);
    add(&tcb, 120, 130);
    add(&tcb, 140, 150);
    add(&tcb, 200, 210);
    add(&tcb, 105, 145);
    assert_int_equal(tcb.ooo_count, 2);
    assert_range(&tcb, 0, 100, 150);
    assert_range(&tcb, 1, 200, 210);
}

static void
a_contained_range_changes_nothing(void **state)
{
    struct tcb tcb = receiver();

    (void)state;
    add(&tcb, 100, 200);
    add(&tcb, 120, 130);
    assert_int_equal(tcb.ooo_count, 1);
    assert_range(&tcb, 0, 100, 200);
}

static void
one_range_too_many_does_not_fit_unless_it_touches(void **state)
{
    struct tcb tcb = receiver();

    (void)state;
    for (uint32_t i = 0; i < OOO_RANGES; i++)
        add(&tcb, 100 * (i + 1), 100 * (i + 1) + 10);
    assert_false(ooo_fits(&tcb, at(50), at(60)));
    assert_false(ooo_fits(&tcb, at(150), at(160)));
    assert_false(ooo_fits(&tcb, at(5000), at(5010)));
    assert_true(ooo_fits(&tcb, at(110), at(150)));
    add(&tcb, 110, 200);
    assert_int_equal(tcb.ooo_count, OOO_RANGES - 1);
}

static void
reach_is_zero_before_a_gap(void **state)
{
    struct tcb tcb = receiver();

    (void)state;
    assert_int_equal(ooo_reach(&tcb), 0);
    add(&tcb, 1, 10);
    assert_int_equal(ooo_reach(&tcb), 0);
    assert_int_equal(tcb.ooo_count, 1);
}

static void
reach_takes_what_rcv_nxt_has_come_to(void **state)
{
    struct tcb tcb = receiver();

    (void)state;
    add(&tcb, 10, 20);
    add(&tcb, 30, 40);
    add(&tcb, 50, 60);
    tcb.rcv_nxt = at(35);
    assert_int_equal(ooo_reach(&tcb), 5);
    assert_int_equal(tcb.ooo_count, 1);
    assert_range(&tcb, 0, 50, 60);
}

#define SPACE 400

/* Do the ranges say the same as one flag for each number? */
static void
assert_same(const struct tcb *tcb, const bool *have)
{
    for (uint32_t n = 0; n < SPACE; n++) {
        bool in = false;

        for (uint32_t i = 0; i < tcb->ooo_count; i++)
            in |= seq_le(tcb->ooo[i].left, at(n)) &&
                  seq_lt(at(n), tcb->ooo[i].right);
        assert_int_equal(in, have[n]);
    }
    for (uint32_t i = 1; i < tcb->ooo_count; i++)
        assert_true(seq_lt(tcb->ooo[i - 1].right, tcb->ooo[i].left));
}

static void
receive_one(struct tcb *tcb, struct rng *r, bool *have, uint32_t *next)
{
    uint32_t left = *next + 1 + (uint32_t)rng_below(r, 60);
    uint32_t right = left + 1 + (uint32_t)rng_below(r, 20);

    if (right >= SPACE || rng_below(r, 8) == 0) {
        *next += (uint32_t)rng_below(r, 5);
        tcb->rcv_nxt = at(*next);
        *next += ooo_reach(tcb);
        memset(have, 0, *next);
        assert_false(have[*next]);
        tcb->rcv_nxt = at(*next);
    } else if (ooo_fits(tcb, at(left), at(right))) {
        ooo_add(tcb, at(left), at(right));
        memset(have + left, 1, right - left);
    } else {
        assert_int_equal(tcb->ooo_count, OOO_RANGES);
    }
}

static void
random_ranges_agree_with_a_bitmap(void **state)
{
    uint64_t seed = (uint64_t)time(NULL);
    struct rng r;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    rng_seed(&r, seed);
    for (int run = 0; run < 200; run++) {
        struct tcb tcb = receiver();
        bool have[SPACE] = {false};
        uint32_t next = 0;

        while (next < SPACE - 100) {
            receive_one(&tcb, &r, have, &next);
            assert_same(&tcb, have);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_sorted_across_the_wrap),
        cmocka_unit_test(touching_ranges_become_one),
        cmocka_unit_test(a_range_swallows_all_that_it_covers),
        cmocka_unit_test(a_contained_range_changes_nothing),
        cmocka_unit_test(one_range_too_many_does_not_fit_unless_it_touches),
        cmocka_unit_test(reach_is_zero_before_a_gap),
        cmocka_unit_test(reach_takes_what_rcv_nxt_has_come_to),
        cmocka_unit_test(random_ranges_agree_with_a_bitmap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
