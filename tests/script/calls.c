/* SPDX-License-Identifier: MIT */
/* Lines in which the application calls. */
#include "tests/script/play.h"

#include "proto/wire/icmp.h"

#include <string.h>

#define CLIENT 7 /* the number of the one application */
#define REMOTE 0x0a000001

static const char *const errors[] = {
    [TCP_OK] = "none",
    [TCP_REFUSED] = "ECONNREFUSED",
    [TCP_RESET] = "ECONNRESET",
    [TCP_TIMED_OUT] = "ETIMEDOUT",
    [TCP_UNREACHABLE] = "ENETUNREACH",
    [TCP_HOST_UNREACHABLE] = "EHOSTUNREACH",
    [TCP_ABORTED] = "ECONNABORTED",
    [TCP_ADDR_IN_USE] = "EADDRINUSE",
    [TCP_ADDR_NOT_OURS] = "EADDRNOTAVAIL",
    [TCP_NO_PORT] = "EADDRNOTAVAIL",
    [TCP_NO_MEMORY] = "ENOBUFS",
    [TCP_INVALID] = "EINVAL",
};

const char *
error_name(unsigned error)
{
    return error < sizeof errors / sizeof errors[0] ? errors[error] : "unknown";
}

/* The line may end with "= ERROR". */
static bool
check_result(struct stage *s, struct words *w, enum tcp_error error)
{
    const char *expected = words_accept(w, "=") ? words_take(w) : "none";

    if (expected != NULL && strcmp(expected, error_name(error)) == 0)
        return stage_end_turn(s);
    return stage_fail(s, expected != NULL ? expected : "an error's name", "%s",
                      error_name(error));
}

static struct owner
owner_of(const struct stage *s)
{
    return (struct owner){.client = CLIENT, .slot = s->peer, .generation = 1};
}

/* ---- opening ---- */

static struct listener *
bind_port(struct stage *s, uint16_t port, enum tcp_error *error)
{
    struct owner owner = owner_of(s);
    struct addr any = addr_any_v4();

    return tcp_call_bind(s->tcp, &owner, &any, port, error);
}

/* The port that the peer's connection will come from. */
static bool
call_bind(struct stage *s, struct words *w)
{
    struct peer *p = stage_peer(s);
    enum tcp_error error;
    uint32_t port;

    if (!words_number(w, &port))
        return stage_fail(s, "bind and a port", "no number");
    p->bound = bind_port(s, (uint16_t)port, &error);
    return check_result(s, w, error);
}

/* On port 80; again: with another backlog. */
static bool
call_listen(struct stage *s, struct words *w)
{
    enum tcp_error error = TCP_OK;
    uint32_t backlog = 8;

    (void)words_number(w, &backlog);
    if (s->listener == NULL)
        s->listener = bind_port(s, 80, &error);
    if (s->listener != NULL)
        tcp_call_listen(s->tcp, s->listener, backlog, &s->settings, &s->pool);
    return check_result(s, w, error);
}

static bool
call_unlisten(struct stage *s, struct words *w)
{
    (void)w;
    if (s->listener == NULL)
        return stage_fail(s, "a listener", "none");
    tcp_call_unbind(s->tcp, s->listener, s->now);
    s->listener = NULL;
    return stage_end_turn(s);
}

static bool
call_connect(struct stage *s, struct words *w)
{
    const struct addr remote = addr_v4(REMOTE);
    struct owner owner = owner_of(s);
    struct peer *p = stage_peer(s);
    enum tcp_error error;
    struct tcb *tcb =
        tcp_call_connect(s->tcp, &owner, p->bound, &s->settings, &remote,
                         p->remote_port, &s->pool, s->tx, s->now, &error);

    if (tcb != NULL) {
        p->tcb = tcb;
        p->local_port = tcb->local_port;
        p->bound = NULL;
    }
    return check_result(s, w, error);
}

static bool
call_accept(struct stage *s, struct words *w)
{
    struct tcb *tcb = stage_peer(s)->tcb;

    if (tcb == NULL || !(tcb->flags & TCB_QUEUED))
        return check_result(s, w, TCP_INVALID);
    tcb->owner = owner_of(s);
    tcb->tx.base = s->tx;
    tcp_call_claim(s->tcp, tcb);
    return check_result(s, w, TCP_OK);
}

/* ---- using ---- */

/* The connection that the application has of this peer, or NULL: the line fails. */
static struct tcb *
owned(struct stage *s)
{
    struct tcb *tcb = stage_peer(s)->tcb;

    if (tcb != NULL && tcb->owner.client == CLIENT &&
        tcb->owner.slot != SLOT_UNASSIGNED)
        return tcb;
    (void)stage_fail(s, "a connection of the application", "none");
    return NULL;
}

static bool
call_send(struct stage *s, struct words *w)
{
    struct tcb *tcb = owned(s);
    uint32_t len;

    if (tcb == NULL)
        return false;
    if (!words_number(w, &len))
        return stage_fail(s, "send and a number of bytes", "none");
    if (tcb->tx_end + len - tcb->tx_una > s->config.send_buffer)
        return stage_fail(s, "room in the send buffer", "too much");
    for (uint16_t i = 0; i < STREAM_CHUNKS; i++)
        tcb->tx.chunk[i] = i % STAGE_CHUNKS;
    tcp_call_send(s->tcp, tcb, tcb->tx_end + len, s->now);
    return stage_end_turn(s);
}

static bool
call_recv(struct stage *s, struct words *w)
{
    struct tcb *tcb = owned(s);
    uint32_t len;

    if (tcb == NULL)
        return false;
    if (!words_number(w, &len) || tcb->rx_end - tcb->rx_read < len)
        return stage_fail(s, "so many bytes to read", "%u",
                          (unsigned)(tcb->rx_end - tcb->rx_read));
    for (uint64_t o = tcb->rx_read; o < tcb->rx_read + len; o++) {
        uint32_t chunk = tcb->rx.chunk[o / STREAM_CHUNK % STREAM_CHUNKS];

        if (s->rx[chunk * STREAM_CHUNK + o % STREAM_CHUNK] != stage_byte(o))
            return stage_fail(s, "the bytes that the peer sent",
                              "another one at %u", (unsigned)o);
    }
    tcp_call_received(s->tcp, tcb, tcb->rx_read + len, s->now);
    return stage_end_turn(s);
}

/* ---- closing ---- */

static bool
call_shutdown(struct stage *s, struct words *w)
{
    struct tcb *tcb = owned(s);

    (void)w;
    if (tcb == NULL)
        return false;
    tcp_call_shutdown(s->tcp, tcb, s->now);
    return stage_end_turn(s);
}

static bool
call_close(struct stage *s, struct words *w)
{
    struct tcb *tcb = owned(s);

    (void)w;
    if (tcb == NULL)
        return false;
    tcp_call_close(s->tcp, tcb, s->now);
    return stage_end_turn(s);
}

static bool
call_abort(struct stage *s, struct words *w)
{
    struct tcb *tcb = owned(s);

    (void)w;
    if (tcb == NULL)
        return false;
    tcp_call_abort(s->tcp, tcb, s->now);
    return stage_end_turn(s);
}

/* ---- settings ---- */

#define SETTING(name) offsetof(struct tcp_settings, name)

static const struct {
    const char *name;
    size_t offset;
} settings[] = {
    {"idle", SETTING(keep_idle_ms)},
    {"interval", SETTING(keep_interval_ms)},
    {"count", SETTING(keep_count)},
    {"user_timeout", SETTING(user_timeout_ms)},
    {"sndbuf", SETTING(send_buffer)},
    {"rcvbuf", SETTING(receive_buffer)},
    {"mss", SETTING(mss_limit)},
    {"fin_timeout", SETTING(fin_timeout_ms)},
    {"syn_tries", SETTING(syn_tries)},
};

static const struct {
    const char *name;
    uint32_t set, clear;
} switches[] = {
    {"nodelay", TCP_SET_NODELAY, 0},     {"nagle", 0, TCP_SET_NODELAY},
    {"keepalive", TCP_SET_KEEPALIVE, 0}, {"nokeepalive", 0, TCP_SET_KEEPALIVE},
    {"cork", TCP_SET_CORK, 0},           {"uncork", 0, TCP_SET_CORK},
};

static bool
set_switch(struct tcp_settings *out, const char *name)
{
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
        if (strcmp(name, switches[i].name) != 0)
            continue;
        out->flags = (out->flags | switches[i].set) & ~switches[i].clear;
        return true;
    }
    return false;
}

/* A span is taken in milliseconds. */
static bool
set_value(struct tcp_settings *out, const char *name, struct words *w)
{
    duration_t span;
    uint32_t value;

    if (words_duration(w, &span))
        value = (uint32_t)(span.ns / 1000000);
    else if (!words_number(w, &value))
        return false;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (strcmp(name, settings[i].name) != 0)
            continue;
        memcpy((char *)out + settings[i].offset, &value, sizeof value);
        return true;
    }
    return false;
}

/* Of the connection, or without one of all that will be opened. */
static bool
call_set(struct stage *s, struct words *w)
{
    struct tcb *tcb = stage_peer(s)->tcb;
    struct tcp_settings *out = tcb != NULL ? &tcb->settings : &s->settings;
    struct tcp_settings wanted = *out;
    const char *name;

    while ((name = words_take(w)) != NULL)
        if (!set_switch(&wanted, name) && !set_value(&wanted, name, w))
            return stage_fail(s, "a setting of calls.c", "\"%s\"", name);
    if (tcb != NULL)
        tcp_call_configure(s->tcp, tcb, &wanted, s->now);
    else
        *out = wanted;
    return stage_end_turn(s);
}

/* quickack on, quickack off */
static bool
call_quickack(struct stage *s, struct words *w)
{
    struct tcb *tcb = owned(s);
    bool on = words_accept(w, "on");

    if (tcb == NULL)
        return false;
    if (!on && !words_accept(w, "off"))
        return stage_fail(s, "on or off", "neither");
    tcp_call_quick_ack(s->tcp, tcb, on, s->now);
    return stage_end_turn(s);
}

/* The core's own configuration, before anything else: a new stage. */
static bool
call_config(struct stage *s, struct words *w)
{
    struct tcp_config config = s->config;
    const char *name;
    uint32_t value;

    while ((name = words_take(w)) != NULL) {
        if (!words_number(w, &value))
            return stage_fail(s, "a number", "none");
        if (strcmp(name, "tcbs") == 0)
            config.tcbs = value;
        else if (strcmp(name, "rcvbuf") == 0)
            config.receive_buffer = value;
        else if (strcmp(name, "gso") == 0)
            config.gso_max = value;
        else if (strcmp(name, "mtu") == 0)
            s->net.link[0].mtu = value;
        else
            return stage_fail(s, "tcbs, rcvbuf, gso or mtu", "\"%s\"", name);
    }
    stage_reopen(s, &config);
    return true;
}

/* ---- ICMP about a segment of ours: icmp TYPE CODE seq N [mtu N] ---- */

static bool
call_icmp(struct stage *s, struct words *w)
{
    const struct peer *p = stage_peer(s);
    uint32_t type, code, number, mtu = 0;
    struct tcp_icmp icmp = {.local = s->net.address[0].addr,
                            .remote = addr_v4(REMOTE),
                            .local_port = p->local_port,
                            .remote_port = p->remote_port};
    bool ok = words_number(w, &type) && words_number(w, &code) &&
              words_accept(w, "seq") && words_number(w, &number) &&
              (!words_accept(w, "mtu") || words_number(w, &mtu));

    if (!ok)
        return stage_fail(s, "icmp TYPE CODE seq N [mtu N]", "other words");
    icmp.type = (uint8_t)type;
    icmp.code = (uint8_t)code;
    icmp.seq = seq(p->iss + number);
    icmp.mtu = mtu;
    s->drop = tcp_input_icmp(s->tcp, &icmp, s->now);
    return stage_end_turn(s);
}

const struct command call_commands[] = {
    {"bind", call_bind},
    {"listen", call_listen},
    {"unlisten", call_unlisten},
    {"connect", call_connect},
    {"accept", call_accept},
    {"send", call_send},
    {"recv", call_recv},
    {"shutdown", call_shutdown},
    {"close", call_close},
    {"abort", call_abort},
    {"set", call_set},
    {"quickack", call_quickack},
    {"config", call_config},
    {"icmp", call_icmp},
    {NULL, NULL},
};
