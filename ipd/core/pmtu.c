/* SPDX-License-Identifier: MIT */
/* Path MTU discovery: what is remembered (RFC 1191).
 *
 * Only values below the link's are remembered, and only for ten minutes, so
 * that a path that has become wider is used again (RFC 1191 6.3). A message can
 * lower a value, never raise it, and never below PMTU_MIN: anybody can send one,
 * and tiny segments would be an attack (RFC 5927 7.1). The table is small and
 * fixed. Whoever floods it pushes out what was learnt long ago, which then is
 * learnt again by the next packet that is too long: no harm but that packet. */
#include "ipd/core/pmtu.h"

#include "base/bits.h"
#include "base/check.h"

#include <stddef.h>
#include <string.h>

void
pmtu_init(struct pmtu_table *t)
{
    memset(t, 0, sizeof *t);
}

static bool
is_free(const struct pmtu_path *p, instant_t now)
{
    return p->mtu == 0 || instant_due(p->expires, now);
}

static int32_t
find(const struct pmtu_table *t, struct addr dst, instant_t now)
{
    /* What is asked of every packet costs nothing while nothing is known. */
    if (instant_due(t->until, now))
        return -1;
    for (int32_t i = 0; i < PMTU_PATHS; i++) {
        const struct pmtu_path *p = &t->paths[i];

        if (!is_free(p, now) && addr_equal(p->dst, dst))
            return i;
    }
    return -1;
}

uint32_t
pmtu_look(const struct pmtu_table *t, struct addr dst, uint32_t path_mtu,
          instant_t now)
{
    int32_t i = find(t, dst, now);

    return i < 0 ? path_mtu : min_u32(t->paths[i].mtu, path_mtu);
}

/* A free entry, or the one that was learnt longest ago. */
static struct pmtu_path *
make_room(struct pmtu_table *t, instant_t now)
{
    struct pmtu_path *oldest = &t->paths[0];

    for (uint32_t i = 0; i < PMTU_PATHS; i++) {
        struct pmtu_path *p = &t->paths[i];

        if (is_free(p, now))
            return p;
        if (instant_before(p->expires, oldest->expires))
            oldest = p;
    }
    return oldest;
}

/* The next MTU in use that is below `len`: RFC 1191 7.1, down to PMTU_MIN. */
static uint32_t
plateau_below(uint32_t len)
{
    static const uint16_t plateaus[] = {32000, 17914, 8166, 4352,
                                        2002,  1492,  1006};

    for (size_t i = 0; i < ARRAY_LEN(plateaus); i++) {
        if (plateaus[i] < len)
            return plateaus[i];
    }
    return PMTU_MIN;
}

bool
pmtu_learn(struct pmtu_table *t, struct addr dst, uint32_t mtu,
           uint32_t packet_len, uint32_t path_mtu, instant_t now)
{
    int32_t i = find(t, dst, now);
    uint32_t current = pmtu_look(t, dst, path_mtu, now);
    struct pmtu_path *p;

    if (mtu >= packet_len)
        return false; /* that packet would have passed */
    if (mtu == 0)
        mtu = plateau_below(min_u32(packet_len, current));
    mtu = max_u32(mtu, PMTU_MIN);
    if (mtu > current || (i < 0 && mtu == current))
        return false;
    p = i < 0 ? make_room(t, now) : &t->paths[i];
    *p = (struct pmtu_path){
        .dst = dst,
        .mtu = mtu,
        .expires = instant_add(now, PMTU_EXPIRES),
    };
    t->until = p->expires;
    return mtu < current;
}

const struct pmtu_path *
pmtu_path(const struct pmtu_table *t, uint32_t i, instant_t now)
{
    CHECK(i < PMTU_PATHS);
    return is_free(&t->paths[i], now) ? NULL : &t->paths[i];
}
