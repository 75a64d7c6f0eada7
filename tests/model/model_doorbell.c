/* SPDX-License-Identifier: MIT */
/* Model of sleeping and waking on a machine that keeps stores back (x86-TSO):
 * each process has a queue of stores that reach memory whenever they like, a
 * load sees its own queue first, a barrier waits until it is empty. Producer
 * and consumer share one ring of one slot, so both go to sleep for each
 * item: the consumer for input, the producer for space. */
#include "tests/support/explore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ITEMS 3
#define SLOTS 1
#define QUEUE 4

enum bug {
    NO_BUG,
    RINGER_WITHOUT_BARRIER,
    SLEEPER_WITHOUT_BARRIER,
    SLEEPER_LOOKS_NOT_AGAIN,
    WAITER_LOOKS_NOT_AGAIN,
    WANT_SEEN_WITHOUT_BARRIER,
    WANT_NEVER_SAID
};

static enum bug bug;

enum word { TAIL, RELEASED, WANT, PRODUCER_SLEEPS, CONSUMER_SLEEPS, WORDS };

enum who { PRODUCER, CONSUMER };

struct process {
    uint8_t at;        /* where in its program */
    uint8_t own, peer; /* its position, and what it last saw of the other's */
    uint8_t queued;
    uint8_t word[QUEUE], value[QUEUE]; /* stores kept back, oldest first */
};

struct state {
    uint8_t memory[WORDS];
    uint8_t bell[2]; /* the eventfd on which `who` is woken */
    struct process p[2];
};

static bool
store(struct process *p, enum word word, uint8_t value)
{
    if (p->queued == QUEUE)
        return false;
    p->word[p->queued] = (uint8_t)word;
    p->value[p->queued] = value;
    p->queued++;
    return true;
}

static uint8_t
load(const struct state *s, const struct process *p, enum word word)
{
    for (unsigned i = p->queued; i-- > 0;)
        if (p->word[i] == word)
            return p->value[i];
    return s->memory[word];
}

/* The oldest store reaches memory. */
static bool
drain(struct state *s, struct process *p)
{
    if (p->queued == 0)
        return false;
    s->memory[p->word[0]] = p->value[0];
    p->queued--;
    for (unsigned i = 0; i < p->queued; i++) {
        p->word[i] = p->word[i + 1];
        p->value[i] = p->value[i + 1];
    }
    /* The rest to zero, or equal states would look different. */
    p->word[p->queued] = p->value[p->queued] = 0;
    return true;
}

/* May the process pass its barrier? */
static bool
barrier(const struct process *p, bool left_out)
{
    return left_out || p->queued == 0;
}

static bool
go(struct process *p, uint8_t at)
{
    p->at = at;
    return true;
}

static bool
store_and_go(struct process *p, enum word word, uint8_t value, uint8_t at)
{
    return store(p, word, value) && go(p, at);
}

static void
ring_if_asleep(struct state *s, struct process *p, enum who whom)
{
    if (load(s, p, whom == PRODUCER ? PRODUCER_SLEEPS : CONSUMER_SLEEPS))
        s->bell[whom] = 1;
}

static bool
wait_for_bell(struct state *s, struct process *p, enum who who, uint8_t then)
{
    if (!s->bell[who])
        return false;
    s->bell[who] = 0;
    return go(p, then);
}

/* Publish; barrier; ring. Without space: want; barrier; ring; doze; barrier;
 * look again; sleep. */
static bool
producer(struct state *s, struct process *p)
{
    switch (p->at) {
    case 0:
        if (p->own == ITEMS)
            return false;
        p->peer = load(s, p, RELEASED);
        return go(p, p->own - p->peer < SLOTS ? 1 : 4);
    case 1:
        p->own++;
        return store_and_go(p, TAIL, p->own, 2);
    case 2:
        return barrier(p, bug == RINGER_WITHOUT_BARRIER) && go(p, 3);
    case 3:
        ring_if_asleep(s, p, CONSUMER);
        return go(p, 0);
    case 4:
        return bug == WANT_NEVER_SAID ? go(p, 7) : store_and_go(p, WANT, 1, 5);
    case 5:
        return barrier(p, false) && go(p, 6);
    case 6:
        ring_if_asleep(s, p, CONSUMER);
        return go(p, 7);
    case 7:
        return store_and_go(p, PRODUCER_SLEEPS, 1, 8);
    case 8:
        return barrier(p, false) && go(p, 9);
    case 9:
        p->peer = load(s, p, RELEASED);
        return go(p, p->own - p->peer < SLOTS && bug != WAITER_LOOKS_NOT_AGAIN
                         ? 11
                         : 10);
    case 10:
        return wait_for_bell(s, p, PRODUCER, 11);
    case 11:
        return store_and_go(p, PRODUCER_SLEEPS, 0, 12);
    default:
        return store_and_go(p, WANT, 0, 0);
    }
}

/* Take, release; barrier; is space wanted, then ring. Without input: doze;
 * barrier; look again; sleep. */
static bool
consumer(struct state *s, struct process *p)
{
    switch (p->at) {
    case 0:
        p->peer = load(s, p, TAIL);
        return go(p, p->peer > p->own ? 1 : 5);
    case 1:
        p->own++;
        return store_and_go(p, RELEASED, p->own, 2);
    case 2:
        return barrier(p, bug == WANT_SEEN_WITHOUT_BARRIER) && go(p, 3);
    case 3:
        return go(p, load(s, p, WANT) ? 4 : 0);
    case 4:
        if (!barrier(p, false))
            return false;
        ring_if_asleep(s, p, PRODUCER);
        return go(p, 0);
    case 5:
        return store_and_go(p, CONSUMER_SLEEPS, 1, 6);
    case 6:
        return barrier(p, bug == SLEEPER_WITHOUT_BARRIER) && go(p, 7);
    case 7:
        p->peer = load(s, p, TAIL);
        return go(p,
                  p->peer > p->own && bug != SLEEPER_LOOKS_NOT_AGAIN ? 9 : 8);
    case 8:
        return wait_for_bell(s, p, CONSUMER, 9);
    default:
        return store_and_go(p, CONSUMER_SLEEPS, 0, 0);
    }
}

enum choice { RUN, DRAIN, CHOICES };

static bool
move(void *state, unsigned who, unsigned choice)
{
    struct state *s = state;
    struct process *p = &s->p[who];

    if (choice == DRAIN)
        return drain(s, p);
    return who == PRODUCER ? producer(s, p) : consumer(s, p);
}

static bool
sound(const void *state)
{
    const struct state *s = state;

    return s->memory[RELEASED] <= s->memory[TAIL] &&
           s->memory[TAIL] <= s->memory[RELEASED] + SLOTS;
}

static bool
finished(const void *state)
{
    const struct state *s = state;

    return s->memory[RELEASED] == ITEMS;
}

static enum verdict
run(const char *name, enum bug with, enum verdict expected)
{
    static const struct state initial;
    const struct model m = {
        .name = name,
        .initial = &initial,
        .state_size = sizeof initial,
        .processes = 2,
        .choices = CHOICES,
        .move = move,
        .sound = sound,
        .finished = finished,
    };

    bug = with;
    return explore(&m, expected);
}

static void
no_wakeup_is_lost(void **state)
{
    (void)state;
    assert_int_equal(run("doorbell", NO_BUG, PROVEN), PROVEN);
}

static void
leaving_out_either_barrier_gets_stuck(void **state)
{
    (void)state;
    assert_int_equal(
        run("ringer without barrier", RINGER_WITHOUT_BARRIER, STUCK), STUCK);
    assert_int_equal(
        run("sleeper without barrier", SLEEPER_WITHOUT_BARRIER, STUCK), STUCK);
    assert_int_equal(
        run("want seen without barrier", WANT_SEEN_WITHOUT_BARRIER, STUCK),
        STUCK);
}

static void
not_looking_again_gets_stuck(void **state)
{
    (void)state;
    assert_int_equal(
        run("sleeper looks not again", SLEEPER_LOOKS_NOT_AGAIN, STUCK), STUCK);
    assert_int_equal(
        run("waiter looks not again", WAITER_LOOKS_NOT_AGAIN, STUCK), STUCK);
}

static void
not_saying_that_space_is_wanted_gets_stuck(void **state)
{
    (void)state;
    assert_int_equal(run("want never said", WANT_NEVER_SAID, STUCK), STUCK);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_wakeup_is_lost),
        cmocka_unit_test(leaving_out_either_barrier_gets_stuck),
        cmocka_unit_test(not_looking_again_gets_stuck),
        cmocka_unit_test(not_saying_that_space_is_wanted_gets_stuck),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
