/* SPDX-License-Identifier: MIT */
/* A device as the pump sees it: frames with their offload metadata, one a call.
 * A driver holds no frame between calls. */
#ifndef LINKD_DRIVER_H
#define LINKD_DRIVER_H

#include "linkd/frame.h"
#include "proto/drops.h"
#include "proto/shm/packet.h"

#include <stdint.h>

struct sockaddr_un;

enum driver_result {
    DRIVER_DONE,    /* one frame went through */
    DRIVER_NOTHING, /* not now: poll the descriptor */
    DRIVER_DROPPED, /* one frame is lost, *why says why */
    DRIVER_BROKEN   /* the device is gone; errno is set */
};

struct driver {
    int fd;                         /* non-blocking */
    struct packet_slots *slots;     /* driver_packet's */
    const struct sockaddr_un *peer; /* driver_pair's */

    /* Reads one frame into `room`, `size` bytes; on DRIVER_DONE sets *len and
     * what the device says of it in p: flags, gso_size, csum_start and
     * csum_offset, all of which fit the frame. */
    enum driver_result (*read)(const struct driver *d, uint8_t *room,
                               uint32_t size, struct packet *p, uint32_t *len,
                               enum drop *why);

    /* Writes one frame. Never waits. */
    enum driver_result (*write)(const struct driver *d, const struct frame *f,
                                enum drop *why);

    /* NULL, or to be called once in a while: what is behind the device may have
     * been replaced without a word. */
    void (*look)(const struct driver *d);
};

/* A TAP device that is open, attached and configured: IFF_TAP | IFF_NO_PI |
 * IFF_VNET_HDR, a header of 12 bytes; offloads as the link has them. */
struct driver driver_tap(int fd);

#endif
