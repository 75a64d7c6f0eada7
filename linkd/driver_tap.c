/* SPDX-License-Identifier: MIT */
/* A TAP device: one system call a frame each way. */
#include "linkd/driver.h"

#include "linkd/vnet.h"

#include <errno.h>

static enum driver_result
tap_write(const struct driver *d, const struct frame *f, enum drop *why)
{
    enum driver_result r = vnet_write(d, VNET_HEADER_LONG, f, why);

    if (r != DRIVER_BROKEN || errno == EBADFD) /* the interface is deleted */
        return r;
    *why = DROP_LINK_DEVICE_ERROR;
    return DRIVER_DROPPED;
}

struct driver
driver_tap(int fd)
{
    return (struct driver){.fd = fd, .read = vnet_read, .write = tap_write};
}
