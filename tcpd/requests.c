/* SPDX-License-Identifier: MIT */
/* Requests by number: a client's requests start in order and without gaps
 * (go-back-N). One that comes again is answered from the stored result, so
 * that nothing is bound, connected or set twice, whoever of client, apid and tcpd
 * was restarted in between. */
#include "tcpd/requests.h"

#include "tcpd/info.h"
#include "tcpd/options.h"

#include <errno.h>
#include <string.h>

static int
errno_of_call(enum tcp_error error)
{
    switch (error) {
    case TCP_OK:
        return 0;
    case TCP_ADDR_IN_USE:
        return EADDRINUSE;
    case TCP_ADDR_NOT_OURS:
    case TCP_NO_PORT:
        return EADDRNOTAVAIL;
    case TCP_NO_MEMORY:
        return ENOBUFS;
    case TCP_UNREACHABLE:
        return ENETUNREACH;
    case TCP_HOST_UNREACHABLE:
        return EHOSTUNREACH;
    case TCP_INVALID:
    case TCP_REFUSED:
    case TCP_RESET:
    case TCP_TIMED_OUT:
    case TCP_ABORTED:
        break;
    }
    return EINVAL;
}

static struct listener *
slot_listener(struct clients *cs, const struct slot *s)
{
    return s->kind == SLOT_KIND_LISTENER ? &cs->tcp->listeners[s->ref] : NULL;
}

static int
serve_bind(struct clients *cs, struct client *c, struct slot *s,
           const struct api_request *q, struct api_result *r)
{
    struct owner owner = clients_owner(c, q->slot);
    enum tcp_error error = TCP_OK;
    struct listener *l;

    if (s->kind != SLOT_KIND_FREE)
        return EINVAL;
    if (!clients_may_bind(cs, c))
        return ENOBUFS;
    l = tcp_call_bind(cs->tcp, &owner, &q->addr, q->port, &error);
    if (l == NULL)
        return errno_of_call(error);
    clients_attach(cs, c, q->slot, SLOT_KIND_LISTENER, l->index);
    r->addr = l->addr;
    r->port = l->port;
    return 0;
}

/* What a Connect or Listen asks for. A socket that was bound may have been given
 * settings already. */
static struct tcp_settings
settings_of(const struct clients *cs, const struct listener *bound,
            const struct api_request *q)
{
    struct tcp_settings own;
    struct api_settings asked;

    tcp_settings_default(cs->tcp, &own);
    if (bound != NULL)
        own = bound->settings;
    if (q->value_len != sizeof asked)
        return own;
    memcpy(&asked, q->value, sizeof asked);
    return options_adopt(&own, &asked);
}

static int
serve_listen(struct clients *cs, struct client *c, struct slot *s,
             const struct api_request *q, struct api_result *r)
{
    struct tcp_settings settings;
    struct listener *l;

    if (s->kind == SLOT_KIND_FREE) {
        struct api_request any = *q;
        int error;

        any.addr = addr_any_v4();
        any.port = 0;
        error = serve_bind(cs, c, s, &any, r);
        if (error != 0)
            return error;
    }
    l = slot_listener(cs, s);
    if (l == NULL)
        return EINVAL;
    settings = settings_of(cs, l, q);
    tcp_call_listen(cs->tcp, l, q->backlog, &settings, &c->pool);
    clients_attach(cs, c, q->slot, SLOT_KIND_LISTENER, l->index);
    r->addr = l->addr;
    r->port = l->port;
    return 0;
}

static int
serve_connect(struct clients *cs, struct client *c, struct slot *s,
              const struct api_request *q, struct api_result *r, instant_t now)
{
    struct owner owner = clients_owner(c, q->slot);
    struct listener *bound = slot_listener(cs, s);
    enum tcp_error error = TCP_OK;
    struct tcp_settings settings;
    struct tcb *tcb;

    if (s->kind == SLOT_KIND_TCB)
        return EISCONN;
    if (s->kind == SLOT_KIND_LOST || (bound != NULL && bound->backlog != 0))
        return EINVAL;
    if (bound == NULL && !clients_may_attach(cs, c))
        return ENOBUFS;
    settings = settings_of(cs, bound, q);
    tcb = tcp_call_connect(
        cs->tcp, &owner, bound, &settings, &q->addr, q->port, &c->pool,
        (const uint8_t *)c->tx + CLIENT_CHUNK_OFFSET, now, &error);
    if (tcb == NULL)
        return errno_of_call(error);
    clients_attach(cs, c, q->slot, SLOT_KIND_TCB, tcb->index);
    tcb->rx_base = s->read_end;
    tcb->tx_base = s->write_end;
    r->addr = tcb->local;
    r->port = tcb->local_port;
    return 0;
}

/* ---- options and figures ---- */

/* TCP_QUICKACK is no setting: it acts, and does not stick. A listener (NULL) has
 * nothing to acknowledge. */
static int
quick_ack(struct clients *cs, struct tcb *tcb, const struct api_request *q,
          struct api_result *r, instant_t now)
{
    int32_t on;

    if (q->op == API_GETOPTION) {
        options_answer(r, 1);
        return 0;
    }
    if (!options_number(q, &on))
        return EINVAL;
    if (tcb != NULL && tcb->state != TCB_CLOSED)
        tcp_call_quick_ack(cs->tcp, tcb, on != 0, now);
    return 0;
}

static int
tcb_option(struct clients *cs, struct tcb *tcb, const struct api_request *q,
           struct api_result *r, instant_t now)
{
    struct tcp_settings settings = tcb->settings;
    int error;

    if (q->level == API_LEVEL_TCP && q->name == API_TCP_QUICKACK)
        return quick_ack(cs, tcb, q, r, now);
    if (q->op == API_SETOPTION) {
        error = options_set(&settings, q);
        if (error == 0)
            tcp_call_configure(cs->tcp, tcb, &settings, now);
        return error;
    }
    /* Linux tells the segment size in use, not the limit on it. */
    if (q->level == API_LEVEL_TCP && q->name == API_TCP_MAXSEG &&
        tcb->snd_mss != 0) {
        options_answer(r, (int32_t)tcb->snd_mss);
        return 0;
    }
    return options_get(&settings, q, r);
}

static int
listener_option(struct clients *cs, struct listener *l,
                const struct api_request *q, struct api_result *r,
                instant_t now)
{
    struct tcp_settings settings = l->settings;
    int error;

    if (q->level == API_LEVEL_TCP && q->name == API_TCP_QUICKACK)
        return quick_ack(cs, NULL, q, r, now);
    if (q->op == API_GETOPTION)
        return options_get(&settings, q, r);
    error = options_set(&settings, q);
    if (error == 0)
        tcp_call_configure_listener(cs->tcp, l, &settings);
    return error;
}

/* What a socket that is neither bound nor connected is asked, is remembered by the
 * library and comes with Connect or Listen. */
static int
serve_option(struct clients *cs, const struct slot *s,
             const struct api_request *q, struct api_result *r, instant_t now)
{
    if (s->kind == SLOT_KIND_TCB)
        return tcb_option(cs, &cs->tcp->tcbs[s->ref], q, r, now);
    if (s->kind == SLOT_KIND_LISTENER)
        return listener_option(cs, &cs->tcp->listeners[s->ref], q, r, now);
    return ENOTCONN;
}

static void
serve_info(const struct clients *cs, const struct slot *s, struct api_result *r,
           instant_t now)
{
    struct view_info info = {.state = VIEW_CLOSED};

    if (s->kind == SLOT_KIND_TCB)
        info = info_of_tcb(&cs->tcp->tcbs[s->ref], now);
    else if (s->kind == SLOT_KIND_LISTENER)
        info = info_of_listener(&cs->tcp->listeners[s->ref]);
    memcpy(r->value, &info, sizeof info);
    r->value_len = sizeof info;
}

/* Accepted connections have given slots, so any slot of the client may be asked
 * about. */
static int
serve_any_slot(struct clients *cs, const struct client *c,
               const struct api_request *q, struct api_result *r, instant_t now)
{
    if (q->slot >= CLIENT_SLOTS)
        return EBADF;
    if (q->op != API_INFO)
        return serve_option(cs, &c->slots[q->slot], q, r, now);
    serve_info(cs, &c->slots[q->slot], r, now);
    return 0;
}

/* ---- all of them ---- */

static int
serve_op(struct clients *cs, struct client *c, const struct api_request *q,
         struct api_result *r, instant_t now)
{
    struct slot *s = clients_own_slot(c, q->slot);

    if (q->op >= API_OPS)
        return EOPNOTSUPP;
    if (q->op == API_HELLO)
        return 0;
    if (q->op == API_SETOPTION || q->op == API_GETOPTION || q->op == API_INFO)
        return serve_any_slot(cs, c, q, r, now);
    if (s == NULL)
        return EBADF;
    if (q->op == API_BIND)
        return serve_bind(cs, c, s, q, r);
    if (q->op == API_LISTEN)
        return serve_listen(cs, c, s, q, r);
    if (q->op == API_CONNECT)
        return serve_connect(cs, c, s, q, r, now);
    return EOPNOTSUPP;
}

enum drop
request_serve(struct clients *cs, const struct api_request *q,
              struct api_result *r, instant_t now)
{
    struct client *c = clients_find(cs, q->token);

    if (c == NULL)
        return DROP_API_BAD_TOKEN;
    if (q->number < c->next_request) {
        if (!checkpoint_find_result(cs->checkpoint, c->number, q->number, r))
            return DROP_API_DUPLICATE;
        r->route = q->route;
        r->next = c->next_request;
        return DROP_NONE;
    }
    if (q->number > c->next_request)
        return DROP_API_GAP;
    if (q->acknowledged >= q->number ||
        q->number - q->acknowledged > REQUEST_WINDOW)
        return DROP_API_WINDOW;
    memset(r, 0, sizeof *r);
    r->route = q->route;
    r->number = q->number;
    r->op = q->op;
    r->slot = q->slot;
    r->error = -serve_op(cs, c, q, r, now);
    c->next_request++;
    r->next = c->next_request;
    clients_touch(c);
    checkpoint_result(cs->checkpoint, c->number, r);
    return DROP_NONE;
}
