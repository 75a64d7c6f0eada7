/* SPDX-License-Identifier: MIT */
/* Notices about segments that did not arrive, in packets' headers. */
#include "proto/shm/notice.h"

#include "proto/wire/be.h"

#define PROTOCOL_ICMP 1

void
notice_encode(struct packet *p, const struct notice *n)
{
    p->header_len = NOTICE_LEN;
    p->protocol = PROTOCOL_ICMP;
    p->src = n->local;
    p->dst = n->remote;
    p->header[0] = n->type;
    p->header[1] = n->code;
    be16_store(p->header + 2, 0);
    be32_store(p->header + 4, n->mtu);
    be16_store(p->header + 8, n->local_port);
    be16_store(p->header + 10, n->remote_port);
    be32_store(p->header + 12, n->seq);
}

bool
notice_decode(const struct packet *p, struct notice *n)
{
    if (p->protocol != PROTOCOL_ICMP || p->header_len != NOTICE_LEN ||
        p->len != 0)
        return false;
    *n = (struct notice){
        .local = p->src,
        .remote = p->dst,
        .type = p->header[0],
        .code = p->header[1],
        .mtu = be32_load(p->header + 4),
        .local_port = be16_load(p->header + 8),
        .remote_port = be16_load(p->header + 10),
        .seq = be32_load(p->header + 12),
    };
    return true;
}
