/* SPDX-License-Identifier: MIT */
/* One line about a packet, in tcpdump's words. */
#ifndef CTL_DISSECT_H
#define CTL_DISSECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISSECT_TEXT 256

/* `captured` bytes of a packet of `len`, which begins with an Ethernet header or,
 * when not `ethernet`, with an IPv4 one. Any bytes at all. Returns `out`. */
const char *dissect(char out[DISSECT_TEXT], const uint8_t *bytes,
                    uint32_t captured, uint32_t len, bool ethernet);

#endif
