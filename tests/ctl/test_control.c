/* SPDX-License-Identifier: MIT */
/* The control socket: orders change what everybody sees, and who just stays
 * connected keeps nobody out. */
#define _GNU_SOURCE 1
#include "ctl/control.h"

#include "base/os/rundir.h"
#include "ctl/call.h"
#include "tests/ctl/instance.h"
#include "tests/ctl/stub_daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
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

static Skink__Control__Reply *
order_ping(const struct instance *f)
{
    struct addr dst = addr_v4(0x0a070001);
    Skink__Control__Request request;
    Skink__Control__Ping ping;
    size_t no_fds = 0;

    skink__control__request__init(&request);
    skink__control__ping__init(&ping);
    ping.dst = (ProtobufCBinaryData){.len = sizeof dst.b, .data = dst.b};
    ping.size = 56;
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_PING;
    request.ping = &ping;
    return call(&f->cli, &request, NULL, &no_fds);
}

static void
each_ping_is_another_one(void **state)
{
    struct instance *f = *state;

    for (uint64_t serial = 1; serial <= CONF_PINGS + 1; serial++) {
        Skink__Control__Reply *reply = order_ping(f);

        assert_non_null(reply);
        assert_int_equal(reply->serial, serial);
        assert_true(look_again(&f->look));
        assert_int_equal(f->look.tables.ping[serial % CONF_PINGS].serial,
                         serial);
        skink__control__reply__free_unpacked(reply, NULL);
    }
}

/* The stubs sleep without a deadline: only a bell makes them turn. */
static void
change_wakes_every_daemon(void **state)
{
    const struct instance *f = *state;
    uint64_t before[DAEMONS];

    for (uint32_t i = 0; i < f->look.daemons; i++) {
        while (!cnc_look(f->look.cnc[i]).sleeping)
            instance_breathe();
        before[i] = cnc_look(f->look.cnc[i]).turns;
    }
    skink__control__reply__free_unpacked(order_ping(f), NULL);
    for (uint32_t i = 0; i < f->look.daemons; i++) {
        for (int n = 0; cnc_look(f->look.cnc[i]).turns == before[i]; n++) {
            if (n == INSTANCE_TRIES)
                fail_msg("%s sleeps on", daemon_name(i));
            instance_breathe();
        }
    }
}

static void
look_tells_devices_and_configuration(void **state)
{
    struct instance *f = *state;

    instance_give_links(f, 2);
    snprintf(f->setup.device[1].name, DEVICE_NAME, "/tmp/lab");
    snprintf(f->setup.config, sizeof f->setup.config, "/etc/lab.conf");
    assert_true(instance_start(f));
    assert_string_equal(f->look.device[1], "/tmp/lab");
    assert_string_equal(f->look.config, "/etc/lab.conf");
    assert_null(f->look.regions[REGION_TCPD_STATE].base);
    assert_null(f->look.regions[REGION_IPD_STATE].base);
    assert_non_null(f->look.regions[REGION_LINK_RX + 1].base);
    assert_null(f->look.regions[REGION_LINK_RX + 2].base);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(idle_connections_keep_nobody_out,
                                        instance_make_running, instance_remove),
        cmocka_unit_test_setup_teardown(each_ping_is_another_one,
                                        instance_make_running, instance_remove),
        cmocka_unit_test_setup_teardown(change_wakes_every_daemon,
                                        instance_make_running, instance_remove),
        cmocka_unit_test_setup_teardown(look_tells_devices_and_configuration,
                                        instance_make, instance_remove),
    };

    if (argc > 0 && stub_daemon_named(argv[0]))
        return stub_daemon_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
