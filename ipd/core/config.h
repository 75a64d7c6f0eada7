/* SPDX-License-Identifier: MIT */
/* Our place in the network, as the core needs to know it. */
#ifndef IPD_CORE_CONFIG_H
#define IPD_CORE_CONFIG_H

#include "proto/wire/addr.h"

#include <stdint.h>

/* Fixed for the life of the process. */
struct ip_config {
    struct addr address; /* ours, IPv4 */
    struct addr gateway; /* any: no default route */
    uint32_t prefix_len; /* of the connected network, at most 32 */
    uint32_t mtu;        /* of the link, bytes of IP packet */
    struct mac mac;      /* ours on the link */
};

#endif
