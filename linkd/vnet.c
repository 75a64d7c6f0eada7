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

/* NEEDS_CSUM says that the sum was never completed, since the frame has not
 * left this machine, DATA_VALID that it was checked. */
static bool
decode_checksum(const struct virtio_net_hdr *v, uint32_t len, struct packet *p)
{
    p->flags = 0;
    p->csum_start = 0;
    p->csum_offset = 0;
    if (v->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
        if ((uint32_t)v->csum_start + v->csum_offset + 2 > len)
            return false;
        p->flags = PACKET_CSUM_VOUCHED | PACKET_CSUM_PARTIAL;
        p->csum_start = v->csum_start;
        p->csum_offset = v->csum_offset;
    } else if (v->flags & VIRTIO_NET_HDR_F_DATA_VALID) {
        p->flags = PACKET_CSUM_VOUCHED;
    }
    return true;
}

/* The ECN bit only says that the first of the segments carries CWR. */
bool
vnet_decode(const struct virtio_net_hdr *v, uint32_t len, struct packet *p)
{
    p->gso_size = 0;
    if (!decode_checksum(v, len, p))
        return false;
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

/* The header is read into private memory, so that frames lie in the region from
 * their first byte on. */
enum driver_result
vnet_read(const struct driver *d, uint8_t *room, uint32_t size,
          struct packet *p, uint32_t *len, enum drop *why)
{
    vnet_t vnet;
    const struct iovec iov[] = {
        {.iov_base = &vnet, .iov_len = sizeof vnet},
        {.iov_base = room, .iov_len = size},
    };
    ssize_t got = readv(d->fd, iov, 2);

    if (got < 0)
        return vnet_error_passes(errno) ? DRIVER_NOTHING : DRIVER_BROKEN;
    *why = DROP_NONE;
    *len = (uint32_t)got - VNET_HEADER_LONG;
    if (got < VNET_HEADER_LONG + ETHERNET_HEADER)
        *why = DROP_LINK_TRUNCATED;
    else if (*len >= size)
        *why = DROP_LINK_OVERSIZE; /* what did not fit is gone */
    else if (!vnet_decode(&vnet.hdr, *len, p))
        *why = DROP_LINK_BAD_VNET_HEADER;
    return *why == DROP_NONE ? DRIVER_DONE : DRIVER_DROPPED;
}

/* ---- out ---- */

/* The length of all headers, a hint for the kernel's memory layout. The TCP
 * header lies in the payload, where it may change under us: nothing depends
 * on the hint. */
static uint16_t
header_hint(const struct frame *f)
{
    uint32_t tcp = f->csum_start - f->header_len + TCP_OFFSET_BYTE;

    if (f->csum_start < f->header_len || tcp >= f->len)
        return 0;
    return (uint16_t)(f->csum_start + (f->payload[tcp] >> 4) * 4);
}

/* A segmented frame is always one whose sums are to be completed. */
static bool
encode(const struct frame *f, vnet_t *v)
{
    bool partial = (f->flags & PACKET_CSUM_PARTIAL) != 0;

    *v = (vnet_t){.hdr.gso_type = VIRTIO_NET_HDR_GSO_NONE};
    if (partial) {
        v->hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        v->hdr.csum_start = f->csum_start;
        v->hdr.csum_offset = f->csum_offset;
    }
    if (!(f->flags & PACKET_GSO_TCPV4))
        return true;
    v->hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
    v->hdr.gso_size = f->gso_size;
    v->hdr.hdr_len = header_hint(f);
    return partial;
}

/* writev(2) only reads, whatever the type says. */
static struct iovec
gathered(const uint8_t *bytes, size_t len)
{
    return (struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
}

enum driver_result
vnet_write(const struct driver *d, size_t header, const struct frame *f,
           enum drop *why)
{
    vnet_t vnet;
    const struct iovec iov[] = {
        {.iov_base = &vnet, .iov_len = header},
        gathered(f->header, f->header_len),
        gathered(f->payload, f->len),
    };

    CHECK(header <= sizeof vnet);
    if (!encode(f, &vnet)) {
        *why = DROP_LINK_BAD_DESCRIPTOR;
        return DRIVER_DROPPED;
    }
    if (writev(d->fd, iov, f->len > 0 ? 3 : 2) >= 0)
        return DRIVER_DONE;
    return vnet_error_passes(errno) ? DRIVER_NOTHING : DRIVER_BROKEN;
}
