/* SPDX-License-Identifier: MIT */
/* Turns an IP payload into a segment, or says why it is none. */
#include "tcpd/core/segment.h"

#include "base/bits.h"

#include <string.h>

/* Where TCP can come from: a single host (RFC 9293 3.9.2.3, MUST-57). */
static bool
is_unicast(const struct addr *a)
{
    return !addr_is_group(*a) && !addr_is_any(*a);
}

enum drop
segment_parse(struct segment *seg, const struct addr *src,
              const struct addr *dst, const uint8_t *bytes, uint32_t len,
              bool vouched)
{
    uint8_t copy[TCP_HEADER_MAX];
    uint32_t copied = min_u32(len, sizeof copy);
    struct tcp_header h;
    enum drop why;

    memcpy(copy, bytes, copied);
    if ((why = tcp_decode(copy, copied, &h)) != DROP_NONE)
        return why;
    if (!vouched && !tcp_checksum_ok(bytes, len, *src, *dst))
        return DROP_TCP_BAD_CHECKSUM;
    if (!is_unicast(src) || !is_unicast(dst))
        return DROP_TCP_NOT_UNICAST;
    *seg = (struct segment){
        .src = *src,
        .dst = *dst,
        .src_port = h.src_port,
        .dst_port = h.dst_port,
        .seq = seq(h.seq),
        .ack = seq(h.ack),
        .wnd = h.window,
        .flags = h.flags,
        .opt = h.opt,
        .text = bytes + h.header_len,
        .len = len - h.header_len,
    };
    return DROP_NONE;
}
