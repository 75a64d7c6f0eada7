/* SPDX-License-Identifier: MIT */
/* What arrives for ourselves.
 *
 * A datagram is whole in its frame, or is put together in memory of ours and
 * then copied for good: to tcpd into ip.rx, back to the link into ip.tx. An echo
 * is answered to the MAC address that it came from: that needs no neighbour, so
 * it never waits for ARP and fills no table. */
#include "ipd/local.h"

#include "ipd/core/icmp.h"
#include "ipd/core/quoted.h"
#include "ipd/deliver.h"
#include "ipd/ping.h"
#include "ipd/report.h"
#include "ipd/transmit.h"

/* Where a whole datagram's payload lies: `in` as in struct payload. */
struct body {
    const uint8_t *bytes;
    const struct taken *in;
};

/* ---- ICMP ---- */

static enum drop
answer_echo(struct ipd *d, const struct arrival *a, const struct datagram *dg,
            const struct body *b, const struct icmp_message *m, instant_t now)
{
    const struct ipv4 like = {
        .src = dg->ip.dst, .dst = dg->ip.src, .proto = IP_PROTO_ICMP};
    const struct payload p = {
        .bytes = b->bytes + ICMP_HEADER_LEN,
        .in = b->in,
        .offset = dg->offset + ICMP_HEADER_LEN,
    };
    struct outgoing o = {0};

    icmp_reply(dg, m, ident_choose(&d->ident, &like), &o);
    o.path = (struct net_path){
        .link = a->link,
        .mtu = pmtu_look(&d->pmtu, dg->ip.src, d->net.link[a->link].mtu, now),
    };
    cnc_count(&d->cnc, COUNTER_ICMP_IN_ECHOS, 1);
    cnc_count(&d->cnc, COUNTER_IP_OUT_REQUESTS, 1);
    if (!transmit_packet(d, &o, a->from, &p))
        return DROP_ICMP_REPLY_FULL;
    cnc_count(&d->cnc, COUNTER_ICMP_OUT_ECHO_REPS, 1);
    return DROP_NONE;
}

static void
learn_mtu(struct ipd *d, const struct quoted *q, instant_t now)
{
    struct net_path path;

    if (net_path(&d->net, q->remote, &path) == NET_LINK &&
        pmtu_learn(&d->pmtu, q->remote, q->mtu, q->packet_len, path.mtu, now))
        d->paths_changed = true;
}

static enum drop
take_error(struct ipd *d, const struct datagram *dg, const struct body *b,
           instant_t now)
{
    struct notice n;
    struct quoted q;
    enum drop why = quoted_decode(&d->net, b->bytes, dg->len, &q);
    bool too_big;

    if (why != DROP_NONE)
        return why;
    cnc_count(&d->cnc, COUNTER_ICMP_IN_ERRORS, 1);
    too_big = q.type == ICMP_DEST_UNREACHABLE && q.code == ICMP_FRAG_NEEDED;
    if (q.proto == IP_PROTO_ICMP) {
        why = ping_refused(d, dg->ip.src, &q, now);
        if (why == DROP_NONE && too_big)
            learn_mtu(d, &q, now);
        return why;
    }
    /* Whether the segment was ever sent only tcpd can tell, by its number: so
     * whoever forges an error teaches nobody anything (RFC 5927 7). */
    n = (struct notice){
        .local = q.local,
        .remote = q.remote,
        .local_port = q.local_port,
        .remote_port = q.remote_port,
        .seq = q.seq,
        .mtu = too_big ? q.mtu : 0,
        .type = q.type,
        .code = q.code,
    };
    deliver_notice(d, &n);
    return DROP_NONE;
}

static enum drop
take_icmp(struct ipd *d, const struct arrival *a, const struct datagram *dg,
          const struct body *b, instant_t now)
{
    struct icmp_message m;
    enum drop why = icmp_input(b->bytes, dg->len, &m);

    if (why != DROP_NONE)
        return why;
    switch (m.meaning) {
    case ICMP_ASKS:
        return answer_echo(d, a, dg, b, &m, now);
    case ICMP_ANSWERS:
        return ping_answered(d, &dg->ip, &m.echo, dg->len, now);
    case ICMP_REPORTS:
        break;
    }
    return take_error(d, dg, b, now);
}

/* ---- whole datagrams ---- */

static enum drop
take_whole(struct ipd *d, const struct arrival *a, const struct datagram *dg,
           const struct body *b, instant_t now)
{
    enum drop why = ip_input_whole(dg);

    if (why != DROP_NONE)
        return why;
    if (dg->ip.proto == IP_PROTO_ICMP)
        why = take_icmp(d, a, dg, b, now);
    else if (b->in != NULL)
        why = deliver_received(d, b->in, dg);
    else
        why = deliver_copy(d, dg, b->bytes);
    if (why == DROP_NONE)
        cnc_count(&d->cnc, COUNTER_IP_IN_DELIVERS, 1);
    return why;
}

/* ---- reassembly ---- */

static void
count_given_up(struct ipd *d)
{
    for (uint32_t n = frag_take_given_up(&d->frags); n > 0; n--) {
        cnc_drop(&d->cnc, DROP_IP_FRAG_QUOTA);
        cnc_count(&d->cnc, COUNTER_IP_REASM_FAIL, 1);
    }
}

static enum drop
take_complete(struct ipd *d, const struct arrival *a, int32_t complete,
              instant_t now)
{
    const struct body b = {.bytes = d->scratch};
    const struct datagram dg = {
        .ip = frag_header(&d->frags, complete),
        .len = frag_len(&d->frags, complete),
        .ours = true,
    };

    frag_read(&d->frags, complete, 0, d->scratch, dg.len);
    frag_free(&d->frags, complete);
    cnc_count(&d->cnc, COUNTER_IP_REASM_OK, 1);
    return take_whole(d, a, &dg, &b, now);
}

static enum drop
take_fragment(struct ipd *d, const struct arrival *a, const struct datagram *dg,
              const uint8_t *payload, instant_t now)
{
    int32_t complete = -1;
    enum drop why;

    cnc_count(&d->cnc, COUNTER_IP_REASM_REQDS, 1);
    why = frag_add(&d->frags, &dg->ip, a->header, payload, a->link, now,
                   &complete);
    count_given_up(d);
    if (why == DROP_NONE && complete >= 0)
        why = take_complete(d, a, complete, now);
    return why;
}

enum drop
local_take(struct ipd *d, const struct arrival *a, const struct datagram *dg,
           instant_t now)
{
    const struct body b = {
        .bytes = packet_payload(&a->in->packet, d->regions) + dg->offset,
        .in = a->in,
    };

    if (ipv4_is_fragment(&dg->ip))
        return take_fragment(d, a, dg, b.bytes, now);
    return take_whole(d, a, dg, &b, now);
}

/* RFC 1122 3.3.2: only who sent the first fragment is told. */
uint32_t
local_expire(struct ipd *d, instant_t now)
{
    struct frag_expired x;
    uint32_t n = 0;

    for (; frag_expire(&d->frags, now, &x); n++) {
        struct icmp_error e = {
            .type = ICMP_TIME_EXCEEDED,
            .code = ICMP_REASSEMBLY_EXCEEDED,
            .link = x.link,
            .ip = x.ip,
            .packet = x.packet,
            .len = x.len,
        };

        cnc_drop(&d->cnc, DROP_IP_FRAG_TIMEOUT);
        cnc_count(&d->cnc, COUNTER_IP_REASM_FAIL, 1);
        if (x.answer)
            report_error(d, &e, now);
    }
    return n;
}
