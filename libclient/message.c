/* SPDX-License-Identifier: MIT */
/* Requests and results as protobuf, proto/api/client.proto. */
#include "libclient/requests.h"

#include <client.pb-c.h>
#include <errno.h>
#include <string.h>

static_assert(ANSWER_VALUE == sizeof((struct api_result *)0)->value,
              "whatever tcpd answers fits");

/* The parts of which a Request is made. */
struct parts {
    Skink__Api__Request request;
    Skink__Api__Hello hello;
    Skink__Api__Endpoint endpoint;
    Skink__Api__Settings settings;
    Skink__Api__Bind bind;
    Skink__Api__Listen listen;
    Skink__Api__Connect connect;
    Skink__Api__SetOption set;
    Skink__Api__GetOption get;
    Skink__Api__Info info;
    struct addr addr;
    uint8_t token[16], value[API_VALUE];
};

static void
fill_endpoint(struct parts *p, const struct request *r)
{
    p->addr = r->addr;
    skink__api__endpoint__init(&p->endpoint);
    p->endpoint.address.data = p->addr.b;
    p->endpoint.address.len = sizeof p->addr.b;
    p->endpoint.port = r->port;
}

static void
fill_settings(struct parts *p, const struct api_settings *from)
{
    Skink__Api__Settings *to = &p->settings;

    skink__api__settings__init(to);
    to->flags = from->flags;
    to->keep_idle_ms = from->keep_idle_ms;
    to->keep_interval_ms = from->keep_interval_ms;
    to->keep_count = from->keep_count;
    to->user_timeout_ms = from->user_timeout_ms;
    to->send_buffer = from->send_buffer;
    to->receive_buffer = from->receive_buffer;
    to->mss_limit = from->mss_limit;
    to->fin_timeout_ms = from->fin_timeout_ms;
    to->congestion_control = from->congestion_control;
    to->syn_tries = from->syn_tries;
}

static void
fill_hello(struct parts *p)
{
    skink__api__hello__init(&p->hello);
    p->hello.abi = SHM_ABI;
    p->request.op_case = SKINK__API__REQUEST__OP_HELLO;
    p->request.hello = &p->hello;
}

static void
fill_bind(struct parts *p, const struct request *r)
{
    fill_endpoint(p, r);
    skink__api__bind__init(&p->bind);
    p->bind.slot = r->slot;
    p->bind.local = &p->endpoint;
    p->request.op_case = SKINK__API__REQUEST__OP_BIND;
    p->request.bind = &p->bind;
}

static void
fill_listen(struct parts *p, const struct request *r)
{
    fill_settings(p, &r->settings);
    skink__api__listen__init(&p->listen);
    p->listen.slot = r->slot;
    p->listen.backlog = r->backlog;
    p->listen.settings = &p->settings;
    p->request.op_case = SKINK__API__REQUEST__OP_LISTEN;
    p->request.listen = &p->listen;
}

static void
fill_connect(struct parts *p, const struct request *r)
{
    fill_endpoint(p, r);
    fill_settings(p, &r->settings);
    skink__api__connect__init(&p->connect);
    p->connect.slot = r->slot;
    p->connect.remote = &p->endpoint;
    p->connect.settings = &p->settings;
    p->request.op_case = SKINK__API__REQUEST__OP_CONNECT;
    p->request.connect = &p->connect;
}

static void
fill_set(struct parts *p, const struct request *r)
{
    memcpy(p->value, r->value, sizeof p->value);
    skink__api__set_option__init(&p->set);
    p->set.slot = r->slot;
    p->set.level = r->level;
    p->set.name = r->name;
    p->set.value.data = p->value;
    p->set.value.len =
        r->value_len <= sizeof p->value ? r->value_len : sizeof p->value;
    p->request.op_case = SKINK__API__REQUEST__OP_SET_OPTION;
    p->request.set_option = &p->set;
}

static void
fill_get(struct parts *p, const struct request *r)
{
    skink__api__get_option__init(&p->get);
    p->get.slot = r->slot;
    p->get.level = r->level;
    p->get.name = r->name;
    p->request.op_case = SKINK__API__REQUEST__OP_GET_OPTION;
    p->request.get_option = &p->get;
}

static void
fill_info(struct parts *p, const struct request *r)
{
    skink__api__info__init(&p->info);
    p->info.slot = r->slot;
    p->request.op_case = SKINK__API__REQUEST__OP_INFO;
    p->request.info = &p->info;
}

static void
fill(struct parts *p, const struct request *r)
{
    switch (r->ask) {
    case ASK_HELLO:
        fill_hello(p);
        break;
    case ASK_BIND:
        fill_bind(p, r);
        break;
    case ASK_LISTEN:
        fill_listen(p, r);
        break;
    case ASK_CONNECT:
        fill_connect(p, r);
        break;
    case ASK_SET:
        fill_set(p, r);
        break;
    case ASK_GET:
        fill_get(p, r);
        break;
    case ASK_INFO:
        fill_info(p, r);
        break;
    }
}

size_t
request_encode(const struct request *r, const uint8_t token[16],
               uint64_t acknowledged, uint8_t bytes[REQUEST_MOST])
{
    struct parts p;

    memcpy(p.token, token, sizeof p.token);
    skink__api__request__init(&p.request);
    p.request.token.data = p.token;
    p.request.token.len = sizeof p.token;
    p.request.number = r->number;
    p.request.acknowledged = acknowledged;
    fill(&p, r);
    return skink__api__request__pack(&p.request, bytes);
}

static void
take_place(struct result *out, const Skink__Api__Endpoint *local)
{
    if (local == NULL || local->address.len != sizeof out->addr.b ||
        local->port > UINT16_MAX)
        return;
    out->placed = true;
    memcpy(out->addr.b, local->address.data, sizeof out->addr.b);
    out->port = (uint16_t)local->port;
}

bool
result_decode(const void *bytes, size_t len, struct result *out)
{
    Skink__Api__Result *r = skink__api__result__unpack(NULL, len, bytes);

    if (r == NULL)
        return false;
    *out = (struct result){.number = r->number, .next = r->next};
    out->error = r->error > 0 || r->error < -4095 ? -EPROTO : r->error;
    take_place(out, r->local);
    if (r->value.len <= sizeof out->value) {
        out->value_len = (uint16_t)r->value.len;
        if (r->value.len > 0)
            memcpy(out->value, r->value.data, r->value.len);
    }
    skink__api__result__free_unpacked(r, NULL);
    return true;
}
