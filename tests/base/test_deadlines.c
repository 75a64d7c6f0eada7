/* SPDX-License-Identifier: MIT */
/* The deadline heap, against a model that searches. */
#include "base/deadlines.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define ITEMS 97

static struct deadlines *
create(uint32_t items)
{
    struct deadlines *d = malloc(sizeof *d);
    void *memory = malloc(deadlines_footprint(items));

    assert_non_null(d);
    assert_non_null(memory);
    deadlines_init(d, memory, items);
    return d;
}

static void
destroy(struct deadlines *d)
{
    free(d->when);
    free(d);
}

static void
nothing_armed_is_never_due(void **state)
{
    struct deadlines *d = create(4);
    uint32_t item;

    (void)state;
    assert_true(instant_is_never(deadlines_next(d)));
    assert_false(deadlines_take(d, (instant_t){INT64_MAX - 1}, &item));
    assert_false(deadlines_take(d, INSTANT_NEVER, &item));
    destroy(d);
}

static void
items_are_taken_earliest_first(void **state)
{
    static const uint32_t expected[] = {2, 0, 3, 1};
    struct deadlines *d = create(4);
    uint32_t item;

    (void)state;
    deadlines_set(d, 0, (instant_t){20});
    deadlines_set(d, 1, (instant_t){40});
    deadlines_set(d, 2, (instant_t){10});
    deadlines_set(d, 3, (instant_t){30});
    for (int i = 0; i < 4; i++) {
        assert_true(deadlines_take(d, (instant_t){40}, &item));
        assert_int_equal(item, expected[i]);
    }
    assert_false(deadlines_take(d, (instant_t){40}, &item));
    destroy(d);
}

static void
item_is_taken_at_its_deadline_and_not_before(void **state)
{
    struct deadlines *d = create(1);
    uint32_t item = 9;

    (void)state;
    deadlines_set(d, 0, (instant_t){100});
    assert_false(deadlines_take(d, (instant_t){99}, &item));
    assert_int_equal(deadlines_next(d).ns, 100);
    assert_true(deadlines_take(d, (instant_t){100}, &item));
    assert_int_equal(item, 0);
    assert_true(instant_is_never(deadlines_next(d)));
    destroy(d);
}

static void
never_disarms(void **state)
{
    struct deadlines *d = create(2);
    uint32_t item;

    (void)state;
    deadlines_set(d, 0, (instant_t){1});
    deadlines_set(d, 1, (instant_t){2});
    deadlines_set(d, 0, INSTANT_NEVER);
    deadlines_set(d, 0, INSTANT_NEVER);
    assert_int_equal(deadlines_next(d).ns, 2);
    assert_true(deadlines_take(d, (instant_t){2}, &item));
    assert_int_equal(item, 1);
    assert_false(deadlines_take(d, (instant_t){2}, &item));
    destroy(d);
}

static instant_t
model_next(const instant_t *model)
{
    instant_t next = INSTANT_NEVER;

    for (uint32_t i = 0; i < ITEMS; i++)
        next = instant_min(next, model[i]);
    return next;
}

static void
step(struct deadlines *d, instant_t *model, struct rng *r)
{
    uint32_t item = (uint32_t)rng_below(r, ITEMS);
    uint32_t taken = UINT32_MAX;
    instant_t now = {(int64_t)rng_below(r, 1000)};

    switch (rng_below(r, 4)) {
    case 0:
        model[item] = INSTANT_NEVER;
        deadlines_set(d, item, INSTANT_NEVER);
        break;
    case 1: /* ties are many: 1000 moments for 97 items */
        if (!instant_due(model_next(model), now)) {
            assert_false(deadlines_take(d, now, &taken));
            break;
        }
        assert_true(deadlines_take(d, now, &taken));
        assert_true(taken < ITEMS);
        assert_int_equal(model[taken].ns, model_next(model).ns);
        model[taken] = INSTANT_NEVER;
        break;
    default:
        model[item] = now;
        deadlines_set(d, item, now);
        break;
    }
    assert_int_equal(deadlines_next(d).ns, model_next(model).ns);
}

static void
heap_agrees_with_a_search(void **state)
{
    struct deadlines *d = create(ITEMS);
    uint64_t seed = (uint64_t)time(NULL);
    instant_t model[ITEMS];
    struct rng r;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    rng_seed(&r, seed);
    for (uint32_t i = 0; i < ITEMS; i++)
        model[i] = INSTANT_NEVER;
    for (int i = 0; i < 50000; i++)
        step(d, model, &r);
    destroy(d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_armed_is_never_due),
        cmocka_unit_test(items_are_taken_earliest_first),
        cmocka_unit_test(item_is_taken_at_its_deadline_and_not_before),
        cmocka_unit_test(never_disarms),
        cmocka_unit_test(heap_agrees_with_a_search),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
