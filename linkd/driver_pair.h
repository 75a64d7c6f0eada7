/* SPDX-License-Identifier: MIT */
/* Two instances back to back: each has a datagram socket, bound to PATH.0 and
 * to PATH.1, and sends its frames to the other's name. */
#ifndef LINKD_DRIVER_PAIR_H
#define LINKD_DRIVER_PAIR_H

#include "linkd/driver.h"

#include <stdbool.h>
#include <sys/un.h>

/* Boot only: the name of the other end of the socket `fd`. False: it is not
 * bound to a name that ends in ".0" or ".1". */
bool pair_find_peer(int fd, struct sockaddr_un *peer)
    __attribute__((warn_unused_result));

/* An AF_UNIX socket, SOCK_DGRAM, non-blocking and bound. `peer` stays where it
 * is. Who is not there yet, or no longer, is looked for with each frame. */
struct driver driver_pair(int fd, const struct sockaddr_un *peer);

#endif
