/* SPDX-License-Identifier: MIT */
/* Files of packets as Wireshark reads them (draft-ietf-opsawg-pcapng). */
#ifndef CTL_PCAPNG_H
#define CTL_PCAPNG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define PCAPNG_ETHERNET 1 /* LINKTYPE_ETHERNET */
#define PCAPNG_RAW      101 /* LINKTYPE_RAW: the packet begins with its IP header */

/* The file's head; then interfaces in the order of their numbers, from 0; then
 * packets. All return false when the file takes nothing more (errno). */
bool pcapng_begin(FILE *out) __attribute__((warn_unused_result));
bool pcapng_interface(FILE *out, const char *name, uint16_t link_type,
                      uint32_t snap) __attribute__((warn_unused_result));

enum pcapng_way { PCAPNG_UNKNOWN, PCAPNG_INBOUND, PCAPNG_OUTBOUND };

struct pcapng_packet {
    uint32_t interface;
    int64_t unix_ns;
    const uint8_t *bytes;
    uint32_t captured, len;
    enum pcapng_way way;
    const char *comment; /* NULL: none */
};

bool pcapng_packet(FILE *out, const struct pcapng_packet *p)
    __attribute__((warn_unused_result));

#endif
