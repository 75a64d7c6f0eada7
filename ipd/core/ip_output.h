/* SPDX-License-Identifier: MIT */
/* Packets that leave: where to, and what stands before their payload. */
#ifndef IPD_CORE_IP_OUTPUT_H
#define IPD_CORE_IP_OUTPUT_H

#include "ipd/core/pmtu.h"
#include "proto/drops.h"
#include "proto/wire/ether.h"
#include "proto/wire/ipv4.h"
#include "proto/wire/net.h"
#include "proto/wire/tcp.h"

#include <stdbool.h>
#include <stdint.h>

#define IP_OUTPUT_TTL     64
#define IP_OUTPUT_HEADERS (ETHER_LEN + IPV4_HEADER_LEN)

/* On whose behalf a packet leaves: who hears of it when it cannot. */
enum outgoing_kind {
    OUTGOING_SEGMENT, /* tcpd's */
    OUTGOING_ANSWER,  /* of ours: nobody's */
    OUTGOING_PING,    /* the ping `serial` */
    OUTGOING_FORWARD  /* another host's */
};

/* Bytes that are sent behind an Ethernet header and before the payload: an IPv4
 * header, and what of the payload we wrote ourselves: an ICMP header, or TCP's
 * up to its checksum. */
#define OUTGOING_HEAD (IPV4_HEADER_LEN + 18)

/* A packet that leaves, but for its Ethernet header and its payload. Its IPv4
 * header has no options, or they are a part of the payload (of what is
 * forwarded). */
struct outgoing {
    struct net_path path; /* its mtu is what may leave in one packet */
    struct addr src, dst;
    uint32_t len;         /* bytes of payload, behind head[] */
    uint16_t gso_size;    /* of its text; 0: it is one packet */
    bool csum_partial;    /* its checksum is to be completed: */
    uint16_t csum_start;  /* from the frame's first byte */
    uint16_t csum_offset; /* of the field, from csum_start */
    uint8_t kind;         /* enum outgoing_kind */
    uint8_t from_link;    /* OUTGOING_FORWARD: where it came in */
    uint8_t head_len;
    uint8_t head[OUTGOING_HEAD];
    uint64_t serial; /* OUTGOING_PING */
};

/* Bytes of a segment's header that say how long it is, and a notice's worth. */
#define SEGMENT_HEAD TCP_HEADER_LEN

/* A TCP segment, or several that the device cuts. */
struct segment {
    struct addr src, dst;
    uint32_t len;        /* bytes, transport header included */
    uint32_t header_len; /* of TCP's */
    uint16_t gso_size;   /* bytes of text a segment; 0: it is one segment */
    uint8_t protocol;
};

/* The length of the TCP header that begins so, options included. */
uint32_t ip_output_header_len(const uint8_t head[SEGMENT_HEAD]);

/* May the segment leave, and where to? On DROP_NONE *found is NET_SELF or
 * NET_LINK; on that and on DROP_IP_TOO_BIG *path is filled, its mtu what is known
 * of the way there. */
enum drop ip_output_route(const struct net *net, const struct pmtu_table *t,
                          const struct segment *s, instant_t now,
                          enum net_found *found, struct net_path *path)
    __attribute__((warn_unused_result));

/* The segment as it leaves by `path`: not to be fragmented, `id` its
 * identification. Whether its checksum is partial is the caller's to say, where
 * the field lies is filled in. */
void ip_output_segment(const struct segment *s, const struct net_path *path,
                       uint16_t id, struct outgoing *out);

/* Writes an IPv4 header for a packet of ours with `len` bytes of payload behind
 * it, of which the caller has appended none yet, to out->head. out->path and
 * out->kind are left alone. */
void ip_output_packet(const struct ipv4 *ip, uint32_t len,
                      struct outgoing *out);

/* Completes the checksum in a copy of its payload, which all of TCP or UDP lies
 * in. */
void ip_output_complete(struct outgoing *o, uint8_t *payload);

/* Is it longer than its path allows in one packet? Never what the device cuts,
 * whose size is looked at before. */
bool ip_output_too_long(const struct outgoing *o)
    __attribute__((warn_unused_result));

#endif
