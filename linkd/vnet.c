/* SPDX-License-Identifier: MIT */
/* Packet descriptors to and from virtio-net headers.
 *
 * The kernel behind such a header neither cuts nor sums what it says need not
 * be: a frame carries up to 64 KiB in both directions, and checksums of frames
 * that never saw a wire are vouched for rather than computed. */
#include "linkd/vnet.h"

#include "base/check.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

typedef struct virtio_net_hdr_mrg_rxbuf vnet_t; /* num_buffers is not used */
static_assert(sizeof(vnet_t) == VNET_HEADER_LONG, "Virtio 1.2, 5.1.6");
static_assert(sizeof(struct virtio_net_hdr) == VNET_HEADER_SHORT,
              "the long header begins with the short one");

#define TCP_OFFSET_BYTE 12 /* of the TCP header: its length in words */

bool
vnet_error_passes(int error)
{
    return error == EAGAIN || error == EINTR || error == ENOBUFS ||
           error == ENOMEM;
}

/* ---- in ---- */

/* NEEDS_CSUM says that the sum was never computed, since the frame has not
 * left this machine, DATA_VALID that it was checked. The ECN bit only says that
 * the first of the segments carries CWR. */
bool
vnet_decode(const struct virtio_net_hdr *v, struct packet *p)
{
    const unsigned vouched =
        VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID;

    p->flags = (v->flags & vouched) != 0 ? PACKET_CSUM_VOUCHED : 0;
    p->gso_size = 0;
    switch (v->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
    case VIRTIO_NET_HDR_GSO_NONE:
        return true;
    case VIRTIO_NET_HDR_GSO_TCPV4:
        p->flags |= PACKET_GSO_TCPV4;
        p->gso_size = v->gso_size;
        return p->gso_size > 0;
    default:
        return false;
    }
}

/* ---- out ---- */

/* The length of all headers, a hint for the kernel's memory layout. The TCP
 * header lies in the payload, where it may change under us: nothing depends
 * on the hint. */
static uint16_t
header_hint(const struct packet *p, const uint8_t *payload)
{
    uint32_t tcp = p->csum_start - (uint32_t)p->header_len + TCP_OFFSET_BYTE;

    if (p->csum_start < p->header_len || tcp >= p->len)
        return 0;
    return (uint16_t)(p->csum_start + (payload[tcp] >> 4) * 4);
}

/* A segmented frame is always one whose sums are to be completed. */
static bool
encode(const struct packet *p, const uint8_t *payload, vnet_t *v)
{
    bool partial = (p->flags & PACKET_CSUM_PARTIAL) != 0;

    *v = (vnet_t){.hdr.gso_type = VIRTIO_NET_HDR_GSO_NONE};
    if (partial) {
        v->hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        v->hdr.csum_start = p->csum_start;
        v->hdr.csum_offset = p->csum_offset;
    }
    if (!(p->flags & PACKET_GSO_TCPV4))
        return true;
    v->hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
    v->hdr.gso_size = p->gso_size;
    v->hdr.hdr_len = header_hint(p, payload);
    return partial;
}

enum driver_result
vnet_write(const struct driver *d, size_t header, const struct packet *p,
           const uint8_t *payload, enum drop *why)
{
    uint8_t headers[PACKET_HEADER];
    vnet_t vnet;
    const struct iovec iov[] = {
        {.iov_base = &vnet, .iov_len = header},
        {.iov_base = headers, .iov_len = p->header_len},
        {.iov_base = (void *)(uintptr_t)payload, .iov_len = p->len},
    };

    CHECK(header <= sizeof vnet);
    memcpy(headers, p->header, sizeof headers);
    if (!encode(p, payload, &vnet)) {
        *why = DROP_LINK_BAD_DESCRIPTOR;
        return DRIVER_DROPPED;
    }
    if (writev(d->fd, iov, p->len > 0 ? 3 : 2) >= 0)
        return DRIVER_DONE;
    return vnet_error_passes(errno) ? DRIVER_NOTHING : DRIVER_BROKEN;
}
