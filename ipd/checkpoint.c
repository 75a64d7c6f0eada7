/* SPDX-License-Identifier: MIT */
/* The whole of ipd's crash safety.
 *
 * A turn takes packets off some rings, stages packets on others, and becomes
 * true when the positions that it ends at do, by one store. Killed before,
 * it never happened: the staged packets lie beyond the published tails, and
 * the successor takes the same input again. Killed after, the successor
 * publishes the recorded positions: the staged packets are in place. So each
 * packet is passed on exactly once. Counters are not part of it; they may be
 * ahead by one killed turn.
 *
 * So are the pings: a ping goes out with the turn that its serial becomes true
 * with.
 *
 * The neighbours are recorded too, one record each, when they change: a
 * successor that had to ask for them again would drop a window of segments.
 * Packets that wait for a neighbour, or for the rest of their datagram, are not:
 * they are lost with the process, as they would be if nobody answered. */
#include "ipd/checkpoint.h"

#include <string.h>

bool
checkpoint_join(struct checkpoint *c, const struct region *state)
{
    uint64_t offset = STATE_BODY;

    *c = (struct checkpoint){.state = state};
    return record_set_join(&c->positions, state, &offset, 1,
                           sizeof(struct positions)) &&
           record_set_join(&c->neighbours, state, &offset, NEIGH_MAX,
                           sizeof(struct neigh_saved));
}

/* All records are looked at, since looking is what voids a killed turn's
 * copies. */
static void
recover_neighbours(struct checkpoint *c, struct neigh_table *t, instant_t now)
{
    struct neigh_saved saved;

    for (uint32_t i = 0; i < NEIGH_MAX; i++) {
        if (record_recover(&c->neighbours, i, c->turn, &saved) == RECORD_FOUND)
            neigh_restore(t, i, &saved, now);
    }
}

enum record_found
checkpoint_recover(struct checkpoint *c, struct neigh_table *t, instant_t now,
                   struct positions *p)
{
    enum record_found found;

    c->turn = state_turn(c->state);
    recover_neighbours(c, t, now);
    found = record_recover(&c->positions, 0, c->turn, &c->committed);
    if (found != RECORD_FOUND)
        c->committed = (struct positions){0};
    *p = c->committed;
    return found;
}

void
checkpoint_commit(struct checkpoint *c, struct neigh_table *t,
                  const struct positions *p)
{
    uint64_t turn = c->turn + 1;
    struct neigh_saved saved;

    if (memcmp(p, &c->committed, sizeof *p) == 0 && t->to_save == 0)
        return;
    for (int i; (i = neigh_take_changed(t, &saved)) >= 0;)
        record_write(&c->neighbours, (uint32_t)i, turn, &saved);
    record_write(&c->positions, 0, turn, p);
    state_commit(c->state, turn);
    c->turn = turn;
    c->committed = *p;
}
