/* SPDX-License-Identifier: MIT */
/* Segmentation and checksums in software.
 *
 * A segment has the headers of the whole but for: the IPv4 total length and
 * checksum, the identification, which counts up, the sequence number, FIN and
 * PSH, which only the last one carries, CWR, which only the first one carries
 * (RFC 3168 6.1.2), and the TCP checksum. Each segment is gathered from the one
 * private copy of the headers and from where the payload lies. */
#include "linkd/gso.h"

#include "base/bits.h"
#include "proto/wire/be.h"
#include "proto/wire/checksum.h"
#include "proto/wire/tcp.h"

#include <string.h>

/* Copies the first `n` bytes of both pieces. */
static void
copy_front(uint8_t *to, const struct frame *f, uint32_t n)
{
    uint32_t inline_len = min_u32(n, f->header_len);

    memcpy(to, f->header, inline_len);
    if (n > inline_len)
        memcpy(to + inline_len, f->payload, n - inline_len);
}

/* ---- one frame whose checksum is unfinished ---- */

/* The field holds the sum of the pseudo-header, so it counts like any other
 * bytes. A result of 0 is sent as its twin: to UDP 0 means "none". */
static void
complete(struct gso *g, const struct frame *f)
{
    uint32_t start = f->csum_start;
    uint64_t front = checksum_add(0, g->header + start, g->len - start);
    uint64_t rest = checksum_add(0, g->next.payload, g->next.len);
    uint16_t sum = checksum_fold(checksum_join(front, rest, g->len - start));

    be16_store(g->header + start + f->csum_offset, sum == 0 ? 0xffff : sum);
}

static bool
start_partial(struct gso *g, const struct frame *f)
{
    uint32_t end = (uint32_t)f->csum_start + f->csum_offset + 2;
    uint32_t front = max_u32(end, f->header_len);

    if (end > frame_size(f) || front > sizeof g->header)
        return false;
    copy_front(g->header, f, front);
    g->len = front;
    g->next = (struct frame){
        .header = g->header,
        .header_len = front,
        .payload = f->len == 0 ? NULL : f->payload + (front - f->header_len),
        .len = frame_size(f) - front,
    };
    complete(g, f);
    return true;
}

/* ---- one frame that is to be several ---- */

static bool
start_cutting(struct gso *g, const struct frame *f)
{
    uint32_t copied = min_u32(frame_size(f), sizeof g->header);

    copy_front(g->header, f, copied);
    if (f->gso_size == 0 ||
        !tcpv4_find(g->header, copied, frame_size(f), &g->at) ||
        g->at.payload < f->header_len)
        return false;
    g->cuts = true;
    g->payload =
        f->len == 0 ? NULL : f->payload + (g->at.payload - f->header_len);
    g->len = g->at.end - g->at.payload;
    g->size = f->gso_size;
    g->seq = be32_load(g->header + g->at.tcp + TCP_SEQ);
    g->id = be16_load(g->header + TCPV4_IP + IPV4_ID);
    g->flags = g->header[g->at.tcp + TCP_FLAGS];
    return true;
}

static void
write_headers(struct gso *g, uint32_t len, bool last)
{
    uint8_t *ip = g->header + TCPV4_IP;
    uint8_t *tcp = g->header + g->at.tcp;
    uint32_t tcp_len = g->at.payload - g->at.tcp;
    uint8_t held_back = last ? 0 : TCP_FIN | TCP_PSH;

    be16_store(ip + IPV4_ID, g->id);
    tcpv4_seal_ip(ip, g->at.payload - TCPV4_IP + len);
    be32_store(tcp + TCP_SEQ, g->seq);
    tcp[TCP_FLAGS] = g->flags & (uint8_t)~held_back;
    be16_store(tcp + TCP_CHECKSUM_OFFSET, 0);
    tcp_checksum_complete(tcp, tcp_len, tcpv4_src(ip), tcpv4_dst(ip),
                          checksum_add(0, g->payload, len), len);
}

/* The header always fits, so the next segment has at least one byte, unless the
 * whole has none. */
static void
cut(struct gso *g)
{
    uint32_t len = min_u32(g->len, g->size);

    write_headers(g, len, len == g->len);
    g->next = (struct frame){
        .header = g->header,
        .header_len = g->at.payload,
        .payload = g->payload,
        .len = len,
    };
    g->payload = len == 0 ? g->payload : g->payload + len;
    g->len -= len;
    g->left = g->len > 0;
    g->seq += len;
    g->id++;
    g->flags &= (uint8_t)~TCP_CWR;
}

/* ---- both ---- */

bool
gso_start(struct gso *g, const struct frame *f)
{
    g->left = true;
    g->cuts = false;
    if (f->flags & PACKET_GSO_TCPV4)
        return start_cutting(g, f);
    if (f->flags & PACKET_CSUM_PARTIAL)
        return start_partial(g, f);
    g->next = *f;
    g->next.flags = 0;
    return true;
}

bool
gso_next(struct gso *g, struct frame *out)
{
    if (!g->left)
        return false;
    g->left = false;
    if (g->cuts)
        cut(g);
    *out = g->next;
    return true;
}
