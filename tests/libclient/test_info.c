/* SPDX-License-Identifier: MIT */
/* skink_info and TCP_INFO: tcpd's answer, our own part, and structs of another
 * age. */
#include "tests/libclient/apid.h"

#include "proto/shm/view.h"

#include <linux/tcp.h>

static const struct view_info seen = {.state = VIEW_ESTABLISHED,
                                      .options = VIEW_OPTION_SACK,
                                      .snd_wscale = 7,
                                      .rtt = 1234,
                                      .snd_mss = 1448,
                                      .cwnd = 14480,
                                      .ssthresh = UINT32_MAX,
                                      .unacked = 1449,
                                      .bytes_sent = 1ull << 40,
                                      .retrans_total = 5,
                                      .survived = 3};

static struct desk
knowing(void)
{
    struct desk d = {.value_len = sizeof seen};

    memcpy(d.value, &seen, sizeof seen);
    return d;
}

static void
info_is_what_tcpd_says_with_both_addresses(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, 0);
    struct desk d = knowing();
    struct skink_info i;
    struct addr peer = addr_v4(0x0a070001);

    desk_open(&d, f);
    assert_int_equal(skink_info(f->s, h, &i, sizeof i), 0);
    assert_int_equal(i.state, SKINK_ESTABLISHED);
    assert_int_equal(i.rtt, 1234);
    assert_int_equal(i.bytes_sent, 1ull << 40);
    assert_int_equal(i.survived, 3);
    assert_memory_equal(i.remote, peer.b, sizeof i.remote);
    assert_int_equal(i.remote_port, 4000);
    desk_close(&d);
}

static void
a_listener_tells_its_queue(void **state)
{
    struct fake *f = *state;
    int h = fake_listener(f);
    struct desk d = {.value_len = 0};
    struct skink_info i;

    sock_of(f->s, h)->backlog = 9;
    for (uint32_t n = 0; n < 3; n++) {
        fake_open(f, CLIENT_OWN + n, SLOT_QUEUED, 0);
        f->shm->slot[CLIENT_OWN + n].parent = 0;
    }
    desk_open(&d, f);
    assert_int_equal(fake_poll(f, h), SKINK_IN);
    assert_int_equal(skink_info(f->s, h, &i, sizeof i), 0);
    assert_int_equal(i.state, SKINK_LISTEN);
    assert_int_equal(i.backlog, 9);
    assert_int_equal(i.queued, 3);
    assert_int_equal(i.local_port, 80);
    desk_close(&d);
}

static void
a_fresh_socket_needs_no_answer(void **state)
{
    struct fake *f = *state;
    int h = skink_socket(f->s, AF_INET, SOCK_STREAM, 0);
    struct skink_info i;

    assert_int_equal(skink_info(f->s, h, &i, sizeof i), 0);
    assert_int_equal(i.state, SKINK_CLOSED);
    assert_int_equal(skink_info(f->s, h, NULL, sizeof i), -EFAULT);
    assert_int_equal(skink_info(f->s, h + 1, &i, sizeof i), -EBADF);
}

static void
shorter_and_longer_structs_are_filled(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, 0);
    struct desk d = knowing();
    union {
        struct skink_info info;
        uint8_t bytes[sizeof(struct skink_info) + 8];
    } u;

    desk_open(&d, f);
    memset(&u, 0xaa, sizeof u);
    assert_int_equal(skink_info(f->s, h, &u.info, 20), 0);
    assert_int_equal(u.bytes[10], 0xff); /* ::ffff:a.b.c.d */
    assert_int_equal(u.bytes[20], 0xaa);
    assert_int_equal(skink_info(f->s, h, &u.info, sizeof u), 0);
    assert_int_equal(u.info.survived, 3);
    assert_int_equal(u.bytes[sizeof u - 1], 0);
    desk_close(&d);
}

static void
tcp_info_is_in_linuxs_numbers_and_segments(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, 0);
    struct desk d = knowing();
    struct tcp_info t;
    socklen_t len = sizeof t;

    desk_open(&d, f);
    assert_int_equal(skink_getsockopt(f->s, h, IPPROTO_TCP, TCP_INFO, &t, &len),
                     0);
    assert_int_equal(len, sizeof t);
    assert_int_equal(t.tcpi_state, 1);
    assert_int_equal(t.tcpi_options, TCPI_OPT_SACK);
    assert_int_equal(t.tcpi_snd_wscale, 7);
    assert_int_equal(t.tcpi_rtt, 1234);
    assert_int_equal(t.tcpi_snd_cwnd, 10);
    assert_int_equal(t.tcpi_unacked, 2);
    assert_int_equal(t.tcpi_snd_ssthresh, 0x7fffffff);
    assert_int_equal(t.tcpi_total_retrans, 5);
    assert_int_equal(t.tcpi_bytes_sent, 1ull << 40);
    len = 1;
    assert_int_equal(skink_getsockopt(f->s, h, IPPROTO_TCP, TCP_INFO, &t, &len),
                     0);
    assert_int_equal(len, 1);
    desk_close(&d);
}

struct asker {
    struct fake *f;
    int handle, result;
};

static void *
ask(void *arg)
{
    struct asker *a = arg;
    struct skink_info i;

    a->result = skink_info(a->f->s, a->handle, &i, sizeof i);
    return NULL;
}

static void
a_handle_closed_while_tcpd_is_asked_is_bad(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    struct asker a = {.f = f, .handle = fake_connected(f, &v, 0)};
    struct desk d = knowing();
    pthread_t other;

    assert_int_equal(pthread_create(&other, NULL, ask, &a), 0);
    while (client_flag_load(&f->heard->sleeping) == 0)
        continue; /* nobody answers yet */
    assert_int_equal(skink_close(f->s, a.handle), 0);
    desk_open(&d, f);
    pthread_join(other, NULL);
    assert_int_equal(a.result, -EBADF);
    desk_close(&d);
}

int
main(void)
{
#define TEST(claim)                                                            \
    cmocka_unit_test_setup_teardown(claim, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST(info_is_what_tcpd_says_with_both_addresses),
        TEST(a_listener_tells_its_queue),
        TEST(a_fresh_socket_needs_no_answer),
        TEST(shorter_and_longer_structs_are_filled),
        TEST(tcp_info_is_in_linuxs_numbers_and_segments),
        TEST(a_handle_closed_while_tcpd_is_asked_is_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
