/* SPDX-License-Identifier: MIT */
/* The device of an instance: a TAP, or one end of a veth pair. */
#ifndef CTL_DEVICE_H
#define CTL_DEVICE_H

#include "proto/shm/conf.h"

#include <stdbool.h>

/* Opens the device that net->link_kind and net->link_name say; if it had to be
 * created, gives its kernel side the gateway's address and brings it up. Fills in
 * net->mac and net->offloads. Returns its descriptor, non-blocking; dies with a
 * hint when it cannot be had or an address is taken. */
int device_open(struct conf_net *net);

/* May this process open TAP devices? False: errno says why not. */
bool device_has_tap(void) __attribute__((warn_unused_result));

#endif
