/* SPDX-License-Identifier: MIT */
/* Living on without a daemon that does not come back. */
#ifndef IPD_ABANDON_H
#define IPD_ABANDON_H

#include "ipd/ipd.h"

/* Once a turn, before its outputs are published: takes back what was passed on
 * to a daemon that the supervisor calls failed, so that it holds nobody's
 * input. */
void abandon_failed(struct ipd *d);

#endif
