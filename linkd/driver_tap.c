/* SPDX-License-Identifier: MIT */
/* TAP with virtio-net headers (Virtio 1.2, 5.1.6).
 *
 * The kernel behind a TAP neither cuts nor sums what the header says need not
 * be: a frame carries up to 64 KiB in both directions, and checksums of frames
 * that never saw a wire are vouched for rather than computed. Every frame is
 * one system call each way. The header is read into private memory, so that
 * frames lie in the region from their first byte on. */
#include "linkd/driver.h"

#include <assert.h>
#include <errno.h>
#include <linux/virtio_net.h>
#include <stdbool.h>
#include <string.h>
#include <sys/uio.h>

typedef struct virtio_net_hdr_mrg_rxbuf vnet_t; /* num_buffers is not used */
static_assert(sizeof(vnet_t) == TAP_VNET_HEADER, "as TUNSETVNETHDRSZ says");

#define ETHERNET_HEADER 14
#define TCP_OFFSET_BYTE 12 /* of the TCP header: its length in words */

/* ---- in ---- */

/* NEEDS_CSUM says that the sum was never computed, since the frame has not
 * left this machine, DATA_VALID that it was checked. The ECN bit only says that
 * the first of the segments carries CWR. */
static bool
read_vnet(const vnet_t *v, struct packet *p)
{
    const unsigned vouched =
        VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID;

    p->flags = (v->hdr.flags & vouched) != 0 ? PACKET_CSUM_VOUCHED : 0;
    p->gso_size = 0;
    switch (v->hdr.gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
    case VIRTIO_NET_HDR_GSO_NONE:
        return true;
    case VIRTIO_NET_HDR_GSO_TCPV4:
        p->flags |= PACKET_GSO_TCPV4;
        p->gso_size = v->hdr.gso_size;
        return p->gso_size > 0;
    default:
        return false;
    }
}

static bool
is_passing(int error)
{
    return error == EAGAIN || error == EINTR || error == ENOBUFS ||
           error == ENOMEM;
}

static enum driver_result
tap_read(const struct driver *d, uint8_t *room, uint32_t size, struct packet *p,
         uint32_t *len, enum drop *why)
{
    vnet_t vnet;
    const struct iovec iov[] = {
        {.iov_base = &vnet, .iov_len = sizeof vnet},
        {.iov_base = room, .iov_len = size},
    };
    ssize_t got = readv(d->fd, iov, 2);

    if (got < 0)
        return is_passing(errno) ? DRIVER_NOTHING : DRIVER_BROKEN;
    *why = DROP_NONE;
    if ((size_t)got < sizeof vnet + ETHERNET_HEADER)
        *why = DROP_LINK_TRUNCATED;
    else if ((size_t)got - sizeof vnet >= size)
        *why = DROP_LINK_OVERSIZE; /* what did not fit is gone */
    else if (!read_vnet(&vnet, p))
        *why = DROP_LINK_BAD_VNET_HEADER;
    if (*why != DROP_NONE)
        return DRIVER_DROPPED;
    *len = (uint32_t)((size_t)got - sizeof vnet);
    return DRIVER_DONE;
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
write_vnet(const struct packet *p, const uint8_t *payload, vnet_t *v)
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

static enum driver_result
tap_write(const struct driver *d, const struct packet *p,
          const uint8_t *payload, enum drop *why)
{
    uint8_t header[PACKET_HEADER];
    vnet_t vnet;
    const struct iovec iov[] = {
        {.iov_base = &vnet, .iov_len = sizeof vnet},
        {.iov_base = header, .iov_len = p->header_len},
        {.iov_base = (void *)(uintptr_t)payload, .iov_len = p->len},
    };

    memcpy(header, p->header, sizeof header);
    if (!write_vnet(p, payload, &vnet)) {
        *why = DROP_LINK_BAD_DESCRIPTOR;
        return DRIVER_DROPPED;
    }
    if (writev(d->fd, iov, p->len > 0 ? 3 : 2) >= 0)
        return DRIVER_DONE;
    if (is_passing(errno))
        return DRIVER_NOTHING;
    if (errno == EBADFD) /* the interface is deleted */
        return DRIVER_BROKEN;
    *why = DROP_LINK_DEVICE_ERROR;
    return DRIVER_DROPPED;
}

struct driver
driver_tap(int fd)
{
    return (struct driver){.fd = fd, .read = tap_read, .write = tap_write};
}
