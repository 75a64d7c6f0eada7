/* SPDX-License-Identifier: MIT */
/* Model of the chain of release: linkd waits for space that ipd gives, ipd
 * holds what it passed on to tcpd by reference, and all three sleep. ipd may
 * be killed at any moment. No slot changes under a reader, and linkd always
 * gets its space. That barriers work is model_doorbell's matter: here every
 * access is one step of a single order. */
#include "tests/support/explore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ITEMS 4
#define SLOTS 2 /* of either ring */

enum bug {
    NO_BUG,
    LINKD_RINGS_NOT,
    IPD_ASKS_NOT,
    IPD_LOOKS_NOT_AGAIN_AT_RELEASED,
    IPD_LOOKS_NOT_AGAIN_AT_WANT,
    TCPD_LOOKS_NOT_AT_WANT,
    TAKEN_IS_RELEASED,
    HELD_IS_REMEMBERED
};

static enum bug bug;
static unsigned kills; /* of ipd */

enum who { LINKD, IPD, TCPD, PROCESSES };

struct state {
    uint8_t sleeping[PROCESSES], bell[PROCESSES], at[PROCESSES];
    /* linkd's ring to ipd; item n lies as n + 1 */
    uint8_t link_tail, link_want, link_slot[SLOTS];
    uint8_t link_released; /* ipd's */
    /* ipd's ring to tcpd: which slot of linkd's ring each packet lies in */
    uint8_t ip_tail, ip_want, ip_origin[SLOTS];
    uint8_t ip_released; /* tcpd's */
    /* private */
    uint8_t limit;           /* linkd: last seen link_released */
    uint8_t head, tail;      /* ipd: as of this turn */
    uint8_t saved, saved_to; /* ipd: both, as committed */
    uint8_t since;           /* ipd: its tail when it started */
    uint8_t done;            /* ipd: released, as computed */
    uint8_t worked, wanted;  /* ipd: in this turn */
    uint8_t kills, wrong;
};

static bool
go(struct state *s, enum who who, uint8_t at)
{
    s->at[who] = at;
    return true;
}

static void
ring(struct state *s, enum who whom)
{
    if (s->sleeping[whom])
        s->bell[whom] = 1;
}

static bool
sleep_until_rung(struct state *s, enum who who, uint8_t then)
{
    if (!s->bell[who])
        return false;
    s->bell[who] = 0;
    return go(s, who, then);
}

static bool
linkd_has_space(const struct state *s)
{
    return s->link_tail - s->limit < SLOTS;
}

static bool
linkd(struct state *s)
{
    switch (s->at[LINKD]) {
    case 0: /* a frame comes; the device is a bulk source and waits */
        if (s->link_tail == ITEMS)
            return false;
        s->limit = s->link_released;
        return go(s, LINKD, linkd_has_space(s) ? 1 : 4);
    case 1:
        s->link_slot[s->link_tail % SLOTS] = (uint8_t)(s->link_tail + 1);
        return go(s, LINKD, 2);
    case 2:
        s->link_tail++;
        return go(s, LINKD, 3);
    case 3:
        ring(s, IPD);
        return go(s, LINKD, 0);
    case 4:
        s->link_want = 1;
        return go(s, LINKD, 5);
    case 5:
        if (bug != LINKD_RINGS_NOT)
            ring(s, IPD);
        return go(s, LINKD, 6);
    case 6:
        s->sleeping[LINKD] = 1;
        return go(s, LINKD, 7);
    case 7:
        s->limit = s->link_released;
        return go(s, LINKD, linkd_has_space(s) ? 9 : 8);
    case 8:
        return sleep_until_rung(s, LINKD, 9);
    case 9:
        s->sleeping[LINKD] = 0;
        return go(s, LINKD, 10);
    default:
        s->link_want = 0;
        return go(s, LINKD, 0);
    }
}

/* packet_released: the origin of the oldest unreleased output. */
static uint8_t
released_now(const struct state *s)
{
    uint8_t oldest = s->ip_released;

    if (bug == TAKEN_IS_RELEASED)
        return s->head;
    if (bug == HELD_IS_REMEMBERED && oldest < s->since)
        oldest = s->since; /* what the predecessor passed on is forgotten */
    return oldest < s->tail ? s->ip_origin[oldest % SLOTS] : s->head;
}

/* Forwards one packet, or drops it: taking input never waits for output. */
static void
ipd_forward(struct state *s)
{
    if (s->tail - s->ip_released < SLOTS) {
        s->ip_origin[s->tail % SLOTS] = s->head;
        s->tail++;
    }
    s->head++;
    s->worked = 1;
}

static bool
ipd_turn(struct state *s)
{
    switch (s->at[IPD]) {
    case 0:
        return go(s, IPD, s->link_tail > s->head ? 1 : 5);
    case 1:
        ipd_forward(s);
        return go(s, IPD, 2);
    case 2: /* commit */
        s->saved = s->head;
        s->saved_to = s->tail;
        return go(s, IPD, 3);
    case 3:
        s->ip_tail = s->tail;
        return go(s, IPD, 4);
    case 4:
        ring(s, TCPD);
        return go(s, IPD, 5);
    case 5:
        s->done = released_now(s);
        return go(s, IPD, 6);
    case 6:
        if (s->done > s->link_released) {
            s->link_released = s->done;
            s->worked = 1;
        }
        return go(s, IPD, 7);
    case 7:
        s->wanted = s->link_want;
        return go(s, IPD, s->wanted ? 8 : 9);
    case 8:
        ring(s, LINKD);
        return go(s, IPD, 9);
    default: /* the turn is over; sleep only after one without work */
        if (!s->worked)
            return go(s, IPD, 10);
        s->worked = 0;
        return go(s, IPD, 0);
    }
}

static bool
ipd_sleep(struct state *s)
{
    switch (s->at[IPD]) {
    case 10:
        if (s->wanted && s->link_released < s->head && bug != IPD_ASKS_NOT)
            s->ip_want = 1;
        return go(s, IPD, 11);
    case 11:
        s->sleeping[IPD] = 1;
        return go(s, IPD, 12);
    case 12:
        return go(s, IPD, s->link_tail > s->head ? 16 : 13);
    case 13:
        return go(s, IPD,
                  released_now(s) > s->link_released &&
                          bug != IPD_LOOKS_NOT_AGAIN_AT_RELEASED
                      ? 16
                      : 14);
    case 14:
        return go(s, IPD,
                  s->link_want && !s->wanted &&
                          bug != IPD_LOOKS_NOT_AGAIN_AT_WANT
                      ? 16
                      : 15);
    case 15:
        return sleep_until_rung(s, IPD, 16);
    case 16:
        s->sleeping[IPD] = 0;
        return go(s, IPD, 17);
    default:
        s->ip_want = 0;
        s->wanted = 0;
        return go(s, IPD, 0);
    }
}

/* The successor stores committed positions again and rings everyone. */
static bool
ipd_recover(struct state *s)
{
    switch (s->at[IPD]) {
    case 20:
        s->ip_tail = s->tail;
        return go(s, IPD, 21);
    case 21:
        s->sleeping[IPD] = 0;
        return go(s, IPD, 22);
    case 22:
        s->bell[LINKD] = 1;
        return go(s, IPD, 23);
    default:
        s->bell[TCPD] = 1;
        return go(s, IPD, 17);
    }
}

static bool
ipd_dies(struct state *s)
{
    if (s->kills == kills)
        return false;
    s->kills++;
    s->head = s->saved;
    s->tail = s->since = s->saved_to;
    s->done = s->worked = s->wanted = 0;
    return go(s, IPD, 20);
}

static bool
ipd(struct state *s)
{
    if (s->at[IPD] < 10)
        return ipd_turn(s);
    return s->at[IPD] < 20 ? ipd_sleep(s) : ipd_recover(s);
}

/* Reads the packet where linkd put it. */
static bool
tcpd_reads(struct state *s, uint8_t then)
{
    uint8_t origin = s->ip_origin[s->ip_released % SLOTS];

    if (s->link_slot[origin % SLOTS] != origin + 1)
        s->wrong = 1;
    return go(s, TCPD, then);
}

static bool
tcpd(struct state *s)
{
    switch (s->at[TCPD]) {
    case 0:
        return go(s, TCPD, s->ip_tail > s->ip_released ? 1 : 6);
    case 1:
        return tcpd_reads(s, 2);
    case 2: /* and the rest of it */
        return tcpd_reads(s, 3);
    case 3:
        s->ip_released++;
        return go(s, TCPD, 4);
    case 4:
        return go(s, TCPD, s->ip_want && bug != TCPD_LOOKS_NOT_AT_WANT ? 5 : 0);
    case 5:
        ring(s, IPD);
        return go(s, TCPD, 0);
    case 6:
        s->sleeping[TCPD] = 1;
        return go(s, TCPD, 7);
    case 7:
        return go(s, TCPD, s->ip_tail > s->ip_released ? 9 : 8);
    case 8:
        return sleep_until_rung(s, TCPD, 9);
    default:
        s->sleeping[TCPD] = 0;
        return go(s, TCPD, 0);
    }
}

enum choice { RUN, DIE, CHOICES };

static bool
move(void *state, unsigned who, unsigned choice)
{
    struct state *s = state;

    if (choice == DIE)
        return who == IPD && ipd_dies(s);
    if (who == LINKD)
        return linkd(s);
    return who == IPD ? ipd(s) : tcpd(s);
}

/* What is passed on and not done still lies where it was. */
static bool
sound(const void *state)
{
    const struct state *s = state;

    for (uint8_t at = s->ip_released; at < s->ip_tail; at++)
        if (s->ip_origin[at % SLOTS] < s->link_released)
            return false;
    return !s->wrong && s->link_released <= s->head;
}

static bool
finished(const void *state)
{
    const struct state *s = state;

    return s->saved == ITEMS && s->ip_tail == s->saved_to &&
           s->ip_released == s->ip_tail;
}

static enum verdict
run(const char *name, enum bug with, unsigned killed, enum verdict expected)
{
    static const struct state initial;
    const struct model m = {
        .name = name,
        .initial = &initial,
        .state_size = sizeof initial,
        .processes = PROCESSES,
        .choices = CHOICES,
        .move = move,
        .sound = sound,
        .finished = finished,
    };

    bug = with;
    kills = killed;
    return explore(&m, expected);
}

static void
chain_always_gives_space_and_never_too_early(void **state)
{
    (void)state;
    assert_int_equal(run("release", NO_BUG, 1, PROVEN), PROVEN);
}

static void
waiter_that_does_not_ring_gets_stuck(void **state)
{
    (void)state;
    assert_int_equal(run("linkd rings not", LINKD_RINGS_NOT, 0, STUCK), STUCK);
}

static void
holder_that_does_not_ask_its_consumers_gets_stuck(void **state)
{
    (void)state;
    assert_int_equal(run("ipd asks not", IPD_ASKS_NOT, 0, STUCK), STUCK);
    assert_int_equal(
        run("tcpd looks not at want", TCPD_LOOKS_NOT_AT_WANT, 0, STUCK), STUCK);
}

static void
holder_that_looks_not_again_gets_stuck(void **state)
{
    (void)state;
    assert_int_equal(run("ipd looks not again at released",
                         IPD_LOOKS_NOT_AGAIN_AT_RELEASED, 0, STUCK),
                     STUCK);
    assert_int_equal(run("ipd looks not again at want",
                         IPD_LOOKS_NOT_AGAIN_AT_WANT, 0, STUCK),
                     STUCK);
}

static void
releasing_what_is_only_taken_is_caught(void **state)
{
    (void)state;
    assert_int_equal(run("taken is released", TAKEN_IS_RELEASED, 0, UNSOUND),
                     UNSOUND);
}

static void
remembering_instead_of_computing_is_caught(void **state)
{
    (void)state;
    assert_int_equal(run("held is remembered", HELD_IS_REMEMBERED, 1, UNSOUND),
                     UNSOUND);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(chain_always_gives_space_and_never_too_early),
        cmocka_unit_test(waiter_that_does_not_ring_gets_stuck),
        cmocka_unit_test(holder_that_does_not_ask_its_consumers_gets_stuck),
        cmocka_unit_test(holder_that_looks_not_again_gets_stuck),
        cmocka_unit_test(releasing_what_is_only_taken_is_caught),
        cmocka_unit_test(remembering_instead_of_computing_is_caught),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
