/* SPDX-License-Identifier: MIT */
/* Texts that people type, and what is made of them. */
#define _GNU_SOURCE 1
#include "ctl/parse.h"

#include "base/bits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <string.h>

static struct wrong wrong;

/* ---- addresses ---- */

static void
address_comes_with_its_prefix_length(void **state)
{
    struct net_address a = {.link = 3};

    (void)state;
    assert_true(parse_address("192.168.5.9/20", &a, &wrong));
    assert_int_equal(addr_to_v4(a.addr), 0xc0a80509);
    assert_int_equal(a.prefix_len, 20);
    assert_int_equal(a.link, 3);
}

static void
impossible_addresses_are_refused(void **state)
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
                                      "/24",
                                      "255.255.255.255/8",
                                      "10.7.0.2/24x",
                                      "",
                                      "10.7.0.00000000002/24",
                                      "10.7.0.2/99999999",
                                      "240.0.0.1/8",
                                      "10.7.0.2/18446744073709551640"};
    struct net_address a = {.prefix_len = 77};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(parse_address(bad[i], &a, &wrong));
        assert_int_equal(a.prefix_len, 77);
    }
}

static void
small_networks_have_no_address_of_their_own(void **state)
{
    struct net_address a = {.link = 0};

    (void)state;
    assert_true(parse_address("10.7.0.0/31", &a, &wrong));
    assert_true(parse_address("10.7.0.255/32", &a, &wrong));
}

static void
network_may_not_have_bits_behind_its_prefix(void **state)
{
    struct addr dst;
    uint32_t len;

    (void)state;
    assert_true(parse_network("10.8.0.0/16", &dst, &len, &wrong));
    assert_int_equal(len, 16);
    assert_true(parse_network("10.8.0.1", &dst, &len, &wrong));
    assert_int_equal(len, 32);
    assert_true(parse_network("default", &dst, &len, &wrong));
    assert_int_equal(len, 0);
    assert_false(parse_network("10.8.0.1/16", &dst, &len, &wrong));
    assert_string_equal(wrong.hint, "did you mean 10.8.0.0/16?");
}

/* ---- links ---- */

static void
assert_link(const char *text, enum net_link_kind expected, const char *name)
{
    char device[DEVICE_NAME];
    enum net_link_kind kind;

    assert_true(parse_link(text, &kind, device, &wrong));
    assert_int_equal(kind, expected);
    assert_string_equal(device, name);
}

static void
link_has_a_kind_and_a_device(void **state)
{
    (void)state;
    assert_link("tap", NET_TAP, "");
    assert_link("tap:lab", NET_TAP, "lab");
    assert_link("veth", NET_VETH, "");
    assert_link("veth:0123456789abcde", NET_VETH, "0123456789abcde");
    assert_link("packet:eth1", NET_PACKET, "eth1");
    assert_link("pair:/tmp/a:b c", NET_PAIR, "/tmp/a:b c");
}

static void
impossible_links_are_refused(void **state)
{
    static const char *const bad[] = {"",         "eth",
                                      "tap:",     "veth:",
                                      "tapx",     "vethx:lab",
                                      "veth0",    "veth:a/",
                                      "veth:a%",  "veth:a:b",
                                      "veth:a b", "tap:\t",
                                      "VETH",     " veth",
                                      "tap,",     "vet",
                                      "packet",   "packet:",
                                      "pair",     "pair:",
                                      "pair:a",   "veth:0123456789abcdef"};
    char device[DEVICE_NAME], path[DEVICE_NAME + 8];
    enum net_link_kind kind;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(parse_link(bad[i], &kind, device, &wrong));
    snprintf(path, sizeof path, "pair:/%0*d", DEVICE_NAME - 4, 0);
    assert_true(parse_link(path, &kind, device, &wrong));
    snprintf(path, sizeof path, "pair:/%0*d", DEVICE_NAME - 3, 0);
    assert_false(parse_link(path, &kind, device, &wrong));
}

/* ---- numbers ---- */

static void
sizes_have_binary_units(void **state)
{
    static const char *const bad[] = {"",   "4",   "4G",  "M",
                                      "4m", "4MB", "-4K", "99999999999999M"};
    uint32_t bytes;

    (void)state;
    assert_true(parse_size("64K", 4096, 1 << 20, &bytes, &wrong));
    assert_int_equal(bytes, 65536);
    assert_true(parse_size("4096", 4096, 1 << 20, &bytes, &wrong));
    assert_true(parse_size("1M", 4096, 1 << 20, &bytes, &wrong));
    assert_int_equal(bytes, 1 << 20);
    assert_false(parse_size("2M", 4096, 1 << 20, &bytes, &wrong));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(parse_size(bad[i], 4096, 1 << 20, &bytes, &wrong));
}

/* ---- routes ---- */

static bool
route(const char *text, struct parsed_route *r)
{
    char line[128];

    snprintf(line, sizeof line, "%s", text);
    return parse_route_line(line, r, &wrong);
}

static void
route_is_told_in_words(void **state)
{
    struct parsed_route r;

    (void)state;
    assert_true(route("10.8.0.0/16 via 10.7.0.9 dev tap0 metric 5 mtu 1400 "
                      "src 10.7.0.2",
                      &r));
    assert_int_equal(addr_to_v4(r.route.dst), 0x0a080000);
    assert_int_equal(r.route.prefix_len, 16);
    assert_int_equal(addr_to_v4(r.route.gateway), 0x0a070009);
    assert_int_equal(addr_to_v4(r.route.source), 0x0a070002);
    assert_string_equal(r.dev, "tap0");
    assert_int_equal(r.route.metric, 5);
    assert_int_equal(r.route.mtu, 1400);
}

static void
words_that_make_no_route_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "via 10.7.0.1",
                                      "default via",
                                      "default via nowhere",
                                      "default vai 10.7.0.1",
                                      "default dev a/b",
                                      "default mtu 1",
                                      "default metric -1",
                                      "10.8.0.1/16 via 10.7.0.9"};
    struct parsed_route r;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(route(bad[i], &r));
}

static struct net
two_links(void)
{
    struct net net = {
        .links = 2,
        .link = {{.name = "tap0", .mtu = 1500}, {.name = "tap1", .mtu = 1500}},
        .addresses = 2};

    assert_true(parse_address("10.7.0.2/24", &net.address[0], &wrong));
    assert_true(parse_address("10.8.0.2/24", &net.address[1], &wrong));
    net.address[1].link = 1;
    return net;
}

static void
gateway_tells_the_link_of_a_route(void **state)
{
    struct net net = two_links();
    struct parsed_route r;

    (void)state;
    assert_true(route("10.9.0.0/16 via 10.8.0.9", &r));
    assert_true(parse_route_link(&r, &net, &wrong));
    assert_int_equal(r.route.link, 1);
    assert_true(route("10.9.0.0/16 dev tap0", &r));
    assert_true(parse_route_link(&r, &net, &wrong));
    assert_int_equal(r.route.link, 0);
}

static void
route_without_any_link_is_refused(void **state)
{
    struct net net = two_links();
    struct parsed_route r;

    (void)state;
    assert_true(route("10.9.0.0/16 via 10.99.0.9", &r));
    assert_false(parse_route_link(&r, &net, &wrong));
    assert_true(route("10.9.0.0/16", &r));
    assert_false(parse_route_link(&r, &net, &wrong));
    assert_true(route("10.9.0.0/16 dev tap2", &r));
    assert_false(parse_route_link(&r, &net, &wrong));
    assert_string_equal(wrong.hint, "there are tap0, tap1");
}

/* ---- impairments ---- */

static void
impairment_has_chances_times_and_a_rate(void **state)
{
    struct conf_impair i[CONF_DIRECTIONS];

    (void)state;
    assert_true(parse_impair("loss=2%,reorder=0.5%,dup=100%,corrupt=0.0001%,"
                             "delay=5ms,jitter=200us,rate=1.5G,seed=7",
                             i, &wrong));
    assert_int_equal(i[CONF_IN].loss, 20000);
    assert_int_equal(i[CONF_IN].reorder, 5000);
    assert_int_equal(i[CONF_IN].dup, 1000000);
    assert_int_equal(i[CONF_IN].corrupt, 1);
    assert_int_equal(i[CONF_IN].delay_us, 5000);
    assert_int_equal(i[CONF_IN].jitter_us, 200);
    assert_int_equal(i[CONF_IN].rate, UINT64_C(1500000000) / 8);
    assert_int_equal(i[CONF_IN].seed, 7);
    assert_memory_equal(&i[CONF_IN], &i[CONF_OUT], sizeof i[0]);
}

static void
direction_leaves_the_other_one_alone(void **state)
{
    struct conf_impair i[CONF_DIRECTIONS] = {{.loss = 1}, {.loss = 2}};

    (void)state;
    assert_true(parse_impair("out:loss=50%", i, &wrong));
    assert_int_equal(i[CONF_IN].loss, 1);
    assert_int_equal(i[CONF_OUT].loss, 500000);
    assert_true(parse_impair("in:off", i, &wrong));
    assert_int_equal(i[CONF_IN].loss, 0);
    assert_int_equal(i[CONF_OUT].loss, 500000);
}

static void
impossible_impairments_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "loss",
                                      "loss=",
                                      "loss=2",
                                      "loss=101%",
                                      "loss=-1%",
                                      "loss=1.2.3%",
                                      "los=1%",
                                      "delay=5",
                                      "delay=5m",
                                      "delay=61s",
                                      "rate=0",
                                      "rate=5X",
                                      "rate=M",
                                      "in:",
                                      "seed=x",
                                      "loss=.%",
                                      "both:loss=1%",
                                      "rate=99999999999999999999"};
    struct conf_impair i[CONF_DIRECTIONS] = {{.loss = 1}, {.loss = 2}};

    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(bad); k++) {
        assert_false(parse_impair(bad[k], i, &wrong));
        assert_int_equal(i[CONF_IN].loss, 1);
    }
}

static void
impairment_survives_its_text(void **state)
{
    static const char *const texts[] = {"off",
                                        "loss=2%,delay=5ms,seed=9",
                                        "reorder=0.0001%,jitter=0.2ms",
                                        "rate=100M",
                                        "dup=100%,corrupt=12.5%,rate=1200K",
                                        "delay=60000ms,rate=1000008"};

    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(texts); k++) {
        struct conf_impair i[CONF_DIRECTIONS];
        char text[IMPAIR_TEXT];

        assert_true(parse_impair(texts[k], i, &wrong));
        assert_string_equal(impair_format(text, &i[CONF_IN]), texts[k]);
    }
}

/* ---- CPUs ---- */

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_comes_with_its_prefix_length),
        cmocka_unit_test(impossible_addresses_are_refused),
        cmocka_unit_test(small_networks_have_no_address_of_their_own),
        cmocka_unit_test(network_may_not_have_bits_behind_its_prefix),
        cmocka_unit_test(link_has_a_kind_and_a_device),
        cmocka_unit_test(impossible_links_are_refused),
        cmocka_unit_test(sizes_have_binary_units),
        cmocka_unit_test(route_is_told_in_words),
        cmocka_unit_test(words_that_make_no_route_are_refused),
        cmocka_unit_test(gateway_tells_the_link_of_a_route),
        cmocka_unit_test(route_without_any_link_is_refused),
        cmocka_unit_test(impairment_has_chances_times_and_a_rate),
        cmocka_unit_test(direction_leaves_the_other_one_alone),
        cmocka_unit_test(impossible_impairments_are_refused),
        cmocka_unit_test(impairment_survives_its_text),
        cmocka_unit_test(one_cpu_is_dealt_to_all_daemons),
        cmocka_unit_test(list_of_cpus_begins_again_when_it_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
