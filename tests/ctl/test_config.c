/* SPDX-License-Identifier: MIT */
/* The configuration file: what it is understood as, what is said of errors, and
 * that what is written is what is read. */
#define _GNU_SOURCE 1
#include "ctl/config_file.h"

#include "base/bits.h"
#include "ctl/config_diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct config config;
static struct wrong wrong;

/* Reads `text` as a file; what it says about it is in `said`, with FILE for the
 * file's name. */
static bool
read_text(const char *text, char said[1024])
{
    char path[] = "/tmp/skink-config-XXXXXX", *at;
    int fd = mkstemp(path), screen = dup(STDERR_FILENO), quiet[2];
    ssize_t len;
    bool good;

    assert_true(fd >= 0 && screen >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(pipe(quiet), 0);
    dup2(quiet[1], STDERR_FILENO);
    close(quiet[1]);
    config_init(&config);
    good = config_read(&config, path);
    fflush(stderr);
    dup2(screen, STDERR_FILENO);
    len = read(quiet[0], said, 1023);
    said[len < 0 ? 0 : len] = '\0';
    while ((at = strstr(said, path)) != NULL) {
        memcpy(at, "FILE", 4);
        memmove(at + 4, at + strlen(path), strlen(at + strlen(path)) + 1);
    }
    close(screen);
    close(quiet[0]);
    close(fd);
    unlink(path);
    return good;
}

static void
assert_read(const char *text)
{
    char said[1024];

    if (!read_text(text, said))
        fail_msg("%s", said);
    if (!config_finish(&config, &wrong))
        fail_msg("%s", wrong.text);
}

static void
assert_says(const char *text, const char *expected)
{
    char said[1024];

    assert_false(read_text(text, said));
    assert_string_equal(said, expected);
}

/* ---- what is understood ---- */

static void
empty_file_is_a_tap_with_a_gateway(void **state)
{
    const struct net *net = &config.tables.net;

    (void)state;
    assert_read("");
    assert_int_equal(net->links, 1);
    assert_int_equal(net->link[0].kind, NET_TAP);
    assert_string_equal(net->link[0].name, "tap0");
    assert_int_equal(net->link[0].mtu, 1500);
    assert_int_equal(net->link[0].offloads, 1);
    assert_int_equal(net->addresses, 1);
    assert_int_equal(addr_to_v4(net->address[0].addr), 0x0a070002);
    assert_int_equal(net->routes, 1);
    assert_int_equal(addr_to_v4(net->route[0].gateway), 0x0a070001);
    assert_int_equal(addr_to_v4(config.device[0].peer), 0x0a070001);
}

static const char whole[] = "# of the lab\n"
                            "[stack]\n"
                            "Instance=lab ; as it is called\n"
                            "Forwarding = yes\r\n"
                            "\n"
                            "[route]\n"
                            "Default=10.7.0.1\n"
                            "Route=10.9.0.0/16 via 10.8.0.9 metric 5\n"
                            "Route=10.9.1.0/24 dev lan mtu 1400\n"
                            "[link tap0]\n"
                            "Type=tap   # made by skink\n"
                            "Address=10.7.0.2/24\n"
                            "Address=10.7.1.2/24\n"
                            "MTU=9000\n"
                            "Impair=in:loss=2%,seed=3\n"
                            "[ link lan ]\n"
                            "Type=packet:eth1\n"
                            "  Address=10.8.0.2/24\n"
                            "Offloads=off\n"
                            "[link peer]\n"
                            "Type=pair:/run/lab/one\n"
                            "[tcp]\n"
                            "CongestionControl=reno\n"
                            "SendBuffer=1M\n";

static void
file_says_links_routes_and_options(void **state)
{
    const struct conf_tables *t = &config.tables;

    (void)state;
    assert_read(whole);
    assert_string_equal(config.instance, "lab");
    assert_int_equal(t->net.forwarding, 1);
    assert_int_equal(t->net.links, 3);
    assert_int_equal(t->net.link[0].mtu, 9000);
    assert_int_equal(t->impair[0][CONF_IN].loss, 20000);
    assert_int_equal(t->impair[0][CONF_OUT].loss, 0);
    assert_string_equal(t->net.link[1].name, "lan");
    assert_string_equal(config.device[1].name, "eth1");
    assert_int_equal(t->net.link[1].offloads, 0);
    assert_string_equal(config.device[2].name, "/run/lab/one");
    assert_int_equal(t->net.addresses, 3);
    assert_int_equal(t->net.routes, 3);
    assert_int_equal(t->net.route[0].prefix_len, 24);
    assert_int_equal(t->net.route[0].link, 1);
    assert_int_equal(t->net.route[1].metric, 5);
    assert_int_equal(t->net.route[2].prefix_len, 0);
    assert_int_equal(t->tcp.send_buffer, 1 << 20);
}

static void
gateway_defaults_to_the_first_other_address(void **state)
{
    static const struct {
        const char *address;
        uint32_t gateway; /* 0: none */
    } cases[] = {{"10.7.0.2/24", 0x0a070001},
                 {"10.7.0.1/24", 0x0a070002},
                 {"10.7.0.2/31", 0x0a070003},
                 {"10.7.0.2/32", 0}};
    char text[80];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        snprintf(text, sizeof text, "[link tap0]\nAddress=%s\n",
                 cases[i].address);
        assert_read(text);
        assert_int_equal(config.tables.net.routes, cases[i].gateway != 0);
        assert_int_equal(addr_to_v4(config.tables.net.route[0].gateway),
                         cases[i].gateway);
    }
}

/* There is nobody on the other side whose address could be known. */
static void
only_links_that_are_made_have_a_gateway_by_themselves(void **state)
{
    (void)state;
    assert_read("[link lan]\nType=packet:eth1\nAddress=10.8.0.2/24\n");
    assert_int_equal(config.tables.net.routes, 0);
    assert_read("[route]\nDefault=none\n");
    assert_int_equal(config.tables.net.routes, 0);
    assert_true(addr_is_any(config.device[0].peer));
}

static void
every_made_link_has_its_own_other_side(void **state)
{
    (void)state;
    assert_read("[link a]\nAddress=10.7.0.2/24\n[link b]\n"
                "Address=10.8.0.2/24\n[route]\nDefault=10.8.0.7\n");
    assert_int_equal(addr_to_v4(config.device[0].peer), 0x0a070001);
    assert_int_equal(addr_to_v4(config.device[1].peer), 0x0a080007);
}

static void
gateway_must_be_a_neighbour(void **state)
{
    static const char *const bad[] = {"10.8.0.1", "10.7.0.2", "10.7.0.255",
                                      "127.0.0.1", "0.0.0.0"};
    char text[80], said[1024];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        snprintf(text, sizeof text, "[route]\nDefault=%s\n", bad[i]);
        assert_true(read_text(text, said));
        assert_false(config_finish(&config, &wrong));
    }
}

/* ---- errors ---- */

static void
unknown_key_names_the_one_that_was_meant(void **state)
{
    (void)state;
    assert_says("[link tap0]\nAdress=10.7.0.2/24\n",
                "FILE:2: unknown key 'Adress' in [link tap0] "
                "(did you mean 'Address'?)\n");
    assert_says("[tcp]\nAddress=10.7.0.2/24\n",
                "FILE:2: unknown key 'Address' in [tcp]\n");
    assert_says("[lnk tap0]\nAddress=1\n",
                "FILE:1: unknown section 'lnk' (did you mean 'link'?)\n");
}

static void
every_error_has_its_line(void **state)
{
    (void)state;
    assert_says("[link tap0]\nMTU=9\n\n# fine\nType=tun\n",
                "FILE:2: MTU: '9' is not a number from 576 to 65535 "
                "(write it in digits alone)\n"
                "FILE:5: Type: unknown link 'tun' (there are tap[:NAME], "
                "veth[:NAME], packet:IF and pair:PATH)\n");
}

static void
what_cannot_be_is_refused(void **state)
{
    static const char *const bad[] = {
        "Type=tap\n",
        "[stack\n",
        "[stack]\nnothing\n",
        "[link]\n",
        "[stack lab]\n",
        "[link tap0]\n[link tap0]\n",
        "[link a/b]\n",
        "[link a]\n[link b]\n[link c]\n[link d]\n[link e]\n",
        "[link tap0]\nAddress=10.7.0.2/24\nAddress=10.7.0.2/16\n",
        "[tcp]\nCongestionControl=cubic\n",
        "[tcp]\nSendBuffer=1\n",
        "[supervise]\nRestartDelay=0ms\n",
        "[stack]\nInstance=../x\n",
        "[stack]\nForwarding=maybe\n",
        "[route]\nRoute=10.8.0.1/16 via 10.7.0.9\n"};
    char said[1024];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (read_text(bad[i], said))
            fail_msg("understood: %s", bad[i]);
        assert_non_null(strstr(said, "FILE:"));
    }
}

static void
missing_file_is_told_apart_from_a_wrong_one(void **state)
{
    char said[1024];

    (void)state;
    config_init(&config);
    assert_false(config_read(&config, "/nonexistent/skink.conf"));
    assert_int_equal(errno, ENOENT);
    assert_false(read_text("x\n", said));
    assert_int_equal(errno, 0);
}

/* ---- back and forth ---- */

static char *
written(const struct config *c)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    assert_non_null(f);
    config_write(f, c->instance, &c->tables, c->device);
    fclose(f);
    return text;
}

static void
assert_survives(const char *text)
{
    static struct config before;
    char *first, *second;

    assert_read(text);
    before = config;
    first = written(&before);
    assert_read(first);
    second = written(&config);
    assert_string_equal(first, second);
    assert_memory_equal(&before.tables, &config.tables, sizeof config.tables);
    for (size_t i = 0; i < LINKS_MAX; i++)
        assert_string_equal(before.device[i].name, config.device[i].name);
    free(first);
    free(second);
}

static void
what_is_written_is_what_is_read(void **state)
{
    (void)state;
    assert_survives("[stack]\nInstance=x\n");
    assert_survives(whole);
    assert_survives("[stack]\nInstance=x\n[link a]\nType=veth:lab\n"
                    "Address=none\n[route]\nDefault=none\n");
    assert_survives("[stack]\nInstance=x\n[route]\nDefault=none\n"
                    "Route=default via 10.7.0.9 metric 7\n"
                    "Route=default via 10.7.0.8 src 10.7.0.2\n"
                    "Route=10.0.0.0/8 dev tap0\n");
}

static void
seed_is_given_to_what_acts_and_has_none(void **state)
{
    struct conf_tables t = {.net.links = 1};

    (void)state;
    t.impair[0][CONF_IN] = (struct conf_impair){.loss = 1};
    t.impair[0][CONF_OUT] = (struct conf_impair){.loss = 1, .seed = 9};
    config_seed(&t);
    assert_int_not_equal(t.impair[0][CONF_IN].seed, 0);
    assert_int_equal(t.impair[0][CONF_OUT].seed, 9);
    t.impair[0][CONF_IN] = (struct conf_impair){.loss = 0};
    config_seed(&t);
    assert_int_equal(t.impair[0][CONF_IN].seed, 0);
}

/* ---- differences ---- */

static void
difference_is_shown_line_by_line(void **state)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    (void)state;
    assert_non_null(f);
    assert_true(config_diff(f, "F", "a\nb\n", "a\nb\n"));
    assert_false(config_diff(f, "F", "a\nb\nc\n", "a\nx\nc\nd\n"));
    fclose(f);
    assert_string_equal(text, "--- F\n+++ running\n a\n-b\n+x\n c\n+d\n");
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_file_is_a_tap_with_a_gateway),
        cmocka_unit_test(file_says_links_routes_and_options),
        cmocka_unit_test(gateway_defaults_to_the_first_other_address),
        cmocka_unit_test(only_links_that_are_made_have_a_gateway_by_themselves),
        cmocka_unit_test(every_made_link_has_its_own_other_side),
        cmocka_unit_test(gateway_must_be_a_neighbour),
        cmocka_unit_test(unknown_key_names_the_one_that_was_meant),
        cmocka_unit_test(every_error_has_its_line),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(missing_file_is_told_apart_from_a_wrong_one),
        cmocka_unit_test(what_is_written_is_what_is_read),
        cmocka_unit_test(seed_is_given_to_what_acts_and_has_none),
        cmocka_unit_test(difference_is_shown_line_by_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
