/* SPDX-License-Identifier: MIT */
/* One function per message: checks every length and range that tcpd relies on,
 * and copies the values into a request of fixed size. */
#include "tcpd/api/requests.h"

#include "base/check.h"
#include "client.pb-c.h"
#include "proto/shm/client.h"

#include <string.h>

static bool
take_endpoint(const Skink__Api__Endpoint *e, struct api_request *out)
{
    if (e == NULL || e->address.len != sizeof out->addr || e->port > UINT16_MAX)
        return false;
    memcpy(&out->addr, e->address.data, sizeof out->addr);
    out->port = (uint16_t)e->port;
    return addr_is_v4(out->addr);
}

static bool
take_slot(uint32_t slot, enum api_op op, struct api_request *out)
{
    out->op = op;
    out->slot = slot;
    return slot < CLIENT_SLOTS;
}

static enum drop
take_hello(const Skink__Api__Hello *m, struct api_request *out)
{
    out->op = API_HELLO;
    return m->abi == SHM_ABI ? DROP_NONE : DROP_API_BAD_VERSION;
}

static bool
take_bind(const Skink__Api__Bind *m, struct api_request *out)
{
    return take_slot(m->slot, API_BIND, out) && take_endpoint(m->local, out);
}

/* Whatever numbers they are: tcpd, which knows the ranges, brings them into these. */
static void
take_settings(const Skink__Api__Settings *m, struct api_request *out)
{
    struct api_settings settings;

    if (m == NULL)
        return;
    settings =
        (struct api_settings){.flags = m->flags,
                              .keep_idle_ms = m->keep_idle_ms,
                              .keep_interval_ms = m->keep_interval_ms,
                              .keep_count = m->keep_count,
                              .user_timeout_ms = m->user_timeout_ms,
                              .send_buffer = m->send_buffer,
                              .receive_buffer = m->receive_buffer,
                              .mss_limit = m->mss_limit,
                              .fin_timeout_ms = m->fin_timeout_ms,
                              .congestion_control = m->congestion_control,
                              .syn_tries = m->syn_tries};
    memcpy(out->value, &settings, sizeof settings);
    out->value_len = sizeof settings;
}

static bool
take_listen(const Skink__Api__Listen *m, struct api_request *out)
{
    out->backlog = m->backlog;
    take_settings(m->settings, out);
    return take_slot(m->slot, API_LISTEN, out);
}

static bool
take_connect(const Skink__Api__Connect *m, struct api_request *out)
{
    take_settings(m->settings, out);
    return take_slot(m->slot, API_CONNECT, out) &&
           take_endpoint(m->remote, out);
}

static bool
take_set_option(const Skink__Api__SetOption *m, struct api_request *out)
{
    if (m->value.len > sizeof out->value)
        return false;
    out->level = m->level;
    out->name = m->name;
    out->value_len = (uint16_t)m->value.len;
    if (m->value.len != 0)
        memcpy(out->value, m->value.data, m->value.len);
    return take_slot(m->slot, API_SETOPTION, out);
}

static bool
take_get_option(const Skink__Api__GetOption *m, struct api_request *out)
{
    out->level = m->level;
    out->name = m->name;
    return take_slot(m->slot, API_GETOPTION, out);
}

static bool
take_info(const Skink__Api__Info *m, struct api_request *out)
{
    return take_slot(m->slot, API_INFO, out);
}

static enum drop
bad_unless(bool ok)
{
    return ok ? DROP_NONE : DROP_API_BAD_REQUEST;
}

static enum drop
take_op(const Skink__Api__Request *m, struct api_request *out)
{
    switch (m->op_case) {
    case SKINK__API__REQUEST__OP_HELLO:
        return take_hello(m->hello, out);
    case SKINK__API__REQUEST__OP_BIND:
        return bad_unless(take_bind(m->bind, out));
    case SKINK__API__REQUEST__OP_LISTEN:
        return bad_unless(take_listen(m->listen, out));
    case SKINK__API__REQUEST__OP_CONNECT:
        return bad_unless(take_connect(m->connect, out));
    case SKINK__API__REQUEST__OP_SET_OPTION:
        return bad_unless(take_set_option(m->set_option, out));
    case SKINK__API__REQUEST__OP_GET_OPTION:
        return bad_unless(take_get_option(m->get_option, out));
    case SKINK__API__REQUEST__OP_INFO:
        return bad_unless(take_info(m->info, out));
    case SKINK__API__REQUEST__OP__NOT_SET:
    case _SKINK__API__REQUEST__OP__CASE_IS_INT_SIZE:
        break;
    }
    return DROP_API_BAD_REQUEST;
}

enum drop
request_decode(const uint8_t *bytes, size_t len, struct api_request *out)
{
    Skink__Api__Request *m;
    enum drop why = DROP_API_BAD_REQUEST;

    memset(out, 0, sizeof *out);
    if (len > API_MESSAGE_MAX)
        return DROP_API_OVERSIZE;
    m = skink__api__request__unpack(NULL, len, bytes);
    if (m == NULL)
        return DROP_API_BAD_REQUEST;
    if (m->token.len == TOKEN_SIZE) {
        memcpy(out->token, m->token.data, TOKEN_SIZE);
        out->number = m->number;
        out->acknowledged = m->acknowledged;
        why = take_op(m, out);
    }
    skink__api__request__free_unpacked(m, NULL);
    return why;
}

size_t
result_encode(const struct api_result *result, uint8_t out[API_MESSAGE_MAX])
{
    Skink__Api__Result m;
    Skink__Api__Endpoint local;
    struct api_result r = *result; /* the ring's slot was copied already */

    skink__api__result__init(&m);
    skink__api__endpoint__init(&local);
    local.address.len = sizeof r.addr;
    local.address.data = r.addr.b;
    local.port = r.port;
    m.number = r.number;
    m.next = r.next;
    m.error = r.error;
    m.local = &local;
    m.value.len = r.value_len <= sizeof r.value ? r.value_len : sizeof r.value;
    m.value.data = r.value;
    CHECK(skink__api__result__get_packed_size(&m) <= API_MESSAGE_MAX);
    return skink__api__result__pack(&m, out);
}
