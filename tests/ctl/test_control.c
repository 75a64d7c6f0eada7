/* SPDX-License-Identifier: MIT */
/* The control socket: who just stays connected keeps nobody out. */
#define _GNU_SOURCE 1
#include "ctl/control.h"

#include "base/os/rundir.h"
#include "tests/ctl/instance.h"
#include "tests/ctl/stub_daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int
idle_connection(const struct instance *f)
{
    int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct sockaddr_un address;

    assert_true(rundir_socket(&address, f->setup.rundir, "control"));
    assert_int_equal(
        connect(sock, (const struct sockaddr *)&address, sizeof address), 0);
    return sock;
}

static void
idle_connections_keep_nobody_out(void **state)
{
    const struct instance *f = *state;
    int idle[2 * CONTROL_CONNECTIONS];
    const size_t count = sizeof idle / sizeof *idle;

    for (size_t i = 0; i < count; i++)
        idle[i] = idle_connection(f);
    assert_non_null(strstr(instance_restart(f, "linkd"), "linkd restarted"));
    for (size_t i = 0; i < count; i++)
        close(idle[i]);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(idle_connections_keep_nobody_out,
                                        instance_make_running, instance_remove),
    };

    if (argc > 0 && stub_daemon_named(argv[0]))
        return stub_daemon_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
