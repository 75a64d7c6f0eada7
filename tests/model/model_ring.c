/* SPDX-License-Identifier: MIT */
/* Model of a ring: producer and consumer, each of which may be killed and
 * succeeded at any moment. No slot changes while it is held, and an honest
 * consumer never looks hostile. */
#include "tests/support/explore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SLOTS 2
#define ITEMS 5
#define KILLS 2

enum bug {
    NO_BUG,
    PUBLISHES_BEFORE_WRITING,
    TAKES_HEAD_FOR_RELEASED,
    SHOWS_RELEASED_BEFORE_HEAD,
    LOADS_HEAD_BEFORE_RELEASED
};

static enum bug bug;

struct state {
    uint8_t tail, head, released; /* shared */
    uint8_t slot[SLOTS];          /* item n lies as n + 1 */
    /* producer */
    uint8_t position, staged, limit;
    uint8_t loaded, half_loaded; /* the first of ring_released's two loads */
    /* consumer */
    uint8_t taken, seen, done, half_shown;
    uint8_t kills;
    uint8_t wrong; /* an item was not what it should be, or honesty hostile */
};

enum producer_choice { STAGE, PUBLISH, LOOK, DIE };

static bool
stage(struct state *s)
{
    uint8_t at = (uint8_t)(s->position + s->staged);

    if (at == ITEMS || at - s->limit == SLOTS || s->half_loaded)
        return false;
    if (bug == PUBLISHES_BEFORE_WRITING && s->tail == at) {
        s->tail++;
        return true;
    }
    s->slot[at % SLOTS] = (uint8_t)(at + 1);
    s->staged++;
    return true;
}

static bool
publish(struct state *s)
{
    if (s->staged == 0 || s->half_loaded)
        return false;
    s->position = (uint8_t)(s->position + s->staged);
    s->staged = 0;
    s->tail = s->position;
    return true;
}

/* ring_released: `released`, then `head`, then the check. */
static bool
look(struct state *s)
{
    bool head_first = bug == LOADS_HEAD_BEFORE_RELEASED;

    if (!s->half_loaded) {
        s->loaded = head_first ? s->head : s->released;
        s->half_loaded = 1;
        return true;
    }

    uint8_t released = head_first ? s->released : s->loaded;
    uint8_t head = head_first ? s->loaded : s->head;

    if (released > head || released < s->limit)
        s->wrong = 1;
    s->limit = bug == TAKES_HEAD_FOR_RELEASED ? head : released;
    s->loaded = s->half_loaded = 0;
    return true;
}

static bool
producer_dies(struct state *s)
{
    if (s->kills == KILLS)
        return false;
    s->kills++;
    s->position = s->tail;
    s->limit = s->released;
    s->staged = s->loaded = s->half_loaded = 0;
    return true;
}

static bool
producer(struct state *s, unsigned choice)
{
    switch ((enum producer_choice)choice) {
    case STAGE:
        return stage(s);
    case PUBLISH:
        return publish(s);
    case LOOK:
        return look(s);
    case DIE:
        return producer_dies(s);
    }
    return false;
}

static bool
take(struct state *s)
{
    if (s->taken == s->seen || s->half_shown)
        return false;
    if (s->slot[s->taken % SLOTS] != s->taken + 1)
        s->wrong = 1;
    s->taken++;
    return true;
}

/* Whoever stands behind the consumer reads the oldest one, then is done. */
static bool
finish_oldest(struct state *s)
{
    if (s->done == s->taken || s->half_shown)
        return false;
    if (s->slot[s->done % SLOTS] != s->done + 1)
        s->wrong = 1;
    s->done++;
    return true;
}

/* ring_publish_cursor: `head`, then `released`. */
static bool
show(struct state *s)
{
    bool released_now = s->half_shown != (bug == SHOWS_RELEASED_BEFORE_HEAD);

    if (released_now)
        s->released = s->done;
    else
        s->head = s->taken;
    s->half_shown = !s->half_shown;
    return true;
}

/* The successor reads all that is not released once more: nothing of it may
 * have changed. */
static bool
consumer_dies(struct state *s)
{
    if (s->kills == KILLS)
        return false;
    s->kills++;
    s->taken = s->seen = s->head;
    s->done = s->released;
    s->half_shown = 0;
    return true;
}

enum consumer_choice { SEE, TAKE, FINISH, SHOW, DIE_TOO };

static bool
consumer(struct state *s, unsigned choice)
{
    switch ((enum consumer_choice)choice) {
    case SEE:
        s->seen = s->tail;
        return true;
    case TAKE:
        return take(s);
    case FINISH:
        return finish_oldest(s);
    case SHOW:
        return show(s);
    case DIE_TOO:
        return consumer_dies(s);
    }
    return false;
}

static bool
move(void *state, unsigned who, unsigned choice)
{
    if (who == 0)
        return choice <= DIE && producer(state, choice);
    return consumer(state, choice);
}

static bool
sound(const void *state)
{
    const struct state *s = state;

    return !s->wrong && s->released <= s->done;
}

static bool
finished(const void *state)
{
    const struct state *s = state;

    return s->released == ITEMS;
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
        .choices = 5,
        .move = move,
        .sound = sound,
        .finished = finished,
    };

    bug = with;
    return explore(&m, expected);
}

static void
ring_is_sound_in_every_interleaving(void **state)
{
    (void)state;
    assert_int_equal(run("ring", NO_BUG, PROVEN), PROVEN);
}

static void
publishing_before_writing_is_caught(void **state)
{
    (void)state;
    assert_int_equal(
        run("publishes before writing", PUBLISHES_BEFORE_WRITING, UNSOUND),
        UNSOUND);
}

static void
reusing_what_is_only_taken_is_caught(void **state)
{
    (void)state;
    assert_int_equal(
        run("takes head for released", TAKES_HEAD_FOR_RELEASED, UNSOUND),
        UNSOUND);
}

static void
cursors_in_the_wrong_order_are_caught(void **state)
{
    (void)state;
    assert_int_equal(
        run("shows released before head", SHOWS_RELEASED_BEFORE_HEAD, UNSOUND),
        UNSOUND);
    assert_int_equal(
        run("loads head before released", LOADS_HEAD_BEFORE_RELEASED, UNSOUND),
        UNSOUND);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_is_sound_in_every_interleaving),
        cmocka_unit_test(publishing_before_writing_is_caught),
        cmocka_unit_test(reusing_what_is_only_taken_is_caught),
        cmocka_unit_test(cursors_in_the_wrong_order_are_caught),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
