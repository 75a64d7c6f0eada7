/* SPDX-License-Identifier: MIT */
/* What the owner of a connection asks for (RFC 9293 3.10.1 to 3.10.5); ports
 * are listeners.c's.
 *
 * A shutdown changes the state at once and the FIN follows the text: in
 * FIN-WAIT-1 and LAST-ACK there can be unsent text. Before ESTABLISHED it is
 * only remembered. After a close nobody owns the connection: what is unsent
 * still goes out, and TIMER_ORPHAN ends it when nothing gets on. */
#include "base/check.h"
#include "tcpd/core/internal.h"
#include "tcpd/core/listeners.h"
#include "tcpd/core/open.h"
#include "tcpd/core/path.h"
#include "tcpd/core/release.h"
#include "tcpd/core/starved.h"

/* ---- connect ---- */

static bool
is_connectable(const struct addr *remote, uint16_t port)
{
    return port != 0 && !addr_is_any(*remote) && !addr_is_group(*remote);
}

/* The local end, from what is bound or by choice. */
static enum tcp_error
choose_local(struct tcp *tcp, const struct listener *bound,
             const struct addr *remote, uint16_t remote_port,
             struct addr *local, uint16_t *local_port)
{
    if (!path_source(tcp, *remote, local))
        return TCP_UNREACHABLE;
    if (bound == NULL) {
        *local_port = isn_port(tcp, local, remote, remote_port);
        return *local_port != 0 ? TCP_OK : TCP_NO_PORT;
    }
    if (bound->backlog > 0)
        return TCP_INVALID;
    if (!addr_is_any(bound->addr))
        *local = bound->addr;
    *local_port = bound->port;
    return tcp_find(tcp, local, *local_port, remote, remote_port) == NULL
               ? TCP_OK
               : TCP_ADDR_IN_USE;
}

struct tcb *
tcp_call_connect(struct tcp *tcp, const struct owner *owner,
                 struct listener *bound, const struct tcp_settings *settings,
                 const struct addr *remote, uint16_t port,
                 struct chunk_pool *pool, const uint8_t *tx_base, instant_t now,
                 enum tcp_error *error)
{
    struct tcb *tcb = NULL;
    struct addr local;
    uint16_t local_port;

    *error = is_connectable(remote, port)
                 ? choose_local(tcp, bound, remote, port, &local, &local_port)
                 : TCP_INVALID;
    if (*error == TCP_OK && (tcb = tcb_new(tcp)) == NULL)
        *error = TCP_NO_MEMORY;
    if (*error != TCP_OK)
        return NULL;

    if (bound != NULL)
        tcp_call_unbind(tcp, bound, now);
    tcb->local = local;
    tcb->local_port = local_port;
    tcb->remote = *remote;
    tcb->remote_port = port;
    tcb->flags = TCB_ACTIVE;
    settings_take(tcp, settings, &tcb->settings);
    tcb->owner = *owner;
    tcb->pool = pool;
    tcb->tx.base = tx_base;
    open_begin(tcp, tcb, now);
    tcb_enter(tcp, tcb, TCB_SYN_SENT, now);
    return tcb;
}

void
tcp_call_claim(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->listener != LISTENER_NONE)
        tcp->listeners[tcb->listener].accepted++;
    listener_release(tcp, tcb);
    tcb_touch(tcp, tcb);
}

/* ---- bytes ---- */

void
tcp_call_send(struct tcp *tcp, struct tcb *tcb, uint64_t end, instant_t now)
{
    (void)now;
    if (tcb->state == TCB_CLOSED || tcb->flags & TCB_SHUT_WR)
        return;
    CHECK(end >= tcb->tx_end && end - tcb->tx_una <= STREAM_SPAN);
    if (end == tcb->tx_end)
        return;
    tcb->tx_end = end;
    tcb_want_output(tcp, tcb);
    tcb_touch(tcp, tcb);
}

/* Where the stored text ends, gaps included. */
static uint64_t
stored_end(const struct tcb *tcb)
{
    if (tcb->ooo_count == 0)
        return tcb->rx_end;
    return tcb->rx_end +
           seq_sub(tcb->ooo[tcb->ooo_count - 1].right, tcb->rcv_nxt);
}

void
tcp_call_received(struct tcp *tcp, struct tcb *tcb, uint64_t read,
                  instant_t now)
{
    (void)now;
    CHECK(read >= tcb->rx_read && read <= tcb->rx_end);
    if (read == tcb->rx_read)
        return;
    tcb->rx_read = read;
    if (tcb->pool != NULL)
        rx_stream_free(&tcb->rx, tcb->pool, read, stored_end(tcb));
    starved_wake(tcp, tcb->pool);
    tcb_touch(tcp, tcb);
    if (tcb->state != TCB_CLOSED)
        tcb_want_output(tcp, tcb); /* the window may be worth an ACK */
}

/* ---- the end ---- */

void
tcp_call_shutdown(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    if (tcb->state == TCB_CLOSED || tcb->flags & TCB_SHUT_WR)
        return;
    tcb->flags |= TCB_SHUT_WR;
    if (tcb->state == TCB_ESTABLISHED)
        tcb_enter(tcp, tcb, TCB_FIN_WAIT_1, now);
    else if (tcb->state == TCB_CLOSE_WAIT)
        tcb_enter(tcp, tcb, TCB_LAST_ACK, now);
    tcb_want_output(tcp, tcb);
    tcb_touch(tcp, tcb);
}

/* In these states there is nobody to say goodbye to, or it has been said. */
static bool
needs_no_goodbye(const struct tcb *tcb)
{
    return tcb->state == TCB_CLOSED || tcb->state == TCB_TIME_WAIT;
}

void
tcp_call_close(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    if (needs_no_goodbye(tcb)) {
        tcb_release(tcp, tcb);
        return;
    }
    if (tcb->state == TCB_SYN_SENT || tcb->rx_read < tcb->rx_end) {
        tcb_abandon(tcp, tcb, now);
        return;
    }
    tcp_call_shutdown(tcp, tcb, now);
    timer_set(tcp, tcb, TIMER_ORPHAN,
              instant_add(now, duration_ms(tcb->state == TCB_FIN_WAIT_2
                                               ? tcb->settings.fin_timeout_ms
                                               : TCP_ORPHAN_TIMEOUT)));
    tcb_release(tcp, tcb);
}

void
tcp_call_abort(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    tcb_abandon(tcp, tcb, now);
}
