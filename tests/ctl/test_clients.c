/* SPDX-License-Identifier: MIT */
/* Attaching: what a client gets, how many there may be, and where they go when
 * they or tcpd die. */
#define _GNU_SOURCE 1
#include "base/os/fdpass.h"
#include "ctl/clients.h"
#include "ctl/supervisor.h"
#include "proto/shm/client.h"
#include "tests/ctl/instance.h"
#include "tests/ctl/stub_daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct attached {
    int connection;
    int fds[4];
    size_t count;
    struct client_welcome welcome;
};

static struct attached
attach(const struct instance *f)
{
    struct attached a = {
        .connection = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0),
        .count = 4,
    };
    struct sockaddr_un address;

    assert_true(rundir_socket(&address, f->setup.rundir, "attach"));
    assert_int_equal(connect(a.connection, (const struct sockaddr *)&address,
                             sizeof address),
                     0);
    assert_int_equal(fdpass_receive(a.connection, &a.welcome, sizeof a.welcome,
                                    a.fds, &a.count, 0),
                     sizeof a.welcome);
    return a;
}

static void
detach(struct attached *a)
{
    close(a->connection);
    for (size_t i = 0; i < a->count; i++)
        close(a->fds[i]);
}

static void
wait_clients_at_tcpd(const struct instance *f, uint64_t count)
{
    const struct cnc_shm *tcpd = f->look.cnc[DAEMON_TCPD];

    for (int i = 0; i < INSTANCE_TRIES; i++) {
        if (cnc_counter(tcpd, COUNTER_TCP_CURR_ESTAB) == count)
            return;
        instance_breathe();
    }
    fail_msg("tcpd has %ju clients",
             (uintmax_t)cnc_counter(tcpd, COUNTER_TCP_CURR_ESTAB));
}

static void
wait_clients(const struct instance *f, uint32_t count)
{
    for (int i = 0; i < INSTANCE_TRIES; i++) {
        if (f->look.conf->clients == count)
            return;
        instance_breathe();
    }
    fail_msg("there are %u clients", f->look.conf->clients);
}

/* ---- the claims ---- */

/* The stub counts its clients as connections. */
static void
restart_of_tcpd_says_what_it_costs(void **state)
{
    const struct instance *f = *state;
    struct attached a = attach(f), b;

    wait_clients_at_tcpd(f, 1);
    assert_non_null(strstr(instance_restart(f, "tcpd"),
                           "; 1 connection was open and is now reset"));
    b = attach(f);
    wait_clients_at_tcpd(f, 2);
    assert_non_null(strstr(instance_restart(f, "tcpd"),
                           "; 2 connections were open and are now reset"));
    assert_null(strstr(instance_restart(f, "linkd"), "connection"));
    detach(&a);
    detach(&b);
    wait_clients_at_tcpd(f, 0);
    assert_non_null(
        strstr(instance_restart(f, "tcpd"), "; no connection was open"));
}

static void
client_gets_its_regions_and_a_token(void **state)
{
    const struct instance *f = *state;
    struct attached a = attach(f), b = attach(f);
    struct region tx, rx;

    assert_int_equal(a.welcome.error, 0);
    assert_int_equal(a.count, 4);
    assert_true(
        region_map(&tx, a.fds[0], REGION_CLIENT_TX(a.welcome.client), true));
    assert_int_equal(tx.size, CLIENT_REGION_SIZE);
    assert_false(
        region_map(&rx, a.fds[1], REGION_CLIENT_RX(a.welcome.client), true));
    assert_true(
        region_map(&rx, a.fds[1], REGION_CLIENT_RX(a.welcome.client), false));
    assert_int_not_equal(a.welcome.client, b.welcome.client);
    assert_memory_not_equal(a.welcome.token, b.welcome.token,
                            sizeof a.welcome.token);
    region_unmap(&tx);
    region_unmap(&rx);
    detach(&a);
    detach(&b);
}

static void
book_names_the_process_behind_a_client(void **state)
{
    const struct instance *f = *state;
    struct attached a = attach(f);
    const struct conf_client *row = &f->look.conf->client[a.welcome.client];
    uint64_t words[2] = {row->comm[0], row->comm[1]};
    char comm[sizeof words + 1] = "", own[sizeof comm] = "";

    memcpy(comm, words, sizeof words);
    assert_int_equal(prctl(PR_GET_NAME, own), 0);
    assert_int_not_equal(row->serial, 0);
    assert_int_equal(row->pid, getpid());
    assert_int_equal(row->uid, geteuid());
    assert_string_equal(comm, own);
    detach(&a);
    wait_clients(f, 0);
    assert_int_equal(row->serial, 0);
}

static void
successor_of_tcpd_gets_every_live_client(void **state)
{
    const struct instance *f = *state;
    struct attached a = attach(f), b = attach(f), c = attach(f);

    wait_clients_at_tcpd(f, 3);
    detach(&b);
    wait_clients_at_tcpd(f, 2);
    kill(instance_pid(f, DAEMON_TCPD), SIGKILL);
    instance_wait(f, DAEMON_TCPD, CONF_DAEMON_OK, 1);
    assert_int_equal(
        cnc_counter(f->look.cnc[DAEMON_TCPD], COUNTER_TCP_CURR_ESTAB), 2);
    detach(&a);
    detach(&c);
    wait_clients(f, 0);
}

static void
client_of_a_dead_tcpd_is_handed_to_its_successor(void **state)
{
    const struct instance *f = *state;
    struct attached a;

    instance_order(f, "tcpd", "crash");
    kill(instance_pid(f, DAEMON_TCPD), SIGKILL);
    instance_wait(f, DAEMON_TCPD, CONF_DAEMON_FAILED, 5);
    a = attach(f);
    assert_int_equal(a.welcome.error, 0);
    instance_order(f, "tcpd", "");
    instance_restart(f, "tcpd");
    wait_clients_at_tcpd(f, 1);
    detach(&a);
}

static void
departed_clients_memory_is_punched_out(void **state)
{
    const struct instance *f = *state;
    struct attached a = attach(f), b;
    int tx = dup(a.fds[0]);
    struct region r;
    struct stat st;

    assert_true(region_map(&r, tx, REGION_CLIENT_TX(a.welcome.client), true));
    memset(r.base + CLIENT_CHUNK_OFFSET, 0xaa, 1 << 20);
    detach(&a);
    wait_clients(f, 0);
    assert_int_equal(fstat(tx, &st), 0);
    assert_int_equal(st.st_blocks, 0);

    b = attach(f);
    assert_int_equal(b.welcome.client, a.welcome.client);
    assert_memory_not_equal(a.welcome.token, b.welcome.token,
                            sizeof a.welcome.token);
    region_unmap(&r);
    close(tx);
    detach(&b);
}

static void
one_user_gets_32_clients(void **state)
{
    const struct instance *f = *state;
    struct attached a[CLIENTS_PER_UID], more;

    for (size_t i = 0; i < CLIENTS_PER_UID; i++) {
        a[i] = attach(f);
        assert_int_equal(a[i].welcome.error, 0);
    }
    more = attach(f);
    assert_int_equal(more.welcome.error, -EDQUOT);
    assert_int_equal(more.count, 0);
    detach(&more);

    wait_clients_at_tcpd(f, CLIENTS_PER_UID);
    detach(&a[5]);
    wait_clients(f, CLIENTS_PER_UID - 1);
    a[5] = attach(f);
    assert_int_equal(a[5].welcome.error, 0);
    for (size_t i = 0; i < CLIENTS_PER_UID; i++)
        detach(&a[i]);
}

static void
fill_with_strangers(struct supervisor *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        s->clients.client[i].live = true;
        s->clients.client[i].uid = (uid_t)(2000 + i / CLIENTS_PER_UID);
    }
}

static void
quotas_hold_for_all_and_for_strangers(void **state)
{
    struct supervisor *s = calloc(1, sizeof *s);

    (void)state;
    assert_non_null(s);
    s->owner = 1000;
    assert_int_equal(clients_admit(s, 1000), 0);
    assert_int_equal(clients_admit(s, 0), 0);
    assert_int_equal(clients_admit(s, 1001), -EPERM);
    s->owner = 0;
    assert_int_equal(clients_admit(s, 1001), 0);
    assert_int_equal(clients_admit(s, 65534), -EPERM);
    fill_with_strangers(s, CLIENTS_MAX - CLIENTS_OWN);
    assert_int_equal(clients_admit(s, 1001), -EAGAIN);
    assert_int_equal(clients_admit(s, 0), 0);
    s->clients.client[CLIENTS_PER_UID].live = false;
    assert_int_equal(clients_admit(s, 1001), 0);
    assert_int_equal(clients_admit(s, 2000), -EDQUOT);
    fill_with_strangers(s, CLIENTS_MAX);
    assert_int_equal(clients_admit(s, 0), -EAGAIN);
    free(s);
}

/* Takes what lies in the socket; every message must be the next one of three a
 * client. Returns how many there have been in all. */
static uint32_t
take_in_order(int sock, uint32_t seen)
{
    static const uint32_t kinds[] = {HANDOVER_CLIENT_TX, HANDOVER_CLIENT_RX,
                                     HANDOVER_CLIENT};
    struct handover h;
    int fd;
    size_t n = 1;

    while (fdpass_receive(sock, &h, sizeof h, &fd, &n, MSG_DONTWAIT) > 0) {
        assert_int_equal(n, 1);
        assert_int_equal(h.id, seen / 3);
        assert_int_equal(h.kind, kinds[seen % 3]);
        close(fd);
        seen++;
        n = 1;
    }
    return seen;
}

static void
handover_goes_on_where_the_socket_was_full(void **state)
{
    struct supervisor *s = calloc(1, sizeof *s);
    int pair[2], small = 4608;
    uint32_t seen = 0;
    unsigned rounds = 0;

    (void)state;
    assert_non_null(s);
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(
        setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        s->clients.client[i] = (struct client){.live = true};
    while (!clients_hand_over(s, pair[0])) {
        assert_int_equal(errno, EAGAIN);
        seen = take_in_order(pair[1], seen);
        rounds++;
    }
    assert_int_equal(take_in_order(pair[1], seen), 3 * CLIENTS_MAX);
    assert_true(rounds > 2);

    assert_true(clients_hand_over(s, pair[0])); /* nothing is left */
    assert_int_equal(take_in_order(pair[1], 0), 0);
    close(pair[0]);
    close(pair[1]);
    free(s);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(restart_of_tcpd_says_what_it_costs,
                                        instance_make_running, instance_remove),
        cmocka_unit_test_setup_teardown(client_gets_its_regions_and_a_token,
                                        instance_make_running, instance_remove),
        cmocka_unit_test_setup_teardown(book_names_the_process_behind_a_client,
                                        instance_make_running, instance_remove),
        cmocka_unit_test_setup_teardown(
            successor_of_tcpd_gets_every_live_client, instance_make_running,
            instance_remove),
        cmocka_unit_test_setup_teardown(
            client_of_a_dead_tcpd_is_handed_to_its_successor,
            instance_make_running, instance_remove),
        cmocka_unit_test_setup_teardown(departed_clients_memory_is_punched_out,
                                        instance_make_running, instance_remove),
        cmocka_unit_test_setup_teardown(one_user_gets_32_clients,
                                        instance_make_running, instance_remove),
        cmocka_unit_test(quotas_hold_for_all_and_for_strangers),
        cmocka_unit_test(handover_goes_on_where_the_socket_was_full),
    };

    if (argc > 0 && stub_daemon_named(argv[0]))
        return stub_daemon_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
