/* SPDX-License-Identifier: MIT */
/* Virtio-net headers (Virtio 1.2, 5.1.6), which TAPs, packet sockets and pairs
 * put before each frame. */
#ifndef LINKD_VNET_H
#define LINKD_VNET_H

#include "linkd/driver.h"

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>

/* The header without and with its count of buffers, which says nothing here. */
#define VNET_HEADER_SHORT 10
#define VNET_HEADER_LONG  12

#define ETHERNET_HEADER 14 /* bytes, the shortest frame */

/* What the header says of a received frame of `len` bytes into p's flags,
 * gso_size, csum_start and csum_offset. False: its segmentation is none that we
 * know, or its checksum lies beyond the frame. */
bool vnet_decode(const struct virtio_net_hdr *v, uint32_t len, struct packet *p)
    __attribute__((warn_unused_result));

/* driver->read by readv(2), behind a header of VNET_HEADER_LONG bytes.
 * DRIVER_BROKEN stands for every error that waiting does not cure: what errno
 * says then is the driver's to judge. */
enum driver_result vnet_read(const struct driver *d, uint8_t *room,
                             uint32_t size, struct packet *p, uint32_t *len,
                             enum drop *why);

/* driver->write by writev(2), behind a header of `header` bytes, one of the two
 * sizes. DRIVER_BROKEN likewise. */
enum driver_result vnet_write(const struct driver *d, size_t header,
                              const struct frame *f, enum drop *why);

/* Is it cured by waiting? */
bool vnet_error_passes(int error);

#endif
