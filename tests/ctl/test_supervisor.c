/* SPDX-License-Identifier: MIT */
/* The supervisor with stubs for daemons: deaths, hangs, crash loops, starts and
 * ends. */
#define _GNU_SOURCE 1
#include "base/os/fdpass.h"
#include "ctl/call.h"
#include "ctl/instance.h"
#include "tests/ctl/instance.h"
#include "tests/ctl/stub_daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void
killed_daemon_is_replaced_and_no_other(void **state)
{
    const struct instance *f = *state;

    for (uint32_t victim = 0; victim < f->look.daemons; victim++) {
        pid_t before[DAEMONS];

        for (uint32_t i = 0; i < f->look.daemons; i++)
            before[i] = instance_pid(f, i);
        kill(before[victim], SIGKILL);
        instance_wait(f, victim, CONF_DAEMON_OK, 1);
        for (uint32_t i = 0; i < f->look.daemons; i++)
            assert_true((instance_pid(f, i) == before[i]) == (i != victim));

        const struct conf_daemon *d = &f->look.conf->daemons[victim];

        assert_int_equal(d->restarts, 1);
        assert_int_equal(d->last_why, CONF_EXIT_KILLED);
        assert_int_equal(d->last_exit, SIGKILL);
        assert_true(d->last_outage_ns > 0);
        assert_int_equal(cnc_look(f->look.cnc[victim]).epoch, 2);
    }
}

static void
kills_from_outside_are_never_a_crash_loop(void **state)
{
    const struct instance *f = *state;

    for (uint32_t i = 1; i <= 12; i++) {
        kill(instance_pid(f, DAEMON_IPD), SIGKILL);
        instance_wait(f, DAEMON_IPD, CONF_DAEMON_OK, i);
        assert_true(f->look.conf->daemons[DAEMON_IPD].last_outage_ns <
                    1000000000);
    }
}

static void
restart_replaces_the_daemon_it_names(void **state)
{
    const struct instance *f = *state;
    pid_t tcpd = instance_pid(f, DAEMON_TCPD),
          ipd = instance_pid(f, DAEMON_IPD);

    instance_restart(f, "tcpd");
    assert_int_not_equal(instance_pid(f, DAEMON_TCPD), tcpd);
    assert_int_equal(instance_pid(f, DAEMON_IPD), ipd);
    assert_int_equal(f->look.conf->daemons[DAEMON_TCPD].last_why,
                     CONF_EXIT_RESTART);
}

static void
dies_of_standing_still(const struct instance *f, const char *how)
{
    instance_order(f, "ipd", how);
    instance_restart(f, "ipd");
    instance_order(f, "ipd", "");
    instance_wait(f, DAEMON_IPD, CONF_DAEMON_OK, 2);
    assert_int_equal(f->look.conf->daemons[DAEMON_IPD].last_why,
                     CONF_EXIT_HANG);
    assert_int_equal(f->look.conf->daemons[DAEMON_TCPD].restarts, 0);
}

static void
hanging_daemon_is_killed_and_replaced(void **state)
{
    dies_of_standing_still(*state, "hang");
}

static void
oversleeping_daemon_is_killed_and_replaced(void **state)
{
    dies_of_standing_still(*state, "doze");
}

static void
crash_loop_ends_in_failed_and_restart_ends_that(void **state)
{
    const struct instance *f = *state;

    instance_order(f, "ipd", "crash");
    kill(instance_pid(f, DAEMON_IPD), SIGKILL);
    instance_wait(f, DAEMON_IPD, CONF_DAEMON_FAILED, 5);
    assert_int_equal(f->look.conf->daemons[DAEMON_IPD].last_why,
                     CONF_EXIT_FAULT);
    assert_int_equal(f->look.conf->daemons[DAEMON_IPD].last_exit, SIGABRT);
    assert_int_equal(f->look.conf->daemons[DAEMON_TCPD].restarts, 0);

    instance_order(f, "ipd", "");
    instance_restart(f, "ipd");
    instance_wait(f, DAEMON_IPD, CONF_DAEMON_OK, 5);
}

static void
failed_daemon_is_tried_again_by_itself(void **state)
{
    const struct instance *f = *state;

    instance_order(f, "ipd", "crash");
    kill(instance_pid(f, DAEMON_IPD), SIGKILL);
    instance_wait(f, DAEMON_IPD, CONF_DAEMON_FAILED, 5);
    instance_order(f, "ipd", "");
    instance_wait(f, DAEMON_IPD, CONF_DAEMON_OK, 5);
}

static void
death_before_the_first_readiness_fails_the_start(void **state)
{
    struct instance *f = *state;
    int status;

    instance_order(f, "tcpd", "die");
    assert_false(instance_start(f));
    assert_int_equal(waitpid(f->supervisor, &status, 0), f->supervisor);
    f->supervisor = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_FAILED);
}

/* Standard error of the child is the test's: it shows the line that users see. */
static int
status_of_second_up(const struct instance *f)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        instance_lock(&f->setup);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
second_supervisor_is_refused(void **state)
{
    const struct instance *f = *state;

    assert_int_equal(status_of_second_up(f), EXIT_FAILED);
}

static void
directory_of_a_killed_supervisor_is_no_obstacle(void **state)
{
    struct instance *f = *state;

    instance_stop(f, SIGKILL);
    assert_true(instance_start(f));
    for (uint32_t i = 0; i < f->look.daemons; i++)
        assert_int_equal(f->look.conf->daemons[i].state, CONF_DAEMON_OK);
}

static void
down_ends_the_supervisor_and_its_daemons(void **state)
{
    struct instance *f = *state;
    pid_t daemons[DAEMONS];
    int status;

    for (uint32_t i = 0; i < f->look.daemons; i++)
        daemons[i] = instance_pid(f, i);

    Skink__Control__Request request;
    Skink__Control__Down down;
    size_t no_fds = 0;

    skink__control__request__init(&request);
    skink__control__down__init(&down);
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_DOWN;
    request.down = &down;
    assert_null(call(&f->cli, &request, NULL, &no_fds));
    assert_int_equal(waitpid(f->supervisor, &status, 0), f->supervisor);
    f->supervisor = 0;
    assert_int_equal(status, 0);
    for (uint32_t i = 0; i < f->look.daemons; i++)
        assert_int_equal(kill(daemons[i], 0), -1);
}

/* Every linkd is the same program under the name of its link. */
static void
each_link_has_a_linkd_and_no_other_has(void **state)
{
    struct instance *f = *state;

    instance_give_links(f, 3);
    assert_true(instance_start(f));
    assert_int_equal(f->look.daemons, DAEMON_LINKD + 3);
    for (uint32_t i = 0; i < LINKS_MAX; i++) {
        const struct conf_daemon *d = &f->look.conf->daemons[DAEMON_LINKD + i];

        assert_int_equal(d->state, i < 3 ? CONF_DAEMON_OK : CONF_DAEMON_DOWN);
        assert_int_equal(f->look.cnc[DAEMON_LINKD + i] != NULL, i < 3);
        assert_int_equal(f->look.rings[RING_LINK_RX + i] != NULL, i < 3);
        assert_int_equal(f->look.rings[RING_IP_TX + i] != NULL, i < 3);
    }
    kill(instance_pid(f, DAEMON_LINKD + 2), SIGKILL);
    instance_wait(f, DAEMON_LINKD + 2, CONF_DAEMON_OK, 1);
    assert_int_equal(f->look.conf->daemons[DAEMON_LINKD].restarts, 0);
}

static void
dead_daemon_leaves_the_word_on_what_it_worked(void **state)
{
    const struct instance *f = *state;

    instance_order(f, "ipd", "work");
    instance_restart(f, "ipd");
    instance_order(f, "ipd", "");
    kill(instance_pid(f, DAEMON_IPD), SIGKILL);
    instance_wait(f, DAEMON_IPD, CONF_DAEMON_OK, 2);
    assert_int_equal(f->look.conf->daemons[DAEMON_IPD].last_work, STUB_WORK);
}

static void
looking_does_not_allow_writing(void **state)
{
    const struct instance *f = *state;
    Skink__Control__Request request;
    Skink__Control__Look look;
    Skink__Control__Reply *reply;
    int fds[FDPASS_MAX];
    size_t n = FDPASS_MAX;

    skink__control__request__init(&request);
    skink__control__look__init(&look);
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_LOOK;
    request.look = &look;
    reply = call(&f->cli, &request, fds, &n);
    assert_non_null(reply);
    /* conf, a cnc for each of the daemons, two views, two rings of the link and four
     * others; as root or its owner. */
    assert_int_equal(n, 1 + (DAEMON_LINKD + 1) + 2 + 2 + 4);
    assert_int_equal(reply->n_regions, n);
    for (size_t i = 0; i < n; i++) {
        struct region r;

        assert_false(region_map(&r, fds[i], reply->regions[i], true));
        close(fds[i]);
    }
    skink__control__reply__free_unpacked(reply, NULL);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(killed_daemon_is_replaced_and_no_other,
                                        instance_make_running, instance_remove),
        cmocka_unit_test_setup_teardown(
            kills_from_outside_are_never_a_crash_loop, instance_make_running,
            instance_remove),
        cmocka_unit_test_setup_teardown(restart_replaces_the_daemon_it_names,
                                        instance_make_running, instance_remove),
        cmocka_unit_test_setup_teardown(hanging_daemon_is_killed_and_replaced,
                                        instance_make_running, instance_remove),
        cmocka_unit_test_setup_teardown(
            oversleeping_daemon_is_killed_and_replaced, instance_make_running,
            instance_remove),
        cmocka_unit_test_setup_teardown(
            crash_loop_ends_in_failed_and_restart_ends_that,
            instance_make_running, instance_remove),
        cmocka_unit_test_setup_teardown(failed_daemon_is_tried_again_by_itself,
                                        instance_make_running, instance_remove),
        cmocka_unit_test_setup_teardown(
            death_before_the_first_readiness_fails_the_start, instance_make,
            instance_remove),
        cmocka_unit_test_setup_teardown(second_supervisor_is_refused,
                                        instance_make_running, instance_remove),
        cmocka_unit_test_setup_teardown(
            directory_of_a_killed_supervisor_is_no_obstacle,
            instance_make_running, instance_remove),
        cmocka_unit_test_setup_teardown(
            down_ends_the_supervisor_and_its_daemons, instance_make_running,
            instance_remove),
        cmocka_unit_test_setup_teardown(each_link_has_a_linkd_and_no_other_has,
                                        instance_make, instance_remove),
        cmocka_unit_test_setup_teardown(
            dead_daemon_leaves_the_word_on_what_it_worked,
            instance_make_running, instance_remove),
        cmocka_unit_test_setup_teardown(looking_does_not_allow_writing,
                                        instance_make_running, instance_remove),
    };

    if (argc > 0 && stub_daemon_named(argv[0]))
        return stub_daemon_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
