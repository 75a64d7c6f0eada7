/* SPDX-License-Identifier: MIT */
/* Tests of records and turns; above all, that a kill at any instruction of the
 * compiled code leaves all of a turn or nothing. */
#include "tests/proto/shm/fixture.h"

#include "proto/shm/record.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#define COUNT 3
#define TURNS 4
#define SIZE  4096

struct body {
    uint64_t word[5];
};

/* Which records a turn writes, as bits. */
static const unsigned writes[TURNS + 1] = {0, 7, 5, 2, 7};

static void
fill(struct body *b, uint32_t i, uint64_t turn, uint64_t life)
{
    for (unsigned k = 0; k < 5; k++)
        b->word[k] = life << 48 | turn << 32 | i << 16 | (k + 1);
}

static struct record_set
join(const struct region *r)
{
    struct record_set s;
    uint64_t offset = STATE_BODY;

    CHECK(record_set_join(&s, r, &offset, COUNT, sizeof(struct body)));
    CHECK(offset == STATE_BODY + record_set_size(COUNT, sizeof(struct body)));
    return s;
}

/* The first `n` writes of a turn. */
static void
write_some(struct record_set *s, uint64_t turn, uint64_t life, uint32_t n)
{
    struct body b;

    for (uint32_t i = 0; i < n; i++) {
        if (!(writes[turn] >> i & 1))
            continue;
        fill(&b, i, turn, life);
        record_write(s, i, turn, &b);
    }
}

static void
do_turn(const struct region *r, struct record_set *s, uint64_t turn,
        uint64_t life)
{
    write_some(s, turn, life, COUNT);
    state_commit(r, turn);
}

/* Which turn up to `turn` last wrote record i; 0: none. */
static uint64_t
last_write(uint32_t i, uint64_t turn)
{
    for (; turn > 0; turn--) {
        if (writes[turn] >> i & 1)
            break;
    }
    return turn;
}

/* Recovers records [0, n) and compares them with what `turn` left; those of
 * turn `relived` were written by life 2, the others by life 1. */
static void
recovered(const struct region *r, uint64_t turn, uint64_t relived, uint32_t n)
{
    struct record_set s = join(r);
    struct body b, expected;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t from = last_write(i, turn);
        enum record_found found = record_recover(&s, i, turn, &b);

        if (from == 0) {
            assert_int_equal(found, RECORD_NONE);
            continue;
        }
        assert_int_equal(found, RECORD_FOUND);
        fill(&expected, i, from, from == relived ? 2 : 1);
        assert_memory_equal(&b, &expected, sizeof b);
    }
}

/* ---- a region of our own memory ---- */

_Alignas(SHM_LINE) static uint8_t memory[SIZE];
static struct region plain;
static struct record_set set;

static int
fresh(void **state)
{
    (void)state;
    memset(memory, 0, sizeof memory);
    plain = (struct region){.base = memory, .size = SIZE, .writable = true};
    set = join(&plain);
    return 0;
}

static void
new_state_has_no_turn_and_no_records(void **state)
{
    (void)state;
    assert_int_equal(state_turn(&plain), 0);
    recovered(&plain, 0, 0, COUNT);
}

static void
committed_turns_are_recovered_one_by_one(void **state)
{
    (void)state;
    for (uint64_t turn = 1; turn <= TURNS; turn++) {
        do_turn(&plain, &set, turn, 1);
        assert_int_equal(state_turn(&plain), turn);
        recovered(&plain, turn, 0, COUNT);
    }
}

static void
uncommitted_turn_leaves_nothing(void **state)
{
    (void)state;
    do_turn(&plain, &set, 1, 1);
    do_turn(&plain, &set, 2, 1);
    write_some(&set, 3, 1, COUNT);
    recovered(&plain, 2, 0, COUNT);
}

static void
turn_that_did_not_happen_cannot_be_completed_by_the_next(void **state)
{
    struct body b, expected;

    (void)state;
    do_turn(&plain, &set, 1, 1);
    write_some(&set, 2, 1, COUNT); /* killed */
    recovered(&plain, 1, 0, COUNT);
    state_commit(&plain, 2); /* the successor's turn 2 writes nothing */
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(record_recover(&set, i, 2, &b), RECORD_FOUND);
        fill(&expected, i, 1, 1);
        assert_memory_equal(&b, &expected, sizeof b);
    }
}

static struct record_copy *
copy_tagged(uint32_t i, uint64_t tag)
{
    for (uint32_t which = 0; which < 2; which++) {
        struct record_copy *c =
            (void *)(set.base + (size_t)(2 * i + which) * set.stride);

        if (c->tag == tag)
            return c;
    }
    CHECK(false);
    return NULL;
}

static void
flip(uint8_t bit, size_t at)
{
    struct body b;

    do_turn(&plain, &set, 1, 1);
    write_some(&set, 4, 1, COUNT);
    state_commit(&plain, 4);
    ((uint8_t *)copy_tagged(1, 4))[at] ^= bit;
    assert_int_equal(record_recover(&set, 1, 4, &b), RECORD_CORRUPT);
    assert_int_equal(record_recover(&set, 1, 4, &b), RECORD_NONE);
    assert_int_equal(record_recover(&set, 0, 4, &b), RECORD_FOUND);
    assert_int_equal(record_recover(&set, 2, 4, &b), RECORD_FOUND);
}

/* Every byte, those of tag and checksum included; with bit 0 the tag says the
 * turn that did not happen. */
static void
any_flipped_byte_of_the_newest_copy_is_found(void **state)
{
    for (size_t at = 0; at < sizeof(struct record_copy) + sizeof(struct body);
         at++) {
        fresh(state);
        flip(0x01, at);
        fresh(state);
        flip(0x10, at);
    }
}

static void
torn_copy_of_the_turn_that_did_not_happen_is_found(void **state)
{
    struct body b;

    (void)state;
    do_turn(&plain, &set, 1, 1);
    write_some(&set, 2, 1, COUNT);
    copy_tagged(0, 2)->checksum ^= 1;
    assert_int_equal(record_recover(&set, 0, 1, &b), RECORD_CORRUPT);
    assert_int_equal(record_recover(&set, 0, 1, &b), RECORD_NONE);
}

static void
flipped_bits_of_the_older_copy_do_not_matter(void **state)
{
    struct body b;

    (void)state;
    do_turn(&plain, &set, 1, 1);
    do_turn(&plain, &set, 2, 1);
    copy_tagged(0, 1)->checksum ^= 1;
    assert_int_equal(record_recover(&set, 0, 2, &b), RECORD_FOUND);
}

static void
corrupt_record_can_be_written_again(void **state)
{
    struct body b;

    (void)state;
    do_turn(&plain, &set, 1, 1);
    copy_tagged(0, 1)->checksum ^= 1;
    assert_int_equal(record_recover(&set, 0, 1, &b), RECORD_CORRUPT);
    do_turn(&plain, &set, 2, 1);
    assert_int_equal(record_recover(&set, 0, 2, &b), RECORD_FOUND);
}

static void
set_that_does_not_fit_is_refused(void **state)
{
    struct record_set s;
    uint64_t offset = STATE_BODY;

    (void)state;
    assert_false(record_set_join(&s, &plain, &offset, SIZE, 40));
    assert_false(record_set_join(&s, &plain, &offset, UINT32_MAX, 1 << 30));
    assert_int_equal(offset, STATE_BODY);
    offset = STATE_OFFSET; /* would lie on the word `turn` */
    assert_false(record_set_join(&s, &plain, &offset, 1, 40));
}

static void
sets_lie_behind_each_other(void **state)
{
    struct record_set first, second;
    uint64_t offset = STATE_BODY;

    (void)state;
    assert_true(record_set_join(&first, &plain, &offset, 2, 8));
    assert_true(record_set_join(&second, &plain, &offset, 2, 16));
    assert_ptr_equal(second.base, first.base + record_set_size(2, 8));
    assert_int_equal(first.stride % 64, 0);
}

/* ---- killed at every instruction ---- */

/* The child does its turns between two stops, at which the parent begins and
 * ends stepping through it. */
static void
child_turns(int fd)
{
    struct region r;

    if (!region_map(&r, fd, REGION_TCPD_STATE, true))
        _exit(1);

    struct record_set s = join(&r);

    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(77);
    raise(SIGSTOP);
    for (uint64_t turn = 1; turn <= TURNS; turn++)
        do_turn(&r, &s, turn, 1);
    raise(SIGSTOP);
    _exit(0);
}

/* What the dead left is recovered, also when the recovery is killed after any
 * record, and the successor's own attempt at the turn too. */
static void
corpse_is_recovered(const uint8_t *corpse)
{
    struct region *r = &plain;

    for (uint32_t killed_at = 0; killed_at <= COUNT; killed_at++) {
        memcpy(memory, corpse, SIZE);

        uint64_t turn = state_turn(r);
        struct record_set s = join(r);

        recovered(r, turn, 0, killed_at);
        recovered(r, turn, 0, COUNT);
        if (turn == TURNS)
            continue;
        write_some(&s, turn + 1, 2, killed_at);
        recovered(r, turn, 0, COUNT);
        do_turn(r, &s, turn + 1, 2);
        recovered(r, turn + 1, turn + 1, COUNT);
    }
}

/* One instruction further; false when the child has stopped by itself. */
static bool
step(pid_t child)
{
    int status;

    assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSTOPPED(status));
    return WSTOPSIG(status) == SIGTRAP;
}

static unsigned
step_through(pid_t child, const struct region *watched)
{
    uint8_t *seen = test_malloc(SIZE);
    unsigned corpses = 0;

    memcpy(seen, watched->base, SIZE);
    while (step(child)) {
        if (memcmp(seen, watched->base, SIZE) == 0)
            continue;
        memcpy(seen, watched->base, SIZE);
        corpse_is_recovered(seen);
        corpses++;
    }
    assert_int_equal(state_turn(watched), TURNS);
    test_free(seen);
    return corpses;
}

static void
kill_at_any_instruction_leaves_all_of_a_turn_or_nothing(void **state)
{
    int fd = region_create(REGION_TCPD_STATE, SIZE, TEST_EPOCH);
    struct region watched;
    int status;
    pid_t child = fork();

    (void)state;
    assert_true(child >= 0);
    if (child == 0)
        child_turns(fd);
    assert_true(region_map(&watched, fd, REGION_TCPD_STATE, false));
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        close(fd);
        region_unmap(&watched);
        print_message("this system does not let us trace a child\n");
        skip();
    }
    assert_true(WIFSTOPPED(status));

    unsigned corpses = step_through(child, &watched);

    print_message("%u different corpses\n", corpses);
    /* Of each write at least two parts of the body, checksum and tag. */
    assert_true(corpses >= 9 * 4);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    region_unmap(&watched);
    close(fd);
}

#define FRESH(test) cmocka_unit_test_setup(test, fresh)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        FRESH(new_state_has_no_turn_and_no_records),
        FRESH(committed_turns_are_recovered_one_by_one),
        FRESH(uncommitted_turn_leaves_nothing),
        FRESH(turn_that_did_not_happen_cannot_be_completed_by_the_next),
        FRESH(any_flipped_byte_of_the_newest_copy_is_found),
        FRESH(torn_copy_of_the_turn_that_did_not_happen_is_found),
        FRESH(flipped_bits_of_the_older_copy_do_not_matter),
        FRESH(corrupt_record_can_be_written_again),
        FRESH(set_that_does_not_fit_is_refused),
        FRESH(sets_lie_behind_each_other),
        FRESH(kill_at_any_instruction_leaves_all_of_a_turn_or_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
