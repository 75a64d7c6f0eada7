/* SPDX-License-Identifier: MIT */
/* A sniffer beside rings whose every step is the test's. */
#ifndef TESTS_SUPPORT_SNIFF_FIXTURE_H
#define TESTS_SUPPORT_SNIFF_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ctl/sniff.h"
#include "proto/shm/doorbell.h"
#include "tests/support/sniff_rings.h"

static struct sniff_rings rings;
static struct sniffer *sniffer;
static instant_t now;

static inline void
open_with_snap(uint32_t snap)
{
    bool wanted[RINGS];

    sniff_rings_open(&rings);
    for (enum ring_id r = 0; r < RINGS; r++)
        wanted[r] = true;
    sniffer = sniff_open(&rings.look, wanted, snap);
    now = (instant_t){1000000000};
}

static inline int
open_all(void **state)
{
    (void)state;
    open_with_snap(PACKET_MAX);
    return 0;
}

static inline int
close_all(void **state)
{
    (void)state;
    sniff_close(sniffer);
    sniff_rings_close(&rings);
    return 0;
}

/* ---- moves ---- */

static inline void
fall_asleep(enum daemon_id d)
{
    doorbell_doze(&rings.cnc[d], INSTANT_NEVER);
}

static inline void
wait_ms(int64_t ms)
{
    now = instant_add(now, duration_ms(ms));
}

static inline const struct sniffed *
next(void)
{
    return sniff_next(sniffer, now, false);
}

/* ---- checks ---- */

static inline void
assert_filled(const struct sniffed *f, uint8_t fill, uint32_t len)
{
    assert_non_null(f);
    assert_int_equal(f->len, len);
    assert_int_equal(f->captured, len);
    for (uint32_t i = 0; i < len; i++)
        assert_int_equal(f->bytes[i], fill);
}

static inline void
assert_nothing(uint64_t lost)
{
    assert_null(next());
    assert_int_equal(sniff_lost(sniffer), lost);
}

#define WITH_RINGS(test)                                                       \
    cmocka_unit_test_setup_teardown(test, open_all, close_all)

#endif
