/* SPDX-License-Identifier: MIT */
/* What people see of ipd in ipd.view: neighbours and paths. Pings are ping.h's. */
#ifndef IPD_SHOW_H
#define IPD_SHOW_H

#include "ipd/ipd.h"

/* Boot only: writes every row, also where a predecessor left one. */
void show_all(struct ipd *d, instant_t now);

/* Writes the rows that have changed. */
void show_changes(struct ipd *d, instant_t now);

#endif
