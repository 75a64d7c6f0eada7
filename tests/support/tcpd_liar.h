/* SPDX-License-Identifier: MIT */
/* A client whose memory a test is about to fill with lies, and who must not be
 * hurt by them. */
#ifndef TESTS_SUPPORT_TCPD_LIAR_H
#define TESTS_SUPPORT_TCPD_LIAR_H

#include "tests/support/tcpd_ends.h"

/* Two clients. The connection `k` with `p` is what is lied about: 1000 bytes went
 * each way, and those that came are not read. */
struct liar {
    struct tcpd_world *w;
    struct end *e, *honest;
    struct peer *p, *other, *third;
    struct sock k;       /* of `e`, slot 1 */
    struct sock sibling; /* of `e` too, with `other` */
    struct sock unhurt;  /* of `honest`, with `third` */
};

struct liar liar_new(struct tcpd_world *w);

#endif
