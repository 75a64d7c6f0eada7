/* SPDX-License-Identifier: MIT */
/* Requests by number: a client's requests start in order and without gaps
 * (go-back-N). One that comes again is answered from the stored result, so
 * that nothing is bound, connected or set twice, whoever of client, apid and tcpd
 * was restarted in between. */
#include "tcpd/requests.h"

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
    clients_attach(c, q->slot, SLOT_KIND_LISTENER, l->index);
    r->addr = l->addr;
    r->port = l->port;
    return 0;
}

static int
serve_listen(struct clients *cs, struct client *c, struct slot *s,
             const struct api_request *q, struct api_result *r)
{
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
    tcp_call_listen(cs->tcp, l, q->backlog == 0 ? 1 : q->backlog, &c->pool);
    clients_attach(c, q->slot, SLOT_KIND_LISTENER, l->index);
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
    struct tcb *tcb;

    if (s->kind == SLOT_KIND_TCB)
        return EISCONN;
    if (s->kind == SLOT_KIND_LOST || (bound != NULL && bound->backlog != 0))
        return EINVAL;
    if (bound == NULL && !clients_may_attach(cs, c))
        return ENOBUFS;
    tcb = tcp_call_connect(cs->tcp, &owner, bound, &q->addr, q->port, &c->pool,
                           (const uint8_t *)c->tx + CLIENT_CHUNK_OFFSET, now,
                           &error);
    if (tcb == NULL)
        return errno_of_call(error);
    clients_attach(c, q->slot, SLOT_KIND_TCB, tcb->index);
    tcb->rx_base = s->read_end;
    tcb->tx_base = s->write_end;
    r->addr = tcb->local;
    r->port = tcb->local_port;
    return 0;
}

/* Options live in the tcb; what a socket without one is asked is remembered by
 * the library and set after connect. Accepted connections have given slots, so
 * any slot of the client may be named here. */
static int
serve_option(struct clients *cs, const struct slot *s,
             const struct api_request *q, struct api_result *r)
{
    struct tcb *tcb;
    int32_t value;

    if (q->level != API_LEVEL_TCP || q->name != API_TCP_NODELAY)
        return ENOPROTOOPT;
    if (s->kind != SLOT_KIND_TCB)
        return ENOTCONN;
    tcb = &cs->tcp->tcbs[s->ref];
    if (q->op == API_GETOPTION) {
        value = (tcb->flags & TCB_NODELAY) != 0;
        memcpy(r->value, &value, sizeof value);
        r->value_len = sizeof value;
        return 0;
    }
    if (q->value_len < sizeof value)
        return EINVAL;
    memcpy(&value, q->value, sizeof value);
    tcb->flags &= ~(uint32_t)TCB_NODELAY;
    if (value != 0)
        tcb->flags |= TCB_NODELAY;
    tcb_touch(cs->tcp, tcb);
    if (tcb->state != TCB_CLOSED)
        tcb_want_output(cs->tcp, tcb);
    return 0;
}

static int
serve_op(struct clients *cs, struct client *c, const struct api_request *q,
         struct api_result *r, instant_t now)
{
    struct slot *s = clients_own_slot(c, q->slot);

    if (q->op >= API_OPS)
        return EOPNOTSUPP;
    if (q->op == API_HELLO)
        return 0;
    if (q->op == API_SETOPTION || q->op == API_GETOPTION)
        return q->slot < CLIENT_SLOTS
                   ? serve_option(cs, &c->slots[q->slot], q, r)
                   : EBADF;
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
