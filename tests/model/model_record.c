/* SPDX-License-Identifier: MIT */
/* Model of turns: a writer changes two records by turns and is killed between
 * any two stores, so is its successor, in recovery too. Whoever recovers finds
 * what was true at the last store of the word `turn`: all of a turn or
 * nothing. */
#include "tests/support/explore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RECORDS 2
#define TURNS   4
#define KILLS   3
#define TORN    255

#define STORES   4 /* of one record */
#define TURN_END (RECORDS * STORES)
#define RECOVERY 100u /* its first step */

enum bug {
    NO_BUG,
    BODY_BEFORE_VOID,
    TAG_BEFORE_BODY,
    COMMIT_BEFORE_RECORDS,
    WRITES_THE_NEWER_COPY,
    RECOVERY_VOIDS_NOT,
    RECOVERY_TAKES_THE_NEWEST
};

static enum bug bug;

struct copy {
    uint8_t tag;
    uint8_t half[2]; /* the body is torn when they differ */
};

struct state {
    uint8_t turn; /* shared, as are the copies */
    struct copy copy[RECORDS][2];
    uint8_t at;             /* the next store, or load in recovery */
    uint8_t doing;          /* the turn being written */
    uint8_t life;           /* counts writers, so that bodies differ */
    uint8_t truth[RECORDS]; /* what the committed turn left */
    uint8_t found[RECORDS];
    uint8_t wrong;
};

/* What this life's turn writes into a record. */
static uint8_t
value(const struct state *s)
{
    return (uint8_t)(s->life * 16 + s->doing);
}

/* Odd turns leave the second record alone. */
static bool
turn_writes(unsigned turn, unsigned record)
{
    return record == 0 || turn % 2 == 0;
}

static struct copy *
newer(struct state *s, unsigned record)
{
    struct copy *c = s->copy[record];

    return c[0].tag > c[1].tag ? &c[0] : &c[1];
}

static struct copy *
older(struct state *s, unsigned record)
{
    return newer(s, record) == &s->copy[record][0] ? &s->copy[record][1]
                                                   : &s->copy[record][0];
}

/* The nth store into the copy that the turn writes: the older one until it is
 * tagged, which is the last store unless that is the bug. */
static void
store(struct state *s, unsigned record, unsigned nth)
{
    static const uint8_t in_order[STORES] = {0, 1, 2, 3};
    static const uint8_t tag_early[STORES] = {0, 3, 1, 2};
    static const uint8_t void_late[STORES] = {1, 0, 2, 3};
    const uint8_t *order = bug == TAG_BEFORE_BODY    ? tag_early
                           : bug == BODY_BEFORE_VOID ? void_late
                                                     : in_order;
    bool is_newer = (bug == WRITES_THE_NEWER_COPY && nth == 0) ||
                    (bug == TAG_BEFORE_BODY && nth > 1);
    struct copy *c = is_newer ? newer(s, record) : older(s, record);

    switch (order[nth]) {
    case 0:
        c->tag = 0;
        break;
    case 1:
        c->half[0] = value(s);
        break;
    case 2:
        c->half[1] = value(s);
        break;
    default:
        c->tag = s->doing;
        break;
    }
}

static void
commit(struct state *s)
{
    s->turn = s->doing;
    for (unsigned i = 0; i < RECORDS; i++)
        if (turn_writes(s->doing, i))
            s->truth[i] = value(s);
}

/* One store of the turn. */
static bool
write_on(struct state *s)
{
    unsigned last = TURN_END;
    unsigned at = s->at;

    if (at == 0 && s->turn == TURNS)
        return false;
    if (at == 0)
        s->doing = (uint8_t)(s->turn + 1);
    if (bug == COMMIT_BEFORE_RECORDS)
        at = at == 0 ? last : at - 1;
    if (at == last)
        commit(s);
    else if (turn_writes(s->doing, at / STORES))
        store(s, at / STORES, at % STORES);
    s->at = s->at == last ? 0 : (uint8_t)(s->at + 1);
    return true;
}

/* One step of recovery: void one copy, or read one record. */
static bool
recover_on(struct state *s)
{
    unsigned nth = (unsigned)s->at - RECOVERY;
    unsigned record = nth / 2;
    struct copy *c;

    if (record == RECORDS) {
        for (unsigned i = 0; i < RECORDS; i++)
            s->wrong |= s->found[i] != s->truth[i];
        s->at = 0;
        return true;
    }
    c = newer(s, record);
    if (nth % 2 == 0) {
        if (c->tag > s->turn && bug != RECOVERY_VOIDS_NOT &&
            bug != RECOVERY_TAKES_THE_NEWEST)
            c->tag = 0;
    } else {
        if (c->tag > s->turn && bug != RECOVERY_TAKES_THE_NEWEST)
            c = older(s, record);
        if (c->tag == 0)
            s->found[record] = 0;
        else
            s->found[record] = c->half[0] == c->half[1] ? c->half[0] : TORN;
    }
    s->at++;
    return true;
}

static bool
dies(struct state *s)
{
    if (s->life == KILLS)
        return false;
    s->life++;
    s->at = RECOVERY;
    s->doing = 0;
    return true;
}

enum choice { RUN, DIE, CHOICES };

static bool
move(void *state, unsigned who, unsigned choice)
{
    struct state *s = state;

    (void)who;
    if (choice == DIE)
        return dies(s);
    return s->at >= RECOVERY ? recover_on(s) : write_on(s);
}

/* A copy with a tag is whole at any time, so that a checksum that fails can
 * only mean damage. */
static bool
sound(const void *state)
{
    const struct state *s = state;

    for (unsigned i = 0; i < RECORDS; i++)
        for (unsigned k = 0; k < 2; k++)
            if (s->copy[i][k].tag != 0 &&
                s->copy[i][k].half[0] != s->copy[i][k].half[1])
                return false;
    return !s->wrong;
}

static bool
finished(const void *state)
{
    return ((const struct state *)state)->turn == TURNS;
}

static enum verdict
run(const char *name, enum bug with, enum verdict expected)
{
    static const struct state initial;
    const struct model m = {
        .name = name,
        .initial = &initial,
        .state_size = sizeof initial,
        .processes = 1,
        .choices = CHOICES,
        .move = move,
        .sound = sound,
        .finished = finished,
    };

    bug = with;
    return explore(&m, expected);
}

static void
recovery_finds_all_of_a_turn_or_nothing(void **state)
{
    (void)state;
    assert_int_equal(run("record", NO_BUG, PROVEN), PROVEN);
}

static void
stores_in_another_order_are_caught(void **state)
{
    (void)state;
    assert_int_equal(run("body before void", BODY_BEFORE_VOID, UNSOUND),
                     UNSOUND);
    assert_int_equal(run("tag before body", TAG_BEFORE_BODY, UNSOUND), UNSOUND);
    assert_int_equal(
        run("commit before records", COMMIT_BEFORE_RECORDS, UNSOUND), UNSOUND);
}

static void
writing_into_the_newer_copy_is_caught(void **state)
{
    (void)state;
    assert_int_equal(
        run("writes the newer copy", WRITES_THE_NEWER_COPY, UNSOUND), UNSOUND);
}

static void
recovery_that_leaves_what_did_not_happen_is_caught(void **state)
{
    (void)state;
    assert_int_equal(run("recovery voids not", RECOVERY_VOIDS_NOT, UNSOUND),
                     UNSOUND);
    assert_int_equal(
        run("recovery takes the newest", RECOVERY_TAKES_THE_NEWEST, UNSOUND),
        UNSOUND);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(recovery_finds_all_of_a_turn_or_nothing),
        cmocka_unit_test(stores_in_another_order_are_caught),
        cmocka_unit_test(writing_into_the_newer_copy_is_caught),
        cmocka_unit_test(recovery_that_leaves_what_did_not_happen_is_caught),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
