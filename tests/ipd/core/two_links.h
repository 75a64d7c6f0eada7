/* SPDX-License-Identifier: MIT */
/* A network of two links for tests: 10.7.0.2/24 on the first, 192.0.2.1/30 on
 * the second, a default route by way of 10.7.0.1. */
#ifndef TESTS_IPD_CORE_TWO_LINKS_H
#define TESTS_IPD_CORE_TWO_LINKS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs those before it */

#include "base/time.h"
#include "proto/wire/net.h"

#define OURS       0x0a070002u
#define OUR_SECOND 0xc0000201u
#define PEER       0x0a070009u
#define FAR        0xc6336407u /* 198.51.100.7 */

static inline struct net
two_links(void)
{
    return (struct net){
        .links = 2,
        .addresses = 2,
        .routes = 1,
        .link = {{.name = "net0", .mac = {{2, 0, 0, 7, 0, 2}}, .mtu = 1500},
                 {.name = "net1", .mac = {{2, 0, 0, 7, 1, 2}}, .mtu = 1500}},
        .address = {{addr_v4(OURS), 24, 0}, {addr_v4(OUR_SECOND), 30, 1}},
        .route = {{.dst = addr_v4(0),
                   .gateway = addr_v4(0x0a070001),
                   .source = addr_v4(0)}},
    };
}

static inline instant_t
after_ms(int64_t ms)
{
    return instant_add((instant_t){INT64_C(1000000000000)}, duration_ms(ms));
}

#endif
