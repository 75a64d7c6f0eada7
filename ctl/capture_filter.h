/* SPDX-License-Identifier: MIT */
/* tcpdump's filters (pcap-filter(7)) for captured packets. */
#ifndef CTL_CAPTURE_FILTER_H
#define CTL_CAPTURE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#define CAPTURE_MAX 262144 /* bytes of a packet */

/* The words of a filter may stand unquoted, as tcpdump takes them; up to `n`, or
 * to the first that is NULL. None: everything passes. Dies with EXIT_USAGE when
 * they are no filter. */
void capture_filter(const char *const *words, int n);

/* `ethernet`: begins with an Ethernet header, else with an IP header. */
bool capture_passes(bool ethernet, const uint8_t *bytes, uint32_t captured,
                    uint32_t len);

#endif
