/* SPDX-License-Identifier: MIT */
/* The device of an instance: a TAP with offloads. */
#ifndef CTL_DEVICE_H
#define CTL_DEVICE_H

#include "proto/shm/conf.h"

/* Opens the TAP net->link_name; if it had to be created, gives its kernel side the
 * gateway's address and brings it up. Fills in net->mac and net->offloads.
 * Returns its descriptor, non-blocking; dies with a hint when it cannot be had
 * or an address is taken. */
int device_open(struct conf_net *net);

#endif
