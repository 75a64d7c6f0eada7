/* SPDX-License-Identifier: MIT */
/* The neighbours on the links: which MAC address stands for which IPv4 address,
 * how that is found out and how long it is believed. */
#ifndef IPD_CORE_NEIGH_H
#define IPD_CORE_NEIGH_H

#include "base/time.h"
#include "proto/wire/net.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define NEIGH_MAX   256
#define NEIGH_HINTS 256 /* power of two */

#define NEIGH_UNANSWERED (NEIGH_MAX / 2) /* entries of who does not answer */

enum neigh_state {
    NEIGH_FREE,
    NEIGH_INCOMPLETE, /* asked for, no answer yet */
    NEIGH_REACHABLE,  /* known, and confirmed lately */
    NEIGH_STALE,      /* known, but doubtful: asked for when it is used */
    NEIGH_PROBE,      /* known, used, and asked for once more */
    NEIGH_FAILED      /* did not answer; not asked again for a moment */
};

struct neigh {
    struct addr addr;
    struct mac mac; /* when it is known */
    uint8_t link;
    uint8_t state;       /* enum neigh_state */
    uint8_t tries;       /* requests sent since it was last known */
    bool save, show;     /* it is not what was saved, or shown, last */
    uint32_t dropped;    /* packets that waited for it in vain */
    instant_t since;     /* in this state */
    instant_t deadline;  /* of this state */
    instant_t used;      /* last sent to; 0: never */
    instant_t confirmed; /* last answer; 0: never */
    instant_t told;      /* last notice that it is dead; 0: never */
};

struct neigh_table {
    const struct net *net;
    instant_t next;             /* nothing is due before */
    uint32_t to_save, to_show;  /* how many entries are */
    uint16_t hint[NEIGH_HINTS]; /* by address: try here first */
    struct neigh entries[NEIGH_MAX];
};

/* `net` outlives the table; when it changes, neigh_review() is called. */
void neigh_init(struct neigh_table *t, const struct net *net);

/* Forgets who is no neighbour any more. */
void neigh_review(struct neigh_table *t);

enum neigh_found {
    NEIGH_KNOWN,   /* *mac is where to send */
    NEIGH_ASKED,   /* will be known or unreachable before long */
    NEIGH_DEAD,    /* did not answer lately */
    NEIGH_NO_ROOM, /* every entry that it could have is busy */
};

/* For a packet that is to be sent now; asks for the address when need be.
 * `addr` is one for which net_is_neighbour holds. */
enum neigh_found neigh_resolve(struct neigh_table *t, uint32_t link,
                               struct addr addr, instant_t now, struct mac *mac)
    __attribute__((warn_unused_result));

/* The same without asking anybody, for a packet that has waited: what nobody
 * asks for any more is dead. */
enum neigh_found neigh_look(struct neigh_table *t, uint32_t link,
                            struct addr addr, struct mac *mac)
    __attribute__((warn_unused_result));

/* A packet for it was given up. Returns whether its sender is to be told: once
 * a second at most for those that did not wait. */
bool neigh_gave_up(struct neigh_table *t, uint32_t link, struct addr addr,
                   instant_t now) __attribute__((warn_unused_result));

/* When something happens to the entry next: of one that has failed, when it may
 * be asked again. */
instant_t neigh_turns_at(const struct neigh *n);

/* A reply on `link` said that `addr` is at `mac`. False: nobody asked, nothing
 * is learnt; of several replies to one request the first holds. */
bool neigh_confirm(struct neigh_table *t, uint32_t link, struct addr addr,
                   struct mac mac, instant_t now)
    __attribute__((warn_unused_result));

/* A request said so in passing. It is believed where nothing else is known;
 * where it contradicts, the neighbour is asked again. It pushes out no entry in
 * use, however many of them come. */
void neigh_claim(struct neigh_table *t, uint32_t link, struct addr addr,
                 struct mac mac, instant_t now);

/* A request to be sent. */
struct neigh_request {
    struct addr addr;
    struct mac mac; /* to whom: broadcast, or where the neighbour was last */
    uint32_t link;
};

/* Takes the next request that is due at `now`; false when there is none. Here
 * the entries whose last try went unanswered fail, what was not confirmed for
 * long becomes stale, and what nobody uses is forgotten. */
bool neigh_pull_request(struct neigh_table *t, instant_t now,
                        struct neigh_request *out)
    __attribute__((warn_unused_result));

/* When neigh_pull_request has something to do next. */
static inline instant_t
neigh_deadline(const struct neigh_table *t)
{
    return t->next;
}

/* What outlives the process, an entry each: all zero when nothing is known. */
struct neigh_saved {
    struct addr addr;
    struct mac mac;
    uint8_t known; /* 0 or 1 */
    uint8_t link;
};
static_assert(sizeof(struct neigh_saved) == 24, "ipd.state v1");

/* Takes the entries that changed, one a call, for saving: the index, or -1. */
int neigh_take_changed(struct neigh_table *t, struct neigh_saved *out);

/* Takes the entries that people do not see as they are, one a call: the index
 * in entries[], or -1. */
int neigh_take_unseen(struct neigh_table *t);

/* Boot only. What was known is used at once and asked for at its first use, so
 * that a restart costs no packet. False: it is nothing that could be known. */
bool neigh_restore(struct neigh_table *t, uint32_t index,
                   const struct neigh_saved *saved, instant_t now);

#endif
