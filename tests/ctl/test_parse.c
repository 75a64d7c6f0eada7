/* SPDX-License-Identifier: MIT */
/* What `skink up` accepts. Refusals end the process, so they happen in a child. */
#define _GNU_SOURCE 1
#include "ctl/parse.h"

#include "base/bits.h"
#include "base/os/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int
status_of_network(const char *address, const char *gateway)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        struct conf_net net = {.mtu = 0};

        close(STDERR_FILENO);
        parse_network(&net, address, gateway);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static uint32_t
gateway_of(const char *address, const char *gateway)
{
    struct conf_net net = {.mtu = 0};

    parse_network(&net, address, gateway);
    return addr_to_v4(net.gateway);
}

static void
address_comes_with_its_prefix_length(void **state)
{
    struct conf_net net = {.mtu = 0};

    (void)state;
    parse_network(&net, "192.168.5.9/20", "192.168.0.1");
    assert_int_equal(addr_to_v4(net.address), 0xc0a80509);
    assert_int_equal(net.prefix_len, 20);
    assert_int_equal(addr_to_v4(net.gateway), 0xc0a80001);
}

static void
gateway_defaults_to_the_first_other_address(void **state)
{
    (void)state;
    assert_int_equal(gateway_of("10.7.0.2/24", NULL), 0x0a070001);
    assert_int_equal(gateway_of("10.7.0.1/24", NULL), 0x0a070002);
    assert_int_equal(gateway_of("10.7.0.2/31", NULL), 0x0a070003);
    assert_int_equal(gateway_of("10.7.0.2/32", NULL), 0);
    assert_int_equal(gateway_of("10.7.0.2/24", "none"), 0);
}

static void
impossible_addresses_are_usage_errors(void **state)
{
    static const char *const bad[] = {"10.7.0.2",
                                      "10.7.0.2/",
                                      "10.7.0.2/33",
                                      "10.7.0.2/0",
                                      "10.7.0/24",
                                      "10.7.0.0/24",
                                      "10.7.0.255/24",
                                      "224.0.0.1/24",
                                      "127.0.0.2/8",
                                      "0.0.0.1/24",
                                      "255.255.255.255/8",
                                      "/24",
                                      "10.7.0.2/24x",
                                      "",
                                      "10.7.0.00000000002/24"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(status_of_network(bad[i], NULL), EXIT_USAGE);
}

static void
gateway_must_be_a_neighbour(void **state)
{
    static const char *const bad[] = {"10.8.0.1",   "10.7.0.2",  "10.7.0.0",
                                      "10.7.0.255", "somewhere", ""};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(status_of_network("10.7.0.2/24", bad[i]), EXIT_USAGE);
}

static int
last_cpu(void)
{
    cpu_set_t set;
    int last = -1;

    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET((size_t)i, &set))
            last = i;
    }
    return last;
}

static void
one_cpu_is_dealt_to_all_daemons(void **state)
{
    int cpu[DAEMONS];
    char list[16];

    (void)state;
    snprintf(list, sizeof list, "%d", last_cpu());
    parse_cpus(cpu, list);
    for (size_t i = 0; i < DAEMONS; i++)
        assert_int_equal(cpu[i], last_cpu());
    parse_cpus(cpu, "none");
    for (size_t i = 0; i < DAEMONS; i++)
        assert_int_equal(cpu[i], -1);
}

static void
list_of_cpus_begins_again_when_it_ends(void **state)
{
    cpu_set_t set;
    int cpu[DAEMONS];

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    if (!CPU_ISSET(0, &set) || !CPU_ISSET(1, &set))
        skip();
    parse_cpus(cpu, "1,0");
    assert_int_equal(cpu[0], 1);
    assert_int_equal(cpu[1], 0);
    assert_int_equal(cpu[2], 1);
    assert_int_equal(cpu[3], 0);
    parse_cpus(cpu, "0-1");
    assert_int_equal(cpu[1], 1);
    assert_int_equal(cpu[2], 0);
}

static void
assert_link(const char *text, enum conf_link kind, const char *name)
{
    struct conf_net net = {.link_kind = 0xff};

    parse_link(&net, text);
    assert_int_equal(net.link_kind, kind);
    assert_string_equal(net.link_name, name);
}

static void
link_has_a_kind_and_a_name(void **state)
{
    (void)state;
    assert_link("tap", CONF_LINK_TAP, "tap0");
    assert_link("tap:lab", CONF_LINK_TAP, "lab");
    assert_link("veth", CONF_LINK_VETH, "veth0");
    assert_link("veth:lab", CONF_LINK_VETH, "lab");
    assert_link("tap:veth", CONF_LINK_TAP, "veth");
}

static int
status_of_link(const char *text)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        struct conf_net net;

        close(STDERR_FILENO);
        parse_link(&net, text);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
impossible_links_are_usage_errors(void **state)
{
    static const char *const bad[] = {"",
                                      "eth",
                                      "tap:",
                                      "veth:",
                                      "tapx",
                                      "vethx:lab",
                                      "veth0",
                                      "veth:a/",
                                      "veth:a%",
                                      "veth:a:b",
                                      "veth:a b",
                                      "tap:\t",
                                      "VETH",
                                      " veth",
                                      "tap,",
                                      "vet",
                                      "veth:0123456789abcdef"};

    (void)state;
    assert_int_equal(status_of_link("veth:0123456789abcde"), 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(status_of_link(bad[i]), EXIT_USAGE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_comes_with_its_prefix_length),
        cmocka_unit_test(gateway_defaults_to_the_first_other_address),
        cmocka_unit_test(impossible_addresses_are_usage_errors),
        cmocka_unit_test(gateway_must_be_a_neighbour),
        cmocka_unit_test(one_cpu_is_dealt_to_all_daemons),
        cmocka_unit_test(list_of_cpus_begins_again_when_it_ends),
        cmocka_unit_test(link_has_a_kind_and_a_name),
        cmocka_unit_test(impossible_links_are_usage_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
