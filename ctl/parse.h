/* SPDX-License-Identifier: MIT */
/* Texts of `skink up` into checked values: addresses, link, CPUs. All of them die
 * with EXIT_USAGE and one line on what cannot be. */
#ifndef CTL_PARSE_H
#define CTL_PARSE_H

#include "proto/shm/conf.h"
#include "proto/shm/layout.h"

/* "10.7.0.2/24" and "10.7.0.1", or NULL for the network's first other address, or
 * "none": address, prefix length and gateway of `net`. */
void parse_network(struct conf_net *net, const char *address,
                   const char *gateway);

/* "tap", "tap:NAME", "veth" or "veth:NAME": net->link_kind and net->link_name. */
void parse_link(struct conf_net *net, const char *link);

/* The CPU of each daemon, -1 for any. NULL: all on the last CPU that this process
 * may use when there are four at most. "none": any. A list like "1" or "0,2-3":
 * dealt out in the daemons' order, again from its beginning when it ends. */
void parse_cpus(int cpu[DAEMONS], const char *list);

#endif
