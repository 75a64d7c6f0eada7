/* SPDX-License-Identifier: MIT */
/* Changes of a running instance: what they do to the tables, and that one that is
 * refused does nothing. */
#include "ctl/change.h"

#include "ctl/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static struct conf_tables tables;
static struct wrong wrong;

/* Two links, 10.7.0.2/24 and 10.8.0.2/24, a default route through the first. */
static int
arrange(void **state)
{
    struct net *net = &tables.net;

    (void)state;
    tables = (struct conf_tables){.net = {.links = 2, .addresses = 2}};
    for (uint32_t i = 0; i < 2; i++) {
        net->link[i].mtu = 1500;
        snprintf(net->link[i].name, NET_NAME, "tap%u", i);
        net->address[i] = (struct net_address){
            .addr = addr_v4(0x0a070002 + (i << 16)),
            .prefix_len = 24,
            .link = i,
        };
    }
    net->route[0] = (struct net_route){.dst = addr_any_v4(),
                                       .gateway = addr_v4(0x0a070001),
                                       .source = addr_any_v4()};
    net->routes = 1;
    assert_null(net_check(net));
    return 0;
}

static bool
change_address(bool remove, uint32_t v4, uint32_t prefix_len, uint32_t link)
{
    struct net_address a = {
        .addr = addr_v4(v4), .prefix_len = prefix_len, .link = link};
    Skink__Control__ChangeAddress change;
    Skink__Control__Request request;
    Skink__Control__Address address;

    skink__control__request__init(&request);
    skink__control__change_address__init(&change);
    message_of_address(&address, &a);
    change.remove = remove;
    change.address = &address;
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_ADDRESS;
    request.address = &change;
    return change_apply(&tables, &request, 0, &wrong);
}

static bool
change_route(bool remove, struct net_route r)
{
    Skink__Control__ChangeRoute change;
    Skink__Control__Request request;
    Skink__Control__Route route;

    skink__control__request__init(&request);
    skink__control__change_route__init(&change);
    message_of_route(&route, &r);
    change.remove = remove;
    change.route = &route;
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_ROUTE;
    request.route = &change;
    return change_apply(&tables, &request, 0, &wrong);
}

static struct net_route
route_to(uint32_t dst, uint32_t prefix_len, uint32_t gateway, uint32_t link)
{
    return (struct net_route){.dst = addr_v4(dst),
                              .prefix_len = prefix_len,
                              .gateway = addr_v4(gateway),
                              .source = addr_any_v4(),
                              .link = link,
                              .proto = NET_PROTO_BOOT};
}

static void
assert_refused(bool done, const struct conf_tables *before, const char *why)
{
    assert_false(done);
    assert_memory_equal(&tables, before, sizeof tables);
    if (strstr(wrong.text, why) == NULL)
        fail_msg("'%s' does not say '%s'", wrong.text, why);
    assert_true(wrong.hint[0] != '\0');
}

/* ---- addresses ---- */

static void
address_goes_behind_those_of_its_link(void **state)
{
    (void)state;
    assert_true(change_address(false, 0x0a090002, 24, 0));
    assert_int_equal(tables.net.addresses, 3);
    assert_int_equal(addr_to_v4(tables.net.address[1].addr), 0x0a090002);
    assert_int_equal(tables.net.address[2].link, 1);
    assert_null(net_check(&tables.net));
}

static void
address_that_is_there_is_refused(void **state)
{
    const struct conf_tables before = tables;

    (void)state;
    assert_refused(change_address(false, 0x0a070002, 16, 1), &before,
                   "there already");
    assert_refused(change_address(false, 0x0a0900ff, 24, 0), &before,
                   "no host's");
    assert_refused(change_address(false, 0x0a090002, 24, 2), &before,
                   "no link");
    assert_refused(change_address(false, 0x0a090002, 33, 0), &before, "");
}

static void
routes_go_with_the_address_that_carries_them(void **state)
{
    (void)state;
    assert_true(change_route(false, route_to(0x0a0a0000, 16, 0x0a080009, 1)));
    assert_int_equal(tables.net.routes, 2);
    assert_true(change_address(true, 0x0a080002, 24, 1));
    assert_int_equal(tables.net.addresses, 1);
    assert_int_equal(tables.net.routes, 1);
    assert_int_equal(tables.net.route[0].prefix_len, 0);
    assert_null(net_check(&tables.net));
}

static void
address_that_is_not_there_cannot_go(void **state)
{
    const struct conf_tables before = tables;

    (void)state;
    assert_refused(change_address(true, 0x0a070003, 24, 0), &before,
                   "no address 10.7.0.3/24");
    assert_refused(change_address(true, 0x0a070002, 16, 0), &before,
                   "no address");
    assert_refused(change_address(true, 0x0a070002, 24, 1), &before,
                   "no address");
}

static void
full_table_of_addresses_is_said(void **state)
{
    uint32_t next = 0x0a100002;

    (void)state;
    for (; tables.net.addresses < NET_ADDRESSES; next += 0x10000)
        assert_true(change_address(false, next, 24, 1));

    const struct conf_tables before = tables;

    assert_refused(change_address(false, next, 24, 1), &before, "no room");
}

/* ---- routes ---- */

static void
routes_are_kept_in_the_order_of_lookup(void **state)
{
    struct net_route worse = route_to(0, 0, 0x0a070009, 0);

    (void)state;
    worse.metric = 100;
    assert_true(change_route(false, worse));
    assert_true(change_route(false, route_to(0x0a0a0000, 16, 0x0a080009, 1)));
    assert_int_equal(tables.net.route[0].prefix_len, 16);
    assert_int_equal(tables.net.route[1].metric, 0);
    assert_int_equal(tables.net.route[2].metric, 100);
}

static void
route_errors_are_those_of_iproute2(void **state)
{
    const struct conf_tables before = tables;

    (void)state;
    assert_refused(change_route(false, route_to(0, 0, 0x0a070009, 0)), &before,
                   "there already");
    assert_refused(change_route(false, route_to(0x0a0a0000, 16, 0x0a080009, 0)),
                   &before, "10.8.0.9 is not in a network of tap0");
    assert_refused(change_route(true, route_to(0x0a0a0000, 16, 0, 0)), &before,
                   "no such route to 10.10.0.0/16");
    assert_refused(change_route(true, route_to(0, 0, 0x0a070009, 0)), &before,
                   "no such route");
    assert_refused(change_route(false, route_to(0x0a0a0001, 16, 0, 0)), &before,
                   "no network");
    assert_refused(change_route(false, route_to(0x0a0a0000, 16, 0, 7)), &before,
                   "no link");
}

static void
route_goes_by_its_destination_alone(void **state)
{
    struct net_route r = route_to(0, 0, 0, 0);

    (void)state;
    r.link = PARSE_UNSAID;
    r.metric = PARSE_UNSAID;
    assert_true(change_route(true, r));
    assert_int_equal(tables.net.routes, 0);
    assert_memory_equal(&tables.net.route[0], &(struct net_route){.metric = 0},
                        sizeof r);
}

/* ---- impairments, pings, everything at once ---- */

static bool
impair(uint32_t link, uint32_t direction, uint32_t loss)
{
    const struct conf_impair i = {.loss = loss, .delay_us = 5, .seed = 3};
    Skink__Control__Request request;
    Skink__Control__Impair m;

    skink__control__request__init(&request);
    message_of_impair(&m, link, CONF_IN, &i);
    m.direction = direction;
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_IMPAIR;
    request.impair = &m;
    return change_apply(&tables, &request, 0, &wrong);
}

static void
impairment_is_of_one_direction(void **state)
{
    (void)state;
    assert_true(impair(1, CONF_OUT, 7));
    assert_int_equal(tables.impair[1][CONF_OUT].loss, 7);
    assert_int_equal(tables.impair[1][CONF_OUT].delay_us, 5);
    assert_int_equal(tables.impair[1][CONF_OUT].seed, 3);
    assert_int_equal(tables.impair[1][CONF_IN].loss, 0);

    const struct conf_tables before = tables;

    assert_refused(impair(2, CONF_IN, 7), &before, "");
    assert_refused(impair(0, CONF_DIRECTIONS, 7), &before, "");
    assert_refused(impair(0, CONF_IN, 1000001), &before, "");
}

static bool
ping(uint64_t serial, size_t address_len, uint32_t size)
{
    struct addr dst = addr_v4(0x0a070001);
    Skink__Control__Request request;
    Skink__Control__Ping m;

    skink__control__request__init(&request);
    skink__control__ping__init(&m);
    m.dst = (ProtobufCBinaryData){.len = address_len, .data = dst.b};
    m.size = size;
    m.id = 77;
    m.seq = 65535;
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_PING;
    request.ping = &m;
    return change_apply(&tables, &request, serial, &wrong);
}

static void
ping_takes_the_slot_of_its_serial(void **state)
{
    const struct conf_ping *p = &tables.ping[(CONF_PINGS + 3) % CONF_PINGS];

    (void)state;
    assert_true(ping(3, 16, 56));
    assert_true(ping(CONF_PINGS + 3, 16, 100));
    assert_int_equal(p->serial, CONF_PINGS + 3);
    assert_int_equal(p->size, 100);
    assert_int_equal(p->id, 77);
    assert_int_equal(p->seq, 65535);

    const struct conf_tables before = tables;

    assert_refused(ping(9, 4, 56), &before, "");
    assert_refused(ping(9, 16, 65508), &before, "");
}

static void
configuring_is_all_or_nothing(void **state)
{
    struct net_address good = {.addr = addr_v4(0x0a090002), .prefix_len = 24};
    struct net_route bad = route_to(0, 0, 0x0a070001, 0);
    Skink__Control__Address address, *addresses[] = {&address};
    Skink__Control__Route route, *routes[] = {&route};
    Skink__Control__Configure m;
    Skink__Control__Request request;
    const struct conf_tables before = tables;

    (void)state;
    skink__control__request__init(&request);
    skink__control__configure__init(&m);
    message_of_address(&address, &good);
    message_of_route(&route, &bad);
    m.n_addresses = 1;
    m.addresses = addresses;
    m.n_routes = 1;
    m.routes = routes;
    m.forwarding = 1;
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_CONFIGURE;
    request.configure = &m;
    assert_refused(change_apply(&tables, &request, 0, &wrong), &before,
                   "10.7.0.1 is not in a network of tap0");

    m.n_routes = 0;
    assert_true(change_apply(&tables, &request, 0, &wrong));
    assert_int_equal(tables.net.links, 2);
    assert_int_equal(tables.net.addresses, 1);
    assert_int_equal(tables.net.routes, 0);
    assert_int_equal(tables.net.forwarding, 1);
}

static void
message_without_its_body_is_refused(void **state)
{
    const struct conf_tables before = tables;
    Skink__Control__ChangeRoute route;
    Skink__Control__ChangeAddress address;
    Skink__Control__Request request;

    (void)state;
    skink__control__request__init(&request);
    skink__control__change_route__init(&route);
    skink__control__change_address__init(&address);
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_ROUTE;
    request.route = &route;
    assert_refused(change_apply(&tables, &request, 0, &wrong), &before, "");
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_ADDRESS;
    request.address = &address;
    assert_refused(change_apply(&tables, &request, 0, &wrong), &before, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(address_goes_behind_those_of_its_link, arrange),
        cmocka_unit_test_setup(address_that_is_there_is_refused, arrange),
        cmocka_unit_test_setup(routes_go_with_the_address_that_carries_them,
                               arrange),
        cmocka_unit_test_setup(address_that_is_not_there_cannot_go, arrange),
        cmocka_unit_test_setup(full_table_of_addresses_is_said, arrange),
        cmocka_unit_test_setup(routes_are_kept_in_the_order_of_lookup, arrange),
        cmocka_unit_test_setup(route_errors_are_those_of_iproute2, arrange),
        cmocka_unit_test_setup(route_goes_by_its_destination_alone, arrange),
        cmocka_unit_test_setup(impairment_is_of_one_direction, arrange),
        cmocka_unit_test_setup(ping_takes_the_slot_of_its_serial, arrange),
        cmocka_unit_test_setup(configuring_is_all_or_nothing, arrange),
        cmocka_unit_test_setup(message_without_its_body_is_refused, arrange),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
