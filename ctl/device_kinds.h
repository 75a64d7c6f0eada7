/* SPDX-License-Identifier: MIT */
/* The kinds of device behind device_open. */
#ifndef CTL_DEVICE_KINDS_H
#define CTL_DEVICE_KINDS_H

#include "proto/shm/conf.h"

#include <stdbool.h>

/* Attaches to the TAP net->link_name; makes it when it is not there. Returns its
 * descriptor, non-blocking; *found says whether it was there. Dies with a hint. */
int device_tap(const struct conf_net *net, bool *found);

/* Makes a veth pair in this namespace, which is the instance's own. One end is
 * the kernel's, named net->link_name and down; the other is up, and the kernel
 * leaves it alone. Returns a packet socket on that one, non-blocking. Dies with a
 * hint. */
int device_veth(const struct conf_net *net);

#endif
