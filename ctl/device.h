/* SPDX-License-Identifier: MIT */
/* The devices behind an instance's links. */
#ifndef CTL_DEVICE_H
#define CTL_DEVICE_H

#include "proto/wire/net.h"

#include <stdbool.h>
#include <stdint.h>

#define DEVICE_NAME 108 /* bytes; a path as long as a socket's can be */

struct device {
    char name[DEVICE_NAME]; /* the interface's, or the path of a pair */
    struct addr peer; /* for the kernel's side of what has to be made; any:
                               it gets no address */
};

/* Opens the device of link number `link` as its kind says. What has to be made
 * is brought up, its kernel side with device->peer. Fills in the link's MAC
 * address, and its MTU and offloads when the device does not leave the choice.
 * Returns a descriptor, non-blocking; dies with a hint when the device cannot be
 * had or an address is taken. */
int device_open(struct net *net, uint32_t link, const struct device *device);

/* May this process open TAP devices? False: errno says why not. */
bool device_has_tap(void) __attribute__((warn_unused_result));

/* Takes away what would outlive the process. */
void device_leave(void);

#endif
