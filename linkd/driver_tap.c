/* SPDX-License-Identifier: MIT */
/* A TAP device: one system call a frame each way. The header is read into
 * private memory, so that frames lie in the region from their first byte on. */
#include "linkd/driver.h"

#include "linkd/vnet.h"

#include <assert.h>
#include <errno.h>
#include <sys/uio.h>

static enum driver_result
tap_read(const struct driver *d, uint8_t *room, uint32_t size, struct packet *p,
         uint32_t *len, enum drop *why)
{
    struct virtio_net_hdr_mrg_rxbuf vnet;
    const struct iovec iov[] = {
        {.iov_base = &vnet, .iov_len = sizeof vnet},
        {.iov_base = room, .iov_len = size},
    };
    ssize_t got = readv(d->fd, iov, 2);

    static_assert(sizeof vnet == VNET_HEADER_LONG, "as TUNSETVNETHDRSZ says");
    if (got < 0)
        return vnet_error_passes(errno) ? DRIVER_NOTHING : DRIVER_BROKEN;
    *why = DROP_NONE;
    if ((size_t)got < sizeof vnet + ETHERNET_HEADER)
        *why = DROP_LINK_TRUNCATED;
    else if ((size_t)got - sizeof vnet >= size)
        *why = DROP_LINK_OVERSIZE; /* what did not fit is gone */
    else if (!vnet_decode(&vnet.hdr, p))
        *why = DROP_LINK_BAD_VNET_HEADER;
    if (*why != DROP_NONE)
        return DRIVER_DROPPED;
    *len = (uint32_t)((size_t)got - sizeof vnet);
    return DRIVER_DONE;
}

static enum driver_result
tap_write(const struct driver *d, const struct packet *p,
          const uint8_t *payload, enum drop *why)
{
    enum driver_result r = vnet_write(d, VNET_HEADER_LONG, p, payload, why);

    if (r != DRIVER_BROKEN || errno == EBADFD) /* the interface is deleted */
        return r;
    *why = DROP_LINK_DEVICE_ERROR;
    return DRIVER_DROPPED;
}

struct driver
driver_tap(int fd)
{
    return (struct driver){.fd = fd, .read = tap_read, .write = tap_write};
}
