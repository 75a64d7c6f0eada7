/* SPDX-License-Identifier: MIT */
/* Tests of what of a client's message reaches tcpd: checked values, nothing else. */
#include "tcpd/api/requests.h"

#include "client.pb-c.h"
#include "proto/shm/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* All that a message can hold; tests point `m` at one of the operations. */
struct message {
    Skink__Api__Request m;
    Skink__Api__Hello hello;
    Skink__Api__Bind bind;
    Skink__Api__Listen listen;
    Skink__Api__Connect connect;
    Skink__Api__SetOption set_option;
    Skink__Api__GetOption get_option;
    Skink__Api__Info info;
    Skink__Api__Endpoint endpoint;
    Skink__Api__Settings settings;
    uint8_t token[TOKEN_SIZE];
    struct addr addr;
    uint8_t value[API_VALUE + 1];
};

static void
message_init(struct message *m, Skink__Api__Request__OpCase op)
{
    memset(m, 0, sizeof *m);
    skink__api__request__init(&m->m);
    skink__api__hello__init(&m->hello);
    skink__api__bind__init(&m->bind);
    skink__api__listen__init(&m->listen);
    skink__api__connect__init(&m->connect);
    skink__api__set_option__init(&m->set_option);
    skink__api__get_option__init(&m->get_option);
    skink__api__info__init(&m->info);
    skink__api__endpoint__init(&m->endpoint);
    skink__api__settings__init(&m->settings);
    memset(m->token, 7, sizeof m->token);
    m->addr = addr_v4(0x0a000001);
    m->endpoint.address = (ProtobufCBinaryData){sizeof m->addr, m->addr.b};
    m->endpoint.port = 80;
    m->m.token = (ProtobufCBinaryData){sizeof m->token, m->token};
    m->m.number = 5;
    m->m.acknowledged = 4;
    m->m.op_case = op;
    m->bind.local = &m->endpoint;
    m->connect.remote = &m->endpoint;
    m->set_option.value = (ProtobufCBinaryData){4, m->value};
    memset(m->value, 9, sizeof m->value);
}

static enum drop
decode(const Skink__Api__Request *m, struct api_request *out)
{
    uint8_t bytes[4096];
    size_t len = skink__api__request__pack(m, bytes);

    assert_true(len <= sizeof bytes);
    return request_decode(bytes, len, out);
}

static void
each_operation_becomes_a_request(void **state)
{
    struct message m;
    struct api_request q;

    (void)state;
    message_init(&m, SKINK__API__REQUEST__OP_HELLO);
    m.m.hello = &m.hello;
    m.hello.abi = SHM_ABI;
    assert_int_equal(decode(&m.m, &q), DROP_NONE);
    assert_int_equal(q.op, API_HELLO);
    assert_int_equal(q.number, 5);
    assert_int_equal(q.acknowledged, 4);
    assert_memory_equal(q.token, m.token, sizeof m.token);

    message_init(&m, SKINK__API__REQUEST__OP_BIND);
    m.m.bind = &m.bind;
    m.bind.slot = 3;
    assert_int_equal(decode(&m.m, &q), DROP_NONE);
    assert_int_equal(q.op, API_BIND);
    assert_int_equal(q.slot, 3);
    assert_int_equal(q.port, 80);
    assert_true(addr_equal(q.addr, m.addr));

    message_init(&m, SKINK__API__REQUEST__OP_LISTEN);
    m.m.listen = &m.listen;
    m.listen.backlog = UINT32_MAX;
    assert_int_equal(decode(&m.m, &q), DROP_NONE);
    assert_int_equal(q.op, API_LISTEN);
    assert_int_equal(q.backlog, UINT32_MAX);

    message_init(&m, SKINK__API__REQUEST__OP_CONNECT);
    m.m.connect = &m.connect;
    m.connect.slot = CLIENT_SLOTS - 1;
    assert_int_equal(decode(&m.m, &q), DROP_NONE);
    assert_int_equal(q.op, API_CONNECT);
    assert_int_equal(q.slot, CLIENT_SLOTS - 1);
    assert_int_equal(q.port, 80);
}

static struct api_settings
settings_of(const struct api_request *q)
{
    struct api_settings s;

    assert_int_equal(q->value_len, sizeof s);
    memcpy(&s, q->value, sizeof s);
    return s;
}

static void
settings_come_with_connect_and_listen(void **state)
{
    struct message m;
    struct api_request q;
    struct api_settings s;

    (void)state;
    message_init(&m, SKINK__API__REQUEST__OP_CONNECT);
    m.m.connect = &m.connect;
    m.connect.settings = &m.settings;
    m.settings.flags = API_SET_NODELAY;
    m.settings.keep_idle_ms = 2;
    m.settings.keep_interval_ms = 3;
    m.settings.keep_count = 4;
    m.settings.user_timeout_ms = 5;
    m.settings.send_buffer = 6;
    m.settings.receive_buffer = 7;
    m.settings.mss_limit = 8;
    m.settings.fin_timeout_ms = 9;
    m.settings.congestion_control = 10;
    m.settings.syn_tries = UINT32_MAX;
    assert_int_equal(decode(&m.m, &q), DROP_NONE);
    s = settings_of(&q);
    assert_memory_equal(&s,
                        (&(struct api_settings){API_SET_NODELAY, 2, 3, 4, 5, 6,
                                                7, 8, 9, 10, UINT32_MAX}),
                        sizeof s);

    message_init(&m, SKINK__API__REQUEST__OP_LISTEN);
    m.m.listen = &m.listen;
    m.listen.settings = &m.settings;
    m.settings.receive_buffer = 70000;
    assert_int_equal(decode(&m.m, &q), DROP_NONE);
    assert_int_equal(q.op, API_LISTEN);
    assert_int_equal(settings_of(&q).receive_buffer, 70000);
    assert_int_equal(settings_of(&q).send_buffer, 0);
}

static void
request_without_settings_has_no_value(void **state)
{
    struct message m;
    struct api_request q;

    (void)state;
    message_init(&m, SKINK__API__REQUEST__OP_CONNECT);
    m.m.connect = &m.connect;
    assert_int_equal(decode(&m.m, &q), DROP_NONE);
    assert_int_equal(q.value_len, 0);
}

static void
each_option_operation_becomes_a_request(void **state)
{
    struct message m;
    struct api_request q;

    (void)state;
    message_init(&m, SKINK__API__REQUEST__OP_SET_OPTION);
    m.m.set_option = &m.set_option;
    m.set_option.level = -1;
    m.set_option.name = INT32_MIN;
    m.set_option.value.len = API_VALUE;
    assert_int_equal(decode(&m.m, &q), DROP_NONE);
    assert_int_equal(q.op, API_SETOPTION);
    assert_int_equal(q.level, -1);
    assert_int_equal(q.name, INT32_MIN);
    assert_int_equal(q.value_len, API_VALUE);
    assert_memory_equal(q.value, m.value, API_VALUE);

    message_init(&m, SKINK__API__REQUEST__OP_GET_OPTION);
    m.m.get_option = &m.get_option;
    m.get_option.name = 1;
    assert_int_equal(decode(&m.m, &q), DROP_NONE);
    assert_int_equal(q.op, API_GETOPTION);
    assert_int_equal(q.name, 1);

    message_init(&m, SKINK__API__REQUEST__OP_INFO);
    m.m.info = &m.info;
    m.info.slot = 8;
    assert_int_equal(decode(&m.m, &q), DROP_NONE);
    assert_int_equal(q.op, API_INFO);
    assert_int_equal(q.slot, 8);
}

static void
other_version_is_refused(void **state)
{
    struct message m;
    struct api_request q;

    (void)state;
    message_init(&m, SKINK__API__REQUEST__OP_HELLO);
    m.m.hello = &m.hello;
    m.hello.abi = SHM_ABI + 1;
    assert_int_equal(decode(&m.m, &q), DROP_API_BAD_VERSION);
}

static void
message_without_operation_is_refused(void **state)
{
    struct message m;
    struct api_request q;

    (void)state;
    message_init(&m, SKINK__API__REQUEST__OP__NOT_SET);
    assert_int_equal(decode(&m.m, &q), DROP_API_BAD_REQUEST);
    assert_int_equal(request_decode(NULL, 0, &q), DROP_API_BAD_REQUEST);
}

static void
token_of_another_length_is_refused(void **state)
{
    struct message m;
    struct api_request q;

    (void)state;
    message_init(&m, SKINK__API__REQUEST__OP_LISTEN);
    m.m.listen = &m.listen;
    m.m.token.len = TOKEN_SIZE - 1;
    assert_int_equal(decode(&m.m, &q), DROP_API_BAD_REQUEST);
    m.m.token.len = 0;
    assert_int_equal(decode(&m.m, &q), DROP_API_BAD_REQUEST);
}

static void
endpoint_that_is_none_is_refused(void **state)
{
    struct message m;
    struct api_request q;

    (void)state;
    message_init(&m, SKINK__API__REQUEST__OP_BIND);
    m.m.bind = &m.bind;
    m.bind.local = NULL;
    assert_int_equal(decode(&m.m, &q), DROP_API_BAD_REQUEST);
    m.bind.local = &m.endpoint;
    m.endpoint.port = 65536;
    assert_int_equal(decode(&m.m, &q), DROP_API_BAD_REQUEST);
    m.endpoint.port = 0;
    assert_int_equal(decode(&m.m, &q), DROP_NONE);
    m.endpoint.address.len = 4;
    assert_int_equal(decode(&m.m, &q), DROP_API_BAD_REQUEST);
    m.endpoint.address.len = 0;
    assert_int_equal(decode(&m.m, &q), DROP_API_BAD_REQUEST);
    m.endpoint.address.len = 16;
    m.addr.b[0] = 0xfe; /* IPv6 */
    assert_int_equal(decode(&m.m, &q), DROP_API_BAD_REQUEST);
}

static void
slot_beyond_the_last_is_refused(void **state)
{
    struct message m;
    struct api_request q;

    (void)state;
    message_init(&m, SKINK__API__REQUEST__OP_INFO);
    m.m.info = &m.info;
    m.info.slot = CLIENT_SLOTS;
    assert_int_equal(decode(&m.m, &q), DROP_API_BAD_REQUEST);
    m.info.slot = UINT32_MAX;
    assert_int_equal(decode(&m.m, &q), DROP_API_BAD_REQUEST);
}

static void
value_that_is_too_long_is_refused(void **state)
{
    struct message m;
    struct api_request q;

    (void)state;
    message_init(&m, SKINK__API__REQUEST__OP_SET_OPTION);
    m.m.set_option = &m.set_option;
    m.set_option.value.len = API_VALUE + 1;
    assert_int_equal(decode(&m.m, &q), DROP_API_BAD_REQUEST);
    m.set_option.value = (ProtobufCBinaryData){0, NULL};
    assert_int_equal(decode(&m.m, &q), DROP_NONE);
    assert_int_equal(q.value_len, 0);
}

static void
oversized_message_is_refused_unread(void **state)
{
    static uint8_t bytes[API_MESSAGE_MAX + 1];
    struct api_request q;

    (void)state;
    assert_int_equal(request_decode(bytes, sizeof bytes, &q),
                     DROP_API_OVERSIZE);
    assert_int_equal(request_decode(NULL, SIZE_MAX, &q), DROP_API_OVERSIZE);
}

/* Every byte of a good message changed, and every length of it. */
static void
damaged_message_is_refused_or_understood(void **state)
{
    unsigned seed = (unsigned)time(NULL);
    struct message m;
    struct api_request q;
    uint8_t good[256], bad[256];
    size_t len;

    (void)state;
    print_message("seed %u\n", seed);
    srandom(seed);
    message_init(&m, SKINK__API__REQUEST__OP_SET_OPTION);
    m.m.set_option = &m.set_option;
    len = skink__api__request__pack(&m.m, good);
    for (int i = 0; i < 200000; i++) {
        size_t cut = (size_t)random() % (len + 1);

        memcpy(bad, good, len);
        for (int n = (int)(random() % 4); n >= 0; n--)
            bad[(size_t)random() % len] = (uint8_t)random();
        if (request_decode(bad, random() % 2 ? len : cut, &q) != DROP_NONE)
            continue;
        assert_true(q.op < API_OPS);
        assert_true(q.slot < CLIENT_SLOTS);
        assert_true(q.value_len <= API_VALUE);
    }
}

static void
result_is_what_the_client_reads(void **state)
{
    struct api_result r = {.number = UINT64_MAX,
                           .next = 7,
                           .error = -98,
                           .port = 65535,
                           .value_len = 4,
                           .addr = addr_v4(0x01020304),
                           .value = {1, 2, 3, 4}};
    uint8_t bytes[API_MESSAGE_MAX];
    size_t len = result_encode(&r, bytes);
    Skink__Api__Result *m = skink__api__result__unpack(NULL, len, bytes);

    (void)state;
    assert_non_null(m);
    assert_int_equal(m->number, UINT64_MAX);
    assert_int_equal(m->next, 7);
    assert_int_equal(m->error, -98);
    assert_int_equal(m->local->port, 65535);
    assert_memory_equal(m->local->address.data, &r.addr, sizeof r.addr);
    assert_int_equal(m->value.len, 4);
    assert_memory_equal(m->value.data, r.value, 4);
    skink__api__result__free_unpacked(m, NULL);
}

/* From a tcpd that has gone mad. */
static void
longest_result_fits_and_a_longer_one_is_cut(void **state)
{
    struct api_result r;
    uint8_t bytes[API_MESSAGE_MAX];
    Skink__Api__Result *m;

    (void)state;
    memset(&r, 0xff, sizeof r);
    m = skink__api__result__unpack(NULL, result_encode(&r, bytes), bytes);
    assert_non_null(m);
    assert_int_equal(m->value.len, sizeof r.value);
    skink__api__result__free_unpacked(m, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_operation_becomes_a_request),
        cmocka_unit_test(settings_come_with_connect_and_listen),
        cmocka_unit_test(request_without_settings_has_no_value),
        cmocka_unit_test(each_option_operation_becomes_a_request),
        cmocka_unit_test(other_version_is_refused),
        cmocka_unit_test(message_without_operation_is_refused),
        cmocka_unit_test(token_of_another_length_is_refused),
        cmocka_unit_test(endpoint_that_is_none_is_refused),
        cmocka_unit_test(slot_beyond_the_last_is_refused),
        cmocka_unit_test(value_that_is_too_long_is_refused),
        cmocka_unit_test(oversized_message_is_refused_unread),
        cmocka_unit_test(damaged_message_is_refused_or_understood),
        cmocka_unit_test(result_is_what_the_client_reads),
        cmocka_unit_test(longest_result_fits_and_a_longer_one_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
