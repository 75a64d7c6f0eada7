/* SPDX-License-Identifier: MIT */
/* Tests of the bad network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs those before it */

#include "linkd/impair.h"
#include "tests/linkd/segment.h"

#include <stdlib.h>
#include <string.h>

#define MILLION 1000000

static struct impair im;
static uint8_t *memory;
static instant_t now;

static int
open_network(void **state)
{
    (void)state;
    memory = malloc(IMPAIR_MEMORY);
    impair_init(&im, memory);
    now = (instant_t){1000000000};
    return memory == NULL ? -1 : 0;
}

static int
close_network(void **state)
{
    (void)state;
    free(memory);
    return 0;
}

/* Sends frame number n, `len` bytes, no IPv4. */
static void
put(uint32_t n, uint32_t len)
{
    static uint8_t bytes[PACKET_MAX];
    struct frame f = frame_plain(bytes, len);

    memset(bytes, 0, len);
    memcpy(bytes, &n, sizeof n);
    impair_put(&im, &f, now);
}

/* The number of the frame that is due, -1: none. */
static int64_t
get(void)
{
    uint32_t len = 0, n;
    const uint8_t *bytes = impair_peek(&im, now, &len);

    if (bytes == NULL)
        return -1;
    memcpy(&n, bytes, sizeof n);
    impair_pop(&im);
    return n;
}

static void
set(struct conf_impair c)
{
    impair_set(&im, &c);
}

static void
wait_us(int64_t us)
{
    now = instant_add(now, duration_us(us));
}

static void
good_network_is_not_there(void **state)
{
    (void)state;
    assert_false(impair_active(&im));
    set((struct conf_impair){.seed = 7});
    assert_false(impair_active(&im));
    assert_true(instant_is_never(impair_deadline(&im)));
    set((struct conf_impair){.loss = 1});
    assert_true(impair_active(&im));
}

static void
it_stays_until_the_last_frame_is_out(void **state)
{
    (void)state;
    set((struct conf_impair){.delay_us = 100});
    put(1, 60);
    set((struct conf_impair){0});
    assert_true(impair_active(&im));
    wait_us(100);
    assert_int_equal(get(), 1);
    assert_false(impair_active(&im));
}

/* What comes of `count` frames, each looked for at once: their numbers, in
 * order, at most 2 * count, and how many. */
static uint32_t
run(uint32_t count, int64_t gap_us, int64_t *out)
{
    uint32_t got = 0;

    for (uint32_t i = 0; i < count; i++) {
        put(i, 100);
        wait_us(gap_us);
        while ((out[got] = get()) >= 0)
            got++;
    }
    wait_us(100000);
    while ((out[got] = get()) >= 0)
        got++;
    return got;
}

static const struct conf_impair everything = {
    .seed = 5,
    .loss = 50000,
    .reorder = 100000,
    .dup = 30000,
    .corrupt = 20000,
};

static void
same_seed_decides_the_same_whatever_the_time(void **state)
{
    static int64_t one[3000], two[3000], three[3000];
    struct conf_impair c = everything;
    uint32_t n;

    (void)state;
    set(c);
    n = run(1000, 1, one);
    set((struct conf_impair){0});
    set(c);
    assert_int_equal(run(1000, 700, two), n);
    assert_memory_equal(one, two, n * sizeof one[0]);
    c.seed = 6;
    set(c);
    run(1000, 1, three);
    assert_memory_not_equal(one, three, 500 * sizeof one[0]);
}

static void
loss_is_as_likely_as_asked_for(void **state)
{
    static int64_t out[50000];
    uint32_t n;

    (void)state;
    set((struct conf_impair){.seed = 1, .loss = 20000});
    n = run(20000, 1, out);
    assert_in_range(20000 - n, 340, 460); /* 400, three times 20 each way */
    assert_int_equal(impair_lost(&im), 20000 - n);
    assert_int_equal(impair_lost(&im), 0);
    for (uint32_t i = 1; i < n; i++)
        assert_true(out[i] > out[i - 1]);
}

static void
certain_loss_loses_all(void **state)
{
    static int64_t out[300];

    (void)state;
    set((struct conf_impair){.loss = MILLION});
    assert_int_equal(run(100, 1, out), 0);
}

static void
duplicates_follow_at_once(void **state)
{
    static int64_t out[300];

    (void)state;
    set((struct conf_impair){.dup = MILLION});
    assert_int_equal(run(100, 1, out), 200);
    for (uint32_t i = 0; i < 200; i++)
        assert_int_equal(out[i], i / 2);
    assert_int_equal(impair_lost(&im), 0);
}

/* Every frame comes out once, at most 3 and those held back with it late. */
static void
reordering_neither_loses_nor_repeats(void **state)
{
    static int64_t out[6000];
    static uint8_t seen[5000];
    uint32_t late = 0;

    (void)state;
    set((struct conf_impair){.seed = 3, .reorder = 100000});
    memset(seen, 0, sizeof seen);
    assert_int_equal(run(5000, 1, out), 5000);
    for (uint32_t i = 0; i < 5000; i++) {
        assert_int_equal(seen[out[i]]++, 0);
        assert_in_range(out[i] + 8, i, i + 16);
        late += i > 0 && out[i] < out[i - 1];
    }
    assert_in_range(late, 350, 500);
    assert_int_equal(impair_lost(&im), 0);
}

static void
last_frame_is_held_back_five_milliseconds(void **state)
{
    (void)state;
    set((struct conf_impair){.reorder = MILLION});
    put(1, 60);
    assert_int_equal(get(), -1);
    assert_int_equal(impair_deadline(&im).ns,
                     instant_add(now, duration_ms(5)).ns);
    wait_us(4999);
    assert_int_equal(get(), -1);
    wait_us(1);
    assert_int_equal(get(), 1);
    assert_true(instant_is_never(impair_deadline(&im)));
}

static void
damage_is_one_bit_of_the_packet(void **state)
{
    struct segment s = segment_of(1, 700);
    uint8_t bytes[1000];
    uint32_t len = segment_encode(&s, bytes), out_len;
    struct frame f = frame_plain(bytes, len);

    (void)state;
    set((struct conf_impair){.corrupt = MILLION});
    for (int i = 0; i < 2000; i++) {
        const uint8_t *out;
        int bits = 0;

        impair_put(&im, &f, now);
        out = impair_peek(&im, now, &out_len);
        assert_non_null(out);
        assert_int_equal(out_len, len);
        assert_memory_equal(out, bytes, ETHER_LEN);
        for (uint32_t j = 0; j < len; j++)
            bits += __builtin_popcount((unsigned)(out[j] ^ bytes[j]));
        assert_int_equal(bits, 1);
        impair_pop(&im);
    }
}

static void
only_ipv4_is_damaged(void **state)
{
    (void)state;
    set((struct conf_impair){.corrupt = MILLION});
    for (uint32_t i = 0; i < 100; i++) {
        uint8_t zeros[60] = {0};
        uint32_t len;
        struct frame f = frame_plain(zeros, sizeof zeros);

        impair_put(&im, &f, now);
        assert_memory_equal(impair_peek(&im, now, &len), zeros, sizeof zeros);
        impair_pop(&im);
    }
}

static void
delay_and_jitter_keep_the_order(void **state)
{
    uint32_t sent = 0;
    int64_t next = 0;

    (void)state;
    set((struct conf_impair){.delay_us = 1000, .jitter_us = 500});
    for (int us = 0; us < 5000; us += 10) {
        int64_t n;

        put(sent++, 60);
        while ((n = get()) >= 0) {
            assert_int_equal(n, next++);
            assert_in_range(us - n * 10, 1000, 1510);
        }
        wait_us(10);
    }
    assert_in_range(next, 340, 400);
}

static void
rate_spaces_frames(void **state)
{
    (void)state;
    set((struct conf_impair){.rate = MILLION}); /* a byte a microsecond */
    put(1, 1000);
    put(2, 500);
    wait_us(999);
    assert_int_equal(get(), -1);
    assert_int_equal(impair_deadline(&im).ns, now.ns + 1000);
    wait_us(1);
    assert_int_equal(get(), 1);
    wait_us(499);
    assert_int_equal(get(), -1);
    wait_us(1);
    assert_int_equal(get(), 2);
    wait_us(10000); /* an idle link saves nothing up */
    put(3, 1000);
    wait_us(999);
    assert_int_equal(get(), -1);
}

static void
queue_of_the_rate_is_bounded(void **state)
{
    uint32_t n;

    (void)state;
    set((struct conf_impair){.rate = MILLION});
    for (n = 0; n < 300; n++)
        put(n, 100);
    assert_int_equal(impair_lost(&im), 300 - IMPAIR_QUEUE_PACKETS);
    wait_us(100); /* one has departed */
    put(n, 100);
    assert_int_equal(impair_lost(&im), 0);
    put(n, 100);
    assert_int_equal(impair_lost(&im), 1);
    wait_us(100000);
    for (n = 0; get() >= 0;)
        n++;
    assert_int_equal(n, IMPAIR_QUEUE_PACKETS + 1);
    for (n = 0; n < 30; n++)
        put(n, 60000);
    assert_int_equal(impair_lost(&im), 30 - (1 << 20) / 60000);
}

/* Long and short frames go round the memory many times; what does not fit is
 * lost and counted, and no frame's bytes are another's. */
static void
memory_is_bounded_and_reused(void **state)
{
    struct rng rng;
    uint64_t in = 0, out = 0;
    int64_t last = -1, n;
    uint64_t seed = 11;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    rng_seed(&rng, seed);
    set((struct conf_impair){.delay_us = 10000, .reorder = 0, .jitter_us = 1});
    for (; in < 60000; in++) {
        put((uint32_t)in, 60 + (uint32_t)rng_below(&rng, 9000));
        wait_us((int64_t)rng_below(&rng, 10));
        for (uint64_t k = rng_below(&rng, 4); k > 0 && (n = get()) >= 0; k--) {
            assert_true(n > last);
            last = n;
            out++;
        }
    }
    wait_us(100000);
    while (get() >= 0)
        out++;
    assert_int_equal(out + impair_lost(&im), in);
    assert_true(out > in / 4 && out < in);
}

static void
frame_beyond_any_length_is_lost(void **state)
{
    uint8_t byte = 0;
    struct frame f = {.header = &byte, .payload = &byte, .len = PACKET_MAX + 1};

    (void)state;
    set((struct conf_impair){.dup = 1});
    impair_put(&im, &f, now);
    assert_int_equal(impair_lost(&im), 1);
    assert_int_equal(get(), -1);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_network, close_network)
    static const struct CMUnitTest tests[] = {
        CASE(good_network_is_not_there),
        CASE(it_stays_until_the_last_frame_is_out),
        CASE(same_seed_decides_the_same_whatever_the_time),
        CASE(loss_is_as_likely_as_asked_for),
        CASE(certain_loss_loses_all),
        CASE(duplicates_follow_at_once),
        CASE(reordering_neither_loses_nor_repeats),
        CASE(last_frame_is_held_back_five_milliseconds),
        CASE(damage_is_one_bit_of_the_packet),
        CASE(only_ipv4_is_damaged),
        CASE(delay_and_jitter_keep_the_order),
        CASE(rate_spaces_frames),
        CASE(queue_of_the_rate_is_bounded),
        CASE(memory_is_bounded_and_reused),
        CASE(frame_beyond_any_length_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
