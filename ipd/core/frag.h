/* SPDX-License-Identifier: MIT */
/* Reassembly of IPv4 datagrams (RFC 791, RFC 1122 3.3.2) in memory of fixed
 * size, shared fairly among the sources that send fragments. */
#ifndef IPD_CORE_FRAG_H
#define IPD_CORE_FRAG_H

#include "base/time.h"
#include "proto/drops.h"
#include "proto/wire/ipv4.h"

#include <stdbool.h>
#include <stdint.h>

#define FRAG_DATAGRAMS     64   /* unfinished at a time */
#define FRAG_BLOCK         2048 /* bytes of payload */
#define FRAG_BLOCKS        512  /* 1 MiB in all */
#define FRAG_SOURCE_MAX    8    /* datagrams of one source */
#define FRAG_SOURCE_BLOCKS (FRAG_BLOCKS / 4)

#define FRAG_TIMEOUT duration_ms(30000) /* after the first that arrived */
#define FRAG_STALE   duration_ms(2000) /* from then on anybody may push it out */

#define FRAG_PER_DATAGRAM 32 /* blocks of the longest one */
#define FRAG_WORDS        (IPV4_PACKET_MAX / 8 / 64 + 1)
#define FRAG_QUOTE        (IPV4_HEADER_MAX + 8)

enum frag_state {
    FRAG_FREE,
    FRAG_OPEN, /* parts are missing */
    FRAG_WHOLE,
    FRAG_DEAD /* holds nothing but its name, so that no part of it is taken */
};

struct frag_datagram {
    struct addr src, dst; /* with id and proto: whose fragment it is */
    uint16_t id;
    uint8_t proto;
    uint8_t state;    /* enum frag_state */
    uint8_t source;   /* index */
    uint8_t ecn;      /* bit n: a fragment had the ECN codepoint n */
    bool first_held;  /* `ip`, `header`, `link` hold */
    uint16_t blocks;  /* so many of block[] are not FRAG_BLOCKS */
    uint32_t end;     /* bytes of payload in all; 0: not known yet */
    uint32_t highest; /* where the highest fragment held ends */
    uint32_t held;    /* bytes */
    uint32_t link;    /* where the first fragment came in */
    instant_t since;
    struct ipv4 ip; /* of the fragment at offset 0 */
    uint8_t header[IPV4_HEADER_MAX];
    uint16_t block[FRAG_PER_DATAGRAM]; /* by position; FRAG_BLOCKS: none */
};

/* In units of 8 bytes: what is held, and where a fragment starts. */
struct frag_map {
    uint64_t held[FRAG_WORDS];
    uint64_t starts[FRAG_WORDS];
};

struct frag_source {
    struct addr addr;
    uint16_t datagrams; /* 0: the entry is free */
    uint16_t blocks;
};

struct frag_table {
    instant_t next;    /* nothing times out before */
    uint32_t given_up; /* frag_take_given_up() */
    uint16_t free;     /* first free block; FRAG_BLOCKS: none */
    uint16_t free_blocks;
    uint16_t chain[FRAG_BLOCKS]; /* of the free blocks */
    struct frag_source sources[FRAG_DATAGRAMS];
    struct frag_datagram datagrams[FRAG_DATAGRAMS];
    struct frag_map maps[FRAG_DATAGRAMS];
    uint8_t blocks[FRAG_BLOCKS][FRAG_BLOCK];
};

void frag_init(struct frag_table *t);

/* Takes a fragment (ipv4_is_fragment) that came in on `link`, in a frame to us
 * alone, with a destination of ours. `header` are the ip->header_len bytes that
 * `ip` was read from; its total_len - header_len bytes of payload at `payload`
 * are copied once, and may change meanwhile. On DROP_NONE it is held, and
 * *complete is -1, or the datagram that it has completed: read that, and free it
 * before anything else is asked of the table. */
enum drop frag_add(struct frag_table *t, const struct ipv4 *ip,
                   const uint8_t *header, const uint8_t *payload, uint32_t link,
                   instant_t now, int32_t *complete)
    __attribute__((warn_unused_result));

/* The header of the complete datagram as if it had never been cut: the first
 * fragment's with the whole length, congestion that any of them met (RFC 3168
 * 5.3), and header_len with the first one's options. */
struct ipv4 frag_header(const struct frag_table *t, int32_t complete);

/* Bytes of payload: total_len - header_len of that. */
uint32_t frag_len(const struct frag_table *t, int32_t complete);

/* Copies `len` of them, from `offset` on: within frag_len(). */
void frag_read(const struct frag_table *t, int32_t complete, uint32_t offset,
               uint8_t *out, uint32_t len);

void frag_free(struct frag_table *t, int32_t complete);

/* Unfinished datagrams that had to make room since the last call, each of
 * them one DROP_IP_FRAG_QUOTA. */
uint32_t frag_take_given_up(struct frag_table *t);

/* A datagram that stayed unfinished: one DROP_IP_FRAG_TIMEOUT. */
struct frag_expired {
    bool answer; /* the first fragment was held: time exceeded is due, and the
                    rest is filled */
    uint32_t link;
    struct ipv4 ip;             /* of the first fragment */
    uint8_t packet[FRAG_QUOTE]; /* its header and 8 bytes more */
    uint32_t len;
};

/* Takes the next one that is out of time at `now`; false when there is none. */
bool frag_expire(struct frag_table *t, instant_t now, struct frag_expired *out)
    __attribute__((warn_unused_result));

/* When frag_expire() has something to do; INSTANT_NEVER: not before more comes. */
static inline instant_t
frag_deadline(const struct frag_table *t)
{
    return t->next;
}

#endif
