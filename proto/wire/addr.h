/* SPDX-License-Identifier: MIT */
/* Internet and hardware addresses as values, and their text. */
#ifndef PROTO_WIRE_ADDR_H
#define PROTO_WIRE_ADDR_H

#include "proto/wire/be.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* An IPv6 address, or an IPv4 one mapped into it (::ffff:a.b.c.d, RFC 4291
 * 2.5.5.2). Always 16 bytes in network order, comparable byte by byte. */
struct addr {
    uint8_t b[16];
};

struct mac {
    uint8_t b[6];
};

#define ADDR_TEXT 46 /* bytes that addr_format needs, with the final NUL */
#define MAC_TEXT  18 /* bytes that mac_format needs, with the final NUL */

/* 10.0.0.1 is addr_v4(0x0a000001). */
static inline struct addr
addr_v4(uint32_t host_order)
{
    struct addr a = {.b = {[10] = 0xff, [11] = 0xff}};

    be32_store(a.b + 12, host_order);
    return a;
}

static inline bool
addr_is_v4(struct addr a)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    return memcmp(a.b, mapped, sizeof mapped) == 0;
}

/* The IPv4 address in host order; of an IPv6 address its last 32 bits. */
static inline uint32_t
addr_to_v4(struct addr a)
{
    return be32_load(a.b + 12);
}

static inline bool
addr_equal(struct addr a, struct addr b)
{
    return memcmp(a.b, b.b, sizeof a.b) == 0;
}

/* 0.0.0.0 */
static inline struct addr
addr_any_v4(void)
{
    return addr_v4(0);
}

/* Is it 0.0.0.0 or ::, "no address"? */
static inline bool
addr_is_any(struct addr a)
{
    static const struct addr any_v6;

    return addr_equal(a, addr_any_v4()) || addr_equal(a, any_v6);
}

/* Is it 224.0.0.0/4, 255.255.255.255 or ff00::/8? The broadcast address of a
 * subnet takes its mask to know. */
static inline bool
addr_is_group(struct addr a)
{
    if (!addr_is_v4(a))
        return a.b[0] == 0xff;
    return a.b[12] >> 4 == 0xe || addr_to_v4(a) == UINT32_MAX;
}

/* Four decimal numbers of 0 to 255, three dots, nothing else: no leading
 * zeros (which some read as octal), no spaces. False, and *a untouched, when
 * `text` is anything else. */
bool addr_parse_v4(const char *text, struct addr *a)
    __attribute__((warn_unused_result));

/* Dotted quad for IPv4, RFC 5952 for IPv6. Returns `out`. */
const char *addr_format(char out[ADDR_TEXT], struct addr a);

static inline bool
mac_equal(struct mac a, struct mac b)
{
    return memcmp(a.b, b.b, sizeof a.b) == 0;
}

/* ff:ff:ff:ff:ff:ff */
static inline struct mac
mac_broadcast(void)
{
    return (struct mac){.b = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
}

/* Is it broadcast or multicast? Never a sender's own address. */
static inline bool
mac_is_group(struct mac m)
{
    return (m.b[0] & 1) != 0;
}

/* Lower case, colons. Returns `out`. */
const char *mac_format(char out[MAC_TEXT], struct mac m);

#endif
