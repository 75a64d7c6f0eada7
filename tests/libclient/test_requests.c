/* SPDX-License-Identifier: MIT */
/* Requests against an apid that the test plays: order, window, loss, strangers. */
#include "tests/libclient/apid.h"

/* Takes request after request, each once, and answers it, up to `last`. */
static void
apid_serve(struct apid *a, struct fake *f, uint64_t last)
{
    for (uint64_t next = 1; next <= last;) {
        Skink__Api__Request *q;

        fake_poll(f, -1); /* the library sends again when it is entered */
        q = apid_take(a, 10);
        if (q == NULL)
            continue;
        if (q->number == next)
            next++;
        assert_true(q->number - q->acknowledged <= 64);
        if (q->number < next)
            apid_answer(a, q->number, next, 0);
        skink__api__request__free_unpacked(q, NULL);
    }
}

static int
connecting(struct fake *f)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons(80),
                                   .sin_addr.s_addr = htonl(0x0a070001)};
    int h = skink_socket(f->s, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    assert_int_equal(
        skink_connect(f->s, h, (const struct sockaddr *)&to, sizeof to),
        -EINPROGRESS);
    return h;
}

static bool
all_answered(struct fake *f)
{
    fake_poll(f, -1);
    return list_empty(&f->s->requests.outstanding);
}

static void
hello_comes_first_with_the_version(void **state)
{
    struct fake *f = *state;
    struct apid a;
    Skink__Api__Request *q;

    apid_open(&a, f);
    q = apid_expect(&a);
    assert_int_equal(q->number, 1);
    assert_int_equal(q->op_case, SKINK__API__REQUEST__OP_HELLO);
    assert_int_equal(q->hello->abi, SHM_ABI);
    skink__api__request__free_unpacked(q, NULL);
    apid_answer(&a, 1, 2, 0);
    while (!all_answered(f))
        continue;
    apid_close(&a);
}

static void
more_than_the_window_waits_and_all_is_answered_once(void **state)
{
    struct fake *f = *state;
    struct apid a;

    apid_open(&a, f);
    for (int i = 0; i < 200; i++)
        connecting(f);
    apid_serve(&a, f, 201);
    while (!all_answered(f))
        continue;
    assert_int_equal(f->s->requests.answers, 201);
    for (int i = 0; i < 200; i++)
        assert_int_equal(f->s->socks[i].requests, 0);
    apid_close(&a);
}

static void
what_is_lost_is_sent_again_when_apid_was_restarted(void **state)
{
    struct fake *f = *state;
    struct cnc_shm *apid = cnc_of(&f->apid);
    struct apid a;

    apid_open(&a, f);
    connecting(f);
    apid_drop(&a);
    apid_drop(&a);
    client_word_store(&apid->epoch, 5);
    apid_serve(&a, f, 2);
    while (!all_answered(f))
        continue;
    apid_close(&a);
}

static void
a_result_that_was_not_asked_for_changes_nothing(void **state)
{
    struct fake *f = *state;
    struct apid a;
    int h;

    apid_open(&a, f);
    h = connecting(f);
    apid_drop(&a);
    apid_drop(&a);
    apid_answer(&a, 77, 78, -ECONNREFUSED);
    apid_answer(&a, 0, 0, -ECONNREFUSED);
    apid_answer(&a, 1, 2, 0);
    while (f->s->requests.answers == 0)
        fake_poll(f, -1);
    assert_int_equal(fake_poll(f, h), 0);
    assert_int_equal(f->s->requests.answers, 1);
    apid_close(&a);
}

static void
a_refused_connect_leaves_a_socket_that_can_try_again(void **state)
{
    struct fake *f = *state;
    struct apid a;
    int h, error = 0;
    socklen_t len = sizeof error;

    apid_open(&a, f);
    h = connecting(f);
    apid_drop(&a);
    apid_drop(&a);
    apid_answer(&a, 1, 2, 0);
    apid_answer(&a, 2, 3, -ENETUNREACH);
    while (!all_answered(f))
        continue;
    assert_int_equal(fake_poll(f, h) & SKINK_ERR, SKINK_ERR);
    assert_int_equal(
        skink_getsockopt(f->s, h, SOL_SOCKET, SO_ERROR, &error, &len), 0);
    assert_int_equal(error, ENETUNREACH);
    assert_int_equal(sock_of(f->s, h)->phase, PHASE_FRESH);
    apid_close(&a);
}

static void
closing_waits_for_the_answer_that_names_the_slot(void **state)
{
    struct fake *f = *state;
    struct apid a;
    int h;

    apid_open(&a, f);
    h = connecting(f);
    assert_int_equal(skink_close(f->s, h), 0);
    assert_int_equal(fake_hear(f, 0).flags, 0);
    apid_serve(&a, f, 2);
    while (!all_answered(f))
        continue;
    assert_int_equal(fake_hear(f, 0).flags, CLIENT_CLOSE);
    apid_close(&a);
}

int
main(void)
{
#define TEST(claim)                                                            \
    cmocka_unit_test_setup_teardown(claim, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST(hello_comes_first_with_the_version),
        TEST(more_than_the_window_waits_and_all_is_answered_once),
        TEST(what_is_lost_is_sent_again_when_apid_was_restarted),
        TEST(a_result_that_was_not_asked_for_changes_nothing),
        TEST(a_refused_connect_leaves_a_socket_that_can_try_again),
        TEST(closing_waits_for_the_answer_that_names_the_slot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
