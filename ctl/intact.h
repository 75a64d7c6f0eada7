/* SPDX-License-Identifier: MIT */
/* Is what was copied out of a ring's region from the side a whole copy, or did the
 * region's writer use the memory again meanwhile? */
#ifndef CTL_INTACT_H
#define CTL_INTACT_H

#include "ctl/look.h"
#include "proto/shm/packet.h"

#include <stdbool.h>
#include <stdint.h>

/* What changes when a writer has written bytes that no packet tells of. */
struct intact_mark {
    uint64_t epoch;  /* it died, and began anew */
    uint64_t spoilt; /* it read frames into its area and gave them up */
};

/* Of the producer of `ring`. */
struct intact_mark intact_mark(const struct look *l, enum ring_id ring);

/* A slot, or the bytes that one names, of which a copy was made. */
struct intact {
    enum ring_id ring; /* whose producer gives out that memory */
    uint64_t at;       /* while this position is not released, it does not */
    struct intact_mark mark; /* from before the packet was first seen */
    bool held;               /* it was not released after the copy */
    uint64_t turns;          /* of the producer, after the copy */
};

/* To be called right after the copy, with `ring`, `at` and `mark` set. */
void intact_copied(struct intact *i, const struct look *l);

enum intact_verdict { INTACT_UNKNOWN, INTACT_WHOLE, INTACT_TORN };

/* About a copied slot, and about the copied payload of `p`. Unknown: ask again,
 * when the producer has ended its turn. */
enum intact_verdict intact_slot(const struct intact *i, const struct look *l);
enum intact_verdict intact_payload(const struct intact *i, const struct look *l,
                                   const struct packet *p);

/* What a ring's observer sees of it. */
struct ring_depth intact_depth(const struct look *l, enum ring_id ring);

#endif
