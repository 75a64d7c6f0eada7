/* SPDX-License-Identifier: MIT */
/* Regions: sealed memory files with exactly one writer. */
#ifndef PROTO_SHM_REGION_H
#define PROTO_SHM_REGION_H

#include "proto/shm/layout.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define REGION_MAGIC 0x4b4e4b53 /* "SKNK" */

/* First bytes of every region, written once at creation, `magic` last. */
struct region_header {
    _Atomic uint32_t magic;
    uint32_t abi; /* SHM_ABI */
    uint32_t id;  /* enum region_id, or a client's */
    uint32_t spare;
    uint64_t size;  /* of the whole region, bytes */
    uint64_t epoch; /* of the instance: random, the same in all its regions */
    uint8_t unused[96];
};
static_assert(sizeof(struct region_header) == SHM_LINE, "shm ABI v1");

/* One process's mapping of one region. `base` is NULL when not mapped. */
struct region {
    uint8_t *base;
    size_t size; /* as mapped; trusted, unlike the header's */
    uint32_t id;
    bool writable;
};

/* Supervisor only. A new memory file of `size` bytes (rounded up to pages),
 * mode 0400, sealed against growing, shrinking and further seals, its header
 * written. Returns a writable descriptor, or -1 with errno. */
int region_create(uint32_t id, size_t size, uint64_t epoch);

/* Supervisor only. A descriptor of the same file that cannot write, whatever
 * its holder tries. -1 with errno. */
int region_reopen_readonly(int fd);

/* Maps the region behind `fd`; checks seals, size, magic, ABI and id; keeps
 * its pages out of core dumps and of forked children. The descriptor stays
 * open and is no longer needed. False (errno set, EPROTO for a bad header):
 * nothing mapped. */
bool region_map(struct region *r, int fd, uint32_t id, bool writable)
    __attribute__((warn_unused_result));

void region_unmap(struct region *r);

/* The bytes [offset, offset + len), or NULL when they do not lie in the region
 * behind its header. Offset and length may be hostile. */
static inline void *
region_at(const struct region *r, uint64_t offset, uint64_t len)
{
    if (r->base == NULL || offset < SHM_LINE || offset > r->size ||
        len > r->size - offset)
        return NULL;
    return r->base + offset;
}

/* Copies from memory that its writer may change at any moment. After it the
 * compiler knows nothing about `to` but that it is there, so that what is
 * checked is what is used: nothing is fetched from `from` a second time. */
static inline void
region_copy_once(void *to, const void *from, size_t len)
{
    memcpy(to, from, len);
    __asm__ volatile("" : : "r"(to) : "memory");
}

#endif
