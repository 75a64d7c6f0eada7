/* SPDX-License-Identifier: MIT */
/* Sets up a client that will lie, with two neighbours. */
#include "tests/support/tcpd_liar.h"

struct liar
liar_new(struct tcpd_world *w)
{
    struct liar l = {.w = w};

    l.e = end_attach(w, 0);
    l.honest = end_attach(w, 1);
    l.p = peer_new(w, 80);
    l.other = peer_new(w, 81);
    l.third = peer_new(w, 82);
    l.k = connect_to(l.e, 1, l.p);
    l.sibling = connect_to(l.e, 2, l.other);
    l.unhurt = connect_to(l.honest, 1, l.third);
    sock_write(&l.k, 1000);
    peer_send(l.p, TCP_ACK, 1000);
    tcpd_world_run(w);
    return l;
}
