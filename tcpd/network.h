/* SPDX-License-Identifier: MIT */
/* The network and the defaults that the core works with, as the supervisor last
 * showed them. */
#ifndef TCPD_NETWORK_H
#define TCPD_NETWORK_H

#include "proto/shm/conf.h"
#include "tcpd/core/tcp.h"

#include <stdbool.h>
#include <stdint.h>

struct network {
    struct net net;   /* always whole: the core's config points here */
    uint64_t version; /* of the tables last seen */
    struct conf_tables tables;
};

/* Before the first look: no links, no addresses, no routes. */
void network_init(struct network *n);

/* Once a turn. Defaults for new connections go into *config at once. True: the net
 * is another one than before, and the core has to be told. Tables that are not
 * whole change nothing. */
bool network_look(struct network *n, const struct conf_shm *conf,
                  struct tcp_config *config)
    __attribute__((warn_unused_result));

#endif
