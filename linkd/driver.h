/* SPDX-License-Identifier: MIT */
/* A device as the pump sees it: frames with their offload metadata, one a call.
 * A driver holds no frame between calls. */
#ifndef LINKD_DRIVER_H
#define LINKD_DRIVER_H

#include "proto/drops.h"
#include "proto/shm/packet.h"

#include <stdint.h>

enum driver_result {
    DRIVER_DONE,    /* one frame went through */
    DRIVER_NOTHING, /* not now: poll the descriptor */
    DRIVER_DROPPED, /* one frame is lost, *why says why */
    DRIVER_BROKEN   /* the device is gone; errno is set */
};

struct driver {
    int fd;                     /* non-blocking */
    struct packet_slots *slots; /* driver_packet's */

    /* Reads one frame into `room`, `size` bytes; on DRIVER_DONE sets *len and
     * what the device says of it in p: flags and gso_size. */
    enum driver_result (*read)(const struct driver *d, uint8_t *room,
                               uint32_t size, struct packet *p, uint32_t *len,
                               enum drop *why);

    /* Writes the frame that consists of p->header and the p->len bytes at
     * `payload`. Never waits. */
    enum driver_result (*write)(const struct driver *d, const struct packet *p,
                                const uint8_t *payload, enum drop *why);
};

/* A TAP device that is open, attached and configured: IFF_TAP | IFF_NO_PI |
 * IFF_VNET_HDR, a header of 12 bytes, offloads set. */
struct driver driver_tap(int fd);

#endif
